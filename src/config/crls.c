#include "config/crls.h"

#include "base/file.h"
#include "base/ossl.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CRL_MAX_BYTES (64u << 20)

static X509_CRL *next_pem(OSSL_LIB_CTX *libctx, BIO *bio)
{
    X509_CRL *crl = X509_CRL_new_ex(libctx, NULL);
    if (crl && !PEM_read_bio_X509_CRL(bio, &crl, NULL, NULL)) {
        X509_CRL_free(crl);
        crl = NULL;
    }
    return crl;
}

static X509_CRL *parse_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len)
{
    X509_CRL *crl = X509_CRL_new_ex(libctx, NULL);
    if (crl && !d2i_X509_CRL(&crl, &data, (long)len))
        crl = NULL; /* freed by d2i */
    return crl;
}

/* @return how many there were, or -1 */
static int add_all(OSSL_LIB_CTX *libctx, const mu_buf *file, mu_trust *trust, mu_err **err)
{
    int count = 0, rc = 0;
    BIO *bio = BIO_new_mem_buf(file->data, (int)file->len);
    X509_CRL *crl;

    if (!bio)
        return mu_fail_nomem(err);
    while (rc == 0 && (crl = next_pem(libctx, bio))) {
        rc = mu_trust_add_crl(trust, crl, err);
        X509_CRL_free(crl);
        count++;
    }
    if (count == 0 && (crl = parse_der(libctx, file->data, file->len))) {
        rc = mu_trust_add_crl(trust, crl, err);
        X509_CRL_free(crl);
        count++;
    }
    BIO_free(bio);
    mu_ossl_clear();
    return rc == 0 ? count : -1;
}

static int add_file(OSSL_LIB_CTX *libctx, const char *path, bool must_be_crl, mu_trust *trust, mu_err **err)
{
    int count = -1;
    mu_buf file;
    mu_buf_init(&file, CRL_MAX_BYTES);
    if (mu_file_read(path, CRL_MAX_BYTES, &file, NULL, err) == 0)
        count = file.len ? add_all(libctx, &file, trust, err) : 0;
    mu_buf_free(&file);
    if (count == 0 && must_be_crl) {
        char *safe = mu_escape_dup(path, strlen(path));
        mu_fail(err, MU_E_STORE_WRONG_TYPE, "\"%s\" holds no CRL", safe ? safe : "");
        free(safe);
        return -1;
    }
    return count;
}

/* Other files may lie in the folder, but there must be one CRL. */
static int add_folder(OSSL_LIB_CTX *libctx, const char *path, mu_trust *trust, mu_err **err)
{
    int total = 0;
    struct dirent *entry;
    DIR *dir = opendir(path);
    char *safe = mu_escape_dup(path, strlen(path));

    while (dir && total >= 0 && (entry = readdir(dir))) {
        char *file = mu_asprintf("%s/%s", path, entry->d_name);
        struct stat st;
        if (file && entry->d_name[0] != '.' && stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            int count = add_file(libctx, file, false, trust, err);
            total = count < 0 ? -1 : total + count;
        }
        free(file);
    }
    if (!dir)
        total = mu_fail(err, MU_E_FILE_PERMISSION, "the folder \"%s\" cannot be read", safe ? safe : "");
    else if (total == 0)
        total = mu_fail(err, MU_E_STORE_WRONG_TYPE, "no file in \"%s\" holds a CRL", safe ? safe : "");
    if (dir)
        closedir(dir);
    free(safe);
    return total;
}

int mu_crls_add(OSSL_LIB_CTX *libctx, const mu_strlist *paths, mu_trust *trust, mu_err **err)
{
    for (size_t i = 0; i < paths->count; i++) {
        struct stat st;
        bool is_folder = stat(paths->items[i], &st) == 0 && S_ISDIR(st.st_mode);
        if ((is_folder ? add_folder(libctx, paths->items[i], trust, err) : add_file(libctx, paths->items[i], true, trust, err)) < 0)
            return -1;
    }
    return 0;
}

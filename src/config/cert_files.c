#include "config/cert_files.h"

#include "base/file.h"
#include "config/password.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (64u << 20)

static int fail_about(mu_err **err, mu_code code, const char *path, const char *what)
{
    char shown[MU_SHOWN_SIZE];
    return mu_fail(err, code, "\"%s\" %s", mu_escape_to(shown, path), what);
}

static int add_certs(STACK_OF(X509) *certs, STACK_OF(X509) *more, mu_err **err)
{
    return X509_add_certs(certs, more, X509_ADD_FLAG_UP_REF) == 1 ? 0 : mu_fail_nomem(err);
}

/* ---- stores ---- */

static int parse_store(OSSL_LIB_CTX *libctx, const mu_cert_file *file, const mu_buf *data, mu_store **ret_store, mu_err **err)
{
    mu_store_options options = {0};
    mu_secret password = {0};
    mu_store *store = NULL;
    mu_err *first = NULL;
    int rc = file->password ? -1 : mu_store_parse(libctx, data->data, data->len, &options, &store, &first);

    if (rc == 0 && !mu_store_has_skipped(store))
        goto out;
    mu_store_free(store);
    store = NULL;
    if (first && !mu_password_is_wanted(first)) {
        rc = mu_err_pass(err, first);
        first = NULL;
        goto out;
    }
    rc = mu_password_resolve(file->password, file->path, &password, err);
    options.password = password.value;
    if (rc == 0)
        rc = mu_store_parse(libctx, data->data, data->len, &options, &store, err);
out:
    if (rc == 0)
        *ret_store = store;
    mu_err_free(first);
    mu_secret_clear(&password);
    return rc;
}

static int add_chain(const mu_store *store, const mu_cert_file *file, STACK_OF(X509) *certs, mu_err **err)
{
    const mu_entry *entry = file->alias ? mu_store_find(store, file->alias) : NULL;
    if (file->alias && !entry)
        return fail_about(err, MU_E_SERVER_ALIAS_NOT_FOUND, file->path, "has no entry of that alias");
    for (size_t i = 0; !entry && i < mu_store_count(store); i++)
        if (mu_entry_get_kind(mu_store_entry(store, i)) == MU_ENTRY_KEY)
            entry = mu_store_entry(store, i);
    if (!entry || mu_entry_get_kind(entry) == MU_ENTRY_SECRET || sk_X509_num(mu_entry_get0_chain(entry)) < 1)
        return fail_about(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, file->path, "holds no private key with a certificate to judge");
    return add_certs(certs, mu_entry_get0_chain(entry), err);
}

static int add_all(const mu_store *store, STACK_OF(X509) *certs, mu_err **err)
{
    int rc = add_certs(certs, mu_store_get0_loose_certs(store), err);
    for (size_t i = 0; rc == 0 && i < mu_store_count(store); i++)
        if (mu_entry_get_kind(mu_store_entry(store, i)) != MU_ENTRY_SECRET)
            rc = add_certs(certs, mu_entry_get0_chain(mu_store_entry(store, i)), err);
    return rc;
}

static int add_trusted(const mu_store *store, const mu_cert_file *file, STACK_OF(X509) *certs, mu_err **err)
{
    int before = sk_X509_num(certs);
    for (size_t i = 0; i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        X509 *cert = mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? NULL : sk_X509_value(mu_entry_get0_chain(entry), 0);
        if (cert && !X509_add_cert(certs, cert, X509_ADD_FLAG_UP_REF))
            return mu_fail_nomem(err);
    }
    if (sk_X509_num(certs) > before)
        return 0;
    if (sk_X509_num(mu_store_get0_loose_certs(store)) > 0)
        return fail_about(err, MU_E_P12_NO_JAVA_TRUST, file->path, "has certificates, but none is marked as trusted");
    return fail_about(err, MU_E_TRUSTSTORE_EMPTY, file->path, "holds no trusted certificate");
}

static int read_store(OSSL_LIB_CTX *libctx, const mu_cert_file *file, const mu_buf *data, STACK_OF(X509) *certs, mu_err **err)
{
    mu_store *store = NULL;
    int rc = parse_store(libctx, file, data, &store, err);
    if (rc == 0 && file->use == MU_CERTS_CHAIN)
        rc = add_chain(store, file, certs, err);
    else if (rc == 0 && file->use == MU_CERTS_ALL)
        rc = add_all(store, certs, err);
    else if (rc == 0)
        rc = add_trusted(store, file, certs, err);
    mu_store_free(store);
    return rc;
}

/* ---- files ---- */

static int name_file(mu_err **err, const char *path)
{
    char shown[MU_SHOWN_SIZE];
    mu_code code = err && *err ? (*err)->code : MU_E_STORE_DAMAGED;
    return mu_wrap(err, code, "\"%s\" cannot be used", mu_escape_to(shown, path));
}

int mu_cert_file_read(OSSL_LIB_CTX *libctx, const mu_cert_file *file, STACK_OF(X509) *certs, mu_err **err)
{
    STACK_OF(X509) *found = NULL;
    mu_buf data;
    int rc;

    mu_buf_init(&data, MAX_BYTES);
    rc = mu_file_read(file->path, MAX_BYTES, &data, NULL, err);
    mu_store_type type = rc == 0 ? mu_store_detect(data.data, data.len) : MU_STORE_AUTO;
    if (rc == 0 && type != MU_STORE_PEM && type != MU_STORE_AUTO)
        rc = read_store(libctx, file, &data, certs, err);
    else if (rc == 0) {
        rc = mu_certs_parse(libctx, data.data, data.len, &found, err);
        rc = rc == 0 ? add_certs(certs, found, err) : name_file(err, file->path);
        sk_X509_pop_free(found, X509_free);
    }
    mu_buf_free(&data);
    return rc;
}

static int read_crl_file(OSSL_LIB_CTX *libctx, const char *path, STACK_OF(X509_CRL) *crls, mu_err **err)
{
    STACK_OF(X509_CRL) *found = NULL;
    mu_buf data;
    int rc;

    mu_buf_init(&data, MAX_BYTES);
    rc = mu_file_read(path, MAX_BYTES, &data, NULL, err);
    if (rc == 0 && mu_crls_parse(libctx, data.data, data.len, &found, err) != 0)
        rc = name_file(err, path);
    while (rc == 0 && sk_X509_CRL_num(found) > 0) {
        X509_CRL *crl = sk_X509_CRL_shift(found);
        if (!sk_X509_CRL_push(crls, crl)) {
            X509_CRL_free(crl);
            rc = mu_fail_nomem(err);
        }
    }
    sk_X509_CRL_pop_free(found, X509_CRL_free);
    mu_buf_free(&data);
    return rc;
}

static bool is_crl_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name && (mu_str_eq_nocase(dot, ".crl") || mu_str_eq_nocase(dot, ".pem"));
}

static int read_crl_directory(OSSL_LIB_CTX *libctx, const char *path, DIR *dir, STACK_OF(X509_CRL) *crls, mu_err **err)
{
    int rc = 0, files = 0;
    struct dirent *entry;

    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (!is_crl_name(entry->d_name))
            continue;
        char *file = mu_asprintf("%s/%s", path, entry->d_name);
        rc = file ? read_crl_file(libctx, file, crls, err) : mu_fail_nomem(err);
        free(file);
        files++;
    }
    return rc == 0 && files == 0 ? fail_about(err, MU_E_STORE_NOT_FOUND, path, "is a directory without *.crl or *.pem") : rc;
}

int mu_crl_files_read(OSSL_LIB_CTX *libctx, const char *path, STACK_OF(X509_CRL) *crls, mu_err **err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return read_crl_file(libctx, path, crls, err);
    int rc = read_crl_directory(libctx, path, dir, crls, err);
    closedir(dir);
    return rc;
}

/* Who signed a JAR file. As the JDK: everything that is signed is checked, and what does not fit ends it. */
#include "base/file.h"
#include "base/ossl.h"
#include "base/zip.h"
#include "keytool/algorithm.h"
#include "keytool/dname.h"
#include "keytool/manifest.h"
#include "keytool/printcert.h"

#include <openssl/cms.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_JAR_BYTES (1u << 30)
#define SECURITY_EXCEPTION "java.lang.SecurityException"

/* One signature: its file, its block and what came of them. */
struct signature {
    mu_buf file;
    STACK_OF(X509) *chain; /* of the signer, leaf first */
    bool whole;            /* it vouches for the manifest as it is */
};

struct jar {
    mu_zip zip;
    mu_buf manifest;
    struct signature *signatures;
    size_t count;
};

static const mu_zip_entry *find(const mu_zip *zip, const char *name)
{
    for (size_t i = 0; i < zip->count; i++)
        if (strcasecmp(zip->entries[i].name, name) == 0)
            return &zip->entries[i];
    return NULL;
}

static int read_entry(mu_kt *kt, const mu_zip *zip, const mu_zip_entry *entry, mu_buf *ret)
{
    mu_buf_init(ret, MAX_JAR_BYTES);
    if (mu_zip_read(zip, entry, ret, &kt->err) == 0)
        return 0;
    return mu_kt_throw(kt, mu_err_root(kt->err)->code, "java.util.zip.ZipException", "%s", kt->err->msg);
}

/* The block that belongs to "META-INF/X.SF", or NULL. */
static const mu_zip_entry *find_block(const mu_zip *zip, const char *signature_file)
{
    static const char *const suffixes[] = {"RSA", "DSA", "EC"};
    const mu_zip_entry *block = NULL;

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && !block; i++) {
        char *name = mu_asprintf("%.*s%s", (int)strlen(signature_file) - 2, signature_file, suffixes[i]);
        block = name ? find(zip, name) : NULL;
        free(name);
    }
    return block;
}

/* From the signer up, through the certificates of the block. */
static STACK_OF(X509) *build_chain(X509 *signer, const STACK_OF(X509) *certs)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *next = signer;

    while (chain && next && sk_X509_num(chain) <= sk_X509_num(certs)) {
        if (!X509_add_cert(chain, next, X509_ADD_FLAG_UP_REF))
            break;
        X509 *last = next;
        next = NULL;
        for (int i = 0; i < sk_X509_num(certs) && X509_NAME_cmp(X509_get_subject_name(last), X509_get_issuer_name(last)) != 0; i++)
            if (X509_NAME_cmp(X509_get_issuer_name(last), X509_get_subject_name(sk_X509_value(certs, i))) == 0)
                next = sk_X509_value(certs, i);
    }
    return chain;
}

static bool verify_block(const mu_buf *block, struct signature *signature)
{
    const unsigned char *p = block->data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)block->len);
    BIO *content = BIO_new_mem_buf(signature->file.data, (int)signature->file.len);
    STACK_OF(X509) *certs = cms ? CMS_get1_certs(cms) : NULL, *signers = NULL;

    if (cms && content && CMS_verify(cms, NULL, NULL, content, NULL, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1 &&
        (signers = CMS_get0_signers(cms)) && sk_X509_num(signers) > 0)
        signature->chain = build_chain(sk_X509_value(signers, 0), certs);
    sk_X509_free(signers);
    sk_X509_pop_free(certs, X509_free);
    BIO_free(content);
    CMS_ContentInfo_free(cms);
    mu_ossl_clear();
    return signature->chain != NULL;
}

static int add_signature(mu_kt *kt, struct jar *jar, const mu_zip_entry *file, const mu_zip_entry *block_entry)
{
    struct signature *signature = &jar->signatures[jar->count++];
    mu_kt_section head;
    mu_buf block = {0};
    size_t at = 0;
    const char *digest;
    int rc = read_entry(kt, &jar->zip, file, &signature->file);

    if (rc == 0)
        rc = read_entry(kt, &jar->zip, block_entry, &block);
    if (rc == 0 && !verify_block(&block, signature))
        rc = mu_kt_throw(kt, MU_E_SIGNATURE_INVALID, SECURITY_EXCEPTION, "cannot verify signature block file %.*s",
                         (int)strlen(file->name) - 3, file->name);
    if (rc == 0 && mu_kt_section_next(mu_buf_text(&signature->file), signature->file.len, &at, &head))
        signature->whole = mu_kt_section_digest(&head, "-Digest-Manifest", jar->manifest.data, jar->manifest.len, &digest) == 1;
    mu_buf_free(&block);
    return rc;
}

static int open_signatures(mu_kt *kt, struct jar *jar)
{
    const mu_zip *zip = &jar->zip;
    int rc = 0;

    if (!(jar->signatures = calloc(zip->count + 1, sizeof *jar->signatures)))
        return mu_fail_nomem(&kt->err);
    for (size_t i = 0; i < zip->count && rc == 0; i++) {
        const char *name = zip->entries[i].name, *dot = strrchr(name, '.');
        const mu_zip_entry *block = NULL;
        if (strncasecmp(name, "META-INF/", 9) == 0 && !strchr(name + 9, '/') && dot && strcasecmp(dot, ".SF") == 0)
            block = find_block(zip, name);
        if (block)
            rc = add_signature(kt, jar, &zip->entries[i], block);
    }
    return rc;
}

/* The section of that name. @return false: none */
static bool find_section(const mu_buf *file, const char *name, mu_kt_section *ret)
{
    size_t at = 0;
    for (mu_kt_section s; mu_kt_section_next(mu_buf_text(file), file->len, &at, &s);) {
        char *found = mu_kt_section_value(&s, "Name");
        bool same = found && strcmp(found, name) == 0;
        free(found);
        if (same) {
            *ret = s;
            return true;
        }
    }
    return false;
}

/* @param ret_signed whether this signature vouches for the entry */
static int check_entry(mu_kt *kt, const struct jar *jar, const struct signature *signature, const mu_zip_entry *entry,
                       bool *ret_signed)
{
    mu_kt_section listed, own;
    const char *digest = "";
    mu_buf data = {0};
    int rc = 0, fits;

    *ret_signed = find_section(&signature->file, entry->name, &listed) && find_section(&jar->manifest, entry->name, &own);
    if (!*ret_signed)
        return 0;
    if (!signature->whole && mu_kt_section_digest(&listed, "-Digest", own.text, own.len, &digest) != 1)
        return mu_kt_throw(kt, MU_E_SIGNATURE_INVALID, SECURITY_EXCEPTION, "invalid %s signature file digest for %s", digest,
                           entry->name);
    rc = read_entry(kt, &jar->zip, entry, &data);
    fits = rc == 0 ? mu_kt_section_digest(&own, "-Digest", mu_buf_text(&data), data.len, &digest) : -1;
    if (rc == 0 && fits == 0)
        rc = mu_kt_throw(kt, MU_E_SIGNATURE_INVALID, SECURITY_EXCEPTION, "%s digest error for %s", digest, entry->name);
    *ret_signed = fits == 1;
    mu_buf_free(&data);
    return rc;
}

static void print_signer(mu_kt *kt, const struct signature *signature, int number)
{
    printf("Signer #%d:\n\n", number);
    for (int i = 0; i < sk_X509_num(signature->chain); i++) {
        const X509 *cert = sk_X509_value(signature->chain, i);
        printf("Certificate #%d:\n", i + 1);
        if (mu_kt_is_set(kt, MU_KT_RFC)) {
            fputs("Certificate owner: ", stdout);
            mu_kt_dname_show(stdout, X509_get_subject_name(cert));
            fputs("\n\n", stdout);
        }
        mu_kt_printcert_one(kt, cert);
        putchar('\n');
    }
}

/* "The certificate", and its numbers where there is more than one. */
static void check_weak(mu_kt *kt, const struct signature *signature, int number, bool many)
{
    int count = sk_X509_num(signature->chain);
    for (int i = 0; i < count; i++) {
        char *label = count > 1 && many ? mu_asprintf("The certificate #%d of signer #%d", i + 1, number)
                      : count > 1       ? mu_asprintf("The certificate #%d", i + 1)
                      : many            ? mu_asprintf("The certificate of signer #%d", number)
                                        : mu_strdup("The certificate");
        if (label)
            mu_kt_check_weak(kt, label, sk_X509_value(signature->chain, i));
        free(label);
    }
}

static int check_and_print(mu_kt *kt, const struct jar *jar)
{
    bool *good = calloc(jar->count + 1, sizeof *good), one;
    int rc = good ? 0 : mu_fail_nomem(&kt->err), total = 0, number = 0;

    for (size_t e = 0; e < jar->zip.count; e++)
        for (size_t s = 0; s < jar->count && rc == 0; s++) {
            rc = check_entry(kt, jar, &jar->signatures[s], &jar->zip.entries[e], &one);
            good[s] |= rc == 0 && one;
        }
    for (size_t s = 0; s < jar->count && rc == 0; s++)
        total += good[s];
    for (size_t s = 0; s < jar->count && rc == 0; s++)
        if (good[s]) {
            print_signer(kt, &jar->signatures[s], ++number);
            check_weak(kt, &jar->signatures[s], number, total > 1);
        }
    if (rc == 0 && total == 0)
        puts("Not a signed jar file");
    free(good);
    return rc;
}

int mu_kt_printcert_jar(mu_kt *kt, const char *path)
{
    struct jar jar = {0};
    const mu_zip_entry *manifest;
    mu_buf file;
    int rc = 0;

    mu_buf_init(&file, MAX_JAR_BYTES);
    if (mu_file_read(path, MAX_JAR_BYTES, &file, NULL, &kt->err) != 0)
        rc = mu_kt_throw(kt, MU_E_STORE_NOT_FOUND, "java.nio.file.NoSuchFileException", "%s", path);
    else if (mu_zip_open(file.data, file.len, &jar.zip, &kt->err) != 0)
        rc = mu_kt_throw(kt, MU_E_STORE_DAMAGED, "java.util.zip.ZipException", "zip END header not found");
    if (rc == 0 && (manifest = find(&jar.zip, "META-INF/MANIFEST.MF")) != NULL)
        rc = read_entry(kt, &jar.zip, manifest, &jar.manifest);
    if (rc == 0)
        rc = open_signatures(kt, &jar);
    if (rc == 0)
        rc = check_and_print(kt, &jar);
    for (size_t i = 0; i < jar.count; i++) {
        mu_buf_free(&jar.signatures[i].file);
        sk_X509_pop_free(jar.signatures[i].chain, X509_free);
    }
    free(jar.signatures);
    mu_buf_free(&jar.manifest);
    mu_zip_done(&jar.zip);
    mu_buf_free(&file);
    return rc;
}

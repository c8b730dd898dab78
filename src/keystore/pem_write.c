#include "keystore_internal.h"

#define COLUMNS_IN_BYTES 48 /* 64 characters of base64 */

int mu_pem_add(mu_buf *out, const char *label, const uint8_t *der, size_t len, mu_err **err)
{
    unsigned char line[COLUMNS_IN_BYTES / 3 * 4 + 1];
    mu_buf_addf(out, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < len; i += COLUMNS_IN_BYTES) {
        size_t part = len - i < COLUMNS_IN_BYTES ? len - i : COLUMNS_IN_BYTES;
        mu_buf_add(out, line, (size_t)EVP_EncodeBlock(line, der + i, (int)part));
        mu_buf_add_byte(out, '\n');
    }
    OPENSSL_cleanse(line, sizeof line);
    mu_buf_addf(out, "-----END %s-----\n", label);
    return out->failed ? mu_fail_nomem(err) : 0;
}

static int add_cert(mu_buf *out, const X509 *cert, mu_err **err)
{
    mu_bytes der = {NULL, 0};
    int rc = mu_item_write(cert, ASN1_ITEM_rptr(X509), &der, err);
    if (rc == 0)
        rc = mu_pem_add(out, "CERTIFICATE", der.data, der.len, err);
    mu_bytes_clear(&der);
    return rc;
}

/* password NULL: not encrypted */
static int add_p8(mu_buf *out, mu_crypt *crypt, mu_bytes p8, const char *password, int iterations, mu_err **err)
{
    mu_pbe pbe = mu_pbe_default;
    mu_bytes shrouded = {NULL, 0};
    pbe.iterations = iterations ? iterations : MU_DEFAULT_ITERATIONS;
    if (!password)
        return mu_pem_add(out, "PRIVATE KEY", p8.data, p8.len, err);
    int rc = mu_p8_shroud(crypt, &pbe, password, p8, &shrouded, err);
    if (rc == 0)
        rc = mu_pem_add(out, "ENCRYPTED PRIVATE KEY", shrouded.data, shrouded.len, err);
    mu_bytes_clear(&shrouded);
    return rc;
}

/* OPENSSL memory with a NUL behind it, as the headers promise. */
static int hand_over(const mu_buf *out, mu_bytes *ret, mu_err **err)
{
    return out->failed ? mu_fail_nomem(err) : mu_bytes_set(ret, mu_buf_text(out), out->len, err);
}

int mu_certs_pem(const STACK_OF(X509) * certs, char **ret_pem, mu_err **err)
{
    mu_buf out;
    mu_bytes bytes = {NULL, 0};
    int rc = 0;
    mu_buf_init(&out, SIZE_MAX / 2);
    for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
        rc = add_cert(&out, sk_X509_value(certs, i), err);
    if (rc == 0)
        rc = hand_over(&out, &bytes, err);
    if (rc == 0)
        *ret_pem = (char *)bytes.data;
    mu_buf_free(&out);
    return rc;
}

int mu_cert_pem(X509 *cert, char **ret_pem, mu_err **err)
{
    STACK_OF(X509) *one = sk_X509_new_null();
    int rc = one && sk_X509_push(one, cert) ? mu_certs_pem(one, ret_pem, err) : mu_fail_nomem(err);
    sk_X509_free(one);
    return rc;
}

int mu_crl_pem(X509_CRL *crl, char **ret_pem, mu_err **err)
{
    mu_buf out;
    mu_bytes bytes = {NULL, 0};
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der), rc;
    mu_buf_init(&out, SIZE_MAX / 2);
    rc = len > 0 ? mu_pem_add(&out, "X509 CRL", der, (size_t)len, err) : mu_fail_nomem(err);
    if (rc == 0 && (rc = hand_over(&out, &bytes, err)) == 0)
        *ret_pem = (char *)bytes.data;
    OPENSSL_free(der);
    mu_buf_free(&out);
    return rc;
}

int mu_key_pem(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *password, int iterations, char **ret_pem, mu_err **err)
{
    mu_crypt crypt = {.libctx = libctx};
    mu_buf out;
    mu_bytes p8 = {NULL, 0}, bytes = {NULL, 0};
    if (iterations < 0 || iterations > MU_MAX_ITERATIONS)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "iterations must be 1 to %d", MU_MAX_ITERATIONS);
    mu_buf_init_secret(&out, MU_BUF_TEXT_MAX);
    int rc = mu_key_to_p8(key, &p8, err);
    if (rc == 0)
        rc = add_p8(&out, &crypt, p8, password, iterations, err);
    if (rc == 0)
        rc = hand_over(&out, &bytes, err);
    if (rc == 0)
        *ret_pem = (char *)bytes.data;
    mu_bytes_clear(&p8);
    mu_buf_free(&out);
    return rc;
}

/* A key that stands in the file as it should is written back as it stood. */
static int add_key(mu_buf *out, mu_entry *entry, const mu_store_write_options *options, mu_err **err)
{
    mu_store *store = entry->store;
    const char *old = store->password.value;
    bool encrypted = entry->form == MU_KEY_SHROUDED || entry->form == MU_KEY_TRADITIONAL;
    bool same = !options->password || (encrypted && old && strcmp(old, options->password) == 0);
    mu_bytes p8 = {NULL, 0};
    if (entry->pem.data && same && !options->renew_protection) {
        mu_buf_add(out, entry->pem.data, entry->pem.len);
        mu_buf_add_byte(out, '\n');
        return 0;
    }
    int rc = mu_entry_p8(entry, old, &p8, err);
    if (rc == 0)
        rc = add_p8(out, &store->crypt, p8, options->password ? options->password : old, options->iterations, err);
    mu_bytes_clear(&p8);
    return rc;
}

static int add_entry(mu_buf *out, mu_entry *entry, const mu_store_write_options *options, mu_err **err)
{
    int rc = entry->kind == MU_ENTRY_KEY ? add_key(out, entry, options, err) : 0;
    for (int i = 0; rc == 0 && i < sk_X509_num(entry->chain); i++)
        rc = add_cert(out, sk_X509_value(entry->chain, i), err);
    return rc;
}

int mu_pem_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err)
{
    mu_buf out;
    int rc = 0;
    if (options->iterations < 0 || options->iterations > MU_MAX_ITERATIONS)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "iterations must be 1 to %d", MU_MAX_ITERATIONS);
    mu_buf_init_secret(&out, store->limits.max_bytes);
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        rc = add_entry(&out, store->entries[i], options, err);
    for (int i = 0; rc == 0 && i < sk_X509_num(store->loose); i++)
        rc = add_cert(&out, sk_X509_value(store->loose, i), err);
    for (size_t i = 0; i < store->kept_count; i++) {
        mu_buf_add(&out, store->kept[i].raw.data, store->kept[i].raw.len);
        mu_buf_add_byte(&out, '\n');
    }
    if (rc == 0)
        rc = hand_over(&out, ret, err);
    mu_buf_free(&out);
    return rc;
}

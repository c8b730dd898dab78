#include "test_store.h"

#include <openssl/ec.h>

struct family fam;

void ok(int rc, mu_err **err)
{
    if (*err)
        print_error("%s (%s)\n", mu_err_root(*err)->msg, mu_err_root(*err)->detail ? mu_err_root(*err)->detail : "");
    assert_null(*err);
    assert_int_equal(rc, 0);
}

void fails(int rc, mu_err **err, mu_code code)
{
    assert_int_equal(rc, -1);
    assert_non_null(*err);
    if (mu_err_root(*err)->code != code)
        print_error("%s: %s\n", mu_code_name(mu_err_root(*err)->code), mu_err_root(*err)->msg);
    assert_string_equal(mu_code_name(mu_err_root(*err)->code), mu_code_name(code));
    mu_err_free(*err);
    *err = NULL;
}

static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_NAME *subject = X509_NAME_new();
    assert_non_null(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_set_subject_name(cert, subject);
    X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : subject);
    ASN1_TIME_set(X509_getm_notBefore(cert), 1700000000);
    ASN1_TIME_set(X509_getm_notAfter(cert), 2000000000);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
    X509_NAME_free(subject);
    return cert;
}

int family_make(void **state)
{
    (void)state;
    fam.root_key = EVP_EC_gen("P-256");
    fam.issuer_key = EVP_EC_gen("P-256");
    fam.leaf_key = EVP_EC_gen("P-256");
    fam.other_key = EVP_EC_gen("P-256");
    fam.root = make_cert("root", fam.root_key, NULL, fam.root_key);
    fam.issuer = make_cert("issuer", fam.issuer_key, fam.root, fam.root_key);
    fam.leaf = make_cert("leaf", fam.leaf_key, fam.issuer, fam.issuer_key);
    fam.other = make_cert("other", fam.other_key, NULL, fam.other_key);
    fam.chain = sk_X509_new_null();
    sk_X509_push(fam.chain, fam.leaf);
    sk_X509_push(fam.chain, fam.issuer);
    sk_X509_push(fam.chain, fam.root);
    return 0;
}

int family_free(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {fam.root_key, fam.issuer_key, fam.leaf_key, fam.other_key};
    X509 *certs[] = {fam.root, fam.issuer, fam.leaf, fam.other};
    sk_X509_free(fam.chain);
    for (int i = 0; i < 4; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(certs[i]);
    }
    return 0;
}

mu_bytes encode(mu_store *store, const mu_store_write_options *options)
{
    mu_err *err = NULL;
    mu_bytes bytes = {NULL, 0};
    ok(mu_store_encode(store, options, &bytes.data, &bytes.len, &err), &err);
    return bytes;
}

mu_bytes sample(void)
{
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
    ok(mu_store_set_key(store, "Server", fam.leaf_key, fam.chain, 1700000000123, &err), &err);
    ok(mu_store_set_trusted(store, "Root-CA", fam.root, 1700000000456, &err), &err);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = "changeit", .iterations = 1});
    mu_store_free(store);
    return bytes;
}

mu_store *parse(mu_bytes bytes, const char *password)
{
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &(mu_store_options){.password = password}, &store, &err), &err);
    assert_non_null(store);
    return store;
}

void parse_fails(mu_bytes bytes, const mu_store_options *options, mu_code code)
{
    mu_err *err = NULL;
    mu_store *store = NULL;
    fails(mu_store_parse(NULL, bytes.data, bytes.len, options, &store, &err), &err, code);
    assert_null(store);
}

void assert_key(mu_store *store, const char *alias, EVP_PKEY *key, X509 *leaf, int chain_len)
{
    mu_err *err = NULL;
    EVP_PKEY *found = NULL;
    mu_entry *entry = mu_store_find(store, alias);
    assert_non_null(entry);
    assert_int_equal(mu_entry_get_kind(entry), MU_ENTRY_KEY);
    ok(mu_entry_get1_key(entry, NULL, &found, &err), &err);
    assert_int_equal(EVP_PKEY_eq(found, key), 1);
    EVP_PKEY_free(found);
    assert_int_equal(sk_X509_num(mu_entry_get0_chain(entry)), chain_len);
    if (leaf)
        assert_int_equal(X509_cmp(sk_X509_value(mu_entry_get0_chain(entry), 0), leaf), 0);
}

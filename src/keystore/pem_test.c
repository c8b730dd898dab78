#include "test_store.h"

#include <openssl/pem.h>

static char *text_of(BIO *bio)
{
    char *data;
    BIO_write(bio, "", 1);
    BIO_get_mem_data(bio, &data);
    char *text = mu_strdup(data);
    BIO_free(bio);
    return text;
}

/* The pieces that files are put together from. */
static char *leaf_pem, *issuer_pem, *root_pem, *other_pem, *p8_pem, *sec1_pem, *shrouded_pem, *traditional_pem, *params_pem,
    *trusted_pem;

static char *cert_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, cert);
    return text_of(bio);
}

static char *key_pem(const char *kind)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (*kind == '8')
        PEM_write_bio_PKCS8PrivateKey(bio, fam.leaf_key, NULL, NULL, 0, NULL, NULL);
    else if (*kind == 's')
        PEM_write_bio_PKCS8PrivateKey(bio, fam.leaf_key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL);
    else
        PEM_write_bio_PrivateKey_traditional(bio, fam.leaf_key, *kind == 't' ? EVP_aes_128_cbc() : NULL,
                                             (const unsigned char *)"secret", *kind == 't' ? 6 : 0, NULL, NULL);
    return text_of(bio);
}

static int make_pieces(void **state)
{
    family_make(state);
    leaf_pem = cert_pem(fam.leaf);
    issuer_pem = cert_pem(fam.issuer);
    root_pem = cert_pem(fam.root);
    other_pem = cert_pem(fam.other);
    p8_pem = key_pem("8");
    sec1_pem = key_pem("1");
    shrouded_pem = key_pem("s");
    traditional_pem = key_pem("t");
    params_pem = mu_strdup("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_AUX(bio, fam.leaf);
    trusted_pem = text_of(bio);
    return 0;
}

static int free_pieces(void **state)
{
    char *pieces[] = {leaf_pem, issuer_pem,   root_pem,        other_pem,  p8_pem,
                      sec1_pem, shrouded_pem, traditional_pem, params_pem, trusted_pem};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        free(pieces[i]);
    return family_free(state);
}

static char *with_crlf(const char *text)
{
    mu_buf out;
    mu_buf_init(&out, 1 << 20);
    for (; *text; text++) {
        if (*text == '\n')
            mu_buf_add_byte(&out, '\r');
        mu_buf_add_byte(&out, (uint8_t)*text);
    }
    return mu_buf_steal(&out);
}

static mu_bytes bytes_of(const char *text)
{
    return (mu_bytes){(uint8_t *)(uintptr_t)text, strlen(text)};
}

static void all_usual_shapes_give_the_same_entry(void **state)
{
    (void)state;
    char *shapes[] = {
        mu_asprintf("%s%s%s%s", p8_pem, leaf_pem, issuer_pem, root_pem),
        mu_asprintf("%s%s%s%s", root_pem, issuer_pem, leaf_pem, p8_pem),
        mu_asprintf("%s%s%s%s", leaf_pem, issuer_pem, sec1_pem, root_pem),
        mu_asprintf("%s%s%s%s%s", params_pem, sec1_pem, leaf_pem, root_pem, issuer_pem),
        mu_asprintf("\xef\xbb\xbfsubject=CN = leaf\n\n%s\n# the key\n%s trailing\n%s%s\n\n", leaf_pem, p8_pem, issuer_pem,
                    root_pem),
        mu_asprintf("%s%s%s%s", shrouded_pem, leaf_pem, issuer_pem, root_pem),
        mu_asprintf("%s%s%s%s", traditional_pem, issuer_pem, leaf_pem, root_pem),
        mu_asprintf("%s%s%s%s", p8_pem, trusted_pem, issuer_pem, root_pem),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char *forms[] = {shapes[i], with_crlf(shapes[i])};
        for (int j = 0; j < 2; j++) {
            mu_store *store = parse(bytes_of(forms[j]), "secret");
            assert_int_equal(mu_store_get_type(store), MU_STORE_PEM);
            assert_int_equal(mu_store_count(store), 1);
            assert_key(store, "1", fam.leaf_key, fam.leaf, 3);
            assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 0);
            mu_bytes again = encode(store, NULL);
            mu_store_free(store);
            store = parse(again, "secret");
            assert_key(store, "1", fam.leaf_key, fam.leaf, 3);
            mu_store_free(store);
            mu_bytes_clear(&again);
        }
        free(forms[1]);
        free(shapes[i]);
    }
}

static void certificates_alone_are_trusted_beside_a_key_loose(void **state)
{
    (void)state;
    char *alone = mu_asprintf("%s%s", root_pem, other_pem), *beside = mu_asprintf("%s%s%s", p8_pem, leaf_pem, other_pem);
    mu_store *store = parse(bytes_of(alone), NULL);
    assert_int_equal(mu_store_count(store), 2);
    assert_int_equal(mu_entry_get_kind(mu_store_find(store, "2")), MU_ENTRY_TRUSTED);
    mu_store_free(store);
    store = parse(bytes_of(beside), NULL);
    assert_int_equal(mu_store_count(store), 1);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 1);
    assert_int_equal(X509_cmp(sk_X509_value(mu_store_get0_loose_certs(store), 0), fam.other), 0);
    mu_bytes again = encode(store, &(mu_store_write_options){.password = "new", .iterations = 1});
    mu_store_free(store);
    assert_non_null(strstr((char *)again.data, "BEGIN ENCRYPTED PRIVATE KEY"));
    store = parse(again, "new");
    assert_key(store, "1", fam.leaf_key, fam.leaf, 1);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 1);
    mu_store_free(store);
    mu_bytes_clear(&again);
    free(alone);
    free(beside);
}

static void garbage_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        mu_code code;
    } cases[] = {
        {"-----BEGIN CERTIFICATE-----\nAAAA\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN CERTIFICATE-----\nAA!A\n-----END CERTIFICATE-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN CERTIFICATE-----\nAAAAA\n-----END CERTIFICATE-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN \n-----END CERTIFICATE-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n", 0, MU_E_STORE_DAMAGED},
        {"-----BEGIN PRIVATE KEY-----\nMAMCAQU=\n-----END PRIVATE KEY-----\n", 0, MU_E_PEM_GARBAGE},
        {"-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n", 0, MU_E_PEM_GARBAGE},
        {"\xff\xfe-\0-\0-\0", 8, MU_E_PEM_GARBAGE},
        {"\xfe\xff\0-\0-\0-", 8, MU_E_PEM_GARBAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = cases[i].len ? cases[i].len : strlen(cases[i].text);
        parse_fails((mu_bytes){(uint8_t *)(uintptr_t)cases[i].text, len}, NULL, cases[i].code);
    }
    mu_err *err = NULL;
    STACK_OF(X509) *certs = NULL;
    assert_int_equal(mu_certs_parse(NULL, (const uint8_t *)cases[1].text, strlen(cases[1].text), &certs, &err), -1);
    assert_string_equal(err->detail, "line 2");
    mu_err_free(err);
}

static void keys_alone(void **state)
{
    (void)state;
    const char *const good[] = {p8_pem, sec1_pem, shrouded_pem, traditional_pem};
    const char *const algorithms[] = {"", "", "PBES2 AES-256-CBC HmacSHA256", "AES-128-CBC MD5"};
    for (int i = 0; i < 4; i++) {
        mu_err *err = NULL;
        EVP_PKEY *key = NULL;
        mu_bytes pem = bytes_of(good[i]);
        ok(mu_key_parse(NULL, pem.data, pem.len, "secret", &key, &err), &err);
        assert_int_equal(EVP_PKEY_eq(key, fam.leaf_key), 1);
        EVP_PKEY_free(key);
        key = NULL;
        if (i < 2)
            continue;
        fails(mu_key_parse(NULL, pem.data, pem.len, NULL, &key, &err), &err, MU_E_PEM_KEY_ENCRYPTED);
        fails(mu_key_parse(NULL, pem.data, pem.len, "wrong", &key, &err), &err, MU_E_PEM_KEY_ENCRYPTED);
        mu_store *store = parse(pem, "wrong");
        assert_string_equal(mu_entry_get_protection(mu_store_entry(store, 0)).algorithm, algorithms[i]);
        fails(mu_entry_get1_key(mu_store_entry(store, 0), NULL, &key, &err), &err, MU_E_PEM_KEY_ENCRYPTED);
        mu_store_free(store);
    }
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    fails(mu_key_parse(NULL, (uint8_t *)leaf_pem, strlen(leaf_pem), NULL, &key, &err), &err, MU_E_KEYSTORE_NO_PRIVATE_KEY);
    fails(mu_key_parse(NULL, (const uint8_t *)"hello", 5, NULL, &key, &err), &err, MU_E_PEM_GARBAGE);
}

static void key_of_another_certificate(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    char *text = mu_asprintf("%s%s", shrouded_pem, other_pem);
    mu_store *store = parse(bytes_of(text), "secret");
    fails(mu_entry_get1_key(mu_store_entry(store, 0), NULL, &key, &err), &err, MU_E_KEY_CERT_MISMATCH);
    mu_store_free(store);
    free(text);
}

static void der_is_read_too(void **state)
{
    (void)state;
    mu_err *err = NULL;
    unsigned char *cert = NULL, *key = NULL;
    int cert_len = i2d_X509(fam.root, &cert), key_len = i2d_PrivateKey(fam.leaf_key, &key);
    mu_store *store = parse((mu_bytes){cert, (size_t)cert_len}, NULL);
    assert_int_equal(mu_entry_get_kind(mu_store_find(store, "1")), MU_ENTRY_TRUSTED);
    mu_store_free(store);
    store = parse((mu_bytes){key, (size_t)key_len}, NULL);
    assert_key(store, "1", fam.leaf_key, NULL, 0);
    mu_store_free(store);
    EVP_PKEY *parsed = NULL;
    ok(mu_key_parse(NULL, key, (size_t)key_len, NULL, &parsed, &err), &err);
    EVP_PKEY_free(parsed);
    parse_fails((mu_bytes){cert, (size_t)cert_len - 1}, NULL, MU_E_STORE_WRONG_TYPE);
    OPENSSL_free(cert);
    OPENSSL_free(key);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    mu_err *err = NULL;
    char *certs_text = NULL, *key_text = NULL;
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    ok(mu_certs_pem(fam.chain, &certs_text, &err), &err);
    ok(mu_certs_parse(NULL, (uint8_t *)certs_text, strlen(certs_text), &certs, &err), &err);
    assert_int_equal(sk_X509_num(certs), 3);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 2), fam.root), 0);
    ok(mu_key_pem(NULL, fam.leaf_key, "secret", 3, &key_text, &err), &err);
    fails(mu_key_parse(NULL, (uint8_t *)key_text, strlen(key_text), "other", &key, &err), &err, MU_E_PEM_KEY_ENCRYPTED);
    ok(mu_key_parse(NULL, (uint8_t *)key_text, strlen(key_text), "secret", &key, &err), &err);
    assert_int_equal(EVP_PKEY_eq(key, fam.leaf_key), 1);
    EVP_PKEY_free(key);
    OPENSSL_clear_free(key_text, strlen(key_text));
    fails(mu_key_pem(NULL, fam.leaf_key, "secret", -1, &key_text, &err), &err, MU_E_USAGE);
    sk_X509_pop_free(certs, X509_free);
    OPENSSL_free(certs_text);
}

static void crls_are_read(void **state)
{
    (void)state;
    mu_err *err = NULL;
    STACK_OF(X509_CRL) *crls = NULL;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = ASN1_TIME_set(NULL, 1700000000);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(fam.root));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, now);
    assert_true(X509_CRL_sign(crl, fam.root_key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(bio, crl);
    char *pem = text_of(bio), *twice = mu_asprintf("%s%s%s", pem, root_pem, pem);
    ok(mu_crls_parse(NULL, (uint8_t *)twice, strlen(twice), &crls, &err), &err);
    assert_int_equal(sk_X509_CRL_num(crls), 2);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    ok(mu_crls_parse(NULL, der, (size_t)len, &crls, &err), &err);
    assert_int_equal(sk_X509_CRL_num(crls), 1);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    crls = NULL;
    fails(mu_crls_parse(NULL, der, (size_t)len - 1, &crls, &err), &err, MU_E_STORE_DAMAGED);
    fails(mu_crls_parse(NULL, (uint8_t *)root_pem, strlen(root_pem), &crls, &err), &err, MU_E_PEM_GARBAGE);
    /* in a store a CRL is nobody's, but it is not lost */
    free(twice);
    twice = mu_asprintf("%s%s", root_pem, pem);
    mu_store *store = parse(bytes_of(twice), NULL);
    mu_bytes again = encode(store, NULL);
    assert_non_null(strstr((char *)again.data, "BEGIN X509 CRL"));
    mu_store_free(store);
    mu_bytes_clear(&again);
    OPENSSL_free(der);
    free(twice);
    free(pem);
    ASN1_TIME_free(now);
    X509_CRL_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_usual_shapes_give_the_same_entry),
        cmocka_unit_test(certificates_alone_are_trusted_beside_a_key_loose),
        cmocka_unit_test(garbage_is_told_with_its_line),
        cmocka_unit_test(keys_alone),
        cmocka_unit_test(key_of_another_certificate),
        cmocka_unit_test(der_is_read_too),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(crls_are_read),
    };
    return cmocka_run_group_tests(tests, make_pieces, free_pieces);
}

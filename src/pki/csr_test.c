#include "pki/testing.h"

#include <openssl/pem.h>

static char *pem_of(X509_REQ *csr)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    PEM_write_bio_X509_REQ(bio, csr);
    long len = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static X509_REQ *build(EVP_PKEY *key, const char *subject, const char *san)
{
    X509_NAME *name = test_name(subject);
    GENERAL_NAMES *names = san ? test_san(san) : NULL;
    X509_REQ *csr = NULL;
    assert_ok(mu_csr_build(NULL, key, name, names, &csr, &err));
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
    return csr;
}

static void assert_reads(const void *data, size_t len)
{
    X509_REQ *csr = NULL;
    assert_ok(mu_csr_read(NULL, data, len, &csr, &err));
    X509_REQ_free(csr);
}

static void requests_are_written_and_read(void **state)
{
    static const char *const keys[] = {"RSA", "EC:P-521", "Ed25519"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = test_key(keys[i]);
        X509_REQ *csr = build(key, "CN=a, O=b", "dns:a.example,ip:10.0.0.1"), *again = NULL;
        char *pem = pem_of(csr);
        assert_ok(mu_csr_read(NULL, (uint8_t *)pem, strlen(pem), &again, &err));
        GENERAL_NAMES *names = mu_csr_names(again);
        char *text = mu_san_text(names), *subject = mu_name_text(X509_REQ_get_subject_name(again));
        assert_string_equal(text, "dns:a.example,ip:10.0.0.1");
        assert_string_equal(subject, "CN=a, O=b");
        assert_int_equal(EVP_PKEY_eq(X509_REQ_get0_pubkey(again), key), 1);
        free(text);
        free(subject);
        free(pem);
        GENERAL_NAMES_free(names);
        X509_REQ_free(csr);
        X509_REQ_free(again);
        EVP_PKEY_free(key);
    }
}

static void every_usual_shape_is_read(void **state)
{
    EVP_PKEY *key = test_key("EC");
    X509_REQ *csr = build(key, "CN=a", NULL);
    uint8_t *der = NULL;
    char *pem = pem_of(csr), text[4096];
    int der_len = i2d_X509_REQ(csr, &der);
    (void)state;
    assert_null(mu_csr_names(csr));
    assert_reads(der, (size_t)der_len);
    snprintf(text, sizeof text, "\xEF\xBB\xBF%s", pem);
    assert_reads(text, strlen(text));
    snprintf(text, sizeof text, "Subject: a\n0 nothing\n\n%s\ntrailing text\n", pem);
    assert_reads(text, strlen(text));
    /* keytool's BEGIN line */
    snprintf(text, sizeof text, "-----BEGIN NEW CERTIFICATE REQUEST-----%.*s-----END NEW CERTIFICATE REQUEST-----\r\n",
             (int)(strstr(pem, "-----END") - pem - 35), pem + 35);
    assert_reads(text, strlen(text));
    OPENSSL_free(der);
    free(pem);
    X509_REQ_free(csr);
    EVP_PKEY_free(key);
}

static void damage_is_told_apart(void **state)
{
    EVP_PKEY *key = test_key("EC");
    X509_REQ *csr = build(key, "CN=a", NULL), *out = NULL;
    uint8_t *der = NULL;
    int len = i2d_X509_REQ(csr, &der);
    char *pem = pem_of(csr);
    static const char other[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    (void)state;
    assert_reads(der, (size_t)len);
    assert_code(MU_E_PEM_GARBAGE, mu_csr_read(NULL, (const uint8_t *)"", 0, &out, &err));
    assert_code(MU_E_PEM_GARBAGE, mu_csr_read(NULL, (const uint8_t *)"hello", 5, &out, &err));
    assert_code(MU_E_PEM_GARBAGE, mu_csr_read(NULL, (const uint8_t *)other, sizeof other - 1, &out, &err));
    assert_code(MU_E_STORE_DAMAGED, mu_csr_read(NULL, der, (size_t)len - 1, &out, &err));
    assert_code(MU_E_STORE_DAMAGED, mu_csr_read(NULL, (uint8_t *)pem, strlen(pem) - 60, &out, &err));
    uint8_t *longer = OPENSSL_zalloc((size_t)len + 1);
    memcpy(longer, der, (size_t)len);
    assert_code(MU_E_STORE_DAMAGED, mu_csr_read(NULL, longer, (size_t)len + 1, &out, &err));
    der[len - 1] ^= 1; /* in the signature's last byte */
    assert_code(MU_E_SIGNATURE_INVALID, mu_csr_read(NULL, der, (size_t)len, &out, &err));
    assert_null(out);
    OPENSSL_free(longer);
    OPENSSL_free(der);
    free(pem);
    X509_REQ_free(csr);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written_and_read),
        cmocka_unit_test(every_usual_shape_is_read),
        cmocka_unit_test(damage_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

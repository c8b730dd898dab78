#include "pki/testing.h"

static void a_list_carries_number_issuer_and_reasons(void **state)
{
    EVP_PKEY *key = test_key("EC"), *other = test_key("EC");
    X509 *root = test_cert(MU_PROFILE_ROOT, "CN=r", NULL, key, NULL, NULL, 10);
    X509_CRL *crl = NULL;
    X509_REVOKED *entry = NULL;
    AUTHORITY_KEYID *authority;
    ASN1_OCTET_STRING *own = X509_get_ext_d2i(root, NID_subject_key_identifier, NULL, NULL);
    (void)state;

    assert_ok(mu_crl_new(NULL, root, 300, TEST_NOW_S, TEST_NOW_S + TEST_DAY_S, &crl, &err));
    assert_ok(mu_crl_add(crl, "ff00000000000000000000000000000001", TEST_NOW_S - 5, 1, &err));
    assert_ok(mu_crl_add(crl, "2", TEST_NOW_S - 5, 0, &err));
    assert_code(MU_E_INTERNAL, mu_crl_add(crl, "2x", TEST_NOW_S, 0, &err));
    assert_ok(mu_crl_sign(NULL, crl, key, &err));
    assert_int_equal(X509_CRL_verify(crl, key), 1);
    assert_int_not_equal(X509_CRL_verify(crl, other), 1);
    assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
    assert_int_equal(mu_crl_number(crl), 300);
    authority = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
    assert_int_equal(ASN1_OCTET_STRING_cmp(authority->keyid, own), 0);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 2);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_INTEGER_set(serial, 2);
    assert_int_equal(X509_CRL_get0_by_serial(crl, &entry, serial), 1);
    assert_int_equal(mu_crl_entry_reason(entry), 0);
    assert_int_equal(X509_REVOKED_get_ext_count(entry), 0); /* unspecified is left out */
    for (int i = 0; i < 2; i++)
        if ((entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), i)) && X509_REVOKED_get_ext_count(entry) > 0)
            assert_int_equal(mu_crl_entry_reason(entry), 1);
    ASN1_INTEGER_free(serial);
    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(authority);
    X509_CRL_free(crl);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void reasons_have_the_standards_words(void **state)
{
    int reason = -1;
    (void)state;
    assert_ok(mu_crl_reason_parse("KEYCOMPROMISE", &reason, &err));
    assert_int_equal(reason, 1);
    assert_ok(mu_crl_reason_parse("aACompromise", &reason, &err));
    assert_int_equal(reason, 10);
    assert_code(MU_E_USAGE, mu_crl_reason_parse("lost", &reason, &err));
    assert_null(mu_crl_reason_name(7));
    assert_null(mu_crl_reason_name(11));
    assert_null(mu_crl_reason_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_carries_number_issuer_and_reasons),
        cmocka_unit_test(reasons_have_the_standards_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

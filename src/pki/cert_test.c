#include "pki/internal.h"
#include "pki/testing.h"

static EVP_PKEY *root_key, *leaf_key;
static X509 *root;

static int set_up(void **state)
{
    (void)state;
    root_key = test_key("EC");
    leaf_key = test_key("EC");
    root = test_cert(MU_PROFILE_ROOT, "CN=Test Root, O=Test", NULL, root_key, NULL, NULL, 3650);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(root);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(leaf_key);
    return 0;
}

static int strict_verdict(X509 *cert, X509 *intermediate, X509 *anchor, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_add_cert(store, anchor);
    if (intermediate)
        sk_X509_push(untrusted, intermediate);
    X509_STORE_CTX_init(ctx, store, cert, untrusted);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)TEST_NOW_S);
    int verdict = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(untrusted);
    return verdict;
}

/* Each profile under OpenSSL's strict rules, for the purpose it is made for and for the other one. */
static void every_profile_is_accepted_by_the_strict_rules(void **state)
{
    static const struct {
        mu_profile profile;
        int server, client;
    } cases[] = {
        {MU_PROFILE_SERVER, X509_V_OK, X509_V_ERR_INVALID_PURPOSE},
        {MU_PROFILE_CLIENT, X509_V_ERR_INVALID_PURPOSE, X509_V_OK},
        {MU_PROFILE_PEER, X509_V_OK, X509_V_OK},
    };
    static const char *const keys[] = {"RSA", "EC:P-384", "Ed25519", "Ed448"};
    (void)state;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        EVP_PKEY *ca_key = test_key(keys[k]);
        X509 *ca = test_cert(MU_PROFILE_ROOT, "CN=CA", NULL, ca_key, NULL, NULL, 100);
        X509 *mid = test_cert(MU_PROFILE_INTERMEDIATE, "CN=Mid", NULL, leaf_key, ca, ca_key, 90);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            X509 *direct = test_cert(cases[i].profile, "CN=leaf", "dns:a.example", leaf_key, ca, ca_key, 30);
            X509 *below = test_cert(cases[i].profile, "CN=leaf", "dns:a.example", ca_key, mid, leaf_key, 30);
            assert_int_equal(strict_verdict(direct, NULL, ca, X509_PURPOSE_SSL_SERVER), cases[i].server);
            assert_int_equal(strict_verdict(direct, NULL, ca, X509_PURPOSE_SSL_CLIENT), cases[i].client);
            assert_int_equal(strict_verdict(below, mid, ca, X509_PURPOSE_SSL_SERVER), cases[i].server);
            assert_int_equal(strict_verdict(below, mid, ca, X509_PURPOSE_SSL_CLIENT), cases[i].client);
            X509_free(direct);
            X509_free(below);
        }
        X509_free(mid);
        X509_free(ca);
        EVP_PKEY_free(ca_key);
    }
}

static void signature_algorithms_follow_the_key(void **state)
{
    static const struct {
        const char *key;
        int nid, parameter;
    } cases[] = {
        {"RSA", NID_sha256WithRSAEncryption, V_ASN1_NULL}, {"EC", NID_ecdsa_with_SHA256, V_ASN1_UNDEF},
        {"EC:P-384", NID_ecdsa_with_SHA384, V_ASN1_UNDEF}, {"EC:P-521", NID_ecdsa_with_SHA512, V_ASN1_UNDEF},
        {"Ed25519", NID_ED25519, V_ASN1_UNDEF},            {"Ed448", NID_ED448, V_ASN1_UNDEF},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EVP_PKEY *key = test_key(cases[i].key);
        X509 *cert = test_cert(MU_PROFILE_ROOT, "CN=CA", NULL, key, NULL, NULL, 100);
        const ASN1_OBJECT *type;
        int parameter;
        X509_ALGOR_get0(&type, &parameter, NULL, X509_get0_tbs_sigalg(cert));
        assert_int_equal(OBJ_obj2nid(type), cases[i].nid);
        assert_int_equal(parameter, cases[i].parameter);
        assert_true(mu_cert_is_self_signed(cert));
        X509_free(cert);
        EVP_PKEY_free(key);
    }
}

static mu_cert_spec leaf_spec(const X509_NAME *name, const GENERAL_NAMES *names)
{
    return (mu_cert_spec){MU_PROFILE_SERVER, name, leaf_key, names, root, root_key, TEST_NOW_S, TEST_NOW_S + TEST_DAY_S, -1};
}

static void a_faulty_signature_is_not_handed_out(void **state)
{
    X509_NAME *name = test_name("CN=leaf");
    GENERAL_NAMES *names = test_san("dns:a.example");
    mu_cert_spec spec = leaf_spec(name, names);
    X509 *cert = NULL;
    EVP_PKEY *key = test_faulty_key(root_key);
    (void)state;
    assert_ok(mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_ok(mu_cert_sign(NULL, cert, root_key, &err));
    assert_code(MU_E_INTERNAL, mu_cert_sign(NULL, cert, key, &err));
    EVP_PKEY_free(key);
    X509_free(cert);
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
}

static void the_bytes_before_signing_are_the_bytes_signed(void **state)
{
    X509_NAME *name = test_name("CN=leaf");
    GENERAL_NAMES *names = test_san("dns:a.example");
    mu_cert_spec spec = leaf_spec(name, names);
    X509 *cert = NULL;
    uint8_t *tbs = NULL, *der = NULL;
    (void)state;
    assert_ok(mu_cert_prepare(NULL, &spec, &cert, &err));
    int tbs_len = mu_cert_tbs(cert, &tbs, NULL);
    assert_true(tbs_len > 200);
    assert_ok(mu_cert_sign(NULL, cert, root_key, &err));
    int der_len = i2d_X509(cert, &der);
    assert_true(der_len > tbs_len + 8);
    /* Certificate ::= SEQUENCE (4 bytes of header: it is longer than 255) { tbsCertificate, … } */
    assert_memory_equal(der + 4, tbs, (size_t)tbs_len);

    /* What is cached before signing must not outlive it: X509_cmp looks at a cached hash. */
    const uint8_t *at = der;
    X509 *read = d2i_X509(NULL, &at, der_len);
    X509_check_purpose(cert, -1, 0);
    X509_check_purpose(read, -1, 0);
    assert_int_equal(X509_cmp(cert, read), 0);
    X509_free(read);

    /* A key that the certificate was not prepared for. */
    EVP_PKEY *rsa = test_key("RSA");
    assert_code(MU_E_INTERNAL, mu_cert_sign(NULL, cert, rsa, &err));
    EVP_PKEY_free(rsa);
    OPENSSL_free(tbs);
    OPENSSL_free(der);
    X509_free(cert);
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
}

static void facts_are_read_back(void **state)
{
    X509 *cert = test_cert(MU_PROFILE_SERVER, "CN=leaf, O=Test", "dns:a.example,ip:127.0.0.1", leaf_key, root, root_key, 30);
    char *san = mu_cert_san_text(cert), *none = mu_cert_san_text(root), *fingerprint = mu_cert_fingerprint(cert);
    long pathlen;
    (void)state;
    assert_string_equal(san, "dns:a.example,ip:127.0.0.1");
    assert_string_equal(none, "");
    assert_int_equal(strlen(fingerprint), 95);
    assert_int_equal(mu_cert_not_before_s(cert), TEST_NOW_S - 3600);
    assert_int_equal(mu_cert_not_after_s(cert), TEST_NOW_S + 30 * TEST_DAY_S);
    assert_false(mu_cert_is_ca(cert));
    assert_false(mu_cert_is_self_signed(cert));
    assert_true(mu_cert_is_ca(root));
    assert_true(mu_cert_is_self_signed(root));
    assert_int_equal(mu_cert_basic_constraints(cert, &pathlen), 0);
    assert_int_equal(mu_cert_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(mu_cert_key_usage(root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(mu_cert_ext_usage(cert, NID_server_auth), 1);
    assert_int_equal(mu_cert_ext_usage(cert, NID_client_auth), 0);
    assert_int_equal(mu_cert_ext_usage(root, NID_client_auth), -1);
    assert_int_equal(mu_cert_digest_bits(cert), 256);
    free(san);
    free(none);
    free(fingerprint);
    X509_free(cert);
}

static void serials_print_as_the_jdk_does(void **state)
{
    static const struct {
        const char *decimal, *text;
    } cases[] = {{"1", "1"}, {"255", "ff"}, {"4096", "1000"}, {"0", "0"}, {"-5", "-5"}, {"-255", "-ff"}};
    X509 *cert = X509_new();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BIGNUM *number = NULL;
        BN_dec2bn(&number, cases[i].decimal);
        ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
        X509_set_serialNumber(cert, serial);
        char *text = mu_cert_serial(cert);
        assert_string_equal(text, cases[i].text);
        free(text);
        ASN1_INTEGER_free(serial);
        BN_free(number);
    }
    X509_free(cert);
}

static void serials_are_positive_and_new(void **state)
{
    char *last = NULL;
    (void)state;
    for (int i = 0; i < 40; i++) {
        X509 *cert = test_cert(MU_PROFILE_CLIENT, "CN=leaf", NULL, leaf_key, root, root_key, 1);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
        assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* V_ASN1_NEG_INTEGER otherwise */
        char *text = mu_cert_serial(cert);
        assert_in_range(strlen(text), 24, 32);
        if (last)
            assert_string_not_equal(text, last);
        free(last);
        last = text;
        X509_free(cert);
    }
    free(last);
}

static void nothing_outlives_its_issuer(void **state)
{
    X509 *cert = test_cert(MU_PROFILE_CLIENT, "CN=leaf", NULL, leaf_key, root, root_key, 20000);
    (void)state;
    assert_int_equal(mu_cert_not_after_s(cert), mu_cert_not_after_s(root));
    X509_free(cert);
}

/* Not by a digest of its key: what is found by that name is what the issuer itself says. */
static void an_issuer_goes_by_its_own_key_identifier(void **state)
{
    (void)state;
    X509 *issuer = X509_dup(root);
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    assert_true(ASN1_OCTET_STRING_set(id, (const unsigned char *)"own", 3));
    assert_int_equal(X509_add1_ext_i2d(issuer, NID_subject_key_identifier, id, 0, X509V3_ADD_REPLACE), 1);
    AUTHORITY_KEYID *named = mu_cert_authority_key_id(NULL, issuer);
    assert_int_equal(ASN1_OCTET_STRING_cmp(named->keyid, id), 0);
    AUTHORITY_KEYID_free(named);
    ASN1_OCTET_STRING_free(id);
    X509_free(issuer);
}

static void an_empty_subject_makes_the_names_critical(void **state)
{
    X509_NAME *name = X509_NAME_new();
    GENERAL_NAMES *names = test_san("uri:spiffe://x/y"), *found;
    mu_cert_spec spec = leaf_spec(name, names);
    X509 *cert = NULL;
    int critical = -1;
    (void)state;
    assert_ok(mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_ok(mu_cert_sign(NULL, cert, root_key, &err));
    found = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    assert_int_equal(critical, 1);
    assert_int_equal(strict_verdict(cert, NULL, root, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    GENERAL_NAMES_free(found);
    X509_free(cert);
    cert = NULL;
    spec.names = NULL;
    spec.profile = MU_PROFILE_CLIENT;
    assert_code(MU_E_USAGE, mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_null(cert);
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
}

static void wrong_specs_are_refused(void **state)
{
    X509_NAME *name = test_name("CN=leaf");
    GENERAL_NAMES *names = test_san("dns:a.example");
    mu_cert_spec good = leaf_spec(name, names), spec;
    X509 *cert = NULL;
    (void)state;
    assert_ok(mu_cert_prepare(NULL, &good, &cert, &err));
    X509_free(cert);
    cert = NULL;
    spec = good;
    spec.issuer_key = leaf_key;
    assert_code(MU_E_KEY_CERT_MISMATCH, mu_cert_prepare(NULL, &spec, &cert, &err));
    spec = good;
    spec.issuer = NULL;
    assert_code(MU_E_KEY_CERT_MISMATCH, mu_cert_prepare(NULL, &spec, &cert, &err));
    spec = good;
    spec.not_before_s = -1;
    assert_code(MU_E_USAGE, mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_null(cert);
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
}

static void profiles_have_names(void **state)
{
    mu_profile profile;
    (void)state;
    for (int i = 0; i <= MU_PROFILE_PEER; i++) {
        assert_ok(mu_profile_parse(mu_profile_name((mu_profile)i), &profile, &err));
        assert_int_equal(profile, i);
    }
    assert_code(MU_E_USAGE, mu_profile_parse("both", &profile, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_is_accepted_by_the_strict_rules),
        cmocka_unit_test(signature_algorithms_follow_the_key),
        cmocka_unit_test(a_faulty_signature_is_not_handed_out),
        cmocka_unit_test(the_bytes_before_signing_are_the_bytes_signed),
        cmocka_unit_test(facts_are_read_back),
        cmocka_unit_test(serials_print_as_the_jdk_does),
        cmocka_unit_test(serials_are_positive_and_new),
        cmocka_unit_test(nothing_outlives_its_issuer),
        cmocka_unit_test(an_issuer_goes_by_its_own_key_identifier),
        cmocka_unit_test(an_empty_subject_makes_the_names_critical),
        cmocka_unit_test(wrong_specs_are_refused),
        cmocka_unit_test(profiles_have_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

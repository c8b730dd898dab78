#include "pki/print.h"
#include "pki/testing.h"

static char *print(const X509 *cert, int64_t now_s)
{
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    mu_cert_print(&out, cert, now_s, 2);
    assert_false(out.failed);
    char *text = mu_buf_steal(&out);
    assert_non_null(text);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_message("\"%s\" is missing\n", part);
    assert_non_null(strstr(text, part));
}

static void a_certificate_is_described(void **state)
{
    EVP_PKEY *key = test_key("EC");
    X509 *ca = test_cert(MU_PROFILE_ROOT, "CN=Root", NULL, key, NULL, NULL, 100);
    X509 *cert = test_cert(MU_PROFILE_PEER, "CN=leaf, O=Test", "dns:a.example,ip:::1", key, ca, key, 30);
    char *text = print(cert, TEST_NOW_S), *late = print(cert, TEST_NOW_S + 31 * TEST_DAY_S), *any = print(ca, INT64_MIN);
    (void)state;
    assert_has(text, "  subject      CN=leaf, O=Test\n");
    assert_has(text, "  issuer       CN=Root\n");
    assert_has(text, "  valid        2027-01-15T07:00:00Z to 2027-02-14T08:00:00Z (30 days left)\n");
    assert_has(text, "  names        dns:a.example,ip:::1\n");
    assert_has(text, "  CA           no\n");
    assert_has(text, "  key usage    digitalSignature\n");
    assert_has(text, "  purposes     serverAuth, clientAuth\n");
    assert_has(text, "  key          256-bit EC (secp256r1)\n");
    assert_has(text, "  signature    ecdsa-with-SHA256\n");
    assert_has(text, "  extension    authorityKeyIdentifier: ");
    assert_has(late, "(expired for ");
    assert_has(any, "  CA           yes\n");
    assert_has(any, "  key usage    keyCertSign, cRLSign\n");
    assert_has(any, "  purposes     any\n");
    assert_has(any, "  names        none\n");
    free(text);
    free(late);
    free(any);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
}

/* CR LF, quotes, NUL, escape sequences and markup in every place a certificate has for text. */
static void a_hostile_certificate_prints_no_raw_byte(void **state)
{
    static const unsigned char evil[] = "a\r\n  CA           yes\0\x1b]0;x\x07\"<script>\xe2\x80\xae";
    EVP_PKEY *key = test_key("EC");
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    ASN1_IA5STRING *comment = ASN1_IA5STRING_new();
    (void)state;
    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, evil, sizeof evil - 1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "1.2.3.4", V_ASN1_IA5STRING, evil, sizeof evil - 1, -1, 0);
    for (int type = GEN_EMAIL; type <= GEN_URI; type += type == GEN_DNS ? 4 : 1) {
        GENERAL_NAME *general = GENERAL_NAME_new();
        ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
        ASN1_STRING_set(value, evil, sizeof evil - 1);
        GENERAL_NAME_set0_value(general, type, value);
        sk_GENERAL_NAME_push(names, general);
    }
    X509_set_version(cert, X509_VERSION_3);
    X509_set_subject_name(cert, name);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    ASN1_TIME_set(X509_getm_notBefore(cert), 0);
    ASN1_TIME_set(X509_getm_notAfter(cert), 1);
    ASN1_STRING_set(comment, evil, sizeof evil - 1);
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
    X509_add1_ext_i2d(cert, NID_issuer_alt_name, names, 0, 0);
    X509_add1_ext_i2d(cert, NID_netscape_comment, comment, 0, 0);
    ASN1_OCTET_STRING_set(octets, evil, sizeof evil - 1);
    X509_EXTENSION *unknown = X509_EXTENSION_create_by_OBJ(NULL, OBJ_nid2obj(NID_id_qt_unotice), 1, octets);
    X509_add_ext(cert, unknown, -1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);

    char *text = print(cert, TEST_NOW_S);
    assert_has(text, "names        email:a\\x0D\\x0A");
    assert_null(strstr(text, "\n  CA           yes"));
    for (const char *c = text; *c; c++)
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(text, '\x7f'));
    free(text);
    X509_EXTENSION_free(unknown);
    ASN1_OCTET_STRING_free(octets);
    ASN1_IA5STRING_free(comment);
    GENERAL_NAMES_free(names);
    X509_NAME_free(name);
    X509_free(cert);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_described),
        cmocka_unit_test(a_hostile_certificate_prints_no_raw_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

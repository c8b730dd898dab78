#include "pki/testing.h"

/* What goes in and what comes back: RFC 4514 section 4 and the JDK's ways. */
static const struct {
    const char *text, *back;
} good[] = {
    {"CN=mtls-server.lab.local, O=Lab, C=US", "CN=mtls-server.lab.local, O=Lab, C=US"},
    {"cn=a;o=b", "CN=a, O=b"},
    {"  CN = a  ,  O  =  b c  ", "CN=a, O=b c"},
    {"OU=Sales+CN=J. Smith,DC=example,DC=net", "OU=Sales+CN=J. Smith, DC=example, DC=net"},
    {"CN=James \\\"Jim\\\" Smith\\, III", "CN=James \\\"Jim\\\" Smith\\, III"},
    {"CN=\"Smith, \\\"Jim\\\"\", O=\" spaced \"", "CN=Smith\\, \\\"Jim\\\", O=\\ spaced\\ "},
    {"CN=Before\\0dAfter", "CN=Before\\0DAfter"},
    {"CN=Lu\\C4\\8Di\\C4\\87", "CN=Lu\xC4\x8Di\xC4\x87"},
    {"CN=\xE2\x80\xAE" "evil", "CN=\\E2\\80\\AEevil"}, /* right-to-left override */
    {"CN=\\#a\\ ,O=b\\ ", "CN=\\#a\\ , O=b\\ "},
    {"1.3.6.1.4.1.1466.0=#04024869", NULL}, /* an OCTET STRING is no string of a name */
    {"2.5.4.3=#0c0161", "CN=a"},
    {"1.2.3.4=a", "1.2.3.4=#130161"},
    {"OID.2.5.4.10=x", "O=x"},
    {"S=Bavaria, T=Dr, EMAILADDRESS=a@b.example", "ST=Bavaria, T=Dr, emailAddress=a@b.example"},
    {"CN=Unknown, OU=Unknown, O=Unknown, L=Unknown, ST=Unknown, C=Unknown",
     "CN=Unknown, OU=Unknown, O=Unknown, L=Unknown, ST=Unknown, C=Unknown"},
    {"CN=a=b", "CN=a=b"},
    {"", NULL},
    {"   ", NULL},
    {"CN", NULL},
    {"CN=", NULL},
    {"CN=\"\"", NULL},
    {"=a", NULL},
    {"CN=a,", NULL},
    {",CN=a", NULL},
    {"CN=a,,O=b", NULL},
    {"CN=a+", NULL},
    {"XY=a", NULL},
    {"CN=\"a", NULL},
    {"CN=\"a\"b", NULL},
    {"CN=a\"b", NULL},
    {"CN=a<b", NULL},
    {"CN=a\\", NULL},
    {"CN=a\\g", NULL},
    {"CN=\\FF", NULL}, /* not UTF-8 */
    {"CN=a\\00b", NULL},
    {"CN=#", NULL},
    {"CN=#0c", NULL},
    {"CN=#0c0261", NULL},
    {"CN=#0c01616", NULL},
    {"CN=#0c0161ff", NULL},
    {"CN=#3003020101", NULL},
    {"9.9.9=a", NULL},
};

static void text_goes_in_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        X509_NAME *name = NULL, *again = NULL;
        if (!good[i].back) {
            assert_code(MU_E_USAGE, mu_name_parse(good[i].text, &name, &err));
            assert_null(name);
            continue;
        }
        assert_ok(mu_name_parse(good[i].text, &name, &err));
        char *text = mu_name_text(name);
        assert_string_equal(text, good[i].back);
        assert_ok(mu_name_parse(text, &again, &err));
        assert_int_equal(X509_NAME_cmp(name, again), 0);
        free(text);
        X509_NAME_free(name);
        X509_NAME_free(again);
    }
}

static void the_first_in_text_is_the_last_in_der(void **state)
{
    X509_NAME *name = test_name("CN=a, O=b, C=DE");
    (void)state;
    assert_int_equal(OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, 0))), NID_countryName);
    assert_int_equal(OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, 2))), NID_commonName);
    X509_NAME_free(name);
}

static void string_types_are_those_of_rfc_5280(void **state)
{
    static const struct {
        const char *text;
        int type;
    } cases[] = {
        {"CN=plain text", V_ASN1_PRINTABLESTRING}, {"CN=under_score", V_ASN1_UTF8STRING},       {"CN=\xC3\xA4", V_ASN1_UTF8STRING},
        {"emailAddress=a@b", V_ASN1_IA5STRING},    {"DC=example", V_ASN1_IA5STRING},            {"DC=\xC3\xA4", V_ASN1_UTF8STRING},
        {"CN=#1e0200e4", V_ASN1_BMPSTRING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        X509_NAME *name = test_name(cases[i].text);
        assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 0))), cases[i].type);
        X509_NAME_free(name);
    }
}

static void an_empty_value_is_taken_when_asked_to(void **state)
{
    X509_NAME *name = NULL;
    mu_err *err = NULL;
    (void)state;
    assert_int_equal(mu_name_parse_lenient("CN=, O=b", &name, &err), 0);
    assert_int_equal(X509_NAME_entry_count(name), 2);
    assert_int_equal(ASN1_STRING_length(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 1))), 0);
    X509_NAME_free(name);
    assert_int_equal(mu_name_parse_lenient("", &name, &err), -1);
    assert_int_equal(mu_err_root(err)->code, MU_E_USAGE);
    mu_err_free(err);
}

/* No byte of a hostile name may leave as it is. */
static void hostile_names_are_escaped(void **state)
{
    static const unsigned char evil[] = "a\r\nb\0c\x1b[31m\"<b>&\\,\x7f\xc2\x85";
    X509_NAME *name = X509_NAME_new();
    (void)state;
    assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, evil, sizeof evil - 1, -1, 0));
    char *text = mu_name_text(name);
    assert_string_equal(text, "CN=a\\0D\\0Ab\\00c\\1B[31m\\\"\\<b\\>&\\\\\\,\\7F\\C2\\85");
    free(text);
    X509_NAME_free(name);

    name = X509_NAME_new();
    assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)"\xff\n", 2, -1, 0));
    text = mu_name_text(name);
    assert_string_equal(text, "CN=#0c02ff0a");
    free(text);
    X509_NAME_free(name);
}

static void an_empty_name_is_empty_text(void **state)
{
    X509_NAME *name = X509_NAME_new();
    char *text = mu_name_text(name);
    (void)state;
    assert_string_equal(text, "");
    free(text);
    X509_NAME_free(name);
}

static void too_many_attributes_are_refused(void **state)
{
    char text[4096] = "CN=a";
    X509_NAME *name = NULL;
    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(text, ",OU=b");
    assert_code(MU_E_USAGE, mu_name_parse(text, &name, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_goes_in_and_comes_back),      cmocka_unit_test(the_first_in_text_is_the_last_in_der),
        cmocka_unit_test(string_types_are_those_of_rfc_5280), cmocka_unit_test(an_empty_value_is_taken_when_asked_to),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(an_empty_name_is_empty_text),      cmocka_unit_test(too_many_attributes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

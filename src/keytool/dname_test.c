#include "keytool/dname.h"
#include "keytool/testing.h"

static void names_come_back_as_the_jdk_prints_them(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"CN=a, O=\"x, y\", C=DE", "CN=a, O=\"x, y\", C=DE"},
        {"cn=a;ou=b+O=c", "CN=a, OU=b + O=c"},
        {"CN=a\\ ", "CN=\"a \""},
        {"CN=a  b", "CN=\"a  b\""},
        {"CN=a\\\"b\\\\c", "CN=\"a\\\"b\\\\c\""},
        {"EMAIL=a@b,S=st,DNQUALIFIER=q", "EMAILADDRESS=a@b, ST=st, DNQ=q"},
        {"1.2.3.4=foo", "OID.1.2.3.4=foo"},
        {"CN=,O=b", "CN=, O=b"},
        {"CN=\"\"", "CN="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_kt kt = test_kt();
        X509_NAME *name = NULL;
        assert_int_equal(mu_kt_dname_parse(&kt, cases[i].text, &name), 0);
        char *shown = mu_kt_dname_text(name);
        assert_string_equal(shown, cases[i].shown);
        free(shown);
        X509_NAME_free(name);
    }
}

static void refusals_have_the_jdks_words(void **state)
{
    static const struct {
        const char *text, *thrown;
    } cases[] = {
        {"", "java.io.IOException: The distinguished name must not be empty"},
        {"x", "java.io.IOException: Incorrect AVA format"},
        {"CN=x,,OU=y", "java.io.IOException: empty AVA in RDN \"\""},
        {"FOO=x", "java.io.IOException: Invalid keyword \"FOO\""},
        {"CN=#zz", "java.io.IOException: AVA parse, invalid hex digit: z"},
        {"CN=#1", "java.io.IOException: AVA parse, odd number of hex digits"},
        {"CN=a\"b", "java.io.IOException: Character '\"' in AVA appears without escape"},
        {"CN=\"a", "java.io.IOException: Quoted string did not end in quote"},
        {"CN=\"a\"b", "java.io.IOException: AVA had characters other than whitespace after terminating quote"},
        {"CN=a\\zb", "java.io.IOException: Invalid escaped character in AVA: 'z'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_kt kt = test_kt();
        X509_NAME *name = NULL;
        assert_int_equal(mu_kt_dname_parse(&kt, cases[i].text, &name), -1);
        assert_null(name);
        assert_thrown(&kt, cases[i].thrown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_back_as_the_jdk_prints_them),
        cmocka_unit_test(refusals_have_the_jdks_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

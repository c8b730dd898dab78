#include "keytool/ext.h"
#include "keytool/print.h"
#include "keytool/testing.h"

#include <openssl/evp.h>

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    return key ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static int build(mu_kt *kt, const char *ext, STACK_OF(X509_EXTENSION) **ret)
{
    assert_true(mu_strlist_add(&kt->ext, ext) == 0);
    int rc = mu_kt_ext_build(kt, key, NULL, ret);
    mu_strlist_free(&kt->ext);
    kt->ext = (mu_strlist){0};
    return rc;
}

/* Each list has the one extension asked for, and the key's identifier. */
static void extensions_are_made_and_printed_as_the_jdks(void **state)
{
    static const struct {
        const char *ext, *body;
    } cases[] = {
        {"bc", "2.5.29.19 Criticality=false\nBasicConstraints:[\n  CA:true\n  PathLen: no limit\n]\n"},
        {"bc:c=2", "2.5.29.19 Criticality=true\nBasicConstraints:[\n  CA:true\n  PathLen:2\n]\n"},
        {"BC=ca:false", "2.5.29.19 Criticality=false\nBasicConstraints:[\n  CA:false\n  PathLen: undefined\n]\n"},
        {"ku=dS,kCS,cRLs", "2.5.29.15 Criticality=false\nKeyUsage [\n  DigitalSignature\n  Key_CertSign\n  Crl_Sign\n]\n"},
        {"eku=sA,1.2.3", "2.5.29.37 Criticality=false\nExtendedKeyUsages [\n  serverAuth\n  1.2.3\n]\n"},
        {"san:critical=dns:*.a,ip:2001:db8::1,uri:http://x/y",
         "2.5.29.17 Criticality=true\nSubjectAlternativeName [\n  DNSName: *.a\n"
         "  IPAddress: 2001:db8:0:0:0:0:0:1\n  URIName: http://x/y\n]\n"},
        {"1.2.3:c=05:00", "1.2.3 Criticality=true\n0000: 05 00                                              ..\n\n"},
        {"1.2.3", "1.2.3 Criticality=false\n(Empty value)\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_kt kt = test_kt();
        STACK_OF(X509_EXTENSION) *list = NULL;
        char *text = NULL;
        size_t len;
        assert_int_equal(build(&kt, cases[i].ext, &list), 0);
        assert_int_equal(sk_X509_EXTENSION_num(list), 2);
        FILE *out = open_memstream(&text, &len);
        mu_kt_print_extensions(out, "Extensions:", list);
        fclose(out);
        if (!strstr(text, cases[i].body))
            fail_msg("-ext %s prints\n%s", cases[i].ext, text);
        free(text);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    }
}

static void refusals_have_the_jdks_words(void **state)
{
    static const struct {
        const char *ext, *thrown;
    } cases[] = {
        {"ku=", "java.lang.Exception: Illegal value: ku="},
        {"bc=foo", "java.lang.Exception: Illegal value: bc=foo"},
        {"ku=kC", "java.lang.Exception: Unknown keyUsage type: kC"},
        {"eku=foo", "java.lang.Exception: Unknown extendedkeyUsage type: foo"},
        {"san=foo:a", "java.lang.Exception: Unrecognized GeneralName type: foo"},
        {"aia:c=ocsp:uri:http://o", "java.lang.Exception: This extension cannot be marked as critical. aia:c=ocsp:uri:http://o"},
        {"1.2.3=050", "java.lang.Exception: Odd number of hex digits found: 1.2.3=050"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_kt kt = test_kt();
        STACK_OF(X509_EXTENSION) *list = NULL;
        assert_int_equal(build(&kt, cases[i].ext, &list), -1);
        assert_null(list);
        assert_thrown(&kt, cases[i].thrown);
    }
}

static void words_are_found_by_their_beginning_and_initials(void **state)
{
    static const char *const names[] = {"keyEncipherment", "keyCertSign", "cRLSign", "serverAuth", NULL};
    static const struct {
        const char *word;
        int index;
    } cases[] = {{"keyCertSign", 1}, {"kCS", 1}, {"kE", 0}, {"keyE", 0},
                 {"KEYCERTSIGN", 1}, {"sA", 3}, {"s", 3}, {"kC", -1}, {"x", -1}};
    mu_kt kt = test_kt();
    int index;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mu_kt_one_of(&kt, cases[i].word, names, &index), 0);
        assert_int_equal(index, cases[i].index);
    }
    assert_int_equal(mu_kt_one_of(&kt, "key", names, &index), -1);
    assert_thrown(&kt, "java.lang.Exception: command key is ambiguous:\n     keyEncipherment keyCertSign");
}

static void dumps_are_the_jdks(void **state)
{
    static const uint8_t data[] = "zz{|\x7f\x80 ~0123456789";
    char *text = NULL;
    size_t len;
    (void)state;
    FILE *out = open_memstream(&text, &len);
    mu_kt_print_dump(out, data, sizeof data - 1);
    fclose(out);
    assert_string_equal(text, "0000: 7A 7A 7B 7C 7F 80 20 7E   30 31 32 33 34 35 36 37  zz.... .01234567\n"
                              "0010: 38 39                                              89\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extensions_are_made_and_printed_as_the_jdks),
        cmocka_unit_test(refusals_have_the_jdks_words),
        cmocka_unit_test(words_are_found_by_their_beginning_and_initials),
        cmocka_unit_test(dumps_are_the_jdks),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}

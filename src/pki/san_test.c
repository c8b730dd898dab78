#include "pki/testing.h"

static const struct {
    const char *text, *back;
} cases[] = {
    {"dns:a.example", "dns:a.example"},
    {"DNS:a.example, IP:10.0.0.1 ,Uri:spiffe://x/y,email:a@b.example",
     "dns:a.example,ip:10.0.0.1,uri:spiffe://x/y,email:a@b.example"},
    {"dns:*.a.example,dns:localhost,dns:xn--bcher-kva.example", "dns:*.a.example,dns:localhost,dns:xn--bcher-kva.example"},
    {"ip:::1,ip:2001:db8::7", "ip:::1,ip:2001:db8::7"},
    {"uri:https://a.example/x\\,y", "uri:https://a.example/x\\,y"},
    {"email:o'brien@a.example", "email:o\\'brien@a.example"},
    {"email:o\\'brien@a.example", "email:o\\'brien@a.example"},
    {"", NULL},
    {"dns:", NULL},
    {"dns:a.example,", NULL},
    {",dns:a.example", NULL},
    {"a.example", NULL},
    {"rid:1.2.3", NULL},
    {"dns:a..b", NULL},
    {"dns:.a", NULL},
    {"dns:a.", NULL},
    {"dns:a b", NULL},
    {"dns:a_b", NULL},
    {"dns:b\xC3\xBC" "cher.example", NULL},
    {"dns:-a.example", NULL},
    {"dns:a-.example", NULL},
    {"dns:*", NULL},
    {"dns:*.", NULL},
    {"dns:a.*.example", NULL},
    {"dns:w*.example", NULL},
    {"dns:127.0.0.1", NULL},
    {"dns:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", NULL},
    {"ip:localhost", NULL},
    {"ip:10.0.0", NULL},
    {"ip:[::1]", NULL},
    {"uri:nothing", NULL},
    {"uri:x:", NULL},
    {"uri:http://a b/", NULL},
    {"uri:http://a/\n", NULL},
    {"email:a", NULL},
    {"email:@b", NULL},
    {"email:a@b c", NULL},
};

static void text_goes_in_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        GENERAL_NAMES *names = NULL;
        if (!cases[i].back) {
            assert_code(MU_E_USAGE, mu_san_parse(cases[i].text, &names, &err));
            assert_null(names);
            continue;
        }
        assert_ok(mu_san_parse(cases[i].text, &names, &err));
        char *text = mu_san_text(names);
        assert_string_equal(text, cases[i].back);
        free(text);
        GENERAL_NAMES_free(names);
    }
}

static void add(GENERAL_NAMES *names, int type, int string_type, const void *data, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(string_type);
    ASN1_STRING_set(value, data, len);
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names, name);
}

static void hostile_names_are_escaped(void **state)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    (void)state;
    add(names, GEN_DNS, V_ASN1_IA5STRING, "a\r\n\0\"\x1b[2J,dns:b", 15);
    add(names, GEN_IPADD, V_ASN1_OCTET_STRING, "\x0a\x00\x01", 3);
    char *text = mu_san_text(names);
    assert_string_equal(text, "dns:a\\x0D\\x0A\\x00\\\"\\x1B[2J\\,dns:b,ip:#0a0001");
    free(text);
    GENERAL_NAMES_free(names);
}

static void other_types_are_shown(void **state)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *rid = GENERAL_NAME_new(), *dir = GENERAL_NAME_new(), *other = GENERAL_NAME_new();
    ASN1_TYPE *upn = ASN1_TYPE_new();
    ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    (void)state;
    GENERAL_NAME_set0_value(rid, GEN_RID, OBJ_txt2obj("1.2.3.4", 1));
    GENERAL_NAME_set0_value(dir, GEN_DIRNAME, test_name("CN=a,O=b"));
    ASN1_STRING_set(value, "u@x", 3);
    ASN1_TYPE_set(upn, V_ASN1_UTF8STRING, value);
    GENERAL_NAME_set0_othername(other, OBJ_txt2obj("1.3.6.1.4.1.311.20.2.3", 1), upn);
    sk_GENERAL_NAME_push(names, rid);
    sk_GENERAL_NAME_push(names, dir);
    sk_GENERAL_NAME_push(names, other);
    char *text = mu_san_text(names);
    assert_string_equal(text, "rid:1.2.3.4,dirname:CN=a\\, O=b,othername:1.3.6.1.4.1.311.20.2.3:#0c03754078");
    free(text);
    GENERAL_NAMES_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_goes_in_and_comes_back),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(other_types_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

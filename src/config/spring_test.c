#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/spring.h"
#include <stdlib.h>
#include <string.h>

static void read_text(mu_spring *spring, bool yaml, const char *text)
{
    *spring = (mu_spring){.mistakes = calloc(1, sizeof *spring->mistakes)};
    assert_non_null(spring->mistakes);
    assert_int_equal(mu_strlist_add(&spring->files, "file"), 0);
    spring->mistakes->file = spring->files.items[0];
    mu_spring_target target = {spring, spring->files.items[0], spring->mistakes, 0};
    mu_err *err = NULL;
    assert_int_equal((yaml ? mu_spring_yaml_parse : mu_spring_properties_parse)(&target, (const uint8_t *)text, strlen(text), &err), 0);
    assert_null(err);
}

static void assert_value(bool yaml, const char *text, const char *name, const char *expected)
{
    mu_spring spring;
    mu_spring_value value;
    read_text(&spring, yaml, text);
    assert_int_equal(mu_spring_get(&spring, name, &value, NULL), 0);
    if (expected)
        assert_string_equal(value.text, expected);
    else
        assert_null(value.text);
    mu_spring_value_free(&value);
    mu_spring_free(&spring);
}

/* As Spring Boot 3.5 (SnakeYAML 2.4) reads them. */
static void yaml_values_are_what_java_prints(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"0123", "83"},     {"0x1F", "31"},       {"0b_101", "5"},     {"1_000", "1000"},   {"+012", "10"},        {"-0", "0"},
        {"09", "09"},       {"0o17", "0o17"},     {"1:30", "90"},      {"1:5:9", "3909"},   {"65:63:58", "65:63:58"}, {"1:005", "1:005"},
        {"_7", "_7"},       {"1e5", "100000.0"},  {"1E7", "1.0E7"},    {"1.50", "1.5"},     {".5", "0.5"},         {"-.INF", "-Infinity"},
        {".nan", "NaN"},    {"1.2.3", "1.2.3"},   {"1e-4", "1.0E-4"},  {"0.001", "0.001"},  {"12345678.5", "1.23456785E7"},
        {"yes", "true"},    {"Off", "false"},     {"ON", "true"},      {"tRue", "tRue"},    {"y", "y"},            {"~", ""},
        {"Null", ""},       {"nULL", "nULL"},     {"'0123'", "0123"},  {"\"yes\"", "yes"},  {"!!str 0123", "0123"}, {"2026-11-23", "2026-11-23"},
        {"99999999999999999999", "99999999999999999999"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[64];
        snprintf(text, sizeof text, "k: %s\n", pairs[i][0]);
        assert_value(true, text, "k", pairs[i][1]);
    }
}

static void anchors_and_merges(void **state)
{
    (void)state;
    static const char text[] = "x: &a {k: 1, l: {m: 2}}\ny: &b {k: 3, n: 4}\nz:\n  <<: [*a, *b]\n  l: {o: 5}\nv: *a\n";
    assert_value(true, text, "z.k", "1");
    assert_value(true, text, "z.n", "4");
    assert_value(true, text, "z.l.o", "5");
    assert_value(true, text, "z.l.m", NULL);
    assert_value(true, text, "v.l.m", "2");
    assert_value(true, "a: [x, y]\n---\na: [z]\n", "a", "z");
    assert_value(true, "a: [x, '${a[0]}']\n", "a", "x,x");
}

/* As java.util.Properties reads them. */
static void properties_values(void **state)
{
    (void)state;
    assert_value(false, "  a.b  :  c d \n", "a.b", "c d ");
    assert_value(false, "a b=c", "a", "b=c");
    assert_value(false, "a\\ b=x\\\r\n   y\\tz\\q\n", "ab", "xy\tzq");
    assert_value(false, "a=\\u20ac\xfc", "a", "\xe2\x82\xac\xc3\xbc");
    assert_value(false, "#a=b\n!c=d\na", "a", "");
    assert_value(false, "a=1\r\ra=2", "a", "2");
}

static void placeholders(void **state)
{
    (void)state;
    setenv("MU_SPRING_TEST", "env", 1);
    assert_value(false, "a=${MU_SPRING_TEST}-${b}-${no:x${b}}-${no}\nb=2", "a", "env-2-x2-${no}");
    assert_value(false, "a=${mu.spring-test}", "a", "env");
    assert_value(false, "a=${c.d-e}\nc.dE=v", "a", "v");
    assert_value(false, "a=${c.dE}\nc.d-e=v", "a", "${c.dE}");
    assert_value(false, "mu.spring.test=file", "mu.spring.test", "env");
    assert_value(false, "a=${a", "a", "${a");
    unsetenv("MU_SPRING_TEST");
}

static void profiles(void **state)
{
    (void)state;
    char *names[] = {"prod", "eu-1"};
    const mu_strlist active = {names, 2};
    static const struct {
        const char *expression;
        int fits;
    } table[] = {{"prod", 1}, {"test", 0}, {"!test", 1}, {"prod & eu-1", 1}, {"prod & !eu-1", 0}, {"(test | prod) & eu-1", 1}, {"test, prod", 1},
                 {"", -1},    {"prod &", -1}, {"(prod", -1}, {"prod)", -1}, {"prod eu-1", -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(mu_spring_profile_fits(table[i].expression, &active), table[i].fits);
}

static void names(void **state)
{
    (void)state;
    char room[MU_SHOWN_SIZE];
    const char *nearest;
    assert_int_equal(mu_spring_key_known("server.ssl.keystore", room, &nearest), MU_SPRING_KNOWN);
    assert_int_equal(mu_spring_key_known("server.ssl.enabledprotocols[1]", room, &nearest), MU_SPRING_KNOWN);
    assert_int_equal(mu_spring_key_known("spring.ssl.bundle.pem.a1.truststore.certificate", room, &nearest), MU_SPRING_KNOWN);
    assert_int_equal(mu_spring_key_known("spring.ssl.bundle.jks.a1.truststore.certificate", room, &nearest), MU_SPRING_MISSPELT);
    assert_string_equal(nearest, "spring.ssl.bundle.pem.a1.truststore.certificate");
    assert_int_equal(mu_spring_key_known("spring.ssl.bundle.jks.a1.whatever", room, &nearest), MU_SPRING_UNKNOWN);
    assert_int_equal(mu_spring_key_known("spring.ssl.bundle.jks.a1.truststor.location", room, &nearest), MU_SPRING_MISSPELT);
    assert_string_equal(nearest, "spring.ssl.bundle.jks.a1.truststore.location");
    assert_int_equal(mu_spring_key_known("server.keystore", room, &nearest), MU_SPRING_MISSPELT);
    assert_string_equal(nearest, "server.ssl.key-store");
    assert_int_equal(mu_spring_key_known("server.sslx", room, &nearest), MU_SPRING_FOREIGN);
    assert_int_equal(mu_spring_key_known("management.server.ssl.keystore", room, &nearest), MU_SPRING_FOREIGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_values_are_what_java_prints), cmocka_unit_test(anchors_and_merges), cmocka_unit_test(properties_values),
        cmocka_unit_test(placeholders), cmocka_unit_test(profiles), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

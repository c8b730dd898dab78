#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(s) s, sizeof s - 1

static void foreign_text_is_made_safe(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in;
        size_t len;
        const char *out;
    } cases[] = {
        {"plain", BYTES("CN=build-7, O=a b"), "CN=build-7, O=a b"},
        {"letters of the world", BYTES("Zo\xc3\xab \xe6\x9d\xb1 \xf0\x9f\x98\x80"), "Zo\xc3\xab \xe6\x9d\xb1 \xf0\x9f\x98\x80"},
        {"line breaks", BYTES("a\r\nb\tc\vd"), "a\\x0D\\x0Ab\\x09c\\x0Bd"},
        {"NUL inside", BYTES("good.example\0.evil.example"), "good.example\\x00.evil.example"},
        {"escape sequence", BYTES("\033[31mred\007\177"), "\\x1B[31mred\\x07\\x7F"},
        {"C1 as UTF-8", BYTES("\xc2\x9b" "31m \xc2\x85"), "\\u{9B}31m \\u{85}"},
        {"C1 raw", BYTES("\x9b" "31m"), "\\x9B31m"},
        {"overlong slash and NUL", BYTES("\xc0\xaf \xc0\x80 \xe0\x80\xaf \xf0\x80\x80\xaf"),
         "\\xC0\\xAF \\xC0\\x80 \\xE0\\x80\\xAF \\xF0\\x80\\x80\\xAF"},
        {"overlong escape", BYTES("\xc0\x9b\xe0\x80\x9b"), "\\xC0\\x9B\\xE0\\x80\\x9B"},
        {"surrogates", BYTES("\xed\xa0\x80\xed\xbf\xbf"), "\\xED\\xA0\\x80\\xED\\xBF\\xBF"},
        {"beyond Unicode", BYTES("\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xff"), "\\xF4\\x90\\x80\\x80\\xF8\\x88\\x80\\x80\\x80\\xFF"},
        {"cut off", BYTES("a\xe2\x82"), "a\\xE2\\x82"},
        {"broken sequence does not swallow a quote", BYTES("\xe2\x82\"x"), "\\xE2\\x82\\\"x"},
        {"bidirectional", BYTES("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xd8\x9c"), "a\\u{202E}b\\u{2066}c\\u{61C}"},
        {"zero width, BOM, soft hyphen", BYTES("a\xe2\x80\x8b" "b\xef\xbb\xbf" "c\xc2\xad"), "a\\u{200B}b\\u{FEFF}c\\u{AD}"},
        {"line separators", BYTES("a\xe2\x80\xa8" "b\xe2\x80\xa9"), "a\\u{2028}b\\u{2029}"},
        {"tags", BYTES("a\xf3\xa0\x81\xa1"), "a\\u{E0061}"},
        {"non-characters", BYTES("\xef\xbf\xbf\xf0\x9f\xbf\xbe"), "\\u{FFFF}\\u{1FFFE}"},
        {"quotes and backslash", BYTES("\"'`\\"), "\\\"\\'\\`\\\\"},
        {"an escape that was there before", BYTES("\\x0A"), "\\\\x0A"},
        {"markup stays", BYTES("<b>&amp;</b>"), "<b>&amp;</b>"},
        {"empty", BYTES(""), ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = mu_escape_dup(cases[i].in, cases[i].len);
        if (strcmp(out, cases[i].out) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].name, out, cases[i].out);
        free(out);
    }
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char out[MU_SHOWN_SIZE], text[400];
    assert_string_equal(mu_escape_to(out, "a\n\xc3\xab"), "a\\x0A\xc3\xab");
    memset(text, 'x', sizeof text);
    text[252] = 0;
    assert_string_equal(mu_escape_to(out, text), text);
    text[252] = 'x';
    text[251] = '\n';
    text[399] = 0;
    mu_escape_to(out, text);
    assert_int_equal(strlen(out), 254);
    assert_string_equal(out + 248, "xxx...");
}

/* Whatever comes in: no control byte, no bare quote, and escaping is injective enough to be told apart. */
static void every_pair_of_bytes_is_safe(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            uint8_t in[2] = {(uint8_t)a, (uint8_t)b};
            char *out = mu_escape_dup(in, 2);
            for (char *p = out; *p; p++) {
                assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
                if (*p == '\\')
                    p++;
                else
                    assert_null(memchr("\"'`", *p, 3));
            }
            free(out);
        }
}

static void numbers_are_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        long value;
    } cases[] = {
        {"0", true, 0}, {"-5", true, -5}, {"65535", true, 65535}, {"9223372036854775807", true, LONG_MAX},
        {"-9223372036854775808", true, LONG_MIN}, {"9223372036854775808", false, 0}, {"", false, 0}, {"-", false, 0},
        {"1x", false, 0}, {" 1", false, 0}, {"0x10", false, 0}, {"+1", false, 0}, {"1e3", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long value = 77;
        assert_int_equal(mu_str_to_long(cases[i].text, LONG_MIN, LONG_MAX, &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 77));
    }
    long value = 0;
    assert_true(mu_str_to_long("10", 10, 20, &value));
    assert_false(mu_str_to_long("9", 10, 20, &value));
    assert_false(mu_str_to_long("21", 10, 20, &value));
}

static void distance_finds_typing_errors(void **state)
{
    (void)state;
    assert_int_equal(mu_str_distance("serve", "serve"), 0);
    assert_int_equal(mu_str_distance("sevre", "serve"), 1);
    assert_int_equal(mu_str_distance("key-stor", "key-store"), 1);
    assert_int_equal(mu_str_distance("lba", "lab"), 1);
    assert_int_equal(mu_str_distance("", "abc"), 3);
    assert_int_equal(mu_str_distance("lab", "keytool"), 4);
}

static void small_helpers(void **state)
{
    (void)state;
    assert_true(mu_str_eq_nocase("PKCS12", "pkcs12"));
    assert_false(mu_str_eq_nocase("pkcs", "pkcs12"));
    assert_false(mu_str_eq_nocase("pkcs12", "pkcs"));
    assert_true(mu_str_has_prefix("pass:x", "pass:"));
    assert_false(mu_str_has_prefix("pas", "pass:"));
    mu_strlist list = {0};
    assert_int_equal(mu_strlist_add(&list, "a"), 0);
    assert_int_equal(mu_strlist_add(&list, "b"), 0);
    assert_string_equal(list.items[1], "b");
    mu_strlist_free(&list);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_is_made_safe),   cmocka_unit_test(every_pair_of_bytes_is_safe),
        cmocka_unit_test(numbers_are_whole),           cmocka_unit_test(distance_finds_typing_errors),
        cmocka_unit_test(small_helpers),               cmocka_unit_test(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

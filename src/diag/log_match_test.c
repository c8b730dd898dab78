#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "diag/log_match.h"
#include <string.h>

static const char *const phrases[] = {"self signed", "signed cert", " word ", "gned", "self signed", "alert: no"};

struct hits {
    unsigned count[6];
    size_t end[6];
};

static void hit(void *arg, uint32_t id, size_t end)
{
    struct hits *hits = arg;
    hits->count[id]++;
    hits->end[id] = end;
}

static mu_matcher *make(void)
{
    mu_matcher *matcher = mu_matcher_new();
    assert_non_null(matcher);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(mu_matcher_add(matcher, phrases[i], strlen(phrases[i]), i), 0);
    assert_int_equal(mu_matcher_finish(matcher), 0);
    return matcher;
}

/* In pieces of that length; end counts from the beginning of a piece. */
static struct hits run(const char *text, size_t len, size_t piece)
{
    mu_matcher *matcher = make();
    mu_match_state state = {.between = true};
    struct hits hits = {0};
    for (size_t i = 0; i < len; i += piece)
        mu_matcher_run(matcher, &state, (const uint8_t *)text + i, len - i < piece ? len - i : piece, hit, &hits);
    mu_matcher_free(matcher);
    return hits;
}

static void case_and_punctuation_do_not_count(void **state)
{
    (void)state;
    static const char *const texts[] = {"self signed", "SELF_SIGNED", "Self-Signed", "a self\r\n   signed x", "self\\nsigned", "self\\tsigned",
                                        "self\x1b[31;1m \x1b[0msigned", "self\xc2\xa0signed", "self \"signed\"", "itself signed"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t piece = 1; piece < 40; piece += 6) {
            struct hits hits = run(texts[i], strlen(texts[i]), piece);
            if (hits.count[0] != 1 || hits.count[4] != 1 || hits.count[3] != 1 || hits.count[1] != 0)
                fail_msg("%s in pieces of %zu: %u %u", texts[i], piece, hits.count[0], hits.count[3]);
        }
    assert_int_equal(run("selfsigned", 10, 10).count[0], 0);
    assert_int_equal(run("s\0e\0l\0f\0 \0s\0i\0g\0n\0e\0d\0", 22, 22).count[0], 1); /* UTF-16 without its mark */
}

static void what_overlaps_is_found(void **state)
{
    (void)state;
    struct hits hits = run("x self signed cert, self signed", 31, 31);
    assert_int_equal(hits.count[0], 2);
    assert_int_equal(hits.count[1], 1);
    assert_int_equal(hits.count[3], 2);
    assert_int_equal(hits.end[1], 18);
    assert_int_equal(hits.end[0], 31);
}

static void edges_of_words(void **state)
{
    (void)state;
    assert_int_equal(run("a word, and", 11, 3).count[2], 1);
    assert_int_equal(run("word\n", 5, 5).count[2], 0); /* nothing stands before it: state.between swallows the separator */
    assert_int_equal(run("\nsword word1 word", 17, 17).count[2], 0);
    assert_int_equal(run("alert:no alert - NO", 19, 19).count[5], 2);
}

static void lengths_are_those_of_what_is_compared(void **state)
{
    (void)state;
    mu_matcher *matcher = make();
    assert_int_equal(mu_match_length(matcher, "self -- signed", 14), 11);
    assert_int_equal(mu_match_length(matcher, " word ", 6), 6);
    mu_matcher_free(matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_punctuation_do_not_count),
        cmocka_unit_test(what_overlaps_is_found),
        cmocka_unit_test(edges_of_words),
        cmocka_unit_test(lengths_are_those_of_what_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

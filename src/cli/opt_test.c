#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/opt.h"
#include <stdlib.h>
#include <string.h>

struct options {
    bool include, quiet;
    char *output, *password;
    long days;
    mu_strlist headers, definitions;
    int auth, trace;
};

static const mu_opt table[] = {
    {"include", 'i', MU_OPT_FLAG, offsetof(struct options, include), NULL, "Headers too.", 0, 0},
    {"quiet", 'q', MU_OPT_FLAG, offsetof(struct options, quiet), NULL, "Less.", 0, 0},
    {"output", 'o', MU_OPT_TEXT, offsetof(struct options, output), "FILE", "Where to.", 0, 0},
    {"key-store-password", 0, MU_OPT_SECRET, offsetof(struct options, password), "P", "Password.", 0, 0},
    {"days", 0, MU_OPT_NUMBER, offsetof(struct options, days), "N", "Days.", -1, 400},
    {"header", 'H', MU_OPT_LIST, offsetof(struct options, headers), "LINE", "Header.", 0, 0},
    {"define", 'D', MU_OPT_DEFINE, offsetof(struct options, definitions), "NAME=VALUE", "Property.", 0, 0},
    {"client-auth", 0, MU_OPT_CHOICE, offsetof(struct options, auth), "none|want|need", "Auth.", 0, 0},
    {"trace", 0, MU_OPT_LEVEL, offsetof(struct options, trace), "more|most", "Trace.", 0, 0},
    {0},
};
static const mu_command command = {
    .name = "test", .synopsis = "URL", .options = table, .options_size = sizeof(struct options), .min_args = 1, .max_args = 2};

#define WORDS_MAX 16
struct line {
    struct options options;
    mu_strlist args;
    mu_err *err;
    char *argv[WORDS_MAX];
    int argc, rc;
};

/* argv must be writable, as main's is. */
static void parse(struct line *line, const char *const *words)
{
    memset(line, 0, sizeof *line);
    while (words[line->argc]) {
        line->argv[line->argc] = strdup(words[line->argc]);
        line->argc++;
    }
    line->rc = mu_opt_parse(&command, line->argc, line->argv, &line->options, &line->args, &line->err);
    assert_int_equal(line->rc < 0, line->err != NULL);
}

static void release(struct line *line)
{
    mu_opt_free(&command, &line->options);
    mu_strlist_free(&line->args);
    mu_err_free(line->err);
    while (line->argc > 0)
        free(line->argv[--line->argc]);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void all_forms_are_understood(void **state)
{
    (void)state;
    struct line l;
    parse(&l, WORDS("-iqo", "out", "--days=-1", "url", "-HA: b", "-H", "C: d", "--header=E: f=g", "--client-auth", "need",
                    "-Djavax.net.ssl.trustStore=a=b", "--", "--quiet"));
    assert_int_equal(l.rc, 0);
    assert_true(l.options.include && l.options.quiet);
    assert_string_equal(l.options.output, "out");
    assert_int_equal(l.options.days, -1);
    assert_int_equal(l.options.headers.count, 3);
    assert_string_equal(l.options.headers.items[0], "A: b");
    assert_string_equal(l.options.headers.items[2], "E: f=g");
    assert_int_equal(l.options.auth, 2);
    assert_string_equal(l.options.definitions.items[0], "javax.net.ssl.trustStore=a=b");
    assert_int_equal(l.args.count, 2);
    assert_string_equal(l.args.items[1], "--quiet");
    release(&l);

    parse(&l, WORDS("--output", "--quiet", "--output=last", "-"));
    assert_int_equal(l.rc, 0);
    assert_string_equal(l.options.output, "last");
    assert_false(l.options.quiet);
    assert_string_equal(l.args.items[0], "-");
    release(&l);
}

static void a_level_takes_its_word_attached_or_none(void **state)
{
    static const struct {
        const char *word;
        int level;
    } cases[] = {{"--trace", 1}, {"--trace=more", 2}, {"--trace=most", 3}, {"url", 0}};
    struct line l;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse(&l, WORDS(cases[i].word, "more"));
        assert_int_equal(l.rc, 0);
        assert_int_equal(l.options.trace, cases[i].level);
        assert_string_equal(l.args.items[l.args.count - 1], "more");
        release(&l);
    }
    parse(&l, WORDS("--trace=", "url"));
    assert_int_equal(l.rc, -1);
    assert_string_equal(l.err->hint, "--trace is one of more|most");
    release(&l);
}

static void secrets_leave_the_argument_vector(void **state)
{
    (void)state;
    struct line l;
    parse(&l, WORDS("--key-store-password", "pass:geheim", "url", "-Djavax.net.ssl.keyStorePassword=geheim", "-Djavax.x=seen"));
    assert_int_equal(l.rc, 0);
    assert_string_equal(l.options.password, "pass:geheim");
    assert_string_equal(l.options.definitions.items[0], "javax.net.ssl.keyStorePassword=geheim");
    assert_string_equal(l.argv[1], "*");
    assert_string_equal(l.argv[3], "-Djavax.net.ssl.keyStorePassword=*");
    assert_string_equal(l.argv[4], "-Djavax.x=seen");
    release(&l);
    parse(&l, WORDS("--key-store-password=geheim", "--key-store-password=", "url"));
    assert_int_equal(l.rc, 0);
    assert_string_equal(l.options.password, "");
    assert_string_equal(l.argv[0], "--key-store-password=*");
    release(&l);
}

static void mistakes_are_usage_errors(void **state)
{
    (void)state;
    static const struct {
        const char *words[4], *msg, *hint;
    } cases[] = {
        {{"u", "--outptu=geheim"}, "unknown option \"--outptu\"", "did you mean --output? All options: mutual test --help"},
        {{"u", "--head", "x"}, "unknown option \"--head\"", "did you mean --header? All options: mutual test --help"},
        {{"u", "-days", "5"}, "unknown option \"-days\"", "did you mean --days? All options: mutual test --help"},
        {{"u", "--zzzzzz"}, "unknown option \"--zzzzzz\"", "see: mutual test --help"},
        {{"u", "-z\033"}, "unknown option \"-z\\x1B\"", "see: mutual test --help"},
        {{"u", "--define", "a=b"}, "unknown option \"--define\"", "see: mutual test --help"},
        {{"u", "-D", "a=b"}, "\"-D\" needs a name and value, written together", "see: mutual test --help"},
        {{"u", "--output"}, "\"--output\" needs a value", "write --output FILE"},
        {{"u", "-o"}, "\"--output\" needs a value", "write --output FILE"},
        {{"u", "--quiet=yes"}, "\"--quiet\" takes no value", "see: mutual test --help"},
        {{"u", "--days", "401"}, "\"401\" is not possible here", "--days is a whole number from -1 to 400"},
        {{"u", "--days="}, "\"\" is not possible here", "--days is a whole number from -1 to 400"},
        {{"u", "--client-auth", "nee"}, "\"nee\" is not possible here", "--client-auth is one of none|want|need"},
        {{"u", "--client-auth", "none|want"}, "\"none|want\" is not possible here", "--client-auth is one of none|want|need"},
        {{"u", "v", "w"}, "\"w\" is one argument too many", "see: mutual test --help"},
        {{"-q"}, "something is missing: mutual test URL", "see: mutual test --help"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line l;
        parse(&l, cases[i].words);
        assert_int_equal(l.rc, -1);
        assert_int_equal(l.err->code, MU_E_USAGE);
        assert_string_equal(l.err->msg, cases[i].msg);
        assert_string_equal(l.err->hint, cases[i].hint);
        release(&l);
    }
}

static void help_comes_first_but_not_as_a_value(void **state)
{
    (void)state;
    struct line l;
    parse(&l, WORDS("--help", "--no-such"));
    assert_int_equal(l.rc, 1);
    release(&l);
    parse(&l, WORDS("-h"));
    assert_int_equal(l.rc, 1);
    release(&l);
    parse(&l, WORDS("--output", "--help", "url"));
    assert_int_equal(l.rc, 0);
    release(&l);
    parse(&l, WORDS("--", "--help"));
    assert_int_equal(l.rc, 0);
    release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_are_understood),
        cmocka_unit_test(a_level_takes_its_word_attached_or_none),
        cmocka_unit_test(secrets_leave_the_argument_vector),
        cmocka_unit_test(mistakes_are_usage_errors),
        cmocka_unit_test(help_comes_first_but_not_as_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

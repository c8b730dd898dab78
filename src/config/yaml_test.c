#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/yaml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All problems, one "LINE:COLUMN: text" a line; "" if there are none. */
static void problems_of(const char *text, size_t len, char out[4096])
{
    mu_mistakes problems = {.file = "x"};
    mu_yaml *root = NULL;
    mu_err *err = NULL;
    size_t used = 0;
    out[0] = 0;
    assert_int_equal(mu_yaml_parse((const uint8_t *)text, len, &problems, &root, &err), 0);
    assert_null(err);
    assert_true(root || problems.count);
    if (mu_mistakes_fail(&problems, &err) != 0)
        for (const mu_err *e = err->cause; e; e = e->cause)
            used += used < 4000 ? (size_t)snprintf(out + used, 4096 - used, "%s\n", e->msg + 2) : 0;
    mu_err_free(err);
    mu_mistakes_done(&problems);
    mu_yaml_free(root);
}

static void a_document(void **state)
{
    (void)state;
    static const char text[] = "a: 1\nb: [x, \"y, z\"]\n'c':\n  d: ~\n";
    mu_mistakes problems = {.file = "x"};
    mu_yaml *root = NULL;
    assert_int_equal(mu_yaml_parse((const uint8_t *)text, strlen(text), &problems, &root, NULL), 0);
    assert_int_equal(problems.count, 0);
    const mu_yaml *a = mu_yaml_get(root, "a"), *b = mu_yaml_get(root, "b"), *d = mu_yaml_get(mu_yaml_get(root, "c"), "d");
    assert_string_equal(a->text, "1");
    assert_true(a->plain);
    assert_int_equal(b->kind, MU_YAML_LIST);
    assert_int_equal(b->count, 2);
    assert_string_equal(b->items[1]->text, "y, z");
    assert_false(b->items[1]->plain);
    assert_true(mu_yaml_is_null(d));
    assert_int_equal(d->line, 4);
    assert_int_equal(d->column, 6);
    assert_int_equal(d->key_column, 3);
    assert_null(mu_yaml_get(root, "d"));
    mu_yaml_free(root);
}

static const struct {
    const char *text, *problems;
} refused[] = {
    {"", "1:1: the file is empty\n"},
    {"# nothing\n", "1:1: the file is empty\n"},
    {"a: 1\nb: 2\na: 3\n", "3:1: \"a\" stands here a second time; before in line 1\n"},
    {"a: &x 1\nb: *x\n", "1:4: anchors are not allowed: write the value where it belongs\n"
                         "2:4: aliases are not allowed: write the value where it belongs\n"},
    {"a: !!str 1\nb: !x {c: 2}\n", "1:4: tags are not allowed\n2:4: tags are not allowed\n"},
    {"a:\n  <<: {b: 1}\n", "2:3: merge keys are not allowed: use the section \"defaults\"\n"},
    {"a: 1\n---\nb: 2\n", "2:1: a second document is not allowed\n"},
    {"[a]: 1\nb: 2\nb: 3\n", "1:1: a key must be text, not a list\n3:1: \"b\" stands here a second time; before in line 2\n"},
    {"a: \"\\0\"\n", "1:4: a NUL character is not allowed\n"},
    {"a: 1\n b: 2\n", "2:3: mapping values are not allowed in this context\n"},
    {"a: [1\n", "2:1: did not find expected ',' or ']'\n"},
    {"\xff\xff", "1:1: invalid leading UTF-8 octet\n"},
};

static void all_mistakes_in_one_pass(void **state)
{
    (void)state;
    char out[4096];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        problems_of(refused[i].text, strlen(refused[i].text), out);
        assert_string_equal(out, refused[i].problems);
    }
}

static void hostile_files_are_bounded(void **state)
{
    (void)state;
    size_t len = 1 << 20;
    char *text = malloc(len), out[4096];
    memset(text, '[', len);
    problems_of(text, len, out);
    assert_string_equal(out, "1:17: this is nested too deeply\n");
    for (size_t i = 0; i < len; i += 2)
        memcpy(text + i, "-\n", 2);
    problems_of(text, len, out);
    assert_non_null(strstr(out, "this is more than a file of this kind may hold\n"));
    for (size_t i = 0; i < len; i += 4)
        memcpy(text + i, "a: \n", 4);
    problems_of(text, 200000, out); /* the same key 50,000 times */
    assert_non_null(strstr(out, "stands here a second time"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document),
        cmocka_unit_test(all_mistakes_in_one_pass),
        cmocka_unit_test(hostile_files_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

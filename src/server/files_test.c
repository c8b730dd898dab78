#include "server/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char base[] = "/tmp/mutual-files-XXXXXX";

static void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* base/secret beside base/root, which holds what may be served */
static int make_tree(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(base));
    assert_int_equal(chdir(base), 0);
    put("secret", "secret");
    assert_int_equal(mkdir("root", 0755) | mkdir("root/sub", 0755) | mkdir("root/empty", 0755) | mkdir("root/.git", 0755), 0);
    put("root/index.html", "home");
    put("root/a.txt", "a");
    put("root/b c.TXT", "b c");
    put("root/plain", "p");
    put("root/sub/index.html", "sub");
    put("root/.hidden", "h");
    put("root/.git/config", "g");
    assert_int_equal(symlink("../secret", "root/out") | symlink("a.txt", "root/in") | symlink("..", "root/up") |
                         symlink("sub", "root/sublink") | mkfifo("root/fifo", 0644), 0);
    return 0;
}

static int remove_tree(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", base);
    return chdir("/") | system(command);
}

static const struct {
    const char *target;
    int status;
    const char *text, *type;
} cases[] = {
    {"/", 200, "home", "text/html; charset=utf-8"},
    {"/?/../x", 200, "home", "text/html; charset=utf-8"},
    {"/a.txt", 200, "a", "text/plain; charset=utf-8"},
    {"//a.txt", 200, "a", "text/plain; charset=utf-8"},
    {"/a.txt?../secret", 200, "a", "text/plain; charset=utf-8"},
    {"/%61.txt", 200, "a", "text/plain; charset=utf-8"},
    {"/b%20c.TXT", 200, "b c", "text/plain; charset=utf-8"},
    {"/plain", 200, "p", "application/octet-stream"},
    {"/sub", 200, "sub", "text/html; charset=utf-8"},
    {"/sub/", 200, "sub", "text/html; charset=utf-8"},
    {"/empty", 404},
    {"/a.txt/", 404},
    {"/a.txt/x", 404},
    {"/nothing", 404},
    {"/../secret", 404},
    {"/sub/../../secret", 404},
    {"/sub/../a.txt", 404},
    {"/./a.txt", 404},
    {"/%2e%2e/secret", 404},
    {"/.%2e/secret", 404},
    {"/..%2fsecret", 404},
    {"/sub%2findex.html", 404},
    {"/sub%2f..%2f..%2fsecret", 404},
    {"/..\\secret", 404},
    {"/..%5csecret", 404},
    {"/%252e%252e/secret", 404},
    {"/..;/secret", 404},
    {"/out", 404},
    {"/in", 404},
    {"/up/secret", 404},
    {"/sublink/index.html", 404},
    {"/fifo", 404},
    {"/.hidden", 404},
    {"/%2ehidden", 404},
    {"/.git/config", 404},
    {"/a.txt%00", 400},
    {"/%00", 400},
    {"/a%", 400},
    {"/a%6", 400},
    {"/a%zz", 400},
    {"/\xc0\xae\xc0\xae/secret", 404},
    {"*", 404},
};

static void test_targets(void **state)
{
    int root = open("root", O_PATH | O_DIRECTORY);
    char text[16] = "";

    (void)state;
    assert_true(root >= 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_served_file file = {.fd = -1};
        int status = mu_served_file_open(root, cases[i].target, &file);
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].target, status);
        if (status != 200) {
            assert_int_equal(file.fd, -1);
            continue;
        }
        assert_string_equal(file.type, cases[i].type);
        assert_int_equal(file.size, strlen(cases[i].text));
        assert_int_equal(read(file.fd, text, sizeof text), file.size);
        assert_memory_equal(text, cases[i].text, file.size);
        close(file.fd);
    }
    close(root);
}

static void test_long_names(void **state)
{
    char target[600] = "/";
    int root = open("root", O_PATH | O_DIRECTORY);
    mu_served_file file;

    (void)state;
    memset(target + 1, 'a', 255);
    assert_int_equal(mu_served_file_open(root, target, &file), 404);
    memset(target + 1, 'a', 256);
    assert_int_equal(mu_served_file_open(root, target, &file), 404);
    close(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mu-set-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *text)
{
    mu_buf out;
    mu_buf_init(&out, 1 << 20);
    assert_int_equal(mu_file_read(path, 1 << 20, &out, NULL, NULL), 0);
    assert_string_equal(mu_buf_text(&out), text);
    mu_buf_free(&out);
}

static int count_files(void)
{
    DIR *dir = opendir(".");
    int count = -2; /* . and .. */
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static const mu_file_replace_options any = {.new_mode = 0600};

static size_t claim(mu_file_set *set, const char *path)
{
    size_t index = 99;
    mu_err *err = NULL;
    assert_int_equal(mu_file_set_claim(set, path, &index, &err), 0);
    assert_null(err);
    return index;
}

static void write_ok(mu_file_set *set, size_t index, const char *text)
{
    mu_err *err = NULL;
    assert_int_equal(mu_file_set_write(set, index, text, strlen(text), &any, &err), 0);
    assert_null(err);
}

static void refuses(int rc, mu_err **err, mu_code code)
{
    assert_int_equal(rc, -1);
    assert_non_null(*err);
    assert_int_equal((*err)->code, code);
    mu_err_free(*err);
    *err = NULL;
}

static void all_or_nothing(void **state)
{
    (void)state;
    mu_file_set *set = mu_file_set_new();
    put("old", "1");
    size_t first = claim(set, "old"), second = claim(set, "new"), unused = claim(set, "unused");
    (void)unused;
    write_ok(set, first, "2");
    write_ok(set, second, "3");
    assert_content("old", "1");
    assert_int_not_equal(access("new", F_OK), 0);
    assert_int_equal(mu_file_set_commit(set, NULL), 0);
    assert_content("old", "2");
    assert_content("new", "3");
    mu_file_set_free(set);
    assert_int_equal(count_files(), 2);

    set = mu_file_set_new();
    write_ok(set, claim(set, "old"), "4");
    write_ok(set, claim(set, "other"), "5");
    mu_file_set_free(set); /* without a commit nothing happened */
    assert_content("old", "2");
    assert_int_equal(count_files(), 2);
}

static void a_change_meanwhile_stops_all(void **state)
{
    (void)state;
    const mu_file_stamp nothing = {.exists = false};
    const mu_file_replace_options fresh = {.new_mode = 0600, .stamp = &nothing};
    mu_file_set *set = mu_file_set_new();
    mu_err *err = NULL;
    put("a", "1");
    write_ok(set, claim(set, "a"), "2");
    size_t index = claim(set, "b");
    assert_int_equal(mu_file_set_write(set, index, "x", 1, &fresh, &err), 0);
    put("b", "somebody's");
    refuses(mu_file_set_commit(set, &err), &err, MU_E_STORE_CHANGED);
    assert_content("a", "1"); /* not even the first */
    assert_content("b", "somebody's");
    mu_file_set_free(set);
}

static void a_file_once(void **state)
{
    (void)state;
    mu_file_set *set = mu_file_set_new();
    mu_err *err = NULL;
    size_t index;
    put("a", "1");
    assert_int_equal(symlink("a", "link"), 0);
    claim(set, "a");
    claim(set, "b");
    refuses(mu_file_set_claim(set, "link", &index, &err), &err, MU_E_USAGE);
    refuses(mu_file_set_claim(set, "./b", &index, &err), &err, MU_E_USAGE);
    refuses(mu_file_set_claim(set, "none/c", &index, &err), &err, MU_E_STORE_NOT_FOUND);
    mu_file_set_free(set);
}

/* In another process, as locks of one process could be shared. @return its cause, or 0 */
static mu_code claimed_elsewhere(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        mu_err *err = NULL;
        size_t index;
        mu_file_set *set = mu_file_set_new();
        int code = mu_file_set_claim(set, path, &index, &err) == 0 ? 0 : (int)err->code;
        mu_err_free(err);
        mu_file_set_free(set);
        _exit(code);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return (mu_code)WEXITSTATUS(status);
}

static void others_wait(void **state)
{
    (void)state;
    mu_file_set *set = mu_file_set_new();
    put("a", "1");
    assert_int_equal(mkdir("dir", 0700), 0);
    claim(set, "a");
    assert_int_equal(claimed_elsewhere("a"), MU_E_STORE_LOCKED);
    assert_int_equal(claimed_elsewhere("dir/new"), 0);
    claim(set, "dir/new");
    assert_int_equal(claimed_elsewhere("dir/new"), MU_E_STORE_LOCKED);
    mu_file_set_free(set);
    assert_int_equal(claimed_elsewhere("a"), 0);
    assert_int_equal(claimed_elsewhere("dir/new"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_meanwhile_stops_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_once, setup, teardown),
        cmocka_unit_test_setup_teardown(others_wait, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

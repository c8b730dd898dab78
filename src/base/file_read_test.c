#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_error(const char *path, size_t max_bytes)
{
    mu_buf out;
    mu_err *err = NULL;
    int code;
    mu_buf_init(&out, 1 << 20);
    assert_int_equal(mu_file_read(path, max_bytes, &out, NULL, &err), -1);
    assert_int_equal(out.len, 0);
    code = (int)err->code;
    mu_err_free(err);
    mu_buf_free(&out);
    return code;
}

static void files_and_pipes_are_read_within_bounds(void **state)
{
    (void)state;
    char path[] = "/tmp/mu-file-XXXXXX", pipe_path[32];
    int fd = mkstemp(path), ends[2];
    mu_buf out;
    mu_file_stamp stamp = {0};
    mu_err *err = NULL;

    assert_int_equal(write(fd, "12345", 5), 5);
    close(fd);
    mu_buf_init(&out, 100);
    assert_int_equal(mu_file_read(path, 5, &out, &stamp, &err), 0);
    assert_null(err);
    assert_string_equal(mu_buf_text(&out), "12345");
    assert_true(stamp.exists);
    assert_int_equal(stamp.sha256[0], 0x59); /* printf 12345 | sha256sum */
    assert_int_equal(read_error(path, 4), MU_E_STORE_LIMIT_EXCEEDED);
    mu_buf_free(&out);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    snprintf(pipe_path, sizeof pipe_path, "/dev/fd/%d", ends[0]);
    assert_int_equal(mu_file_read(pipe_path, 100, &out, NULL, &err), 0);
    assert_string_equal(mu_buf_text(&out), "piped");
    close(ends[0]);
    mu_buf_free(&out);

    assert_int_equal(read_error("/dev/zero", 100000), MU_E_STORE_LIMIT_EXCEEDED);
    assert_int_equal(read_error("/tmp", 100), MU_E_STORE_NOT_FOUND);
    unlink(path);
    assert_int_equal(read_error(path, 100), MU_E_STORE_NOT_FOUND);
    assert_int_equal(read_error("/etc/passwd/x", 100), MU_E_STORE_NOT_FOUND);
}

static void names_in_messages_are_escaped(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_buf out;
    mu_buf_init(&out, 10);
    assert_int_equal(mu_file_read("/tmp/a\n\"b", 10, &out, NULL, &err), -1);
    assert_string_equal(err->msg, "there is no file \"/tmp/a\\x0A\\\"b\"");
    mu_err_free(err);
}

static void no_permission_is_said(void **state)
{
    (void)state;
    char path[] = "/tmp/mu-file-XXXXXX";
    close(mkstemp(path));
    chmod(path, 0);
    if (geteuid() == 0 && seteuid(65534) < 0)
        skip();
    assert_int_equal(read_error(path, 100), MU_E_FILE_PERMISSION);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_pipes_are_read_within_bounds),
        cmocka_unit_test(names_in_messages_are_escaped),
        cmocka_unit_test(no_permission_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

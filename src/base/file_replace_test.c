#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOBODY 65534

static char folder[64];
static size_t most_at_once; /* that one write takes; 0: all */

/* In place of libc's: a file system may write less than it was given. */
ssize_t write(int fd, const void *data, size_t len)
{
    return syscall(SYS_write, fd, data, most_at_once && len > most_at_once ? most_at_once : len);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mu-replace-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_content(const char *path, const char *text)
{
    mu_buf out;
    mu_buf_init(&out, 1 << 20);
    assert_int_equal(mu_file_read(path, 1 << 20, &out, NULL, NULL), 0);
    assert_string_equal(mu_buf_text(&out), text);
    mu_buf_free(&out);
}

static mu_file_stamp stamp_of(const char *path)
{
    mu_file_stamp stamp;
    mu_buf out;
    mu_buf_init(&out, 1 << 20);
    assert_int_equal(mu_file_read(path, 1 << 20, &out, &stamp, NULL), 0);
    mu_buf_free(&out);
    return stamp;
}

static int count_files(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void replace_ok(const char *path, const char *text, const mu_file_stamp *stamp)
{
    mu_err *err = NULL;
    mu_file_replace_options options = {.new_mode = 0644, .stamp = stamp};
    if (mu_file_replace(path, text, strlen(text), &options, &err) != 0)
        fail_msg("%s: %s (%s)", path, err->msg, err->detail ? err->detail : "");
    assert_null(err);
}

/* @return the code; hint, if not NULL, must be part of the hint */
static mu_code replace_fails(const char *path, const char *text, const mu_file_stamp *stamp, const char *hint)
{
    mu_err *err = NULL;
    mu_file_replace_options options = {.new_mode = 0644, .stamp = stamp};
    mu_code code;
    assert_int_equal(mu_file_replace(path, text, strlen(text), &options, &err), -1);
    code = err->code;
    if (hint && !(err->hint && strstr(err->hint, hint)))
        fail_msg("\"%s\" is not in the hint: %s", hint, err->hint ? err->hint : "(none)");
    mu_err_free(err);
    return code;
}

static void a_new_file_has_exactly_its_mode(void **state)
{
    (void)state;
    struct stat st;
    mu_file_stamp nothing = {.exists = false};
    mode_t mask = umask(077);
    replace_ok("a", "one", &nothing);
    umask(mask);
    assert_content("a", "one");
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(count_files("."), 1);
    replace_ok("a", "", NULL);
    assert_content("a", "");

    umask(027);
    assert_int_equal(mu_file_mode(false), 0640);
    assert_int_equal(mu_file_mode(true), 0600);
    assert_int_equal(umask(mask), 027);

    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = 0;
    replace_ok(longest, "one", NULL);
    replace_ok(longest, "two", NULL);
    assert_content(longest, "two");
}

static void short_writes_are_continued(void **state)
{
    (void)state;
    put("a", "old", 0644);
    most_at_once = 5;
    replace_ok("a", "twelve bytes and some more", NULL);
    most_at_once = 0;
    assert_content("a", "twelve bytes and some more");
}

static void owner_mode_acl_and_attributes_are_kept(void **state)
{
    (void)state;
    /* version 2; user::rw- user:1234:r-- group::r-- mask::r-- other::--- */
    static const unsigned char acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 210, 4, 0, 0, 4, 0, 4, 0,
                                        255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};
    char value[64];
    struct stat before, after;
    bool has_user, has_acl;

    put("a", "old", 0600);
    if (getuid() == 0)
        assert_int_equal(chown("a", 1234, 2345), 0);
    has_user = setxattr("a", "user.note", "kept", 4, 0) == 0;
    has_acl = setxattr("a", "system.posix_acl_access", acl, sizeof acl, 0) == 0;
    assert_int_equal(stat("a", &before), 0);
    replace_ok("a", "new", NULL);
    assert_content("a", "new");
    assert_int_equal(stat("a", &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mode, after.st_mode);
    assert_int_equal(before.st_uid, after.st_uid);
    assert_int_equal(before.st_gid, after.st_gid);
    if (has_user)
        assert_int_equal(getxattr("a", "user.note", value, sizeof value), 4);
    if (has_acl) {
        assert_int_equal(getxattr("a", "system.posix_acl_access", value, sizeof value), sizeof acl);
        assert_memory_equal(value, acl, sizeof acl);
    }
    put("b", "old", 04755);
    replace_ok("b", "new", NULL);
    assert_int_equal(stat("b", &after), 0);
    assert_int_equal(after.st_mode & 07777, 04755);
    if (!has_user || !has_acl)
        print_message("this file system keeps no %s\n", has_user ? "ACL" : "attributes");
}

static void an_inherited_acl_is_not_added(void **state)
{
    (void)state;
    static const unsigned char acl[] = {2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 210, 4, 0, 0, 4, 0, 5, 0,
                                        255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};
    char value[64];
    put("a", "old", 0640);
    if (setxattr(".", "system.posix_acl_default", acl, sizeof acl, 0) < 0)
        skip();
    replace_ok("a", "new", NULL);
    assert_int_equal(getxattr("a", "system.posix_acl_access", value, sizeof value), -1);
    assert_int_equal(errno, ENODATA);
}

static void symbolic_links_are_followed(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(mkdir("sub", 0700), 0);
    put("sub/real", "old", 0600);
    assert_int_equal(symlink("real", "sub/second"), 0);
    assert_int_equal(symlink("sub/second", "first"), 0);
    replace_ok("first", "new", NULL);
    assert_content("sub/real", "new");
    assert_int_equal(lstat("first", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat("sub/second", &st), 0);
    assert_true(S_ISLNK(st.st_mode));

    assert_int_equal(symlink("../made", "sub/dangling"), 0);
    replace_ok("sub/dangling", "content", NULL);
    assert_content("made", "content");
    assert_int_equal(symlink("missing/file", "nowhere"), 0);
    assert_int_equal(replace_fails("nowhere", "x", NULL, NULL), MU_E_STORE_NOT_FOUND);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(replace_fails("loop", "x", NULL, NULL), MU_E_WRITE_FAILED);
}

static void what_is_no_ordinary_file_is_refused(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(replace_fails("pipe", "x", NULL, "ordinary"), MU_E_WRITE_FAILED);
    assert_int_equal(replace_fails("/dev/null", "x", NULL, "ordinary"), MU_E_WRITE_FAILED);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(replace_fails(".", "x", NULL, NULL), MU_E_STORE_NOT_FOUND);
    assert_int_equal(replace_fails("a/", "x", NULL, NULL), MU_E_STORE_NOT_FOUND);
    assert_int_equal(replace_fails("", "x", NULL, NULL), MU_E_STORE_NOT_FOUND);
    assert_int_equal(replace_fails("no/such", "x", NULL, NULL), MU_E_STORE_NOT_FOUND);
    assert_int_equal(count_files("."), 1);
}

static void a_change_by_someone_else_is_noticed(void **state)
{
    (void)state;
    mu_file_stamp stamp, nothing = {.exists = false};
    put("a", "one", 0600);
    stamp = stamp_of("a");
    replace_ok("a", "two", &stamp);
    assert_int_equal(replace_fails("a", "three", &stamp, "nothing was written"), MU_E_STORE_CHANGED);
    assert_content("a", "two");
    assert_int_equal(replace_fails("a", "three", &nothing, NULL), MU_E_STORE_CHANGED);
    unlink("a");
    assert_int_equal(replace_fails("a", "three", &stamp, NULL), MU_E_STORE_CHANGED);
    assert_int_equal(count_files("."), 0);
    put("a", "one", 0600); /* another file with the same content: nothing would be lost */
    replace_ok("a", "two", &stamp);
}

static void a_lock_is_waited_for_within_bounds(void **state)
{
    (void)state;
    put("a", "old", 0600);
    int fd = open("a", O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(replace_fails("a", "new", NULL, "wait"), MU_E_STORE_LOCKED);
    assert_content("a", "old");
    assert_int_equal(count_files("."), 1);
    close(fd);
    replace_ok("a", "new", NULL);
}

/* The lock we waited for was on a file that its holder has replaced: the new one counts. */
static void the_inode_is_checked_after_locking(void **state)
{
    (void)state;
    int ready[2], fd;
    struct stat st;
    char byte;
    pid_t child;

    put("a", "old", 0600);
    assert_int_equal(pipe(ready), 0);
    if ((child = fork()) == 0) {
        fd = open("a", O_RDONLY);
        flock(fd, LOCK_EX);
        (void)!write(ready[1], "x", 1);
        usleep(200 * 1000);
        put("b", "by child", 0640);
        rename("b", "a");
        _exit(0); /* and unlocks */
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    replace_ok("a", "new", NULL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_content("a", "new");
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    close(ready[0]);
    close(ready[1]);
}

/* Read, add one, write if unchanged; else again. */
static void increment(void)
{
    for (;;) {
        mu_file_stamp stamp;
        mu_buf out;
        char text[16];
        mu_file_replace_options options = {.stamp = &stamp};
        mu_buf_init(&out, 100);
        if (mu_file_read("counter", 100, &out, &stamp, NULL) < 0)
            _exit(1);
        snprintf(text, sizeof text, "%d", atoi(mu_buf_text(&out)) + 1);
        mu_buf_free(&out);
        if (mu_file_replace("counter", text, strlen(text), &options, NULL) == 0)
            return;
    }
}

static void no_update_is_lost(void **state)
{
    (void)state;
    int status;
    put("counter", "0", 0600);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            for (int n = 0; n < 20; n++)
                increment();
            _exit(0);
        }
    for (int i = 0; i < 3; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_content("counter", "60");
    assert_int_equal(count_files("."), 1);
}

static void what_a_killed_writer_left_is_removed(void **state)
{
    (void)state;
    const char *left = ".a.mutual-abcdef", *live = ".a.mutual-bcdefg", *other = ".ab.mutual-abcdef", *user = ".a.mutual-abcdefg";
    int fd;
    put(left, "secret", 0600);
    put(live, "being written", 0600);
    put(other, "of another file", 0600);
    put(user, "no name of ours", 0600);
    assert_true((fd = open(live, O_RDWR)) >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    replace_ok("a", "new", NULL);
    assert_int_equal(access(left, F_OK), -1);
    assert_content(live, "being written");
    assert_int_equal(count_files("."), 4);
    close(fd);
    assert_int_equal(link("a", left), 0); /* killed between giving the name and removing the temporary one */
    replace_ok("a", "newer", NULL);
    assert_int_equal(count_files("."), 3);
    assert_content("a", "newer");
}

static void as_nobody(bool on)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(on ? NOBODY : 0), 0);
}

static void missing_permission_leaves_the_file_alone(void **state)
{
    (void)state;
    put("a", "old", 0666);
    assert_int_equal(chmod(".", 0555), 0);
    as_nobody(true);
    assert_int_equal(replace_fails("a", "new", NULL, "directory"), MU_E_FILE_PERMISSION);
    assert_int_equal(replace_fails("b", "new", NULL, "directory"), MU_E_FILE_PERMISSION);
    as_nobody(false);
    assert_int_equal(chmod(".", 0777), 0);
    assert_content("a", "old");
    put("c", "old", 0444);
    as_nobody(true);
    assert_int_equal(replace_fails("c", "new", NULL, NULL), MU_E_FILE_PERMISSION);
    if (getuid() == 0) /* the owner cannot be kept */
        assert_int_equal(replace_fails("a", "new", NULL, "owner"), MU_E_FILE_PERMISSION);
    as_nobody(false);
    assert_content("a", "old");
    assert_int_equal(count_files("."), 2);
}

static void a_file_size_limit_leaves_the_file_alone(void **state)
{
    (void)state;
    struct rlimit before, small;
    put("a", "old", 0600);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mu_code code = replace_fails("a", "longer than four", NULL, "ulimit -f");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, MU_E_WRITE_FAILED);
    assert_content("a", "old");
    assert_int_equal(count_files("."), 1);
}

/* In a mount namespace of a child: a full, a read-only and a bind-mounted file. @return what went wrong, 77 if mounts are not
 * allowed */
static int try_mounts(void)
{
    static char big[200000];
    memset(big, 'x', sizeof big - 1);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("m", 0700) < 0 ||
        mount("tmpfs", "m", "tmpfs", 0, "size=65536") < 0)
        return 77;
    put("m/a", "old", 0600);
    if (replace_fails("m/a", big, NULL, "free some space") != MU_E_WRITE_FAILED || count_files("m") != 1)
        return 1;
    assert_content("m/a", "old");
    replace_ok("m/a", "fits", NULL);
    if (mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ||
        replace_fails("m/a", "x", NULL, "read-only") != MU_E_WRITE_FAILED ||
        replace_fails("m/b", "x", NULL, "read-only") != MU_E_WRITE_FAILED)
        return 2;
    put("source", "old", 0600);
    put("target", "", 0600);
    if (mount("source", "target", NULL, MS_BIND, NULL) < 0 ||
        replace_fails("target", "x", NULL, "mount point") != MU_E_WRITE_FAILED)
        return 3;
    assert_content("source", "old");
    return count_files(".") == 3 ? 0 : 4;
}

static void full_readonly_and_mounted_files_are_left_alone(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(try_mounts());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("mounts are not allowed here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_has_exactly_its_mode),
        TEST(short_writes_are_continued),
        TEST(owner_mode_acl_and_attributes_are_kept),
        TEST(an_inherited_acl_is_not_added),
        TEST(symbolic_links_are_followed),
        TEST(what_is_no_ordinary_file_is_refused),
        TEST(a_change_by_someone_else_is_noticed),
        TEST(a_lock_is_waited_for_within_bounds),
        TEST(the_inode_is_checked_after_locking),
        TEST(no_update_is_lost),
        TEST(what_a_killed_writer_left_is_removed),
        TEST(missing_permission_leaves_the_file_alone),
        TEST(a_file_size_limit_leaves_the_file_alone),
        TEST(full_readonly_and_mounted_files_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/file_internal.h"

#include "base/text.h"
#include "base/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_open(const char *shown, int errnum, mu_err **err)
{
    if (errnum == EACCES || errnum == EPERM)
        return mu_fail_errno(err, MU_E_FILE_PERMISSION, errnum, "may not read \"%s\"", shown);
    if (errnum == ENOENT || errnum == ENOTDIR)
        return mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errnum, "there is no file \"%s\"", shown);
    return mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errnum, "cannot open \"%s\"", shown);
}

#define WRITER_TRIES 30 /* of 100 ms: how long a pipe may be without a writer before there was a byte in it */

/* As read, also of a pipe that does not block: the end is only where a writer has been, or none comes. */
static ssize_t read_some(int fd, uint8_t *chunk, size_t size, bool began)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct stat st;
    for (int tries = 0;;) {
        ssize_t count = read(fd, chunk, size);
        bool busy = count < 0 && errno == EAGAIN;
        if (count < 0 && errno == EINTR)
            continue;
        if (!busy && (count != 0 || began || tries == WRITER_TRIES || fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode)))
            return count;
        tries += !busy;
        if (poll(&ready, 1, busy ? -1 : 100) > 0 && !busy && (ready.revents & POLLHUP) && !(ready.revents & POLLIN))
            began = true; /* there was one, and it is gone */
    }
}

static int read_all(int fd, const char *shown, size_t max_bytes, mu_buf *out, mu_err **err)
{
    uint8_t chunk[16384];
    ssize_t count;
    int rc = 0;

    while ((count = read_some(fd, chunk, sizeof chunk, out->len > 0)) != 0) {
        if (count < 0) {
            rc = mu_fail_errno(err, MU_E_STORE_DAMAGED, errno, "cannot read \"%s\"", shown);
            break;
        }
        if ((size_t)count > max_bytes - out->len) {
            rc = mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "\"%s\" is larger than %zu bytes", shown, max_bytes);
            break;
        }
        mu_buf_add(out, chunk, (size_t)count);
        if (out->failed) {
            rc = mu_fail_nomem(err);
            break;
        }
    }
    OPENSSL_cleanse(chunk, sizeof chunk);
    return rc;
}

int mu_file_stamp_of(const void *data, size_t len, mu_file_stamp *ret_stamp, mu_err **err)
{
    *ret_stamp = (mu_file_stamp){.exists = true};
    if (!EVP_Q_digest(NULL, "SHA256", NULL, data, len, ret_stamp->sha256, NULL))
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "no SHA-256");
    return 0;
}

int mu_file_read_fd(int fd, const char *shown, size_t max_bytes, mu_buf *out, mu_file_stamp *ret_stamp, mu_err **err)
{
    mu_buf content;
    int rc = -1;

    mu_buf_init_secret(&content, max_bytes);
    mu_buf_add(&content, "", 0);
    if (read_all(fd, shown, max_bytes, &content, err) < 0 ||
        (ret_stamp && mu_file_stamp_of(content.data, content.len, ret_stamp, err) < 0))
        goto out;
    if (out)
        mu_buf_add(out, content.data, content.len);
    if (out && out->failed)
        mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "\"%s\" is larger than expected here", shown);
    else
        rc = 0;
out:
    mu_buf_free(&content);
    return rc;
}

#define JAR_MAX_BYTES (512u << 20)

/* The "!" of "app.jar!/BOOT-INF/classes/server.p12", or NULL. */
static const char *find_member(const char *path)
{
    const char *jar = strstr(path, ".jar!/"), *war = strstr(path, ".war!/");
    return jar ? jar + 4 : war ? war + 4 : NULL;
}

static int read_entry(const mu_buf *jar, const char *name, const char *shown, mu_buf *out, mu_err **err)
{
    mu_zip zip = {0};
    const mu_zip_entry *entry;
    int rc = mu_zip_open(jar->data, jar->len, &zip, err);
    if (rc == 0 && !(entry = mu_zip_find(&zip, name)))
        rc = mu_fail(err, MU_E_STORE_NOT_FOUND, "there is no \"%s\"", shown);
    else if (rc == 0)
        rc = mu_zip_read(&zip, entry, out, err);
    mu_zip_done(&zip);
    return rc;
}

static int read_member(const char *path, const char *bang, const char *shown, size_t max_bytes, mu_buf *out,
                       mu_file_stamp *ret_stamp, mu_err **err)
{
    mu_buf jar, content;
    char *jar_path = mu_strndup(path, (size_t)(bang - path));
    int rc = jar_path ? 0 : mu_fail_nomem(err);

    mu_buf_init(&jar, JAR_MAX_BYTES);
    mu_buf_init_secret(&content, max_bytes);
    mu_buf_add(&content, "", 0);
    if (rc == 0)
        rc = mu_file_read(jar_path, JAR_MAX_BYTES, &jar, NULL, err);
    if (rc == 0)
        rc = read_entry(&jar, bang + 2, shown, &content, err);
    if (rc == 0 && ret_stamp)
        rc = mu_file_stamp_of(content.data, content.len, ret_stamp, err);
    if (rc == 0 && out)
        mu_buf_add(out, content.data, content.len);
    mu_buf_free(&jar);
    mu_buf_free(&content);
    free(jar_path);
    return rc;
}

/* Nobody has written into it, so that it was not even an empty file. */
static int fail_silent(const char *shown, mu_err **err)
{
    mu_fail_by(err, MU_E_STORE_NOT_FOUND, MU_BY_OS, "\"%s\" is a pipe, and nobody writes into it", shown);
    return mu_err_hint(err, "Name a file, or start the program that writes into it first. A pipe can be read once only.");
}

int mu_file_read(const char *path, size_t max_bytes, mu_buf *out, mu_file_stamp *ret_stamp, mu_err **err)
{
    int rc = -1, fd = -1;
    struct stat st = {0};
    size_t before = out ? out->len : 0;
    char *shown = mu_escape_dup(path, strlen(path));
    const char *bang = find_member(path);

    if (!shown)
        mu_fail_nomem(err);
    else if (bang && access(path, F_OK) != 0)
        rc = read_member(path, bang, shown, max_bytes, out, ret_stamp, err);
    else if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0 || fstat(fd, &st) < 0)
        fail_open(shown, errno, err);
    else if (S_ISDIR(st.st_mode))
        mu_fail_by(err, MU_E_STORE_NOT_FOUND, MU_BY_OS, "\"%s\" is a directory", shown);
    else
        rc = mu_file_read_fd(fd, shown, max_bytes, out, ret_stamp, err);
    if (rc == 0 && out && out->len == before && S_ISFIFO(st.st_mode))
        rc = fail_silent(shown, err);
    if (fd >= 0)
        close(fd);
    free(shown);
    return rc;
}

#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

static int fail_open(const char *shown, int errnum, mu_err **err)
{
    if (errnum == EACCES || errnum == EPERM)
        return mu_fail_errno(err, MU_E_FILE_PERMISSION, errnum, "may not read \"%s\"", shown);
    if (errnum == ENOENT || errnum == ENOTDIR)
        return mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errnum, "there is no file \"%s\"", shown);
    return mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errnum, "cannot open \"%s\"", shown);
}

static int read_all(int fd, const char *shown, size_t max_bytes, mu_buf *out, mu_err **err)
{
    uint8_t chunk[16384];
    ssize_t count;
    int rc = 0;

    while ((count = read(fd, chunk, sizeof chunk)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
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

static int make_stamp(const struct stat *st, const mu_buf *content, mu_file_stamp *ret_stamp, mu_err **err)
{
    *ret_stamp = (mu_file_stamp){
        .exists = true,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
    };
    if (!EVP_Q_digest(NULL, "SHA256", NULL, content->data, content->len, ret_stamp->sha256, NULL))
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "no SHA-256");
    return 0;
}

int mu_file_read(const char *path, size_t max_bytes, mu_buf *out, mu_file_stamp *ret_stamp, mu_err **err)
{
    int rc = -1, fd = -1;
    struct stat st;
    char *shown = mu_escape_dup(path, strlen(path));
    mu_buf content;

    mu_buf_init_secret(&content, max_bytes);
    if (!shown) {
        mu_fail_nomem(err);
        goto out;
    }
    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0) {
        fail_open(shown, errno, err);
        goto out;
    }
    if (fstat(fd, &st) < 0) {
        fail_open(shown, errno, err);
        goto out;
    }
    if (S_ISDIR(st.st_mode)) {
        mu_fail_by(err, MU_E_STORE_NOT_FOUND, MU_BY_OS, "\"%s\" is a directory", shown);
        goto out;
    }
    if (read_all(fd, shown, max_bytes, &content, err) < 0)
        goto out;
    mu_buf_add(&content, "", 0);
    if (ret_stamp && make_stamp(&st, &content, ret_stamp, err) < 0)
        goto out;
    mu_buf_add(out, content.data, content.len);
    if (out->failed) {
        mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "\"%s\" is larger than expected here", shown);
        goto out;
    }
    rc = 0;
out:
    if (fd >= 0)
        close(fd);
    mu_buf_free(&content);
    free(shown);
    return rc;
}

/* Source: NSS Key Log Format (SSLKEYLOGFILE), which OpenSSL's callback gives line by line. */
#include "config/key_log.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int close_with(int fd, int errnum)
{
    close(fd);
    errno = errnum;
    return -1;
}

static int open_private(const char *path)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && (st.st_mode & 077) && fchmod(fd, 0600) != 0))
        return close_with(fd, errno);
    return fd;
}

static int warn(const char *path, mu_strlist *warnings, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    char *text = mu_asprintf("the keys of every connection are written to \"%s\": whoever has it can decrypt them",
                             mu_escape_to(shown, path));
    int rc = text && mu_strlist_add(warnings, text) == 0 ? 0 : mu_fail_nomem(err);
    free(text);
    return rc;
}

int mu_key_log_open(const char *path, mu_key_log *ret_log, mu_strlist *warnings, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    ret_log->errnum = 0;
    ret_log->fd = path ? open_private(path) : -1;
    if (!path || ret_log->fd >= 0)
        return path ? warn(path, warnings, err) : 0;
    int errnum = errno;
    return mu_fail_errno(err, mu_file_write_code(errnum), errnum, "the key log \"%s\" cannot be written",
                         mu_escape_to(shown, path));
}

void mu_key_log_line(void *arg, const char *line)
{
    mu_key_log *log = arg;
    struct iovec parts[] = {{(void *)(uintptr_t)line, strlen(line)}, {(void *)(uintptr_t)"\n", 1}};
    ssize_t written = writev(log->fd, parts, 2);
    if (written != (ssize_t)parts[0].iov_len + 1)
        log->errnum = written < 0 ? errno : ENOSPC;
}

int mu_key_log_close(mu_key_log *log, mu_err **err)
{
    if (log->fd >= 0 && close(log->fd) != 0 && !log->errnum)
        log->errnum = errno;
    log->fd = -1;
    return log->errnum ? mu_fail_errno(err, MU_E_WRITE_FAILED, log->errnum, "the key log is incomplete") : 0;
}

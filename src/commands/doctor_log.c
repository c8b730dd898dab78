#include "commands/doctor.h"

#include "diag/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool mu_doctor_logs_given(const mu_doctor_options *o)
{
    return o->logs.count + o->client_logs.count + o->server_logs.count > 0;
}

static int fail_read(const char *path, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_code code = errno == ENOENT || errno == EISDIR ? MU_E_STORE_NOT_FOUND
                   : errno == EACCES                  ? MU_E_FILE_PERMISSION
                                                      : MU_E_STORE_DAMAGED;
    return mu_fail_by(err, code, MU_BY_CALLER, "the log \"%s\" cannot be read: %s", mu_escape_to(shown, path), strerror(errno));
}

static int read_log(mu_log *log, const char *path, mu_found_at side, mu_err **err)
{
    char piece[65536], shown[MU_SHOWN_SIZE];
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    ssize_t got = 0;

    if (fd < 0)
        return fail_read(path, err);
    if (mu_log_begin(log, is_stdin ? "standard input" : mu_escape_to(shown, path), side) != 0)
        rc = mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there are more than %d logs", MU_LOG_SOURCES_MAX);
    while (rc == 0 && ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0)
            mu_log_feed(log, piece, (size_t)got);
    if (got < 0)
        rc = fail_read(path, err);
    if (rc == 0)
        mu_log_end(log);
    if (!is_stdin)
        close(fd);
    return rc;
}

static int read_logs(mu_log *log, const mu_strlist *paths, mu_found_at side, mu_err **err)
{
    for (size_t i = 0; i < paths->count; i++)
        if (read_log(log, paths->items[i], side, err) != 0)
            return -1;
    return 0;
}

int mu_doctor_logs(const mu_doctor_options *o, mu_findings *findings, mu_err **err)
{
    mu_log *log = mu_log_new();
    int rc = -1;
    if (!log)
        return mu_fail_nomem(err);
    if (read_logs(log, &o->logs, MU_AT_UNKNOWN, err) == 0 && read_logs(log, &o->client_logs, MU_AT_CLIENT, err) == 0 &&
        read_logs(log, &o->server_logs, MU_AT_SERVER, err) == 0) {
        mu_log_findings(log, findings);
        rc = 0;
    }
    mu_log_free(log);
    return rc;
}

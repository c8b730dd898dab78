/*
 * Whose reservation is it? A process that reserves draws a random number and keeps that byte of ledger.db.lock locked for as long
 * as the ledger is open. The lock ends with the process, however that ends; so a reservation whose byte is free has lost its owner
 * and will never be confirmed, while one of a living process is left alone, whatever time that takes. (The lock belongs to the open
 * file description, POSIX.1-2024: it also works between two ledgers of one process, and closing another descriptor does not drop
 * it.)
 */
#include "base/file_internal.h"
#include "ca/ledger_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_lock(mu_ledger *ledger, mu_err **err)
{
    return mu_fail_errno(err, mu_file_write_code(errno), errno, "cannot use the lock \"%s.lock\"", ledger->path);
}

static int open_lock(mu_ledger *ledger, mu_err **err)
{
    char *path = mu_asprintf("%s.lock", ledger->file);
    if (!path)
        return mu_fail_nomem(err);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    if (fd < 0)
        return fail_lock(ledger, err);
    if (fchmod(fd, 0600) != 0) { /* whatever the umask */
        fail_lock(ledger, err);
        close(fd);
        return -1;
    }
    return fd;
}

int mu_ledger_own(mu_ledger *ledger, mu_err **err)
{
    int64_t owner;
    if (ledger->owner)
        return 0;
    sqlite3_randomness(sizeof owner, &owner);
    owner = (owner & INT64_C(0x3fffffffffffffff)) | 1;
    int fd = open_lock(ledger, err);
    if (fd < 0)
        return -1;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)owner, .l_len = 1};
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        fail_lock(ledger, err);
        close(fd);
        return -1;
    }
    ledger->lock_fd = fd;
    ledger->owner = owner;
    return 0;
}

/* In doubt alive: then the row stays reserved, and the next one who opens the ledger looks again. */
static bool is_alive(const mu_ledger *ledger, int fd, int64_t owner)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)owner, .l_len = 1};
    return owner == ledger->owner || fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static int abandon(mu_ledger *ledger, int64_t owner, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "UPDATE certificate SET state = 'abandoned', owner = NULL WHERE owner = ?1", &stmt, err) != 0)
        return -1;
    sqlite3_bind_int64(stmt, 1, owner);
    return mu_ledger_finish(ledger, stmt, &changes, err);
}

int mu_ledger_settle(mu_ledger *ledger, mu_err **err)
{
    sqlite3_stmt *stmt;
    int fd = -1, rc = 0;
    if (mu_ledger_prepare(ledger, "SELECT DISTINCT owner FROM certificate WHERE owner > ?1 ORDER BY owner LIMIT 1", &stmt, err) !=
        0)
        return -1;
    /* One after the other, because the write would disturb a walk. */
    for (int64_t owner = 0; rc == 0; sqlite3_reset(stmt)) {
        sqlite3_bind_int64(stmt, 1, owner);
        if (sqlite3_step(stmt) != SQLITE_ROW)
            break;
        owner = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        if (fd < 0 && (fd = open_lock(ledger, err)) < 0)
            rc = -1;
        else if (!is_alive(ledger, fd, owner))
            rc = abandon(ledger, owner, err);
    }
    sqlite3_finalize(stmt);
    if (fd >= 0)
        close(fd);
    return rc;
}

int mu_ledger_sync_folder(mu_ledger *ledger, mu_err **err)
{
    if (ledger->folder_synced)
        return 0;
    const char *slash = strrchr(ledger->file, '/');
    char *dir = slash ? mu_strndup(ledger->file, (size_t)(slash - ledger->file) + 1) : mu_strdup(".");
    if (!dir)
        return mu_fail_nomem(err);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    free(dir);
    if (fd < 0 || (mu_os_sync(fd) != 0 && errno != EINVAL && errno != ENOTSUP))
        rc = mu_fail_errno(err, MU_E_WRITE_FAILED, errno, "\"%s\" is written, but its folder could not be synced to the disk",
                           ledger->path);
    ledger->folder_synced = rc == 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

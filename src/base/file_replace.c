#include "base/file_internal.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's */
#define LOCK_TRIES 100
#define LOCK_PAUSE_MS 20
#define OLD_MAX_BYTES ((size_t)1 << 30)

struct errno_hint {
    int errnum;
    const char *hint;
};

static const struct errno_hint hints[] = {
    {ENOSPC, "free some space on that file system; the old file is as it was"},
    {EDQUOT, "the disk quota of this user is used up: free some space or have it raised; the old file is as it was"},
    {EROFS, "the file system is mounted read-only: write elsewhere, or have it remounted"},
    {EBUSY, "the file itself is a mount point (as in a container): mount its directory instead, or write elsewhere and copy"},
    {EXDEV, "the file lies on another file system than its directory (a mount or overlay): mount the directory, or write elsewhere "
            "and copy"},
    {EFBIG, "raise the limit of this process on file sizes (ulimit -f); the old file is as it was"},
    {EIO, "the disk reports an error: look at the kernel's log (dmesg) and do not rely on that disk"},
    {ENAMETOOLONG, "choose a shorter name"},
    {EACCES, "the new file is written beside the old one: this user needs write permission on the file and on its directory"},
    {EPERM, "the system forbids it even so: look for the attributes immutable or append-only (lsattr) and for a sticky directory"},
};

mu_code mu_file_write_code(int errnum)
{
    return errnum == EACCES || errnum == EPERM                         ? MU_E_FILE_PERMISSION
           : errnum == ENOENT || errnum == ENOTDIR || errnum == EISDIR ? MU_E_STORE_NOT_FOUND
                                                                       : MU_E_WRITE_FAILED;
}

int mu_file_job_fail(mu_file_job *job, int errnum, const char *what)
{
    mu_fail_errno(job->err, mu_file_write_code(errnum), errnum, "cannot write \"%s\": %s", job->shown, what);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].errnum == errnum)
            mu_err_hint(job->err, "%s", hints[i].hint);
    return -1;
}

static const char made_meanwhile[] = "was made by someone else meanwhile";

static int fail_changed(mu_file_job *job, const char *how)
{
    mu_fail(job->err, MU_E_STORE_CHANGED, "\"%s\" %s", job->shown, how);
    return mu_err_hint(job->err, "nothing was written; look at the file, then repeat the command");
}

/* path with its last component replaced by a link's target, which may be relative to the link's directory. New memory. */
static char *beside(const char *path, const char *target)
{
    const char *slash = strrchr(path, '/');
    if (*target == '/' || !slash)
        return mu_strdup(target);
    return mu_asprintf("%.*s/%s", (int)(slash - path), path, target);
}

/* Follow symbolic links by hand, because the last one may point to a file that is still to be made. */
static int resolve(mu_file_job *job, const char *path)
{
    char target[PATH_MAX];
    const char *slash;
    ssize_t len;

    job->path = mu_strdup(path);
    for (int links = 0; job->path && (len = readlink(job->path, target, sizeof target - 1)) >= 0; links++) {
        char *next;
        if (links == LINKS_MAX)
            return mu_file_job_fail(job, ELOOP, "symbolic links that lead to each other");
        target[len] = 0;
        next = beside(job->path, target);
        free(job->path);
        job->path = next;
    }
    if (!job->path)
        return mu_fail_nomem(job->err);
    slash = strrchr(job->path, '/');
    job->name = slash ? slash + 1 : job->path;
    if (!*job->name)
        return mu_file_job_fail(job, EISDIR, "it names a directory");
    return 0;
}

static int open_directory(mu_file_job *job)
{
    size_t len = (size_t)(job->name - job->path);
    char *dir = len ? mu_strndup(job->path, len) : mu_strdup(".");
    if (!dir)
        return mu_fail_nomem(job->err);
    job->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    return job->dir_fd < 0 ? mu_file_job_fail(job, errno, "its directory") : 0;
}

/* old_fd stays -1 if there is no old file. */
static int open_old(mu_file_job *job)
{
    job->old_fd = openat(job->dir_fd, job->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (job->old_fd < 0)
        return errno == ENOENT ? 0 : mu_file_job_fail(job, errno, "the old file");
    if (fstat(job->old_fd, &job->old) < 0)
        return mu_file_job_fail(job, errno, "the old file");
    if (!S_ISREG(job->old.st_mode)) {
        mu_fail_by(job->err, MU_E_WRITE_FAILED, MU_BY_CALLER, "\"%s\" is not a regular file", job->shown);
        return mu_err_hint(job->err, "name a file that does not exist yet, or an ordinary one");
    }
    return 0;
}

static void remove_temp(mu_file_job *job)
{
    if (job->temp[0])
        unlinkat(job->dir_fd, job->temp, 0);
    job->temp[0] = 0;
}

static bool is_still_the_same(const mu_file_job *job)
{
    struct stat now;
    return fstatat(job->dir_fd, job->name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == job->old.st_dev &&
           now.st_ino == job->old.st_ino;
}

int mu_file_lock(int fd)
{
    struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return -1;
}

int mu_file_job_fail_lock(mu_file_job *job, int errnum)
{
    if (errnum != EWOULDBLOCK) {
        mu_fail_errno(job->err, MU_E_STORE_LOCKED, errnum, "cannot lock \"%s\"", job->shown);
        return mu_err_hint(job->err, "its file system cannot lock: keep the file on a local disk");
    }
    mu_fail(job->err, MU_E_STORE_LOCKED, "\"%s\" is locked by another process", job->shown);
    return mu_err_hint(job->err, "wait until the other program has finished (lsof shows it)");
}

int mu_file_job_lock(mu_file_job *job)
{
    /* Whoever held the lock before us has probably put another file in place: then the lock on this one is worth nothing. */
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (open_old(job) < 0)
            return -1;
        if (job->old_fd < 0)
            return 0;
        if (mu_file_lock(job->old_fd) < 0)
            return mu_file_job_fail_lock(job, errno);
        if (is_still_the_same(job))
            return 0;
        close(job->old_fd);
        job->old_fd = -1;
    }
    return mu_file_job_fail_lock(job, EWOULDBLOCK);
}

static int make_temp(mu_file_job *job)
{
    job->temp_fd = mu_file_temp(job->dir_fd, job->name, job->temp);
    if (job->temp_fd >= 0)
        return 0;
    job->temp[0] = 0;
    return mu_file_job_fail(job, errno, "a temporary file beside it");
}

static int write_all(mu_file_job *job, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t count = write(job->temp_fd, data, len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return mu_file_job_fail(job, count < 0 ? errno : ENOSPC, "writing its new content");
        data += count;
        len -= (size_t)count;
    }
    return 0;
}

static int keep_owner_and_attributes(mu_file_job *job)
{
    struct stat temp;
    if (job->old_fd < 0)
        return 0;
    if (fstat(job->temp_fd, &temp) < 0)
        return mu_file_job_fail(job, errno, "its new content");
    if ((temp.st_uid != job->old.st_uid || temp.st_gid != job->old.st_gid) &&
        fchown(job->temp_fd, job->old.st_uid, job->old.st_gid) < 0) {
        mu_fail_errno(job->err, MU_E_FILE_PERMISSION, errno, "cannot keep the owner of \"%s\"", job->shown);
        mu_err_detail(job->err, "owner %ld, group %ld", (long)job->old.st_uid, (long)job->old.st_gid);
        return mu_err_hint(job->err, "run the command as the owner of the file, or as root");
    }
    if (mu_os_copy_attributes(job->old_fd, job->temp_fd) < 0) {
        mu_fail_errno(job->err, MU_E_FILE_PERMISSION, errno, "cannot keep the access list and attributes of \"%s\"", job->shown);
        return mu_err_hint(job->err, "getfacl and getfattr -m - show them; run the command as root, or remove what is not needed");
    }
    return 0;
}

static int compare(mu_file_job *job, const uint8_t *data, size_t len)
{
    uint8_t chunk[16384];
    size_t done = 0;
    ssize_t count;

    while ((count = pread(job->temp_fd, chunk, sizeof chunk, (off_t)done)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return mu_file_job_fail(job, errno, "reading back its new content");
        if ((size_t)count > len - done || memcmp(chunk, data + done, (size_t)count) != 0)
            break;
        done += (size_t)count;
    }
    OPENSSL_cleanse(chunk, sizeof chunk);
    return count == 0 && done == len ? 0 : mu_file_job_fail(job, EIO, "what was read back is not what was written");
}

/* As late as possible: a program that takes no lock may write at any time. */
int mu_file_job_check(mu_file_job *job, const mu_file_stamp *stamp)
{
    mu_file_stamp now;
    if (job->old_fd >= 0 && !is_still_the_same(job))
        return fail_changed(job, "was replaced by someone else meanwhile");
    if (job->old_fd < 0 && stamp && stamp->exists)
        return fail_changed(job, "has been removed since it was read");
    if (job->old_fd < 0)
        return faccessat(job->dir_fd, job->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? fail_changed(job, made_meanwhile) : 0;
    if (!stamp)
        return 0;
    if (!stamp->exists)
        return fail_changed(job, "exists already");
    if (lseek(job->old_fd, 0, SEEK_SET) < 0)
        return mu_file_job_fail(job, errno, "the old file");
    if (mu_file_read_fd(job->old_fd, job->shown, OLD_MAX_BYTES, NULL, &now, job->err) < 0)
        return -1;
    return memcmp(now.sha256, stamp->sha256, sizeof now.sha256) == 0 ? 0 : fail_changed(job, "has changed since it was read");
}

int mu_file_job_place(mu_file_job *job)
{
    if (job->old_fd >= 0) {
        if (renameat(job->dir_fd, job->temp, job->dir_fd, job->name) < 0)
            return mu_file_job_fail(job, errno, "putting the new file in place of the old one");
        job->temp[0] = 0;
    } else if (mu_os_publish(job->dir_fd, job->temp, job->name) < 0)
        return errno == EEXIST ? fail_changed(job, made_meanwhile)
                               : mu_file_job_fail(job, errno, "giving the new file its name");
    remove_temp(job);
    return 0;
}

int mu_file_job_sync_directory(mu_file_job *job)
{
    /* EINVAL: a file system that cannot do this (CIFS); it orders the rename itself */
    if (mu_os_sync(job->dir_fd) == 0 || errno == EINVAL || errno == ENOTSUP)
        return 0;
    mu_fail_errno(job->err, MU_E_WRITE_FAILED, errno, "\"%s\" is written, but its directory could not be synced", job->shown);
    return mu_err_hint(job->err, "the new content is in place, a power failure may undo it; look at the kernel's log (dmesg)");
}

int mu_file_job_open(mu_file_job *job, const char *path)
{
    if (!(job->shown = mu_escape_dup(path, strlen(path))))
        return mu_fail_nomem(job->err);
    if (resolve(job, path) < 0 || open_directory(job) < 0)
        return -1;
    mu_file_remove_leftovers(job->dir_fd, job->name);
    return 0;
}

int mu_file_job_begin(mu_file_job *job)
{
    if (job->old_fd >= 0 && mu_os_is_mount_point(job->old_fd)) /* the rename would say so, but too late for who signs in between */
        return mu_file_job_fail(job, EBUSY, "putting the new file in place of the old one");
    return make_temp(job) < 0 || keep_owner_and_attributes(job) < 0 ? -1 : 0;
}

int mu_file_job_fill(mu_file_job *job, const void *data, size_t len, mode_t new_mode)
{
    if (write_all(job, data, len) < 0)
        return -1;
    if (mu_os_sync(job->temp_fd) < 0)
        return mu_file_job_fail(job, errno, "syncing its new content to the disk");
    if (compare(job, data, len) < 0)
        return -1;
    /* The mode comes last: chown and the ACL change it. Until here nobody else could open the file. */
    if (fchmod(job->temp_fd, job->old_fd >= 0 ? job->old.st_mode & 07777 : new_mode) < 0)
        return mu_file_job_fail(job, errno, "setting its mode");
    return 0;
}

void mu_file_job_done(mu_file_job *job)
{
    remove_temp(job);
    if (job->temp_fd >= 0)
        close(job->temp_fd);
    if (job->old_fd >= 0)
        close(job->old_fd); /* the lock ends here */
    if (job->dir_fd >= 0)
        close(job->dir_fd);
    free(job->path);
    free(job->shown);
}

int mu_file_replace(const char *path, const void *data, size_t len, const mu_file_replace_options *options, mu_err **err)
{
    mu_err *reason = NULL;
    mu_file_job job = MU_FILE_JOB(&reason);
    int rc = -1;

    if (mu_file_job_open(&job, path) == 0 && mu_file_job_lock(&job) == 0 && mu_file_job_begin(&job) == 0 &&
        mu_file_job_fill(&job, data, len, options->new_mode) == 0 && mu_file_job_check(&job, options->stamp) == 0 &&
        mu_file_job_place(&job) == 0)
        rc = mu_file_job_sync_directory(&job);
    mu_file_job_done(&job);
    return rc == 0 ? 0 : mu_err_pass(err, reason);
}

mode_t mu_file_mode(bool secret)
{
    mode_t mask;
    if (secret)
        return 0600;
    mask = umask(077);
    umask(mask);
    return 0666 & ~mask;
}

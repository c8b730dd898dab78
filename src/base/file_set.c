/* Several files replaced as one generation. */
#include "base/file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 16
#define LOCK_TRIES 100

struct file {
    mu_file_job job;
    struct stat dir;
    int lock_fd; /* of a file that does not exist yet; else -1 */
    char lock[NAME_MAX + 1];
    bool written, has_stamp;
    mu_file_stamp stamp;
};

struct mu_file_set {
    struct file files[FILES_MAX];
    size_t count;
    mu_err *reason; /* where the jobs put it, until the caller gets it */
};

static int pass_reason(mu_file_set *set, mu_err **err)
{
    mu_err *reason = set->reason;
    set->reason = NULL;
    return mu_err_pass(err, reason);
}

mu_file_set *mu_file_set_new(void)
{
    return calloc(1, sizeof(mu_file_set));
}

static bool same_dir(const struct file *a, const struct file *b)
{
    return a->dir.st_dev == b->dir.st_dev && a->dir.st_ino == b->dir.st_ino;
}

/*
 * Two processes that make the same new file have no old one to lock: they meet at a lock file beside it. Removed by its holder, so
 * whoever gets the lock looks whether it is still the one at that name.
 */
static int lock_name(struct file *file)
{
    mu_file_job *job = &file->job;
    struct stat ours, there;
    snprintf(file->lock, sizeof file->lock, ".%.*s.mutual-locked", NAME_MAX - 16, job->name);
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        file->lock_fd = openat(job->dir_fd, file->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file->lock_fd < 0)
            return mu_file_job_fail(job, errno, "a lock file beside it");
        if (mu_file_lock(file->lock_fd) < 0)
            break;
        if (fstat(file->lock_fd, &ours) == 0 && fstatat(job->dir_fd, file->lock, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
            return 0;
        close(file->lock_fd);
        file->lock_fd = -1;
        errno = EWOULDBLOCK;
    }
    int errnum = errno;
    if (file->lock_fd >= 0)
        close(file->lock_fd); /* not ours to remove */
    file->lock_fd = -1;
    return mu_file_job_fail_lock(job, errnum);
}

static void file_done(struct file *file)
{
    if (file->lock_fd >= 0) {
        unlinkat(file->job.dir_fd, file->lock, 0);
        close(file->lock_fd);
    }
    mu_file_job_done(&file->job);
}

static int claim(const mu_file_set *set, struct file *file, const char *path)
{
    mu_file_job *job = &file->job;
    if (mu_file_job_open(job, path) < 0)
        return -1;
    if (fstat(job->dir_fd, &file->dir) < 0)
        return mu_fail_errno(job->err, MU_E_WRITE_FAILED, errno, "cannot look at the directory of \"%s\"", job->shown);
    for (size_t i = 0; i < set->count; i++)
        if (same_dir(&set->files[i], file) && strcmp(set->files[i].job.name, job->name) == 0)
            return mu_fail_by(job->err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is to be written twice", job->shown);
    if (mu_file_job_lock(job) < 0 || (job->old_fd < 0 && (lock_name(file) < 0 || mu_file_job_lock(job) < 0)))
        return -1;
    return mu_file_job_begin(job);
}

int mu_file_set_claim(mu_file_set *set, const char *path, size_t *ret_index, mu_err **err)
{
    if (set->count == FILES_MAX)
        return mu_fail(err, MU_E_INTERNAL, "more than %d files in a set", FILES_MAX);
    struct file *file = &set->files[set->count];
    *file = (struct file){.job = MU_FILE_JOB(&set->reason), .lock_fd = -1};
    if (claim(set, file, path) < 0) {
        file_done(file);
        return pass_reason(set, err);
    }
    *ret_index = set->count++;
    return 0;
}

static int check(struct file *file)
{
    return mu_file_job_check(&file->job, file->has_stamp ? &file->stamp : NULL);
}

int mu_file_set_write(mu_file_set *set, size_t index, const void *data, size_t len, const mu_file_replace_options *options,
                      mu_err **err)
{
    struct file *file = &set->files[index];
    if ((file->has_stamp = options->stamp != NULL))
        file->stamp = *options->stamp;
    if (mu_file_job_fill(&file->job, data, len, options->new_mode) < 0 || check(file) < 0)
        return pass_reason(set, err);
    file->written = true;
    return 0;
}

/* All are checked before the first is touched, and again, because a program that takes no lock may have written meanwhile. */
static int place(mu_file_set *set)
{
    size_t placed = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->files[i].written && check(&set->files[i]) < 0)
            return -1;
    for (size_t i = 0; i < set->count; i++) {
        if (set->files[i].written && mu_file_job_place(&set->files[i].job) < 0)
            return placed ? mu_err_detail(&set->reason, "replaced before: %zu other files", placed) : -1;
        placed += set->files[i].written;
    }
    return 0;
}

/* Each directory once. */
static int sync_directories(mu_file_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        bool again = !set->files[i].written;
        for (size_t k = 0; k < i && !again; k++)
            again = set->files[k].written && same_dir(&set->files[k], &set->files[i]);
        if (!again && mu_file_job_sync_directory(&set->files[i].job) < 0)
            return -1;
    }
    return 0;
}

int mu_file_set_commit(mu_file_set *set, mu_err **err)
{
    return place(set) < 0 || sync_directories(set) < 0 ? pass_reason(set, err) : 0;
}

void mu_file_set_free(mu_file_set *set)
{
    for (size_t i = 0; set && i < set->count; i++)
        file_done(&set->files[i]);
    free(set);
}

/* Several files replaced as one generation. */
#include "base/file_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16

struct file {
    mu_file_job job;
    struct stat dir;
    bool locks_dir, written, has_stamp;
    mu_file_stamp stamp;
};

struct mu_file_set {
    struct file files[FILES_MAX];
    size_t count;
};

mu_file_set *mu_file_set_new(void)
{
    return calloc(1, sizeof(mu_file_set));
}

static bool same_dir(const struct file *a, const struct file *b)
{
    return a->dir.st_dev == b->dir.st_dev && a->dir.st_ino == b->dir.st_ino;
}

/* Two processes that make the same new file have no old one to lock: they meet at the directory. */
static int lock_dir(const mu_file_set *set, struct file *file)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->files[i].locks_dir && same_dir(&set->files[i], file))
            return 0;
    file->locks_dir = mu_file_lock(file->job.dir_fd) == 0;
    /* Some file systems (NFS) cannot lock a directory; there the second process fails at its commit. */
    return file->locks_dir || errno != EWOULDBLOCK ? 0 : mu_file_job_fail_lock(&file->job, errno);
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
    if (mu_file_job_lock(job) < 0 || (job->old_fd < 0 && (lock_dir(set, file) < 0 || mu_file_job_lock(job) < 0)))
        return -1;
    return mu_file_job_begin(job);
}

int mu_file_set_claim(mu_file_set *set, const char *path, size_t *ret_index, mu_err **err)
{
    mu_err *reason = NULL;
    if (set->count == FILES_MAX)
        return mu_fail(err, MU_E_INTERNAL, "more than %d files in a set", FILES_MAX);
    struct file *file = &set->files[set->count];
    *file = (struct file){.job = MU_FILE_JOB(&reason)};
    if (claim(set, file, path) < 0) {
        mu_file_job_done(&file->job);
        return mu_err_pass(err, reason);
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
    mu_err *reason = NULL;
    file->job.err = &reason;
    if ((file->has_stamp = options->stamp != NULL))
        file->stamp = *options->stamp;
    if (mu_file_job_fill(&file->job, data, len, options->new_mode) < 0 || check(file) < 0)
        return mu_err_pass(err, reason);
    file->written = true;
    return 0;
}

/* All are checked before the first is touched, and again, because a program that takes no lock may have written meanwhile. */
static int place(mu_file_set *set, mu_err **reason)
{
    size_t placed = 0;
    for (size_t i = 0; i < set->count; i++) {
        set->files[i].job.err = reason;
        if (set->files[i].written && check(&set->files[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->files[i].written && mu_file_job_place(&set->files[i].job) < 0)
            return placed ? mu_err_detail(reason, "replaced before: %zu other files", placed) : -1;
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
    mu_err *reason = NULL;
    return place(set, &reason) < 0 || sync_directories(set) < 0 ? mu_err_pass(err, reason) : 0;
}

void mu_file_set_free(mu_file_set *set)
{
    for (size_t i = 0; set && i < set->count; i++)
        mu_file_job_done(&set->files[i].job);
    free(set);
}

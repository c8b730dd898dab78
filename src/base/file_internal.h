/** Between the files that read and replace files. */
#ifndef MU_BASE_FILE_INTERNAL_H
#define MU_BASE_FILE_INTERNAL_H

#include "base/file.h"
#include <limits.h>
#include <sys/stat.h>

/** As mu_file_read, from where an open file stands. shown: its name, escaped; out and ret_stamp may be NULL. */
int mu_file_read_fd(int fd, const char *shown, size_t max_bytes, mu_buf *out, mu_file_stamp *ret_stamp, mu_err **err);

/** Remove the temporary files that killed writers of that file left. Not while the file is locked: one may be the same file. */
void mu_file_remove_leftovers(int dir_fd, const char *name);
/**
 * A new file ".NAME.mutual-XXXXXX" (name in ret_temp) of mode 0600, locked while it is open.
 * @return a descriptor, or -1 with errno
 */
int mu_file_temp(int dir_fd, const char *name, char ret_temp[NAME_MAX + 1]);

/* What differs between operating systems. All return 0, or -1 with errno. */

/** Give new_fd the ACL and extended attributes of old_fd, and no inherited ones that old_fd has not. */
int mu_os_copy_attributes(int old_fd, int new_fd);
/** Give a file its final name unless there is one already (EEXIST). The first name may remain. */
int mu_os_publish(int dir_fd, const char *from, const char *to);
/** Is that file mounted by itself (into a container)? Then no other can take its place. */
bool mu_os_is_mount_point(int fd);
/** To the disk, not only to its cache. Never retried: after a failure the kernel may report success for pages it dropped. */
int mu_os_sync(int fd);

/** Lock a file against others that do; waits two seconds. @return 0, or -1 with errno (EWOULDBLOCK: held by others) */
int mu_file_lock(int fd);

/**
 * One file that is being replaced, in steps: open (finds file and directory), lock, begin (temporary file, with the old one's owner
 * and attributes), fill (written, synced, compared), check (the old file is still the expected one), place (renamed),
 * sync_directory. done removes the temporary file and ends the lock, at any time. All fail with an error in *err.
 */
typedef struct mu_file_job {
    char *shown; /* the caller's path, escaped */
    char *path;  /* of the real file; name points to its last component */
    const char *name;
    int dir_fd, old_fd, temp_fd; /* old_fd -1: there is no old file */
    struct stat old;
    char temp[NAME_MAX + 1]; /* "" if there is none to remove */
    mu_err **err;
} mu_file_job;

#define MU_FILE_JOB(reason) {.dir_fd = -1, .old_fd = -1, .temp_fd = -1, .err = (reason)}

int mu_file_job_open(mu_file_job *job, const char *path);
/** May be called again if there was no old file. */
int mu_file_job_lock(mu_file_job *job);
int mu_file_job_begin(mu_file_job *job);
int mu_file_job_fill(mu_file_job *job, const void *data, size_t len, mode_t new_mode);
int mu_file_job_check(mu_file_job *job, const mu_file_stamp *stamp);
int mu_file_job_place(mu_file_job *job);
int mu_file_job_sync_directory(mu_file_job *job);
void mu_file_job_done(mu_file_job *job);
/** Raise what a system call said: the cause of errnum, with its hint. */
int mu_file_job_fail(mu_file_job *job, int errnum, const char *what);
/** The error of a lock that could not be had. errnum: of mu_file_lock */
int mu_file_job_fail_lock(mu_file_job *job, int errnum);

#endif

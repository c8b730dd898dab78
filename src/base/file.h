/** Files: bounded reading, and replacement that loses nothing. */
#ifndef MU_BASE_FILE_H
#define MU_BASE_FILE_H

#include "base/buf.h"
#include <sys/types.h>

/** The version of a file that was read, so that a change by someone else is noticed before it is overwritten. */
typedef struct mu_file_stamp {
    bool exists;
    uint8_t sha256[32]; /* of the content */
} mu_file_stamp;

/**
 * Read a whole regular file, or a pipe, up to max_bytes: for a pipe's writer it waits for three seconds, then as long as there is
 * one. "-" is not special. "FILE.jar!/NAME" (also .war) is what the JAR holds under that name, unless there is such a file.
 * @param ret_stamp may be NULL
 * @return 0, or -1 with MU_E_STORE_NOT_FOUND (no such file, a directory), MU_E_FILE_PERMISSION,
 *         MU_E_STORE_LIMIT_EXCEEDED (too big), MU_E_STORE_DAMAGED (the disk cannot read it)
 */
int mu_file_read(const char *path, size_t max_bytes, mu_buf *out, mu_file_stamp *ret_stamp, mu_err **err);

/** The stamp of a file with that content. @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE */
int mu_file_stamp_of(const void *data, size_t len, mu_file_stamp *ret_stamp, mu_err **err);

typedef struct mu_file_replace_options {
    mode_t new_mode;            /* of a file that does not exist yet, exactly (the caller applies the umask if it should count) */
    const mu_file_stamp *stamp; /* what is expected there (exists=false: nothing); NULL: whatever is there may be replaced */
} mu_file_replace_options;

/**
 * Replace or create a file so that at every moment either the old or the new content is there, complete: temporary file in the same
 * directory, written, synced, read back and compared, renamed (linked, if new), directory synced; under a lock on the old file
 * whose inode is checked again after locking. A symbolic link is followed to the real file. Owner, mode, ACL and extended
 * attributes of an existing file are kept, or the write is refused; other hard links to it keep the old content. A file that may
 * not be written is not replaced either. Killed in between, it leaves at most a file ".NAME.mutual-XXXXXX" behind, which the next
 * replacement of the same file removes.
 * A program that has a limit on file sizes should ignore SIGXFSZ.
 * @return 0, or -1 with MU_E_STORE_LOCKED, MU_E_STORE_CHANGED, MU_E_FILE_PERMISSION, MU_E_STORE_NOT_FOUND (no such directory),
 *         MU_E_WRITE_FAILED (full, bind mount, other device …; hint says what to do); the old file is then untouched, but for one
 *         case that msg names: the directory could not be synced after the rename
 */
int mu_file_replace(const char *path, const void *data, size_t len, const mu_file_replace_options *options, mu_err **err);

/**
 * Several files replaced as one generation: claim all, decide what goes into them, write all, then commit. Until the commit
 * nothing has changed; the commit is renames alone, as everything else could still fail for want of space or permission. A crash,
 * or a failing disk, between two of its renames leaves the first files new and the last ones old, each complete: no file system
 * offers more. So whoever reads such a set should be able to tell a mixed one, and write it again.
 */
typedef struct mu_file_set mu_file_set;

/** @return NULL when out of memory */
mu_file_set *mu_file_set_new(void);
/**
 * Claim a file: its directory is writable, a temporary file is beside it with the owner and attributes of the old one, and the
 * old one is locked until the set is freed. If there is none, a lock file ".NAME.mutual-locked" keeps other sets away instead. Read
 * the old file after this.
 * @return 0, or -1 as mu_file_replace; MU_E_USAGE: the set has this file already
 */
int mu_file_set_claim(mu_file_set *set, const char *path, size_t *ret_index, mu_err **err);
/** Write a claimed file's content (once), synced and compared. @return 0, or -1 as mu_file_replace; the old file is untouched */
int mu_file_set_write(mu_file_set *set, size_t index, const void *data, size_t len, const mu_file_replace_options *options,
                      mu_err **err);
/**
 * Give every written file its name, in the order of the claims, and sync the directories.
 * @return 0, or -1 as mu_file_replace; if files were replaced before the one that failed, detail says how many
 */
int mu_file_set_commit(mu_file_set *set, mu_err **err);
/** What was not committed is removed; the locks end. */
void mu_file_set_free(mu_file_set *set);

/** The cause of such an errno: MU_E_FILE_PERMISSION, MU_E_STORE_NOT_FOUND (a folder is missing or in the way), else
 * MU_E_WRITE_FAILED. */
mu_code mu_file_write_code(int errnum);

/** 0600 if it holds a secret, otherwise 0666 less the umask: for new_mode. */
mode_t mu_file_mode(bool secret);

#endif

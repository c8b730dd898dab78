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
 * Read a whole regular file (or a pipe, up to max_bytes). "-" is not special.
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

/** The cause of such an errno: MU_E_FILE_PERMISSION, MU_E_STORE_NOT_FOUND (a folder is missing or in the way), else MU_E_WRITE_FAILED. */
mu_code mu_file_write_code(int errnum);

/** 0600 if it holds a secret, otherwise 0666 less the umask: for new_mode. */
mode_t mu_file_mode(bool secret);

#endif

/** Between the files that read and replace files. */
#ifndef MU_BASE_FILE_INTERNAL_H
#define MU_BASE_FILE_INTERNAL_H

#include "base/file.h"
#include <limits.h>

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
/** To the disk, not only to its cache. Never retried: after a failure the kernel may report success for pages it dropped. */
int mu_os_sync(int fd);

#endif

#include "base/file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <copyfile.h>
#include <sys/stdio.h>

int mu_os_copy_attributes(int old_fd, int new_fd)
{
    return fcopyfile(old_fd, new_fd, NULL, COPYFILE_ACL | COPYFILE_XATTR);
}

static int rename_new(int dir_fd, const char *from, const char *to)
{
    return renameatx_np(dir_fd, from, dir_fd, to, RENAME_EXCL);
}

bool mu_os_is_mount_point(int fd)
{
    (void)fd;
    return false;
}

int mu_os_sync(int fd)
{
    return fcntl(fd, F_FULLFSYNC) < 0 ? fsync(fd) : 0;
}

#else
#include <sys/stat.h>
#include <sys/xattr.h>

#define ATTRIBUTE_MAX 65536 /* XATTR_SIZE_MAX and XATTR_LIST_MAX of Linux */

static bool same_attribute(int fd, const char *name, const char *value, ssize_t len)
{
    char *present = malloc(ATTRIBUTE_MAX);
    bool same = present && fgetxattr(fd, name, present, ATTRIBUTE_MAX) == len && memcmp(present, value, (size_t)len) == 0;
    free(present);
    return same;
}

static int copy_attribute(int old_fd, int new_fd, const char *name)
{
    char *value = malloc(ATTRIBUTE_MAX);
    ssize_t len = value ? fgetxattr(old_fd, name, value, ATTRIBUTE_MAX) : -1;
    int rc = -1;
    /* A label that the system has given already need not, and often may not, be set. */
    if (len >= 0 && (same_attribute(new_fd, name, value, len) || fsetxattr(new_fd, name, value, (size_t)len, 0) == 0))
        rc = 0;
    free(value);
    return rc;
}

static bool in_list(const char *list, ssize_t len, const char *name)
{
    for (const char *p = list; p < list + len; p += strlen(p) + 1)
        if (strcmp(p, name) == 0)
            return true;
    return false;
}

int mu_os_copy_attributes(int old_fd, int new_fd)
{
    static const char acl[] = "system.posix_acl_access"; /* inherited from the directory's default ACL */
    char *list = malloc(ATTRIBUTE_MAX);
    ssize_t len = list ? flistxattr(old_fd, list, ATTRIBUTE_MAX) : -1;
    int rc = 0;

    if (list && len < 0 && (errno == ENOTSUP || errno == ENOSYS))
        len = 0;
    if (len < 0)
        rc = -1;
    for (char *name = list; rc == 0 && name < list + len; name += strlen(name) + 1)
        rc = copy_attribute(old_fd, new_fd, name);
    if (rc == 0 && !in_list(list, len, acl) && fremovexattr(new_fd, acl) < 0 && errno != ENODATA && errno != ENOTSUP)
        rc = -1;
    free(list);
    return rc;
}

static int rename_new(int dir_fd, const char *from, const char *to)
{
    return renameat2(dir_fd, from, dir_fd, to, RENAME_NOREPLACE);
}

bool mu_os_is_mount_point(int fd)
{
    struct statx found;
    return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) == 0 && (found.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int mu_os_sync(int fd)
{
    return fsync(fd);
}
#endif

int mu_os_publish(int dir_fd, const char *from, const char *to)
{
    if (linkat(dir_fd, from, dir_fd, to, 0) == 0)
        return 0;
    /* A file system without hard links (FAT, some network ones). */
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK || errno == EINVAL)
        return rename_new(dir_fd, from, to);
    return -1;
}

/*
 * The temporary file beside the one that is written. Its lock says that its maker lives: what a killed process left has none and is
 * removed by the next writer of the same file.
 */
#include "base/file_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX_LEN 6
#define TRIES 10

static void remove_unlocked(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dir_fd, name, 0);
    close(fd);
}

/* A long name is cut, so that the temporary one fits too. */
static void make_prefix(const char *name, char out[NAME_MAX + 1])
{
    snprintf(out, NAME_MAX + 1, ".%.*s.mutual-", NAME_MAX - 16, name);
}

void mu_file_remove_leftovers(int dir_fd, const char *name)
{
    char prefix[NAME_MAX + 1];
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t len;

    make_prefix(name, prefix);
    len = strlen(prefix);
    while (dir && (entry = readdir(dir)))
        if (strncmp(entry->d_name, prefix, len) == 0 && strlen(entry->d_name) == len + SUFFIX_LEN)
            remove_unlocked(dir_fd, entry->d_name);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
}

/* A remover may have come between making and locking. A file system without locks has no removers either. */
static bool lock(int fd)
{
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

static bool random_suffix(char out[SUFFIX_LEN + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t random[SUFFIX_LEN];
    bool ok = RAND_bytes(random, sizeof random) == 1;
    for (size_t i = 0; i < SUFFIX_LEN; i++)
        out[i] = ok ? letters[random[i] % 32] : 'a';
    out[SUFFIX_LEN] = 0;
    return ok;
}

int mu_file_temp(int dir_fd, const char *name, char ret_temp[NAME_MAX + 1])
{
    char prefix[NAME_MAX + 1], suffix[SUFFIX_LEN + 1];

    make_prefix(name, prefix);
    for (int tries = 0; tries < TRIES && random_suffix(suffix); tries++) {
        snprintf(ret_temp, NAME_MAX + 1, "%.*s%s", NAME_MAX - SUFFIX_LEN, prefix, suffix);
        int fd = openat(dir_fd, ret_temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || lock(fd))
            return fd;
        close(fd);
    }
    errno = EAGAIN;
    return -1;
}

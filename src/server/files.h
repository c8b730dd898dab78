/** Static files below one folder, and nothing beside it. */
#ifndef MU_SERVER_FILES_H
#define MU_SERVER_FILES_H

#include <stdint.h>

typedef struct mu_served_file {
    int fd;            /* owned by the caller */
    uint64_t size;
    const char *type;  /* static */
} mu_served_file;

/**
 * Open the regular file that a request target names. Every component is opened from the one before it without following symbolic
 * links, so that there is no path to escape by; names that start with a dot do not exist. A folder stands for its index.html.
 * @param target origin-form: "/a/b%20c?x"
 * @return 200, or 400 (not a path: damaged escapes, NUL), 404, 500 (no descriptors, a damaged disk)
 */
int mu_served_file_open(int root_fd, const char *target, mu_served_file *ret_file);

#endif

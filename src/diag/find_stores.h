/** Stores and PEM files of a folder, told by their content. */
#ifndef MU_DIAG_FIND_STORES_H
#define MU_DIAG_FIND_STORES_H

#include "base/text.h"

#define MU_FIND_MAX_DEPTH 8     /* folders below the one named */
#define MU_FIND_MAX_FILES 10000 /* looked at */

/** What finding tells; path is borrowed for the call. @return 0, or -1 to stop */
typedef struct mu_find_sink {
    int (*store)(void *arg, const char *path, mu_err **err);                      /* this looks like a store */
    int (*unreadable)(void *arg, const char *path, mu_err *reason, mu_err **err); /* takes the reason */
    int (*other)(void *arg, const char *path, const char *why, mu_err **err);     /* not a store */
    void *arg;
} mu_find_sink;

/**
 * Walk a folder, names in order. Hidden names are passed over, and links to folders (Kubernetes mounts a secret as links into a
 * hidden folder); links to files are followed. Nothing is read but regular files. A folder, or a file named like a store, that
 * may not be read is told as unreadable; so are the bounds, once they are reached.
 * @return 0, or -1 with what the sink said, or out of memory
 */
int mu_find_stores(const char *folder, const mu_find_sink *sink, mu_err **err);

#endif

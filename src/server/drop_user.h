/** Giving up root once the ports are bound and the stores are read. */
#ifndef MU_SERVER_DROP_USER_H
#define MU_SERVER_DROP_USER_H

#include <mutual/err.h>

/**
 * Become that user, with its primary group and no other, for good; checked afterwards. Before any thread is started.
 * @return 0, or -1 with MU_E_USAGE (no such user, or the user is root) or MU_E_FILE_PERMISSION (we may not)
 */
int mu_drop_user(const char *name, mu_err **err);

#endif

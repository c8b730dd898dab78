/** Which files of a folder are the four stores of a server and its client. */
#ifndef MU_DIAG_PAIR_DIR_H
#define MU_DIAG_PAIR_DIR_H

#include "config/settings.h"
#include "diag/finding.h"

/**
 * By their names (server or client in it, and trust or not), else by what they hold: a private key with the purpose, certificates
 * that the other side's key was issued by. Only files of the folder itself count. What was taken as what is noted; a place that
 * nothing fits stays empty, and one that is set already stays as it is.
 * @param owned gets the paths, which the settings borrow
 * @param password of all of them, as in config/password.h; NULL: MUTUAL_STORE_PASSWORD, or none
 * @return 0, or -1 with MU_E_STORE_NOT_FOUND (no such folder, nothing in it), out of memory, the password's source gives none
 */
int mu_pair_dir_find(OSSL_LIB_CTX *libctx, const char *folder, const char *password, mu_store_settings *server,
                     mu_store_settings *client, mu_strlist *owned, mu_findings *findings, mu_err **err);

#endif

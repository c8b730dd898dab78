/** CRLs from files and folders, for the options --crl. */
#ifndef MU_CONFIG_CRLS_H
#define MU_CONFIG_CRLS_H

#include "base/text.h"
#include <mutual/tls.h>

/**
 * Add every CRL (PEM or DER) of these files, and of the files in these folders, to the trust. From then on every level of a chain needs one.
 * @return 0, or -1 with MU_E_STORE_NOT_FOUND, MU_E_FILE_PERMISSION, MU_E_STORE_WRONG_TYPE (no CRL in it)
 */
int mu_crls_add(OSSL_LIB_CTX *libctx, const mu_strlist *paths, mu_trust *trust, mu_err **err);

#endif

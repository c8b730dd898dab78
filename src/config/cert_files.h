/** Certificates and CRLs from whatever files a user names. */
#ifndef MU_CONFIG_CERT_FILES_H
#define MU_CONFIG_CERT_FILES_H

#include "base/text.h"
#include <mutual/keystore.h>

/** What is wanted of a store; a PEM, DER or PKCS #7 file gives all its certificates in any case. */
typedef enum mu_cert_use {
    MU_CERTS_CHAIN,  /* the chain of a key entry, leaf first */
    MU_CERTS_ALL,    /* everything that could be an issuer */
    MU_CERTS_TRUSTED /* what a JVM would trust in it: trusted entries, and the leaf of each key entry */
} mu_cert_use;

typedef struct mu_cert_file {
    const char *path;
    const char *password; /* as in config/password.h; NULL: asked for only if the store does not open without */
    const char *alias;    /* CHAIN: of the key entry; NULL: the first */
    mu_cert_use use;
} mu_cert_file;

/**
 * Append a file's certificates to `certs`; references are taken.
 * @return 0, or -1 as mu_store_open and mu_certs_parse say; also MU_E_SERVER_ALIAS_NOT_FOUND, MU_E_KEYSTORE_NO_PRIVATE_KEY (CHAIN),
 *         MU_E_TRUSTSTORE_EMPTY, MU_E_P12_NO_JAVA_TRUST (TRUSTED)
 */
int mu_cert_file_read(OSSL_LIB_CTX *libctx, const mu_cert_file *file, STACK_OF(X509) *certs, mu_err **err);

/**
 * Append the CRLs (PEM or DER) of a file, or of all files *.crl and *.pem of a directory (not of those below it).
 * @return 0, or -1 with MU_E_STORE_NOT_FOUND (also a directory without such files), MU_E_FILE_PERMISSION, MU_E_PEM_GARBAGE,
 *         MU_E_STORE_DAMAGED
 */
int mu_crl_files_read(OSSL_LIB_CTX *libctx, const char *path, STACK_OF(X509_CRL) *crls, mu_err **err);

#endif

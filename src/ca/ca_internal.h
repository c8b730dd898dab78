#ifndef MU_CA_CA_INTERNAL_H
#define MU_CA_CA_INTERNAL_H

#include "ca/ca.h"

struct mu_ca {
    OSSL_LIB_CTX *libctx;
    char *dir;
    int lock_fd; /* of the folder, while authorities are made; else -1 */
    mu_ledger *ledger;
    mu_ledger_authority *authorities; /* oldest first; the root is the first */
    EVP_PKEY **keys;                  /* by authority; NULL while locked */
    size_t count;
};

/** An empty CA, with the path of its ledger in new memory (free). @return 0, or -1 when out of memory */
int mu_ca_new(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, char **ret_ledger_path, mu_err **err);
/** Index of the authority, or -1. */
int mu_ca_index(const mu_ca *ca, const char *name);
/** Read the authorities from the ledger again; unlocked keys stay. */
int mu_ca_reload(mu_ca *ca, mu_err **err);

/** When a certificate made now begins: backdated for clocks that are behind, but not to before its issuer. */
int64_t mu_ca_start_s(const X509 *issuer, int64_t now_s);

/** Reserve, sign, confirm. Of request issuer, alias, now_s and before_confirm count. authority_name: not NULL if the certificate
 * becomes an authority of this folder. */
int mu_ca_certify(mu_ca *ca, const mu_ca_request *request, EVP_PKEY *issuer_key, const mu_cert_spec *spec,
                  const char *authority_name, X509 **ret_cert, mu_err **err);

/** The folder, made if it is not there, held, and perhaps without a root yet. Fails as mu_ca_init and mu_ca_open. */
int mu_ca_open_or_make(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, mu_err **err);
int mu_ca_check_options(const mu_ca_authority_options *options, mu_err **err);
/** Not taken, neither by an authority nor by a request that waits for its certificate. @return 0, or -1 with MU_E_USAGE */
int mu_ca_check_new_name(const mu_ca *ca, const char *name, mu_err **err);
int mu_ca_write_file(const mu_ca *ca, const char *name, const char *suffix, bool secret, const char *text, mu_err **err);
int mu_ca_write_key(const mu_ca *ca, const char *name, const char *password, EVP_PKEY *key, mu_err **err);
/** The certificates' files that are missing, perhaps after a crash. */
int mu_ca_write_certs(const mu_ca *ca, mu_err **err);
/** Enter index, lists and number of what came in. Inside a transaction of the ledger. */
int mu_ca_import_history(mu_ca *ca, const char *authority, X509 *cert, const mu_ca_incoming *what, mu_err **err);

/** The profile's name that fits an existing certificate; "other" if none does. */
const char *mu_ca_profile_of(const X509 *cert);
/** Enter an existing certificate into the ledger, revoked unless revoked_s is 0. */
int mu_ca_enter(mu_ca *ca, const char *issuer, const X509 *cert, const char *alias, int64_t revoked_s, int reason, mu_err **err);
/** By name and signature. May leave entries in OpenSSL's error queue. */
bool mu_ca_signed_by(const X509 *issuer, X509 *cert);

#endif

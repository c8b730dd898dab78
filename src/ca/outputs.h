/**
 * What one service gets on disk: its private key with the chain, and the certificate that it trusts, in stores and PEM files. All
 * of them are one generation: written and checked as temporary files before the certificate is confirmed, and renamed together.
 */
#ifndef MU_CA_OUTPUTS_H
#define MU_CA_OUTPUTS_H

#include "ca/ca.h"

/** Text is borrowed; NULL: not wanted. Passwords and types as users give them (config/password.h, mu_store_type_parse). */
typedef struct mu_ca_outputs_spec {
    const char *alias;           /* of the key's entry; NULL (not for a new one): of the only key there */
    const char *trust_authority; /* whose certificate is trusted, and the alias of its entry; NULL: "root" */
    const char *key_store, *key_store_password, *key_store_type;
    const char *certificate;     /* PEM: leaf and intermediates */
    const char *certificate_private_key, *key_password; /* PEM; without a password it is not encrypted */
    const char *trust_store, *trust_store_password, *trust_store_type;
    const char *trust_certificate; /* PEM */
} mu_ca_outputs_spec;

typedef struct mu_ca_outputs mu_ca_outputs;

/** Is there a place for the key, and do the files fit together? @return 0, or -1 with MU_E_USAGE */
int mu_ca_outputs_check(const mu_ca_outputs_spec *spec, mu_err **err);

/**
 * Open the files: all that a write could fail for is known before anything is issued, but for a full disk.
 * @param spec  borrowed until mu_ca_outputs_free, as is ca
 * @param claim false: only look; true: to write, others are locked out until mu_ca_outputs_free (mu_file_set_claim)
 * @return 0, or -1 with MU_E_USAGE (no such authority, no password …), or as mu_store_open and mu_file_replace
 */
int mu_ca_outputs_open(const mu_ca *ca, const mu_ca_outputs_spec *spec, bool claim, mu_ca_outputs **ret_outputs, mu_err **err);
void mu_ca_outputs_free(mu_ca_outputs *outputs);

/** @return 0 if nothing would be replaced, or -1 with MU_E_DUPLICATE_ALIAS or MU_E_USAGE (the file for the key exists) */
int mu_ca_outputs_require_new(mu_ca_outputs *outputs, mu_err **err);

/**
 * The certificate that the files hold with its key: that of the key store, else that of the PEM files.
 * @param ret_leaf borrowed; NULL: there is none, or certificate and key are of two generations
 * @return 0, or -1 with MU_E_DUPLICATE_ALIAS (the alias is that of another kind of entry), MU_E_PEM_KEY_ENCRYPTED or
 *         MU_E_PEM_GARBAGE
 */
int mu_ca_outputs_leaf(mu_ca_outputs *outputs, X509 **ret_leaf, mu_err **err);
/** Are there PEM files whose certificate and key do not belong together? */
bool mu_ca_outputs_is_broken(const mu_ca_outputs *outputs);
/** The first file that does not hold the generation of this chain; NULL if all do. Call mu_ca_outputs_leaf before. */
const char *mu_ca_outputs_stale(const mu_ca_outputs *outputs, const STACK_OF(X509) *chain);
/** The key of that leaf. @return 0, or -1 as mu_entry_get1_key */
int mu_ca_outputs_key(mu_ca_outputs *outputs, EVP_PKEY **ret_key, mu_err **err);

/**
 * Issue a certificate and put it in place: signed, written and checked beside the old files, confirmed in the ledger, renamed. A
 * failure before the confirmation leaves the old files and a reservation in the ledger.
 * @param outputs claimed
 * @param request as for mu_ca_issue; its public_key is the whole pair
 * @return 0, or -1 as mu_ca_issue and mu_file_set_commit
 */
int mu_ca_deliver(mu_ca *ca, const mu_ca_request *request, mu_ca_outputs *outputs, X509 **ret_cert, mu_err **err);
/** Write a generation that was issued before into all files. */
int mu_ca_redeliver(mu_ca_outputs *outputs, EVP_PKEY *key, STACK_OF(X509) *chain, int64_t now_s, mu_err **err);

#endif

/** Chains for importcert: what issued what, in the key store and in a CA's reply. */
#ifndef MU_KEYTOOL_REPLY_H
#define MU_KEYTOOL_REPLY_H

#include "keytool/kt.h"

/** The alias under which that very certificate is in the store, or NULL (borrowed). */
const char *mu_kt_alias_of_cert(const mu_store *store, const X509 *cert);
/** True if issuer's name and key made this certificate. */
bool mu_kt_signed_by(X509 *cert, X509 *issuer);
/**
 * The chain from cert to a self-signed certificate, through the first certificates of all entries (and of cacerts).
 * @param ret_chain NULL: there is none. Owned by the caller (sk_X509_pop_free)
 */
int mu_kt_chain_establish(mu_kt *kt, X509 *cert, STACK_OF(X509) **ret_chain);
/** Read and install the reply for a private key. @param ret_done false: the user said no */
int mu_kt_reply_install(mu_kt *kt, const char *alias, const uint8_t *data, size_t len, bool *ret_done);

#endif

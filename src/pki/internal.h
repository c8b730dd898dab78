/** What the files of pki share. */
#ifndef MU_PKI_INTERNAL_H
#define MU_PKI_INTERNAL_H

#include <mutual/pki.h>

/* OpenSSL 3.x asks for a pointer to non-const in getters that change nothing (4.0 does not). These casts are the only ones. */
static inline X509 *mu_cert_mutable(const X509 *cert)
{
    return (X509 *)cert;
}

static inline const ASN1_OBJECT *mu_ext_object(const X509_EXTENSION *ext)
{
    return X509_EXTENSION_get_object((X509_EXTENSION *)ext);
}

static inline const ASN1_OCTET_STRING *mu_ext_data(const X509_EXTENSION *ext)
{
    return X509_EXTENSION_get_data((X509_EXTENSION *)ext);
}

/** A digest context that is ready to sign with that key and mu_key_digest; NULL on failure (MU_E_ALGORITHM_UNAVAILABLE). */
EVP_MD_CTX *mu_key_sign_ctx(OSSL_LIB_CTX *libctx, EVP_PKEY *key, mu_err **err);

/**
 * What names an issuer's key in what it signs: its subject key identifier as it is, however that was made, because verifiers
 * compare the two; without one, the one we would have given it. NULL when out of memory. (AUTHORITY_KEYID_free)
 */
AUTHORITY_KEYID *mu_cert_authority_key_id(OSSL_LIB_CTX *libctx, const X509 *issuer);

/** The name of an attribute type for people and for mu_name_parse, as "CN"; NULL if we have none for it. */
const char *mu_name_attribute(const ASN1_OBJECT *type);

/*
 * Facts of a certificate, read from the extensions themselves. OpenSSL's own getters (X509_get_key_usage …) remember what they
 * found together with a hash of the whole certificate, which would be stale once a certificate that we are building is signed.
 */

/** 1: CA, 0: not, -1: no basicConstraints, -2: damaged. *ret_pathlen: -1 without a limit. */
int mu_cert_basic_constraints(const X509 *cert, long *ret_pathlen);
/** The bits of keyUsage (KU_…); UINT32_MAX if there is no keyUsage (everything is allowed); 0 if it is damaged. */
uint32_t mu_cert_key_usage(const X509 *cert);
/** 1: extendedKeyUsage has that purpose (NID_client_auth …), 0: it has not (or is damaged), -1: there is no extendedKeyUsage. */
int mu_cert_ext_usage(const X509 *cert, int purpose_nid);
/** The digest of the certificate's signature algorithm in bits; 0 if the algorithm fixes its own (EdDSA, RSA-PSS, ML-DSA). */
int mu_cert_digest_bits(const X509 *cert);

#endif

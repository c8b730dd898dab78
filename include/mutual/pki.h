/**
 * Keys, names, certificates, certificate requests, chains.
 *
 * Source: RFC 5280 (certificates, path validation), RFC 2986 (PKCS #10), RFC 4514 (names as text), RFC 9525 (names of services).
 */
#ifndef MUTUAL_PKI_H
#define MUTUAL_PKI_H

#include <mutual/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys ---- */

typedef enum mu_key_type { MU_KEY_RSA, MU_KEY_EC, MU_KEY_ED25519, MU_KEY_ED448 } mu_key_type;

/** What key to make. bits: RSA 2048 to 8192; EC 256, 384 or 521 (P-256, P-384, P-521); otherwise 0. */
typedef struct mu_key_spec {
    mu_key_type type;
    int bits;
} mu_key_spec;

/**
 * Parse "RSA", "RSA:4096", "EC", "EC:P-384", "EC:secp384r1", "EC:384", "Ed25519", "Ed448" (any case).
 * Without a size: RSA 2048, EC P-256.
 * @return 0, or -1 with MU_E_USAGE (unknown type or size)
 */
MU_API int mu_key_spec_parse(const char *text, mu_key_spec *ret_spec, mu_err **err);

/** @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE (this OpenSSL, or its FIPS provider, has no such key) */
MU_API int mu_key_generate(OSSL_LIB_CTX *libctx, const mu_key_spec *spec, EVP_PKEY **ret_key, mu_err **err);

/** "2048-bit RSA", "256-bit EC (secp256r1)", "Ed25519": for people. Owned by the caller (free); NULL when out of memory. */
MU_API char *mu_key_describe(const EVP_PKEY *key);

/** The digest to sign with under this key: "SHA256", "SHA384", "SHA512", or NULL for keys that fix their own (Ed25519, Ed448). */
MU_API const char *mu_key_digest(const EVP_PKEY *key);

/** @return 0 if the private key belongs to the certificate, else -1 with MU_E_KEY_CERT_MISMATCH */
MU_API int mu_key_check_pair(const X509 *cert, const EVP_PKEY *key, mu_err **err);

/* ---- names ---- */

/**
 * Parse a distinguished name as RFC 4514 text or as the JDK's -dname: "CN=a, O=b" (`,` or `;` between RDNs, `+` inside one,
 * `"…"` and `\` quote, `#hex` is DER, keywords in any case or dotted OIDs). The first component becomes the last RDN in DER.
 * PrintableString where possible, else UTF8String; emailAddress and DC as IA5String. An empty name is refused.
 * @return 0, or -1 with MU_E_USAGE
 */
MU_API int mu_name_parse(const char *text, X509_NAME **ret_name, mu_err **err);
/** The same, but an attribute's value may be empty ("CN=, O=b"), as the JDK's keytool has it. */
MU_API int mu_name_parse_lenient(const char *text, X509_NAME **ret_name, mu_err **err);

/**
 * RFC 4514 text, last RDN first, ", " between RDNs, safe to show: control and non-printable characters are escaped.
 * An empty name gives "". Owned by the caller (free); NULL when out of memory.
 */
MU_API char *mu_name_text(const X509_NAME *name);

/**
 * Parse "dns:a.example,ip:10.0.0.1,uri:spiffe://x/y,email:a@b" (types in any case; IPv6 addresses as they are; also "*.a.example").
 * DNS names must be letters, digits, hyphens and dots (a wildcard only as the whole first label); addresses are never resolved.
 * @return 0, or -1 with MU_E_USAGE
 */
MU_API int mu_san_parse(const char *text, GENERAL_NAMES **ret_names, mu_err **err);

/** The same form back, "dns:a.example,ip:10.0.0.1", foreign text escaped. Owned by the caller (free); NULL when out of memory. */
MU_API char *mu_san_text(const GENERAL_NAMES *names);

/* ---- certificates ---- */

/** What a certificate is for; decides basicConstraints, keyUsage and extendedKeyUsage. */
typedef enum mu_profile {
    MU_PROFILE_ROOT,                /* CA:TRUE; keyCertSign, cRLSign */
    MU_PROFILE_INTERMEDIATE,        /* CA:TRUE, pathlen 0; keyCertSign, cRLSign */
    MU_PROFILE_CLIENT_INTERMEDIATE, /* the same, extendedKeyUsage clientAuth: issues client identities only */
    MU_PROFILE_SERVER,              /* CA:FALSE; digitalSignature (and keyEncipherment for RSA); serverAuth */
    MU_PROFILE_CLIENT,              /* CA:FALSE; digitalSignature; clientAuth */
    MU_PROFILE_PEER                 /* as server and client at once */
} mu_profile;

/** "root", "intermediate", "client-intermediate", "server", "client", "peer". */
MU_API const char *mu_profile_name(mu_profile profile);
/** @return 0, or -1 with MU_E_USAGE */
MU_API int mu_profile_parse(const char *name, mu_profile *ret_profile, mu_err **err);

/** What to put into a certificate. All pointers are borrowed for the call. */
typedef struct mu_cert_spec {
    mu_profile profile;
    const X509_NAME *subject;
    EVP_PKEY *public_key;       /* of the subject */
    const GENERAL_NAMES *names; /* subjectAltName; NULL: none (allowed for CAs and clients, not for servers) */
    const X509 *issuer;         /* NULL: self-signed */
    EVP_PKEY *issuer_key; /* the key that will sign: decides the signature algorithm; public_key's private half if self-signed */
    int64_t not_before_s, not_after_s; /* not_after is cut to the issuer's */
    int pathlen;                /* CAs only; -1: the profile's own */
} mu_cert_spec;

/**
 * Build a certificate that is complete but for its signature: 128-bit random serial (positive), SKI, AKI, basicConstraints,
 * keyUsage, extendedKeyUsage, subjectAltName as the profile says (SAN critical if the subject is empty).
 * Runs mu_cert_lint before it returns.
 * @return 0, or -1 with MU_E_USAGE, MU_E_ALGORITHM_UNAVAILABLE, or what the lint found
 */
MU_API int mu_cert_prepare(OSSL_LIB_CTX *libctx, const mu_cert_spec *spec, X509 **ret_cert, mu_err **err);

/** The DER of tbsCertificate, as it will be signed. Owned by the caller (OPENSSL_free). @return its length, or -1 */
MU_API int mu_cert_tbs(const X509 *cert, uint8_t **ret_der, mu_err **err);

/** Sign what mu_cert_prepare made. Fails (MU_E_INTERNAL) if signing changed the tbsCertificate. @return 0 or -1 */
MU_API int mu_cert_sign(OSSL_LIB_CTX *libctx, X509 *cert, EVP_PKEY *issuer_key, mu_err **err);

/**
 * Would this certificate work for that profile under that issuer (NULL: self-signed)? Checks what peers would refuse later: issuer
 * not a CA or path length used up, issuer's EKU without the purpose, names outside the issuer's constraints, server without SAN,
 * dates outside the issuer's or reversed, weak key or digest, subject equal to issuer's, no digitalSignature, wrong EKU.
 * @return 0, or -1 with the cause code that a peer would report
 */
MU_API int mu_cert_lint(const X509 *cert, mu_profile profile, const X509 *issuer, int64_t now_s, mu_err **err);

/** SHA-256 of the DER, "45:4E:…". Owned by the caller (free); NULL when out of memory. */
MU_API char *mu_cert_fingerprint(const X509 *cert);
/** The serial in lower-case hex without leading zeros, "-5" if negative (as the JDK prints it). Owned by the caller (free). */
MU_API char *mu_cert_serial(const X509 *cert);
MU_API int64_t mu_cert_not_before_s(const X509 *cert);
MU_API int64_t mu_cert_not_after_s(const X509 *cert);
/** The subjectAltNames as mu_san_text, "" if there are none. Owned by the caller (free). */
MU_API char *mu_cert_san_text(const X509 *cert);
/** True if subject and issuer are equal and the signature verifies under the certificate's own key. */
MU_API bool mu_cert_is_self_signed(const X509 *cert);
/** True if basicConstraints says CA (or it is a version 1 self-signed certificate). */
MU_API bool mu_cert_is_ca(const X509 *cert);

/* ---- certificate requests ---- */

/** Build and sign a PKCS #10 request. names may be NULL. @return 0 or -1 */
MU_API int mu_csr_build(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const X509_NAME *subject, const GENERAL_NAMES *names,
                        X509_REQ **ret_csr, mu_err **err);
/**
 * Read a request, PEM (either BEGIN line, text around it) or DER, and check that its signature proves possession of the key.
 * @return 0, or -1 with MU_E_PEM_GARBAGE, MU_E_STORE_DAMAGED or MU_E_SIGNATURE_INVALID
 */
MU_API int mu_csr_read(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, X509_REQ **ret_csr, mu_err **err);
/** The subjectAltNames asked for, owned by the caller (GENERAL_NAMES_free); NULL if there are none. */
MU_API GENERAL_NAMES *mu_csr_names(const X509_REQ *csr);

/* ---- revocation lists ---- */

/** RFC 5280 5.3.1's word for a reason's number, as "keyCompromise"; NULL if there is none. */
MU_API const char *mu_crl_reason_name(int reason);
/** Any case. @return 0, or -1 with MU_E_USAGE */
MU_API int mu_crl_reason_parse(const char *name, int *ret_reason, mu_err **err);
/** A version 2 list without entries and signature: issuer's name and key identifier, number, dates. (X509_CRL_free) */
MU_API int mu_crl_new(OSSL_LIB_CTX *libctx, const X509 *issuer, int64_t number, int64_t this_s, int64_t next_s, X509_CRL **ret_crl,
                      mu_err **err);
/** serial: as mu_cert_serial gives it. Reason 0 (unspecified) is left out, as RFC 5280 wants it. */
MU_API int mu_crl_add(X509_CRL *crl, const char *serial, int64_t revoked_s, int reason, mu_err **err);
/** @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE */
MU_API int mu_crl_sign(OSSL_LIB_CTX *libctx, X509_CRL *crl, EVP_PKEY *key, mu_err **err);
/** Its cRLNumber; -1 without one, or if it does not fit. */
MU_API int64_t mu_crl_number(const X509_CRL *crl);
/** The reason's number of an entry; 0 (unspecified) without one. */
MU_API int mu_crl_entry_reason(const X509_REVOKED *entry);

/* ---- chains ---- */

typedef enum mu_purpose { MU_PURPOSE_ANY, MU_PURPOSE_SERVER, MU_PURPOSE_CLIENT } mu_purpose;

/** Whose rules judge. OPENSSL: X509_verify_cert; STRICT adds X509_V_FLAG_X509_STRICT; JSSE predicts a JVM, never admits a peer. */
typedef enum mu_rules { MU_RULES_OPENSSL, MU_RULES_STRICT, MU_RULES_JSSE } mu_rules;

typedef struct mu_verify_params {
    OSSL_LIB_CTX *libctx;
    STACK_OF(X509) *trusted;     /* anchors; a certificate here that is no CA is a pin: it admits itself alone */
    STACK_OF(X509) *untrusted;   /* what the peer sent, or what lies around; any order; may be NULL */
    STACK_OF(X509_CRL) *crls;    /* NULL: revocation is not checked; otherwise checked for every level, missing or stale refuses */
    mu_purpose purpose;
    mu_rules rules;
    const char *host;            /* DNS name that subjectAltName must match (RFC 9525, no CN fallback); NULL: not checked */
    const char *ip;              /* address in text form, likewise */
    const char *email;
    const char *policy;          /* dotted OID that the path must be valid for (RFC 5280 6.1.1 (c)); NULL: not checked */
    int64_t at_s;                /* the time to judge by */
    int max_depth;               /* CA certificates between leaf and anchor, at most; negative: 10 */
    int security_level;          /* OpenSSL's 0 to 5, for keys and digests; negative: 2 */
} mu_verify_params;

/** What an offline check, or our side of a handshake, found out about the other's certificate. */
typedef struct mu_chain_verdict {
    mu_code code;            /* MU_OK, or why it was refused */
    int depth;               /* the certificate that is to blame: 0 the leaf; -1 if none is */
    int x509_error;          /* X509_V_OK or X509_V_ERR_…; libssl derives the alert from it */
    STACK_OF(X509) *chain;   /* the accepted path, leaf first, or the best one tried; owned by the verdict */
    char *detail;            /* facts in one line, escaped: depth, subject, X509_V_ name, dates, names, EKU */
    char *hint;              /* what to do about this very case; NULL: the fix of the cause */
    bool pinned;             /* accepted because the leaf itself is trusted */
} mu_chain_verdict;

/**
 * Judge a leaf. Paths are searched by us (unordered input, several issuers of the same name, cross-signed CAs, loops), bounded by
 * max_depth and a budget of signatures; each candidate is judged by X509_verify_cert over exactly that path, and only its yes
 * counts. Then our own steps (purpose, name, pins) may refuse more.
 * @param ret always filled when 0 is returned; release with mu_chain_verdict_done
 * @return 0 when there is a verdict (accepted or refused), -1 when none could be reached (out of memory, bad parameters)
 */
MU_API int mu_chain_verify(X509 *leaf, const mu_verify_params *params, mu_chain_verdict *ret, mu_err **err);
MU_API void mu_chain_verdict_done(mu_chain_verdict *verdict);

/** One of the things that are wrong with a path; fields as in mu_chain_verdict. */
typedef struct mu_chain_fault {
    mu_code code;
    int depth, x509_error;
    char *detail;
} mu_chain_fault;

/** A zeroed struct is empty. */
typedef struct mu_chain_faults {
    mu_chain_fault *items;
    size_t count;
} mu_chain_faults;

/**
 * Everything that is wrong with a path by OpenSSL's rules and our own, where a verdict names one thing: X509_verify_cert is asked
 * to go on after each. Whether the path's last certificate is trusted is not asked. No verdict about a peer: for explanations.
 * @param chain a verdict's chain, accepted or refused
 * @param params purpose, names, time, policy and security level; trusted and crls are not looked at
 * @return 0 or -1 (out of memory); mu_chain_faults_done is due in any case
 */
MU_API int mu_chain_faults_find(const STACK_OF(X509) *chain, const mu_verify_params *params, mu_chain_faults *ret, mu_err **err);
MU_API void mu_chain_faults_done(mu_chain_faults *faults);

/** Is this certificate good for that name (host or ip, one of them NULL)? @return 0, or -1 with MU_E_SAN_MISSING,
 * MU_E_IP_SAN_MISSING or MU_E_HOSTNAME_MISMATCH; detail lists the names that it has */
MU_API int mu_cert_check_name(const X509 *cert, const char *host, const char *ip, mu_err **err);

/**
 * Order certificates as a chain: the leaf, then its issuers as far as `pool` reaches (by name, key identifiers and signature);
 * stops at a self-signed certificate, which is included, or at a loop. References are taken.
 * @return 0 or -1 (out of memory)
 */
MU_API int mu_chain_build(X509 *leaf, STACK_OF(X509) *pool, STACK_OF(X509) **ret_chain, mu_err **err);

/** The cause code for an X509_V_ERR_ value found at that depth under that purpose. */
MU_API mu_code mu_code_from_x509(int x509_error, int depth, mu_purpose purpose);
/** "X509_V_ERR_CERT_HAS_EXPIRED", as OpenSSL's headers spell it; for an unknown value words that do not begin so. */
MU_API const char *mu_x509_error_name(int x509_error);

#ifdef __cplusplus
}
#endif
#endif

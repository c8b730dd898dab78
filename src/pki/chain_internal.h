/** Shared by the files that judge chains; see mu_chain_verify. */
#ifndef MU_PKI_CHAIN_INTERNAL_H
#define MU_PKI_CHAIN_INTERNAL_H

#include <mutual/pki.h>

/** More certificates than this in one path are never tried, whatever max_depth says (self-issued CAs do not count against that). */
#define MU_PATH_MAX 24

/** A candidate: borrowed certificates, leaf first. */
typedef struct mu_path {
    X509 *certs[MU_PATH_MAX];
    int count;
} mu_path;

/** What is wrong with a path. code MU_OK: nothing. */
typedef struct mu_finding {
    mu_code code;
    int depth;
    int x509_error;
} mu_finding;

static inline X509 *mu_path_last(const mu_path *path)
{
    return path->certs[path->count - 1];
}

/** Record a finding; returns false, so that a check reads `return mu_found(…)`. */
static inline bool mu_found(mu_finding *finding, mu_code code, int depth, int x509_error)
{
    *finding = (mu_finding){code, depth, x509_error};
    return false;
}

/** One run of the library over a path, or the upper part of it. */
typedef struct mu_library_run {
    const mu_path *path;
    const mu_verify_params *params;
    int first;             /* index of the certificate that is judged as the leaf */
    unsigned long flags;   /* X509_V_FLAG_… */
    int security_level;
    bool with_purpose;     /* params->purpose applies */
    X509_STORE_CTX_verify_cb callback; /* NULL, or what overlooks errors: only for predictions. Its app data is the run itself */
} mu_library_run;

/** @return 1 accepted, 0 refused (finding set), -1 out of memory */
int mu_library_verify(const mu_library_run *run, mu_finding *ret);

/** Let X509_verify_cert judge exactly this path, whose last certificate is the anchor. @return -1 out of memory, else 0 */
int mu_path_judge(const mu_path *path, const mu_verify_params *params, mu_finding *ret, mu_err **err);
/** Predict a JVM's answer for this path. @return -1 out of memory, else 0 */
int mu_path_judge_jsse(const mu_path *path, const mu_verify_params *params, mu_finding *ret, mu_err **err);
/** Our own steps on a path that the library accepted: they may only refuse more. @return true if they find nothing */
bool mu_path_check_own(const mu_path *path, const mu_verify_params *params, mu_finding *ret);
/** These steps one by one; ended by NULL. */
extern bool (*const mu_own_steps[])(const mu_path *path, const mu_verify_params *params, mu_finding *ret);
/** The part of them for --rules strict. */
bool mu_path_check_strict(const mu_path *path, const mu_verify_params *params, mu_finding *ret);
/** Names asked for in params against the leaf. @return true if it has them */
bool mu_leaf_check_names(X509 *leaf, const mu_verify_params *params, mu_finding *ret);
bool mu_leaf_check_names_jsse(X509 *leaf, const mu_verify_params *params, mu_finding *ret);
/** Does the certificate hold names outside the constraints of a CA above it, up to and including `top`? X509_V_OK if not. */
int mu_path_name_constraints(const mu_path *path, int depth, int top);

/** Replace the code of the library's finding by the exact one that the certificates of the path show. */
void mu_finding_refine(const mu_path *path, const mu_verify_params *params, mu_finding *finding);
/** Why does no issuer follow the last certificate of this path? Adds the trusted certificate that is to blame, if one is. */
void mu_finding_dead_end(mu_path *path, const mu_verify_params *params, mu_finding *finding);
/** Facts and advice in words, escaped; NULL when out of memory, and a NULL hint where the cause's fix says it all. */
char *mu_finding_detail(const mu_path *path, const mu_verify_params *params, const mu_finding *finding);
char *mu_finding_hint(const mu_path *path, const mu_verify_params *params, const mu_finding *finding);

/** True if subject says that issuer issued it: names, and key identifiers where both are there. Signatures are not looked at. */
bool mu_cert_names_issuer(X509 *cert, X509 *issuer);
/** True if the certificate's signature verifies under the issuer's key. */
bool mu_cert_signed_by(X509 *cert, X509 *issuer);
/** True if at_s lies within the certificate's dates. */
bool mu_cert_valid_at(const X509 *cert, int64_t at_s);
/** True if one of the stack's certificates is this very one. */
bool mu_certs_have(const STACK_OF(X509) *certs, const X509 *cert);

#endif

/*
 * What a JVM with default settings would say, for `--rules jsse` and the doctor. Where PKIX in the JDK is laxer than
 * X509_verify_cert, the library's finding is overlooked here, so this never admits a peer. Signatures are still its business.
 *
 * Source: OpenJDK's X509TrustManagerImpl, PKIXValidator, EndEntityChecker, ConstraintsChecker and AlgorithmChecker; JDK 17 and 25.
 */
#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* jdk.certpath.disabledAlgorithms: RSA and DSA below 1024 bits, EC below 224. The anchor is not looked at. */
static bool check_algorithms(const mu_path *path, mu_finding *ret)
{
    for (int i = 0; i < path->count - 1; i++) {
        const EVP_PKEY *key = X509_get0_pubkey(path->certs[i]);
        int digest = NID_undef, bits = key ? EVP_PKEY_get_bits(key) : 0;
        bool ec = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
        bool other = key && !ec && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA && EVP_PKEY_get_base_id(key) != EVP_PKEY_DSA;

        X509_get_signature_info(path->certs[i], &digest, NULL, NULL, NULL);
        if (digest == NID_md5 || digest == NID_md2)
            return mu_found(ret, MU_E_WEAK_SIGNATURE_DIGEST, i, X509_V_ERR_CA_MD_TOO_WEAK);
        if (!other && bits < (ec ? 224 : 1024))
            return mu_found(ret, MU_E_WEAK_KEY_SIZE, i, i == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL);
    }
    return true;
}

/* The anchor is a name and a key to the JDK: its own dates do not count. */
static bool check_dates(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    for (int i = path->count - 2; i >= 0; i--) {
        if (params->at_s < mu_cert_not_before_s(path->certs[i]))
            return mu_found(ret, MU_E_CERT_NOT_YET_VALID, i, X509_V_ERR_CERT_NOT_YET_VALID);
        if (params->at_s > mu_cert_not_after_s(path->certs[i]))
            return mu_found(ret, MU_E_CERT_EXPIRED, i, X509_V_ERR_CERT_HAS_EXPIRED);
    }
    return true;
}

static bool eku_allows(X509 *leaf, mu_purpose purpose)
{
    uint32_t wanted = XKU_ANYEKU | (purpose == MU_PURPOSE_CLIENT ? XKU_SSL_CLIENT : XKU_SSL_SERVER | XKU_SGC);
    uint32_t has = X509_get_extended_key_usage(leaf); /* all bits set if there is none */
    return (has & wanted) != 0;
}

/* Only the leaf's usage counts; extendedKeyUsage of a CA restricts nothing. */
static bool check_usage(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    X509 *leaf = path->certs[0];
    if (params->purpose == MU_PURPOSE_ANY)
        return true;
    if (!eku_allows(leaf, params->purpose))
        return mu_found(ret, mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, 0, params->purpose), 0, X509_V_ERR_INVALID_PURPOSE);
    if (!(X509_get_key_usage(leaf) & X509v3_KU_DIGITAL_SIGNATURE))
        return mu_found(ret, MU_E_KEY_USAGE_WRONG, 0, X509_V_ERR_INVALID_PURPOSE);
    return true;
}

int mu_path_name_constraints(const mu_path *path, int depth, int top)
{
    int answer = X509_V_OK;
    for (int i = depth + 1; answer == X509_V_OK && i <= top; i++) {
        NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(path->certs[i], NID_name_constraints, NULL, NULL);
        if (constraints)
            answer = NAME_CONSTRAINTS_check(path->certs[depth], constraints);
        NAME_CONSTRAINTS_free(constraints);
    }
    return answer;
}

/* What X509_verify_cert minds and the JDK does not: what an anchor's own certificate says, apart from being a CA. */
static int overlook(int ok, X509_STORE_CTX *ctx)
{
    const mu_library_run *run = X509_STORE_CTX_get_app_data(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx), anchor = run->path->count - 1;

    if (ok)
        return 1;
    switch (X509_STORE_CTX_get_error(ctx)) {
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        ok = depth == anchor;
        break;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
        ok = mu_path_name_constraints(run->path, depth, anchor - 1) == X509_V_OK;
        break;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        ok = 1; /* check_algorithms has the JDK's limits */
        break;
    default:
        break;
    }
    if (ok)
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return ok;
}

/* A leaf with its issuer's name is self-signed to the library, which looks no further; the JDK goes by the signature. */
static bool is_named_as_issuer(const mu_path *path)
{
    return path->count > 1 && X509_self_signed(path->certs[0], 0) == 1 && mu_cert_signed_by(path->certs[0], path->certs[1]);
}

int mu_path_judge_jsse(const mu_path *path, const mu_verify_params *params, mu_finding *ret, mu_err **err)
{
    mu_library_run run = {.path = path, .params = params, .callback = overlook};
    int rc = 1;

    *ret = (mu_finding){MU_OK, -1, X509_V_OK};
    run.flags = X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK |
                (params->policy ? X509_V_FLAG_EXPLICIT_POLICY : 0);
    /* An anchor that is the leaf is accepted without any check: "the leaf itself is trusted". */
    run.first = is_named_as_issuer(path);
    if (path->count > 1 + run.first)
        rc = mu_library_verify(&run, ret);
    if (rc == 1 && path->count > 1)
        rc = check_dates(path, params, ret) && check_algorithms(path, ret) && check_usage(path, params, ret);
    if (rc == 1)
        mu_leaf_check_names_jsse(path->certs[0], params, ret);
    mu_ossl_clear();
    return rc < 0 ? mu_fail_nomem(err) : 0;
}

#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static int security_level(const mu_verify_params *params)
{
    return params->security_level < 0 ? 2 : params->security_level;
}

static bool anchor_is_root(const mu_path *path)
{
    return X509_self_signed(mu_path_last(path), 0) == 1;
}

/* Neither the system's roots nor anything but this path can come in: the only trusted certificate is the anchor. */
static bool set_params(X509_STORE_CTX *ctx, const mu_library_run *run)
{
    const mu_verify_params *params = run->params;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    bool ok = X509_VERIFY_PARAM_set_flags(param, run->flags) == 1;

    /* The candidate's own intermediates come first: OpenSSL would otherwise cut a path short at an anchor of the same name. */
    ok = ok && X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_TRUSTED_FIRST) == 1;
    if (!(run->flags & X509_V_FLAG_NO_CHECK_TIME)) /* which a time that is set would overrule */
        X509_VERIFY_PARAM_set_time(param, (time_t)params->at_s);
    X509_VERIFY_PARAM_set_depth(param, MU_PATH_MAX);
    /* A CN is nobody's name to us where there is a subjectAltName, so DNS constraints are not for it; alone, it is held to them. */
    if (X509_get_ext_by_NID(run->path->certs[0], NID_subject_alt_name, -1) >= 0)
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_auth_level(param, run->security_level);
    if (ok && run->with_purpose && params->purpose != MU_PURPOSE_ANY)
        ok = X509_VERIFY_PARAM_set_purpose(param, params->purpose == MU_PURPOSE_CLIENT ? X509_PURPOSE_SSL_CLIENT
                                                                                       : X509_PURPOSE_SSL_SERVER) == 1;
    if (ok && (run->flags & X509_V_FLAG_POLICY_CHECK)) {
        /* RFC 5280 6.1.1 (c): "any-policy" if the user is not concerned about certificate policy; the library would take none. */
        ASN1_OBJECT *oid = params->policy ? OBJ_txt2obj(params->policy, 1) : OBJ_nid2obj(NID_any_policy);
        ok = oid && X509_VERIFY_PARAM_add0_policy(param, oid) == 1;
        if (!ok)
            ASN1_OBJECT_free(oid);
    }
    return ok;
}

/* The library's yes counts only for the very path that it was asked about. */
static bool same_chain(const STACK_OF(X509) *chain, const mu_library_run *run)
{
    int count = run->path->count - run->first;
    if (sk_X509_num(chain) != count)
        return false;
    for (int i = 0; i < count; i++)
        if (X509_cmp(sk_X509_value(chain, i), run->path->certs[run->first + i]) != 0)
            return false;
    return true;
}

static bool path_has(const mu_path *path, int nid)
{
    for (int i = 0; i < path->count; i++)
        if (X509_get_ext_by_NID(path->certs[i], nid, -1) >= 0)
            return true;
    return false;
}

/* OpenSSL's limits have no errors of their own: a policy tree of too many nodes is "out of memory", too many names under too many
   name constraints is "unspecified". */
static bool is_limit(const mu_library_run *run, int error)
{
    return (error == X509_V_ERR_OUT_OF_MEM && path_has(run->path, NID_certificate_policies)) ||
           (error == X509_V_ERR_UNSPECIFIED && path_has(run->path, NID_name_constraints));
}

int mu_library_verify(const mu_library_run *run, mu_finding *ret)
{
    int rc = -1;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(run->params->libctx, NULL);
    STACK_OF(X509) *anchor = sk_X509_new_null(), *middle = sk_X509_new_reserve(NULL, MU_PATH_MAX);

    if (!ctx || !anchor || !middle || sk_X509_push(anchor, mu_path_last(run->path)) <= 0)
        goto out;
    for (int i = run->first + 1; i < run->path->count - 1; i++)
        if (sk_X509_push(middle, run->path->certs[i]) <= 0)
            goto out;
    if (X509_STORE_CTX_init(ctx, NULL, run->path->certs[run->first], middle) != 1)
        goto out;
    X509_STORE_CTX_set0_trusted_stack(ctx, anchor);
    if (run->params->crls)
        X509_STORE_CTX_set0_crls(ctx, run->params->crls);
    if (!set_params(ctx, run) || X509_STORE_CTX_set_app_data(ctx, (void *)run) != 1)
        goto out;
    if (run->callback)
        X509_STORE_CTX_set_verify_cb(ctx, run->callback);

    rc = X509_verify_cert(ctx) == 1;
    int error = X509_STORE_CTX_get_error(ctx);
    if (rc == 1 && !same_chain(X509_STORE_CTX_get0_chain(ctx), run)) {
        rc = 0;
        error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    }
    if (error == X509_V_ERR_OUT_OF_MEM && !is_limit(run, error))
        rc = -1;
    else if (rc == 0) {
        int depth = run->first + X509_STORE_CTX_get_error_depth(ctx);
        mu_code code = is_limit(run, error) ? MU_E_STORE_LIMIT_EXCEEDED : mu_code_from_x509(error, depth, run->params->purpose);
        mu_found(ret, code, depth, error);
    }
out:
    mu_ossl_clear();
    X509_STORE_CTX_free(ctx);
    sk_X509_free(anchor);
    sk_X509_free(middle);
    return rc;
}

/*
 * CRL_CHECK_ALL asks for a CRL about the anchor too. A root answers for itself; an anchor that somebody else issued cannot (and
 * RFC 5280 6.3 does not want it checked), so there every level below it is judged for its own revocation instead.
 */
static int check_revocation_by_level(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    int rc = 1;
    for (int i = 1; rc == 1 && i < path->count - 1; i++) {
        mu_library_run run = {.path = path, .params = params, .first = i, .security_level = security_level(params)};
        run.flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN;
        rc = mu_library_verify(&run, ret);
    }
    return rc;
}

/* Nobody vouches for a CRL about an anchor that somebody else issued; one that lists it is believed, as it can only refuse. */
static bool anchor_is_listed(const mu_path *path, const mu_verify_params *params)
{
    X509 *anchor = mu_path_last(path);
    for (int i = 0; i < sk_X509_CRL_num(params->crls); i++) {
        X509_CRL *crl = sk_X509_CRL_value(params->crls, i);
        X509_REVOKED *entry = NULL;
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(anchor)) == 0 &&
            X509_CRL_get0_by_cert(crl, &entry, anchor) == 1)
            return true;
    }
    return false;
}

int mu_path_judge(const mu_path *path, const mu_verify_params *params, mu_finding *ret, mu_err **err)
{
    bool root = anchor_is_root(path), pin = path->count == 1;
    mu_library_run run = {.path = path, .params = params, .security_level = security_level(params), .with_purpose = true};
    int rc;

    *ret = (mu_finding){MU_OK, -1, X509_V_OK};
    /* A CA that demands an explicit policy means it, whether anybody asked for one or not. */
    run.flags = X509_V_FLAG_POLICY_CHECK | (root && !pin ? 0 : X509_V_FLAG_PARTIAL_CHAIN);
    if (params->rules == MU_RULES_STRICT)
        run.flags |= X509_V_FLAG_X509_STRICT;
    if (params->policy)
        run.flags |= X509_V_FLAG_EXPLICIT_POLICY;
    if (params->crls && !pin)
        run.flags |= root ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : X509_V_FLAG_CRL_CHECK;

    rc = mu_library_verify(&run, ret);
    if (rc == 1 && params->crls && !root)
        rc = check_revocation_by_level(path, params, ret);
    if (rc == 1 && params->crls && (pin || !root) && anchor_is_listed(path, params))
        mu_found(ret, MU_E_CERT_REVOKED, path->count - 1, X509_V_ERR_CERT_REVOKED);
    return rc < 0 ? mu_fail_nomem(err) : 0;
}

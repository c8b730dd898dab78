/* All that is wrong with a path, for those who want to mend everything at once. */
#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* The library's run, and what it is told on the way. */
struct listing {
    mu_library_run run; /* first: the callback gets it */
    mu_chain_faults *faults;
    int reached; /* certificates of the path that the library has followed */
    bool nomem;
};

static bool is_known(const mu_chain_faults *faults, const mu_finding *finding)
{
    for (size_t i = 0; i < faults->count; i++)
        if (faults->items[i].code == finding->code && faults->items[i].depth == finding->depth)
            return true;
    return false;
}

static void add(struct listing *l, const mu_finding *finding)
{
    mu_chain_faults *faults = l->faults;
    if (finding->code == MU_OK || is_known(faults, finding))
        return;
    mu_chain_fault *items = realloc(faults->items, (faults->count + 1) * sizeof *items);
    char *detail = mu_finding_detail(l->run.path, l->run.params, finding);
    if (items)
        faults->items = items;
    if (!items || !detail) {
        free(detail);
        l->nomem = true;
        return;
    }
    items[faults->count++] = (mu_chain_fault){finding->code, finding->depth, finding->x509_error, detail};
}

/* About trust, which is not asked here: that a path ends. */
static bool is_about_trust(int error)
{
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_CERT_UNTRUSTED;
}

/* Of an issuer that it did not take the library tries others of the same name, the certificate itself among them. */
static bool is_about_another(const mu_path *path, const mu_finding *finding)
{
    return finding->x509_error == X509_V_ERR_CERT_SIGNATURE_FAILURE && finding->depth + 1 < path->count &&
           mu_cert_signed_by(path->certs[finding->depth], path->certs[finding->depth + 1]);
}

static int go_on(int ok, X509_STORE_CTX *ctx)
{
    struct listing *l = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx), depth = l->run.first + X509_STORE_CTX_get_error_depth(ctx);
    int reached = l->run.first + sk_X509_num(X509_STORE_CTX_get0_chain(ctx));

    l->reached = reached > l->reached ? reached : l->reached;
    if (!ok && !is_about_trust(error) && depth < l->run.path->count) {
        mu_finding finding = {mu_code_from_x509(error, depth, l->run.params->purpose), depth, error};
        mu_finding_refine(l->run.path, l->run.params, &finding);
        if (!is_about_another(l->run.path, &finding))
            add(l, &finding);
    }
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

/* The library does not follow an issuer that may not sign certificates, or whose key is not the one meant, or whose name is the
 * subject. */
static void explain_break(struct listing *l, int depth)
{
    X509 *cert = l->run.path->certs[depth], *issuer = l->run.path->certs[depth + 1];
    mu_finding finding = {MU_E_CA_REGENERATED, depth, X509_V_ERR_AKID_SKID_MISMATCH};
    if (!(X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN))
        finding = (mu_finding){MU_E_ISSUER_NOT_A_CA, depth + 1, X509_V_ERR_KEYUSAGE_NO_CERTSIGN};
    else if (mu_cert_signed_by(cert, issuer))
        finding = (mu_finding){MU_E_SUBJECT_EQUALS_ISSUER, depth, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT};
    add(l, &finding);
}

static void run_library(struct listing *l)
{
    const mu_path *path = l->run.path;
    for (int first = 0; !l->nomem && first < path->count; first = l->reached) {
        mu_finding ignored;
        l->run.first = l->reached = first;
        l->run.with_purpose = first == 0;
        if (mu_library_verify(&l->run, &ignored) < 0)
            l->nomem = true;
        if (l->reached <= first)
            l->reached = first + 1;
        if (l->reached < path->count)
            explain_break(l, l->reached - 1);
    }
}

static int by_depth(const void *a, const void *b)
{
    return ((const mu_chain_fault *)a)->depth - ((const mu_chain_fault *)b)->depth;
}

int mu_chain_faults_find(const STACK_OF(X509) * chain, const mu_verify_params *params, mu_chain_faults *ret, mu_err **err)
{
    mu_path path = {.count = 0};
    struct listing l = {.run = {.path = &path, .params = params, .callback = go_on}, .faults = ret};

    *ret = (mu_chain_faults){0};
    for (int i = 0; i < sk_X509_num(chain) && i < MU_PATH_MAX; i++)
        path.certs[path.count++] = sk_X509_value(chain, i);
    if (path.count == 0)
        return 0;
    l.run.flags = X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_PARTIAL_CHAIN | (params->policy ? X509_V_FLAG_EXPLICIT_POLICY : 0);
    l.run.security_level = params->security_level < 0 ? 2 : params->security_level;
    run_library(&l);
    for (size_t i = 0; mu_own_steps[i]; i++) {
        mu_finding finding = {MU_OK, -1, X509_V_OK};
        if (!mu_own_steps[i](&path, params, &finding))
            add(&l, &finding);
    }
    mu_ossl_clear();
    if (ret->count > 1)
        qsort(ret->items, ret->count, sizeof *ret->items, by_depth);
    return l.nomem ? mu_fail_nomem(err) : 0;
}

void mu_chain_faults_done(mu_chain_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        free(faults->items[i].detail);
    free(faults->items);
    *faults = (mu_chain_faults){0};
}

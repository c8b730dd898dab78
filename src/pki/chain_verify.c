#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <stdlib.h>
#include <string.h>

/*
 * What a search may cost, in units of about 0.1 ms of one processor: a hundred CAs of one name that sign for each other must not
 * hold a worker. An honest chain costs two or three.
 */
#define BUDGET 150
#define MAX_STEPS 500     /* certificates put on a path */
#define MAX_ISSUERS 128   /* of one certificate */
#define MAX_CHECKED 256   /* signatures whose answer is remembered */

struct issuer {
    X509 *cert;
    bool trusted;
    int rank;
};

struct checked {
    const X509 *cert, *issuer;
    bool ok;
};

struct search {
    const mu_verify_params *params;
    mu_path path;
    mu_path best;           /* of the refused ones, that which tells most */
    mu_finding finding;     /* why it was refused; code MU_OK: it was accepted */
    int best_rank;
    int budget, steps;
    bool done;              /* accepted, hopeless or out of budget */
    struct checked checked[MAX_CHECKED];
    int checked_count;
    mu_err **err;
    int rc;
};

/* How much a refusal tells, from least to most: a path that passed more of the checks is the one that was meant. */
static int rank_of(const mu_finding *finding)
{
    static const mu_code order[] = {
        MU_E_SIGNATURE_INVALID, MU_E_CERT_MALFORMED, MU_E_ISSUER_NOT_A_CA, MU_E_PATHLEN_EXCEEDED, MU_E_WEAK_SIGNATURE_DIGEST,
        MU_E_WEAK_KEY_SIZE, MU_E_UNKNOWN_CRITICAL_EXTENSION, MU_E_NAME_CONSTRAINTS, MU_E_EKU_CA_CHAIN, MU_E_CRL_UNAVAILABLE,
        MU_E_CRL_EXPIRED, MU_E_POLICY_MISSING, MU_E_CERT_NOT_YET_VALID, MU_E_CERT_EXPIRED, MU_E_CERT_REVOKED};
    int count = sizeof order / sizeof *order;

    for (int i = 0; i < count; i++)
        if (finding->code == order[i])
            return 100 + 2 * i + (finding->depth == 0);
    return finding->depth == 0 ? 300 : 90;
}

static void keep_if_better(struct search *s, const mu_finding *finding, int rank)
{
    if (rank <= s->best_rank)
        return;
    s->best_rank = rank;
    s->best = s->path;
    s->finding = *finding;
}

/* RSA's work grows with the square of its size, a curve's by its implementation: the larger ones are slow. */
static int signature_cost(X509 *issuer)
{
    const EVP_PKEY *key = X509_get0_pubkey(issuer);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (bits <= 256)
        return 1;
    return bits < 1024 ? 8 : 1 + bits / 4096 * (bits / 4096);
}

static bool spend(struct search *s, int cost)
{
    s->budget -= cost;
    if (s->budget >= 0)
        return true;
    s->done = true;
    return false;
}

/* Asked only where several certificates could be the issuer: with one candidate the library's own check is enough. */
static bool is_signed_by(struct search *s, X509 *cert, X509 *issuer)
{
    for (int i = 0; i < s->checked_count; i++)
        if (s->checked[i].cert == cert && s->checked[i].issuer == issuer)
            return s->checked[i].ok;
    if (!spend(s, signature_cost(issuer)))
        return false;
    bool ok = mu_cert_signed_by(cert, issuer);
    if (s->checked_count < MAX_CHECKED)
        s->checked[s->checked_count++] = (struct checked){cert, issuer, ok};
    return ok;
}

/* The same certificate, or the same name with the same key (a cross-signed twin): going on would run in a circle. */
static bool on_path(const mu_path *path, X509 *cert)
{
    for (int i = 0; i < path->count; i++) {
        X509 *other = path->certs[i];
        if (X509_cmp(other, cert) == 0)
            return true;
        if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(cert)) == 0 &&
            ASN1_STRING_cmp(X509_get0_pubkey_bitstr(other), X509_get0_pubkey_bitstr(cert)) == 0)
            return true;
    }
    return false;
}

/* Best first: named by key identifier, valid now, trusted, a CA. */
static int rank_issuer(X509 *cert, X509 *issuer, bool trusted, int64_t at_s)
{
    bool by_key = X509_get0_authority_key_id(cert) && X509_get0_subject_key_id(issuer);
    return 8 * by_key + 4 * mu_cert_valid_at(issuer, at_s) + 2 * trusted + (X509_check_ca(issuer) != 0);
}

static int add_issuers(const struct search *s, const STACK_OF(X509) *pool, bool trusted, struct issuer *issuers, int count)
{
    X509 *cert = mu_path_last(&s->path);
    for (int i = 0; i < sk_X509_num(pool) && count < MAX_ISSUERS; i++) {
        X509 *issuer = sk_X509_value(pool, i);
        if (!mu_cert_names_issuer(cert, issuer) || on_path(&s->path, issuer))
            continue;
        if (trusted ? !mu_cert_is_ca(issuer) : mu_certs_have(s->params->trusted, issuer))
            continue; /* a pin vouches for nobody else; a trusted certificate that was also sent is met once */
        int rank = rank_issuer(cert, issuer, trusted, s->params->at_s), at = count++;
        for (; at > 0 && issuers[at - 1].rank < rank; at--)
            issuers[at] = issuers[at - 1];
        issuers[at] = (struct issuer){issuer, trusted, rank};
    }
    return count;
}

/* RFC 5280 4.2.1.9 counts "non-self-issued intermediate certificates", and so does max_depth. */
static bool too_deep(const struct search *s)
{
    int depth = 0, max = s->params->max_depth < 0 ? 10 : s->params->max_depth;
    for (int i = 1; i < s->path.count; i++)
        depth += !(X509_get_extension_flags(s->path.certs[i]) & EXFLAG_SI);
    return depth > max || s->path.count >= MU_PATH_MAX;
}

/* The path ends at a trusted certificate: the library's verdict, then our own steps. */
static void judge(struct search *s)
{
    mu_finding finding;
    bool jsse = s->params->rules == MU_RULES_JSSE;

    for (int i = 1; i < s->path.count; i++)
        if (!spend(s, signature_cost(s->path.certs[i])))
            return;
    s->rc = jsse ? mu_path_judge_jsse(&s->path, s->params, &finding, s->err)
                 : mu_path_judge(&s->path, s->params, &finding, s->err);
    bool by_library = s->rc == 0 && finding.code != MU_OK;
    if (by_library)
        mu_finding_refine(&s->path, s->params, &finding);
    else if (s->rc == 0 && !jsse)
        mu_path_check_own(&s->path, s->params, &finding);
    keep_if_better(s, &finding, finding.code == MU_OK ? 1000 : rank_of(&finding));
    /* What our own steps find wrong with the leaf itself no other path can mend. */
    s->done = s->done || s->rc < 0 || finding.code == MU_OK || (!by_library && finding.depth == 0);
}

static void search(struct search *s)
{
    struct issuer issuers[MAX_ISSUERS];
    int count = add_issuers(s, s->params->trusted, true, issuers, 0), tried = 0;

    count = add_issuers(s, s->params->untrusted, false, issuers, count);
    for (int i = 0; i < count && !s->done; i++) {
        if (s->steps++ >= MAX_STEPS)
            s->done = true;
        if (s->done || (count > 1 && !is_signed_by(s, mu_path_last(&s->path), issuers[i].cert)))
            continue;
        tried++;
        if (!issuers[i].trusted && X509_self_signed(issuers[i].cert, 0) == 1)
            tried--; /* a root that nobody trusts leads nowhere, but shows where the path ends */
        s->path.certs[s->path.count++] = issuers[i].cert;
        if (issuers[i].trusted)
            judge(s);
        else if (too_deep(s))
            keep_if_better(s, &(mu_finding){MU_E_VERIFY_DEPTH_TOO_SMALL, s->path.count - 1, X509_V_ERR_CERT_CHAIN_TOO_LONG}, 50);
        else
            search(s);
        s->path.count--;
    }
    if (tried == 0 && !s->done) /* the deepest dead end; explained once, when all is over */
        keep_if_better(s, &(mu_finding){MU_E_CA_NOT_TRUSTED, s->path.count - 1, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
                       s->path.count);
}

static int fill_verdict(const struct search *s, mu_chain_verdict *ret, mu_err **err)
{
    mu_chain_verdict verdict = {.code = s->finding.code, .depth = s->finding.depth, .x509_error = s->finding.x509_error};

    verdict.chain = sk_X509_new_null();
    for (int i = 0; verdict.chain && i < s->best.count; i++)
        if (!X509_add_cert(verdict.chain, s->best.certs[i], X509_ADD_FLAG_UP_REF))
            goto nomem;
    if (!verdict.chain)
        goto nomem;
    verdict.pinned = verdict.code == MU_OK && s->best.count == 1;
    if (verdict.code != MU_OK) {
        verdict.detail = mu_finding_detail(&s->best, s->params, &s->finding);
        verdict.hint = mu_finding_hint(&s->best, s->params, &s->finding);
        if (!verdict.detail)
            goto nomem;
    }
    *ret = verdict;
    return 0;
nomem:
    mu_chain_verdict_done(&verdict);
    return mu_fail_nomem(err);
}

static void explain(struct search *s)
{
    if (s->best_rank >= 50)
        return; /* the library, our own steps or the depth limit have spoken */
    if (s->budget < 0 || s->steps > MAX_STEPS)
        mu_found(&s->finding, MU_E_STORE_LIMIT_EXCEEDED, s->best.count - 1, X509_V_ERR_CERT_CHAIN_TOO_LONG);
    else
        mu_finding_dead_end(&s->best, s->params, &s->finding);
}

static int check_params(const mu_verify_params *params, mu_err **err)
{
    ASN1_OBJECT *oid = params->policy ? OBJ_txt2obj(params->policy, 1) : NULL;
    if (params->policy && !oid) {
        mu_ossl_clear();
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "the policy is not a dotted object identifier");
    }
    ASN1_OBJECT_free(oid);
    if (params->security_level > 5)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is no security level %d", params->security_level);
    return 0;
}

int mu_chain_verify(X509 *leaf, const mu_verify_params *params, mu_chain_verdict *ret, mu_err **err)
{
    struct search s = {.params = params, .path = {{leaf}, 1}, .best = {{leaf}, 1}, .budget = BUDGET, .err = err};

    if (check_params(params, err) != 0)
        return -1;
    if (mu_certs_have(params->trusted, leaf))
        judge(&s); /* trusted as it is: a path of its own */
    if (!s.done)
        search(&s);
    if (s.rc < 0)
        return -1;
    if (s.finding.code != MU_OK || s.best_rank == 0)
        explain(&s);
    return fill_verdict(&s, ret, err);
}

void mu_chain_verdict_done(mu_chain_verdict *verdict)
{
    sk_X509_pop_free(verdict->chain, X509_free);
    free(verdict->detail);
    free(verdict->hint);
    memset(verdict, 0, sizeof *verdict);
}

/* The way from the certificate that one side presents to what the other side trusts: everything that is wrong on it. */
#include "diag/pair.h"

#include "base/ossl.h"

#include <stdlib.h>
#include <string.h>

struct direction {
    const mu_pair *pair;
    const mu_pair_side *from, *to; /* whose identity is presented, by whose trust store it is judged */
    mu_found_at presenter, judge;  /* the same, unless stores were exchanged between the sides */
    mu_findings *findings;
    mu_verify_params params;
};

/* Whether an issuer is trusted: which of these it is depends on what else is known. */
static bool is_trust_code(mu_code code)
{
    return code == MU_E_CA_NOT_TRUSTED || code == MU_E_CLIENT_CA_NOT_TRUSTED || code == MU_E_CHAIN_MISSING_INTERMEDIATE ||
           code == MU_E_SELF_SIGNED || code == MU_E_CA_REGENERATED || code == MU_E_PIN_MISMATCH || code == MU_E_SIGNATURE_INVALID ||
           code == MU_E_ISSUER_NOT_A_CA || code == MU_E_SUBJECT_EQUALS_ISSUER;
}

static bool has_cert(const STACK_OF(X509) * certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return true;
    return false;
}

/* The alias of the entry that trusts this certificate; NULL: none. */
static const char *anchor_alias(const mu_pair_side *side, const X509 *cert)
{
    for (size_t i = 0; side->trusts.store && i < mu_store_count(side->trusts.store); i++) {
        mu_entry *entry = mu_store_entry(side->trusts.store, i);
        if (mu_entry_get_kind(entry) != MU_ENTRY_SECRET && has_cert(mu_entry_get0_chain(entry), cert))
            return mu_entry_alias(entry);
    }
    return NULL;
}

static void add_place(const struct direction *d, mu_finding *finding, const X509 *cert)
{
    char *serial = mu_cert_serial(cert);
    char shown[MU_SHOWN_SIZE];
    const char *alias = anchor_alias(d->to, cert);
    if (has_cert(d->from->chain, cert))
        mu_finding_evidence(d->findings, finding, "%s, presented by the %s, serial %s", d->from->source,
                            mu_found_at_name(d->presenter), serial ? serial : "");
    if (alias)
        mu_finding_evidence(d->findings, finding, "%s, alias %s, trusted by the %s, serial %s", d->to->trusts.shown,
                            mu_escape_to(shown, alias), mu_found_at_name(d->judge), serial ? serial : "");
    free(serial);
}

static void add_trusted(const struct direction *d, mu_finding *finding)
{
    int count = sk_X509_num(d->to->anchors);
    for (int i = 0; i < count && i < 5; i++) {
        char *name = mu_name_text(X509_get_subject_name(sk_X509_value(d->to->anchors, i)));
        mu_finding_evidence(d->findings, finding, "%s trusts \"%s\"%s", d->to->trusts.shown, name ? name : "",
                            i == 4 && count > 5 ? " and others" : "");
        free(name);
    }
}

/* ---- whose certificate or store has to be changed ---- */

/* The stale one of two CAs with one name: what was issued before the trusted one began does not come from it. */
static mu_found_at stale_side(const struct direction *d, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(d->to->anchors); i++) {
        const X509 *anchor = sk_X509_value(d->to->anchors, i);
        if (X509_NAME_cmp(X509_get_subject_name(anchor), X509_get_issuer_name(cert)) == 0)
            return mu_cert_not_before_s(cert) < mu_cert_not_before_s(anchor) ? d->presenter : d->judge;
    }
    return MU_AT_BOTH;
}

static mu_found_at side_of(const struct direction *d, mu_code code, const X509 *cert)
{
    if (code == MU_E_CA_NOT_TRUSTED || code == MU_E_CLIENT_CA_NOT_TRUSTED || code == MU_E_SELF_SIGNED || code == MU_E_PIN_MISMATCH)
        return d->judge;
    if (code == MU_E_CA_REGENERATED)
        return stale_side(d, cert);
    bool presented = has_cert(d->from->chain, cert), trusted = has_cert(d->to->anchors, cert);
    return presented && trusted && mu_cert_is_ca(cert) ? MU_AT_BOTH : trusted && !presented ? d->judge : d->presenter;
}

/*
 * A signature that does not fit the trusted CA: the CA was made anew, or the certificate is damaged. Where no key identifier tells:
 * a certificate that is older than the CA, or comes without it, is not from it; one that is stored with this very CA should be.
 */
static mu_code settle_signature(const struct direction *d, mu_code code, const X509 *cert)
{
    if (code != MU_E_CA_REGENERATED)
        return code;
    for (int i = 0; i < sk_X509_num(d->to->anchors); i++) {
        const X509 *anchor = sk_X509_value(d->to->anchors, i);
        if (X509_NAME_cmp(X509_get_subject_name(anchor), X509_get_issuer_name(cert)) == 0 && has_cert(d->from->chain, anchor) &&
            mu_cert_not_before_s(cert) >= mu_cert_not_before_s(anchor))
            return MU_E_SIGNATURE_INVALID;
    }
    return code;
}

/* ---- findings ---- */

static mu_finding *find_same(const struct direction *d, mu_code code, const char *evidence)
{
    for (size_t i = 0; i < d->findings->count; i++) {
        mu_finding *f = &d->findings->items[i];
        if (f->code == code && f->refused_by != MU_AT_UNKNOWN && f->evidence.count > 0 &&
            strcmp(f->evidence.items[0], evidence) == 0)
            return f;
    }
    return NULL;
}

/* The same certificate may be at fault in both directions: one finding then. */
static mu_finding *add(const struct direction *d, mu_code code, const X509 *cert, const char *detail)
{
    code = settle_signature(d, code, cert);
    mu_found_at side = side_of(d, code, cert);
    mu_finding *finding = find_same(d, code, detail);
    if (finding) {
        finding->refused_by = MU_AT_BOTH;
        finding->side = finding->side == side ? side : MU_AT_BOTH;
    } else {
        finding = mu_findings_add(d->findings, mu_findings_failure(d->findings), code, side, 0.98);
        finding->refused_by = d->judge;
        mu_finding_evidence(d->findings, finding, "%s", detail);
    }
    add_place(d, finding, cert);
    return finding;
}

static void add_verdict(const struct direction *d, const mu_chain_verdict *v)
{
    int depth = v->depth < 0 ? 0 : v->depth < sk_X509_num(v->chain) ? v->depth : sk_X509_num(v->chain) - 1;
    mu_finding *finding = add(d, v->code, sk_X509_value(v->chain, depth), v->detail ? v->detail : "");
    if (v->hint)
        mu_finding_fix(d->findings, finding, "%s", v->hint);
    if (is_trust_code(v->code))
        add_trusted(d, finding);
}

/* ---- what lies around in the other files ---- */

static bool gather(const mu_given *g, STACK_OF(X509) * pool)
{
    const STACK_OF(X509) *loose = g->store ? mu_store_get0_loose_certs(g->store) : NULL;
    bool ok = true;
    for (int i = 0; ok && i < sk_X509_num(loose); i++)
        ok = X509_add_cert(pool, sk_X509_value(loose, i), X509_ADD_FLAG_NO_DUP | X509_ADD_FLAG_UP_REF);
    for (size_t i = 0; ok && g->store && i < mu_store_count(g->store); i++) {
        mu_entry *entry = mu_store_entry(g->store, i);
        if (mu_entry_get_kind(entry) != MU_ENTRY_SECRET)
            ok = X509_add_certs(pool, mu_entry_get0_chain(entry), X509_ADD_FLAG_NO_DUP | X509_ADD_FLAG_UP_REF);
    }
    return ok;
}

STACK_OF(X509) * mu_pair_certs(const mu_pair *pair)
{
    const mu_given *files[] = {&pair->server.keys, &pair->server.trusts, &pair->client.keys, &pair->client.trusts};
    STACK_OF(X509) *pool = sk_X509_new_null();
    for (int i = 0; pool && i < 4; i++)
        if (!gather(files[i], pool)) {
            sk_X509_pop_free(pool, X509_free);
            return NULL;
        }
    return pool;
}

/* With the intermediates of all four files: would there be a way? Then one is missing, whatever the names suggest. */
static int look_around(const struct direction *d, mu_chain_verdict *v, mu_err **err)
{
    mu_verify_params params = d->params;
    mu_chain_verdict other = {0};
    STACK_OF(X509) *pool = mu_pair_certs(d->pair);
    int rc = pool ? 0 : mu_fail_nomem(err);

    params.untrusted = pool;
    if (rc == 0)
        rc = mu_chain_verify(sk_X509_value(d->from->chain, 0), &params, &other, err);
    if (rc == 0 && !is_trust_code(other.code) && sk_X509_num(other.chain) > sk_X509_num(v->chain)) {
        char *missing = mu_name_text(X509_get_subject_name(sk_X509_value(other.chain, sk_X509_num(v->chain))));
        free(v->hint);
        v->code = MU_E_CHAIN_MISSING_INTERMEDIATE;
        v->hint =
            mu_asprintf("Add \"%s\" to the chain in %s: mutual keytool -importcert with the whole chain in one file, leaf first.",
                        missing ? missing : "", d->from->keys.shown);
        free(missing);
    }
    mu_chain_verdict_done(&other);
    sk_X509_pop_free(pool, X509_free);
    return rc;
}

/* ---- one direction ---- */

static int add_faults(const struct direction *d, const mu_chain_verdict *v, const STACK_OF(X509) * path, mu_err **err)
{
    mu_chain_faults faults;
    int rc = mu_chain_faults_find(path, &d->params, &faults, err);
    bool known = !v || v->code == MU_OK;

    for (size_t i = 0; rc == 0 && i < faults.count; i++) {
        const mu_chain_fault *fault = &faults.items[i];
        bool pinned = v && v->pinned;
        add(d, fault->code, sk_X509_value(path, fault->depth), fault->detail);
        known = known || pinned || (fault->code == v->code && fault->depth == v->depth);
    }
    if (rc == 0 && !known)
        add_verdict(d, v);
    mu_chain_faults_done(&faults);
    return rc;
}

static int judge(const struct direction *d, mu_err **err)
{
    mu_chain_verdict v = {0};
    int rc = mu_chain_verify(sk_X509_value(d->from->chain, 0), &d->params, &v, err);
    if (rc == 0 &&
        (v.code == MU_E_CA_NOT_TRUSTED || v.code == MU_E_CLIENT_CA_NOT_TRUSTED || v.code == MU_E_CHAIN_MISSING_INTERMEDIATE))
        rc = look_around(d, &v, err);
    if (rc == 0)
        rc = add_faults(d, &v, v.chain, err);
    mu_chain_verdict_done(&v);
    return rc;
}

/* Nobody to judge: what can be said of the chain alone. */
static int look_at_chain(const struct direction *d, mu_err **err)
{
    STACK_OF(X509) *path = NULL;
    int rc = mu_chain_build(sk_X509_value(d->from->chain, 0), d->from->chain, &path, err);
    if (rc == 0)
        rc = add_faults(d, NULL, path, err);
    sk_X509_pop_free(path, X509_free);
    return rc;
}

static void warn_of_ca_leaf(const struct direction *d)
{
    X509 *leaf = sk_X509_value(d->from->chain, 0);
    char *subject = mu_name_text(X509_get_subject_name(leaf));
    for (size_t i = 0; i < d->findings->count; i++)
        if (d->findings->items[i].code == MU_E_CA_USED_AS_LEAF && d->findings->items[i].refused_by == d->judge)
            leaf = NULL;
    if (leaf && mu_cert_is_ca(leaf) && X509_get_version(leaf) == X509_VERSION_3) {
        mu_finding *finding =
            mu_findings_add(d->findings, mu_findings_failure(d->findings), MU_E_CA_USED_AS_LEAF, d->presenter, 0.98);
        finding->warning = true;
        mu_finding_evidence(d->findings, finding, "%s: \"%s\" is a CA", d->from->source, subject ? subject : "");
    }
    free(subject);
}

static struct direction make_direction(const mu_pair *pair, const mu_pair_side *from, const mu_pair_side *to, bool server,
                                       mu_findings *findings)
{
    return (struct direction){
        .pair = pair,
        .from = from,
        .to = to,
        .findings = findings,
        .presenter = server ? MU_AT_SERVER : MU_AT_CLIENT,
        .judge = server ? MU_AT_CLIENT : MU_AT_SERVER,
        .params =
            {
                .libctx = pair->libctx,
                .trusted = to->anchors,
                .untrusted = from->chain,
                .purpose = server ? MU_PURPOSE_SERVER : MU_PURPOSE_CLIENT,
                .host = server ? pair->host : NULL,
                .at_s = pair->at_s,
                .max_depth = -1,
                .security_level = -1,
            },
    };
}

static int check_direction(const struct direction *d, mu_err **err)
{
    if (!d->from->chain)
        return 0;
    int rc = d->to->trust ? judge(d, err) : look_at_chain(d, err);
    warn_of_ca_leaf(d);
    return rc;
}

/* With nobody to judge, what is wrong with the anchors themselves. */
static void look_at_anchors(const mu_pair_side *side, mu_findings *findings)
{
    for (size_t i = 0; i < side->trusts.facts.count; i++) {
        const mu_entry_facts *e = &side->trusts.facts.entries[i];
        char shown[MU_SHOWN_SIZE];
        for (size_t j = 0; e->kind == MU_ENTRY_TRUSTED && j < e->problems.count; j++) {
            const mu_problem *p = &e->problems.items[j];
            mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), p->code, side->at, 0.95);
            finding->warning = true;
            mu_finding_evidence(findings, finding, "%s, alias %s: %s", side->trusts.shown, mu_escape_to(shown, e->alias),
                                p->detail);
        }
    }
}

/* ---- stores of the two sides that were exchanged ---- */

/* Does this direction end as it would with somebody else's identity, or somebody else's trust? */
static int is_strange(const struct direction *d, bool *ret, mu_err **err)
{
    mu_chain_verdict v = {0};
    if (mu_chain_verify(sk_X509_value(d->from->chain, 0), &d->params, &v, err) != 0)
        return -1;
    *ret = is_trust_code(v.code) || v.code == MU_E_EKU_MISSING_CLIENTAUTH || v.code == MU_E_EKU_MISSING_SERVERAUTH ||
           v.code == MU_E_HOSTNAME_MISMATCH || v.code == MU_E_IP_SAN_MISSING;
    mu_chain_verdict_done(&v);
    return 0;
}

/* Wrong both ways as it is, and right both ways if exchanged: then that is the fault, and not what follows from it. */
static int find_exchange(const struct direction direct[2], const struct direction other[2], bool *ret, mu_err **err)
{
    bool strange[4] = {false};
    for (int i = 0; i < 2; i++)
        if (is_strange(&direct[i], &strange[i], err) != 0 || is_strange(&other[i], &strange[2 + i], err) != 0)
            return -1;
    *ret = strange[0] && strange[1] && !strange[2] && !strange[3];
    return 0;
}

static void tell_exchange(mu_findings *findings, const mu_given *of_server, const mu_given *of_client)
{
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), MU_E_STORE_SWAPPED, MU_AT_BOTH, 0.95);
    mu_finding_evidence(findings, finding, "neither side accepts the other; with %s at the client and %s at the server both would",
                        of_server->shown, of_client->shown);
    mu_finding_fix(findings, finding, "Exchange the two settings: %s belongs to the client and %s to the server.", of_server->shown,
                   of_client->shown);
}

/* What is checked: as given, or as it was meant. */
static int choose_directions(const mu_pair *pair, mu_findings *findings, struct direction ret[2], mu_err **err)
{
    const mu_pair_side *s = &pair->server, *c = &pair->client;
    const struct direction direct[2] = {make_direction(pair, s, c, true, findings), make_direction(pair, c, s, false, findings)};
    const struct direction trusts[2] = {make_direction(pair, s, s, true, findings), make_direction(pair, c, c, false, findings)};
    const struct direction keys[2] = {make_direction(pair, c, c, true, findings), make_direction(pair, s, s, false, findings)};
    bool trusts_exchanged = false, keys_exchanged = false;

    if (s->chain && c->chain && s->trust && c->trust &&
        (find_exchange(direct, trusts, &trusts_exchanged, err) != 0 || find_exchange(direct, keys, &keys_exchanged, err) != 0))
        return -1;
    if (trusts_exchanged)
        tell_exchange(findings, &s->trusts, &c->trusts);
    else if (keys_exchanged)
        tell_exchange(findings, &s->keys, &c->keys);
    for (int i = 0; i < 2; i++)
        ret[i] = trusts_exchanged ? trusts[i] : keys_exchanged ? keys[i] : direct[i];
    return 0;
}

int mu_pair_check_paths(const mu_pair *pair, mu_findings *findings, mu_err **err)
{
    static const mu_code codes[] = {
        MU_E_CA_NOT_TRUSTED,
        MU_E_CLIENT_CA_NOT_TRUSTED,
        MU_E_CHAIN_MISSING_INTERMEDIATE,
        MU_E_INTERMEDIATE_ONLY_ANCHOR,
        MU_E_SELF_SIGNED,
        MU_E_SUBJECT_EQUALS_ISSUER,
        MU_E_CA_REGENERATED,
        MU_E_CERT_EXPIRED,
        MU_E_CERT_NOT_YET_VALID,
        MU_E_EKU_MISSING_CLIENTAUTH,
        MU_E_EKU_MISSING_SERVERAUTH,
        MU_E_EKU_CA_CHAIN,
        MU_E_CA_USED_AS_LEAF,
        MU_E_PATHLEN_EXCEEDED,
        MU_E_NAME_CONSTRAINTS,
        MU_E_UNKNOWN_CRITICAL_EXTENSION,
        MU_E_WEAK_SIGNATURE_DIGEST,
        MU_E_WEAK_KEY_SIZE,
        MU_E_PIN_MISMATCH,
        MU_E_SIGNATURE_INVALID,
        MU_E_ISSUER_NOT_A_CA,
        MU_E_KEY_USAGE_WRONG,
        MU_E_CERT_MALFORMED,
    };
    static const mu_code names[] = {MU_E_SAN_MISSING, MU_E_IP_SAN_MISSING, MU_E_HOSTNAME_MISMATCH};
    bool judged = pair->server.chain && pair->client.chain && pair->server.trust && pair->client.trust;

    for (size_t i = 0; judged && i < sizeof codes / sizeof *codes; i++)
        findings->looked_for[codes[i]] = true;
    for (size_t i = 0; judged && pair->host && i < sizeof names / sizeof *names; i++)
        findings->looked_for[names[i]] = true;
    if (pair->server.chain && !pair->host)
        mu_findings_note(findings, "no name was asked for (--host), so none was compared with the server's certificate");
    struct direction directions[2];
    if (!pair->server.chain)
        look_at_anchors(&pair->client, findings);
    if (!pair->client.chain)
        look_at_anchors(&pair->server, findings);
    return choose_directions(pair, findings, directions, err) != 0 || check_direction(&directions[0], err) != 0 ||
                   check_direction(&directions[1], err) != 0
               ? -1
               : 0;
}

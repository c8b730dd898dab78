/* Rules for client authentication: whether the server asks, insists, and what it says to our identity. */
#include "diag/live.h"

#include "base/clock.h"
#include "diag/cert_facts.h"
#include "tls/alert.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define SOON_DAYS 30

struct judging {
    const mu_live *live;
    const mu_live_options *o;
    mu_findings *findings;
    const mu_probe *with, *without; /* our identity; NULL: not tried */
    mu_chain_facts own;             /* of the identity */
    mu_problems problems;           /* of that */
};

/* ---- what the answers say ---- */

/* Servers that let everybody through the handshake, and say in HTTP what TLS was not told. */
static const struct text {
    const char *says;
    mu_code code;
} texts[] = {
    {"No required SSL certificate was sent", MU_E_CLIENT_CERT_NOT_SENT},            /* nginx */
    {"The SSL certificate error", MU_E_PEER_REFUSED},                               /* nginx */
    {"Cannot perform Post-Handshake Authentication", MU_E_POST_HANDSHAKE_AUTH_UNSUPPORTED}, /* httpd */
    {"The plain HTTP request was sent to HTTPS port", MU_E_TLS_TERMINATED_UPSTREAM}, /* nginx */
    {"speaking plain HTTP to an SSL-enabled server port", MU_E_TLS_TERMINATED_UPSTREAM}, /* httpd */
    {"Client sent an HTTP request to an HTTPS server", MU_E_TLS_TERMINATED_UPSTREAM}, /* Go */
    {"This combination of host and port requires TLS", MU_E_TLS_TERMINATED_UPSTREAM}, /* Tomcat */
};

static const struct text *find_text(const mu_probe *p)
{
    const char *body = p ? mu_buf_text(&p->body) : "";
    for (size_t i = 0; p && p->status >= 400 && i < sizeof texts / sizeof *texts; i++)
        if (strstr(body, texts[i].says))
            return &texts[i];
    return NULL;
}

static bool says(const mu_probe *p, mu_code code)
{
    const struct text *text = find_text(p);
    return text && text->code == code;
}

/* After the server had asked for a certificate, it went no further. */
static bool is_refused(const mu_probe *p)
{
    bool gone = p->alert >= 0 || p->ended || p->io_errno;
    return p->requested && (says(p, MU_E_CLIENT_CERT_NOT_SENT) || says(p, MU_E_PEER_REFUSED) || (!p->confirmed && gone) ||
                            (p->alert >= 0 && p->status == 0));
}

static void tell_refusal(struct judging *j, mu_finding *f, const mu_probe *p)
{
    const struct text *text = find_text(p);
    char end[MU_SHOWN_SIZE];
    if (text)
        mu_finding_evidence(j->findings, f, "the server answers %d: \"%s\"", p->status, text->says);
    else
        mu_finding_evidence(j->findings, f, "%s, %s, %s", mu_probe_end_text(p, end), p->version_name,
                            p->done ? "after the handshake was done on our side" : "during the handshake");
}

/* ---- issuers ---- */

static bool is_listed(const mu_probe *p, const X509_NAME *name)
{
    for (int i = 0; i < sk_X509_NAME_num(p->issuers); i++)
        if (X509_NAME_cmp(name, sk_X509_NAME_value(p->issuers, i)) == 0)
            return true;
    return false;
}

static bool is_issuer_excluded(const struct judging *j)
{
    for (size_t i = 0; i < j->own.count; i++)
        if (is_listed(j->with, X509_get_issuer_name(j->own.certs[i].cert)))
            return false;
    return sk_X509_NAME_num(j->with->issuers) > 0;
}

static const ASN1_STRING *part_of(const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    return at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)) : NULL;
}

/* The issuer that is missing belongs to the organisation of one that is listed, and is no root by its name. */
static bool is_related(const struct judging *j)
{
    const X509_NAME *missing = X509_get_issuer_name(j->own.certs[j->own.count - 1].cert);
    const ASN1_STRING *own = part_of(missing, NID_organizationName), *other;
    for (int i = 0; own && !strcasestr(j->own.missing, "root") && i < sk_X509_NAME_num(j->with->issuers); i++)
        if ((other = part_of(sk_X509_NAME_value(j->with->issuers, i), NID_organizationName)) && ASN1_STRING_cmp(own, other) == 0)
            return true;
    return false;
}

static void tell_issuers(struct judging *j, mu_finding *f, const mu_probe *p)
{
    int count = sk_X509_NAME_num(p->issuers);
    mu_buf list;
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    for (int i = 0; i < count && i < 5; i++) {
        char *name = mu_name_text(sk_X509_NAME_value(p->issuers, i));
        mu_buf_addf(&list, "%s\"%s\"", i ? ", " : "", name ? name : "");
        free(name);
    }
    if (count > 0)
        mu_finding_evidence(j->findings, f, "it names as issuers that it accepts: %s%s", mu_buf_text(&list), count > 5 ? ", …" : "");
    mu_buf_free(&list);
}

/* ---- without an identity ---- */

static mu_finding *add_warning(struct judging *j, mu_code code, mu_found_at side)
{
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), code, side, 0.9);
    f->warning = true;
    return f;
}

static void client_cert_not_sent(struct judging *j)
{
    if (j->o->identity_unusable) /* which is a finding itself */
        return;
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), MU_E_CLIENT_CERT_NOT_SENT, MU_AT_CLIENT, 0.98);
    f->refused_by = MU_AT_SERVER;
    mu_finding_evidence(j->findings, f, "the server asks for a client certificate, and no identity was given");
    tell_refusal(j, f, j->without);
    tell_issuers(j, f, j->without);
}

static void client_auth_optional(struct judging *j)
{
    mu_finding *f = add_warning(j, MU_E_CLIENT_AUTH_OPTIONAL, MU_AT_SERVER);
    mu_finding_evidence(j->findings, f, "the server asks for a client certificate, and lets a client without one in%s",
                        j->without->status > 0 ? "" : " (as far as TLS goes)");
    if (j->without->status > 0)
        mu_finding_evidence(j->findings, f, "HTTP status without a certificate: %d", j->without->status);
}

static bool is_forbidden(const mu_probe *p)
{
    return p->status == 401 || p->status == 403;
}

/* ---- the server never asked ---- */

static void not_asked(struct judging *j)
{
    const mu_probe *p = j->with;
    size_t failure = mu_findings_failure(j->findings);
    mu_finding *f = mu_findings_add(j->findings, failure, MU_E_SERVER_DOES_NOT_REQUEST, MU_AT_SERVER, p->via ? 0.6 : 0.9);
    mu_finding_evidence(j->findings, f, "in %s the server does not ask for a client certificate, so %s was not sent", p->version_name,
                        mu_identity_source(j->o->identity));
    if (is_forbidden(p))
        mu_finding_evidence(j->findings, f, "the application answers %d", p->status);
    f = mu_findings_add(j->findings, failure, MU_E_TLS_TERMINATED_UPSTREAM, MU_AT_SERVER, p->via ? 0.7 : 0.3);
    mu_finding_evidence(j->findings, f, "%s", p->via ? "the answer went through a proxy (Via)" : "a proxy in front of the server would look the same");
}

/* ---- what is wrong with our own, whatever the server says ---- */

static void check_own(struct judging *j)
{
    const mu_cert_facts *leaf = &j->own.certs[0];
    mu_chain_problems(&j->own, MU_ROLE_IDENTITY, j->o->at_s, &j->problems);
    if (leaf->ca && !(X509_get_key_usage(leaf->cert) & KU_DIGITAL_SIGNATURE))
        mu_problems_add(&j->problems, MU_E_CA_USED_AS_LEAF, false, 0, "\"%s\" is a CA, and may sign certificates only", leaf->subject);
    if (!leaf->client)
        mu_problems_add(&j->problems, MU_E_EKU_MISSING_CLIENTAUTH, false, 0, "\"%s\" has extendedKeyUsage %s", leaf->subject, leaf->ext_usage);
}

/* What that role asks for besides, and a client need not have. */
static bool is_own_fault(const mu_problem *p)
{
    return !p->warning && p->code != MU_E_EKU_MISSING_SERVERAUTH && p->code != MU_E_SAN_MISSING;
}

/*
 * CAs that the server names and that we have, from our trust and from what it presents: what would it say by them?
 * *ret_in_order: one of them leads to our identity, and nothing is wrong on the way.
 */
static mu_code predict(const struct judging *j, bool *ret_in_order, char **ret_detail)
{
    STACK_OF(X509) *trusted = sk_X509_new_null(), *pools[] = {j->o->trust ? mu_trust_get0_certs(j->o->trust) : NULL, j->with->chain};
    mu_verify_params params = {.libctx = j->o->libctx, .trusted = trusted, .untrusted = mu_identity_get0_chain(j->o->identity),
                               .purpose = MU_PURPOSE_CLIENT, .at_s = j->o->at_s, .max_depth = -1, .security_level = -1};
    mu_chain_verdict verdict = {0};
    mu_code code = MU_OK;
    for (size_t i = 0; trusted && i < sizeof pools / sizeof *pools; i++)
        for (int k = 0; k < sk_X509_num(pools[i]); k++)
            if (is_listed(j->with, X509_get_subject_name(sk_X509_value(pools[i], k))) && mu_cert_is_ca(sk_X509_value(pools[i], k)))
                (void)sk_X509_push(trusted, sk_X509_value(pools[i], k));
    if (sk_X509_num(trusted) > 0 && mu_chain_verify(j->own.certs[0].cert, &params, &verdict, NULL) == 0) {
        code = verdict.code;
        *ret_in_order = code == MU_OK;
        *ret_detail = verdict.detail;
        verdict.detail = NULL;
    }
    mu_chain_verdict_done(&verdict);
    sk_X509_free(trusted);
    return code;
}

/* ---- the server refuses our identity ---- */

static mu_finding *add_cause(struct judging *j, size_t failure, mu_code code, double confidence)
{
    bool by_server = code == MU_E_CLIENT_CA_NOT_TRUSTED || code == MU_E_VERIFY_DEPTH_TOO_SMALL || code == MU_E_CRL_UNAVAILABLE ||
                     code == MU_E_CRL_EXPIRED || code == MU_E_PIN_MISMATCH || code == MU_E_CA_REGENERATED;
    mu_finding *f = mu_findings_add(j->findings, failure, code, by_server ? MU_AT_SERVER : MU_AT_CLIENT, confidence);
    f->refused_by = MU_AT_SERVER;
    tell_refusal(j, f, j->with);
    return f;
}

static void not_sent(struct judging *j, size_t failure)
{
    mu_code code = j->with->key_accepted ? MU_E_SIGALG_MISMATCH : MU_E_KEYTYPE_MISMATCH;
    mu_finding *f = add_cause(j, failure, code, 0.93);
    mu_finding_evidence(j->findings, f, "the server's list of signature schemes has none for our %s key, so no certificate was sent",
                        j->own.certs[0].key);
}

static void issuer_excluded(struct judging *j, size_t failure)
{
    if (j->own.certs[0].self_signed) {
        mu_finding *self = add_cause(j, failure, MU_E_SELF_SIGNED, 0.93);
        self->side = MU_AT_SERVER;
        mu_finding_evidence(j->findings, self, "%s: \"%s\" signed itself, and is not among what the server accepts",
                            mu_identity_source(j->o->identity), j->own.certs[0].subject);
        tell_issuers(j, self, j->with);
        return;
    }
    if (is_listed(j->with, X509_get_subject_name(j->own.certs[0].cert))) {
        mu_finding_evidence(j->findings, add_cause(j, failure, MU_E_PIN_MISMATCH, 0.92),
                            "the server names \"%s\" itself: it trusts single certificates, and one of that name which is not ours",
                            j->own.certs[0].subject);
        return;
    }
    bool incomplete = j->own.missing != NULL, related = incomplete && is_related(j);
    mu_finding *f = add_cause(j, failure, MU_E_CLIENT_CA_NOT_TRUSTED, !incomplete ? 0.92 : related ? 0.4 : 0.6);
    mu_finding_evidence(j->findings, f, "%s was issued by \"%s\"", mu_identity_source(j->o->identity), j->own.certs[0].issuer);
    tell_issuers(j, f, j->with);
    if (!incomplete)
        return;
    f = add_cause(j, failure, MU_E_CHAIN_MISSING_INTERMEDIATE, related ? 0.7 : 0.45);
    mu_finding_evidence(j->findings, f, "%s ends without the certificate of \"%s\", which may lead to an issuer that the server accepts",
                        mu_identity_source(j->o->identity), j->own.missing);
}

/*
 * The server names a CA of ours and refuses all the same, for what only it knows: a limit, a list, a pin, or another CA of that name. Whether
 * it is the same one is known only if our own trust, or what the server presents, holds it (in_order).
 */
static void by_secrets(struct judging *j, size_t failure, bool in_order)
{
    bool intermediates = j->own.count > 2 || (j->own.count == 2 && !j->own.complete);
    const struct {
        mu_code code;
        double confidence;
    } causes[] = {{MU_E_VERIFY_DEPTH_TOO_SMALL, intermediates ? 0.65 : 0}, {MU_E_CA_REGENERATED, in_order ? 0.45 : 0.6},
                  {MU_E_CERT_REVOKED, find_text(j->with) ? 0.5 : 0.1},    {MU_E_CRL_UNAVAILABLE, 0.35},
                  {MU_E_CRL_EXPIRED, 0.3}, {MU_E_PIN_MISMATCH, 0.22},      {MU_E_CLIENT_CA_NOT_TRUSTED, 0.2}};
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (causes[i].confidence <= 0)
            continue;
        mu_finding *f = add_cause(j, failure, causes[i].code, causes[i].confidence);
        mu_finding_evidence(j->findings, f, "our chain (%zu certificates) leads to a CA that the server names%s", j->own.count,
                            in_order ? ", and is in order by the one of that name that we have" : "");
    }
}

/* Known to be otherwise: we have looked. */
static bool is_ruled_out(const struct judging *j, mu_code code)
{
    switch (code) {
    case MU_E_CERT_EXPIRED:
    case MU_E_CERT_NOT_YET_VALID:
    case MU_E_EKU_MISSING_CLIENTAUTH:
    case MU_E_KEY_USAGE_WRONG:
    case MU_E_CLIENT_CERT_NOT_SENT:
        return true;
    case MU_E_CHAIN_MISSING_INTERMEDIATE:
        return !j->own.missing;
    case MU_E_SELF_SIGNED:
        return !j->own.certs[0].self_signed;
    case MU_E_SIGNATURE_INVALID: /* of a whole chain it was checked */
        return j->own.count > 1;
    case MU_E_KEY_CERT_MISMATCH:
        return true;
    default:
        return false;
    }
}

/* decrypt_error: a signature that does not fit. Ours do, so the CA that the server has is another one of that name. */
static double confidence_of(const struct judging *j, mu_code code, bool only, size_t place)
{
    if (code == MU_E_CA_REGENERATED && j->with->alert == SSL_AD_DECRYPT_ERROR && j->own.count > 1)
        return 0.85;
    return only ? 0.95 : 0.6 / (double)place;
}

/* What the alert can mean, less what we have looked at and found in order. */
static void by_answer(struct judging *j, size_t failure, bool in_order)
{
    int alert = find_text(j->with) ? SSL_AD_UNKNOWN_CA : j->with->alert;
    mu_code causes[MU_MAX_CANDIDATES];
    size_t given = 0, count = mu_alert_candidates(alert, MU_SIDE_CLIENT, MU_PHASE_CERT, causes);

    bool vague = alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_CERTIFICATE_UNKNOWN || alert == SSL_AD_BAD_CERTIFICATE;
    if (vague && sk_X509_NAME_num(j->with->issuers) > 0 && (in_order || !j->own.missing)) {
        by_secrets(j, failure, in_order);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_ruled_out(j, causes[i]))
            tell_issuers(j, add_cause(j, failure, causes[i], confidence_of(j, causes[i], count == 1, ++given)), j->with);
    if (given == 0)
        add_cause(j, failure, j->with->alert >= 0 ? MU_E_PEER_REFUSED : MU_E_CLIENT_CA_NOT_TRUSTED, 0.5);
}

/* Everything that is wrong with our own is a failure of its own: a server tells one of them. */
static size_t own_faults(struct judging *j)
{
    size_t count = 0;
    for (size_t i = 0; i < j->problems.count; i++) {
        const mu_problem *p = &j->problems.items[i];
        if (!is_own_fault(p))
            continue;
        mu_finding *f = add_cause(j, mu_findings_failure(j->findings), p->code, 0.96);
        mu_finding_evidence(j->findings, f, "%s: %s", mu_identity_source(j->o->identity), p->detail);
        count++;
    }
    return count;
}

static void identity_refused(struct judging *j)
{
    char *detail = NULL;
    bool in_order = false;
    mu_code predicted = predict(j, &in_order, &detail);

    if (!j->with->cert_sent) {
        not_sent(j, mu_findings_failure(j->findings));
    } else if (own_faults(j) == 0) {
        size_t failure = mu_findings_failure(j->findings);
        if (predicted != MU_OK)
            mu_finding_evidence(j->findings, add_cause(j, failure, predicted, 0.9),
                                "judged by the CAs that the server names, as far as we have them: %s", detail ? detail : "");
        else if (is_issuer_excluded(j))
            issuer_excluded(j, failure);
        else
            by_answer(j, failure, in_order);
    }
    free(detail);
}

/* ---- the server takes it, and others may not ---- */

static void accepted_with_doubts(struct judging *j)
{
    const mu_cert_facts *leaf = &j->own.certs[0];
    int64_t days = mu_days_left(leaf->not_after_s, j->o->at_s);
    char until[32];

    for (size_t i = 0; i < j->problems.count; i++)
        if (is_own_fault(&j->problems.items[i]))
            mu_finding_evidence(j->findings, add_warning(j, j->problems.items[i].code, MU_AT_CLIENT),
                                "%s; this server takes it all the same", j->problems.items[i].detail);
    if (days >= 0 && days <= SOON_DAYS && (leaf->not_after_s - leaf->not_before_s) / 86400 > 3 * SOON_DAYS)
        mu_finding_evidence(j->findings, add_warning(j, MU_E_CERT_EXPIRED, MU_AT_CLIENT), "\"%s\" of %s expires in %d days, on %s",
                            leaf->subject, mu_identity_source(j->o->identity), (int)days, mu_time_text(leaf->not_after_s, until));
    if (is_issuer_excluded(j)) {
        mu_finding *f = add_warning(j, MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED, MU_AT_SERVER);
        mu_finding_evidence(j->findings, f, "the server takes our certificate, but does not name its issuer \"%s\": a JVM would not send it",
                            leaf->issuer);
        tell_issuers(j, f, j->with);
    }
}

static void server_refuses_all(struct judging *j, const mu_probe *p)
{
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), MU_E_SERVER_REFUSES_ALL, MU_AT_SERVER, 0.9);
    f->refused_by = MU_AT_SERVER;
    mu_finding_evidence(j->findings, f, "TLS is accepted, with our certificate; the application answers %d", p->status);
}

/* ---- something in between ---- */

/* Inside this TLS connection speaks another TLS server: who ends ours passes the plain text on. */
static bool tls_terminated_upstream(struct judging *j, const mu_probe *p)
{
    const uint8_t *data = p->body.data;
    bool record = p->no_http && p->body.len >= 3 && data[0] >= 20 && data[0] <= 23 && data[1] == 3;
    if (!record && !says(p, MU_E_TLS_TERMINATED_UPSTREAM))
        return false;
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), MU_E_TLS_TERMINATED_UPSTREAM, MU_AT_SERVER, 0.96);
    f->refused_by = MU_AT_SERVER;
    if (record)
        mu_finding_evidence(j->findings, f, "inside the TLS connection the answer is a TLS record: a server behind it expects TLS, too");
    else
        mu_finding_evidence(j->findings, f, "inside the TLS connection a server answers %d: \"%s\"", p->status, find_text(p)->says);
    return true;
}

static void other_answers(struct judging *j, const mu_probe *p)
{
    if (p->status == 421 || says(p, MU_E_POST_HANDSHAKE_AUTH_UNSUPPORTED)) {
        mu_code code = p->status == 421 ? MU_E_SNI_HOST_MISMATCH : MU_E_POST_HANDSHAKE_AUTH_UNSUPPORTED;
        mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), code, MU_AT_SERVER, 0.9);
        f->refused_by = MU_AT_SERVER;
        mu_finding_evidence(j->findings, f, "the server answers %d", p->status);
    } else if (p->status > 0) {
        mu_findings_note(j->findings, "the server answers HTTP status %d", p->status);
    }
}

/* ---- all of it ---- */

static void look(struct judging *j)
{
    static const mu_code always[] = {MU_E_CLIENT_AUTH_OPTIONAL, MU_E_TLS_TERMINATED_UPSTREAM, MU_E_CLIENT_CERT_NOT_SENT};
    static const mu_code own[] = {MU_E_SERVER_DOES_NOT_REQUEST, MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_EKU_MISSING_CLIENTAUTH,
                                  MU_E_KEYTYPE_MISMATCH, MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED, MU_E_SERVER_REFUSES_ALL};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        j->findings->looked_for[always[i]] = true;
    for (size_t i = 0; j->o->identity && i < sizeof own / sizeof *own; i++)
        j->findings->looked_for[own[i]] = true;
}

static void judge_with(struct judging *j)
{
    const mu_probe *p = j->with;
    if (!p->requested) {
        if (p->done && !says(p, MU_E_POST_HANDSHAKE_AUTH_UNSUPPORTED))
            not_asked(j);
    } else if (is_refused(p)) {
        identity_refused(j);
    } else if (p->done) {
        accepted_with_doubts(j);
        if (is_forbidden(p))
            server_refuses_all(j, p);
    }
}

static void judge_without(struct judging *j)
{
    const mu_probe *p = j->without;
    if (!p->requested)
        return;
    if (!is_refused(p) && !(j->with == NULL && is_forbidden(p)))
        client_auth_optional(j);
    else if (!j->with)
        client_cert_not_sent(j);
}

int mu_live_judge_client(const mu_live *live, mu_findings *findings, mu_err **err)
{
    struct judging j = {.live = live, .o = live->options, .findings = findings, .with = mu_live_tried(live, MU_TRY_IDENTITY),
                        .without = mu_live_tried(live, MU_TRY_ANONYMOUS)};
    const mu_probe *base = mu_live_base(live);
    int rc = 0;

    if (base->err || (!base->done && !base->requested))
        return 0;
    look(&j);
    if (tls_terminated_upstream(&j, base))
        return 0;
    if (j.with && mu_chain_facts_read(mu_identity_get0_chain(j.o->identity), &j.own, err) == 0) {
        check_own(&j);
        judge_with(&j);
        rc = j.problems.failed ? mu_fail_nomem(err) : 0;
    } else if (j.with) {
        rc = -1;
    }
    if (j.without)
        judge_without(&j);
    other_answers(&j, base);
    if (!base->requested)
        mu_findings_note(findings, "%s asks for no client certificate", live->where);
    mu_problems_free(&j.problems);
    mu_chain_facts_done(&j.own);
    return rc;
}

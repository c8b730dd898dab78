/* Rules for what the server presents: its certificates, its clock, and whether this client's trust accepts them. */
#include "diag/live.h"

#include "base/clock.h"
#include "diag/cert_facts.h"

#include <stdlib.h>
#include <string.h>

#define CLOCK_TOLERANCE_S 300
#define SOON_DAYS 30

struct judging {
    const mu_live *live;
    const mu_live_options *o;
    mu_findings *findings;
    const mu_probe *probe; /* the one whose chain is judged */
    mu_chain_facts chain;
    mu_problems problems;
    mu_chain_verdict verdict; /* by our trust, if there is one */
};

/* A CA that bears its issuer's name is trusted, and was made later: it cannot have issued this certificate. */
static bool is_older_than_its_ca(const struct judging *j, int depth)
{
    const STACK_OF(X509) *trusted = mu_trust_get0_certs(j->o->trust);
    const X509 *cert = sk_X509_value(j->verdict.chain, depth);
    for (int i = 0; cert && i < sk_X509_num(trusted); i++)
        if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(trusted, i)), X509_get_issuer_name(cert)) == 0 &&
            mu_cert_not_before_s(sk_X509_value(trusted, i)) > mu_cert_not_before_s(cert))
            return true;
    return false;
}

/* Whose to change: what the server presents, or what the client trusts. */
static mu_found_at side_of(const struct judging *j, mu_code code, int depth)
{
    switch (code) {
    case MU_E_CA_REGENERATED:
        return is_older_than_its_ca(j, depth) ? MU_AT_SERVER : MU_AT_CLIENT;
    case MU_E_CA_NOT_TRUSTED:
    case MU_E_PIN_MISMATCH:
    case MU_E_SELF_SIGNED:
    case MU_E_INTERMEDIATE_ONLY_ANCHOR:
    case MU_E_TRUSTSTORE_REPLACES_DEFAULT:
    case MU_E_CRL_EXPIRED:
    case MU_E_CRL_UNAVAILABLE:
        return MU_AT_CLIENT;
    default:
        return depth >= (int)j->chain.count ? MU_AT_CLIENT : MU_AT_SERVER;
    }
}

static mu_finding *add(struct judging *j, mu_code code, mu_found_at side, double confidence)
{
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), code, side, confidence);
    f->refused_by = MU_AT_CLIENT;
    return f;
}

/* ---- names ---- */

/* The first name of the certificate that one can connect by, and that a shell reads as it is; NULL if there is none. Owned. */
static char *usable_name(const mu_cert_facts *leaf)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    for (const char *at = leaf->names; (at = strstr(at, "dns:")); at++) {
        size_t len = strcspn(at + 4, ",");
        if (len > 0 && at[4] != '-' && strspn(at + 4, letters) == len)
            return mu_strndup(at + 4, len);
    }
    return NULL;
}

static void propose_name(struct judging *j, mu_finding *f)
{
    char *name = usable_name(&j->chain.certs[0]),
         *with_port = name ? mu_asprintf("https://%s:%d%s", name, j->o->port, j->o->target) : NULL;
    mu_buf words;

    mu_buf_init(&words, MU_BUF_TEXT_MAX);
    if (with_port) {
        mu_shell_word(&words, with_port);
        mu_finding_fix(j->findings, f,
                       "Connect by a name that the certificate has (%s), or have it issued again with the one you use.", name);
        mu_finding_command(j->findings, f, "mutual get %s --resolve %s:%d:%s%s", mu_buf_text(&words), name, j->o->port,
                           j->live->address ? j->live->address : j->o->host, j->o->stores);
    }
    mu_buf_free(&words);
    free(with_port);
    free(name);
}

static void wrong_name(struct judging *j)
{
    bool dns = mu_is_dns_name(j->o->name);
    const mu_probe *without = mu_live_tried(j->live, MU_TRY_NO_SNI);
    X509 *leaf = j->chain.certs[0].cert;
    mu_err *err = NULL;

    if (mu_cert_check_name(leaf, dns ? j->o->name : NULL, dns ? NULL : j->o->name, &err) == 0)
        return;
    bool nameless = !*j->chain.certs[0].names;
    mu_finding *f = add(j, nameless ? MU_E_SAN_MISSING : err->code, MU_AT_SERVER, 0.97);
    mu_finding_evidence(j->findings, f, "%s%s%s", err->msg, err->detail ? ": " : "", err->detail ? err->detail : "");
    if (dns && without && without->chain)
        mu_finding_evidence(j->findings, f, X509_cmp(leaf, sk_X509_value(without->chain, 0)) == 0
                                                ? "the same certificate comes without a name: it is the server's default, and the "
                                                  "server may not know this name"
                                                : "without a name another certificate comes");
    propose_name(j, f);
    mu_err_free(err);
}

/* ---- dates and clocks ---- */

static bool has_date(const struct judging *j)
{
    return j->probe->date_s > 0;
}

static int64_t server_ahead_s(const struct judging *j)
{
    return has_date(j) ? j->probe->date_s - j->probe->seen_s : 0;
}

static bool clocks_differ(const struct judging *j)
{
    return llabs(server_ahead_s(j)) > CLOCK_TOLERANCE_S;
}

static void tell_clock(struct judging *j, mu_finding *f)
{
    char duration[32];
    if (!has_date(j))
        return;
    if (clocks_differ(j))
        mu_finding_evidence(j->findings, f, "the server's clock (Date) is %s %s ours",
                            mu_duration_text(llabs(server_ahead_s(j)), duration), server_ahead_s(j) > 0 ? "ahead of" : "behind");
    else
        mu_finding_evidence(j->findings, f, "the server's clock (Date) agrees with ours");
}

/* By the server's clock the certificate is valid: then it is a clock, and most likely ours. */
static void wrong_date(struct judging *j, const mu_problem *problem)
{
    const mu_cert_facts *c = &j->chain.certs[problem->depth];
    int64_t theirs_s = j->o->at_s + server_ahead_s(j);
    bool valid_there = clocks_differ(j) && theirs_s >= c->not_before_s && theirs_s <= c->not_after_s;
    double sure = valid_there ? 0.15 : problem->code == MU_E_CERT_EXPIRED || has_date(j) ? 0.97 : 0.75;
    mu_finding *f = add(j, problem->code, MU_AT_SERVER, sure);
    size_t failure = f->failure;
    mu_finding_evidence(j->findings, f, "%s", problem->detail);
    tell_clock(j, f);
    if (sure > 0.9)
        return;
    f = mu_findings_add(j->findings, failure, MU_E_CLOCK_SKEW, MU_AT_CLIENT, valid_there ? 0.9 : 0.3);
    f->refused_by = MU_AT_CLIENT;
    mu_finding_evidence(j->findings, f, "%s%s", problem->detail, valid_there ? ", and by the server's clock it is valid" : "");
    tell_clock(j, f);
}

static void expires_soon(struct judging *j)
{
    char until[32];
    for (size_t i = 0; i < j->chain.count; i++) {
        const mu_cert_facts *c = &j->chain.certs[i];
        int64_t days = mu_days_left(c->not_after_s, j->o->at_s), life = (c->not_after_s - c->not_before_s) / 86400;
        /* What lives shortly is renewed by a machine, usually when a third is left. */
        if (days < 0 || c->not_after_s < j->o->at_s || days > SOON_DAYS || (life <= 3 * SOON_DAYS && days * 3 > life))
            continue;
        mu_finding *f = add(j, MU_E_CERT_EXPIRED, MU_AT_SERVER, 0.9);
        f->warning = true;
        f->refused_by = MU_AT_UNKNOWN;
        mu_finding_evidence(j->findings, f, "\"%s\" expires in %d day%s, on %s", c->subject, (int)days, days == 1 ? "" : "s",
                            mu_time_text(c->not_after_s, until));
    }
}

static void clock_skew(struct judging *j)
{
    if (!clocks_differ(j) || mu_problems_have(&j->problems, MU_E_CERT_EXPIRED) ||
        mu_problems_have(&j->problems, MU_E_CERT_NOT_YET_VALID))
        return;
    mu_finding *f = mu_findings_add(j->findings, mu_findings_failure(j->findings), MU_E_CLOCK_SKEW, MU_AT_UNKNOWN, 0.85);
    f->warning = true;
    tell_clock(j, f);
}

/* ---- trust ---- */

static bool is_accepted_by(const struct judging *j, const mu_trust *trust, mu_chain_verdict *ret, mu_err **err)
{
    bool dns = mu_is_dns_name(j->o->name);
    const mu_verify_params params = {.libctx = j->o->libctx,
                                     .trusted = mu_trust_get0_certs(trust),
                                     .untrusted = j->probe->chain,
                                     .crls = mu_trust_get0_crls(trust),
                                     .purpose = MU_PURPOSE_SERVER,
                                     .host = dns ? j->o->name : NULL,
                                     .ip = dns ? NULL : j->o->name,
                                     .at_s = j->o->at_s,
                                     .max_depth = -1,
                                     .security_level = -1};
    return mu_chain_verify(j->chain.certs[0].cert, &params, ret, err) == 0 && ret->code == MU_OK;
}

static bool is_accepted_by_default(const struct judging *j)
{
    const mu_trust *trust = j->o->default_trust(j->o->arg);
    mu_chain_verdict verdict = {0};
    bool accepted = trust && is_accepted_by(j, trust, &verdict, NULL);
    mu_chain_verdict_done(&verdict);
    return accepted;
}

/* The presented root, shown to the user for comparison before it is trusted. */
static void propose_root(struct judging *j, mu_finding *f)
{
    const mu_cert_facts *top = &j->chain.certs[j->chain.count - 1];
    char *print = mu_cert_fingerprint(top->cert);
    bool dns = mu_is_dns_name(j->o->name);
    mu_buf file, address, name;

    if (!top->self_signed || !j->live->address) {
        mu_finding_fix(j->findings, f,
                       "Ask whoever runs the server for the certificate of \"%s\" and import it into %s; the server does not "
                       "present it.",
                       top->issuer, j->o->trust_file);
        free(print);
        return;
    }
    mu_finding_fix(j->findings, f,
                   "If the server is yours, compare the SHA-256 fingerprint of \"%s\" (%s) with that of the CA on a way other "
                   "than this connection; if they agree, import it into %s.",
                   top->subject, print ? print : "", j->o->trust_file);
    mu_buf_init(&file, MU_BUF_TEXT_MAX);
    mu_buf_init(&address, MU_BUF_TEXT_MAX);
    mu_buf_init(&name, MU_BUF_TEXT_MAX);
    if (dns)
        mu_shell_word(&name, j->o->name);
    mu_shell_word(&file, j->o->trust_file);
    mu_buf_addf(&address, strchr(j->live->address, ':') ? "[%s]" : "%s", j->live->address);
    mu_finding_command(
        j->findings, f,
        "openssl s_client -connect %s:%d%s%s -showcerts </dev/null 2>/dev/null | awk '/BEGIN CERT/{p=\"\"} {p=p $0 \"\\n\"} "
        "/END CERT/{last=p} END{printf \"%%s\", last}' >presented-root.pem; %s%s",
        mu_buf_text(&address), j->o->port, dns ? " -servername " : "", mu_buf_text(&name),
        j->o->trust_is_pem ? "cat presented-root.pem >>"
                           : "mutual keytool -importcert -trustcacerts -alias "
                             "presented-root -file presented-root.pem -keystore ",
        mu_buf_text(&file));
    mu_buf_free(&file);
    mu_buf_free(&address);
    mu_buf_free(&name);
    free(print);
}

static bool has_error(const struct judging *j, mu_code code)
{
    for (size_t i = 0; i < j->problems.count; i++)
        if (j->problems.items[i].code == code && !j->problems.items[i].warning)
            return true;
    return false;
}

static int judge_trust(struct judging *j, mu_err **err)
{
    mu_code code;
    if (!j->o->trust)
        return 0;
    if (!is_accepted_by(j, j->o->trust, &j->verdict, err) && j->verdict.code == MU_OK)
        return -1;
    code = j->verdict.code;
    if (code == MU_OK || has_error(j, code) || (code == MU_E_CA_REGENERATED && has_error(j, MU_E_SIGNATURE_INVALID)) ||
        code == MU_E_HOSTNAME_MISMATCH || code == MU_E_IP_SAN_MISSING || code == MU_E_SAN_MISSING)
        return 0;
    bool unknown = code == MU_E_CA_NOT_TRUSTED || code == MU_E_SELF_SIGNED;
    if (unknown && is_accepted_by_default(j))
        code = MU_E_TRUSTSTORE_REPLACES_DEFAULT;
    bool guessed = code == MU_E_CHAIN_MISSING_INTERMEDIATE || code == MU_E_CA_REGENERATED;
    mu_finding *f = add(j, code, side_of(j, code, j->verdict.depth), guessed ? 0.9 : 0.97);
    mu_finding_evidence(j->findings, f, "judged by %s: %s", mu_trust_source(j->o->trust),
                        j->verdict.detail ? j->verdict.detail : "");
    if (code == MU_E_TRUSTSTORE_REPLACES_DEFAULT)
        mu_finding_evidence(j->findings, f, "the system's own roots accept this server");
    if (unknown || code == MU_E_CA_REGENERATED)
        propose_root(j, f);
    return 0;
}

/* ---- all of it ---- */

static void tell_problem(struct judging *j, const mu_problem *p)
{
    bool accepted = j->o->trust && j->verdict.code == MU_OK;
    if (p->code == MU_E_CERT_EXPIRED || p->code == MU_E_CERT_NOT_YET_VALID) {
        wrong_date(j, p);
        return;
    }
    if (p->code == MU_E_SAN_MISSING || (p->warning && p->code == j->verdict.code) ||
        (p->code == MU_E_CHAIN_MISSING_INTERMEDIATE && (accepted || (j->o->trust && p->warning))))
        return; /* the name's rule tells it; what our trust completes, or refuses for a reason of its own, is told there */
    mu_finding *f = add(j, p->code, MU_AT_SERVER, p->code == MU_E_CHAIN_MISSING_INTERMEDIATE ? 0.5 : 0.97);
    f->warning = p->warning;
    if (p->warning)
        f->refused_by = MU_AT_UNKNOWN;
    mu_finding_evidence(j->findings, f, "%s", p->detail);
}

static void self_signed(struct judging *j)
{
    const mu_cert_facts *leaf = &j->chain.certs[0];
    if (j->o->trust || !leaf->self_signed)
        return;
    mu_finding *f = add(j, MU_E_SELF_SIGNED, MU_AT_CLIENT, 0.9);
    f->warning = true;
    mu_finding_evidence(j->findings, f, "\"%s\" signed itself: clients have to trust exactly this certificate", leaf->subject);
}

static void look(struct judging *j)
{
    static const mu_code always[] = {MU_E_CERT_EXPIRED,      MU_E_CERT_NOT_YET_VALID, MU_E_SAN_MISSING,
                                     MU_E_IP_SAN_MISSING,    MU_E_HOSTNAME_MISMATCH,  MU_E_EKU_MISSING_SERVERAUTH,
                                     MU_E_CHAIN_ORDER_WRONG, MU_E_WEAK_KEY_SIZE,      MU_E_WEAK_SIGNATURE_DIGEST,
                                     MU_E_KEY_USAGE_WRONG,   MU_E_CLOCK_SKEW,         MU_E_UNKNOWN_CRITICAL_EXTENSION};
    static const mu_code by_trust[] = {MU_E_CA_NOT_TRUSTED, MU_E_SELF_SIGNED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_PIN_MISMATCH,
                                       MU_E_CA_REGENERATED, MU_E_INTERMEDIATE_ONLY_ANCHOR, MU_E_TRUSTSTORE_REPLACES_DEFAULT};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        j->findings->looked_for[always[i]] = true;
    for (size_t i = 0; j->o->trust && i < sizeof by_trust / sizeof *by_trust; i++)
        j->findings->looked_for[by_trust[i]] = true;
}

static const mu_probe *with_chain(const mu_live *live)
{
    if (mu_live_base(live)->chain)
        return mu_live_base(live);
    for (size_t i = 0; i < MU_TRY_COUNT; i++)
        if (i != MU_TRY_NO_SNI && live->tried[i] && live->probes[i].chain)
            return &live->probes[i];
    return NULL;
}

int mu_live_judge_server(const mu_live *live, mu_findings *findings, mu_err **err)
{
    struct judging j = {.live = live, .o = live->options, .findings = findings, .probe = with_chain(live)};
    int rc = -1;
    if (!j.probe)
        return 0;
    look(&j);
    if (mu_chain_facts_read(j.probe->chain, &j.chain, err) != 0)
        goto out;
    mu_chain_problems(&j.chain, MU_ROLE_SERVER, j.o->at_s, &j.problems);
    if (judge_trust(&j, err) != 0)
        goto out;
    for (size_t i = 0; i < j.problems.count; i++)
        tell_problem(&j, &j.problems.items[i]);
    wrong_name(&j);
    self_signed(&j);
    expires_soon(&j);
    clock_skew(&j);
    if (!j.o->trust)
        mu_findings_note(findings,
                         "no trust store was given, so it is not judged whether clients trust \"%s\"; a client with this "
                         "system's own roots %s the server",
                         j.chain.certs[0].issuer, is_accepted_by_default(&j) ? "accepts" : "refuses");
    rc = j.problems.failed ? mu_fail_nomem(err) : 0;
out:
    mu_chain_verdict_done(&j.verdict);
    mu_problems_free(&j.problems);
    mu_chain_facts_done(&j.chain);
    return rc;
}

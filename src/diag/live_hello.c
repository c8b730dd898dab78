/* Rules for servers that refuse the hello, or choose what others refuse: versions, suites, groups, signatures, names. */
#include "diag/live.h"

#include "base/ossl.h"
#include "tls/alert.h"

#include <stdlib.h>

#define MIN_DH_BITS 2048

static mu_finding *refused(const mu_live *live, mu_findings *findings, size_t failure, mu_code code, double confidence)
{
    char end[MU_SHOWN_SIZE];
    mu_finding *f = mu_findings_add(findings, failure, code, MU_AT_SERVER, confidence);
    f->refused_by = MU_AT_SERVER;
    mu_finding_evidence(findings, f, "an ordinary client (TLS 1.2 and 1.3, AEAD suites, X25519 and NIST curves): %s",
                        mu_probe_end_text(mu_live_base(live), end));
    return f;
}

/* ---- names ---- */

/* Without the name it is served, or the refusal says so itself. */
static bool sni_unrecognized(const mu_live *live, mu_findings *findings)
{
    const mu_probe *base = mu_live_base(live), *without = mu_live_tried(live, MU_TRY_NO_SNI);
    bool named = mu_is_dns_name(live->options->name), alone = without && without->hello;
    char shown[MU_SHOWN_SIZE];
    if (!named || (!alone && base->alert != SSL_AD_UNRECOGNIZED_NAME))
        return false;
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), MU_E_SNI_UNRECOGNIZED, alone ? 0.97 : 0.9);
    mu_finding_evidence(findings, f, "the name \"%s\" was sent; %s", mu_escape_to(shown, live->options->name),
                        alone ? "without a name the server answers" : "without a name it refuses, too");
    if (alone && without->chain) {
        char *names = mu_cert_san_text(sk_X509_value(without->chain, 0));
        mu_finding_evidence(findings, f, "without a name it presents a certificate for %s", names && *names ? names : "no name");
        free(names);
    }
    return true;
}

static bool sni_missing(const mu_live *live, mu_findings *findings)
{
    if (mu_is_dns_name(live->options->name) || mu_live_base(live)->alert != SSL_AD_UNRECOGNIZED_NAME)
        return false;
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), MU_E_SNI_MISSING, 0.95);
    f->side = MU_AT_CLIENT;
    mu_finding_evidence(findings, f, "the connection went to an address, so no name was sent");
    mu_finding_fix(findings, f,
                   "Connect by the server's name instead of its address; to try one: mutual doctor --url %s --sni NAME",
                   live->options->url);
    return true;
}

/* ---- what the wide hello was answered with ---- */

static bool protocol_version_mismatch(const mu_live *live, mu_findings *findings, const mu_probe *wide)
{
    bool old = wide && wide->hello && wide->version < TLS1_2_VERSION;
    if (!old && mu_live_base(live)->alert != SSL_AD_PROTOCOL_VERSION)
        return false;
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), MU_E_PROTOCOL_VERSION_MISMATCH, 0.98);
    if (old)
        mu_finding_evidence(findings, f, "offered everything from TLS 1.0, it chooses %s", wide->version_name);
    return true;
}

static bool by_suites(const mu_live *live, mu_findings *findings, const mu_probe *p)
{
    bool weak_dh = p->temp_key_bits > 0 && p->temp_key_bits < MIN_DH_BITS, anonymous = !p->chain;
    mu_code code = anonymous ? MU_E_KEYSTORE_NO_PRIVATE_KEY : weak_dh ? MU_E_DH_PARAMETERS_WEAK : MU_E_CIPHER_MISMATCH;
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), code, 0.95);
    mu_finding_evidence(findings, f, "offered all suites, it chooses %s", p->cipher ? p->cipher : "an unknown one");
    if (anonymous)
        mu_finding_evidence(findings, f, "with this suite a server presents no certificate");
    if (weak_dh)
        mu_finding_evidence(findings, f, "its Diffie-Hellman parameters have %d bits", p->temp_key_bits);
    return true;
}

static bool by_group(const mu_live *live, mu_findings *findings, const mu_probe *p)
{
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), MU_E_NAMED_GROUP_MISMATCH, 0.96);
    mu_finding_evidence(findings, f, "offered all groups, it chooses %s", *p->group ? p->group : "one of them");
    return true;
}

static bool by_sigalg(const mu_live *live, mu_findings *findings, const mu_probe *p)
{
    mu_finding *f = refused(live, findings, mu_findings_failure(findings), MU_E_SIGALG_MISMATCH, 0.95);
    mu_finding_evidence(findings, f, "offered all signature schemes, it signs with %s",
                        p->sig_digest_nid ? OBJ_nid2sn(p->sig_digest_nid) : "one of the old ones");
    return true;
}

/* One thing alone made the difference; else more than one is needed, and what was chosen tells the first. */
static bool by_widening(const mu_live *live, mu_findings *findings, const mu_probe *wide)
{
    const mu_probe *suites = mu_live_tried(live, MU_TRY_CIPHERS), *groups = mu_live_tried(live, MU_TRY_GROUPS),
                   *sigalgs = mu_live_tried(live, MU_TRY_SIGALGS);
    if (!wide || !wide->done)
        return false;
    if (groups && groups->done)
        return by_group(live, findings, groups);
    if (sigalgs && sigalgs->done)
        return by_sigalg(live, findings, sigalgs);
    return by_suites(live, findings, suites && suites->done ? suites : wide);
}

/* ---- nothing helped ---- */

/*
 * A server without a usable key answers so. In TLS 1.3 the suite has nothing to do with the key: who fails there has no key, or may
 * not sign with it. OpenSSL does not offer TLS 1.3 at all when it has no certificate for it.
 */
static void no_common_parameters(const mu_live *live, mu_findings *findings, size_t failure)
{
    const mu_probe *tls13 = mu_live_tried(live, MU_TRY_TLS13);
    bool without_tls13 = tls13 && tls13->alert == SSL_AD_PROTOCOL_VERSION;
    const struct {
        mu_code code;
        double confidence;
    } possible[] = {{MU_E_KEYSTORE_NO_PRIVATE_KEY, without_tls13 ? 0.4 : 0.5},
                    {MU_E_CIPHER_KEYTYPE_MISMATCH, without_tls13 ? 0.5 : 0.15},
                    {MU_E_SIGALG_MISMATCH, without_tls13 ? 0.3 : 0.45},
                    {MU_E_CIPHER_MISMATCH, 0.2},
                    {MU_E_SNI_MISSING, mu_is_dns_name(live->options->name) ? 0 : 0.3}};
    for (size_t i = 0; i < sizeof possible / sizeof *possible; i++) {
        if (possible[i].confidence <= 0)
            continue;
        mu_finding *f = refused(live, findings, failure, possible[i].code, possible[i].confidence);
        f->side = possible[i].code == MU_E_SNI_MISSING ? MU_AT_CLIENT : MU_AT_SERVER;
        mu_finding_evidence(findings, f, "no version, suite, group or signature scheme that this library has is accepted%s",
                            without_tls13 ? "; TLS 1.3 is not enabled" : "");
    }
}

static void refuses_everybody(const mu_live *live, mu_findings *findings)
{
    const mu_probe *base = mu_live_base(live);
    size_t failure = mu_findings_failure(findings);
    if (base->alert == SSL_AD_HANDSHAKE_FAILURE || base->alert == SSL_AD_INTERNAL_ERROR ||
        base->alert == SSL_AD_INSUFFICIENT_SECURITY || base->alert == TLS13_AD_MISSING_EXTENSION) {
        no_common_parameters(live, findings, failure);
        return;
    }
    mu_code causes[MU_MAX_CANDIDATES];
    size_t count = base->alert < 0 ? 0 : mu_alert_candidates(base->alert, MU_SIDE_CLIENT, MU_PHASE_HELLO, causes);
    for (size_t i = 0; i < count; i++)
        refused(live, findings, failure, causes[i], 0.5 / (double)(i + 1));
    if (count == 0)
        refused(live, findings, failure, base->broken ? MU_E_PROTOCOL_ERROR : MU_E_PEER_REFUSED, 0.7);
}

/* ---- it answered, and could be better ---- */

static void large_hello(const mu_live *live, mu_findings *findings)
{
    const mu_probe *large = mu_live_tried(live, MU_TRY_LARGE);
    char end[MU_SHOWN_SIZE];
    if (!large || large->hello || large->alert == SSL_AD_UNRECOGNIZED_NAME)
        return;
    mu_finding *f = mu_findings_add(findings, mu_findings_failure(findings), MU_E_CLIENTHELLO_TOO_LARGE, MU_AT_SERVER, 0.9);
    f->warning = true;
    mu_finding_evidence(findings, f,
                        "a hello of %zu bytes is answered; one of %zu bytes, as clients with post-quantum groups send: %s",
                        mu_live_base(live)->sent_hello, large->sent_hello, mu_probe_end_text(large, end));
}

static void legacy_renegotiation(const mu_live *live, mu_findings *findings)
{
    const mu_probe *p = mu_live_base(live);
    if (!p->done || p->version != TLS1_2_VERSION || p->renegotiation_secure)
        return;
    mu_finding *f = mu_findings_add(findings, mu_findings_failure(findings), MU_E_LEGACY_RENEGOTIATION, MU_AT_SERVER, 0.97);
    f->refused_by = MU_AT_CLIENT;
    mu_finding_evidence(findings, f, "in %s the server does not announce RFC 5746; OpenSSL's clients refuse that", p->version_name);
}

void mu_live_judge_hello(const mu_live *live, mu_findings *findings)
{
    const mu_probe *p = mu_live_base(live), *wide = mu_live_tried(live, MU_TRY_WIDE);
    static const mu_code found[] = {MU_E_PROTOCOL_VERSION_MISMATCH, MU_E_CIPHER_MISMATCH,  MU_E_NAMED_GROUP_MISMATCH,
                                    MU_E_SIGALG_MISMATCH,           MU_E_SNI_UNRECOGNIZED, MU_E_DH_PARAMETERS_WEAK,
                                    MU_E_LEGACY_RENEGOTIATION};
    bool refused_hello = !p->err && !p->done && !p->requested && !mu_probe_is_plaintext(p) && !live->plain;
    bool spoke = p->hello || p->alert >= 0 || p->broken || (wide && wide->hello) ||
                 (live->tried[MU_TRY_NO_SNI] && live->probes[MU_TRY_NO_SNI].hello);

    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        findings->looked_for[found[i]] = findings->looked_for[found[i]] || (!p->err && !live->plain);
    if (refused_hello && spoke && !sni_unrecognized(live, findings) && !sni_missing(live, findings) &&
        !protocol_version_mismatch(live, findings, wide) && !by_widening(live, findings, wide) &&
        !(mu_live_tried(live, MU_TRY_SMALL) && live->probes[MU_TRY_SMALL].hello))
        refuses_everybody(live, findings);
    large_hello(live, findings);
    legacy_renegotiation(live, findings);
}

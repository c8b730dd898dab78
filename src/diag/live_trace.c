/* The handshakes of the probes, for who wants to see them. */
#include "diag/live.h"

#include "tls/alert.h"

#include <openssl/ssl.h>
#include <stdlib.h>

static const char *const tries[MU_TRY_COUNT] = {
    [MU_TRY_IDENTITY] = "with our certificate",
    [MU_TRY_ANONYMOUS] = "without a certificate",
    [MU_TRY_LARGE] = "with a large hello",
    [MU_TRY_SMALL] = "with a small hello",
    [MU_TRY_NO_SNI] = "without a name (SNI)",
    [MU_TRY_WIDE] = "with all versions, suites, groups and signatures",
    [MU_TRY_CIPHERS] = "with all suites",
    [MU_TRY_GROUPS] = "with all groups",
    [MU_TRY_SIGALGS] = "with all signatures",
};

static mu_alert_phase phase_of(const mu_probe *p)
{
    return p->cert_sent ? MU_PHASE_CERT : p->requested ? MU_PHASE_NO_CERT : MU_PHASE_HELLO;
}

void mu_live_tell_trace(const mu_live *live, mu_try try)
{
    const mu_probe *p = &live->probes[try];
    mu_verdict v = {.side = MU_SIDE_CLIENT, .handshake_done = p->done, .confirmed = p->confirmed, .depth = -1, .alert = p->alert,
                    .version = p->version_name, .cipher = p->cipher, .group = *p->group ? p->group : NULL,
                    .cert_requested = p->requested, .identity_sent = p->cert_sent};
    mu_err *reason = NULL;
    char *peer;

    if (!p->trace)
        return;
    peer = mu_asprintf("%s, tried %s", live->where, tries[try]);
    if (!p->done || p->alert >= 0) {
        mu_probe_fail(p, live->where, &reason);
        v.code = reason ? reason->code : MU_E_PROTOCOL_ERROR;
        v.by = reason ? reason->by : MU_BY_US;
    }
    if (v.code == MU_E_PEER_REFUSED)
        v.candidate_count = mu_alert_candidates(p->alert, MU_SIDE_CLIENT, phase_of(p), v.candidates);
    if (p->chain)
        v.peer_subject = mu_name_text(X509_get_subject_name(sk_X509_value(p->chain, 0)));
    live->options->on_trace(live->options->on_trace_arg, p->trace, &v, peer ? peer : "");
    free(v.peer_subject);
    free(peer);
    mu_err_free(reason);
}

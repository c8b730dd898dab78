/* Rules for servers with which there is no TLS: not reached, silent, gone, or speaking something else. */
#include "diag/live.h"

#include <stdlib.h>


static void not_connected(const mu_live *live, mu_findings *findings)
{
    const mu_err *why = mu_live_base(live)->err;
    mu_found_at side = why->code == MU_E_NAME_NOT_RESOLVED ? MU_AT_CLIENT : MU_AT_SERVER;
    mu_finding *f = mu_findings_add(findings, mu_findings_failure(findings), why->code, side, 0.98);
    mu_finding_evidence(findings, f, "%s%s%s", why->msg, why->detail ? ": " : "", why->detail ? why->detail : "");
}

static void tls_to_plaintext_port(const mu_live *live, mu_findings *findings)
{
    const mu_probe *p = mu_live_base(live);
    size_t failure = mu_findings_failure(findings);
    mu_finding *f = mu_findings_add(findings, failure, MU_E_TLS_TO_PLAINTEXT_PORT, MU_AT_CLIENT, 0.97);
    char *said = mu_escape_dup(p->first, p->received < 60 ? p->received : 60);

    if (p->received > 0)
        mu_finding_evidence(findings, f, "%s answers a TLS hello with \"%s\"", live->where, said ? said : "");
    else
        mu_finding_evidence(findings, f, "%s does not answer a TLS hello, but answers without TLS", live->where);
    free(said);
    if (!live->plain)
        return;
    mu_finding_evidence(findings, f, "that is %s", live->plain->name);
    if (live->plain->starttls) {
        mu_finding_fix(findings, f,
                       "%s begins without TLS here: use STARTTLS in the client, or the server's port for TLS from the start.",
                       live->plain->name);
        mu_finding_command(findings, f, "openssl s_client -starttls %s -connect %s", live->plain->starttls, live->where);
    }
}

/* Silence and closing look alike to whatever comes in between; the evidence says what was seen. */
static void no_answer(const mu_live *live, mu_findings *findings)
{
    const mu_probe *p = mu_live_base(live), *small = mu_live_tried(live, MU_TRY_SMALL);
    mu_code code = p->timed_out ? MU_E_HANDSHAKE_TIMEOUT : MU_E_PEER_CLOSED;
    size_t failure = mu_findings_failure(findings);
    char end[MU_SHOWN_SIZE];
    mu_finding *f;

    if (small && small->hello) {
        f = mu_findings_add(findings, failure, MU_E_CLIENTHELLO_TOO_LARGE, MU_AT_SERVER, 0.93);
        mu_finding_evidence(findings, f, "a hello of %zu bytes: %s; one of %zu bytes is answered", p->sent_hello,
                            mu_probe_end_text(p, end), small->sent_hello);
        return;
    }
    f = mu_findings_add(findings, failure, code, MU_AT_SERVER, 0.85);
    mu_finding_evidence(findings, f, "%s accepts the connection; after the TLS hello: %s", live->where, mu_probe_end_text(p, end));
    if (live->asked_plain)
        mu_finding_evidence(findings, f, "HTTP and PostgreSQL without TLS are not answered either");
}

void mu_live_judge_reach(const mu_live *live, mu_findings *findings)
{
    const mu_probe *p = mu_live_base(live);
    const mu_probe *others[] = {mu_live_tried(live, MU_TRY_NO_SNI), mu_live_tried(live, MU_TRY_WIDE)};
    static const mu_code found[] = {MU_E_NAME_NOT_RESOLVED,    MU_E_CONNECTION_REFUSED, MU_E_NETWORK_TIMEOUT,
                                    MU_E_HANDSHAKE_TIMEOUT,    MU_E_PEER_CLOSED,        MU_E_TLS_TO_PLAINTEXT_PORT,
                                    MU_E_CLIENTHELLO_TOO_LARGE};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        findings->looked_for[found[i]] = true;

    if (p->err)
        not_connected(live, findings);
    else if (mu_probe_is_plaintext(p) || live->plain)
        tls_to_plaintext_port(live, findings);
    else if (!p->hello && p->alert < 0 && !p->broken && !(others[0] && others[0]->hello) && !(others[1] && others[1]->hello))
        no_answer(live, findings);
}

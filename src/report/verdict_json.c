#include "report/verdict_json.h"

#include "base/json.h"

static const char *by_name(const mu_verdict *v)
{
    static const char *const names[] = {[MU_BY_US] = "us", [MU_BY_PEER] = "peer", [MU_BY_OS] = "os", [MU_BY_CALLER] = "caller"};
    return v->code == MU_OK ? NULL : names[v->by];
}

static json_t *alert_json(const mu_verdict *v)
{
    return v->alert < 0 ? json_null()
                        : json_pack("{s:i, s:s, s:b}", "number", v->alert, "name", mu_alert_name(v->alert), "sent", v->alert_sent);
}

static json_t *peer_json(const mu_verdict *v)
{
    if (!v->peer_subject)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "subject", mu_json_text(v->peer_subject), "issuer", mu_json_text(v->peer_issuer),
                     "serial", mu_json_text(v->peer_serial), "names", mu_json_text(v->peer_names));
}

static json_t *candidates_json(const mu_verdict *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->candidate_count; i++)
        json_array_append_new(list, json_string(mu_code_name(v->candidates[i])));
    return list;
}

json_t *mu_verdict_json(const mu_verdict *v)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "code",
                     mu_code_name(v->code), "side", v->side == MU_SIDE_CLIENT ? "client" : "server", "by", mu_json_text(by_name(v)),
                     "handshake_done", v->handshake_done, "confirmed", v->confirmed, "depth", v->depth, "x509_error", v->x509_error,
                     "alert", alert_json(v), "version", mu_json_text(v->version), "cipher", mu_json_text(v->cipher), "group",
                     mu_json_text(v->group), "peer", peer_json(v), "source", mu_json_text(v->source), "cert_requested",
                     v->cert_requested, "identity_sent", v->identity_sent, "identity_note", mu_json_text(v->identity_note),
                     "detail", mu_json_text(v->detail), "candidates", candidates_json(v));
}

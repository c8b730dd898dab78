/* The real handshake between the two, over two buffers, at the time asked for. */
#include "diag/pair.h"

#include <errno.h>
#include <openssl/tls1.h>
#include <string.h>

/* ---- two buffers ---- */

struct end {
    mu_buf *in, *out;
    bool in_ended;
};

static ssize_t read_end(void *arg, void *data, size_t len)
{
    struct end *end = arg;
    if (end->in->len == 0) {
        errno = EAGAIN;
        return end->in_ended ? 0 : -1;
    }
    len = len < end->in->len ? len : end->in->len;
    memcpy(data, end->in->data, len);
    mu_buf_consume(end->in, len);
    return (ssize_t)len;
}

static ssize_t write_end(void *arg, const void *data, size_t len)
{
    mu_buf_add(((struct end *)arg)->out, data, len);
    return (ssize_t)len;
}

struct party {
    mu_tls_ctx *ctx;
    mu_tls_conn *conn;
    struct end end;
    mu_tls_status status;
};

/* Handshake, then a byte to read: TLS 1.3 tells a client only then that it was refused. */
static mu_tls_status go_on(struct party *p)
{
    char byte;
    size_t len;
    bool done = mu_tls_conn_verdict(p->conn)->handshake_done;
    mu_tls_status status = done ? mu_tls_read(p->conn, &byte, 1, &len) : mu_tls_handshake(p->conn);
    if (!done && status == MU_TLS_OK)
        mu_tls_write(p->conn, "x", 1, &len);
    return !done && status == MU_TLS_OK ? MU_TLS_WANT_READ : status;
}

/* Until nothing moves any more; a side that has failed closes its end. */
static void run(struct party *client, struct party *server)
{
    struct party *parties[] = {client, server};
    for (int idle = 0, turn = 0; idle < 2 && turn < 200; turn++) {
        struct party *p = parties[turn % 2], *other = parties[(turn + 1) % 2];
        size_t before = p->end.in->len + p->end.out->len;
        bool done = mu_tls_conn_verdict(p->conn)->handshake_done, was_waiting = p->status == MU_TLS_WANT_READ;
        if (was_waiting)
            p->status = go_on(p);
        other->end.in_ended = other->end.in_ended || p->status == MU_TLS_FAILED;
        bool moved = before != p->end.in->len + p->end.out->len || done != mu_tls_conn_verdict(p->conn)->handshake_done ||
                     (was_waiting && p->status != MU_TLS_WANT_READ);
        idle = moved ? 0 : idle + 1;
    }
}

/* ---- what came of it ---- */

static const mu_verdict *refusal(struct party *client, struct party *server)
{
    struct party *parties[] = {client, server};
    for (int i = 0; i < 2; i++) {
        const mu_verdict *v = mu_tls_conn_verdict(parties[i]->conn);
        if (v->code != MU_OK && v->by == MU_BY_US)
            return v;
    }
    return mu_tls_conn_verdict(client->conn)->code != MU_OK ? mu_tls_conn_verdict(client->conn) : NULL;
}

/* A fault that makes this side refuse is known already. Which one a handshake meets first is the library's business. */
static bool is_explained(const mu_findings *findings, mu_found_at by)
{
    for (size_t i = 0; i < findings->count; i++) {
        const mu_finding *f = &findings->items[i];
        bool of_its_own = f->side == by && (f->code == MU_E_KEY_USAGE_WRONG || f->code == MU_E_CA_USED_AS_LEAF);
        if (!f->warning && (f->refused_by == by || f->refused_by == MU_AT_BOTH || f->refused_by == MU_AT_UNKNOWN || of_its_own))
            return true; /* OpenSSL itself will not sign with a certificate whose usage forbids it */
    }
    return false;
}

static const char *version_name(int version)
{
    return version == TLS1_3_VERSION ? "TLS 1.3" : "TLS 1.2";
}

static void note_refusal(mu_findings *findings, int version, const mu_verdict *v, mu_prediction *prediction)
{
    mu_found_at by = v->side == MU_SIDE_SERVER ? MU_AT_SERVER : MU_AT_CLIENT;
    mu_found_at other = by == MU_AT_SERVER ? MU_AT_CLIENT : MU_AT_SERVER;

    *prediction = (mu_prediction){prediction->pair, version, false, by, v->code};
    if (is_explained(findings, by))
        return;
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), v->code, other, 0.9);
    finding->refused_by = by;
    mu_finding_evidence(findings, finding, "the handshake in memory over %s ended so: %s", version_name(version),
                        v->detail ? v->detail : mu_code_meaning(v->code));
    if (v->hint)
        mu_finding_fix(findings, finding, "%s", v->hint);
}

static void note_unfit(mu_findings *findings, mu_found_at at, const mu_err *err)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].code == err->code)
            return;
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), err->code, at, 0.95);
    mu_finding_evidence(findings, finding, "%s", err->msg);
}

/* ---- one version ---- */

struct plan {
    const mu_pair *pair;
    bool mutual; /* the server asks for a certificate */
    int version;
    mu_findings *findings;
};

/* @return 0, or -1 out of memory; p->ctx stays NULL if this side cannot even begin, which is a finding */
static int prepare(const struct plan *plan, const mu_pair_side *side, struct party *p, mu_prediction *prediction, mu_err **err)
{
    const bool server = side->at == MU_AT_SERVER;
    const mu_tls_settings settings = {.min_version = plan->version,
                                      .max_version = plan->version,
                                      .client_auth = plan->mutual ? MU_CLIENT_AUTH_NEED : MU_CLIENT_AUTH_NONE};
    mu_tls_io io = {read_end, write_end, &p->end};
    mu_err *reason = NULL;

    p->status = MU_TLS_WANT_READ;
    if (mu_tls_ctx_new(plan->pair->libctx, server ? MU_SIDE_SERVER : MU_SIDE_CLIENT, server || plan->mutual ? side->identity : NULL,
                       server && !plan->mutual ? NULL : side->trust, &settings, &p->ctx, &reason) != 0) {
        if (mu_err_root(reason)->code == MU_E_OUT_OF_MEMORY)
            return mu_err_pass(err, reason);
        note_unfit(plan->findings, side->at, reason);
        *prediction = (mu_prediction){prediction->pair, plan->version, false, side->at, reason->code};
        mu_err_free(reason);
        return 0;
    }
    if (mu_tls_conn_new(p->ctx, &io, server ? NULL : plan->pair->host, plan->pair->at_s, &p->conn, err) != 0)
        return -1;
    return plan->pair->on_trace ? mu_trace_start(p->conn, err) : 0;
}

static void tell_trace(const struct plan *plan, const struct party *client, const struct party *server)
{
    const mu_verdict *v = mu_tls_conn_verdict(server->conn);
    const struct party *p = v->code != MU_OK && v->by == MU_BY_US ? server : client;
    if (plan->pair->on_trace)
        plan->pair->on_trace(plan->pair->on_trace_arg, mu_trace_of(p->conn), mu_tls_conn_verdict(p->conn),
                             p == server ? "the client, in memory" : "the server, in memory");
}

static int shake(const struct plan *plan, mu_err **err)
{
    mu_buf to_server, to_client;
    struct party client = {.end = {&to_client, &to_server, false}}, server = {.end = {&to_server, &to_client, false}};
    mu_prediction prediction = {"mutual", plan->version, true, MU_AT_UNKNOWN, MU_OK};

    mu_buf_init(&to_server, 1u << 20);
    mu_buf_init(&to_client, 1u << 20);
    int rc = prepare(plan, &plan->pair->server, &server, &prediction, err);
    if (rc == 0)
        rc = prepare(plan, &plan->pair->client, &client, &prediction, err);
    if (rc == 0 && client.conn && server.conn) {
        run(&client, &server);
        const mu_verdict *v = refusal(&client, &server);
        tell_trace(plan, &client, &server);
        if (v)
            note_refusal(plan->findings, plan->version, v, &prediction);
    }
    if (rc == 0)
        mu_findings_predict(plan->findings, &prediction);
    mu_tls_conn_free(client.conn);
    mu_tls_conn_free(server.conn);
    mu_tls_ctx_free(client.ctx);
    mu_tls_ctx_free(server.ctx);
    mu_buf_free(&to_server);
    mu_buf_free(&to_client);
    return rc;
}

/* What was given and cannot be used is told already; a handshake without it would be another one. */
static bool is_whole(const mu_pair_side *side)
{
    return (!side->keys.path || side->identity) && (!side->trusts.path || side->trust);
}

int mu_pair_shake_hands(const mu_pair *pair, mu_findings *findings, mu_err **err)
{
    const mu_pair_side *s = &pair->server, *c = &pair->client;
    struct plan plan = {pair, s->trusts.path || c->keys.path, 0, findings};
    int rc = 0;

    if (!is_whole(s) || !is_whole(c) || !s->identity || !c->trust || (plan.mutual && !s->trust)) {
        mu_findings_note(findings,
                         "no handshake was tried: it takes a usable key store of the server and trust store of the client%s",
                         plan.mutual ? ", and the server's trust store" : "");
        return 0;
    }
    if (!plan.mutual)
        mu_findings_note(findings, "the handshake in memory was one of a server alone: nothing of a client's identity was given");
    for (plan.version = TLS1_2_VERSION; rc == 0 && plan.version <= TLS1_3_VERSION; plan.version++)
        rc = shake(&plan, err);
    return rc;
}

#include "tls/trace.h"

#include "tls/alert.h"
#include "tls/tls_internal.h"

#include <stdio.h>
#include <stdlib.h>

mu_trace *mu_trace_new(mu_side side, const char *identity, const char *trust)
{
    mu_trace *trace = calloc(1, sizeof *trace);
    if (!trace)
        return NULL;
    trace->side = side;
    trace->identity = identity;
    trace->trust = trust;
    mu_buf_init(&trace->bytes, MU_TRACE_BYTES_MAX);
    return trace;
}

int mu_trace_start(mu_tls_conn *conn, mu_err **err)
{
    const mu_tls_ctx *ctx = conn->ctx;
    mu_trace_free(conn->trace);
    conn->trace = mu_trace_new(ctx->side, ctx->identity ? ctx->identity->source : NULL, ctx->trust ? ctx->trust->source : NULL);
    return conn->trace ? 0 : mu_fail_nomem(err);
}

const mu_trace *mu_trace_of(const mu_tls_conn *conn)
{
    return conn->trace;
}

void mu_trace_free(mu_trace *trace)
{
    if (!trace)
        return;
    mu_buf_free(&trace->bytes);
    free(trace);
}

/* ---- collecting ---- */

/* What ends a connection is told in any case: it takes the last place. */
static mu_trace_step *add_step(mu_trace *trace, mu_trace_step step)
{
    if (trace->count == MU_TRACE_STEPS_MAX) {
        trace->left_out++;
        if (step.kind != MU_TRACE_ALERT)
            return NULL;
        trace->count--;
    }
    trace->steps[trace->count] = step;
    return &trace->steps[trace->count++];
}

static void note_message(mu_trace *trace, bool sent, const uint8_t *data, size_t len)
{
    mu_trace_step *step = add_step(trace, (mu_trace_step){.kind = MU_TRACE_MESSAGE, .sent = sent, .type = data[0], .len = len});
    size_t shown = mu_message_shown_bytes(data[0], len), room = trace->bytes.max - trace->bytes.len;
    if (!step || trace->bytes.failed)
        return;
    step->at = trace->bytes.len;
    step->kept = shown < room ? shown : room;
    mu_buf_add(&trace->bytes, data, step->kept);
    if (trace->bytes.failed)
        step->kept = 0;
}

static void note_data(mu_trace *trace, bool sent, size_t len)
{
    mu_trace_step *last = trace->count > 0 ? &trace->steps[trace->count - 1] : NULL;
    if (!last || last->kind != MU_TRACE_DATA || last->sent != sent)
        last = add_step(trace, (mu_trace_step){.kind = MU_TRACE_DATA, .sent = sent});
    if (last) {
        last->len += len;
        last->records++;
    }
}

/* RFC 8446 5.2: the outer type of an encrypted record is always application data, the inner one tells what it is. */
void mu_trace_note(mu_trace *trace, bool sent, int type, const uint8_t *data, size_t len, bool tls13)
{
    switch (type) {
    case SSL3_RT_HEADER:
        trace->record_len = len >= 5 ? (size_t)data[3] << 8 | data[4] : 0;
        if (len >= 5 && data[0] == SSL3_RT_APPLICATION_DATA && !tls13)
            note_data(trace, sent, trace->record_len);
        /* In TLS 1.3 it means nothing (RFC 8446 appendix D.4). OpenSSL tells of one that came by its record's header only. */
        if (len >= 5 && data[0] == SSL3_RT_CHANGE_CIPHER_SPEC && !tls13)
            add_step(trace, (mu_trace_step){.kind = MU_TRACE_CIPHER_CHANGE, .sent = sent, .len = trace->record_len});
        break;
    case SSL3_RT_INNER_CONTENT_TYPE:
        if (len == 1 && data[0] == SSL3_RT_APPLICATION_DATA)
            note_data(trace, sent, trace->record_len);
        break;
    case SSL3_RT_HANDSHAKE:
        if (len >= 4)
            note_message(trace, sent, data, len);
        trace->tls13 = tls13;
        break;
    case SSL3_RT_ALERT:
        if (len == 2)
            add_step(trace, (mu_trace_step){.kind = MU_TRACE_ALERT, .sent = sent, .type = data[1]});
        break;
    default:
        break;
    }
}

/* ---- telling ---- */

void mu_trace_decode(const mu_trace *trace, size_t step, mu_message *ret)
{
    const mu_trace_step *s = &trace->steps[step];
    if (s->kind == MU_TRACE_MESSAGE)
        mu_message_decode(trace->bytes.data ? trace->bytes.data + s->at : (const uint8_t *)"", s->kept, trace->tls13, ret);
    else
        *ret = (mu_message){0};
}

const char *mu_trace_step_name(const mu_trace *trace, size_t step, char out[64])
{
    const mu_trace_step *s = &trace->steps[step];
    mu_message message = {.name = s->kind == MU_TRACE_DATA ? "application data" : "ChangeCipherSpec"};
    if (s->kind == MU_TRACE_ALERT) {
        snprintf(out, 64, "alert %s (%d)", mu_alert_name(s->type), s->type);
        return out;
    }
    if (s->kind == MU_TRACE_MESSAGE)
        mu_trace_decode(trace, step, &message);
    snprintf(out, 64, "%s", message.name);
    mu_message_done(&message);
    return out;
}

size_t mu_trace_find(const mu_trace *trace, unsigned type, bool sent, size_t before)
{
    for (size_t i = before; i-- > 0;) {
        const mu_trace_step *s = &trace->steps[i];
        if (s->kind == MU_TRACE_MESSAGE && s->type == type && s->sent == sent)
            return i;
    }
    return trace->count;
}

bool mu_trace_client_cert_empty(const mu_trace *trace)
{
    size_t i = mu_trace_find(trace, MU_MESSAGE_CERTIFICATE, trace->side == MU_SIDE_CLIENT, trace->count);
    return i < trace->count && trace->steps[i].len <= 8;
}

/* ---- where it broke ---- */

static size_t last_message(const mu_trace *trace, bool sent, size_t before)
{
    for (size_t i = before; i-- > 0;)
        if (trace->steps[i].kind != MU_TRACE_ALERT && trace->steps[i].sent == sent)
            return i;
    return trace->count;
}

static size_t alert_step(const mu_trace *trace, int alert, bool sent)
{
    for (size_t i = trace->count; i-- > 0;)
        if (trace->steps[i].kind == MU_TRACE_ALERT && trace->steps[i].sent == sent && trace->steps[i].type == alert)
            return i;
    return trace->count;
}

/* Alerts that are answers to a certificate, or to its absence; the vague ones are if there was one to answer. */
static bool is_about_certificate(int alert)
{
    switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_INTERNAL_ERROR:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

/* A proof by the key follows the certificate; everything else is about what was said first. */
static size_t refused_by_peer(const mu_trace *trace, int alert, size_t end)
{
    unsigned own_hello = trace->side == MU_SIDE_CLIENT ? MU_MESSAGE_CLIENT_HELLO : MU_MESSAGE_SERVER_HELLO;
    size_t hello = mu_trace_find(trace, own_hello, true, end);
    size_t wanted = trace->count;
    if (is_about_certificate(alert))
        wanted = mu_trace_find(trace, MU_MESSAGE_CERTIFICATE, true, end);
    else if (alert == SSL_AD_DECRYPT_ERROR)
        wanted = mu_trace_find(trace, MU_MESSAGE_CERTIFICATE_VERIFY, true, end);
    else if (hello < trace->count)
        wanted = hello;
    return wanted < trace->count ? wanted : last_message(trace, true, end);
}

size_t mu_trace_broken_step(const mu_trace *trace, const mu_verdict *v)
{
    size_t end = v->alert >= 0 ? alert_step(trace, v->alert, v->alert_sent) : trace->count, certificate;
    if (v->code == MU_OK && v->handshake_done)
        return trace->count;
    if (v->code == MU_E_PEER_REFUSED)
        return refused_by_peer(trace, v->alert, end);
    if (v->depth >= 0 || mu_code_class(v->code) == MU_CLASS_TRUST) {
        certificate = mu_trace_find(trace, MU_MESSAGE_CERTIFICATE, false, end);
        if (certificate < trace->count)
            return certificate;
    }
    /* Gone without a word, with our certificate in hand and no yes. */
    if (v->code == MU_E_PEER_CLOSED && !v->confirmed && v->candidate_count > 0) {
        certificate = mu_trace_find(trace, MU_MESSAGE_CERTIFICATE, true, end);
        if (certificate < trace->count)
            return certificate;
    }
    if (v->alert_sent && last_message(trace, false, end) < trace->count)
        return last_message(trace, false, end);
    return trace->count > 0 ? trace->count - 1 : 0;
}

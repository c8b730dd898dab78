/*
 * One line for every refused handshake, as key=value (logfmt); text between double quotes with \" \' \\ \xHH and \u{H} escapes:
 *
 *     time=2026-11-23T16:10:00Z event=handshake-refused peer=127.0.0.1:40312 cause=cert-expired by=us alert=certificate_expired
 *     alert_direction=sent depth=0 x509_error=10 x509_text="certificate has expired" version=TLSv1.3 subject="CN=a" serial="a1b"
 *     detail="..."
 *
 * Keys that are unknown are left out; cause and by are always there. Whoever is refused must not be able to fill a disk: ten
 * lines a second and worker, then one line that says how many were left out.
 */
#include "server/server_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#define LINES_A_SECOND 10

static const char *by_name(mu_by by)
{
    static const char *const names[] = {[MU_BY_US] = "us", [MU_BY_PEER] = "peer", [MU_BY_OS] = "os", [MU_BY_CALLER] = "caller"};
    return names[by];
}

static void add_quoted(mu_buf *line, const char *key, const char *text)
{
    if (!text)
        return;
    mu_buf_addf(line, " %s=\"", key);
    mu_escape(line, text, strlen(text));
    mu_buf_add_byte(line, '"');
}

/* Our own sentences, in which what others wrote has been escaped already: only the quotes around it are left to do. */
static void add_sentence(mu_buf *line, const char *key, const char *text)
{
    if (!text)
        return;
    mu_buf_addf(line, " %s=\"", key);
    for (; *text; text++) {
        if (*text == '"')
            mu_buf_add_byte(line, '\\');
        mu_buf_add_byte(line, *text);
        if (*text == '\\')
            mu_buf_add_byte(line, text[1] ? *++text : '\\');
    }
    mu_buf_add_byte(line, '"');
}

static void add_verdict(mu_buf *line, const mu_verdict *v)
{
    mu_buf_addf(line, " cause=%s by=%s", mu_code_name(v->code), by_name(v->by));
    if (v->alert >= 0)
        mu_buf_addf(line, " alert=%s alert_direction=%s", mu_alert_name(v->alert), v->alert_sent ? "sent" : "received");
    if (v->depth >= 0)
        mu_buf_addf(line, " depth=%d", v->depth);
    if (v->x509_error != X509_V_OK) {
        mu_buf_addf(line, " x509_error=%d", v->x509_error);
        add_quoted(line, "x509_text", X509_verify_cert_error_string(v->x509_error));
    }
    if (v->version)
        mu_buf_addf(line, " version=%s", v->version);
    add_quoted(line, "subject", v->peer_subject);
    add_quoted(line, "serial", v->peer_serial);
    for (size_t i = 0; i < v->candidate_count; i++)
        mu_buf_addf(line, "%s%s", i ? "," : " candidates=", mu_code_name(v->candidates[i]));
    add_sentence(line, "detail", v->detail);
}

static void write_line(mu_buf *line)
{
    mu_buf_add_byte(line, '\n');
    /* In one go, so that lines of several workers do not mix. A log that cannot be written is no reason to stop serving. */
    if (!line->failed)
        fwrite(line->data, 1, line->len, stderr);
}

static void start_line(mu_buf *line, const char *event)
{
    char time[32];

    mu_buf_init(line, 64 << 10);
    mu_buf_addf(line, "time=%s event=%s", mu_time_text(mu_now_s(), time), event);
}

void refusal_log_flush(refusal_log *log)
{
    mu_buf line;

    if (log->suppressed) {
        start_line(&line, "log-suppressed");
        mu_buf_addf(&line, " lines=%llu", (unsigned long long)log->suppressed);
        write_line(&line);
        mu_buf_free(&line);
    }
    log->lines = 0;
    log->suppressed = 0;
}

static void second_over(void *arg)
{
    refusal_log_flush(arg);
}

void refusal_log_init(worker *w)
{
    w->log.timer = (mu_timer){.fire = second_over, .arg = &w->log};
}

void refusal_log_write(worker *w, const mu_verdict *verdict, const mu_address *peer)
{
    char text[MU_ADDRESS_TEXT_MAX];
    mu_buf line;

    if (!w->log.timer.slot)
        mu_loop_set_timer(w->loop, &w->log.timer, 1000);
    if (w->log.lines++ >= LINES_A_SECOND) {
        w->log.suppressed++;
        return;
    }
    start_line(&line, verdict ? "handshake-refused" : "connection-refused");
    mu_buf_addf(&line, " peer=%s", mu_address_text(peer, text));
    if (verdict)
        add_verdict(&line, verdict);
    else
        mu_buf_addf(&line, " cause=%s by=us", mu_code_name(MU_E_CONNECTION_LIMIT));
    write_line(&line);
    mu_buf_free(&line);
}

#include "diag/live.h"

#include "base/clock.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 2000 /* with a server that was silent before, and for a late refusal or an answer */
#define LARGE_HELLO_BYTES 1400

struct run {
    mu_live *live;
    const mu_live_options *o;
    mu_strlist resolve; /* the options', and the address of the first connection: one server is looked at */
    char *request;
    int64_t due_ms;
    mu_err **err;
};

/* ---- connections ---- */

static bool may_go_on(struct run *r)
{
    bool enough = r->live->connections < r->o->max_connections && mu_mono_ms() < r->due_ms;
    r->live->cut_short = r->live->cut_short || !enough;
    return enough;
}

static int64_t limit(const struct run *r, int64_t wanted_ms)
{
    int64_t left_ms = r->due_ms - mu_mono_ms();
    return wanted_ms < left_ms ? wanted_ms : left_ms > 0 ? left_ms : 1;
}

/* For all connections after the first. */
static int64_t patience(const struct run *r)
{
    return r->o->connect_timeout_ms < PATIENCE_MS ? r->o->connect_timeout_ms : PATIENCE_MS;
}

static void keep_address(struct run *r, const mu_line *line)
{
    char host[NI_MAXHOST], entry[NI_MAXHOST + 300];
    if (r->live->address ||
        getnameinfo((const struct sockaddr *)&line->peer.storage, line->peer.len, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    r->live->address = mu_strdup(host);
    snprintf(entry, sizeof entry, "%.255s:%d:%s", r->o->host, r->o->port, host);
    if (mu_is_dns_name(r->o->host))
        (void)mu_strlist_add(&r->resolve, entry);
}

/* @return 0 with a line, 1 without one (*reason says why) */
static int connect_to(struct run *r, int64_t timeout_ms, mu_line *line, mu_err **reason)
{
    const mu_dial_options dial = {.resolve = &r->resolve, .timeout_ms = limit(r, timeout_ms)};
    r->live->connections++;
    if (mu_line_open(r->o->host, r->o->port, &dial, line, reason) != 0)
        return 1;
    keep_address(r, line);
    return 0;
}

/* Its hello, or -1 out of memory. What cannot be sent at all (a name, an identity) is the caller's to see. */
static int attempt(struct run *r, mu_try what, mu_probe_plan plan, int64_t timeout_ms)
{
    mu_probe *p = &r->live->probes[what];
    mu_line line;
    int rc;
    if (!may_go_on(r))
        return 0;
    mu_probe_done(p);
    r->live->tried[what] = true;
    if (connect_to(r, timeout_ms, &line, &p->err) != 0)
        return 0;
    plan.answer_ms = limit(r, PATIENCE_MS);
    plan.trace = r->o->on_trace != NULL;
    rc = mu_probe_run(r->o->libctx, &line, &plan, p, r->err);
    if (rc == 0)
        mu_live_tell_trace(r->live, what);
    mu_line_close(&line);
    return rc;
}

static void ask_plain(struct run *r)
{
    const mu_plain_protocol *(*const questions[])(mu_line *) = {mu_plain_ask_http, mu_plain_ask_postgresql};
    mu_err *reason = NULL;
    mu_line line;
    for (size_t i = 0; !r->live->plain && i < sizeof questions / sizeof *questions && may_go_on(r); i++) {
        r->live->asked_plain = true;
        if (connect_to(r, patience(r), &line, &reason) != 0)
            break;
        r->live->plain = questions[i](&line);
        mu_line_close(&line);
    }
    mu_err_free(reason);
}

/* ---- what to try next ---- */

static mu_probe_plan ordinary(const struct run *r)
{
    return (mu_probe_plan){.sni = mu_is_dns_name(r->o->name) ? r->o->name : NULL,
                           .request = r->request,
                           .alpn = !r->live->no_http1};
}

static bool got_hello(const struct run *r, mu_try what)
{
    return r->live->tried[what] && r->live->probes[what].hello;
}

/* All at once, then the one that seems to have made the difference by itself. */
static int widen(struct run *r)
{
    static const struct {
        mu_try try;
        unsigned wide;
    } single[] = {{MU_TRY_CIPHERS, MU_WIDE_CIPHERS}, {MU_TRY_GROUPS, MU_WIDE_GROUPS}, {MU_TRY_SIGALGS, MU_WIDE_SIGALGS}};
    mu_probe_plan plan = ordinary(r);
    plan.wide = MU_WIDE;
    if (attempt(r, MU_TRY_WIDE, plan, patience(r)) != 0)
        return -1;
    if (r->live->probes[MU_TRY_WIDE].alert >= 0 && !got_hello(r, MU_TRY_WIDE)) {
        plan.min_version = TLS1_3_VERSION;
        return attempt(r, MU_TRY_TLS13, plan, patience(r));
    }
    if (!got_hello(r, MU_TRY_WIDE) || r->live->probes[MU_TRY_WIDE].version < TLS1_2_VERSION)
        return 0;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        plan.wide = single[i].wide;
        if (attempt(r, single[i].try, plan, patience(r)) != 0)
            return -1;
        if (r->live->probes[single[i].try].done)
            break;
    }
    return 0;
}

static int without_name(struct run *r)
{
    mu_probe_plan plan = ordinary(r);
    if (!plan.sni)
        return 0;
    plan.sni = NULL;
    plan.request = NULL;
    return attempt(r, MU_TRY_NO_SNI, plan, patience(r));
}

static int with_hello(struct run *r, bool large)
{
    mu_probe_plan plan = ordinary(r);
    plan.large = large;
    plan.groups = large ? NULL : "secp256r1:x25519";
    plan.request = NULL;
    return attempt(r, large ? MU_TRY_LARGE : MU_TRY_SMALL, plan, patience(r));
}

/* No hello came: refused, silent, closed, or no TLS. */
static int after_no_hello(struct run *r)
{
    const mu_probe *base = mu_live_base(r->live);
    if (mu_probe_is_plaintext(base)) {
        r->live->plain = mu_plain_recognize(base->first, base->received < sizeof base->first ? base->received : sizeof base->first);
        return 0;
    }
    if (base->alert < 0 && base->sent_hello > LARGE_HELLO_BYTES) {
        if (with_hello(r, false) != 0 || got_hello(r, MU_TRY_SMALL))
            return got_hello(r, MU_TRY_SMALL) ? 0 : -1;
    }
    if (base->received == 0)
        ask_plain(r);
    if (r->live->plain || base->timed_out) /* silence towards everything is no matter of what the hello says */
        return 0;
    if (without_name(r) != 0)
        return -1;
    return got_hello(r, MU_TRY_NO_SNI) ? 0 : widen(r);
}

static bool names_the_server(const struct run *r, const mu_probe *p)
{
    bool dns = mu_is_dns_name(r->o->name);
    return p->chain && mu_cert_check_name(sk_X509_value(p->chain, 0), dns ? r->o->name : NULL, dns ? NULL : r->o->name, NULL) == 0;
}

static int after_hello(struct run *r)
{
    const mu_probe *base = mu_live_base(r->live);
    int rc = 0;
    if (!base->done && !base->requested)
        rc = widen(r);
    if (rc == 0 && r->live->base == MU_TRY_IDENTITY && base->requested)
        rc = attempt(r, MU_TRY_ANONYMOUS, ordinary(r), r->o->connect_timeout_ms);
    if (rc == 0 && base->chain && !names_the_server(r, base))
        rc = without_name(r);
    if (rc == 0 && base->done && base->sent_hello < LARGE_HELLO_BYTES)
        rc = with_hello(r, true);
    return rc;
}

static int try_base(struct run *r)
{
    mu_probe_plan plan = ordinary(r);
    plan.identity = r->o->identity;
    return attempt(r, r->live->base, plan, r->o->connect_timeout_ms);
}

static int probe_all(struct run *r)
{
    r->live->base = r->o->identity ? MU_TRY_IDENTITY : MU_TRY_ANONYMOUS;
    if (try_base(r) != 0)
        return -1;
    r->live->no_http1 = mu_live_base(r->live)->alert == SSL_AD_NO_APPLICATION_PROTOCOL;
    if (r->live->no_http1 && try_base(r) != 0)
        return -1;
    if (mu_live_base(r->live)->err)
        return 0;
    return mu_live_base(r->live)->hello ? after_hello(r) : after_no_hello(r);
}

static int prepare(struct run *r, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    for (size_t i = 0; r->o->resolve && i < r->o->resolve->count; i++)
        if (mu_strlist_add(&r->resolve, r->o->resolve->items[i]) != 0)
            return mu_fail_nomem(err);
    r->request = mu_asprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: mutual-doctor\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                             r->o->target, r->o->authority);
    r->live->where = mu_asprintf(strchr(r->o->host, ':') ? "[%s]:%d" : "%s:%d", mu_escape_to(shown, r->o->host), r->o->port);
    return r->request && r->live->where ? 0 : mu_fail_nomem(err);
}

int mu_live_probe(const mu_live_options *options, mu_live *ret, mu_err **err)
{
    *ret = (mu_live){.options = options};
    for (size_t i = 0; i < MU_TRY_COUNT; i++)
        ret->probes[i].alert = -1;
    struct run r = {.live = ret, .o = options, .due_ms = mu_mono_ms() + options->max_time_ms, .err = err};
    int rc = prepare(&r, err) == 0 ? probe_all(&r) : -1;
    free(r.request);
    mu_strlist_free(&r.resolve);
    return rc;
}

int mu_live_judge(const mu_live *live, mu_findings *findings, mu_err **err)
{
    int rc = 0;
    mu_live_judge_reach(live, findings);
    mu_live_judge_hello(live, findings);
    if (mu_live_judge_server(live, findings, err) != 0 || mu_live_judge_client(live, findings, err) != 0)
        rc = -1;
    if (live->no_http1)
        mu_findings_note(findings, "%s refuses HTTP/1.1 (ALPN), and was asked without naming a protocol", live->where);
    mu_findings_note(findings, "%s, over %zu connection%s%s", live->where, live->connections, live->connections == 1 ? "" : "s",
                     live->cut_short ? "; more might tell more (--max-time)" : "");
    return findings->failed ? mu_fail_nomem(err) : rc;
}

void mu_live_done(mu_live *live)
{
    for (size_t i = 0; i < MU_TRY_COUNT; i++)
        mu_probe_done(&live->probes[i]);
    free(live->where);
    free(live->address);
}

const char *mu_probe_end_text(const mu_probe *p, char out[MU_SHOWN_SIZE])
{
    if (p->alert >= 0)
        snprintf(out, MU_SHOWN_SIZE, "alert %s (%d)", mu_alert_name(p->alert), p->alert);
    else if (p->timed_out)
        snprintf(out, MU_SHOWN_SIZE, "%s", p->received ? "no further answer in time" : "no answer in time");
    else if (p->io_errno)
        snprintf(out, MU_SHOWN_SIZE, "the connection was broken (%s)", strerror(p->io_errno));
    else if (p->ended)
        snprintf(out, MU_SHOWN_SIZE, "the connection was closed without a word");
    else if (p->broken)
        snprintf(out, MU_SHOWN_SIZE, "messages that break the protocol (%s)", p->broken->detail ? p->broken->detail : "");
    else
        snprintf(out, MU_SHOWN_SIZE, "no failure");
    return out;
}

/** What a server does, seen from many sides: one probe, and as many more as are needed to tell the causes of its answer apart. */
#ifndef MU_DIAG_LIVE_H
#define MU_DIAG_LIVE_H

#include "diag/finding.h"
#include "diag/plain.h"
#include "diag/probe.h"

typedef struct mu_live_options {
    OSSL_LIB_CTX *libctx;
    const char *host, *target, *authority; /* of the URL */
    int port;
    const char *name;        /* that the server has to prove: the host, or the name given for SNI */
    const mu_strlist *resolve;
    int64_t at_s;            /* certificates are judged by it */
    int64_t connect_timeout_ms, max_time_ms;
    size_t max_connections;
    const mu_identity *identity; /* NULL: none */
    bool identity_unusable;      /* one was meant, and could not be read */
    const mu_trust *trust;       /* NULL: the server's certificates are not judged by trust */
    const mu_trust *(*default_trust)(void *arg); /* what the system trusts, for hints; may give NULL */
    void *arg;
    const char *url, *stores;    /* as words for a shell, for the commands that are proposed */
    const char *trust_file;      /* NULL: none */
    bool trust_is_pem;
    mu_trace_fn on_trace;        /* each handshake, as it ends; NULL: no traces are kept */
    void *on_trace_arg;
} mu_live_options;

/** What was tried, each other than the first in one respect. */
typedef enum mu_try {
    MU_TRY_IDENTITY,  /* an ordinary client with our identity */
    MU_TRY_ANONYMOUS, /* … without one */
    MU_TRY_LARGE,     /* with a large hello */
    MU_TRY_SMALL,     /* with a small one */
    MU_TRY_NO_SNI,
    MU_TRY_WIDE,      /* with all that the library can */
    MU_TRY_TLS13,     /* with all that it can in TLS 1.3 */
    MU_TRY_CIPHERS,   /* with all suites, groups, signatures */
    MU_TRY_GROUPS,
    MU_TRY_SIGALGS,
    MU_TRY_COUNT
} mu_try;

typedef struct mu_live {
    const mu_live_options *options;
    mu_probe probes[MU_TRY_COUNT];
    bool tried[MU_TRY_COUNT];
    mu_try base;             /* the ordinary one: with our identity, if there is one */
    const mu_plain_protocol *plain; /* what it speaks without TLS; NULL: unknown */
    bool asked_plain;
    bool no_http1;           /* it refuses clients that say by ALPN that they speak HTTP/1.1 */
    size_t connections;
    bool cut_short;          /* time or connections ran out before all was tried that could have told more */
    char *where;             /* HOST:PORT, safe to show */
    char *address;           /* that was connected to; NULL: none */
} mu_live;

/** Connect as often as needed. @return 0, or -1 out of memory or with MU_E_USAGE; mu_live_done is due in any case */
int mu_live_probe(const mu_live_options *options, mu_live *ret, mu_err **err);
/** What follows from it, all causes. @return 0, or -1 out of memory */
int mu_live_judge(const mu_live *live, mu_findings *findings, mu_err **err);
void mu_live_done(mu_live *live);

static inline const mu_probe *mu_live_base(const mu_live *live)
{
    return &live->probes[live->base];
}

/** The probe, or NULL if it was not made or not connected. */
static inline const mu_probe *mu_live_tried(const mu_live *live, mu_try try)
{
    return live->tried[try] && !live->probes[try].err ? &live->probes[try] : NULL;
}

/** live_trace.c: hand the trace of a probe just made to on_trace. */
void mu_live_tell_trace(const mu_live *live, mu_try try);

/* The rules, by what they are about; each adds what it finds. */
void mu_live_judge_reach(const mu_live *live, mu_findings *findings);  /* no TLS at all */
void mu_live_judge_hello(const mu_live *live, mu_findings *findings);  /* versions, suites, groups, names */
int mu_live_judge_server(const mu_live *live, mu_findings *findings, mu_err **err); /* its certificates */
int mu_live_judge_client(const mu_live *live, mu_findings *findings, mu_err **err); /* ours */

/** "alert unknown_ca (48)", "no answer in time", "the connection was closed", …: how a probe ended, safe to show, into out. */
const char *mu_probe_end_text(const mu_probe *probe, char out[MU_SHOWN_SIZE]);

#endif

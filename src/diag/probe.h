/** One connection to a server, made to see how it answers: nothing that it shows is trusted, everything is kept. */
#ifndef MU_DIAG_PROBE_H
#define MU_DIAG_PROBE_H

#include "base/text.h"
#include "net/line.h"
#include "tls/trace.h"

/** What may go beyond an ordinary client, which is one with our defaults (`mutual get`). */
enum {
    MU_WIDE_VERSIONS = 1, /* from TLS 1.0 */
    MU_WIDE_CIPHERS = 2,  /* all that the library has, also those without encryption or a certificate */
    MU_WIDE_GROUPS = 4,   /* all that the library has */
    MU_WIDE_SIGALGS = 8,  /* with SHA-1 */
    MU_WIDE = 15
};

typedef struct mu_probe_plan {
    const char *sni;             /* NULL: no name is sent */
    int min_version;             /* 0: the ordinary one, or TLS 1.0 if wide */
    unsigned wide;
    const char *groups;          /* IANA names; NULL: the ordinary ones, or all if wide */
    bool alpn;                   /* say that it is about HTTP/1.1 */
    bool large;                  /* a hello of more than one packet, as of clients with post-quantum groups */
    const mu_identity *identity; /* NULL: no certificate is sent */
    const char *request;         /* sent after the handshake, whose answer is read (HTTP); NULL: hang up then */
    bool trace;                  /* keep one */
    int64_t answer_ms;           /* how long to wait for the answer, or for a late refusal */
} mu_probe_plan;

#define MU_PROBE_FIRST_BYTES 128

/** Texts are as the peer sent them, owned: escape them before showing. */
typedef struct mu_probe {
    mu_err *err;    /* no connection: nothing below is filled */
    uint8_t first[MU_PROBE_FIRST_BYTES]; /* of what was received */
    size_t received, sent_hello; /* bytes */
    bool hello;     /* the server's hello has come */
    bool done;      /* our handshake is complete */
    bool confirmed; /* and the server has accepted our part of it: TLS 1.2, a session ticket, data */
    bool requested; /* it asked for a certificate */
    bool cert_sent;
    bool key_accepted; /* the request has a signature scheme for the identity's key */
    int alert;      /* received; -1: none */
    bool timed_out, ended; /* nothing more came in time; the stream ended */
    int io_errno;   /* 0: the transport did not fail */
    mu_err *broken; /* what we could not accept in its messages; NULL: nothing */
    int version;
    const char *version_name; /* "TLSv1.3" */
    const char *cipher; /* IANA's name; NULL: unknown */
    char group[64];     /* OpenSSL's; "": unknown */
    int sig_nid, sig_digest_nid, temp_key_bits; /* of the server's signature and its ephemeral key; 0: unknown */
    bool renegotiation_secure;
    STACK_OF(X509) *chain;       /* as presented; NULL: none */
    STACK_OF(X509_NAME) *issuers; /* whose certificates it says it accepts; NULL: none */
    int status;     /* of its HTTP answer; 0: none came */
    bool no_http;   /* data came that is not HTTP */
    int64_t date_s, seen_s; /* its Date, and our time when it came; 0: none */
    char *server, *via;
    mu_trace *trace; /* NULL: none */
    mu_buf body;    /* the beginning; without HTTP, of the data */
} mu_probe;

/**
 * Shake hands without judging the server, send the request, listen, and hang up. Times are the line's.
 * @return 0, or -1 out of memory or with MU_E_USAGE if the name cannot be sent; mu_probe_done is due in any case
 */
int mu_probe_run(OSSL_LIB_CTX *libctx, mu_line *line, const mu_probe_plan *plan, mu_probe *ret, mu_err **err);
/** Nothing of a handshake came: the first bytes, if any, are no TLS. */
bool mu_probe_is_plaintext(const mu_probe *probe);
/** Why the certificate, or the end of the handshake, was not seen. Raises: returns -1 */
int mu_probe_fail(const mu_probe *probe, const char *where, mu_err **err);
void mu_probe_done(mu_probe *probe);

/** A DNS name, not an address: what may be sent as SNI. */
bool mu_is_dns_name(const char *host);

#endif

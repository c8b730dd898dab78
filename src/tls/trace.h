/**
 * What passes in a handshake, kept in the order in which it passes, and where it broke.
 *
 * Handshake messages are kept as bytes (message.h decodes them), without what could help to decrypt or to resume; of application
 * data only that it passed. A trace is bounded, whatever the peer sends.
 */
#ifndef MU_TLS_TRACE_H
#define MU_TLS_TRACE_H

#include "base/buf.h"
#include "tls/message.h"
#include <mutual/tls.h>

#define MU_TRACE_STEPS_MAX 64
#define MU_TRACE_BYTES_MAX (256u << 10) /* the longest lists of certificates and CAs need half of it */

typedef enum mu_trace_kind {
    MU_TRACE_MESSAGE,
    MU_TRACE_CIPHER_CHANGE, /* ChangeCipherSpec, in TLS 1.2 */
    MU_TRACE_ALERT,
    MU_TRACE_DATA           /* application data */
} mu_trace_kind;

typedef struct mu_trace_step {
    mu_trace_kind kind;
    bool sent;           /* by us */
    uint8_t type;        /* of a message: its first byte; of an alert: its number */
    size_t at, kept;     /* where its bytes are in mu_trace.bytes */
    size_t len;          /* of a message with its header; of application data, the records that it came in */
    size_t records;      /* of application data */
} mu_trace_step;

typedef struct mu_trace {
    mu_side side;        /* which one we are */
    const char *identity, *trust; /* the sources of ours, as in "client.p12, alias client"; NULL: none. Borrowed */
    bool tls13;          /* the version that was agreed on */
    mu_trace_step steps[MU_TRACE_STEPS_MAX];
    size_t count;
    size_t left_out;     /* steps for which there was no room */
    mu_buf bytes;
    size_t record_len;   /* of the record under way */
} mu_trace;

/** Whom a trace is told to: the verdict that its handshake ended in, and the peer's address or name. */
typedef void (*mu_trace_fn)(void *arg, const mu_trace *trace, const mu_verdict *verdict, const char *peer);

/** An empty one; NULL when out of memory. Sources are borrowed. */
mu_trace *mu_trace_new(mu_side side, const char *identity, const char *trust);
void mu_trace_free(mu_trace *trace);
/** For OpenSSL's message callback, from which these come; tls13 is the version that the connection has come to. */
void mu_trace_note(mu_trace *trace, bool sent, int type, const uint8_t *data, size_t len, bool tls13);
/** Keep a trace of this connection from here on: before its handshake. @return 0, or -1 out of memory */
int mu_trace_start(mu_tls_conn *conn, mu_err **err);
/** NULL if none was started. Borrowed until the connection is freed. */
const mu_trace *mu_trace_of(const mu_tls_conn *conn);
/** The name of a step, as "ClientHello", "alert unknown_ca (48)", "application data", into a buffer of 64 bytes; returns it. */
const char *mu_trace_step_name(const mu_trace *trace, size_t step, char out[64]);
/** The facts of a message; mu_message_done is due. Other steps have none. */
void mu_trace_decode(const mu_trace *trace, size_t step, mu_message *ret);
/**
 * The step that the handshake broke at: the message that one side refused, or after which it went away.
 * @return its number; trace->count if nothing broke, or nothing had passed yet
 */
size_t mu_trace_broken_step(const mu_trace *trace, const mu_verdict *verdict);
/** The client sent a Certificate message with none in it. */
bool mu_trace_client_cert_empty(const mu_trace *trace);
/** The step of that message sent by that side: the last one before `before`; trace->count if there is none. */
size_t mu_trace_find(const mu_trace *trace, unsigned type, bool sent, size_t before);

#endif

/** Ports that do not speak TLS, or not at once: which protocol it is, by what it says. */
#ifndef MU_DIAG_PLAIN_H
#define MU_DIAG_PLAIN_H

#include "net/line.h"

typedef struct mu_plain_protocol {
    const char *name;     /* "SMTP" */
    const char *starttls; /* how TLS begins there, for `openssl s_client -starttls`; NULL: not within this protocol */
} mu_plain_protocol;

/** By the first bytes of a server; NULL if they are of no protocol known here. */
const mu_plain_protocol *mu_plain_recognize(const void *bytes, size_t len);
/** Ask a port that is silent towards TLS in HTTP, and in PostgreSQL's words. NULL if there is no answer that says what it is. */
const mu_plain_protocol *mu_plain_ask_http(mu_line *line);
const mu_plain_protocol *mu_plain_ask_postgresql(mu_line *line);

#endif

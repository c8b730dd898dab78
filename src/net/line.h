/** A TCP connection that waits, up to a time that is set: for programs that do one thing at a time. */
#ifndef MU_NET_LINE_H
#define MU_NET_LINE_H

#include "net/dial.h"
#include <mutual/tls.h>

typedef struct mu_line {
    int fd;
    int64_t due_ms; /* by mu_mono_ms: from then on reading and writing fail with EAGAIN */
    mu_address peer;
} mu_line;

/** Connect, and give what follows as long as connecting had at most. @return as mu_dial; mu_line_close is due on success */
int mu_line_open(const char *host, int port, const mu_dial_options *options, mu_line *ret, mu_err **err);
/** From now on reading and writing may take that long, all together. */
void mu_line_within(mu_line *line, int64_t timeout_ms);
/** Reading and writing that return when something was moved. The line must outlive it. */
mu_tls_io mu_line_io(mu_line *line);
void mu_line_close(mu_line *line);

#endif

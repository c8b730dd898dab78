/** A server as inspect sees it. */
#ifndef MU_COMMANDS_INSPECT_SERVER_H
#define MU_COMMANDS_INSPECT_SERVER_H

#include "diag/server_facts.h"

typedef struct mu_inspect_server_options {
    OSSL_LIB_CTX *libctx;
    const mu_strlist *resolve; /* net/dial.h */
    int64_t timeout_ms;        /* for connecting, and again for the handshake; 0: 30 s */
    int64_t at_s;
} mu_inspect_server_options;

/** "https://HOST…" or "HOST:PORT": what is meant for a server, if there is no such file. */
bool mu_inspect_is_server(const char *name);
/** One that is not reached is a fact, too. @return 0, or -1 with MU_E_USAGE (no such address) or out of memory */
int mu_inspect_server(const char *name, const mu_inspect_server_options *options, mu_server_facts *ret, mu_err **err);

#endif

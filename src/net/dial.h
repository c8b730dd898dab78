/** Connecting: name resolution and TCP, both within one time-out. */
#ifndef MU_NET_DIAL_H
#define MU_NET_DIAL_H

#include "base/text.h"
#include "net/address.h"

#define MU_DIAL_TIMEOUT_MS 30000

typedef struct mu_dial_options {
    const mu_strlist *resolve; /* "HOST:PORT:ADDRESS" as curl's --resolve (ADDRESS may be in brackets); NULL: none */
    int64_t timeout_ms;        /* for resolution and all attempts together; 0: 30 s */
} mu_dial_options;

/** @return 0, or -1 with MU_E_USAGE if an entry for --resolve is not of that form */
int mu_dial_check_resolve(const mu_strlist *resolve, mu_err **err);

/**
 * Connect to a host. All its addresses are tried, families in turn, each a quarter of a second after the one before unless that has
 * failed earlier; the first that answers wins (in the manner of RFC 8305).
 * @param host a name, or an address without brackets
 * @param ret_fd non-blocking, close-on-exec, owned by the caller
 * @return 0, or -1 with MU_E_NAME_NOT_RESOLVED, MU_E_CONNECTION_REFUSED (also: unreachable; detail has each address with its
 * reason) or MU_E_NETWORK_TIMEOUT
 */
int mu_dial(const char *host, int port, const mu_dial_options *options, int *ret_fd, mu_address *ret_peer, mu_err **err);

#endif

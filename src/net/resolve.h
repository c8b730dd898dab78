/** Names to addresses, within a time-out. */
#ifndef MU_NET_RESOLVE_H
#define MU_NET_RESOLVE_H

#include <mutual/err.h>
#include <netdb.h>
#include <stdint.h>

/**
 * getaddrinfo for TCP. It has no time-out of its own, so it runs in a thread that is left behind when it takes too long.
 * @param ret_list released with freeaddrinfo
 * @return 0, or -1 with MU_E_NAME_NOT_RESOLVED
 */
int mu_resolve(const char *host, int port, int64_t timeout_ms, struct addrinfo **ret_list, mu_err **err);

#endif

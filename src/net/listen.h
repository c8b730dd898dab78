/** Listening sockets, one for each worker. */
#ifndef MU_NET_LISTEN_H
#define MU_NET_LISTEN_H

#include "net/address.h"

typedef struct mu_listener mu_listener;

/**
 * Bind and listen, non-blocking. TCP: the address is first bound without SO_REUSEPORT, so that it is an error if anyone
 * listens there, then once more for every further worker with it. A unix socket is one descriptor for all; a file left behind
 * by a dead server is replaced.
 * @return 0, or -1 with MU_E_PORT_IN_USE, MU_E_FILE_PERMISSION (a port below 1024, a folder we may not write),
 *         MU_E_CONFIG_INVALID (the address is not one of this machine …)
 */
int mu_listener_open(const mu_address *address, int workers, mu_listener **ret_listener, mu_err **err);
/** Closes what is still open and removes a unix socket's file if it is still ours. */
void mu_listener_free(mu_listener *listener);
/** Of one worker; -1 after it was closed. */
int mu_listener_fd(const mu_listener *listener, int worker);
/** A worker stops listening. Different workers may do so at once. */
void mu_listener_close_one(mu_listener *listener, int worker);
/** With the real port, if 0 was asked for. */
const mu_address *mu_listener_address(const mu_listener *listener);

#endif

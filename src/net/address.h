/** Socket addresses as text: "127.0.0.1:8443", "[::1]:8443", "unix:/run/mutual.sock". */
#ifndef MU_NET_ADDRESS_H
#define MU_NET_ADDRESS_H

#include <mutual/err.h>
#include <sys/socket.h>

typedef struct mu_address {
    struct sockaddr_storage storage;
    socklen_t len;
} mu_address;

#define MU_ADDRESS_TEXT_MAX 128

/** Numeric addresses only: what is listened on should not depend on a name service. @return 0, or -1 with MU_E_USAGE */
int mu_address_parse(const char *text, mu_address *ret_address, mu_err **err);
/** Into a buffer of at least MU_ADDRESS_TEXT_MAX bytes; returns it. An unnamed unix socket is "unix:". */
const char *mu_address_text(const mu_address *address, char *out);
/** 0 for unix sockets. */
int mu_address_port(const mu_address *address);
bool mu_address_is_unix(const mu_address *address);
/** The host as bytes, for counting by address: IPv4 as IPv6 (::ffff:a.b.c.d), IPv6 by its /64, which one host owns. */
void mu_address_host_key(const mu_address *address, unsigned char out[16]);

#endif

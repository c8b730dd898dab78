/** https URLs. */
#ifndef MU_CLIENT_URL_H
#define MU_CLIENT_URL_H

#include <mutual/err.h>

typedef struct mu_url {
    char *host;      /* without brackets */
    int port;        /* 443 if none is given */
    char *target;    /* "/path?query", printable ASCII */
    char *authority; /* as it goes into the Host field: "[::1]:8443", "example.org" */
} mu_url;

/**
 * "https://HOST[:PORT][/PATH][?QUERY][#FRAGMENT]" (RFC 3986; the fragment stays here). Only https; user names and characters that
 * would need escaping are refused.
 * @return 0, or -1 with MU_E_USAGE
 */
int mu_url_parse(const char *text, mu_url *ret_url, mu_err **err);
void mu_url_done(mu_url *url);

#endif

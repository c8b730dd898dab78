/** The bytes of a request. */
#ifndef MU_CLIENT_REQUEST_H
#define MU_CLIENT_REQUEST_H

#include "client/fetch.h"

/** "GET" unless the options say otherwise. */
const char *mu_request_method(const mu_fetch_options *options);
/** Head and body, HTTP/1.1, "Connection: close". @return 0, or -1 out of memory */
int mu_request_write(const mu_url *url, const mu_fetch_options *options, mu_buf *out, mu_err **err);

#endif

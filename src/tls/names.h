/** IANA's names to OpenSSL's; the results are settings of the SSL_CTX. MU_E_CONFIG_INVALID names what is unknown. NULL: our
 * defaults. */
#ifndef MU_TLS_NAMES_H
#define MU_TLS_NAMES_H

#include <mutual/err.h>
#include <openssl/ssl.h>

int mu_tls_apply_groups(SSL_CTX *ssl_ctx, const char *groups, mu_err **err);
int mu_tls_apply_sigalgs(SSL_CTX *ssl_ctx, const char *sigalgs, mu_err **err);
/** May narrow the versions to those that a suite is left for. */
int mu_tls_apply_ciphers(SSL_CTX *ssl_ctx, const char *ciphers, mu_err **err);

#endif

/** Whom a client trusts that was told nothing: what a JVM on this machine would, else what the system does. */
#ifndef MU_CONFIG_DEFAULT_TRUST_H
#define MU_CONFIG_DEFAULT_TRUST_H

#include <mutual/tls.h>

struct mu_strlist;

/**
 * In this order: jssecacerts and cacerts of JAVA_HOME or, without it, of the `java` on PATH; SSL_CERT_FILE; the system's PEM
 * bundle. Without any of these the trust is empty, and every server will be refused.
 * @param notes one line of text for each place that was passed over although something is there; may be NULL
 * @return 0, or -1 (out of memory)
 */
int mu_default_trust(OSSL_LIB_CTX *libctx, struct mu_strlist *notes, mu_trust **ret_trust, mu_err **err);

#endif

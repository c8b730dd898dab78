/** Where -printcert finds certificates besides in a file. */
#ifndef MU_KEYTOOL_PRINTCERT_H
#define MU_KEYTOOL_PRINTCERT_H

#include "keytool/kt.h"

/** One certificate as -rfc says, on stdout. */
void mu_kt_printcert_one(const mu_kt *kt, const X509 *cert);
/**
 * What a server ("host", "host:port", "[::1]:8443") presents, leaf first; nothing of it is judged.
 * @param ret_chain owned by the caller (sk_X509_pop_free)
 * @return 0, or -1 with kt->err
 */
int mu_kt_server_chain(mu_kt *kt, const char *server, STACK_OF(X509) **ret_chain);
/** Who signed a JAR file, on stdout. */
int mu_kt_printcert_jar(mu_kt *kt, const char *path);

#endif

/** Certificates for people. */
#ifndef MU_PKI_PRINT_H
#define MU_PKI_PRINT_H

#include "base/buf.h"
#include <mutual/pki.h>

/**
 * Append a description in lines "  label        value": subject, issuer, serial, validity, names, purposes, key, signature,
 * fingerprints and the other extensions. Everything that comes from the certificate is escaped; the only line breaks are ours.
 * @param now_s  to say how long it is still valid; INT64_MIN: do not say
 * @param indent spaces before each line
 */
void mu_cert_print(mu_buf *out, const X509 *cert, int64_t now_s, int indent);

/** "digitalSignature, keyEncipherment": keyUsage in RFC 5280's words; "any" without it. Owned by the caller (free). */
char *mu_cert_key_usage_text(const X509 *cert);
/** "serverAuth, clientAuth": extendedKeyUsage, OIDs where there is no name; "any" without it. Owned by the caller (free). */
char *mu_cert_ext_usage_text(const X509 *cert);

#endif

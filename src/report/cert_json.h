/** A certificate for programs. */
#ifndef MU_REPORT_CERT_JSON_H
#define MU_REPORT_CERT_JSON_H

#include <jansson.h>
#include <mutual/pki.h>

/** {"subject","issuer","serial","names","notBefore","notAfter","sha256"}. New reference. */
json_t *mu_cert_json(const X509 *cert);

#endif

#include "report/cert_json.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdlib.h>

json_t *mu_cert_json(const X509 *cert)
{
    char from[32], until[32];
    char *subject = mu_name_text(X509_get_subject_name(cert)), *issuer = mu_name_text(X509_get_issuer_name(cert));
    char *serial = mu_cert_serial(cert), *names = mu_cert_san_text(cert), *print = mu_cert_fingerprint(cert);
    mu_time_text(mu_cert_not_before_s(cert), from);
    mu_time_text(mu_cert_not_after_s(cert), until);
    json_t *value = json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:o}", "subject", mu_json_text(subject), "issuer",
                              mu_json_text(issuer), "serial", mu_json_text(serial), "names", mu_json_text(names), "notBefore", from,
                              "notAfter", until, "sha256", mu_json_text(print));
    free(subject);
    free(issuer);
    free(serial);
    free(names);
    free(print);
    return value;
}

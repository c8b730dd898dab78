/** A verdict for programs. */
#ifndef MU_REPORT_VERDICT_JSON_H
#define MU_REPORT_VERDICT_JSON_H

#include <jansson.h>
#include <mutual/tls.h>

/**
 * {"code","side","by","handshake_done","confirmed","depth","x509_error","alert":{"number","name","sent"},"version","cipher",
 * "group","peer":{"subject","issuer","serial","names"},"source","cert_requested","identity_sent","identity_note","detail",
 * "candidates":[…]}; what is not known is null. New reference.
 */
json_t *mu_verdict_json(const mu_verdict *verdict);

#endif

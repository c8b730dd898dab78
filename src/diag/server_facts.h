/** What a TLS server shows to everybody who connects: nothing of it is trusted, and no data is exchanged. */
#ifndef MU_DIAG_SERVER_FACTS_H
#define MU_DIAG_SERVER_FACTS_H

#include "base/text.h"
#include "diag/cert_facts.h"
#include "diag/probe.h"

/** Texts are owned; NULL when unknown. */
typedef struct mu_server_facts {
    char *where;                   /* as given: escape it before showing */
    mu_err *err;                   /* why its certificate could not be seen; NULL: it could */
    char *version, *cipher, *group; /* as in mu_verdict; group only if the handshake got that far */
    mu_chain_facts chain;          /* as presented */
    bool cert_requested;           /* it asks clients for a certificate */
    mu_strlist issuers;            /* whose certificates it says it accepts, escaped; none: it names nobody */
    mu_problems problems;
} mu_server_facts;

/**
 * Shake hands without a certificate of ours and without judging the server's, at whatever version (from
 * TLS 1.0), suite and key (security level 0) it offers, and hang up. A server that refuses once it has shown its certificate, for
 * want of ours, has been seen.
 * @param host name or address that was connected to: SNI, and what the certificate should be for
 * @return 0, or -1 out of memory; mu_server_facts_done is due in any case
 */
int mu_server_facts_read(OSSL_LIB_CTX *libctx, mu_line *line, const char *where, const char *host, int64_t at_s,
                         mu_server_facts *ret, mu_err **err);
/** A server that was not reached. Takes the reason. @return as above */
int mu_server_facts_unreachable(const char *where, mu_err *reason, mu_server_facts *ret, mu_err **err);
void mu_server_facts_done(mu_server_facts *facts);

#endif

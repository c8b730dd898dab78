/** What expires soon. */
#ifndef MU_REPORT_EXPIRY_H
#define MU_REPORT_EXPIRY_H

#include "diag/store_facts.h"
#include <jansson.h>
#include <stdio.h>

/** One certificate; everything is borrowed from the facts. */
typedef struct mu_expiring {
    const char *where; /* the store or server, not escaped */
    const char *alias; /* not escaped; NULL: loose, or of a server */
    const mu_cert_facts *cert;
    int depth;
} mu_expiring;

/** A zeroed struct is empty. */
typedef struct mu_expiry {
    mu_expiring *items;
    size_t count;
} mu_expiry;

/** Add the certificates of a chain that end at most so many days after at_s, or have ended. @return 0, or -1 out of memory */
int mu_expiry_add(mu_expiry *expiry, const char *where, const char *alias, const mu_chain_facts *chain, int64_t at_s, long days,
                  mu_err **err);
/** Those of all entries of a store and of its loose certificates. Nothing if days is negative. */
int mu_expiry_add_store(mu_expiry *expiry, const mu_store_facts *store, int64_t at_s, long days, mu_err **err);
/** A line each. */
void mu_expiry_print(FILE *stream, const mu_expiry *expiry, int64_t at_s);
/** [{"path","alias","depth","subject","notAfter","daysLeft"}]. New reference. */
json_t *mu_expiry_json(const mu_expiry *expiry, int64_t at_s);
void mu_expiry_done(mu_expiry *expiry);

#endif

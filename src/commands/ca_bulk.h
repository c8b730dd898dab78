/** mutual ca issue --from. */
#ifndef MU_COMMANDS_CA_BULK_H
#define MU_COMMANDS_CA_BULK_H

#include "commands/ca.h"

typedef struct mu_ca_bulk_options {
    const char *ca, *ca_password, *from;
    long renew_within; /* days; 0: not given */
    bool dry_run, json;
} mu_ca_bulk_options;

/** @return the exit status: of what kept the run from beginning, else of the first service that failed, else 0 */
int mu_ca_bulk_run(const mu_ca_bulk_options *options);

#endif

/** What `mutual doctor` was told to look at; each examiner is a file of its own. */
#ifndef MU_COMMANDS_DOCTOR_H
#define MU_COMMANDS_DOCTOR_H

#include "cli/opt.h"
#include "config/settings.h"
#include "diag/finding.h"

typedef struct mu_doctor_options {
    char *at;
    mu_store_settings server, client;
    char *server_trust_alias, *client_trust_alias;
    char *host;
    mu_store_settings stores; /* of the client that connects to --url */
    char *url, *sni;
    mu_strlist resolve;
    long connect_timeout_s, max_time_s;
    bool json;
} mu_doctor_options;

/** doctor_stores.c: the four stores, or as many as were named. */
bool mu_doctor_stores_given(const mu_doctor_options *options);
int mu_doctor_stores(const mu_doctor_options *options, int64_t at_s, mu_findings *findings, mu_err **err);

#endif

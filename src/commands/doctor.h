/** What `mutual doctor` was told to look at; each examiner is a file of its own. */
#ifndef MU_COMMANDS_DOCTOR_H
#define MU_COMMANDS_DOCTOR_H

#include "cli/opt.h"
#include "config/spring.h"
#include "diag/finding.h"

typedef struct mu_doctor_options {
    char *at, *config, *command;
    mu_strlist profiles;
    mu_store_settings server, client;
    char *server_trust_alias, *client_trust_alias;
    char *host, *dir, *dir_password;
    mu_store_settings stores; /* of the client that connects to --url */
    char *url, *sni;
    mu_strlist resolve;
    long connect_timeout_s, max_time_s;
    int trace;
    mu_strlist logs, client_logs, server_logs;
    char *fix;
    bool json;
} mu_doctor_options;

/** doctor_stores.c: the four stores, or as many as were named. */
bool mu_doctor_stores_given(const mu_doctor_options *options);
/** @param ret_changed with --fix what is to be set otherwise, of the server and of the client; owned (mu_store_settings_free) */
int mu_doctor_stores(const mu_doctor_options *options, int64_t at_s, mu_findings *findings, mu_store_settings ret_changed[2],
                     mu_err **err);

/** doctor_config.c: Spring Boot's configuration; it names the server's stores. */
typedef struct mu_doctor_config {
    mu_spring spring;
    mu_spring_tls tls;
    mu_store_settings stores; /* those that are there to be opened */
} mu_doctor_config;

/** What is wrong with the configuration itself. @return 0 or -1; mu_doctor_config_free is due in any case */
int mu_doctor_config_read(const mu_doctor_options *options, mu_doctor_config *ret, mu_findings *findings, mu_err **err);
/** Tell in the server's findings from that index on where the files that they speak of are configured. */
void mu_doctor_config_annotate(const mu_doctor_config *config, size_t from, mu_findings *findings);
void mu_doctor_config_free(mu_doctor_config *config);
/** doctor_fix.c: tell the programs' way of naming what --fix has changed: options, properties. config: NULL without --config. */
void mu_doctor_tell_use(const mu_doctor_options *options, const mu_doctor_config *config, const mu_store_settings changed[2],
                        mu_findings *findings);
/** doctor_command.c: a JVM's command line; it names the client's stores (mu_store_settings_free). @return 0 or -1 */
int mu_doctor_command_read(const mu_doctor_options *options, mu_store_settings *ret_stores, mu_findings *findings, mu_err **err);
/** doctor_log.c: what programs have written. */
bool mu_doctor_logs_given(const mu_doctor_options *options);
int mu_doctor_logs(const mu_doctor_options *options, mu_findings *findings, mu_err **err);

#endif

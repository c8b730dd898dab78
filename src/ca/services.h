/**
 * services.yaml: what a CA issues for many services at once.
 *
 *     defaults:              # of every service; optional
 *       key-store-password: env:STORE_PASSWORD
 *     services:
 *       orders:              # the alias
 *         san: [dns:orders.example, ip:10.0.0.5]
 *         key-store: "{alias}.p12"
 *
 * The settings are the options of `mutual ca issue`. "{alias}" in a value stands for the service's alias. Paths are relative to the
 * file's folder. A password stands in a variable or file (env:NAME, file:PATH), never in this one.
 */
#ifndef MU_CA_SERVICES_H
#define MU_CA_SERVICES_H

#include "ca/service.h"

/** Everything is owned by the list. */
typedef struct mu_ca_service {
    char *alias;
    size_t line; /* where it stands */
    char *text[17]; /* by setting */
    X509_NAME *subject;
    GENERAL_NAMES *names;
    int days;
    mu_ca_wanted wanted;
    mu_ca_outputs_spec outputs;
} mu_ca_service;

typedef struct mu_ca_services {
    mu_ca_service *items;
    size_t count;
} mu_ca_services;

/**
 * Read and check the whole file; nothing else is opened.
 * @return 0, or -1 with MU_E_CONFIG_INVALID (all mistakes, see mu_mistakes_fail), or as mu_file_read
 */
int mu_ca_services_load(const char *path, mu_ca_services *ret_services, mu_err **err);
/** The same of bytes; path is used for messages and as the place that paths are relative to. */
int mu_ca_services_parse(const char *path, const uint8_t *data, size_t len, mu_ca_services *ret_services, mu_err **err);
void mu_ca_services_done(mu_ca_services *services);

#endif

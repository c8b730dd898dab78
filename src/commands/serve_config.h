/** What `mutual serve --config` takes from Spring Boot's configuration. */
#ifndef MU_COMMANDS_SERVE_CONFIG_H
#define MU_COMMANDS_SERVE_CONFIG_H

#include "config/spring.h"
#include <mutual/tls.h>

typedef struct mu_serve_config {
    mu_spring spring;
    mu_spring_tls tls;
    mu_store_settings stores;
    mu_strlist listen;
    mu_client_auth client_auth;
    int min_version, max_version;
    char *ciphers; /* NULL: not said */
} mu_serve_config;

/**
 * What is only odd is told on standard error.
 * @return 0, or -1 with MU_E_CONFIG_INVALID or another cause of the doctor's that keeps Spring Boot from starting, or with
 *         MU_E_TLS_TO_PLAINTEXT_PORT (no TLS); nothing is to be released then
 */
int mu_serve_config_read(const char *path, const mu_strlist *profiles, mu_serve_config *ret, mu_err **err);
void mu_serve_config_free(mu_serve_config *config);

#endif

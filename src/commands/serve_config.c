#include "commands/serve_config.h"
#include "diag/spring_rules.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With these a server of ours cannot stand in for Spring Boot's; files that are missing are told when they are opened. */
static bool is_fatal(const mu_finding *finding)
{
    return !finding->warning && (finding->code == MU_E_CONFIG_INVALID || finding->code == MU_E_TLS_TO_PLAINTEXT_PORT ||
                                 finding->code == MU_E_PROTOCOL_VERSION_MISMATCH);
}

static int fail_finding(const mu_finding *finding, mu_err **err)
{
    mu_fail_by(err, finding->code, MU_BY_CALLER, "%s", finding->evidence.count ? finding->evidence.items[0] : "the configuration is not right");
    for (size_t i = 1; i < finding->evidence.count; i++)
        mu_err_detail(err, "%s", finding->evidence.items[i]);
    return finding->fix ? mu_err_hint(err, "%s", finding->fix) : -1;
}

static int check(const mu_serve_config *c, mu_err **err)
{
    mu_findings findings = {0};
    int rc = 0;
    if (mu_spring_check_files(&c->spring, &c->tls, &findings))
        mu_spring_check_tls(&c->spring, &c->tls, &findings);
    if (findings.failed)
        rc = mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < findings.count; i++)
        if (is_fatal(&findings.items[i]))
            rc = fail_finding(&findings.items[i], err);
    for (size_t i = 0; rc == 0 && i < findings.count; i++)
        if (findings.items[i].code == MU_E_PROPERTY_IGNORED && findings.items[i].evidence.count)
            fprintf(stderr, "mutual serve: warning: %s [%s]\n", findings.items[i].evidence.items[0], mu_code_name(findings.items[i].code));
    mu_findings_free(&findings);
    return rc;
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool can = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    if (fd >= 0)
        close(fd);
    return can;
}

/* All addresses are two listeners, IPv4's and IPv6's; with port 0 they would not get the same port, so then it is IPv4's alone. */
static int choose_listeners(mu_serve_config *c, mu_err **err)
{
    const char *port = c->tls.port.text && *c->tls.port.text ? c->tls.port.text : "8080";
    const char *address = c->tls.address.text && *c->tls.address.text ? c->tls.address.text : NULL;
    const char *host = !address ? "0.0.0.0" : strcmp(address, "localhost") == 0 ? "127.0.0.1" : address;
    bool v6 = strchr(host, ':') && host[0] != '[';
    char *first = mu_asprintf(v6 ? "[%s]:%s" : "%s:%s", host, port), *second = mu_asprintf("[::]:%s", port);
    int rc = first && second && mu_strlist_add(&c->listen, first) == 0 ? 0 : mu_fail_nomem(err);
    if (rc == 0 && !address && strcmp(port, "0") != 0 && has_ipv6() && mu_strlist_add(&c->listen, second) != 0)
        rc = mu_fail_nomem(err);
    free(first);
    free(second);
    return rc;
}

static void choose_client_auth(mu_serve_config *c)
{
    const char *text = c->tls.used[MU_SPRING_CLIENT_AUTH]->text;
    c->client_auth = text && (*text | 32) == 'w' ? MU_CLIENT_AUTH_WANT : text && mu_str_eq_nocase(text, "need") ? MU_CLIENT_AUTH_NEED : MU_CLIENT_AUTH_NONE;
}

static void choose_versions(mu_serve_config *c)
{
    const char *list = c->tls.used[MU_SPRING_ENABLED_PROTOCOLS]->text;
    char *copy = list && *list ? mu_strdup(list) : NULL, *rest = copy;
    c->min_version = copy ? TLS1_3_VERSION : TLS1_2_VERSION;
    c->max_version = copy ? TLS1_2_VERSION : TLS1_3_VERSION;
    for (char *word = copy ? strtok_r(copy, ", \t", &rest) : NULL; word; word = strtok_r(NULL, ", \t", &rest)) {
        int version = mu_spring_protocol_version(word);
        c->min_version = version && version < c->min_version ? version : c->min_version;
        c->max_version = version > c->max_version ? version : c->max_version;
    }
    free(copy);
}

static int choose_ciphers(mu_serve_config *c, mu_err **err)
{
    const char *list = c->tls.used[MU_SPRING_CIPHERS]->text;
    mu_strlist unknown = {0};
    mu_buf known;
    int rc = 0;
    if (!list || !*list)
        return 0;
    mu_buf_init(&known, MU_BUF_TEXT_MAX);
    if (mu_spring_suites(list, &known, &unknown, err) != 0 || !(c->ciphers = mu_buf_steal(&known)))
        rc = -1;
    mu_buf_free(&known);
    mu_strlist_free(&unknown);
    return rc;
}

int mu_serve_config_read(const char *path, const mu_strlist *profiles, mu_serve_config *ret, mu_err **err)
{
    *ret = (mu_serve_config){0};
    int rc = mu_spring_read(path, profiles, &ret->spring, err);
    if (rc == 0)
        rc = mu_spring_tls_read(&ret->spring, &ret->tls, err);
    if (rc == 0)
        rc = check(ret, err);
    if (rc == 0)
        rc = mu_spring_settings(&ret->tls, &ret->stores, err);
    if (rc == 0)
        rc = choose_listeners(ret, err);
    if (rc == 0)
        rc = choose_ciphers(ret, err);
    if (rc != 0) {
        mu_serve_config_free(ret);
        return -1;
    }
    choose_client_auth(ret);
    choose_versions(ret);
    return 0;
}

void mu_serve_config_free(mu_serve_config *c)
{
    mu_spring_free(&c->spring);
    mu_spring_tls_free(&c->tls);
    mu_store_settings_free(&c->stores);
    mu_strlist_free(&c->listen);
    free(c->ciphers);
    *c = (mu_serve_config){0};
}

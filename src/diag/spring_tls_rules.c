/* Rules measured on Spring Boot 3.5 with its Tomcat; what they say is what that did. */
#include "diag/spring_rules.h"

#include "config/java_properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_set(const mu_spring_tls *tls, mu_spring_key key)
{
    return tls->used[key]->text && *tls->used[key]->text;
}

static const char *where_of(const mu_spring_tls *tls, mu_spring_key key)
{
    return tls->used[key]->where;
}

/* The value's letters and digits only, as Spring Boot compares names of enums. */
static bool is_word(const char *value, const char *word)
{
    for (; *value; value++) {
        bool counts = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z') || (*value >= '0' && *value <= '9');
        if (counts && (*value | 32) != *word++)
            return false;
    }
    return *word == '\0';
}

/* ---- is it on? ---- */

static void check_enabled_word(const mu_spring_tls *tls, mu_findings *findings)
{
    static const char *const words[] = {"true", "on", "yes", "1", "false", "off", "no", "0"};
    const mu_spring_value *value = tls->used[MU_SPRING_ENABLED];
    bool known = !value->text || !*value->text || value->unresolved;
    char shown[MU_SHOWN_SIZE];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        known = known || mu_str_eq_nocase(value->text, words[i]);
    if (!known)
        mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, value->where, "server.ssl.enabled is \"%s\", neither true nor false",
                       mu_escape_to(shown, value->text));
}

static void tell_off(const mu_spring *spring, const mu_spring_tls *tls, mu_findings *findings)
{
    const char *switched = where_of(tls, MU_SPRING_ENABLED);
    char shown[MU_SHOWN_SIZE];
    mu_finding *f =
        tls->configured
            ? mu_spring_find(findings, MU_E_TLS_TO_PLAINTEXT_PORT, 0.9, switched,
                             "server.ssl.enabled is false: the port speaks plain HTTP, and no other key of server.ssl is read")
            : mu_spring_find(findings, MU_E_TLS_TO_PLAINTEXT_PORT, 0.7, NULL,
                             "no key of server.ssl is set: the port speaks plain HTTP");
    mu_finding_fix(findings, f, tls->configured ? "Set it to true, or take the line away."
                                                : "Set server.ssl.key-store and its password, or server.ssl.bundle.");
    for (size_t i = 0; !tls->configured && i < spring->others.count; i++)
        mu_finding_evidence(findings, f, "profile %s is not active; with --profile it is read, too",
                            mu_escape_to(shown, spring->others.items[i]));
    for (size_t i = 0; !tls->configured && i < spring->count; i++)
        if (spring->props[i].active && mu_str_has_prefix(spring->props[i].key, "spring.ssl.bundle.")) {
            mu_finding_evidence(findings, f, "%s:%zu: a bundle is described, and server.ssl.bundle names none",
                                mu_escape_to(shown, spring->props[i].file), spring->props[i].line);
            break;
        }
}

/* ---- bundle ---- */

static void check_bundle(const mu_spring_tls *tls, mu_findings *findings)
{
    const mu_spring_value *bundle = &tls->server[MU_SPRING_BUNDLE];
    char shown[MU_SHOWN_SIZE];
    if (!bundle->text || !*bundle->text || bundle->unresolved)
        return;
    mu_escape_to(shown, bundle->text);
    if (!tls->bundle_jks && !tls->bundle_pem)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, bundle->where, "there is no bundle \"%s\"", shown),
                       "Describe it as spring.ssl.bundle.jks.%s.* or .pem.%s.*; the name counts letter by letter.", shown, shown);
    if (tls->bundle_jks && tls->bundle_pem)
        mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, bundle->where, "the bundle \"%s\" is described as jks and as pem",
                       shown);
    for (mu_spring_key k = 0; k < MU_SPRING_KEYS; k++) {
        if (!tls->server[k].text || tls->used[k] == &tls->server[k])
            continue;
        mu_finding *f = mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.95, tls->server[k].where,
                                       "server.ssl.%s is not read, because server.ssl.bundle is set (%s)", mu_spring_key_name(k),
                                       bundle->where);
        mu_finding_fix(findings, f, "Take it away, or move it into the bundle.");
        f->warning = true;
    }
}

/* ---- identity ---- */

static void ignored(const mu_spring_tls *tls, mu_spring_key key, const char *why, mu_findings *findings)
{
    mu_finding *f = mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.95, where_of(tls, key), "%s is not read: %s",
                                   mu_spring_key_name(key), why);
    mu_finding_fix(findings, f, "Keep either the store or the PEM files.");
    f->warning = true;
}

/* What a store needs beside its name. */
static void check_key_store(const mu_spring_tls *tls, mu_findings *findings)
{
    const mu_spring_value *alias = tls->used[MU_SPRING_KEY_ALIAS];
    if (mu_spring_no_password(tls) && tls->places[MU_SPRING_KEY_STORE].found) {
        mu_finding *f = mu_spring_find(findings, MU_E_STORE_WRONG_PASSWORD, 0.95, where_of(tls, MU_SPRING_KEY_STORE),
                                       "key-store is set, and key-store-password is not set: the key in it cannot be used");
        mu_finding_fix(findings, f, "Set server.ssl.key-store-password, best to a placeholder: ${KEY_STORE_PASSWORD}");
    }
    if (alias->text && !*alias->text)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_SERVER_ALIAS_NOT_FOUND, 0.95, alias->where, "key-alias is set and empty"),
                       "Take the line away, or name an alias as mutual keytool -list prints it.");
}

static void check_identity(const mu_spring_tls *tls, mu_findings *findings)
{
    bool store = is_set(tls, MU_SPRING_KEY_STORE), cert = is_set(tls, MU_SPRING_CERTIFICATE),
         key = is_set(tls, MU_SPRING_CERTIFICATE_PRIVATE_KEY);
    bool token = is_set(tls, MU_SPRING_KEY_STORE_TYPE) && strcmp(tls->used[MU_SPRING_KEY_STORE_TYPE]->text, "PKCS11") == 0;
    mu_spring_key password = is_set(tls, MU_SPRING_KEY_STORE_PASSWORD) ? MU_SPRING_KEY_STORE_PASSWORD : MU_SPRING_KEY_PASSWORD;
    if (tls->pem_key && !tls->bundle_pem && is_set(tls, password)) {
        mu_finding *f =
            mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, where_of(tls, password),
                           "certificate and private key are PEM files, which count before any store; with %s beside them "
                           "Spring Boot does not start",
                           mu_spring_key_name(password));
        mu_finding_evidence(findings, f, "%s: certificate", where_of(tls, MU_SPRING_CERTIFICATE));
        if (store)
            mu_finding_evidence(findings, f, "%s: key-store, which is not read", where_of(tls, MU_SPRING_KEY_STORE));
        mu_finding_fix(findings, f,
                       "Keep either the store with its password or the PEM files; an encrypted PEM key takes a bundle: "
                       "spring.ssl.bundle.pem.NAME.keystore.private-key-password.");
    } else if (tls->pem_key && store) {
        ignored(tls, MU_SPRING_KEY_STORE, "certificate and its private key count before it", findings);
    }
    if (!tls->pem_key && store)
        check_key_store(tls, findings);
    if (!tls->pem_key && store && cert != key)
        ignored(tls, cert ? MU_SPRING_CERTIFICATE : MU_SPRING_CERTIFICATE_PRIVATE_KEY, "its other half is missing", findings);
    if (tls->pem_trust && is_set(tls, MU_SPRING_TRUST_STORE))
        ignored(tls, MU_SPRING_TRUST_STORE, "trust-certificate counts before it", findings);
    if (tls->pem_key || store || token || (is_set(tls, MU_SPRING_BUNDLE) && !tls->bundle_jks && !tls->bundle_pem))
        return;
    mu_spring_key half = cert ? MU_SPRING_CERTIFICATE : MU_SPRING_CERTIFICATE_PRIVATE_KEY;
    if (cert != key)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_KEYSTORE_NO_PRIVATE_KEY, 0.95, where_of(tls, half), "%s is set without %s",
                                      mu_spring_key_name(half), cert ? "certificate-private-key" : "certificate"),
                       "Give both: certificate and certificate-private-key.");
    else
        mu_finding_fix(
            findings,
            mu_spring_find(
                findings, MU_E_KEYSTORE_NO_PRIVATE_KEY, 0.95, NULL,
                "TLS is configured, but neither a key store nor a PEM certificate with its key: Spring Boot does not start"),
            "Set server.ssl.key-store and server.ssl.key-store-password.");
}

/* ---- clients ---- */

static void check_client_auth(const mu_spring_tls *tls, mu_findings *findings)
{
    const mu_spring_value *value = tls->used[MU_SPRING_CLIENT_AUTH];
    const char *text = value->text && *value->text && !value->unresolved ? value->text : "none";
    bool need = is_word(text, "need"), want = is_word(text, "want"), none = is_word(text, "none");
    bool trust = tls->pem_trust || is_set(tls, MU_SPRING_TRUST_STORE);
    mu_spring_key trust_key = tls->pem_trust ? MU_SPRING_TRUST_CERTIFICATE : MU_SPRING_TRUST_STORE;
    char shown[MU_SHOWN_SIZE];

    findings->looked_for[MU_E_CLIENT_AUTH_OPTIONAL] = findings->looked_for[MU_E_SERVER_DOES_NOT_REQUEST] = true;
    if (!need && !want && !none) {
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, value->where,
                                      "client-auth is \"%s\": Spring Boot does not start", mu_escape_to(shown, text)),
                       "Set server.ssl.client-auth to need, want or none.");
    } else if (none && trust) {
        mu_finding *f = mu_spring_find(findings, MU_E_SERVER_DOES_NOT_REQUEST, 0.9, where_of(tls, trust_key),
                                       "%s is set, but clients are not asked for certificates", mu_spring_key_name(trust_key));
        if (value->where)
            mu_finding_evidence(findings, f, "%s: client-auth is none", value->where);
        else
            mu_finding_evidence(findings, f, "server.ssl.client-auth is not set, which means none");
        mu_finding_fix(findings, f, "server.ssl.client-auth=need");
        f->warning = value->where && value->text && *value->text;
    } else if (!none && !trust) {
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CLIENT_CA_NOT_TRUSTED, 0.9, value->where,
                                      "client-auth is %s, and no trust store is named: the JVM's default roots judge the clients",
                                      need ? "need" : "want"),
                       "Name the store with the clients' CA: server.ssl.trust-store and server.ssl.trust-store-password.");
    }
    if (want) {
        mu_finding *f = mu_spring_find(findings, MU_E_CLIENT_AUTH_OPTIONAL, 0.95, value->where, "client-auth is want");
        mu_finding_fix(findings, f, "server.ssl.client-auth=need");
        f->warning = true;
    }
}

/* ---- protocols and ciphers ---- */

static bool is_modern(const char *word)
{
    return mu_spring_protocol_version(word) != 0;
}

/* Each word of a list to fits(); how many there are, and how many are known. */
static void count_words(const char *list, bool (*fits)(const char *word), size_t *ret_all, size_t *ret_good)
{
    char *copy = mu_strdup(list), *rest = copy;
    *ret_all = *ret_good = 0;
    for (char *word = copy ? strtok_r(copy, ", \t", &rest) : NULL; word; word = strtok_r(NULL, ", \t", &rest)) {
        ++*ret_all;
        *ret_good += fits(word);
    }
    free(copy);
}

static void check_protocols(const mu_spring_tls *tls, mu_findings *findings)
{
    const mu_spring_value *list = tls->used[MU_SPRING_ENABLED_PROTOCOLS], *one = tls->used[MU_SPRING_PROTOCOL];
    size_t all = 0, known = 0, modern = 0;
    char shown[MU_SHOWN_SIZE];
    if (one->text && *one->text && !one->unresolved && !mu_spring_protocol_known(one->text) && strcmp(one->text, "TLS") != 0 &&
        strcmp(one->text, "SSL") != 0)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, one->where, "Java knows no protocol \"%s\"",
                                      mu_escape_to(shown, one->text)),
                       "server.ssl.protocol=TLS, and server.ssl.enabled-protocols=TLSv1.3,TLSv1.2 for the versions.");
    if (!list->text || !*list->text || list->unresolved)
        return;
    count_words(list->text, mu_spring_protocol_known, &all, &known);
    count_words(list->text, is_modern, &all, &modern);
    if (modern == 0 && known == all)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_PROTOCOL_VERSION_MISMATCH, 0.95, list->where,
                                      "only versions are enabled that today's JVMs and clients refuse: \"%s\"",
                                      mu_escape_to(shown, list->text)),
                       "server.ssl.enabled-protocols=TLSv1.3,TLSv1.2");
    else if (known < all) {
        mu_finding *f = mu_spring_find(findings, known ? MU_E_PROPERTY_IGNORED : MU_E_CONFIG_INVALID, 0.95, list->where,
                                       "Java knows not all of the protocols \"%s\"", mu_escape_to(shown, list->text));
        mu_finding_fix(findings, f, "They are called TLSv1.3 and TLSv1.2: server.ssl.enabled-protocols=TLSv1.3,TLSv1.2");
        f->warning = known > 0;
    }
}

static void check_ciphers(const mu_spring_tls *tls, mu_findings *findings)
{
    const mu_spring_value *list = tls->used[MU_SPRING_CIPHERS];
    mu_strlist unknown = {0};
    mu_buf known;
    char shown[MU_SHOWN_SIZE];
    if (!list->text || !*list->text || list->unresolved || strpbrk(list->text, "!+@"))
        return;
    mu_buf_init(&known, MU_BUF_TEXT_MAX);
    if (mu_spring_suites(list->text, &known, &unknown, NULL) != 0)
        findings->failed = true;
    for (size_t i = 0; i < unknown.count; i++) {
        mu_finding *f = mu_spring_find(findings, known.len ? MU_E_PROPERTY_IGNORED : MU_E_CONFIG_INVALID, 0.9, list->where,
                                       "\"%s\" is no cipher suite%s", mu_escape_to(shown, unknown.items[i]),
                                       known.len ? "" : ", and so none is left");
        mu_finding_fix(findings, f,
                       "Name suites as Java does, like TLS_AES_256_GCM_SHA384 and TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "
                       "or leave server.ssl.ciphers out.");
        f->warning = known.len > 0;
    }
    mu_buf_free(&known);
    mu_strlist_free(&unknown);
}

/* ---- files and types ---- */

static void check_place(const mu_spring_tls *tls, mu_spring_key key, mu_findings *findings)
{
    const mu_spring_value *value = tls->used[key];
    const mu_spring_place *place = &tls->places[key];
    char shown[MU_SHOWN_SIZE], other[MU_SHOWN_SIZE];
    if (!value->text || !*value->text || value->unresolved || place->found)
        return;
    mu_escape_to(shown, value->text);
    if (place->unreadable) {
        mu_findings_note(findings, "not looked at: %s is \"%s\" (%s)", mu_spring_key_name(key), shown, value->where);
        return;
    }
    findings->looked_for[MU_E_STORE_NOT_FOUND] = true;
    mu_finding *f = mu_spring_find(findings, MU_E_STORE_NOT_FOUND, 0.95, value->where, "%s is \"%s\", and there is no such file",
                                   mu_spring_key_name(key), shown);
    size_t len = strlen(value->text);
    if (value->text[len - 1] == ' ' || value->text[len - 1] == '\t')
        mu_finding_evidence(findings, f, "the value ends in a blank, which counts");
    if (!place->elsewhere)
        return;
    mu_finding_evidence(findings, f, "there is one at \"%s\"", mu_escape_to(other, place->elsewhere));
    if (strstr(other, "src/main/resources/") || strstr(other, "!/"))
        mu_finding_fix(findings, f, "What is packed into the application is named by classpath:%s",
                       strstr(other, "resources/") ? strstr(other, "resources/") + 10 : strrchr(other, '/') + 1);
    else
        mu_finding_fix(findings, f,
                       "Name that file: a plain path or file: counts from the folder that the application is started in.");
}

static void check_type(const mu_spring_tls *tls, mu_spring_key key, mu_findings *findings)
{
    const mu_spring_value *value = tls->used[key];
    char shown[MU_SHOWN_SIZE];
    if (value->text && *value->text && !value->unresolved && !mu_java_store_type_known(value->text))
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, value->where, "Java knows no type of store called \"%s\"",
                                      mu_escape_to(shown, value->text)),
                       "Set %s to PKCS12 or JKS, or leave it out.", mu_spring_key_name(key));
}

static void check_port(const mu_spring_tls *tls, mu_findings *findings)
{
    long port;
    char shown[MU_SHOWN_SIZE];
    if (tls->port.text && *tls->port.text && !tls->port.unresolved && !mu_str_to_long(tls->port.text, -1, 65535, &port))
        mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, tls->port.where, "server.port is \"%s\", which is no port",
                       mu_escape_to(shown, tls->port.text));
}

void mu_spring_check_tls(const mu_spring *spring, const mu_spring_tls *tls, mu_findings *findings)
{
    check_port(tls, findings);
    check_enabled_word(tls, findings);
    if (!tls->enabled) {
        tell_off(spring, tls, findings);
        return;
    }
    check_bundle(tls, findings);
    check_identity(tls, findings);
    check_client_auth(tls, findings);
    check_protocols(tls, findings);
    check_ciphers(tls, findings);
    if (!tls->pem_key)
        check_place(tls, MU_SPRING_KEY_STORE, findings);
    if (tls->pem_key) {
        check_place(tls, MU_SPRING_CERTIFICATE, findings);
        check_place(tls, MU_SPRING_CERTIFICATE_PRIVATE_KEY, findings);
    }
    check_place(tls, tls->pem_trust ? MU_SPRING_TRUST_CERTIFICATE : MU_SPRING_TRUST_STORE, findings);
    check_type(tls, MU_SPRING_KEY_STORE_TYPE, findings);
    check_type(tls, MU_SPRING_TRUST_STORE_TYPE, findings);
}

#include "commands/doctor.h"
#include "config/java_properties.h"
#include "diag/spring_rules.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const struct part {
    mu_spring_key file, password;
    size_t path; /* in mu_store_settings */
} parts[] = {
    {MU_SPRING_KEY_STORE, MU_SPRING_KEY_STORE_PASSWORD, offsetof(mu_store_settings, key_store)},
    {MU_SPRING_CERTIFICATE, MU_SPRING_KEY_PASSWORD, offsetof(mu_store_settings, certificate)},
    {MU_SPRING_CERTIFICATE_PRIVATE_KEY, MU_SPRING_KEY_PASSWORD, offsetof(mu_store_settings, certificate_private_key)},
    {MU_SPRING_TRUST_STORE, MU_SPRING_TRUST_STORE_PASSWORD, offsetof(mu_store_settings, trust_store)},
    {MU_SPRING_TRUST_CERTIFICATE, MU_SPRING_TRUST_CERTIFICATE, offsetof(mu_store_settings, trust_certificate)},
};

static char **path_of(const mu_doctor_config *config, const struct part *part)
{
    return (char **)(void *)((char *)(uintptr_t)&config->stores + part->path);
}

static void drop(char **path)
{
    free(*path);
    *path = NULL;
}

/* What is missing has been told; what hangs on a placeholder without a value cannot be judged here. */
static void keep_what_is_there(mu_doctor_config *config, mu_findings *findings)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char **path = path_of(config, &parts[i]), shown[MU_SHOWN_SIZE];
        bool unresolved = config->tls.used[parts[i].file]->unresolved || config->tls.used[parts[i].password]->unresolved;
        if (!*path || (config->tls.enabled && config->tls.places[parts[i].file].found && !unresolved))
            continue;
        if (unresolved)
            mu_findings_note(findings, "not looked at, for want of a value: \"%s\"", mu_escape_to(shown, *path));
        drop(path);
    }
    if (mu_spring_no_password(&config->tls)) /* told, too */
        drop(&config->stores.key_store);
    if (config->stores.key_store_type && !mu_java_store_type_known(config->stores.key_store_type))
        drop(&config->stores.key_store_type);
    if (config->stores.trust_store_type && !mu_java_store_type_known(config->stores.trust_store_type))
        drop(&config->stores.trust_store_type);
    if (!config->stores.certificate)
        drop(&config->stores.certificate_private_key);
    else if (!config->stores.certificate_private_key)
        drop(&config->stores.certificate);
}

int mu_doctor_config_read(const mu_doctor_options *o, mu_doctor_config *ret, mu_findings *findings, mu_err **err)
{
    *ret = (mu_doctor_config){0};
    if (o->server.key_store || o->server.certificate || o->server.trust_store || o->server.trust_certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--config names the server's stores: leave --server-… out");
    if (mu_spring_read(o->config, &o->profiles, &ret->spring, err) != 0 || mu_spring_tls_read(&ret->spring, &ret->tls, err) != 0 ||
        mu_spring_settings(&ret->tls, &ret->stores, err) != 0)
        return -1;
    if (mu_spring_check_files(&ret->spring, &ret->tls, findings))
        mu_spring_check_tls(&ret->spring, &ret->tls, findings);
    else
        ret->tls.enabled = false; /* nothing is served with it, and no store opened */
    keep_what_is_there(ret, findings);
    return 0;
}

/* ---- evidence ---- */

static bool speaks_of(const mu_finding *finding, const char *path)
{
    char shown[MU_SHOWN_SIZE];
    mu_escape_to(shown, path);
    for (size_t i = 0; i < finding->evidence.count; i++)
        if (strstr(finding->evidence.items[i], shown))
            return true;
    return false;
}

static void add_place(const mu_doctor_config *config, mu_spring_key key, const char *what, mu_finding *finding,
                      mu_findings *findings)
{
    const mu_spring_value *value = config->tls.used[key];
    if (value->where)
        mu_finding_evidence(findings, finding, "%s: %s%s", value->where, mu_spring_key_name(key), what);
}

/* Why a password is perhaps another one than it looks. Nothing of it is shown. */
static const char *doubt(const mu_spring_value *value)
{
    size_t len = value->text ? strlen(value->text) : 0;
    if (value->prop && value->prop->plain)
        return ", which YAML takes for a number or a truth value: put it between quotes";
    return len && (value->text[len - 1] == ' ' || value->text[len - 1] == '\t') ? ", which ends in a blank" : "";
}

static void annotate(const mu_doctor_config *config, const struct part *part, mu_finding *finding, mu_findings *findings)
{
    const mu_spring_value *password = config->tls.used[part->password];
    bool about_password = finding->code == MU_E_STORE_WRONG_PASSWORD || finding->code == MU_E_KEY_PASSWORD_DIFFERS ||
                          finding->code == MU_E_PEM_KEY_ENCRYPTED || finding->code == MU_E_P12_READ_WITHOUT_PASSWORD;
    add_place(config, part->file, "", finding, findings);
    if (part->file == MU_SPRING_CERTIFICATE)
        add_place(config, MU_SPRING_CERTIFICATE_PRIVATE_KEY, "", finding, findings);
    if (about_password && part->file == MU_SPRING_CERTIFICATE && !config->tls.bundle_pem)
        mu_finding_evidence(findings, finding, "server.ssl has no password for a PEM key, only a bundle has: "
                                               "spring.ssl.bundle.pem.NAME.keystore.private-key-password");
    else if (about_password && part->password != part->file && password->text)
        add_place(config, part->password, doubt(password), finding, findings);
    else if (about_password && part->password != part->file)
        mu_finding_evidence(findings, finding, "%s is not set", mu_spring_key_name(part->password));
    if (finding->code == MU_E_KEY_PASSWORD_DIFFERS)
        add_place(config, MU_SPRING_KEY_PASSWORD, "", finding, findings);
    if (finding->code == MU_E_SERVER_ALIAS_NOT_FOUND)
        add_place(config, MU_SPRING_KEY_ALIAS, "", finding, findings);
    if (finding->code == MU_E_STORE_WRONG_TYPE)
        add_place(config, part->file == MU_SPRING_KEY_STORE ? MU_SPRING_KEY_STORE_TYPE : MU_SPRING_TRUST_STORE_TYPE, "", finding,
                  findings);
}

void mu_doctor_config_annotate(const mu_doctor_config *config, size_t from, mu_findings *findings)
{
    for (size_t f = from; f < findings->count; f++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            const char *path = *path_of(config, &parts[i]);
            if (!path || findings->items[f].side == MU_AT_CLIENT || !speaks_of(&findings->items[f], path))
                continue;
            annotate(config, &parts[i], &findings->items[f], findings);
            if (strstr(path, "!/") || mu_str_has_prefix(path, "/dev/fd/")) /* no command can change what is packed */
                drop(&findings->items[f].command);
        }
}

void mu_doctor_config_free(mu_doctor_config *config)
{
    mu_store_settings_free(&config->stores);
    mu_spring_tls_free(&config->tls);
    mu_spring_free(&config->spring);
}

#include "diag/java_command_rules.h"

#include "config/java_properties.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define P "javax.net.ssl."
#define EMPTY_VARIABLE "takes its value from a variable that is empty here"
#define SET_VARIABLE "Set the variable where the command is run."

static mu_finding *MU_PRINTF(5, 6)
    find(mu_findings *findings, mu_code code, double confidence, const mu_java_define *define, const char *fmt, ...)
{
    char text[1024], shown[MU_SHOWN_SIZE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), code, MU_AT_CLIENT, confidence);
    if (define)
        mu_finding_evidence(findings, finding, "%s%s-D%s %s", define->from ? define->from : "", define->from ? ": " : "",
                            mu_escape_to(shown, define->name), text);
    else
        mu_finding_evidence(findings, finding, "%s", text);
    return finding;
}

/* ---- names ---- */

static void check_place_and_name(const mu_java_command *c, const mu_java_define *d, mu_findings *findings)
{
    const char *nearest;
    char shown[MU_SHOWN_SIZE];
    mu_java_known known = mu_java_property_known(d->name, &nearest);
    if (known == MU_JAVA_FOREIGN)
        return;
    if (d->late)
        mu_finding_fix(findings,
                       find(findings, MU_E_PROPERTY_IGNORED, 0.95, d,
                            "stands after \"%s\", so it is an argument of the program; the JVM does not read it",
                            mu_escape_to(shown, c->program)),
                       "Put it before -jar and before the main class.");
    else if (known == MU_JAVA_UNKNOWN) {
        mu_finding *f = find(findings, MU_E_PROPERTY_IGNORED, nearest ? 0.95 : 0.8, d, "is not read: a JVM knows no such property");
        if (nearest)
            mu_finding_fix(findings, f, "Write it -D%s (upper and lower case count).", nearest);
        f->warning = !nearest;
    }
}

/* The JVM takes it for a property without a name, and the next word for the program. */
static void check_nothing(const mu_java_command *c, mu_findings *findings)
{
    char shown[MU_SHOWN_SIZE];
    if (c->after_nothing)
        mu_finding_fix(findings,
                       find(findings, MU_E_CONFIG_INVALID, 0.95, NULL, "-D stands alone, so \"%s\" after it is no property",
                            mu_escape_to(shown, strlen(c->after_nothing) > 0 ? c->after_nothing : "nothing")),
                       "Write it without a blank: -DNAME=VALUE.");
}

static void check_repeated(const mu_java_command *c, const mu_java_define *d, mu_findings *findings)
{
    const char *nearest;
    const mu_java_define *last = mu_java_command_find(c, d->name);
    if (d->late || last == d || strcmp(last->value, d->value) == 0 || mu_java_property_known(d->name, &nearest) != MU_JAVA_KNOWN)
        return;
    mu_finding *f =
        find(findings, MU_E_PROPERTY_IGNORED, 0.95, d, "stands there twice with different values: the later one counts");
    mu_finding_fix(findings, f, "Keep one of them.");
    f->warning = true;
}

/* ---- stores ---- */

static const char *value_of(const mu_java_command *c, const char *name)
{
    const mu_java_define *d = mu_java_command_find(c, name);
    return d && *d->value ? d->value : NULL;
}

static void explain_path(const char *path, mu_finding *f, mu_findings *findings)
{
    if (mu_str_has_prefix(path, "file:") || mu_str_has_prefix(path, "classpath:"))
        mu_finding_evidence(findings, f, "the property takes a path, not a URL");
    else if (*path == '~')
        mu_finding_evidence(findings, f, "a shell does not replace ~ there; write $HOME");
}

/* @return is there a file to be opened? */
static bool check_file(const mu_java_command *c, const char *name, bool trust, mu_findings *findings)
{
    const mu_java_define *d = mu_java_command_find(c, name);
    char shown[MU_SHOWN_SIZE];
    if (!d || strcmp(d->value, "NONE") == 0)
        return false;
    if (!*d->value) {
        mu_finding *f = find(findings, MU_E_CONFIG_INVALID, 0.8, d, "%s", d->empty ? EMPTY_VARIABLE : "has no value");
        mu_finding_fix(findings, f, "%s -D%s=FILE is one word.", d->empty ? SET_VARIABLE : "Give it one, or leave it out:", name);
        return false;
    }
    findings->looked_for[MU_E_STORE_NOT_FOUND] = true;
    if (access(d->value, F_OK) == 0)
        return true;
    mu_finding *f =
        find(findings, MU_E_STORE_NOT_FOUND, 0.95, d, "names \"%s\", and there is no such file", mu_escape_to(shown, d->value));
    explain_path(d->value, f, findings);
    if (trust)
        mu_finding_evidence(findings, f, "a JVM says nothing then, and trusts its default roots instead");
    return false;
}

/* Misplaced or misspelt, but there: told already. */
static bool was_meant(const mu_java_command *c, const char *name)
{
    const char *nearest;
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->defines[i].name, name) == 0 ||
            (mu_java_property_known(c->defines[i].name, &nearest) == MU_JAVA_UNKNOWN && nearest && strcmp(nearest, name) == 0))
            return true;
    return false;
}

/* A password that hangs on an empty variable, or none where one is needed. @return may the store be opened? */
static bool check_password(const mu_java_command *c, const char *file, const char *name, bool keys, mu_findings *findings)
{
    const mu_java_define *password = mu_java_command_find(c, name), *store = mu_java_command_find(c, file);
    if (password && password->empty) {
        mu_finding_fix(findings, find(findings, MU_E_CONFIG_INVALID, 0.7, password, EMPTY_VARIABLE), SET_VARIABLE);
        return false;
    }
    if (!keys || (password && *password->value))
        return true;
    if (was_meant(c, name))
        return false;
    mu_finding *f = find(findings, MU_E_STORE_WRONG_PASSWORD, 0.95, store,
                         "is given without " P "keyStorePassword: a JVM cannot use the key then");
    mu_finding_fix(findings, f,
                   "Add -D" P "keyStorePassword, or put it into a file that only its owner reads and name that: java @FILE …");
    return false;
}

static void check_alone(const mu_java_command *c, mu_findings *findings)
{
    static const char *const needs_store[] = {P "keyStorePassword", P "keyStoreType"};
    for (size_t i = 0; i < 2; i++)
        if (value_of(c, needs_store[i]) && !was_meant(c, P "keyStore"))
            find(findings, MU_E_PROPERTY_IGNORED, 0.9, mu_java_command_find(c, needs_store[i]),
                 "has no effect without -D" P "keyStore")
                ->warning = true;
    if (!was_meant(c, P "keyStore")) {
        mu_finding *f = find(findings, MU_E_CLIENT_CERT_NOT_SENT, 0.7, NULL,
                             "-D" P "keyStore is not given: unless the program loads an identity itself, it has none to present");
        mu_finding_fix(findings, f, "Add -D" P "keyStore=client.p12 and its password if the server asks for a certificate.");
        f->warning = true;
    }
    if (!was_meant(c, P "trustStore"))
        mu_findings_note(findings, "-D" P "trustStore is not given: the JVM trusts its default roots");
}

static void check_type(const mu_java_command *c, const char *name, mu_findings *findings)
{
    char shown[MU_SHOWN_SIZE];
    if (value_of(c, name) && !mu_java_store_type_known(value_of(c, name)))
        mu_finding_fix(findings,
                       find(findings, MU_E_CONFIG_INVALID, 0.9, mu_java_command_find(c, name),
                            "is \"%s\", and Java knows no such type of store", mu_escape_to(shown, value_of(c, name))),
                       "Set it to PKCS12 or JKS, or leave it out.");
}

/* ---- protocols ---- */

static void check_protocols(const mu_java_command *c, mu_findings *findings)
{
    static const char *const names[] = {"jdk.tls.client.protocols", "https.protocols"};
    for (size_t i = 0; i < 2; i++) {
        const char *value = value_of(c, names[i]);
        char *item = value ? mu_asprintf("%s=%s", names[i], value) : NULL;
        mu_strlist one = {&item, 1}, warnings = {0};
        mu_java_settings settings = {0};
        mu_err *reason = NULL;
        if (item && mu_java_properties_read(&one, &settings, &warnings, &reason) != 0)
            mu_finding_fix(findings,
                           find(findings, MU_E_PROTOCOL_VERSION_MISMATCH, 0.9, mu_java_command_find(c, names[i]),
                                "leaves no version that today's JVMs and servers speak"),
                           "-D%s=TLSv1.3,TLSv1.2", names[i]);
        mu_err_free(reason);
        mu_java_settings_free(&settings);
        mu_strlist_free(&warnings);
        free(item);
    }
}

/* ---- everything ---- */

/* "pass:VALUE" and plain text, as in the settings. */
static char *copy(const char *value, const char *prefix)
{
    return value ? mu_asprintf("%s%s", prefix, value) : NULL;
}

/* One that Java does not know has been told. */
static char *copy_type(const char *type)
{
    return type && mu_java_store_type_known(type) ? copy(type, "") : NULL;
}

int mu_java_command_check(const mu_java_command *c, mu_findings *findings, mu_store_settings *ret_stores, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    *ret_stores = (mu_store_settings){.no_questions = true};
    findings->looked_for[MU_E_PROPERTY_IGNORED] = true;
    for (size_t i = 0; i < c->not_read.count; i++)
        mu_findings_note(findings, "not read: %s of the command", mu_escape_to(shown, c->not_read.items[i]));
    if (c->container)
        mu_findings_note(findings, "the command runs in a container: the files that it names were looked for here");
    check_nothing(c, findings);
    for (size_t i = 0; i < c->count; i++) {
        check_place_and_name(c, &c->defines[i], findings);
        check_repeated(c, &c->defines[i], findings);
    }
    check_alone(c, findings);
    check_type(c, P "keyStoreType", findings);
    check_type(c, P "trustStoreType", findings);
    check_protocols(c, findings);
    bool keys = check_file(c, P "keyStore", false, findings), trusts = check_file(c, P "trustStore", true, findings);
    if (keys && check_password(c, P "keyStore", P "keyStorePassword", true, findings)) {
        ret_stores->key_store = copy(value_of(c, P "keyStore"), "");
        ret_stores->key_store_password = copy(value_of(c, P "keyStorePassword"), "pass:");
        ret_stores->key_store_type = copy_type(value_of(c, P "keyStoreType"));
    }
    if (trusts && check_password(c, P "trustStore", P "trustStorePassword", false, findings)) {
        ret_stores->trust_store = copy(value_of(c, P "trustStore"), "");
        ret_stores->trust_store_password = copy(value_of(c, P "trustStorePassword"), "pass:");
        ret_stores->trust_store_type = copy_type(value_of(c, P "trustStoreType"));
    }
    return findings->failed ? mu_fail_nomem(err) : 0;
}

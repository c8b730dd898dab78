#include "diag/spring_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPARED_MAX 5000 /* keys of one configuration that are looked up among the known ones */

mu_finding *mu_spring_find(mu_findings *findings, mu_code code, double confidence, const char *where, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), code, MU_AT_SERVER, confidence);
    mu_finding_evidence(findings, finding, "%s%s%s", where ? where : "", where ? ": " : "", text);
    return finding;
}

static const char *place(const mu_spring_prop *prop, char room[2 * MU_SHOWN_SIZE])
{
    char shown[MU_SHOWN_SIZE];
    snprintf(room, 2 * MU_SHOWN_SIZE, "%s:%zu", mu_escape_to(shown, prop->file), prop->line);
    return room;
}

/* ---- files ---- */

/* @return are there none? */
static bool check_mistakes(const mu_spring *spring, mu_findings *findings)
{
    bool good = true;
    char file[MU_SHOWN_SIZE], where[2 * MU_SHOWN_SIZE];
    for (size_t f = 0; f < spring->files.count; f++)
        for (size_t i = 0; i < spring->mistakes[f].count; i++) {
            const mu_mistake *mistake = &spring->mistakes[f].list[i];
            good = false;
            snprintf(where, sizeof where, "%s:%zu:%zu", mu_escape_to(file, spring->files.items[f]), mistake->line, mistake->column);
            mu_finding_fix(findings,
                           mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.95, where, "%s", mistake->text ? mistake->text : ""),
                           "Spring Boot does not start with such a file: correct that line.");
        }
    return good;
}

/* ---- names ---- */

/* A JVM reads these from its command line; in this file nobody does. */
static bool is_jvm_property(const char *name)
{
    return mu_str_has_prefix(name, "javax.net.ssl.") || mu_str_has_prefix(name, "javax.net.debug") ||
           mu_str_has_prefix(name, "jdk.tls.");
}

/* @return is it a key of TLS? */
static bool check_name(const mu_spring_prop *prop, mu_findings *findings)
{
    char where[2 * MU_SHOWN_SIZE], shown[MU_SHOWN_SIZE], room[MU_SHOWN_SIZE], better[MU_SHOWN_SIZE];
    const char *nearest;
    if (is_jvm_property(prop->name)) {
        mu_finding *f = mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.95, place(prop, where),
                                       "%s is a property of the JVM, which does not read it here", mu_escape_to(shown, prop->name));
        mu_finding_fix(findings, f, "Give it to the JVM (java -D%s=… -jar app.jar), or use server.ssl.* here.", shown);
        return false;
    }
    mu_spring_known known = mu_spring_key_known(prop->key, room, &nearest);
    switch (known) {
    case MU_SPRING_MISSPELT: {
        mu_finding *f = mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.95, place(prop, where), "nothing reads %s",
                                       mu_escape_to(shown, prop->name));
        mu_finding_fix(findings, f, "Write it %s.", mu_escape_to(better, nearest));
        break;
    }
    case MU_SPRING_UNKNOWN:
        mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.9, place(prop, where), "nothing reads %s",
                       mu_escape_to(shown, prop->name))
            ->warning = true;
        break;
    default:
        break;
    }
    return known == MU_SPRING_KNOWN;
}

/* ---- values that are hidden ---- */

/* The same place but for the ending: application.properties beside application.yml. */
static bool other_format(const char *a, const char *b)
{
    const char *dot_a = strrchr(a, '.'), *dot_b = strrchr(b, '.');
    return dot_a && dot_b && dot_a - a == dot_b - b && memcmp(a, b, (size_t)(dot_a - a)) == 0 && strcmp(dot_a, dot_b) != 0;
}

/* Of two lines in one document, or of the two formats of one file: the one that counts says something else. */
static void check_hidden(const mu_spring *spring, size_t index, mu_findings *findings)
{
    const mu_spring_prop *prop = &spring->props[index], *winner = NULL;
    char where[2 * MU_SHOWN_SIZE], other[2 * MU_SHOWN_SIZE], shown[MU_SHOWN_SIZE];
    for (size_t i = index + 1; i < spring->count; i++) {
        const mu_spring_prop *later = &spring->props[i];
        if (later->active && strcmp(later->key, prop->key) == 0 &&
            (later->document == prop->document || other_format(prop->file, later->file)))
            winner = later;
    }
    if (!winner || strcmp(winner->value, prop->value) == 0)
        return;
    mu_finding *f =
        mu_spring_find(findings, MU_E_PROPERTY_IGNORED, 0.95, place(prop, where), "%s does not count: %s sets it otherwise",
                       mu_escape_to(shown, prop->name), place(winner, other));
    mu_finding_fix(findings, f, "Keep one of the two: of two formats .properties counts, of two lines the later one.");
    f->warning = true;
}

/* Misspelt or not: other names need not be compared with all known ones. */
static bool may_be_tls(const mu_spring_prop *prop)
{
    return strlen(prop->key) < 128 && (mu_str_has_prefix(prop->key, "server.") || strstr(prop->key, "ssl") ||
                                       strstr(prop->key, "bundle") || is_jvm_property(prop->name));
}

/* ---- placeholders and profiles ---- */

static void check_placeholder(const mu_spring_value *value, const char *name, mu_findings *findings)
{
    if (!value->unresolved)
        return;
    if (value->endless) {
        mu_finding *endless = mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, value->where,
                                             "%s is too long, or its placeholders lead back to themselves", name);
        mu_finding_fix(findings, endless, "Write the value itself there.");
        return;
    }
    mu_finding *f = mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.7, value->where, "%s needs ${%s}, which has no value here",
                                   name, value->unresolved);
    mu_finding_fix(findings, f, "Set %s where the application is started, or give a default: ${%s:…}", value->unresolved,
                   value->unresolved);
}

/* Within a document that is for some profiles only, others cannot be made active. */
static bool is_conditional(const mu_spring *spring, const mu_spring_prop *prop)
{
    for (size_t i = 0; i < spring->count; i++)
        if (spring->props[i].document == prop->document && strcmp(spring->props[i].key, "spring.config.activate.onprofile") == 0)
            return true;
    return false;
}

static void check_profile_keys(const mu_spring *spring, const mu_spring_prop *prop, mu_findings *findings)
{
    static const mu_strlist nobody = {0};
    char where[2 * MU_SHOWN_SIZE];
    bool old = strcmp(prop->key, "spring.profiles") == 0;
    if (old)
        mu_finding_fix(findings,
                       mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, place(prop, where),
                                      "Spring Boot 2.4 and later do not start with spring.profiles"),
                       "Write it spring.config.activate.on-profile.");
    if ((strcmp(prop->key, "spring.profiles.active") == 0 || strcmp(prop->key, "spring.profiles.include") == 0) &&
        is_conditional(spring, prop))
        mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, place(prop, where),
                       "profiles cannot be made active in a document that is for a profile itself: Spring Boot does not start");
    if ((old || strcmp(prop->key, "spring.config.activate.onprofile") == 0) && mu_spring_profile_fits(prop->value, &nobody) < 0)
        mu_spring_find(findings, MU_E_CONFIG_INVALID, 0.9, place(prop, where), "this is no profile, and no expression of profiles");
}

static void note_scope(const mu_spring *spring, mu_findings *findings)
{
    char shown[MU_SHOWN_SIZE];
    for (size_t i = 0; i < spring->files.count; i++)
        mu_findings_note(findings, "%s", mu_escape_to(shown, spring->files.items[i]));
    for (size_t i = 0; i < spring->profiles.count; i++)
        if (strcmp(spring->profiles.items[i], "default") != 0)
            mu_findings_note(findings, "active profile: %s", mu_escape_to(shown, spring->profiles.items[i]));
    for (size_t i = 0; i < spring->others.count; i++)
        mu_findings_note(findings, "not active, so not read: profile %s (--profile)", mu_escape_to(shown, spring->others.items[i]));
    for (size_t i = 0; i < spring->count; i++)
        if (spring->props[i].active && mu_str_has_prefix(spring->props[i].key, "spring.config.import"))
            mu_findings_note(findings, "not followed: spring.config.import %s", mu_escape_to(shown, spring->props[i].value));
}

bool mu_spring_check_files(const mu_spring *spring, const mu_spring_tls *tls, mu_findings *findings)
{
    findings->looked_for[MU_E_PROPERTY_IGNORED] = findings->looked_for[MU_E_CONFIG_INVALID] = true;
    note_scope(spring, findings);
    if (!check_mistakes(spring, findings))
        return false;
    for (size_t i = 0, compared = 0; i < spring->count; i++) {
        const mu_spring_prop *prop = &spring->props[i];
        check_profile_keys(spring, prop, findings);
        if (prop->active && may_be_tls(prop) && compared++ < COMPARED_MAX && check_name(prop, findings))
            check_hidden(spring, i, findings);
    }
    check_placeholder(&tls->port, "server.port", findings);
    check_placeholder(&tls->address, "server.address", findings);
    for (mu_spring_key k = 0; k < MU_SPRING_KEYS; k++)
        check_placeholder(tls->used[k], mu_spring_key_name(k), findings);
    return true;
}

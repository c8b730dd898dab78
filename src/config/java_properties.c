#include "config/java_properties.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <strings.h>

typedef enum action {
    TEXT,        /* owned copy into the settings */
    SECRET,      /* the same, as "pass:…": the value itself is the password */
    LIST,        /* a comma list of IANA names */
    VERSIONS,    /* "TLSv1.3,TLSv1.2" */
    FIXED,       /* we do what the named value says; another value is an error */
    UNSUPPORTED, /* concerns security, not implemented: an error */
    DEBUG,       /* what to show of the handshake */
    SERVER,      /* read by servers only: a warning */
    IGNORED      /* does not concern security: a warning */
} action;

#define AT(member) offsetof(mu_java_settings, member)

/* Later lines win over earlier ones when both are given: https.… is what HttpsURLConnection reads last. */
static const struct property {
    const char *name;
    action action;
    size_t offset;
    const char *value; /* FIXED */
} table[] = {
    {"javax.net.ssl.trustStore", TEXT, AT(stores.trust_store), NULL},
    {"javax.net.ssl.trustStoreType", TEXT, AT(stores.trust_store_type), NULL},
    {"javax.net.ssl.trustStorePassword", SECRET, AT(stores.trust_store_password), NULL},
    {"javax.net.ssl.trustStoreProvider", UNSUPPORTED, 0, NULL},
    {"javax.net.ssl.keyStore", TEXT, AT(stores.key_store), NULL},
    {"javax.net.ssl.keyStoreType", TEXT, AT(stores.key_store_type), NULL},
    {"javax.net.ssl.keyStorePassword", SECRET, AT(stores.key_store_password), NULL},
    {"javax.net.ssl.keyStoreProvider", UNSUPPORTED, 0, NULL},
    {"javax.net.ssl.sessionCacheSize", IGNORED, 0, NULL},
    {"javax.net.debug", DEBUG, 0, NULL},
    {"jdk.tls.client.protocols", VERSIONS, 0, NULL},
    {"https.protocols", VERSIONS, 0, NULL},
    {"jdk.tls.client.cipherSuites", LIST, AT(ciphers), NULL},
    {"https.cipherSuites", LIST, AT(ciphers), NULL},
    {"jdk.tls.namedGroups", LIST, AT(groups), NULL},
    {"jdk.tls.client.SignatureSchemes", LIST, AT(sigalgs), NULL},
    {"jdk.tls.client.enableCAExtension", FIXED, 0, "false"},
    {"jdk.tls.client.disableExtensions", UNSUPPORTED, 0, NULL},
    {"jsse.enableSNIExtension", FIXED, 0, "true"},
    {"jsse.enableFFDHE", IGNORED, 0, NULL},
    {"jdk.tls.client.enableSessionTicketExtension", IGNORED, 0, NULL},
    {"jdk.tls.client.enableStatusRequestExtension", FIXED, 0, "false"},
    {"jdk.tls.maxCertificateChainLength", UNSUPPORTED, 0, NULL},
    {"jdk.tls.client.maxInboundCertificateChainLength", UNSUPPORTED, 0, NULL},
    {"jdk.tls.maxHandshakeMessageSize", IGNORED, 0, NULL},
    {"jdk.tls.ephemeralDHKeySize", SERVER, 0, NULL},
    {"jdk.tls.useExtendedMasterSecret", FIXED, 0, "true"},
    {"jdk.tls.allowUnsafeServerCertChange", FIXED, 0, "false"},
    {"jdk.tls.acknowledgeCloseNotify", IGNORED, 0, NULL},
    {"jdk.tls.trustNameService", FIXED, 0, "false"},
    {"sun.security.ssl.allowUnsafeRenegotiation", FIXED, 0, "false"},
    {"sun.security.ssl.allowLegacyHelloMessages", FIXED, 0, "false"},
    {"jdk.tls.rejectClientInitiatedRenegotiation", SERVER, 0, NULL},
    {"com.sun.net.ssl.requireCloseNotify", IGNORED, 0, NULL},
    {"com.sun.net.ssl.checkRevocation", FIXED, 0, "false"},
    {"com.sun.security.enableCRLDP", FIXED, 0, "false"},
    {"com.sun.security.enableAIAcaIssuers", FIXED, 0, "false"},
    {"com.sun.security.onlyCheckRevocationOfEECert", FIXED, 0, "false"},
    {"ocsp.enable", FIXED, 0, "false"},
    {"jdk.security.allowNonCaAnchor", FIXED, 0, "true"},
    {"jdk.security.caDistrustPolicies", UNSUPPORTED, 0, NULL},
    {"https.proxyHost", IGNORED, 0, NULL},
    {"https.proxyPort", IGNORED, 0, NULL},
};

/* Names under these are about TLS or certificates; one that is not in the table is probably misspelt, and surely not obeyed. */
static const char *const security_prefixes[] = {
    "javax.net.ssl.", "jdk.tls.", "jdk.certpath.", "jdk.security.", "com.sun.net.ssl.", "com.sun.security.",
    "sun.security.",  "ocsp.",    "jsse.",         "https.cipher",  "https.proto"};

static int fail_property(const char *name, mu_err **err, const char *what)
{
    char shown[MU_SHOWN_SIZE];
    return mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "-D%s %s", mu_escape_to(shown, name), what);
}

static int warn(mu_strlist *warnings, const char *name, const char *why, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    char *text = mu_asprintf("-D%s is not read %s [property-ignored]", mu_escape_to(shown, name), why);
    int rc = text && mu_strlist_add(warnings, text) == 0 ? 0 : mu_fail_nomem(err);
    free(text);
    return rc;
}

static const struct property *find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static const char *nearest(const char *name)
{
    const char *best = NULL;
    int best_distance = 4;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int distance = mu_str_distance(table[i].name, name);
        if (distance < best_distance) {
            best = table[i].name;
            best_distance = distance;
        }
    }
    return best;
}

/* "javax.net.trustStore", "trustStore", "javax.net.ssl.truststore": the end is right, but for the case. */
static const char *same_end(const char *name)
{
    const char *dot = strrchr(name, '.'), *end = dot ? dot + 1 : name;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++)
        if (mu_str_has_prefix(table[t].name, "javax.net.ssl.") && mu_str_eq_nocase(table[t].name + strlen("javax.net.ssl."), end))
            return table[t].name;
    return NULL;
}

mu_java_known mu_java_property_known(const char *name, const char **ret_nearest)
{
    bool ours = false;
    *ret_nearest = NULL;
    if (find(name))
        return MU_JAVA_KNOWN;
    for (size_t i = 0; i < sizeof security_prefixes / sizeof *security_prefixes; i++)
        ours = ours || strncasecmp(name, security_prefixes[i], strlen(security_prefixes[i])) == 0;
    if (strstr(name, ".server."))
        return MU_JAVA_FOREIGN;
    *ret_nearest = nearest(name);
    if (!*ret_nearest && (ours || mu_str_has_prefix(name, "java") || !strchr(name, '.')))
        *ret_nearest = same_end(name);
    return ours || *ret_nearest ? MU_JAVA_UNKNOWN : MU_JAVA_FOREIGN;
}

static int handle_unknown(const char *name, mu_strlist *warnings, mu_err **err)
{
    for (size_t i = 0; i < sizeof security_prefixes / sizeof *security_prefixes; i++) {
        if (!mu_str_has_prefix(name, security_prefixes[i]))
            continue;
        /* jdk.tls.server.… and the like are for the other side. */
        if (strstr(name, ".server."))
            return warn(warnings, name, "by a client", err);
        fail_property(name, err, "concerns security and is not known here");
        if (nearest(name))
            mu_err_hint(err, "Did you mean -D%s?", nearest(name));
        return -1;
    }
    return warn(warnings, name, "by mutual", err);
}

static int set_text(char **field, char *value, mu_err **err)
{
    if (!value)
        return mu_fail_nomem(err);
    if (*field)
        OPENSSL_cleanse(*field, strlen(*field));
    free(*field);
    *field = value;
    return 0;
}

/* A JVM takes the versions one by one; ours are a range, so a hole in it cannot be had. With two versions there is none. */
static int set_versions(const char *name, const char *value, mu_java_settings *settings, mu_err **err)
{
    int min = 0, max = 0;
    char *copy = mu_strdup(value), *rest = copy;
    for (char *word = copy ? strtok_r(copy, ", ", &rest) : NULL; word; word = strtok_r(NULL, ", ", &rest)) {
        int version = strcmp(word, "TLSv1.3") == 0 ? TLS1_3_VERSION : strcmp(word, "TLSv1.2") == 0 ? TLS1_2_VERSION : 0;
        /* A JVM has these disabled, so that naming them changes nothing beside a newer one. */
        if (!version && (strcmp(word, "TLSv1.1") == 0 || strcmp(word, "TLSv1") == 0 || strcmp(word, "SSLv3") == 0))
            continue;
        if (!version) {
            free(copy);
            return fail_property(name, err, "names a protocol that is not supported");
        }
        min = !min || version < min ? version : min;
        max = version > max ? version : max;
    }
    free(copy);
    if (!min)
        return fail_property(name, err, "leaves no TLS version that is enabled: use TLSv1.2 or TLSv1.3");
    settings->min_version = min;
    settings->max_version = max;
    return 0;
}

static int handle_fixed(const struct property *p, const char *value, mu_err **err)
{
    if (mu_str_eq_nocase(value, p->value))
        return 0;
    fail_property(p->name, err, "concerns security and is not implemented");
    mu_err_detail(err, "only %s=%s is", p->name, p->value);
    if (strcmp(p->name, "com.sun.net.ssl.checkRevocation") == 0)
        mu_err_hint(err, "Give the CRLs with --crl.");
    return -1;
}

static bool has_word(const char *value, const char *word)
{
    for (; *value; value++)
        if (strncasecmp(value, word, strlen(word)) == 0)
            return true;
    return false;
}

/* As a JVM looks for its words: anywhere in the value. "handshake" alone shows nothing there, but says what is wanted. */
static int handle_debug(const struct property *p, const char *value, mu_java_settings *settings, mu_strlist *warnings, mu_err **err)
{
    if (!has_word(value, "all") && !has_word(value, "ssl") && !has_word(value, "handshake"))
        return warn(warnings, p->name, "by mutual but for all, ssl and handshake", err);
    settings->trace = has_word(value, "all") || has_word(value, "verbose") || has_word(value, "data") ? 2 : 1;
    return 0;
}

static int handle(const struct property *p, const char *value, mu_java_settings *settings, mu_strlist *warnings, mu_err **err)
{
    char **field = (char **)((char *)settings + p->offset);
    switch (p->action) {
    case TEXT:
    case LIST:
        return *value ? set_text(field, mu_strdup(value), err) : 0;
    case SECRET: /* an empty one is none */
        return *value ? set_text(field, mu_asprintf("pass:%s", value), err) : 0;
    case VERSIONS:
        return set_versions(p->name, value, settings, err);
    case FIXED:
        return handle_fixed(p, value, err);
    case UNSUPPORTED:
        return fail_property(p->name, err, "concerns security and is not implemented");
    case DEBUG:
        return handle_debug(p, value, settings, warnings, err);
    case SERVER:
        return warn(warnings, p->name, "by a client", err);
    default:
        return warn(warnings, p->name, "by mutual", err);
    }
}

/* NONE: a trust store without anchors; for keys a token if the type is PKCS11, otherwise no key. */
static int handle_none(mu_java_settings *settings, mu_err **err)
{
    mu_store_settings *s = &settings->stores;
    if (s->key_store_type && mu_str_eq_nocase(s->key_store_type, "PKCS11"))
        return fail_property("javax.net.ssl.keyStoreType", err, "is PKCS11, and tokens are not implemented");
    if (s->trust_store_type && mu_str_eq_nocase(s->trust_store_type, "PKCS11"))
        return fail_property("javax.net.ssl.trustStoreType", err, "is PKCS11, and tokens are not implemented");
    if (s->trust_store && strcmp(s->trust_store, "NONE") == 0) {
        settings->trust_none = true;
        free(s->trust_store);
        s->trust_store = NULL;
    }
    if (s->key_store && strcmp(s->key_store, "NONE") == 0) {
        free(s->key_store);
        s->key_store = NULL;
    }
    return 0;
}

static int read_item(const char *item, const struct property *wanted, mu_java_settings *settings, mu_strlist *warnings,
                     mu_err **err)
{
    const char *equals = strchr(item, '=');
    char *name = equals ? mu_strndup(item, (size_t)(equals - item)) : mu_strdup(item);
    int rc = 0;
    if (!name)
        return mu_fail_nomem(err);
    const struct property *p = find(name);
    if (wanted ? p == wanted : !p)
        rc = p ? handle(p, equals ? equals + 1 : "", settings, warnings, err) : handle_unknown(name, warnings, err);
    free(name);
    return rc;
}

int mu_java_properties_read(const mu_strlist *properties, mu_java_settings *ret_settings, mu_strlist *warnings, mu_err **err)
{
    mu_java_settings settings = {.stores = {.no_questions = true}};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < properties->count; i++)
        rc = read_item(properties->items[i], NULL, &settings, warnings, err);
    for (size_t t = 0; rc == 0 && t < sizeof table / sizeof *table; t++)
        for (size_t i = 0; rc == 0 && i < properties->count; i++)
            rc = read_item(properties->items[i], &table[t], &settings, warnings, err);
    if (rc == 0)
        rc = handle_none(&settings, err);
    if (rc != 0)
        mu_java_settings_free(&settings);
    else
        *ret_settings = settings;
    return rc;
}

bool mu_java_store_type_known(const char *type)
{
    static const char *const types[] = {"JKS", "PKCS12", "JCEKS", "PKCS11",   "DKS",          "CaseExactJKS",
                                        "BKS", "UBER",   "BCFKS", "BCPKCS12", "KeychainStore"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mu_str_eq_nocase(type, types[i]))
            return true;
    return mu_str_has_prefix(type, "Windows-");
}

void mu_java_settings_free(mu_java_settings *settings)
{
    mu_store_settings_free(&settings->stores);
    free(settings->ciphers);
    free(settings->groups);
    free(settings->sigalgs);
    *settings = (mu_java_settings){0};
}

/**
 * Spring Boot's configuration files, as far as TLS needs them: application.properties, application.yml and what a JAR holds of
 * both, with profiles, documents, placeholders, relaxed names and the environment's say.
 *
 * Source: Spring Boot reference, "Externalized Configuration" and "SSL"; behaviour measured on Spring Boot 3.5 with Tomcat. Not
 * followed: spring.config.import, SPRING_APPLICATION_JSON, cloud platforms (a document that asks for one counts as inactive).
 */
#ifndef MU_CONFIG_SPRING_H
#define MU_CONFIG_SPRING_H

#include "base/text.h"
#include "config/mistakes.h"
#include "config/settings.h"

/** One property as a file has it. */
typedef struct mu_spring_prop {
    char *name;       /* as written; of YAML the path, "server.ssl.enabled-protocols[0]" */
    char *key;        /* relaxed: as mu_spring_relaxed makes it */
    char *value;      /* before placeholders are replaced; wiped when freed */
    char *plain;      /* YAML: what stood there if the value means something else, as 010 means 8; NULL: the same. Wiped, too */
    const char *file; /* borrowed from mu_spring.files; escape it before showing */
    size_t line, document; /* document: counted over all files */
    bool active;      /* its document's profile is */
} mu_spring_prop;

typedef struct mu_spring {
    mu_strlist files;              /* in the order of precedence, lowest first */
    mu_mistakes *mistakes;         /* one for each file: what Spring Boot would not read */
    char *folder;                  /* of the file, or of the JAR */
    char *inside;                  /* "app.jar!/BOOT-INF/classes/" if it is a JAR; NULL: it is not */
    mu_strlist profiles;           /* active ones */
    mu_strlist others;             /* profiles that are not active and for which there are documents or files */
    mu_spring_prop *props;         /* lowest precedence first, the inactive ones with them */
    size_t count;
} mu_spring;

/**
 * Read application.properties, .yml or .yaml with what stands beside it (the other format, those of active profiles), or a JAR.
 * @param profiles NULL or empty: as SPRING_PROFILES_ACTIVE and the files themselves say
 * @return 0, or -1 with what mu_file_read says (of the file named), MU_E_STORE_DAMAGED (the JAR), MU_E_CONFIG_INVALID (a JAR
 * without configuration); mu_spring_free is due in any case
 */
int mu_spring_read(const char *path, const mu_strlist *profiles, mu_spring *ret, mu_err **err);
void mu_spring_free(mu_spring *spring);

/** Lower case, letters, digits, dots and [N] only: two names mean the same if this is equal. Owned (free); NULL: out of memory. */
char *mu_spring_relaxed(const char *name);

/** What a key comes to. A zeroed struct is "not set". */
typedef struct mu_spring_value {
    char *text;       /* placeholders replaced; a list's items joined by commas; NULL: not set; wiped when freed */
    char *where;      /* "application.yml:12", "the variable SERVER_PORT": safe to show */
    char *unresolved; /* a placeholder in it that has no value, safe to show; NULL: none */
    bool endless;     /* it is too long, or its placeholders lead back to themselves; then unresolved is set, too */
    const mu_spring_prop *prop; /* NULL: from the environment */
} mu_spring_value;

/** The value of a key in canonical form ("server.ssl.key-store"). @return 0, or -1 out of memory */
int mu_spring_get(const mu_spring *spring, const char *name, mu_spring_value *ret, mu_err **err);
void mu_spring_value_free(mu_spring_value *value);

/* ---- server.ssl.* and the bundle that it names ---- */

typedef enum mu_spring_key {
#define MU_SPRING_KEY(id, server, jks, pem) MU_SPRING_##id,
#include "config/spring_keys.def"
#undef MU_SPRING_KEY
    MU_SPRING_KEYS
} mu_spring_key;

/** Where a location of a file leads. Zeroed: there is none. */
typedef struct mu_spring_place {
    char *path;      /* to be opened from here; of a missing file where it was looked for first */
    bool found;
    bool unreadable; /* a URL that we do not follow, or a location that Spring Boot does not know */
    char *elsewhere; /* a missing file's namesake where Spring Boot does not look; NULL: none */
    int inlined_fd;  /* of PEM that stands in the configuration itself; 0: it does not */
} mu_spring_place;

typedef struct mu_spring_tls {
    mu_spring_value port, address;
    mu_spring_value server[MU_SPRING_KEYS];
    mu_spring_value bundle[MU_SPRING_KEYS]; /* of the bundle that server.ssl.bundle names */
    bool bundle_jks, bundle_pem;            /* there is one of that name */
    const mu_spring_value *used[MU_SPRING_KEYS]; /* what Spring Boot goes by; text NULL if not set */
    mu_spring_place places[MU_SPRING_KEYS]; /* of those that are locations */
    bool configured;                        /* something of server.ssl is set, or comes from the environment */
    bool enabled;                           /* TLS is configured and not switched off */
    bool pem_key, pem_trust;                /* PEM files go before stores */
} mu_spring_tls;

/** @return 0, or -1 out of memory; mu_spring_tls_free is due in any case */
int mu_spring_tls_read(const mu_spring *spring, mu_spring_tls *ret, mu_err **err);
void mu_spring_tls_free(mu_spring_tls *tls);
/** The stores in force, with passwords as values; no_questions is set. @return 0, or -1 out of memory */
int mu_spring_settings(const mu_spring_tls *tls, mu_store_settings *ret, mu_err **err);

/** A key store in force for which no password at all is set, neither the store's nor the key's. */
bool mu_spring_no_password(const mu_spring_tls *tls);

/** "key-store", as under server.ssl. */
const char *mu_spring_key_name(mu_spring_key key);
/**
 * Is this property one that Spring Boot reads for TLS?
 * @param key as of mu_spring_prop
 * @param ret_nearest the canonical name that was probably meant, if it is none; NULL: no idea. Static or in `room`
 */
typedef enum mu_spring_known { MU_SPRING_KNOWN, MU_SPRING_MISSPELT, MU_SPRING_UNKNOWN, MU_SPRING_FOREIGN } mu_spring_known;
mu_spring_known mu_spring_key_known(const char *key, char room[MU_SHOWN_SIZE], const char **ret_nearest);

/** "TLSv1.3" and the older ones that Java knows by name. */
bool mu_spring_protocol_known(const char *name);
/** TLS1_3_VERSION, TLS1_2_VERSION, or 0: none that is still spoken. */
int mu_spring_protocol_version(const char *name);
/**
 * Cipher suites by IANA's or OpenSSL's names, as Tomcat takes them.
 * @param ret_known   gets those that OpenSSL has, by IANA's names with ":" between them
 * @param ret_unknown gets the others, which Tomcat passes over
 * @return 0, or -1 out of memory
 */
int mu_spring_suites(const char *list, mu_buf *ret_known, mu_strlist *ret_unknown, mu_err **err);

/* ---- between the files of the reader ---- */

/** Append what a file says; props get the file's name and the number of their document. @return 0, or -1 out of memory */
typedef struct mu_spring_target {
    mu_spring *spring;
    const char *file;
    mu_mistakes *mistakes;
    size_t document;
} mu_spring_target;
int mu_spring_add(const mu_spring_target *target, const char *name, const char *value, const char *plain, size_t line,
                  mu_err **err);
int mu_spring_properties_parse(mu_spring_target *target, const uint8_t *data, size_t len, mu_err **err);
int mu_spring_yaml_parse(mu_spring_target *target, const uint8_t *data, size_t len, mu_err **err);
/** "prod & !eu | (a, b)": does it fit the active profiles? @return 1, 0, or -1 if it is no expression */
int mu_spring_profile_fits(const char *expression, const mu_strlist *active);

#endif

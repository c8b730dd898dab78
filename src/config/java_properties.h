/** -Djavax.net.ssl.… as a JVM's client takes them. */
#ifndef MU_CONFIG_JAVA_PROPERTIES_H
#define MU_CONFIG_JAVA_PROPERTIES_H

#include "base/text.h"
#include "config/settings.h"

typedef struct mu_java_settings {
    mu_store_settings stores;
    bool trust_none;                  /* trustStore=NONE: nobody is trusted */
    int min_version, max_version;     /* 0: not said */
    int trace;                        /* javax.net.debug: 1 the handshake, 2 with everything in its messages */
    char *ciphers, *groups, *sigalgs; /* NULL: not said */
} mu_java_settings;

/**
 * Read "name=value" items. A property that concerns security and is not implemented here is an error that names it, and so is a
 * name that looks like one and is unknown; any other property is one line of warning.
 * @return 0, or -1 with MU_E_CONFIG_INVALID
 */
int mu_java_properties_read(const mu_strlist *properties, mu_java_settings *ret_settings, mu_strlist *warnings, mu_err **err);

/** Is that a property of Java's TLS? UNKNOWN: it looks like one, and nothing reads it; *ret_nearest: what was meant, or NULL. */
typedef enum mu_java_known { MU_JAVA_KNOWN, MU_JAVA_UNKNOWN, MU_JAVA_FOREIGN } mu_java_known;
mu_java_known mu_java_property_known(const char *name, const char **ret_nearest);
/** Is that the name of a type of store, as KeyStore.getInstance takes it from the usual providers? */
bool mu_java_store_type_known(const char *type);
void mu_java_settings_free(mu_java_settings *settings);

#endif

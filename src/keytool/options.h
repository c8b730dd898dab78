/** The options of all commands: each is accepted with every command, as in the JDK. */
#ifndef MU_KEYTOOL_OPTIONS_H
#define MU_KEYTOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/** Where a value is kept: options that are synonyms share a slot. */
typedef enum mu_kt_slot {
    MU_KT_ALIAS, MU_KT_DEST_ALIAS, MU_KT_FILE, MU_KT_IN_FILE, MU_KT_OUT_FILE, MU_KT_DNAME, MU_KT_EXT, MU_KT_ID, MU_KT_KEY_ALG,
    MU_KT_KEY_SIZE, MU_KT_GROUP_NAME, MU_KT_SIG_ALG, MU_KT_START_DATE, MU_KT_VALIDITY, MU_KT_KEY_PASS, MU_KT_NEW_PASS, MU_KT_SIGNER,
    MU_KT_SIGNER_KEY_PASS, MU_KT_KEY_STORE, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, MU_KT_SRC_KEY_STORE, MU_KT_SRC_STORE_PASS,
    MU_KT_SRC_STORE_TYPE, MU_KT_SRC_KEY_PASS, MU_KT_DEST_KEY_PASS, MU_KT_PROVIDER_NAME, MU_KT_SRC_PROVIDER_NAME, MU_KT_ADD_PROVIDER,
    MU_KT_PROVIDER_CLASS, MU_KT_PROVIDER_PATH, MU_KT_CONF, MU_KT_PROTECTED, MU_KT_SRC_PROTECTED, MU_KT_CA_CERTS,
    MU_KT_NO_PROMPT, MU_KT_TRUST_CA_CERTS, MU_KT_RFC, MU_KT_VERBOSE, MU_KT_DEBUG, MU_KT_NO_WARN, MU_KT_SSL_SERVER, MU_KT_JAR_FILE,
    MU_KT_TLS, MU_KT_SLOT_COUNT
} mu_kt_slot;

/** A provider may be followed by its -providerarg, which is no option elsewhere. */
typedef enum mu_kt_kind { MU_KT_FLAG, MU_KT_TEXT, MU_KT_PASSWORD, MU_KT_LIST, MU_KT_PROVIDER } mu_kt_kind;

typedef struct mu_kt_option {
    const char *name; /* without the hyphen; NULL ends the table */
    mu_kt_slot slot;
    mu_kt_kind kind;
    bool repeatable;  /* more than once is no mistake */
    const char *arg;  /* in the usage text; NULL: only a synonym, no usage text */
    const char *help;
} mu_kt_option;

/** As the JDK's collator compares: case and hyphens do not count. */
bool mu_kt_same_name(const char *word, const char *name);
/** The option that a word names (its ":modifier" already cut off), or NULL. */
const mu_kt_option *mu_kt_option_find(const char *word);
/** The option with usage text that keeps its value in that slot. Of "keystore" and "destkeystore" the latter one for -importkeystore. */
const mu_kt_option *mu_kt_option_of(mu_kt_slot slot, bool of_import);

#endif

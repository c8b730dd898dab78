/** One settings structure for identity and trust, whatever it was read from, and what is made of it. */
#ifndef MU_CONFIG_SETTINGS_H
#define MU_CONFIG_SETTINGS_H

#include <mutual/tls.h>

/** Named as Spring Boot's server.ssl.*. Owned strings, NULL when not set; passwords in the forms of config/password.h. */
typedef struct mu_store_settings {
    char *key_store, *key_store_password, *key_store_type, *key_alias, *key_password;
    char *certificate, *certificate_private_key;
    char *trust_store, *trust_store_password, *trust_store_type, *trust_certificate;
    bool no_questions; /* a password that is not given is none, as in a JVM: neither the environment nor a terminal is asked */
} mu_store_settings;

struct mu_strlist;
struct mu_buf;

/**
 * The identity the settings name; *ret_identity is NULL and 0 is returned if they name none.
 * Passwords are asked for where needed and wiped afterwards. A wrong declared type is a warning on `warnings` (may be NULL; owned
 * errors are not used for warnings: each is one line of text).
 */
int mu_settings_identity(OSSL_LIB_CTX *libctx, const mu_store_settings *settings, mu_purpose purpose, int64_t now_s,
                         struct mu_strlist *warnings, mu_identity **ret_identity, mu_err **err);
/** The same of --certificate and its key, whose files were read already; keys may be certs: a pipe has its bytes only once. */
int mu_settings_identity_pem(OSSL_LIB_CTX *libctx, const mu_store_settings *settings, const struct mu_buf *certs,
                             const struct mu_buf *keys, mu_identity **ret_identity, mu_err **err);
/** The trust they name; *ret_trust is NULL if they name none (no fallback here). */
int mu_settings_trust(OSSL_LIB_CTX *libctx, const mu_store_settings *settings, struct mu_strlist *warnings, mu_trust **ret_trust,
                      mu_err **err);
/** Add the CRLs of these files and folders (config/cert_files.h): from then on every level of a chain needs a valid one. */
int mu_settings_crls(OSSL_LIB_CTX *libctx, const struct mu_strlist *paths, mu_trust *trust, mu_err **err);
void mu_store_settings_free(mu_store_settings *settings);

#endif

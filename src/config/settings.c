#include "config/settings.h"

#include "base/file.h"
#include "base/ossl.h"
#include "base/text.h"
#include "config/cert_files.h"
#include "config/password.h"
#include "keystore/store_bytes.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX_BYTES (64u << 20)

/* One store as the settings have it. */
struct source {
    const char *path, *password, *type;
    bool no_questions;
    mu_store_bytes bytes;
};

static void warn_type(struct mu_strlist *warnings, const struct source *source, const mu_store *store)
{
    if (!warnings || !mu_store_type_mismatch(store))
        return;
    char path[MU_SHOWN_SIZE], type[MU_SHOWN_SIZE];
    char *text = mu_asprintf("\"%s\" is declared as %s and is %s: read as what it is", mu_escape_to(path, source->path),
                             mu_escape_to(type, source->type), mu_store_type_name(mu_store_get_type(store)));
    if (text)
        mu_strlist_add(warnings, text);
    free(text);
}

static int open_store(OSSL_LIB_CTX *libctx, const struct source *source, const char *password, mu_store **ret_store, mu_err **err)
{
    mu_store_options options = {.password = password};
    if (source->type && mu_store_type_parse(source->type, &options.type, err) != 0)
        return -1;
    return mu_store_bytes_open(libctx, &source->bytes, &options, ret_store, err);
}

/* Some stores need no password: PEM without encryption, trust stores without protection. Only then is none asked for. */
static bool opens_without(OSSL_LIB_CTX *libctx, const struct source *source, bool for_identity, mu_store **ret_store, mu_err **err)
{
    mu_store *store = NULL;
    if (open_store(libctx, source, NULL, &store, err) != 0)
        return false;
    if (source->no_questions || mu_store_get_type(store) == MU_STORE_PEM || (!for_identity && !mu_store_has_skipped(store))) {
        *ret_store = store;
        return true;
    }
    mu_store_free(store);
    return false;
}

static int read_store(OSSL_LIB_CTX *libctx, struct source *source, bool for_identity, struct mu_strlist *warnings,
                      mu_store **ret_store, mu_err **err)
{
    int rc = -1;
    mu_secret password = {0};
    mu_err *first = NULL;

    if (mu_store_bytes_read(source->path, MU_STORE_MAX_BYTES, &source->bytes, err) != 0)
        goto out;
    if (!source->password && opens_without(libctx, source, for_identity, ret_store, &first)) {
        rc = 0;
    } else if (first && (source->no_questions || !mu_password_is_wanted(first))) {
        mu_err_pass(err, first);
        first = NULL;
    } else if (mu_password_resolve(source->password, source->path, &password, err) == 0) {
        rc = open_store(libctx, source, password.value, ret_store, err);
    }
out:
    mu_err_free(first);
    mu_secret_clear(&password);
    mu_store_bytes_done(&source->bytes);
    if (rc == 0)
        warn_type(warnings, source, *ret_store);
    return rc;
}

/* ---- identity ---- */

int mu_settings_identity_pem(OSSL_LIB_CTX *libctx, const mu_store_settings *s, const mu_buf *certs, const mu_buf *keys,
                             mu_identity **ret_identity, mu_err **err)
{
    int rc = -1;
    const char *key_path = s->certificate_private_key ? s->certificate_private_key : s->certificate;
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = NULL;
    mu_secret password = {0};
    mu_err *first = NULL;
    char source[MU_SHOWN_SIZE];

    if (mu_certs_parse(libctx, certs->data, certs->len, &chain, err) != 0)
        goto out;
    if (s->key_password || mu_key_parse(libctx, keys->data, keys->len, NULL, &key, &first) != 0) {
        if (!s->key_password && (s->no_questions || !mu_password_is_wanted(first))) {
            rc = mu_err_pass(err, first);
            first = NULL;
            goto out;
        }
        if (mu_password_resolve(s->key_password, key_path, &password, err) != 0 ||
            mu_key_parse(libctx, keys->data, keys->len, password.value, &key, err) != 0)
            goto out;
    }
    rc = mu_identity_new(key, chain, mu_escape_to(source, s->certificate), ret_identity, err);
out:
    mu_err_free(first);
    mu_secret_clear(&password);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    return rc;
}

static int identity_from_pem(OSSL_LIB_CTX *libctx, const mu_store_settings *s, mu_identity **ret_identity, mu_err **err)
{
    mu_buf certs, keys;
    int rc = -1;
    mu_buf_init_secret(&certs, PEM_MAX_BYTES);
    mu_buf_init_secret(&keys, PEM_MAX_BYTES);
    if (mu_file_read(s->certificate, PEM_MAX_BYTES, &certs, NULL, err) == 0 &&
        (!s->certificate_private_key || mu_file_read(s->certificate_private_key, PEM_MAX_BYTES, &keys, NULL, err) == 0))
        rc = mu_settings_identity_pem(libctx, s, &certs, s->certificate_private_key ? &keys : &certs, ret_identity, err);
    mu_buf_free(&certs);
    mu_buf_free(&keys);
    return rc;
}

/* The other store holds the key: the two were exchanged. */
static bool has_key(OSSL_LIB_CTX *libctx, const mu_store_settings *s)
{
    struct source source = {s->trust_store, s->trust_store_password, s->trust_store_type, s->no_questions, {0}};
    mu_store *store = NULL;
    bool found = false;
    if (!s->trust_store || read_store(libctx, &source, false, NULL, &store, NULL) != 0)
        return false;
    for (size_t i = 0; !found && i < mu_store_count(store); i++)
        found = mu_entry_get_kind(mu_store_entry(store, i)) == MU_ENTRY_KEY;
    mu_store_free(store);
    return found;
}

static int explain_no_key(OSSL_LIB_CTX *libctx, const mu_store_settings *s, mu_err *reason, mu_err **err)
{
    if (mu_err_has(reason, MU_E_KEYSTORE_NO_PRIVATE_KEY) && has_key(libctx, s)) {
        char keys[MU_SHOWN_SIZE], certs[MU_SHOWN_SIZE];
        mu_fail_by(err, MU_E_STORE_SWAPPED, MU_BY_CALLER,
                   "the private key is in \"%s\", which was named as the trust store, not in \"%s\"",
                   mu_escape_to(keys, s->trust_store), mu_escape_to(certs, s->key_store));
        mu_err_free(reason);
        return -1;
    }
    return mu_err_pass(err, reason);
}

static int identity_from_store(OSSL_LIB_CTX *libctx, const mu_store_settings *s, mu_purpose purpose, int64_t now_s,
                               struct mu_strlist *warnings, mu_identity **ret_identity, mu_err **err)
{
    int rc = -1;
    struct source source = {s->key_store, s->key_store_password, s->key_store_type, s->no_questions, {0}};
    mu_store *store = NULL;
    mu_secret key_password = {0};
    mu_err *reason = NULL;

    if (read_store(libctx, &source, true, warnings, &store, &reason) == 0 &&
        (!s->key_password || mu_password_resolve(s->key_password, s->key_store, &key_password, &reason) == 0))
        rc = mu_identity_from_store(store, s->key_alias, key_password.value, purpose, now_s, ret_identity, &reason);
    if (rc != 0)
        explain_no_key(libctx, s, reason, err);
    mu_store_free(store);
    mu_secret_clear(&key_password);
    return rc;
}

int mu_settings_identity(OSSL_LIB_CTX *libctx, const mu_store_settings *settings, mu_purpose purpose, int64_t now_s,
                         struct mu_strlist *warnings, mu_identity **ret_identity, mu_err **err)
{
    if (settings->key_store && settings->certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--key-store and --certificate both name our identity: give one of them");
    if (settings->certificate_private_key && !settings->certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--certificate-private-key needs --certificate");
    if (settings->key_store)
        return identity_from_store(libctx, settings, purpose, now_s, warnings, ret_identity, err);
    if (settings->certificate)
        return identity_from_pem(libctx, settings, ret_identity, err);
    *ret_identity = NULL;
    return 0;
}

/* ---- trust ---- */

static int add_pem(OSSL_LIB_CTX *libctx, const char *path, mu_trust *trust, mu_err **err)
{
    int rc = -1;
    STACK_OF(X509) *certs = NULL;
    mu_buf file;

    mu_buf_init(&file, PEM_MAX_BYTES);
    if (mu_file_read(path, PEM_MAX_BYTES, &file, NULL, err) == 0 && mu_certs_parse(libctx, file.data, file.len, &certs, err) == 0) {
        rc = 0;
        for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
            rc = mu_trust_add_cert(trust, sk_X509_value(certs, i), err);
    }
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&file);
    return rc;
}

static int add_store(OSSL_LIB_CTX *libctx, const mu_store_settings *s, struct mu_strlist *warnings, mu_trust *trust, mu_err **err)
{
    struct source source = {s->trust_store, s->trust_store_password, s->trust_store_type, s->no_questions, {0}};
    mu_store *store = NULL;
    int rc = read_store(libctx, &source, false, warnings, &store, err);
    if (rc == 0)
        rc = mu_trust_add_store(trust, store, err);
    mu_store_free(store);
    return rc;
}

int mu_settings_trust(OSSL_LIB_CTX *libctx, const mu_store_settings *settings, struct mu_strlist *warnings, mu_trust **ret_trust,
                      mu_err **err)
{
    const char *name = settings->trust_store ? settings->trust_store : settings->trust_certificate;
    mu_trust *trust = NULL;

    if (!name) {
        *ret_trust = NULL;
        return 0;
    }
    if (mu_trust_new(name, &trust, err) != 0)
        return -1;
    if ((settings->trust_store && add_store(libctx, settings, warnings, trust, err) != 0) ||
        (settings->trust_certificate && add_pem(libctx, settings->trust_certificate, trust, err) != 0)) {
        mu_trust_free(trust);
        return -1;
    }
    *ret_trust = trust;
    return 0;
}

int mu_settings_crls(OSSL_LIB_CTX *libctx, const struct mu_strlist *paths, mu_trust *trust, mu_err **err)
{
    int rc = 0;
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    if (!crls)
        return mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < paths->count; i++)
        rc = mu_crl_files_read(libctx, paths->items[i], crls, err);
    for (int i = 0; rc == 0 && i < sk_X509_CRL_num(crls); i++)
        rc = mu_trust_add_crl(trust, sk_X509_CRL_value(crls, i), err);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return rc;
}

static void free_secret(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void mu_store_settings_free(mu_store_settings *s)
{
    free(s->key_store);
    free_secret(s->key_store_password);
    free(s->key_store_type);
    free(s->key_alias);
    free_secret(s->key_password);
    free(s->certificate);
    free(s->certificate_private_key);
    free(s->trust_store);
    free_secret(s->trust_store_password);
    free(s->trust_store_type);
    free(s->trust_certificate);
    *s = (mu_store_settings){0};
}

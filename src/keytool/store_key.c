/* The keys in the store: which password opens them. */
#include "keytool/kt.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mu_kt_key_clear(mu_kt_key *key)
{
    EVP_PKEY_free(key->key);
    free(key->algorithm);
    OPENSSL_clear_free(key->secret, key->secret_len);
    mu_kt_wipe(key->password);
    *key = (mu_kt_key){0};
}

/* @return 0, 1: the password does not fit, -1 */
static int try_key(mu_kt *kt, mu_entry *entry, const char *password, mu_kt_key *ret)
{
    int rc = mu_entry_get_kind(entry) == MU_ENTRY_SECRET
                 ? mu_entry_get1_secret(entry, password, &ret->algorithm, &ret->secret, &ret->secret_len, &kt->err)
                 : mu_entry_get1_key(entry, password, &ret->key, &kt->err);

    if (rc == 0 && password && !(ret->password = mu_strdup(password)))
        return mu_fail_nomem(&kt->err);
    if (rc == 0)
        return 0;
    return mu_err_has(kt->err, MU_E_KEY_PASSWORD_DIFFERS) ? 1 : mu_kt_throw_err(kt, "java.security.UnrecoverableKeyException");
}

static int throw_wrong_key_password(mu_kt *kt)
{
    static const char padding[] =
        "Given final block not properly padded. Such issues can arise if a bad key is used during decryption.";
    mu_store_type type = mu_store_get_type(kt->store);
    return mu_kt_throw(kt, MU_E_KEY_PASSWORD_DIFFERS, "java.security.UnrecoverableKeyException", "%s%s",
                       type == MU_STORE_PKCS12 ? "Get Key failed: " : "", type == MU_STORE_JKS ? "Cannot recover key" : padding);
}

/* As the JDK: an empty answer is asked for again, a wrong one ends it. */
static int ask_for_key(mu_kt *kt, mu_entry *entry, const char *alias, mu_kt_key *ret_key)
{
    char *prompt = mu_asprintf("Enter key password for <%s>", alias), *password = NULL;
    int rc = prompt ? 0 : mu_fail_nomem(&kt->err);

    for (int i = 0; i < MU_KT_TRIES && rc == 0 && !password; i++)
        password = mu_kt_ask_password(prompt);
    if (rc == 0 && !password)
        rc = mu_kt_throw(kt, MU_E_KEY_PASSWORD_DIFFERS, MU_KT_EXCEPTION, "Too many failures - try later");
    else if (rc == 0 && (rc = try_key(kt, entry, password, ret_key)) == 1)
        rc = throw_wrong_key_password(kt);
    mu_kt_wipe(password);
    free(prompt);
    return rc;
}

mu_entry *mu_kt_store_entry(mu_kt *kt, const char *alias)
{
    mu_entry *entry = mu_store_find(kt->store, alias);
    if (!entry)
        mu_kt_throw(kt, MU_E_SERVER_ALIAS_NOT_FOUND, MU_KT_EXCEPTION, "Alias <%s> does not exist", alias);
    return entry;
}

X509 *mu_kt_entry_cert(const mu_entry *entry)
{
    return mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? NULL : sk_X509_value(mu_entry_get0_chain(entry), 0);
}

/* @param ask whether the key's own password may be asked for */
static int open_key(mu_kt *kt, mu_entry *entry, const char *alias, const char *password, bool ask, mu_kt_key *ret_key)
{
    int rc = try_key(kt, entry, password ? password : mu_kt_get(kt, MU_KT_STORE_PASS), ret_key);
    if (rc != 1)
        return rc;
    if (password || !ask)
        return throw_wrong_key_password(kt);
    mu_err_free(kt->err);
    kt->err = NULL;
    return ask_for_key(kt, entry, alias, ret_key);
}

int mu_kt_store_key(mu_kt *kt, const char *alias, const char *password, EVP_PKEY **ret_key)
{
    mu_entry *entry = mu_kt_store_entry(kt, alias);
    mu_kt_key key = {0};
    int rc;

    if (!entry)
        return -1;
    if (mu_entry_get_kind(entry) != MU_ENTRY_KEY)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no key", alias);
    rc = open_key(kt, entry, alias, password, true, &key);
    *ret_key = key.key;
    key.key = NULL;
    mu_kt_key_clear(&key);
    return rc;
}

/* A PKCS12 store that was opened with a password has no other one in the JDK's eyes. */
int mu_kt_store_recover(mu_kt *kt, mu_entry *entry, const char *alias, const char *password, mu_kt_key *ret_key)
{
    bool ask = strcasecmp(kt->shown_type, "PKCS12") != 0 || !mu_kt_is_set(kt, MU_KT_STORE_PASS);
    return mu_entry_get_kind(entry) == MU_ENTRY_TRUSTED ? 0 : open_key(kt, entry, alias, password, ask, ret_key);
}

int mu_kt_store_unlock(mu_kt *kt, mu_entry *entry, const char *alias)
{
    mu_kt_key key = {0};
    int rc = mu_kt_store_recover(kt, entry, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key);

    mu_kt_key_clear(&key);
    return rc;
}

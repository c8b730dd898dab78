/* A second entry with the same key and chain: an old command that the JDK no longer lists. */
#include "keytool/commands.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

/* -new, or what is answered; the password of the old one on RETURN. PKCS12 has none of its own. *ret: wipe with mu_kt_wipe. */
static int choose_password(mu_kt *kt, const char *alias, const char *dest, const char *old, char **ret)
{
    const char *given = mu_kt_get(kt, MU_KT_NEW_PASS);
    char *hint = NULL;
    int rc = 0;

    *ret = NULL;
    if (strcasecmp(kt->shown_type, "PKCS12") == 0)
        return 0;
    if (!given) {
        hint = mu_asprintf("(RETURN if same as for <%s>)", alias);
        rc = hint ? mu_kt_ask_key_password(kt, dest, hint, "Too many failures. Key entry not cloned", ret) : mu_fail_nomem(&kt->err);
        free(hint);
    }
    if (rc == 0 && !*ret && (given || old))
        *ret = mu_strdup(given ? given : old);
    return rc;
}

static int add_clone(mu_kt *kt, const char *alias, const char *dest, mu_kt_key *key)
{
    STACK_OF(X509) *chain = mu_entry_get0_chain(mu_store_find(kt->store, alias));
    char *password;
    int rc = choose_password(kt, alias, dest, key->password, &password);

    if (rc == 0 && (mu_store_set_key(kt->store, dest, key->key, chain, kt->now_ms, &kt->err) != 0 ||
                    (password && mu_entry_set_password(mu_store_find(kt->store, dest), NULL, password, &kt->err) != 0)))
        rc = mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    mu_kt_wipe(password);
    return rc == 0 ? mu_kt_store_save(kt, "") : -1;
}

static int clone_key(mu_kt *kt, const char *alias, const char *dest)
{
    mu_entry *entry = mu_kt_store_entry(kt, alias);
    mu_kt_key key = {0};
    int rc;

    if (!entry)
        return -1;
    if (mu_entry_get_kind(entry) != MU_ENTRY_KEY)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION,
                           "Alias <%s> references an entry type that is not a private key entry.  "
                           "The -keyclone command only supports cloning of private key entries", alias);
    if (mu_kt_need_alias(kt, dest, "destination alias") != 0)
        return -1;
    if (mu_store_find(kt->store, dest))
        return mu_kt_throw(kt, MU_E_DUPLICATE_ALIAS, MU_KT_EXCEPTION, "Destination alias <%s> already exists", dest);
    rc = mu_kt_store_recover(kt, entry, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key);
    if (rc == 0)
        rc = add_clone(kt, alias, dest, &key);
    mu_kt_key_clear(&key);
    return rc;
}

int mu_kt_keyclone(mu_kt *kt)
{
    return mu_kt_store_open(kt) == 0 ? clone_key(kt, mu_kt_alias(kt), mu_kt_get(kt, MU_KT_DEST_ALIAS)) : -1;
}

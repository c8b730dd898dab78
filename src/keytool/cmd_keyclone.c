/* A second entry with the same key and chain: an old command that the JDK no longer lists. */
#include "keytool/commands.h"

#include <openssl/evp.h>

static int clone_key(mu_kt *kt, const char *alias, const char *dest)
{
    mu_entry *entry = mu_kt_store_entry(kt, alias);
    EVP_PKEY *key = NULL;
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
    if (mu_kt_store_key(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key) != 0)
        return -1;
    rc = mu_store_set_key(kt->store, dest, key, mu_entry_get0_chain(entry), kt->now_ms, &kt->err) == 0
             ? mu_kt_store_save(kt, "")
             : mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    EVP_PKEY_free(key);
    return rc;
}

int mu_kt_keyclone(mu_kt *kt)
{
    return mu_kt_store_open(kt) == 0 ? clone_key(kt, mu_kt_alias(kt), mu_kt_get(kt, MU_KT_DEST_ALIAS)) : -1;
}

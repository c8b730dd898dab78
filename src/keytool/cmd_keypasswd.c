#include "keytool/commands.h"

#include <stdlib.h>
#include <strings.h>

/* A private key is set anew, and so gets today's date, as in the JDK. */
static int open_key(mu_kt *kt, const char *alias, mu_entry **entry)
{
    EVP_PKEY *key = NULL;
    STACK_OF(X509) *chain;
    int rc;

    if (mu_entry_get_kind(*entry) == MU_ENTRY_SECRET)
        return 0;
    if (mu_kt_store_key(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key) != 0)
        return -1;
    chain = X509_chain_up_ref(mu_entry_get0_chain(*entry));
    rc = chain ? mu_store_set_key(kt->store, alias, key, chain, kt->now_ms, &kt->err) : mu_fail_nomem(&kt->err);
    *entry = mu_store_find(kt->store, alias);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    return rc;
}

int mu_kt_keypasswd(mu_kt *kt)
{
    const char *alias = mu_kt_alias(kt), *fresh = mu_kt_get(kt, MU_KT_NEW_PASS), *old = mu_kt_get(kt, MU_KT_KEY_PASS);
    char *asked = NULL, *what;
    mu_entry *entry;
    int rc = mu_kt_store_open(kt);

    if (rc == 0 && strcasecmp(kt->shown_type, "PKCS12") == 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_UNSUPPORTED, "-keypasswd commands not supported if -storetype is PKCS12");
    if (rc != 0 || !(entry = mu_kt_store_entry(kt, alias)) || open_key(kt, alias, &entry) != 0)
        return -1;
    what = mu_asprintf("key password for <%s>", alias);
    if (!fresh && (rc = what ? mu_kt_ask_new_password(kt, what, old ? old : mu_kt_get(kt, MU_KT_STORE_PASS), &asked) : -1) == 0)
        fresh = asked;
    if (rc == 0 && mu_entry_set_password(entry, old, fresh, &kt->err) != 0)
        rc = mu_kt_throw_err(kt, "java.security.UnrecoverableKeyException");
    if (rc == 0)
        rc = mu_kt_store_save(kt, "");
    mu_kt_wipe(asked);
    free(what);
    return rc;
}

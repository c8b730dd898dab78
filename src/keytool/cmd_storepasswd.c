#include "keytool/commands.h"

#include <strings.h>

/* A JKS or JCEKS that is to be taken for a PKCS12 has one password; in a real one the keys follow by themselves. */
static int change_keys(mu_kt *kt, const char *old, const char *password)
{
    bool one_password = strcasecmp(kt->shown_type, "PKCS12") == 0 && mu_store_get_type(kt->store) != MU_STORE_PKCS12;

    for (size_t i = 0; one_password && i < mu_store_count(kt->store); i++) {
        mu_entry *entry = mu_store_entry(kt->store, i);
        if (mu_entry_get_kind(entry) != MU_ENTRY_TRUSTED && mu_entry_set_password(entry, old, password, &kt->err) != 0)
            return mu_kt_throw(kt, MU_E_KEY_PASSWORD_DIFFERS, "java.security.UnrecoverableKeyException", "Cannot recover key");
    }
    return 0;
}

int mu_kt_storepasswd(mu_kt *kt)
{
    char *asked = NULL;
    int rc = mu_kt_store_open(kt);

    if (rc == 0 && !mu_kt_is_set(kt, MU_KT_NEW_PASS))
        rc = mu_kt_ask_new_password(kt, "keystore password", mu_kt_get(kt, MU_KT_STORE_PASS), &asked);
    if (rc != 0)
        return -1;
    rc = change_keys(kt, mu_kt_get(kt, MU_KT_STORE_PASS), asked ? asked : mu_kt_get(kt, MU_KT_NEW_PASS));
    /* Written under another password than it was read with, a PKCS12 has all keys encrypted anew. */
    mu_kt_wipe(kt->value[MU_KT_STORE_PASS]);
    kt->value[MU_KT_STORE_PASS] = asked ? asked : kt->value[MU_KT_NEW_PASS];
    if (!asked)
        kt->value[MU_KT_NEW_PASS] = NULL;
    return rc == 0 ? mu_kt_store_save(kt, "") : -1;
}

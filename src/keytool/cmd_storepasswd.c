#include "keytool/commands.h"

int mu_kt_storepasswd(mu_kt *kt)
{
    char *asked = NULL;
    int rc = mu_kt_store_open(kt);

    if (rc == 0 && !mu_kt_is_set(kt, MU_KT_NEW_PASS))
        rc = mu_kt_ask_new_password(kt, "keystore password", mu_kt_get(kt, MU_KT_STORE_PASS), &asked);
    if (rc != 0)
        return -1;
    /* Written under another password than it was read with, the store has all keys encrypted anew. */
    mu_kt_wipe(kt->value[MU_KT_STORE_PASS]);
    kt->value[MU_KT_STORE_PASS] = asked ? asked : kt->value[MU_KT_NEW_PASS];
    if (!asked)
        kt->value[MU_KT_NEW_PASS] = NULL;
    return mu_kt_store_save(kt, "");
}

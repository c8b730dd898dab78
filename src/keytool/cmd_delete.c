#include "keytool/commands.h"

int mu_kt_delete(mu_kt *kt)
{
    const char *alias;

    if (mu_kt_store_open(kt) != 0)
        return -1;
    alias = mu_kt_get(kt, MU_KT_ALIAS);
    if (mu_kt_need_alias(kt, alias, "alias") != 0 || !mu_kt_store_entry(kt, alias))
        return -1;
    if (mu_store_delete(kt->store, alias, &kt->err) != 0)
        return mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return mu_kt_store_save(kt, "");
}

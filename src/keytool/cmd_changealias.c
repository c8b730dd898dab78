#include "keytool/commands.h"

int mu_kt_changealias(mu_kt *kt)
{
    const char *alias = mu_kt_alias(kt), *dest;
    mu_entry *entry;

    if (mu_kt_store_open(kt) != 0)
        return -1;
    dest = mu_kt_get(kt, MU_KT_DEST_ALIAS);
    if (mu_kt_need_alias(kt, dest, "destination alias") != 0)
        return -1;
    if (mu_store_find(kt->store, dest))
        return mu_kt_throw(kt, MU_E_DUPLICATE_ALIAS, MU_KT_EXCEPTION, "Destination alias <%s> already exists", dest);
    if (!(entry = mu_kt_store_entry(kt, alias)) || mu_kt_store_unlock(kt, entry, alias) != 0)
        return -1;
    if (mu_entry_rename(entry, dest, kt->now_ms, &kt->err) != 0)
        return mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return mu_kt_store_save(kt, "");
}

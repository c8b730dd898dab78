/* A key's own password, in the stores that have such: all but PKCS12. */
#include "keytool/kt.h"

#include <string.h>
#include <strings.h>

/* @return false: try again. *ret NULL: as the store's */
static bool ask_once(const char *alias, const char *hint, char **ret)
{
    char *password, *again;
    fputs("Enter key password for <", stderr);
    mu_kt_show(stderr, alias);
    fputs(hint ? ">\n\t" : ">", stderr);
    password = mu_kt_ask_password(hint ? hint : "");
    bool good = password ? strlen(password) >= MU_KT_MIN_PASSWORD : hint != NULL;

    if (!good)
        fprintf(stderr, "Key password is too short - must be at least %d characters\n", MU_KT_MIN_PASSWORD);
    if (password && good) {
        again = mu_kt_ask_password("Re-enter new password: ");
        good = again && strcmp(password, again) == 0;
        if (!good)
            fputs("They don't match. Try again\n", stderr);
        mu_kt_wipe(again);
    }
    if (good)
        *ret = password;
    else
        mu_kt_wipe(password);
    return good;
}

int mu_kt_ask_key_password(mu_kt *kt, const char *alias, const char *hint, const char *failure, char **ret)
{
    bool good = false;

    *ret = NULL;
    for (int i = 0; i < MU_KT_TRIES && !good; i++)
        good = ask_once(alias, hint, ret);
    return good ? 0 : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "%s", failure);
}

/* In a PKCS12 only where there is no password of the store. */
static bool has_own_password(const mu_kt *kt)
{
    return strcasecmp(kt->shown_type, "PKCS12") != 0 || !mu_kt_is_set(kt, MU_KT_STORE_PASS);
}

int mu_kt_choose_key_password(mu_kt *kt, const char *alias)
{
    const char *store = mu_kt_get(kt, MU_KT_STORE_PASS);
    char *asked;

    if (!has_own_password(kt) || mu_kt_is_set(kt, MU_KT_KEY_PASS))
        return 0;
    if (mu_kt_ask_key_password(kt, alias, strcasecmp(kt->shown_type, "PKCS12") == 0 ? NULL : "(RETURN if same as keystore password):  ",
                               "Too many failures - key not added to keystore", &asked) != 0)
        return -1;
    kt->value[MU_KT_KEY_PASS] = asked || !store ? asked : mu_strdup(store);
    return 0;
}

int mu_kt_protect_key(mu_kt *kt, const char *alias)
{
    const char *password;

    if (!has_own_password(kt))
        return 0;
    if (mu_kt_choose_key_password(kt, alias) != 0)
        return -1;
    password = mu_kt_get(kt, MU_KT_KEY_PASS);
    return password ? mu_entry_set_password(mu_store_find(kt->store, alias), NULL, password, &kt->err) : 0;
}

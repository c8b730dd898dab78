/* What the JDK looks at before it opens any file, in its order. */
#include "keytool/number.h"

#include <string.h>
#include <strings.h>

#define MAX_DAYS 3650000

static bool is_command(const mu_kt *kt, const char *name)
{
    return strcmp(kt->command->name, name) == 0;
}

/* A PKCS #11 token is no file, and has no passwords of keys. */
static int check_token(mu_kt *kt)
{
    const char *type = mu_kt_get(kt, MU_KT_STORE_TYPE), *file = mu_kt_get(kt, MU_KT_KEY_STORE);

    if (!type || strcasecmp(type, "PKCS11") != 0)
        return 0;
    if (file && strcmp(file, "NONE") != 0) {
        fputs("-keystore must be NONE if -storetype is PKCS11\n", stderr);
        return mu_kt_usage(kt, "%s", "");
    }
    if (is_command(kt, "keypasswd") || is_command(kt, "storepasswd"))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_UNSUPPORTED,
                           "-storepasswd and -keypasswd commands not supported if -storetype is PKCS11");
    if (mu_kt_is_set(kt, MU_KT_KEY_PASS) || mu_kt_is_set(kt, MU_KT_NEW_PASS) || mu_kt_is_set(kt, MU_KT_DEST_KEY_PASS))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "-keypass and -new can not be specified if -storetype is PKCS11");
    return 0;
}

static int check_protected(mu_kt *kt)
{
    if (mu_kt_is_set(kt, MU_KT_PROTECTED) && (mu_kt_is_set(kt, MU_KT_STORE_PASS) || mu_kt_is_set(kt, MU_KT_KEY_PASS) ||
                                              mu_kt_is_set(kt, MU_KT_NEW_PASS) || mu_kt_is_set(kt, MU_KT_DEST_KEY_PASS)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "if -protected is specified, then -storepass, -keypass, and -new must not be specified");
    if (mu_kt_is_set(kt, MU_KT_SRC_PROTECTED) && (mu_kt_is_set(kt, MU_KT_SRC_STORE_PASS) || mu_kt_is_set(kt, MU_KT_SRC_KEY_PASS)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "if -srcprotected is specified, then -srcstorepass and -srckeypass must not be specified");
    return 0;
}

static int check_days(mu_kt *kt)
{
    const char *text = mu_kt_get(kt, MU_KT_VALIDITY);

    kt->days = 90;
    if (text && mu_kt_parse_long(kt, text, &kt->days) != 0)
        return -1;
    if (kt->days <= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Validity must be greater than zero");
    if (kt->days > MAX_DAYS)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "a certificate cannot be valid for %ld days", kt->days);
    return 0;
}

static int check_length(mu_kt *kt, mu_kt_slot slot, const char *what)
{
    const char *password = mu_kt_get(kt, slot);
    if (!password || strlen(password) >= MU_KT_MIN_PASSWORD)
        return 0;
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "%s password must be at least %d characters", what, MU_KT_MIN_PASSWORD);
}

int mu_kt_check(mu_kt *kt)
{
    if (mu_kt_is_set(kt, MU_KT_CA_CERTS) && (mu_kt_is_set(kt, MU_KT_KEY_STORE) || mu_kt_is_set(kt, MU_KT_STORE_TYPE)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "The -keystore or -storetype option cannot be used with the -cacerts option");
    if (check_token(kt) != 0 || check_protected(kt) != 0 || check_days(kt) != 0 || mu_kt_providers_check(kt) != 0)
        return -1;
    if (is_command(kt, "list") && mu_kt_is_set(kt, MU_KT_VERBOSE) && mu_kt_is_set(kt, MU_KT_RFC))
        return mu_kt_usage(kt, "Must not specify both -v and -rfc with 'list' command");
    if (is_command(kt, "genkeypair") && check_length(kt, MU_KT_KEY_PASS, "Key") != 0)
        return -1;
    if (check_length(kt, MU_KT_NEW_PASS, "New") != 0)
        return -1;
    return check_length(kt, MU_KT_DEST_KEY_PASS, "New");
}

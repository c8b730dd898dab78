/* Opening the key store: what keytool does before every command. */
#include "keytool/kt.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mu_kt_alias(const mu_kt *kt)
{
    const char *alias = mu_kt_get(kt, MU_KT_ALIAS);
    return alias ? alias : "mykey";
}

/* Java asks the password database for the home directory, not the environment. */
static char *default_file(void)
{
    const struct passwd *user = getpwuid(getuid());
    return mu_asprintf("%s/.keystore", user && user->pw_dir ? user->pw_dir : "");
}

int mu_kt_store_name(mu_kt *kt)
{
    const char *given = mu_kt_get(kt, MU_KT_KEY_STORE);

    if (kt->store_file)
        return 0;
    if (mu_kt_is_set(kt, MU_KT_CA_CERTS)) {
        kt->store_file = mu_kt_cacerts_path();
        if (!kt->store_file) {
            mu_fail(&kt->err, MU_E_STORE_NOT_FOUND, "no JDK was found, so there is no cacerts file");
            mu_err_hint(&kt->err, "Set JAVA_HOME, or name the file with -keystore.");
            return mu_kt_throw(kt, MU_E_STORE_NOT_FOUND, MU_KT_EXCEPTION, "Keystore file does not exist: cacerts");
        }
        return 0;
    }
    if (given && strcmp(kt->command->name, "importkeystore") != 0 && mu_kt_is_cacerts(given))
        fputs("Warning: use -cacerts option to access cacerts keystore\n", stderr);
    kt->store_file = given ? mu_strdup(given) : default_file();
    return kt->store_file ? 0 : mu_fail_nomem(&kt->err);
}

int mu_kt_store_parse_type(mu_kt *kt, mu_store_type *ret_type)
{
    const char *type = mu_kt_get(kt, MU_KT_STORE_TYPE);

    *ret_type = MU_STORE_AUTO;
    if (!type)
        return 0;
    kt->shown_type = mu_strdup(type);
    for (char *p = kt->shown_type; p && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    if (!kt->shown_type)
        return mu_fail_nomem(&kt->err);
    /* PEM is a type of ours; here the JDK's word counts. */
    if (strcasecmp(type, "PEM") == 0 || mu_store_type_parse(type, ret_type, &kt->err) != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_STORE_FAULT, "%s not found", kt->shown_type);
    return 0;
}

/* @param ret_exists false: to be made */
static int look_at_file(mu_kt *kt, bool *ret_exists)
{
    struct stat st;
    bool found = stat(kt->store_file, &st) == 0 && !S_ISDIR(st.st_mode);

    if (found && st.st_size == 0 && S_ISREG(st.st_mode))
        return mu_kt_throw(kt, MU_E_STORE_DAMAGED, MU_KT_EXCEPTION, "Keystore file exists, but is empty: %s", kt->store_file);
    if (!found && kt->command->store != MU_KT_CREATES && kt->command->store != MU_KT_MAY_READ)
        return mu_kt_throw(kt, MU_E_STORE_NOT_FOUND, MU_KT_EXCEPTION, "Keystore file does not exist: %s", kt->store_file);
    *ret_exists = found;
    return 0;
}

/* What these commands cannot do without. */
static int ask_for_aliases(mu_kt *kt)
{
    const char *name = kt->command->name;
    if (strcmp(name, "delete") == 0)
        return mu_kt_ask_alias(kt, MU_KT_ALIAS, "alias");
    return strcmp(name, "changealias") == 0 || strcmp(name, "keyclone") == 0
               ? mu_kt_ask_alias(kt, MU_KT_DEST_ALIAS, "destination alias")
               : 0;
}

/* What only the MAC protects says less about a wrong password than what is encrypted with it. */
static bool has_encrypted_parts(mu_kt *kt)
{
    mu_store *store = NULL;
    bool encrypted = mu_store_open(kt->libctx, kt->store_file, NULL, &store, NULL) == 0 && mu_store_has_skipped(store);
    mu_store_free(store);
    return encrypted;
}

static int throw_wrong_password(mu_kt *kt, mu_store_type real)
{
    const char *words = real != MU_STORE_PKCS12      ? "Keystore was tampered with, or password was incorrect"
                        : has_encrypted_parts(kt) ? "keystore password was incorrect"
                                                  : "Integrity check failed: java.security.UnrecoverableKeyException: "
                                                    "Failed PKCS12 integrity checking";
    return mu_kt_throw(kt, MU_E_STORE_WRONG_PASSWORD, MU_KT_IO, "%s", words);
}

/* A library error in the words of the JDK; our own stay in kt->err. */
static int throw_open(mu_kt *kt)
{
    mu_code code = mu_err_root(kt->err)->code;
    mu_store_type real = mu_kt_real_type(kt->store_file);
    const char *type = mu_kt_get(kt, MU_KT_STORE_TYPE);

    switch (code) {
    case MU_E_STORE_WRONG_PASSWORD:
        return throw_wrong_password(kt, real);
    case MU_E_STORE_WRONG_TYPE:
    case MU_E_PEM_GARBAGE:
        if (!type)
            return mu_kt_throw(kt, code, MU_KT_STORE_FAULT, "Unrecognized keystore format. Please load it with a specified type");
        if (strcasecmp(type, "JKS") == 0 || strcasecmp(type, "JCEKS") == 0)
            return mu_kt_throw(kt, code, MU_KT_IO, "Invalid keystore format");
        return mu_kt_throw(kt, code, "java.io.EOFException", NULL);
    case MU_E_STORE_DAMAGED:
        return mu_kt_throw(kt, code, "java.io.EOFException", NULL);
    case MU_E_STORE_NOT_FOUND:
    case MU_E_FILE_PERMISSION:
        return mu_kt_throw_file(kt, kt->store_file);
    default:
        return mu_kt_throw_err(kt, code == MU_E_ALGORITHM_UNAVAILABLE ? MU_KT_STORE_FAULT : MU_KT_IO);
    }
}

int mu_kt_store_read(mu_kt *kt, mu_store_type type, const char *password, mu_store **ret_store)
{
    mu_store_options options = {.type = type, .password = password};
    mu_store *store = NULL;

    if (mu_store_open(kt->libctx, kt->store_file, &options, &store, &kt->err) != 0)
        return throw_open(kt);
    if (mu_store_get_type(store) == MU_STORE_PEM) { /* for mutual that is a store, for a JVM it is not */
        mu_store_free(store);
        mu_fail(&kt->err, MU_E_STORE_WRONG_TYPE, "\"%s\" is PEM, not a key store that a JVM reads", kt->store_file);
        return throw_open(kt);
    }
    /* PKCS12 and JKS are "dual format", JCEKS is not; JKS it reads as its own */
    bool jceks = mu_store_get_type(store) == MU_STORE_JCEKS;
    if (type != MU_STORE_AUTO && jceks != (type == MU_STORE_JCEKS)) {
        mu_store_free(store);
        return mu_kt_throw(kt, MU_E_STORE_WRONG_TYPE, MU_KT_IO,
                           type == MU_STORE_PKCS12 ? "DerInputStream.getLength(): lengthTag=78, too big." : "Invalid keystore format");
    }
    *ret_store = store;
    return 0;
}

bool mu_kt_is_passwordless(const mu_store *store)
{
    return mu_store_get_type(store) == MU_STORE_PKCS12 && mu_str_has_prefix(mu_store_protection(store), "no MAC") &&
           !mu_store_has_skipped(store);
}

static void keep_password(mu_kt *kt, char *password)
{
    mu_kt_wipe(kt->value[MU_KT_STORE_PASS]);
    kt->value[MU_KT_STORE_PASS] = password;
}

void mu_kt_show_unverified(const char *in, const char *which)
{
    static const char *const stars = "*****************  WARNING WARNING WARNING  *****************\n";
    fprintf(stderr, "\n%s* The integrity of the information stored in %-15s*\n"
                    "* has NOT been verified!  In order to verify its integrity, *\n"
                    "* you must provide %-41s*\n%s\n", stars, in, which, stars);
}

/* A new store's password is asked for twice. @return false: try again */
static bool ask_once(mu_kt *kt, bool is_new)
{
    bool of_import = strcmp(kt->command->name, "importkeystore") == 0;
    char *again = NULL, *password =
        mu_kt_ask_password(of_import ? "Enter destination keystore password:  " : "Enter keystore password:  ");
    bool good = password && strlen(password) >= MU_KT_MIN_PASSWORD;

    if (!good)
        fprintf(stderr, "Keystore password is too short - must be at least %d characters\n", MU_KT_MIN_PASSWORD);
    if (good && is_new) {
        again = mu_kt_ask_password("Re-enter new password: ");
        good = again && strcmp(password, again) == 0;
        if (!good)
            fputs("They don't match. Try again\n", stderr);
    }
    if (good)
        keep_password(kt, password);
    else
        mu_kt_wipe(password);
    mu_kt_wipe(again);
    return good;
}

/* Three tries; then the JDK gives up without an error status. */
static int ask_to_change(mu_kt *kt, bool is_new)
{
    for (int i = 0; i < MU_KT_TRIES; i++)
        if (ask_once(kt, is_new))
            return 0;
    fputs("Too many failures - try later\n", stderr);
    return mu_kt_stop(kt, 0);
}

/* A command that only reads goes on without a password; one that only shows certificates says what that means. */
static int ask_to_read(mu_kt *kt)
{
    char *password = mu_kt_ask_password("Enter keystore password:  ");
    if (!password && (strcmp(kt->command->name, "list") == 0 || strcmp(kt->command->name, "exportcert") == 0))
        mu_kt_show_unverified("your keystore", "your keystore password.");
    keep_password(kt, password);
    return 0;
}

/* -keypasswd is refused for PKCS12, and the JDK does not ask for a password first. */
static bool is_refused(const mu_kt *kt, const mu_store *store)
{
    const char *type = kt->shown_type ? kt->shown_type : mu_store_type_name(mu_store_get_type(store));
    return strcmp(kt->command->name, "keypasswd") == 0 && strcasecmp(type, "PKCS12") == 0;
}

static int open_existing(mu_kt *kt, mu_store_type type)
{
    mu_store *blind = NULL;

    if (mu_kt_is_set(kt, MU_KT_STORE_PASS) || mu_kt_is_set(kt, MU_KT_PROTECTED))
        return mu_kt_store_read(kt, type, mu_kt_get(kt, MU_KT_STORE_PASS), &kt->store);
    if (mu_kt_store_read(kt, type, NULL, &blind) != 0)
        return -1;
    if (mu_kt_is_passwordless(blind) || kt->command->store == MU_KT_MAY_READ || is_refused(kt, blind)) {
        kt->store = blind;
        return 0;
    }
    mu_store_free(blind);
    if ((kt->command->store == MU_KT_READS ? ask_to_read(kt) : ask_to_change(kt, false)) != 0)
        return -1;
    return mu_kt_store_read(kt, type, mu_kt_get(kt, MU_KT_STORE_PASS), &kt->store);
}

static int open_new(mu_kt *kt, mu_store_type type)
{
    const char *password = mu_kt_get(kt, MU_KT_STORE_PASS);

    if (mu_store_new(kt->libctx, type == MU_STORE_AUTO ? MU_STORE_PKCS12 : type, &kt->store, &kt->err) != 0)
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, "%s not found", mu_kt_get(kt, MU_KT_STORE_TYPE));
    if (!password && mu_store_get_type(kt->store) == MU_STORE_PKCS12 && mu_kt_wants_no_password(kt))
        return 0;
    if (!password)
        return kt->command->store == MU_KT_MAY_READ || mu_kt_is_set(kt, MU_KT_PROTECTED) ? 0 : ask_to_change(kt, true);
    if (strlen(password) < MU_KT_MIN_PASSWORD)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Keystore password must be at least %d characters", MU_KT_MIN_PASSWORD);
    return 0;
}

void mu_kt_drop_key_password(mu_kt *kt, mu_kt_slot slot, const char *option)
{
    const char *key = mu_kt_get(kt, slot), *store = mu_kt_get(kt, MU_KT_STORE_PASS);

    if (!key || !store || strcasecmp(kt->shown_type, "PKCS12") != 0 || strcmp(key, store) == 0)
        return;
    fprintf(stderr,
            "Warning:  Different store and key passwords not supported for PKCS12 KeyStores. Ignoring user-specified %s value.\n",
            option);
    mu_kt_wipe(kt->value[slot]);
    kt->value[slot] = mu_strdup(store);
}

int mu_kt_store_open(mu_kt *kt)
{
    mu_store_type type;
    bool exists = false;

    if (mu_kt_store_name(kt) != 0 || (!kt->in_place && look_at_file(kt, &exists) != 0) || ask_for_aliases(kt) != 0 ||
        mu_kt_provider_name_check(kt) != 0 || mu_kt_store_parse_type(kt, &type) != 0)
        return -1;
    if ((exists ? open_existing(kt, type) : open_new(kt, type)) != 0)
        return -1;
    kt->store_exists = exists;
    const char *found = mu_store_type_name(mu_store_get_type(kt->store));
    if (mu_kt_is_set(kt, MU_KT_PROVIDER_NAME)) /* then the JDK does not probe, and shows its default type as configured */
        found = "pkcs12";
    if (!kt->shown_type && !(kt->shown_type = mu_strdup(found)))
        return mu_fail_nomem(&kt->err);
    mu_kt_drop_key_password(kt, MU_KT_KEY_PASS, "-keypass");
    mu_kt_drop_key_password(kt, MU_KT_DEST_KEY_PASS, "-destkeypass");
    mu_kt_cacerts_open(kt);
    return 0;
}

int mu_kt_store_save(mu_kt *kt, const char *success)
{
    mu_store_write_options options;

    if (mu_kt_protection(kt, &options) != 0)
        return -1;
    if (mu_store_save(kt->store, kt->store_file, &options, &kt->err) != 0)
        return mu_kt_protection_blame(kt, &options) != 0 ? -1 : mu_kt_throw_file(kt, kt->store_file);
    fputs(success, stderr);
    if (mu_kt_is_set(kt, MU_KT_VERBOSE)) {
        fputs("[Storing ", stderr);
        mu_kt_show(stderr, kt->store_file);
        fputs("]\n", stderr);
    }
    return 0;
}

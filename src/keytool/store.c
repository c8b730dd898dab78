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

#define MIN_PASSWORD 6
#define TRIES 3
#define MAX_DAYS 3650000

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

static int find_file(mu_kt *kt)
{
    const char *given = mu_kt_get(kt, MU_KT_KEY_STORE);

    if (mu_kt_is_set(kt, MU_KT_CA_CERTS)) {
        if (given || mu_kt_is_set(kt, MU_KT_STORE_TYPE))
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                               "The -keystore or -storetype option cannot be used with the -cacerts option");
        kt->store_file = mu_kt_cacerts_path();
        if (!kt->store_file) {
            mu_fail(&kt->err, MU_E_STORE_NOT_FOUND, "no JDK was found, so there is no cacerts file");
            mu_err_hint(&kt->err, "Set JAVA_HOME, or name the file with -keystore.");
            return mu_kt_throw(kt, MU_E_STORE_NOT_FOUND, MU_KT_EXCEPTION, "Keystore file does not exist: cacerts");
        }
        return 0;
    }
    kt->store_file = given ? mu_strdup(given) : default_file();
    return kt->store_file ? 0 : mu_fail_nomem(&kt->err);
}

/* What the options contradict, before any file is touched. */
static int check_options(mu_kt *kt)
{
    const char *type = mu_kt_get(kt, MU_KT_STORE_TYPE), *file = mu_kt_get(kt, MU_KT_KEY_STORE);
    const char *key_pass = mu_kt_get(kt, MU_KT_KEY_PASS);
    const char *unavailable;

    if (type && strcasecmp(type, "PKCS11") == 0 && file && strcmp(file, "NONE") != 0) {
        fputs("-keystore must be NONE if -storetype is PKCS11\n", stderr);
        return mu_kt_usage(kt, "%s", "");
    }
    if (mu_kt_is_set(kt, MU_KT_PROTECTED) &&
        (mu_kt_is_set(kt, MU_KT_STORE_PASS) || key_pass || mu_kt_is_set(kt, MU_KT_NEW_PASS)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "if -protected is specified, then -storepass, -keypass, and -new must not be specified");
    if ((unavailable = mu_kt_get(kt, MU_KT_ADD_PROVIDER)))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_EXCEPTION, "Provider named \"%s\" not found", unavailable);
    if ((unavailable = mu_kt_get(kt, MU_KT_PROVIDER_CLASS)))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_EXCEPTION, "Provider \"%s\" not found", unavailable);
    if (kt->command->creates && strcmp(kt->command->name, "genkeypair") == 0 && key_pass && strlen(key_pass) < MIN_PASSWORD)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Key password must be at least %d characters", MIN_PASSWORD);
    return 0;
}

/* These providers hold PKCS12 in a JDK; with another one the JDK finds no store of that type. */
static int check_provider(mu_kt *kt)
{
    static const char *const known[] = {"SunJSSE", "SunJCE",  "SunEC",   "SunRsaSign", "SunPKCS11",
                                        "SunJGSS", "SunSASL", "XMLDSig", NULL};
    const char *name = mu_kt_get(kt, MU_KT_PROVIDER_NAME), *type = mu_kt_get(kt, MU_KT_STORE_TYPE);

    if (!name || strcasecmp(name, "SUN") == 0)
        return 0;
    for (int i = 0; known[i]; i++)
        if (strcmp(known[i], name) == 0)
            return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, "%s not found", type ? type : "pkcs12");
    return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchProviderException", "no such provider: %s", name);
}

static int parse_type(mu_kt *kt, mu_store_type *ret_type)
{
    const char *type = mu_kt_get(kt, MU_KT_STORE_TYPE);

    *ret_type = MU_STORE_AUTO;
    if (!type)
        return 0;
    /* PEM is a type of ours; here the JDK's word counts. */
    if (strcasecmp(type, "PEM") == 0 || mu_store_type_parse(type, ret_type, &kt->err) != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_STORE_FAULT, "%s not found", type);
    kt->shown_type = mu_strdup(type);
    for (char *p = kt->shown_type; p && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return kt->shown_type ? 0 : mu_fail_nomem(&kt->err);
}

/* @param ret_exists false: to be made */
static int look_at_file(mu_kt *kt, bool *ret_exists)
{
    struct stat st;
    bool found = stat(kt->store_file, &st) == 0 && !S_ISDIR(st.st_mode);

    if (found && st.st_size == 0 && S_ISREG(st.st_mode))
        return mu_kt_throw(kt, MU_E_STORE_DAMAGED, MU_KT_EXCEPTION, "Keystore file exists, but is empty: %s", kt->store_file);
    if (!found && !kt->command->creates)
        return mu_kt_throw(kt, MU_E_STORE_NOT_FOUND, MU_KT_EXCEPTION, "Keystore file does not exist: %s", kt->store_file);
    *ret_exists = found;
    return 0;
}

/* A library error in the words of the JDK; our own stay in kt->err. */
static int throw_open(mu_kt *kt)
{
    mu_code code = mu_err_root(kt->err)->code;
    bool typed = mu_kt_is_set(kt, MU_KT_STORE_TYPE);

    switch (code) {
    case MU_E_STORE_WRONG_PASSWORD:
        return mu_kt_throw(kt, code, MU_KT_IO, "keystore password was incorrect");
    case MU_E_STORE_WRONG_TYPE:
    case MU_E_PEM_GARBAGE:
        if (!typed)
            return mu_kt_throw(kt, code, MU_KT_STORE_FAULT, "Unrecognized keystore format. Please load it with a specified type");
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

static int open_with(mu_kt *kt, mu_store_type type, const char *password, mu_store **ret_store)
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
    if (type == MU_STORE_JCEKS && mu_store_get_type(store) != MU_STORE_JCEKS) { /* the one type that is not "dual format" */
        mu_store_free(store);
        return mu_kt_throw(kt, MU_E_STORE_WRONG_TYPE, MU_KT_IO, "Invalid keystore format");
    }
    *ret_store = store;
    return 0;
}

/* As the JDK sees it: nothing to be checked, nothing encrypted but keys. */
static bool is_passwordless(const mu_store *store)
{
    return mu_store_get_type(store) == MU_STORE_PKCS12 && mu_str_has_prefix(mu_store_protection(store), "no MAC") &&
           !mu_store_has_skipped(store);
}

static void keep_password(mu_kt *kt, char *password)
{
    mu_kt_wipe(kt->value[MU_KT_STORE_PASS]);
    kt->value[MU_KT_STORE_PASS] = password;
}

static void show_unverified_banner(void)
{
    fputs("\n*****************  WARNING WARNING WARNING  *****************\n"
          "* The integrity of the information stored in your keystore  *\n"
          "* has NOT been verified!  In order to verify its integrity, *\n"
          "* you must provide your keystore password.                  *\n"
          "*****************  WARNING WARNING WARNING  *****************\n\n", stderr);
}

/* A new store's password is asked for twice. @return false: try again */
static bool ask_once(mu_kt *kt, bool is_new)
{
    char *password = mu_kt_ask_password("Enter keystore password:  "), *again = NULL;
    bool good = password && strlen(password) >= MIN_PASSWORD;

    if (!good)
        fprintf(stderr, "Keystore password is too short - must be at least %d characters\n", MIN_PASSWORD);
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
    for (int i = 0; i < TRIES; i++)
        if (ask_once(kt, is_new))
            return 0;
    fputs("Too many failures - try later\n", stderr);
    return mu_kt_stop(kt, 0);
}

/* A command that only reads goes on without a password. */
static int ask_to_read(mu_kt *kt)
{
    char *password = mu_kt_ask_password("Enter keystore password:  ");
    if (!password)
        show_unverified_banner();
    keep_password(kt, password);
    return 0;
}

static int open_existing(mu_kt *kt, mu_store_type type)
{
    mu_store *blind = NULL;

    if (mu_kt_is_set(kt, MU_KT_STORE_PASS) || mu_kt_is_set(kt, MU_KT_PROTECTED))
        return open_with(kt, type, mu_kt_get(kt, MU_KT_STORE_PASS), &kt->store);
    if (open_with(kt, type, NULL, &blind) != 0)
        return -1;
    if (is_passwordless(blind)) {
        kt->store = blind;
        return 0;
    }
    mu_store_free(blind);
    if ((kt->command->reads_only ? ask_to_read(kt) : ask_to_change(kt, false)) != 0)
        return -1;
    return open_with(kt, type, mu_kt_get(kt, MU_KT_STORE_PASS), &kt->store);
}

static int open_new(mu_kt *kt, mu_store_type type)
{
    const char *password = mu_kt_get(kt, MU_KT_STORE_PASS);

    if (mu_store_new(kt->libctx, type == MU_STORE_AUTO ? MU_STORE_PKCS12 : type, &kt->store, &kt->err) != 0)
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, "%s not found", mu_kt_get(kt, MU_KT_STORE_TYPE));
    if (!password)
        return ask_to_change(kt, true);
    if (strlen(password) < MIN_PASSWORD)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Keystore password must be at least %d characters", MIN_PASSWORD);
    return 0;
}

/* PKCS12 has one password; the JDK says so and goes on with the store's. */
static void drop_key_password(mu_kt *kt)
{
    const char *key = mu_kt_get(kt, MU_KT_KEY_PASS), *store = mu_kt_get(kt, MU_KT_STORE_PASS);

    if (!key || strcasecmp(kt->shown_type, "PKCS12") != 0 || (store && strcmp(key, store) == 0))
        return;
    fputs(
        "Warning:  Different store and key passwords not supported for PKCS12 KeyStores. Ignoring user-specified -keypass value.\n",
        stderr);
    mu_kt_wipe(kt->value[MU_KT_KEY_PASS]);
    kt->value[MU_KT_KEY_PASS] = NULL;
}

static int parse_days(mu_kt *kt)
{
    const char *text = mu_kt_get(kt, MU_KT_VALIDITY);

    kt->days = 90;
    if (text && !mu_str_to_long(text, INT64_MIN / 2, INT64_MAX / 2, &kt->days))
        return mu_kt_throw(kt, MU_E_USAGE, "java.lang.NumberFormatException", "For input string: \"%s\"", text);
    if (kt->days <= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Validity must be greater than zero");
    if (kt->days > MAX_DAYS)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "a certificate cannot be valid for %ld days", kt->days);
    return 0;
}

int mu_kt_store_open(mu_kt *kt)
{
    mu_store_type type;
    bool exists = false;

    if (parse_days(kt) != 0 || check_options(kt) != 0 || find_file(kt) != 0 || look_at_file(kt, &exists) != 0 ||
        check_provider(kt) != 0 || parse_type(kt, &type) != 0)
        return -1;
    if ((exists ? open_existing(kt, type) : open_new(kt, type)) != 0)
        return -1;
    kt->store_exists = exists;
    const char *found = mu_store_type_name(mu_store_get_type(kt->store));
    if (mu_kt_is_set(kt, MU_KT_PROVIDER_NAME)) /* then the JDK does not probe, and shows its default type as configured */
        found = "pkcs12";
    if (!kt->shown_type && !(kt->shown_type = mu_strdup(found)))
        return mu_fail_nomem(&kt->err);
    drop_key_password(kt);
    return 0;
}

/* -J-Dkeystore.pkcs12.macIterationCount and its sisters; what we do not write is said. */
static int write_options(mu_kt *kt, mu_store_write_options *options)
{
    static const char *const counts[] = {"keystore.pkcs12.macIterationCount", "keystore.pkcs12.certPbeIterationCount",
                                         "keystore.pkcs12.keyPbeIterationCount"};
    static const char *const others[] = {"keystore.pkcs12.legacy", "keystore.pkcs12.certProtectionAlgorithm",
                                         "keystore.pkcs12.keyProtectionAlgorithm", "keystore.PKCS12.keyProtectionAlgorithm",
                                         "keystore.pkcs12.macAlgorithm"};
    long count;

    *options = (mu_store_write_options){.password = mu_kt_get(kt, MU_KT_STORE_PASS)};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const char *value = mu_kt_property(kt, counts[i]);
        if (value && !mu_str_to_long(value, 1, 5000000, &count))
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Invalid %s property: \"%s\"", counts[i], value);
        if (value)
            options->iterations = (int)count > options->iterations ? (int)count : options->iterations;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (mu_kt_property(kt, others[i]))
            mu_kt_warn(kt, "The property %s is not supported; PBES2 with AES-256 and a SHA-256 MAC are used.", others[i]);
    return 0;
}

int mu_kt_store_save(mu_kt *kt, const char *success)
{
    mu_store_write_options options;

    if (write_options(kt, &options) != 0)
        return -1;
    if (mu_store_save(kt->store, kt->store_file, &options, &kt->err) != 0)
        return mu_kt_throw_file(kt, kt->store_file);
    fputs(success, stderr);
    if (mu_kt_is_set(kt, MU_KT_VERBOSE)) {
        fputs("[Storing ", stderr);
        mu_kt_show(stderr, kt->store_file);
        fputs("]\n", stderr);
    }
    return 0;
}

/* @return 0, 1: the password does not fit, -1 */
static int try_key(mu_kt *kt, mu_entry *entry, const char *password, EVP_PKEY **ret_key)
{
    if (mu_entry_get1_key(entry, password, ret_key, &kt->err) == 0)
        return 0;
    return mu_err_has(kt->err, MU_E_KEY_PASSWORD_DIFFERS) ? 1 : mu_kt_throw_err(kt, "java.security.UnrecoverableKeyException");
}

static int throw_wrong_key_password(mu_kt *kt)
{
    return mu_kt_throw(kt, MU_E_KEY_PASSWORD_DIFFERS, "java.security.UnrecoverableKeyException",
                       "Get Key failed: Given final block not properly padded. "
                       "Such issues can arise if a bad key is used during decryption.");
}

/* As the JDK: an empty answer is asked for again, a wrong one ends it. */
static int ask_for_key(mu_kt *kt, mu_entry *entry, const char *alias, EVP_PKEY **ret_key)
{
    char *prompt = mu_asprintf("Enter key password for <%s>", alias), *password = NULL;
    int rc = prompt ? 0 : mu_fail_nomem(&kt->err);

    for (int i = 0; i < TRIES && rc == 0 && !password; i++)
        password = mu_kt_ask_password(prompt);
    if (rc == 0 && !password)
        rc = mu_kt_throw(kt, MU_E_KEY_PASSWORD_DIFFERS, MU_KT_EXCEPTION, "Too many failures - try later");
    else if (rc == 0 && (rc = try_key(kt, entry, password, ret_key)) == 1)
        rc = throw_wrong_key_password(kt);
    mu_kt_wipe(password);
    free(prompt);
    return rc;
}

mu_entry *mu_kt_store_entry(mu_kt *kt, const char *alias)
{
    mu_entry *entry = mu_store_find(kt->store, alias);
    if (!entry)
        mu_kt_throw(kt, MU_E_SERVER_ALIAS_NOT_FOUND, MU_KT_EXCEPTION, "Alias <%s> does not exist", alias);
    return entry;
}

int mu_kt_store_key(mu_kt *kt, const char *alias, const char *password, EVP_PKEY **ret_key)
{
    mu_entry *entry = mu_kt_store_entry(kt, alias);
    int rc;

    if (!entry)
        return -1;
    if (mu_entry_get_kind(entry) != MU_ENTRY_KEY)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no key", alias);
    rc = try_key(kt, entry, password ? password : mu_kt_get(kt, MU_KT_STORE_PASS), ret_key);
    if (rc != 1)
        return rc;
    if (password)
        return throw_wrong_key_password(kt);
    mu_err_free(kt->err);
    kt->err = NULL;
    return ask_for_key(kt, entry, alias, ret_key);
}

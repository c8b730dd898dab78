/* A secret key, made or, as a password that is to be kept, read. */
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/number.h"
#include "keytool/secret_key.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define PBE "PBEWithMD5AndDES" /* what a JVM's secret key factory for "PBE" calls its keys */
#define SUBJECT "The generated secret key"
#define PROTECTION "Key protection algorithm not found: "

struct secret {
    const char *algorithm;
    uint8_t *key;
    size_t len;
};

static char *ask_twice(void)
{
    for (int i = 0; i < MU_KT_TRIES; i++) {
        char *password = mu_kt_ask_password("Enter the password to be stored:  "), *again = mu_kt_ask_password("Re-enter password: ");
        bool same = password && again && strcmp(password, again) == 0, empty = !password && !again;

        mu_kt_wipe(again);
        if (same)
            return password;
        mu_kt_wipe(password);
        fputs(empty ? "Password is empty. Try again\n" : "They don't match. Try again\n", stderr);
    }
    return NULL;
}

/* Where nobody sits at a terminal, it is one line without a question. The JDK keeps seven bits of each byte. */
static int read_password(mu_kt *kt, struct secret *secret)
{
    bool at_terminal = isatty(STDIN_FILENO);
    char *password = at_terminal ? ask_twice() : mu_kt_ask_password("");

    if (!password)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, at_terminal ? "Too many failures - key not added to keystore"
                                                                        : "there is no password on standard input to be stored");
    *secret = (struct secret){PBE, OPENSSL_memdup(password, strlen(password)), strlen(password)};
    mu_kt_wipe(password);
    if (!secret->key)
        return mu_fail_nomem(&kt->err);
    for (size_t i = 0; i < secret->len; i++)
        if (secret->key[i] & 0x80)
            return mu_kt_throw(kt, MU_E_USAGE, "java.security.spec.InvalidKeySpecException", "Password is not ASCII");
    return 0;
}

static int make_password(mu_kt *kt, const char *alg, struct secret *secret)
{
    static const char *const weak[] = {"MD5", "DES", "RC2", "RC4", "ARCFOUR"};

    if (read_password(kt, secret) != 0)
        return -1;
    if (mu_kt_is_set(kt, MU_KT_VERBOSE))
        fputs("Generated PBE secret key\n", stderr);
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        if (strcasestr(alg, weak[i])) {
            mu_kt_warn(kt, SUBJECT " uses the %s algorithm which is considered a security risk.", alg);
            break;
        }
    return 0;
}

static int make_key(mu_kt *kt, const char *alg, struct secret *secret, bool *ret_storable)
{
    const mu_kt_secret_kind *kind = mu_kt_secret_kind_find(alg);
    long bits = -1;

    if (!kind)
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException", "%s KeyGenerator not available",
                           alg);
    if ((mu_kt_is_set(kt, MU_KT_KEY_SIZE) && mu_kt_parse_int(kt, mu_kt_get(kt, MU_KT_KEY_SIZE), &bits) != 0) ||
        mu_kt_secret_generate(kt, kind, &bits, &secret->key, &secret->len) != 0)
        return -1;
    secret->algorithm = kind->name;
    *ret_storable = kind->in_pkcs12;
    if (bits < 1000)
        fprintf(stderr, "Generated %ld-bit %s secret key\n", bits, kind->name);
    else
        fprintf(stderr, "Generated %ld,%03ld-bit %s secret key\n", bits / 1000, bits % 1000, kind->name);
    mu_kt_check_weak_secret(kt, SUBJECT, kind->name);
    return 0;
}

/* The entry is protected with the algorithm of -keyalg, where a store knows several. */
static int check_protection(mu_kt *kt, const char *alg)
{
    if (strcasecmp(alg, "PBE") == 0)
        return 0;
    if (mu_store_get_type(kt->store) != MU_STORE_PKCS12)
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, "unsupported password protection algorithm");
    if (mu_store_knows_protection(alg))
        return 0;
    return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, PROTECTION
                       "java.security.UnrecoverableKeyException: Encrypt Private Key failed: getPBEAlgorithmParameters failed: "
                       "%s AlgorithmParameters not available", alg);
}

static int store_secret(mu_kt *kt, const char *alias, const struct secret *secret, bool storable)
{
    if (!storable && mu_store_get_type(kt->store) == MU_STORE_PKCS12)
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, PROTECTION
                           "java.security.NoSuchAlgorithmException: unrecognized algorithm name: %s", secret->algorithm);
    if (mu_store_set_secret(kt->store, alias, secret->algorithm, secret->key, secret->len, kt->now_ms, &kt->err) != 0)
        return mu_err_has(kt->err, MU_E_STORE_WRONG_TYPE)
                   ? mu_kt_throw(kt, MU_E_STORE_WRONG_TYPE, MU_KT_STORE_FAULT, "Cannot store non-PrivateKeys")
                   : mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return mu_kt_protect_key(kt, alias) == 0 ? mu_kt_store_save(kt, "") : -1;
}

static int add_secret(mu_kt *kt, const char *alg)
{
    const char *alias = mu_kt_alias(kt);
    bool is_password = strncasecmp(alg, "PBE", 3) == 0, storable = true;
    struct secret secret = {0};
    int rc;

    if (mu_store_find(kt->store, alias))
        return mu_kt_throw(kt, MU_E_DUPLICATE_ALIAS, MU_KT_EXCEPTION, "Secret Key not generated, alias <%s> already exists", alias);
    rc = is_password ? make_password(kt, alg, &secret) : make_key(kt, alg, &secret, &storable);
    if (rc == 0)
        rc = mu_kt_choose_key_password(kt, alias);
    if (rc == 0 && is_password)
        rc = check_protection(kt, alg);
    if (rc == 0)
        rc = store_secret(kt, alias, &secret, storable);
    OPENSSL_clear_free(secret.key, secret.len);
    return rc;
}

int mu_kt_genseckey(mu_kt *kt)
{
    const char *alg = mu_kt_get(kt, MU_KT_KEY_ALG);

    if (mu_kt_store_open(kt) != 0)
        return -1;
    return alg ? add_secret(kt, alg) : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "The -keyalg option must be specified.");
}

int mu_kt_importpass(mu_kt *kt)
{
    const char *alg = mu_kt_get(kt, MU_KT_KEY_ALG);
    return mu_kt_store_open(kt) == 0 ? add_secret(kt, alg ? alg : "PBE") : -1;
}

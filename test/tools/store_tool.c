/**
 * A driver for the interop tests of stores; not installed.
 *
 *   store_tool list PASSWORD FILE…       entries, one per line; PASSWORD "-" is none; keys may be under KEY_PASSWORD (environment)
 *   store_tool copy PASSWORD IN OUT [NEWPASSWORD]   read and write again; keeps the protection
 *   store_tool make PASSWORD OUT [type=TYPE] [key=ALIAS:PEMFILE] [trusted=ALIAS:PEMFILE] [secret=ALIAS/ALGORITHM:HEX]
 *                                [protect=ALIAS:PASSWORD] [pbmac1] [iterations=N]
 *   store_tool set PASSWORD FILE …       as make, but changes an existing store
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include <mutual/keystore.h>
#include <mutual/pki.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int report(mu_err *err)
{
    for (const mu_err *e = err; e; e = e->cause)
        fprintf(stderr, "[%s] %s (%s)\n", mu_code_name(e->code), e->msg, e->detail ? e->detail : "");
    if (err)
        printf("error %s\n", mu_code_name(mu_err_root(err)->code));
    mu_err_free(err);
    return 1;
}

static const char *password_of(const char *arg)
{
    return strcmp(arg, "-") == 0 ? NULL : arg;
}

static void print_chain(const STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        char *name = mu_name_text(X509_get_subject_name(sk_X509_value(chain, i)));
        char *print = mu_cert_fingerprint(sk_X509_value(chain, i));
        printf("  cert %s %s\n", print, name);
        free(name);
        free(print);
    }
}

/* "AES:00112233…", or the cause. Owned by the caller. */
static char *secret_state(mu_entry *entry)
{
    mu_err *err = NULL;
    char *algorithm = NULL, *hex = NULL, *state = NULL;
    uint8_t *key = NULL;
    size_t len = 0;
    if (mu_entry_get1_secret(entry, getenv("KEY_PASSWORD"), &algorithm, &key, &len, &err) != 0) {
        state = mu_strdup(mu_code_name(mu_err_root(err)->code));
        mu_err_free(err);
        return state;
    }
    hex = OPENSSL_malloc(2 * len + 1);
    hex[0] = 0;
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    state = mu_asprintf("%s:%s", algorithm, hex);
    free(algorithm);
    OPENSSL_free(hex);
    OPENSSL_clear_free(key, len);
    return state;
}

static void print_entry(mu_entry *entry)
{
    static const char *const kinds[] = {"key", "trusted", "secret"};
    const char *alias = mu_entry_alias(entry), *state = "-";
    char *shown = mu_escape_dup(alias, strlen(alias)), *secret = NULL;
    if (mu_entry_get_kind(entry) == MU_ENTRY_SECRET)
        state = secret = secret_state(entry);
    if (mu_entry_get_kind(entry) == MU_ENTRY_KEY) {
        EVP_PKEY *key = NULL;
        mu_err *err = NULL;
        int rc = mu_entry_get1_key(entry, getenv("KEY_PASSWORD"), &key, &err);
        STACK_OF(X509) *chain = mu_entry_get0_chain(entry);
        state = rc != 0                                                      ? mu_code_name(mu_err_root(err)->code)
                : sk_X509_num(chain) == 0                                    ? "alone"
                : mu_key_check_pair(sk_X509_value(chain, 0), key, NULL) == 0 ? "pair"
                                                                             : "no-pair";
        EVP_PKEY_free(key);
        mu_err_free(err);
    }
    mu_protection protection = mu_entry_get_protection(entry);
    printf("%s %s%s dated=%d [%s %ld] \"%s\"\n", kinds[mu_entry_get_kind(entry)], state,
           mu_entry_java_hidden(entry) ? " hidden" : "", mu_entry_created_ms(entry) >= 0, protection.algorithm,
           protection.iterations, shown);
    free(shown);
    free(secret);
    print_chain(mu_entry_get0_chain(entry));
}

static int list(const char *password, const char *path)
{
    mu_store *store = NULL;
    mu_err *err = NULL;
    mu_store_options options = {.password = password_of(password)};
    if (mu_store_open(NULL, path, &options, &store, &err) != 0)
        return report(err);
    printf("type %s%s; %s\n", mu_store_type_name(mu_store_get_type(store)), mu_store_has_skipped(store) ? " skipped" : "",
           mu_store_protection(store));
    for (size_t i = 0; i < mu_store_count(store); i++)
        print_entry(mu_store_entry(store, i));
    printf("loose %d\n", sk_X509_num(mu_store_get0_loose_certs(store)));
    print_chain(mu_store_get0_loose_certs(store));
    mu_store_free(store);
    return 0;
}

static int list_all(const char *password, char **paths)
{
    int status = 0;
    for (; *paths; paths++) {
        printf("file %s\n", *paths);
        status |= list(password, *paths);
    }
    return status;
}

static int add_secret(mu_store *store, char *alias, const char *hex, mu_err **err)
{
    char *slash = strchr(alias, '/');
    long len = 0;
    uint8_t *key = OPENSSL_hexstr2buf(hex, &len);
    *slash = 0;
    int rc = mu_store_set_secret(store, alias, slash + 1, key, (size_t)len, mu_now_ms(), err);
    OPENSSL_free(key);
    return rc;
}

static int add(mu_store *store, const char *arg, mu_err **err)
{
    const char *equals = strchr(arg, '='), *colon = equals ? strrchr(equals, ':') : NULL;
    mu_buf pem;
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    if (!colon)
        return mu_fail(err, MU_E_USAGE, "bad argument");
    char *alias = mu_strndup(equals + 1, (size_t)(colon - equals - 1));
    if (arg[0] == 's' || arg[0] == 'p') {
        int done = arg[0] == 's' ? add_secret(store, alias, colon + 1, err)
                                 : mu_entry_set_password(mu_store_find(store, alias), NULL, colon + 1, err);
        free(alias);
        return done;
    }
    mu_buf_init_secret(&pem, 1 << 20);
    int rc = mu_file_read(colon + 1, 1 << 20, &pem, NULL, err);
    if (rc == 0)
        rc = mu_certs_parse(NULL, pem.data, pem.len, &certs, err);
    if (rc == 0 && arg[0] == 't')
        rc = mu_store_set_trusted(store, alias, sk_X509_value(certs, 0), mu_now_ms(), err);
    if (rc == 0 && arg[0] == 'k') {
        rc = mu_key_parse(NULL, pem.data, pem.len, NULL, &key, err);
        if (rc == 0)
            rc = mu_store_set_key(store, alias, key, certs, mu_now_ms(), err);
    }
    EVP_PKEY_free(key);
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&pem);
    free(alias);
    return rc;
}

static int change(mu_store *store, const char *password, const char *path, char **args, mu_err **err)
{
    mu_store_write_options options = {.password = password_of(password)};
    for (; *args; args++) {
        if (strcmp(*args, "pbmac1") == 0)
            options.pbmac1 = true;
        else if (strncmp(*args, "iterations=", 11) == 0)
            options.iterations = atoi(*args + 11);
        else if (add(store, *args, err) != 0)
            return -1;
    }
    return mu_store_save(store, path, &options, err);
}

static int make(const char *password, const char *path, char **args)
{
    mu_store *store = NULL;
    mu_err *err = NULL;
    mu_store_type type = MU_STORE_PKCS12;
    if (*args && strncmp(*args, "type=", 5) == 0 && mu_store_type_parse(*args++ + 5, &type, &err) != 0)
        return report(err);
    int rc = mu_store_new(NULL, type, &store, &err);
    if (rc == 0)
        rc = change(store, password, path, args, &err);
    mu_store_free(store);
    return rc == 0 ? 0 : report(err);
}

static int set(const char *password, const char *path, char **args)
{
    mu_store *store = NULL;
    mu_err *err = NULL;
    mu_store_options options = {.password = password_of(password)};
    int rc = mu_store_open(NULL, path, &options, &store, &err);
    if (rc == 0)
        rc = change(store, password, path, args, &err);
    mu_store_free(store);
    return rc == 0 ? 0 : report(err);
}

static int copy(const char *password, const char *in, const char *out, const char *new_password)
{
    mu_store *store = NULL;
    mu_err *err = NULL;
    mu_store_options options = {.password = password_of(password)};
    mu_store_write_options write = {.password = new_password};
    int rc = mu_store_open(NULL, in, &options, &store, &err);
    if (rc == 0)
        rc = mu_store_save(store, out, &write, &err);
    mu_store_free(store);
    return rc == 0 ? 0 : report(err);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "list") == 0)
        return list_all(argv[2], argv + 3);
    if (argc >= 5 && strcmp(argv[1], "copy") == 0)
        return copy(argv[2], argv[3], argv[4], argv[5]);
    if (argc >= 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3], argv + 4);
    if (argc >= 4 && strcmp(argv[1], "set") == 0)
        return set(argv[2], argv[3], argv + 4);
    return 2;
}

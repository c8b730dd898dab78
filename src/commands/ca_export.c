/* mutual ca export */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/password.h"

#include <mutual/keystore.h>
#include <string.h>
#include <unistd.h>

struct export_options {
    char *ca, *ca_password, *certificate, *key, *key_password, *key_store, *key_store_password;
    bool no_encryption;
};

struct exporting {
    const struct export_options *o;
    mu_ca *ca;
    const char *name;
    STACK_OF(X509) *chain;
    EVP_PKEY *private_key; /* borrowed */
    mu_secret password;
};

static int fail_usage(mu_err **err, const char *what)
{
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", what);
}

static int check(const struct export_options *o, mu_err **err)
{
    if (o->key && o->key_store)
        return fail_usage(err, "--private-key and --key-store exclude each other");
    if (o->key && !o->key_password == !o->no_encryption)
        return fail_usage(err, "--private-key needs either --key-password or --no-encryption");
    if (!o->key && (o->key_password || o->no_encryption))
        return fail_usage(err, "--key-password and --no-encryption are for --private-key");
    if ((o->key && access(o->key, F_OK) == 0) || (o->key_store && access(o->key_store, F_OK) == 0))
        return fail_usage(err, "the file for the private key exists already");
    return 0;
}

static int write_key(const struct exporting *e, mu_err **err)
{
    const mu_file_stamp nothing = {.exists = false};
    const mu_file_replace_options options = {.new_mode = mu_file_mode(true), .stamp = &nothing};
    char *pem = NULL;
    int rc = mu_key_pem(NULL, e->private_key, e->password.value, MU_CA_KEY_ITERATIONS, &pem, err);
    if (rc == 0)
        rc = mu_file_replace(e->o->key, pem, strlen(pem), &options, err);
    OPENSSL_clear_free(pem, pem ? strlen(pem) : 0);
    return rc;
}

static int write_store(const struct exporting *e, mu_err **err)
{
    const mu_store_write_options options = {.password = e->password.value, .iterations = MU_CA_KEY_ITERATIONS};
    mu_store *store = NULL;
    int rc = mu_store_new(NULL, MU_STORE_PKCS12, &store, err);
    if (rc == 0)
        rc = mu_store_set_key(store, e->name, e->private_key, e->chain, mu_now_ms(), err);
    if (rc == 0)
        rc = mu_store_save(store, e->o->key_store, &options, err);
    mu_store_free(store);
    return rc;
}

static int write_certs(const struct exporting *e, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_certs_pem(e->chain, &pem, err);
    if (rc == 0)
        rc = mu_ca_write_pem(e->o->certificate, pem, err);
    OPENSSL_free(pem);
    return rc;
}

static int export(struct exporting *e, const char *wanted, mu_err **err)
{
    const struct export_options *o = e->o;
    const char *file = o->key ? o->key : o->key_store;
    int64_t number;
    if (check(o, err) != 0 || mu_ca_command_open(o->ca, &e->ca, err) != 0 ||
        mu_ca_choose_issuer(e->ca, wanted ? wanted : "root", MU_PROFILE_SERVER, mu_now_s(), &e->name, err) != 0 ||
        mu_ca_chain(e->ca, mu_ca_find(e->ca, e->name), &e->chain, err) != 0)
        return -1;
    if (file && ((!o->no_encryption && mu_password_resolve_new(o->key ? o->key_password : o->key_store_password, file, &e->password,
                                                               err) != 0) ||
                 mu_ca_command_unlock(e->ca, e->name, o->ca_password, NULL, err) != 0))
        return -1;
    e->private_key = mu_ca_key(e->ca, e->name);
    if ((o->key && write_key(e, err) != 0) || (o->key_store && write_store(e, err) != 0) ||
        ((o->certificate || !file) && write_certs(e, err) != 0) ||
        mu_ledger_crl_number(mu_ca_ledger(e->ca), e->name, &number, err) != 0)
        return -1;
    if (file)
        fprintf(stderr, "note: whoever goes on with this key must number its lists from %lld, and know what is revoked (mutual ca crl)\n",
                (long long)number + 1);
    return 0;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct exporting e = {.o = options};
    mu_err *err = NULL;
    (void)command;
    int rc = export(&e, args->count ? args->items[0] : NULL, &err);
    sk_X509_pop_free(e.chain, X509_free);
    mu_secret_clear(&e.password);
    mu_ca_close(e.ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

#define AT(field) offsetof(struct export_options, field)
static const mu_opt table[] = {
    MU_OPT_CA_DIR(struct export_options, ca),
    MU_OPT_CA_PASSWORD(struct export_options, ca_password),
    {"certificate", 0, MU_OPT_TEXT, AT(certificate), "FILE",
     "PEM file for its certificate and those above it; without any file they go to standard output.", 0, 0},
    {"private-key", 0, MU_OPT_TEXT, AT(key), "FILE", "New PEM file (PKCS #8) for the private key.", 0, 0},
    {"key-password", 0, MU_OPT_SECRET, AT(key_password), "P", "Encrypts that key: " MU_OPT_PASSWORD_FORMS, 0, 0},
    {"no-encryption", 0, MU_OPT_FLAG, AT(no_encryption), NULL, "Leave that key unencrypted.", 0, 0},
    {"key-store", 0, MU_OPT_TEXT, AT(key_store), "FILE", "New PKCS12 file with key and certificates, instead of PEM.", 0, 0},
    {"key-store-password", 0, MU_OPT_SECRET, AT(key_store_password), "P", "Its password, in the same forms.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"the root's certificate, for whoever should trust it", "mutual ca export > root.crt"},
    {"an intermediate for another product", "mutual ca export issuing --key-store issuing.p12"},
    {0},
};

const mu_command mu_command_ca_export = {
    .name = "ca export",
    .summary = "an authority's certificates, or its key too, for another product",
    .synopsis = "[NAME] [options]",
    .description = "Writes the certificate of an authority (by default the root) with those above it, and on demand its private key: "
                   "encrypted, unless --no-encryption says otherwise.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct export_options),
    .max_args = 1,
    .run = run,
};

/* mutual ca init, mutual ca intermediate: making authorities. */
#include "base/clock.h"
#include "base/term.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/password.h"

#include <stdlib.h>
#include <string.h>

struct init_options {
    char *ca, *ca_password, *name, *key_algorithm;
    long days;
    bool no_encryption;
};

struct intermediate_options {
    char *ca, *ca_password, *name, *key_algorithm, *csr;
    long days;
    bool client_only, no_encryption;
};

static void tell(const mu_ca *ca, const char *dir, const char *name)
{
    const X509 *cert = mu_ca_find(ca, name);
    char *subject = mu_name_text(X509_get_subject_name(cert)), *fingerprint = mu_cert_fingerprint(cert);
    char shown[MU_SHOWN_SIZE], until[32];

    printf("%s: %s, valid until %s\n", name, subject ? subject : "?", mu_time_text(mu_cert_not_after_s(cert), until));
    printf("  SHA-256      %s\n", fingerprint ? fingerprint : "?");
    printf("  certificate  %s/%s.crt\n", mu_escape_to(shown, dir), name);
    printf("  private key  %s/%s.key\n", shown, name);
    free(subject);
    free(fingerprint);
}

static int init(const struct init_options *o, mu_secret *password, mu_ca **ret_ca, mu_err **err)
{
    X509_NAME *subject = NULL;
    mu_ca_authority_options options = {.name = "root", .days = o->days ? (int)o->days : 3650, .now_s = mu_now_s()};
    int rc = -1;

    if (mu_name_parse(o->name ? o->name : "CN=mutual Root CA", &subject, err) != 0 ||
        mu_ca_command_key_spec(o->key_algorithm, &options.key, err) != 0 ||
        (!o->no_encryption && mu_password_resolve_new(o->ca_password, "the new CA", password, err) != 0))
        goto out;
    options.subject = subject;
    options.password = password->value;
    mu_progress_begin("making the root's key");
    rc = mu_ca_init(NULL, o->ca ? o->ca : MU_CA_DEFAULT_DIR, &options, ret_ca, err);
    mu_progress_end();
out:
    X509_NAME_free(subject);
    return rc;
}

static int run_init(const mu_command *command, void *options, const mu_strlist *args)
{
    const struct init_options *o = options;
    mu_secret password = {0};
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    (void)command;
    (void)args;

    if (o->no_encryption && o->ca_password) {
        mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "--ca-password and --no-encryption exclude each other");
        return mu_cli_fail(false, err);
    }
    int rc = init(o, &password, &ca, &err);
    mu_secret_clear(&password);
    if (rc != 0)
        return mu_cli_fail(false, err);
    tell(ca, o->ca ? o->ca : MU_CA_DEFAULT_DIR, "root");
    if (o->no_encryption)
        fputs("warning: the private key is not encrypted\n", stderr);
    mu_ca_close(ca);
    return 0;
}

/* The new key gets the passphrase of the root's, or none if that has none. */
static int add_intermediate(const struct intermediate_options *o, const char *authority, mu_ca *ca, mu_err **err)
{
    X509_NAME *subject = NULL;
    mu_secret password = {0};
    char *default_name = mu_asprintf("CN=mutual %s CA", authority);
    mu_ca_authority_options options = {.name = authority, .days = o->days ? (int)o->days : 1825, .now_s = mu_now_s()};
    int rc = default_name ? 0 : mu_fail_nomem(err);

    if (rc == 0)
        rc = mu_name_parse(o->name ? o->name : default_name, &subject, err);
    if (rc == 0)
        rc = mu_ca_command_key_spec(o->key_algorithm, &options.key, err);
    if (rc == 0)
        rc = mu_ca_command_unlock(ca, "root", o->ca_password, &password, err);
    if (rc == 0) {
        options.subject = subject;
        options.password = password.value;
        mu_progress_begin("making the intermediate's key");
        rc = mu_ca_add_intermediate(ca, &options, o->client_only, err);
        mu_progress_end();
    }
    mu_secret_clear(&password);
    X509_NAME_free(subject);
    free(default_name);
    return rc;
}

/* The root is elsewhere: a key here, and a request to carry there. */
static int request_intermediate(const struct intermediate_options *o, const char *authority, mu_err **err)
{
    const char *dir = o->ca ? o->ca : MU_CA_DEFAULT_DIR;
    X509_NAME *subject = NULL;
    mu_secret password = {0};
    mu_buf pem;
    char *default_name = mu_asprintf("CN=mutual %s CA", authority);
    mu_ca_authority_options options = {.name = authority, .now_s = mu_now_s()};
    int rc = default_name ? mu_name_parse(o->name ? o->name : default_name, &subject, err) : mu_fail_nomem(err);

    mu_buf_init(&pem, MU_BUF_TEXT_MAX);
    if (rc == 0)
        rc = mu_ca_command_key_spec(o->key_algorithm, &options.key, err);
    if (rc == 0 && (rc = mu_ca_command_key_password(dir, o->ca_password, o->no_encryption, &password, err)) == 0) {
        options.subject = subject;
        options.password = password.value;
        mu_progress_begin("making the intermediate's key");
        rc = mu_ca_make_request(NULL, dir, &options, &pem, err);
        mu_progress_end();
    }
    if (rc == 0 && (rc = mu_ca_write_pem(o->csr, mu_buf_text(&pem), err)) == 0) {
        char shown[MU_SHOWN_SIZE];
        printf("%s: a request for its certificate\n  private key  %s/%s.key\n", authority, mu_escape_to(shown, dir), authority);
        printf("  request      %s\n", mu_escape_to(shown, o->csr));
        puts("When it is signed (mutual ca sign --profile intermediate): mutual ca import CERTIFICATE ROOT");
    }
    mu_buf_free(&pem);
    mu_secret_clear(&password);
    X509_NAME_free(subject);
    free(default_name);
    return rc;
}

static int run_intermediate(const mu_command *command, void *options, const mu_strlist *args)
{
    const struct intermediate_options *o = options;
    const char *authority = args->count > 0 ? args->items[0] : o->client_only ? "clients" : "intermediate";
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    (void)command;

    if (o->csr)
        return request_intermediate(o, authority, &err) == 0 ? 0 : mu_cli_fail(false, err);
    int rc = mu_ca_command_open(o->ca, &ca, &err);
    if (rc == 0 && o->no_encryption)
        rc = mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "--no-encryption goes with --csr; otherwise the root's key decides");
    if (rc == 0)
        rc = add_intermediate(o, authority, ca, &err);
    if (rc == 0)
        tell(ca, o->ca ? o->ca : MU_CA_DEFAULT_DIR, authority);
    mu_ca_close(ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

static const mu_opt init_table[] = {
    MU_OPT_CA_DIR(struct init_options, ca),
    {"name", 0, MU_OPT_TEXT, offsetof(struct init_options, name), "DN",
     "Subject of the root; the default is CN=mutual Root CA.", 0, 0},
    {"key-algorithm", 0, MU_OPT_TEXT, offsetof(struct init_options, key_algorithm), "ALG",
     "RSA (the default, 4096 bits), RSA:BITS, EC, EC:P-384, EC:P-521, Ed25519 or Ed448.", 0, 0},
    {"days", 0, MU_OPT_NUMBER, offsetof(struct init_options, days), "N", "Days that it is valid; the default is 3650.", 1, 36500},
    MU_OPT_CA_PASSWORD(struct init_options, ca_password),
    {"no-encryption", 0, MU_OPT_FLAG, offsetof(struct init_options, no_encryption), NULL,
     "Store the private keys unencrypted.", 0, 0},
    {0},
};

static const mu_example init_examples[] = {
    {"a CA that asks for its passphrase", "mutual ca init --name \"CN=Example Root CA, O=Example\""},
    {"without questions, with an elliptic curve key", "mutual ca init --ca ca --key-algorithm EC:P-384 --ca-password file:ca.pass"},
    {0},
};

const mu_command mu_command_ca_init = {
    .name = "ca init",
    .summary = "make a CA: its folder, root and ledger",
    .synopsis = "[options]",
    .description = "Makes the folder (mode 0700) with a self-signed root certificate, its private key and an empty ledger. The key "
                   "is encrypted (PBKDF2, 600,000 iterations) unless --no-encryption is given.",
    .options = init_table,
    .examples = init_examples,
    .options_size = sizeof(struct init_options),
    .run = run_init,
};

static const mu_opt intermediate_table[] = {
    MU_OPT_CA_DIR(struct intermediate_options, ca),
    {"client-only", 0, MU_OPT_FLAG, offsetof(struct intermediate_options, client_only), NULL,
     "It may issue client certificates only: trust it in servers instead of the root.", 0, 0},
    {"name", 0, MU_OPT_TEXT, offsetof(struct intermediate_options, name), "DN",
     "Its subject; the default is CN=mutual NAME CA.", 0, 0},
    {"key-algorithm", 0, MU_OPT_TEXT, offsetof(struct intermediate_options, key_algorithm), "ALG", "As for mutual ca init.", 0, 0},
    {"days", 0, MU_OPT_NUMBER, offsetof(struct intermediate_options, days), "N",
     "Days that it is valid, never longer than the root; the default is 1825.", 1, 36500},
    {"csr", 0, MU_OPT_TEXT, offsetof(struct intermediate_options, csr), "FILE",
     "The root is elsewhere: make the key here and write a request for it to FILE; mutual ca import takes the certificate.", 0, 0},
    MU_OPT_CA_PASSWORD(struct intermediate_options, ca_password),
    {"no-encryption", 0, MU_OPT_FLAG, offsetof(struct intermediate_options, no_encryption), NULL,
     "With --csr: store the private key unencrypted.", 0, 0},
    {0},
};

static const mu_example intermediate_examples[] = {
    {"one that issues client identities only, as NAME \"clients\"", "mutual ca intermediate --client-only"},
    {"one for everything", "mutual ca intermediate issuing --name \"CN=Example Issuing CA, O=Example\""},
    {"one whose root is kept offline", "mutual ca intermediate issuing --csr issuing.csr"},
    {0},
};

const mu_command mu_command_ca_intermediate = {
    .name = "ca intermediate",
    .summary = "make an intermediate CA below the root",
    .synopsis = "[NAME] [options]",
    .description = "Makes an intermediate, known in this folder by NAME (by default \"intermediate\", or \"clients\" with "
                   "--client-only). Its key is encrypted under the root's passphrase. sign and issue use the newest that fits.",
    .options = intermediate_table,
    .examples = intermediate_examples,
    .options_size = sizeof(struct intermediate_options),
    .max_args = 1,
    .run = run_intermediate,
};

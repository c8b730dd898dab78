/* mutual ca issue: key, certificate and stores in one step. */
#include "base/term.h"
#include "ca/service.h"
#include "cli/cli.h"
#include "commands/ca_bulk.h"

#include <string.h>

struct issue_options {
    mu_ca_leaf_options leaf;
    char *name, *key_algorithm;
    mu_ca_files_options files;
    char *from;
    long renew_within;
    bool dry_run, json;
};

struct issuing {
    const struct issue_options *o;
    mu_ca *ca;
    mu_ca_request request;
    mu_ca_outputs_spec spec;
    mu_ca_outputs *outputs;
    X509_NAME *subject;
    GENERAL_NAMES *names;
    X509 *cert;
};

static int make_key(struct issuing *i, mu_err **err)
{
    mu_key_spec spec;
    if (mu_key_spec_parse(i->o->key_algorithm ? i->o->key_algorithm : "RSA", &spec, err) != 0)
        return -1;
    mu_progress_begin("making a key");
    int rc = mu_key_generate(NULL, &spec, &i->request.public_key, err);
    mu_progress_end();
    return rc;
}

/* The key is made before the files are claimed, so that nobody waits for it. */
static int issue(struct issuing *i, mu_err **err)
{
    const mu_ca_leaf_options *leaf = &i->o->leaf;
    if (mu_ca_leaf_begin(leaf, &i->ca, &i->request, err) != 0)
        return -1;
    if (!i->spec.alias)
        i->spec.alias = mu_profile_name(i->request.profile);
    i->request.alias = i->spec.alias;
    if ((leaf->san && mu_san_parse(leaf->san, &i->names, err) != 0) ||
        mu_ca_subject(i->o->name, i->names, i->spec.alias, &i->subject, err) != 0 || make_key(i, err) != 0)
        return -1;
    i->request.subject = i->subject;
    i->request.names = i->names;
    if (mu_ca_outputs_open(i->ca, &i->spec, true, &i->outputs, err) != 0 || mu_ca_outputs_require_new(i->outputs, err) != 0)
        return -1;
    return mu_ca_deliver(i->ca, &i->request, i->outputs, &i->cert, err);
}

static int issue_many(const mu_command *command, const struct issue_options *o)
{
    static const char *const allowed[] = {"from", "ca", "ca-password", "profile", "renew-within", "dry-run", "json"};
    const mu_ca_bulk_options bulk = {.ca = o->leaf.ca, .ca_password = o->leaf.ca_password, .from = o->from,
                                     .renew_within = o->renew_within, .dry_run = o->dry_run, .json = o->json};
    mu_err *err = NULL;
    for (const mu_opt *opt = command->options; opt->name; opt++) {
        bool fits = opt->kind == MU_OPT_FLAG;
        for (size_t i = 0; !fits && i < sizeof allowed / sizeof *allowed; i++)
            fits = strcmp(opt->name, allowed[i]) == 0;
        const void *value = (const char *)o + opt->offset;
        if (!fits && (opt->kind == MU_OPT_NUMBER ? *(const long *)value != 0 : *(char *const *)value != NULL)) {
            mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "--%s does not go with --from: it stands in that file", opt->name);
            return mu_cli_fail(o->json, err);
        }
    }
    return mu_ca_bulk_run(&bulk);
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct issuing i = {.o = options};
    mu_err *err = NULL;
    (void)args;

    if (i.o->from)
        return issue_many(command, i.o);
    i.spec = mu_ca_files_spec(&i.o->files, i.o->leaf.alias);
    int rc = i.o->dry_run || i.o->json || i.o->renew_within
                 ? mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "--dry-run, --json and --renew-within go with --from")
                 : mu_ca_outputs_check(&i.spec, &err);
    if (rc == 0 && (rc = issue(&i, &err)) == 0) {
        mu_ca_leaf_tell(stdout, &i.request, i.cert);
        mu_ca_files_tell(&i.spec);
    }
    mu_ca_outputs_free(i.outputs);
    X509_free(i.cert);
    EVP_PKEY_free(i.request.public_key);
    GENERAL_NAMES_free(i.names);
    X509_NAME_free(i.subject);
    mu_ca_close(i.ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

#define ROW(name, kind, field, arg, help, max) {name, 0, kind, offsetof(struct issue_options, field), arg, help, (max) != 0, max}

static const mu_opt table[] = {
    MU_OPT_CA_LEAF(struct issue_options, MU_CA_LEAF_PROFILES),
    ROW("name", MU_OPT_TEXT, name, "DN", "Subject; the default is CN= the first dns name, else the alias.", 0),
    ROW("key-algorithm", MU_OPT_TEXT, key_algorithm, "ALG",
        "RSA (the default, 2048 bits), RSA:BITS, EC, EC:P-384, EC:P-521, Ed25519 or Ed448.", 0),
    MU_OPT_CA_FILES(struct issue_options),
    ROW("from", MU_OPT_TEXT, from, "FILE", "Issue for the services in this YAML file what is missing or due, instead.", 0),
    ROW("renew-within", MU_OPT_NUMBER, renew_within, "DAYS",
        "With --from: due is what expires within so many days; the default is 30, or a third of the lifetime if less.", 36500),
    ROW("dry-run", MU_OPT_FLAG, dry_run, NULL, "With --from: say what would be done and why, and do nothing.", 0),
    MU_OPT_JSON(struct issue_options),
    {0},
};

static const mu_example examples[] = {
    {"a server's two stores",
     "mutual ca issue --profile server --san dns:server.example,ip:127.0.0.1 --alias server --key-store server.p12 "
     "--trust-store server-trust.p12"},
    {"a client's identity in PEM", "mutual ca issue --profile client --alias build-7 --certificate client.crt "
                                   "--certificate-private-key client.key --trust-certificate ca.crt"},
    {"for many services, as often as you like", "mutual ca issue --from services.yaml"},
    {0},
};

const mu_command mu_command_ca_issue = {
    .name = "ca issue",
    .summary = "make a key, its certificate and the stores in one step",
    .synopsis = "--key-store FILE | --from FILE [options]",
    .description = "Makes a private key, issues its certificate and writes both, with the chain up to the root, into a store or "
                   "PEM files; the certificate to trust goes into a second store if you want one. All files are opened, locked "
                   "and found writable before anything is issued, and change together once everything is written.\n\n"
                   "With --from, services.yaml holds the same settings for many services by alias, and \"defaults\" for all: what "
                   "is missing, revoked, soon to expire or different from the file is issued, and nothing else touched. A mistake "
                   "in the file stops everything before it begins; a service that fails leaves the others alone, and the exit status "
                   "is that of the first that failed.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct issue_options),
    .run = run,
};

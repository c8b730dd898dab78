/* mutual ca issue: key, certificate and stores in one step. */
#include "base/term.h"
#include "ca/service.h"
#include "cli/cli.h"
#include "commands/ca.h"

struct issue_options {
    mu_ca_leaf_options leaf;
    char *name, *key_algorithm;
    char *key_store, *key_store_password, *key_store_type;
    char *trust_store, *trust_store_password, *trust_store_type, *trust_authority;
    char *certificate, *certificate_private_key, *key_password, *trust_certificate;
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

static mu_ca_outputs_spec outputs_of(const struct issue_options *o)
{
    return (mu_ca_outputs_spec){
        .alias = o->leaf.alias, .trust_authority = o->trust_authority,
        .key_store = o->key_store, .key_store_password = o->key_store_password, .key_store_type = o->key_store_type,
        .certificate = o->certificate, .certificate_private_key = o->certificate_private_key, .key_password = o->key_password,
        .trust_store = o->trust_store, .trust_store_password = o->trust_store_password, .trust_store_type = o->trust_store_type,
        .trust_certificate = o->trust_certificate,
    };
}

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

static void tell_file(const char *path, const char *what)
{
    char shown[MU_SHOWN_SIZE];
    if (path)
        printf("  %-12s %s\n", what, mu_escape_to(shown, path));
}

static void tell(const struct issuing *i)
{
    mu_ca_leaf_tell(stdout, &i->request, i->cert);
    tell_file(i->spec.alias, "alias");
    tell_file(i->spec.key_store, "key store");
    tell_file(i->spec.trust_store, "trust store");
    tell_file(i->spec.certificate, "certificate");
    tell_file(i->spec.certificate_private_key, "private key");
    tell_file(i->spec.trust_certificate, "trust");
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct issuing i = {.o = options, .spec = outputs_of(options)};
    mu_err *err = NULL;
    (void)command;
    (void)args;

    int rc = mu_ca_outputs_check(&i.spec, &err);
    if (rc == 0 && (rc = issue(&i, &err)) == 0)
        tell(&i);
    mu_ca_outputs_free(i.outputs);
    X509_free(i.cert);
    EVP_PKEY_free(i.request.public_key);
    GENERAL_NAMES_free(i.names);
    X509_NAME_free(i.subject);
    mu_ca_close(i.ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

#define TEXT(name, field, arg, help) {name, 0, MU_OPT_TEXT, offsetof(struct issue_options, field), arg, help, 0, 0}
#define SECRET(name, field, help) {name, 0, MU_OPT_SECRET, offsetof(struct issue_options, field), "P", help, 0, 0}

static const mu_opt table[] = {
    MU_OPT_CA_LEAF(struct issue_options, MU_CA_LEAF_PROFILES),
    TEXT("name", name, "DN", "Subject; the default is CN= the first dns name, else the alias."),
    TEXT("key-algorithm", key_algorithm, "ALG", "RSA (the default, 2048 bits), RSA:BITS, EC, EC:P-384, EC:P-521, Ed25519 or Ed448."),
    TEXT("key-store", key_store, "FILE", "Store for the private key and its chain; an existing one gets one entry more."),
    SECRET("key-store-password", key_store_password, "Its password: " MU_OPT_PASSWORD_FORMS),
    TEXT("key-store-type", key_store_type, "TYPE", "PKCS12 (the default) or PEM."),
    TEXT("trust-store", trust_store, "FILE", "Store for the certificate to trust; an existing one gets one entry more."),
    SECRET("trust-store-password", trust_store_password, "Its password, in the same forms."),
    TEXT("trust-store-type", trust_store_type, "TYPE", "PKCS12 (the default) or PEM."),
    TEXT("trust-authority", trust_authority, "NAME", "Which authority to trust: root (the default) or an intermediate."),
    TEXT("certificate", certificate, "FILE", "PEM file for the certificate and its intermediates."),
    TEXT("certificate-private-key", certificate_private_key, "FILE", "New PEM file for the private key."),
    SECRET("key-password", key_password, "Encrypts that PEM key; without it the key is not encrypted."),
    TEXT("trust-certificate", trust_certificate, "FILE", "PEM file for the certificate to trust."),
    {0},
};

static const mu_example examples[] = {
    {"a server's two stores",
     "mutual ca issue --profile server --san dns:server.example,ip:127.0.0.1 --alias server --key-store server.p12 "
     "--trust-store server-trust.p12"},
    {"a client's identity in PEM", "mutual ca issue --profile client --alias build-7 --certificate client.crt "
                                   "--certificate-private-key client.key --trust-certificate ca.crt"},
    {0},
};

const mu_command mu_command_ca_issue = {
    .name = "ca issue",
    .summary = "make a key, its certificate and the stores in one step",
    .synopsis = "--key-store FILE [options]",
    .description = "Makes a private key, issues its certificate and writes both, with the chain up to the root, into a store or "
                   "PEM files; the certificate to trust goes into a second store if you want one. All files are opened, locked "
                   "and found writable before anything is issued, and change together once everything is written.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct issue_options),
    .run = run,
};

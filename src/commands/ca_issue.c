/* mutual ca issue: key, certificate and stores in one step. */
#include "base/clock.h"
#include "base/file.h"
#include "base/term.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/password.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_KEY_ITERATIONS 600000 /* of a PEM key with --key-password, as for the CA's own keys */

struct issue_options {
    mu_ca_leaf_options leaf;
    char *name, *key_algorithm;
    char *key_store, *key_store_password, *key_store_type;
    char *trust_store, *trust_store_password, *trust_store_type, *trust_authority;
    char *certificate, *certificate_private_key, *key_password, *trust_certificate;
};

/* A store to write to, opened before anything is issued: a wrong password must not cost a certificate. */
struct target {
    const char *path; /* NULL: not wanted */
    mu_secret password;
    mu_store *store;
};

struct issuing {
    const struct issue_options *o;
    mu_ca *ca;
    mu_ca_request request;
    const char *alias;
    X509_NAME *subject;
    GENERAL_NAMES *names;
    EVP_PKEY *key;
    X509 *cert, *anchor; /* anchor: borrowed, for the trust outputs */
    STACK_OF(X509) *chain;
    struct target key_store, trust_store;
    mu_secret key_password;
};

static int fail_usage(mu_err **err, const char *what)
{
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", what);
}

static int check_options(const struct issue_options *o, mu_err **err)
{
    if (!o->key_store && !o->certificate_private_key)
        return fail_usage(err, "say where the key goes: --key-store, or --certificate and --certificate-private-key");
    if (!o->certificate != !o->certificate_private_key)
        return fail_usage(err, "--certificate and --certificate-private-key belong together");
    if (o->key_password && !o->certificate_private_key)
        return fail_usage(err, "--key-password is for --certificate-private-key; in a store the key has the store's password");
    if (o->certificate_private_key && access(o->certificate_private_key, F_OK) == 0)
        return fail_usage(err, "the file for the private key exists already");
    return 0;
}

static int open_target(struct target *t, const char *path, const char *type_name, const char *password, mu_err **err)
{
    mu_store_type type = MU_STORE_PKCS12;
    t->path = path;
    if (!path)
        return 0;
    if (type_name && mu_store_type_parse(type_name, &type, err) != 0)
        return -1;
    bool exists = access(path, F_OK) == 0;
    if ((type != MU_STORE_PEM || password) &&
        (exists ? mu_password_resolve : mu_password_resolve_new)(password, path, &t->password, err) != 0)
        return -1;
    const mu_store_options options = {.type = type_name ? type : MU_STORE_AUTO, .password = t->password.value};
    return exists ? mu_store_open(NULL, path, &options, &t->store, err) : mu_store_new(NULL, type, &t->store, err);
}

static int save_target(struct target *t, mu_err **err)
{
    const mu_store_write_options options = {.password = t->password.value};
    return t->path ? mu_store_save(t->store, t->path, &options, err) : 0;
}

static void target_done(struct target *t)
{
    mu_store_free(t->store);
    mu_secret_clear(&t->password);
}

static int fail_taken(const char *alias, const char *path, mu_err **err)
{
    char shown_alias[MU_SHOWN_SIZE], shown_path[MU_SHOWN_SIZE];
    return mu_fail(err, MU_E_DUPLICATE_ALIAS, "\"%s\" has an entry \"%s\" already", mu_escape_to(shown_path, path),
                   mu_escape_to(shown_alias, alias));
}

/* The name of the trusted entry is the authority's. */
static const char *anchor_alias(const struct issue_options *o)
{
    return o->trust_authority ? o->trust_authority : "root";
}

static bool holds_anchor(const struct issuing *i)
{
    mu_entry *entry = mu_store_find(i->trust_store.store, anchor_alias(i->o));
    return entry && mu_entry_get_kind(entry) == MU_ENTRY_TRUSTED &&
           X509_cmp(sk_X509_value(mu_entry_get0_chain(entry), 0), i->anchor) == 0;
}

static int open_targets(struct issuing *i, mu_err **err)
{
    const struct issue_options *o = i->o;
    if (open_target(&i->key_store, o->key_store, o->key_store_type, o->key_store_password, err) != 0 ||
        open_target(&i->trust_store, o->trust_store, o->trust_store_type, o->trust_store_password, err) != 0 ||
        (o->key_password && mu_password_resolve_new(o->key_password, o->certificate_private_key, &i->key_password, err) != 0))
        return -1;
    if (i->key_store.store && mu_store_find(i->key_store.store, i->alias))
        return fail_taken(i->alias, o->key_store, err);
    if (i->trust_store.store && mu_store_find(i->trust_store.store, anchor_alias(o)) && !holds_anchor(i))
        return fail_taken(anchor_alias(o), o->trust_store, err);
    return 0;
}

/* Without --name: CN is the first dns name, as people expect to read it, else the alias. Nobody verifies it. */
static int choose_subject(struct issuing *i, mu_err **err)
{
    const ASN1_STRING *dns = NULL;
    int type;
    if (i->o->name)
        return mu_name_parse(i->o->name, &i->subject, err);
    for (int n = 0; n < sk_GENERAL_NAME_num(i->names) && !dns; n++) {
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(i->names, n), &type);
        dns = type == GEN_DNS ? value : NULL;
    }
    const unsigned char *cn = dns ? ASN1_STRING_get0_data(dns) : (const unsigned char *)i->alias;
    int len = dns ? ASN1_STRING_length(dns) : (int)strlen(i->alias);
    i->subject = X509_NAME_new();
    if (!i->subject || !X509_NAME_add_entry_by_NID(i->subject, NID_commonName, V_ASN1_UTF8STRING, cn, len, -1, 0))
        return mu_fail_nomem(err);
    return 0;
}

static int make_key(struct issuing *i, mu_err **err)
{
    mu_key_spec spec;
    if (mu_key_spec_parse(i->o->key_algorithm ? i->o->key_algorithm : "RSA", &spec, err) != 0)
        return -1;
    mu_progress_begin("making a key");
    int rc = mu_key_generate(NULL, &spec, &i->key, err);
    mu_progress_end();
    return rc;
}

static int write_key(const struct issuing *i, mu_err **err)
{
    const mu_file_stamp nothing = {.exists = false};
    const mu_file_replace_options options = {.new_mode = mu_file_mode(true), .stamp = &nothing};
    char *pem = NULL;
    int rc = mu_key_pem(NULL, i->key, i->key_password.value, PEM_KEY_ITERATIONS, &pem, err);
    if (rc == 0)
        rc = mu_file_replace(i->o->certificate_private_key, pem, strlen(pem), &options, err);
    OPENSSL_clear_free(pem, pem ? strlen(pem) : 0);
    return rc;
}

static int write_anchor(const struct issuing *i, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_cert_pem(i->anchor, &pem, err);
    if (rc == 0)
        rc = mu_ca_write_pem(i->o->trust_certificate, pem, err);
    OPENSSL_free(pem);
    return rc;
}

static int write_outputs(struct issuing *i, mu_err **err)
{
    const struct issue_options *o = i->o;
    if (i->key_store.store && mu_store_set_key(i->key_store.store, i->alias, i->key, i->chain, mu_now_ms(), err) != 0)
        return -1;
    if (i->trust_store.store && !holds_anchor(i) &&
        mu_store_set_trusted(i->trust_store.store, anchor_alias(o), i->anchor, mu_now_ms(), err) != 0)
        return -1;
    if (save_target(&i->key_store, err) != 0 || save_target(&i->trust_store, err) != 0)
        return -1;
    if (o->certificate && (write_key(i, err) != 0 || mu_ca_write_sent(o->certificate, i->chain, err) != 0))
        return -1;
    return o->trust_certificate ? write_anchor(i, err) : 0;
}

static int issue(struct issuing *i, mu_err **err)
{
    const mu_ca_leaf_options *leaf = &i->o->leaf;
    if (mu_ca_leaf_begin(leaf, &i->ca, &i->request, err) != 0)
        return -1;
    i->request.alias = i->alias = leaf->alias ? leaf->alias : mu_profile_name(i->request.profile);
    if (!(i->anchor = mu_ca_find(i->ca, anchor_alias(i->o))))
        return fail_usage(err, "--trust-authority names no authority of this CA");
    if (open_targets(i, err) != 0 || (leaf->san && mu_san_parse(leaf->san, &i->names, err) != 0) || choose_subject(i, err) != 0 ||
        make_key(i, err) != 0)
        return -1;
    i->request.subject = i->subject;
    i->request.names = i->names;
    i->request.public_key = i->key;
    if (mu_ca_issue(i->ca, &i->request, &i->cert, err) != 0 ||
        mu_ca_chain(i->ca, i->request.issuer, i->cert, &i->chain, err) != 0)
        return -1;
    return write_outputs(i, err);
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
    tell_file(i->alias, "alias");
    tell_file(i->o->key_store, "key store");
    tell_file(i->o->trust_store, "trust store");
    tell_file(i->o->certificate, "certificate");
    tell_file(i->o->certificate_private_key, "private key");
    tell_file(i->o->trust_certificate, "trust");
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct issuing i = {.o = options};
    mu_err *err = NULL;
    (void)command;
    (void)args;

    int rc = check_options(i.o, &err);
    if (rc == 0 && (rc = issue(&i, &err)) == 0)
        tell(&i);
    target_done(&i.key_store);
    target_done(&i.trust_store);
    mu_secret_clear(&i.key_password);
    sk_X509_pop_free(i.chain, X509_free);
    X509_free(i.cert);
    EVP_PKEY_free(i.key);
    GENERAL_NAMES_free(i.names);
    X509_NAME_free(i.subject);
    mu_ca_close(i.ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

#define TEXT(name, field, arg, help) {name, 0, MU_OPT_TEXT, offsetof(struct issue_options, field), arg, help, 0, 0}
#define SECRET(name, field, help) {name, 0, MU_OPT_SECRET, offsetof(struct issue_options, field), "P", help, 0, 0}

static const mu_opt table[] = {
    MU_OPT_CA_LEAF(struct issue_options),
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
                   "PEM files; the certificate to trust goes into a second store if you want one. The stores are opened before "
                   "anything is issued.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct issue_options),
    .run = run,
};

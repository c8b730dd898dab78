/* mutual ca renew: the same certificate again, for longer. */
#include "base/clock.h"
#include "base/term.h"
#include "ca/service.h"
#include "cli/cli.h"
#include "commands/ca.h"

#include <stdlib.h>
#include <string.h>

struct renew_options {
    char *ca, *ca_password, *issuer, *alias, *key_algorithm;
    mu_ca_files_options files;
    long days, renew_within;
    bool reuse_key;
};

struct renewing {
    const struct renew_options *o;
    mu_ca *ca;
    mu_ca_outputs_spec spec;
    mu_ca_outputs *outputs;
    mu_ca_due due;
    X509 *old; /* owned: the outputs are opened twice */
    GENERAL_NAMES *names;
    mu_ca_wanted wanted;
    mu_ca_request request;
    X509 *cert;
};

struct by_alias {
    struct renewing *r;
    mu_err **err;
};

/* Of a certificate whose files are gone: what the ledger has under its alias. */
static int take_newest(void *arg, const mu_ledger_row *row)
{
    struct by_alias *b = arg;
    mu_ca_due *due = &b->r->due;
    const unsigned char *at = row->der;
    if (!at || !(b->r->old = d2i_X509(NULL, &at, (long)row->der_len)))
        return mu_fail_by(b->err, MU_E_USAGE, MU_BY_CALLER, "the newest certificate of that alias was never issued");
    return mu_profile_parse(row->profile, &due->profile, b->err);
}

static int find_old(struct renewing *r, mu_err **err)
{
    struct by_alias by_alias = {r, err};
    char shown[MU_SHOWN_SIZE];
    if (mu_ca_outputs_open(r->ca, &r->spec, false, &r->outputs, err) != 0 ||
        mu_ca_due_look(r->ca, NULL, r->outputs, &r->due, err) != 0)
        return -1;
    if (r->due.leaf)
        return X509_up_ref(r->due.leaf) ? (r->old = r->due.leaf, 0) : mu_fail_nomem(err);
    if (mu_ca_outputs_is_broken(r->outputs))
        return mu_fail(err, MU_E_KEY_CERT_MISMATCH, "certificate and private key there do not belong together");
    if (!r->spec.alias)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is no certificate to renew; --alias names one that lost its files");
    if (r->o->reuse_key)
        return mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "there is no key to use again");
    if (mu_ledger_each(mu_ca_ledger(r->ca), r->spec.alias, take_newest, &by_alias, err) != 0)
        return -1;
    return r->old ? 0
                  : mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no certificate with the alias \"%s\"",
                               mu_escape_to(shown, r->spec.alias));
}

static int fail_revoked(mu_err **err)
{
    mu_fail(err, MU_E_CERT_REVOKED, "it has been revoked, and is not renewed");
    return mu_err_hint(err, "If the reason has gone, make a new one with mutual ca issue, into other files.");
}

/* The same days as before, unless it was asked for others. */
static int days_of(const struct renewing *r)
{
    int64_t seconds = mu_cert_not_after_s(r->old) - mu_cert_not_before_s(r->old) - MU_CA_BACKDATE_S;
    int64_t days = (seconds + 86399) / 86400;
    return r->o->days ? (int)r->o->days : days < 1 ? 1 : (int)days;
}

/* What it was is what is wanted. */
static int describe(struct renewing *r, mu_err **err)
{
    if (r->due.profile < MU_PROFILE_SERVER)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this is an authority's certificate");
    r->names = X509_get_ext_d2i(r->old, NID_subject_alt_name, NULL, NULL);
    if (!r->spec.alias)
        r->spec.alias = r->due.alias;
    r->wanted = (mu_ca_wanted){.alias = r->spec.alias, .profile = r->due.profile, .subject = X509_get_subject_name(r->old),
                               .names = r->names, .issuer = r->o->issuer};
    r->request = (mu_ca_request){.profile = r->due.profile, .subject = r->wanted.subject, .names = r->names, .alias = r->spec.alias,
                                 .now_s = mu_now_s(), .days = days_of(r)};
    return r->o->key_algorithm ? mu_key_spec_parse(r->o->key_algorithm, &r->wanted.key, err)
                               : mu_ca_key_spec_of(r->old, &r->wanted.key, err);
}

/* @return 1 if --renew-within was given and it is not due */
static int decide(struct renewing *r, mu_err **err)
{
    int64_t within_s = (int64_t)r->o->renew_within * 86400;
    if (!r->o->renew_within || !r->due.leaf)
        return 0;
    if (mu_ca_due_decide(r->ca, &r->wanted, r->outputs, r->request.now_s, within_s, &r->due, err) != 0)
        return -1;
    return r->due.action != MU_CA_ISSUE;
}

static int make_key(struct renewing *r, mu_err **err)
{
    if (r->o->reuse_key)
        return mu_ca_outputs_key(r->outputs, &r->request.public_key, err);
    mu_progress_begin("making a key");
    int rc = mu_key_generate(NULL, &r->wanted.key, &r->request.public_key, err);
    mu_progress_end();
    return rc;
}

/* The key is made before the files are claimed; under the locks they must still hold what is renewed. */
static int claim(struct renewing *r, mu_err **err)
{
    bool had = r->due.leaf != NULL;
    X509 *leaf = NULL;
    mu_ca_outputs_free(r->outputs);
    r->outputs = NULL;
    r->due.leaf = NULL;
    if (mu_ca_outputs_open(r->ca, &r->spec, true, &r->outputs, err) != 0 || mu_ca_outputs_leaf(r->outputs, &leaf, err) != 0)
        return -1;
    return had == (leaf != NULL) && (!had || X509_cmp(leaf, r->old) == 0)
               ? 0
               : mu_fail(err, MU_E_STORE_CHANGED, "somebody else has renewed it meanwhile");
}

/* @return 0, 1 if it is not due, or -1 */
static int renew(struct renewing *r, mu_err **err)
{
    int rc;
    if (mu_ca_outputs_check(&r->spec, err) != 0 || mu_ca_command_open(r->o->ca, &r->ca, err) != 0 || find_old(r, err) != 0)
        return -1;
    if (r->due.revoked)
        return fail_revoked(err);
    if (describe(r, err) != 0 || (rc = decide(r, err)) < 0)
        return -1;
    if (rc == 1)
        return 1;
    if (mu_ca_choose_issuer(r->ca, r->o->issuer, r->request.profile, r->request.now_s, &r->request.issuer, err) != 0 ||
        mu_ca_command_unlock(r->ca, r->request.issuer, r->o->ca_password, NULL, err) != 0 || make_key(r, err) != 0 ||
        claim(r, err) != 0)
        return -1;
    return mu_ca_deliver(r->ca, &r->request, r->outputs, &r->cert, err);
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct renewing r = {.o = options};
    mu_err *err = NULL;
    (void)command;
    (void)args;

    r.spec = mu_ca_files_spec(&r.o->files, r.o->alias);
    int rc = renew(&r, &err);
    if (rc == 1)
        printf("not due: %s\n", r.due.why);
    else if (rc == 0) {
        mu_ca_leaf_tell(stdout, &r.request, r.cert);
        mu_ca_files_tell(&r.spec);
    }
    mu_ca_outputs_free(r.outputs);
    X509_free(r.cert);
    EVP_PKEY_free(r.request.public_key);
    GENERAL_NAMES_free(r.names);
    X509_free(r.old);
    mu_ca_due_done(&r.due);
    mu_ca_close(r.ca);
    return rc >= 0 ? 0 : mu_cli_fail(false, err);
}

#define ROW(name, kind, field, arg, help, min, max) {name, 0, kind, offsetof(struct renew_options, field), arg, help, min, max}

static const mu_opt table[] = {
    MU_OPT_CA_DIR(struct renew_options, ca),
    MU_OPT_CA_PASSWORD(struct renew_options, ca_password),
    ROW("alias", MU_OPT_TEXT, alias, "ALIAS", 
        "Which entry; without it the only key there. Also finds in the ledger what lost its files.", 0, 0),
    MU_OPT_CA_FILES(struct renew_options),
    ROW("reuse-key", MU_OPT_FLAG, reuse_key, NULL, "Certify the same key again; the default is a new one.", 0, 0),
    ROW("key-algorithm", MU_OPT_TEXT, key_algorithm, "ALG", "Of the new key; the default is that of the old one.", 0, 0),
    ROW("issuer", MU_OPT_TEXT, issuer, "NAME", "Which authority issues; the default is the newest that fits, else root.", 0, 0),
    ROW("days", MU_OPT_NUMBER, days, "N", "Days that it is valid; the default is as many as before.", 1, 36500),
    ROW("renew-within", MU_OPT_NUMBER, renew_within, "DAYS", "Only if it expires within so many days; the default is at once.",
        1, 36500),
    {0},
};

static const mu_example examples[] = {
    {"a server's stores", "mutual ca renew --key-store server.p12 --trust-store server-trust.p12"},
    {"from cron, in PEM", "mutual ca renew --certificate client.crt --certificate-private-key client.key --renew-within 30"},
    {0},
};

const mu_command mu_command_ca_renew = {
    .name = "ca renew",
    .summary = "issue the certificate in a store or PEM files again, for longer",
    .synopsis = "--key-store FILE [options]",
    .description = "Takes subject, names and profile from the certificate that the files hold, issues it with a new key and puts "
                   "both in place of the old ones, all files together.\n\n"
                   "A certificate that was revoked, or that another CA issued, is refused.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct renew_options),
    .run = run,
};

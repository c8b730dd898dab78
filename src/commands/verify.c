#include "base/clock.h"
#include "base/json.h"
#include "base/ossl.h"
#include "base/term.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "config/cert_files.h"
#include "report/cert_json.h"

#include <mutual/pki.h>
#include <stdlib.h>

struct options {
    char *trust_store, *trust_store_password, *key_store_password, *key_alias;
    mu_strlist trust, untrusted, crl;
    int purpose, rules;
    char *host, *ip, *email, *at, *max_depth, *policy;
    bool json;
};

#define AT(member) offsetof(struct options, member)
static const mu_opt options_table[] = {
    {"trust-store", 0, MU_OPT_TEXT, AT(trust_store), "FILE", "Certificates we trust: a store, or a PEM or DER file.", 0, 0},
    {"trust", 0, MU_OPT_LIST, AT(trust), "FILE", "The same. May be repeated.", 0, 0},
    {"trust-store-password", 0, MU_OPT_SECRET, AT(trust_store_password), "P",
     "Its password: " MU_OPT_PASSWORD_FORMS, 0, 0},
    {"untrusted", 0, MU_OPT_LIST, AT(untrusted), "FILE", "Certificates that may lie between. May be repeated.", 0, 0},
    {"key-store-password", 0, MU_OPT_SECRET, AT(key_store_password), "P",
     "Password of FILE and --untrusted, if they are stores.", 0, 0},
    {"key-alias", 0, MU_OPT_TEXT, AT(key_alias), "ALIAS",
     "Which entry of FILE, if it is a store; without it the first with a key.", 0, 0},
    {"purpose", 0, MU_OPT_CHOICE, AT(purpose), "any|server|client", "What the certificate is used for; the default is any.", 0, 0},
    {"host", 0, MU_OPT_TEXT, AT(host), "NAME", "Host name that its subjectAltName must match; the CN does not count.", 0, 0},
    {"ip", 0, MU_OPT_TEXT, AT(ip), "ADDR", "Address that its subjectAltName must hold.", 0, 0},
    {"email", 0, MU_OPT_TEXT, AT(email), "ADDR", "Mail address that its subjectAltName must hold.", 0, 0},
    {"at", 0, MU_OPT_TEXT, AT(at), "TIME",
     "Judge by this time (2026-11-23, 2026-11-23T16:10:00Z, seconds since 1970); the default is now.", 0, 0},
    {"crl", 0, MU_OPT_LIST, AT(crl), "FILE|DIR",
     "Check revocation by these CRLs; every level then needs a valid one. May be repeated.", 0, 0},
    {"max-depth", 0, MU_OPT_TEXT, AT(max_depth), "N", "CA certificates between leaf and anchor, at most; the default is 10.", 0, 0},
    {"policy", 0, MU_OPT_TEXT, AT(policy), "OID", "Certificate policy that the whole path must assert.", 0, 0},
    {"rules", 0, MU_OPT_CHOICE, AT(rules), "openssl|strict|jsse",
     "Whose rules: OpenSSL's (the default), RFC 5280 and the CA/Browser Forum's to the letter, or a JVM's.", 0, 0},
    MU_OPT_JSON(struct options),
    {0},
};

static const mu_example examples[] = {
    {"Would clients that trust the root accept this server?",
     "mutual verify server.crt intermediate.crt --trust root.crt --purpose server --host localhost"},
    {"Would a JVM with that trust store accept this client?",
     "mutual verify client.p12 --trust-store server-trust.p12 --purpose client --rules jsse"},
    {"And in half a year?", "mutual verify server.crt --trust root.crt --at 2027-05-01"},
    {NULL, NULL},
};

/* What is judged, and by what. */
struct input {
    STACK_OF(X509) *trusted, *certs; /* certs: the leaf, then what was given beside it */
    STACK_OF(X509_CRL) *crls;
    mu_verify_params params;
};

static int read_list(const mu_strlist *paths, const char *password, mu_cert_use use, STACK_OF(X509) *certs, mu_err **err)
{
    for (size_t i = 0; i < paths->count; i++)
        if (mu_cert_file_read(NULL, &(mu_cert_file){paths->items[i], password, NULL, use}, certs, err) != 0)
            return -1;
    return 0;
}

static int read_input(const struct options *o, const mu_strlist *files, struct input *in, mu_err **err)
{
    mu_strlist others = {files->items + 1, files->count - 1};
    mu_cert_file leaf = {files->items[0], o->key_store_password, o->key_alias, MU_CERTS_CHAIN};
    mu_cert_file trust = {o->trust_store, o->trust_store_password, NULL, MU_CERTS_TRUSTED};

    if ((o->trust_store && mu_cert_file_read(NULL, &trust, in->trusted, err) != 0) ||
        read_list(&o->trust, o->trust_store_password, MU_CERTS_TRUSTED, in->trusted, err) != 0 ||
        mu_cert_file_read(NULL, &leaf, in->certs, err) != 0 ||
        read_list(&others, o->key_store_password, MU_CERTS_ALL, in->certs, err) != 0 ||
        read_list(&o->untrusted, o->key_store_password, MU_CERTS_ALL, in->certs, err) != 0)
        return -1;
    for (size_t i = 0; i < o->crl.count; i++)
        if (mu_crl_files_read(NULL, o->crl.items[i], in->crls, err) != 0)
            return -1;
    return 0;
}

static int set_params(const struct options *o, struct input *in, mu_err **err)
{
    static const mu_purpose purposes[] = {MU_PURPOSE_ANY, MU_PURPOSE_SERVER, MU_PURPOSE_CLIENT};
    static const mu_rules rules[] = {MU_RULES_OPENSSL, MU_RULES_STRICT, MU_RULES_JSSE};
    long depth = -1;

    if (!o->trust_store && o->trust.count == 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "by whose trust? --trust-store FILE or --trust FILE is needed");
    if (o->max_depth && !mu_str_to_long(o->max_depth, 0, 255, &depth))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--max-depth takes a number from 0 to 255");
    in->params = (mu_verify_params){.trusted = in->trusted, .untrusted = in->certs, .crls = o->crl.count ? in->crls : NULL,
                                    .purpose = purposes[o->purpose], .rules = rules[o->rules], .host = o->host, .ip = o->ip,
                                    .email = o->email, .policy = o->policy, .at_s = mu_now_s(), .max_depth = (int)depth,
                                    .security_level = -1};
    return o->at ? mu_time_parse(o->at, &in->params.at_s, err) : 0;
}

/* ---- the answer ---- */

static json_t *chain_json(const STACK_OF(X509) *chain)
{
    json_t *list = json_array();
    for (int i = 0; i < sk_X509_num(chain); i++)
        json_array_append_new(list, mu_cert_json(sk_X509_value(chain, i)));
    return list;
}

static int print_json(const char *verdict, mu_code code, int depth, json_t *chain, const char *detail, const char *fix)
{
    json_t *value = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "verdict", verdict, "code", mu_code_name(code), "depth", depth,
                              "chain", chain, "detail", mu_json_text(detail), "fix", mu_json_text(fix));
    return mu_json_print(stdout, value, NULL);
}

/* The anchor on top, each certificate below its issuer. */
static void print_chain(const mu_chain_verdict *verdict)
{
    int count = sk_X509_num(verdict->chain);
    for (int depth = count - 1; depth >= 0; depth--) {
        const X509 *cert = sk_X509_value(verdict->chain, depth);
        char *subject = mu_name_text(X509_get_subject_name(cert)), *names = depth == 0 ? mu_cert_san_text(cert) : NULL, until[32];
        bool bad = depth == verdict->depth;
        printf("  %*s%s%s%s%s  until %.10s%s%s%s%s\n", 2 * (count - 1 - depth), "", depth == count - 1 ? "" : "`- ",
               bad ? mu_style_on(stdout, MU_STYLE_BAD) : "", subject && *subject ? subject : "(no subject)",
               bad ? mu_style_off(stdout) : "",
               mu_time_text(mu_cert_not_after_s(cert), until), names && *names ? "  " : "", names ? names : "",
               verdict->code == MU_OK && depth == count - 1 ? "  (trusted)" : "", bad ? "  <- refused" : "");
        free(subject);
        free(names);
    }
}

static const char *what_of(mu_purpose purpose)
{
    static const char *const names[] = {"certificate", "server certificate", "client certificate"};
    return names[purpose];
}

static int answer(const struct options *o, const struct input *in, const mu_chain_verdict *verdict)
{
    const char *whom = in->params.rules == MU_RULES_JSSE ? " by a JVM" : "";
    mu_err *err = NULL;

    if (o->json) {
        print_json(verdict->code == MU_OK ? "ok" : "refused", verdict->code, verdict->depth, chain_json(verdict->chain),
                   verdict->detail, verdict->code == MU_OK ? NULL : verdict->hint ? verdict->hint : mu_code_fix(verdict->code));
    } else if (verdict->code == MU_OK) {
        printf("%s%s accepted%s%s%s [ok]\n", mu_style_on(stdout, MU_STYLE_GOOD), what_of(in->params.purpose), whom,
               verdict->pinned ? ": it is trusted itself" : "", mu_style_off(stdout));
        print_chain(verdict);
    } else {
        mu_fail(&err, verdict->code, "%s refused%s: %s", what_of(in->params.purpose), whom, mu_code_meaning(verdict->code));
        mu_err_detail(&err, "%s", verdict->detail);
        if (verdict->hint)
            mu_err_hint(&err, "%s", verdict->hint);
        mu_err_print(stdout, err);
        print_chain(verdict);
        mu_err_free(err);
    }
    return verdict->code == MU_OK ? 0 : 4;
}

/* A file that cannot be read is a verdict too; wrong options are not. */
static int fail(const struct options *o, mu_err *err)
{
    mu_cli_blame_memory(&err);
    int status = mu_code_exit_status(err->code);
    if (!o->json || status != 3)
        return mu_cli_fail(o->json, err);
    const mu_err *root = mu_err_root(err);
    char *detail = mu_asprintf("%s%s%s%s%s", err->msg, root != err ? ": " : "", root != err ? root->msg : "",
                               root->detail ? ", " : "", root->detail ? root->detail : "");
    print_json("unreadable", err->code, -1, json_array(), detail, err->hint ? err->hint : mu_code_fix(err->code));
    free(detail);
    mu_err_free(err);
    return status;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    const struct options *o = options;
    struct input in = {.trusted = sk_X509_new_null(), .certs = sk_X509_new_null(), .crls = sk_X509_CRL_new_null()};
    mu_chain_verdict verdict = {0};
    mu_err *err = NULL;
    int status;
    (void)command;

    if (!in.trusted || !in.certs || !in.crls)
        mu_fail_nomem(&err);
    else if (set_params(o, &in, &err) == 0 && read_input(o, args, &in, &err) == 0)
        mu_chain_verify(sk_X509_value(in.certs, 0), &in.params, &verdict, &err);
    if (!err && verdict.code != MU_OK && mu_cli_memory_ran_out())
        mu_fail_nomem(&err); /* refused for want of memory, perhaps: that says nothing about the certificate */
    status = err ? fail(o, err) : answer(o, &in, &verdict);
    mu_chain_verdict_done(&verdict);
    sk_X509_pop_free(in.trusted, X509_free);
    sk_X509_pop_free(in.certs, X509_free);
    sk_X509_CRL_pop_free(in.crls, X509_CRL_free);
    return status;
}

const mu_command mu_command_verify = {
    .name = "verify",
    .summary = "would this certificate be accepted?",
    .synopsis = "FILE… --trust-store FILE [options]",
    .description =
        "Judges a certificate without a connection. The first certificate of the first FILE (PEM, DER, PKCS#7) is the one that is "
        "judged; the rest of that file, the other FILEs and --untrusted are what may lie between it and a trusted certificate, in "
        "any order. If FILE is a key store, its key entry's chain is judged.\n\n"
        "A certificate in the trust store that is no CA is a pin: it is accepted itself, within its dates and for its purpose, and "
        "vouches for no other. An intermediate CA in the trust store is an anchor like any root. An expired root is "
        "refused, except under --rules jsse, since the JDK does not look.\n\n"
        "Exit status: 0 accepted, 4 refused, 3 a file cannot be read, 2 wrong options.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(struct options),
    .min_args = 1,
    .max_args = -1,
    .run = run,
};

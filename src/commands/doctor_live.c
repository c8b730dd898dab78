/* `mutual doctor --url`: options to a look at a live server. */
#include "commands/doctor_live.h"

#include "base/ossl.h"
#include "client/url.h"
#include "config/default_trust.h"
#include "diag/live.h"
#include "report/ladder.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000
#define MAX_TIME_MS 20000
#define MAX_CONNECTIONS 12

struct look {
    const mu_doctor_options *options;
    const mu_store_settings *stores;
    OSSL_LIB_CTX *libctx;
    mu_identity *identity;
    mu_trust *trust, *default_trust;
    mu_url url;
    mu_buf words, url_word; /* the stores as the user named them, and the URL, for a shell */
};

static int parse(const char *text, mu_url *ret, mu_err **err)
{
    char *whole = strstr(text, "://") ? mu_strdup(text) : mu_asprintf("https://%s", text);
    int rc = whole ? mu_url_parse(whole, ret, err) : mu_fail_nomem(err);
    free(whole);
    return rc;
}

/* A name as DNS has it, or an address. Whatever else would be sent, no server has it. */
static int check_sni(const char *name, mu_err **err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";
    char shown[MU_SHOWN_SIZE];
    size_t len = name ? strlen(name) : 1;
    if (!name || (len > 0 && len <= 253 && strspn(name, allowed) == len && *name != '.' && !strstr(name, "..")))
        return 0;
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--sni \"%s\" is no host name", mu_escape_to(shown, name));
    return mu_err_hint(err, "A name with other letters is given in its ASCII form, xn--….");
}

/* --key-store and its relatives, or else --client-key-store and its own. */
static const mu_store_settings *settings_of(const mu_doctor_options *options)
{
    const mu_store_settings *s = &options->stores;
    return s->key_store || s->certificate || s->trust_store || s->trust_certificate ? s : &options->client;
}

/* Passwords are left out: they are asked for again. */
static void write_stores(struct look *l)
{
    const mu_store_settings *s = l->stores;
    const char *const words[][2] = {
        {"--key-store", s->key_store},     {"--key-alias", s->key_alias},
        {"--certificate", s->certificate}, {"--certificate-private-key", s->certificate_private_key},
        {"--trust-store", s->trust_store}, {"--trust-certificate", s->trust_certificate},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i][1]) {
            mu_buf_addf(&l->words, " %s ", words[i][0]);
            mu_shell_word(&l->words, words[i][1]);
        }
}

/* A store that cannot be used is a finding, and the server is looked at without it. @return -1 if it is a mistake of usage */
static int store_failed(mu_findings *findings, mu_err *reason, mu_err **err)
{
    if (reason->code == MU_E_USAGE || reason->code == MU_E_OUT_OF_MEMORY)
        return mu_err_pass(err, reason);
    const mu_err *root = mu_err_root(reason);
    mu_finding *f = mu_findings_add(findings, mu_findings_failure(findings), root->code, MU_AT_CLIENT, 0.99);
    mu_finding_evidence(findings, f, "%s%s%s", root->msg, root->detail ? ": " : "", root->detail ? root->detail : "");
    if (root->hint)
        mu_finding_fix(findings, f, "%s", root->hint);
    mu_err_free(reason);
    return 0;
}

static int load_stores(struct look *l, int64_t at_s, mu_findings *findings, mu_err **err)
{
    const mu_store_settings *s = l->stores;
    mu_strlist warnings = {0};
    mu_err *reason = NULL;
    int rc = 0;

    if (mu_settings_identity(l->libctx, s, MU_PURPOSE_CLIENT, at_s, &warnings, &l->identity, &reason) != 0)
        rc = store_failed(findings, reason, err);
    reason = NULL;
    if (rc == 0 && mu_settings_trust(l->libctx, s, &warnings, &l->trust, &reason) != 0)
        rc = store_failed(findings, reason, err);
    for (size_t i = 0; i < warnings.count; i++)
        mu_findings_note(findings, "%s", warnings.items[i]);
    mu_strlist_free(&warnings);
    return rc;
}

/* Read when it is wanted: it is large. */
static const mu_trust *default_trust(void *arg)
{
    struct look *l = arg;
    if (!l->default_trust)
        (void)mu_default_trust(l->libctx, NULL, &l->default_trust, NULL);
    return l->default_trust;
}

static int look(struct look *l, int64_t at_s, mu_findings *findings, mu_err **err)
{
    const mu_doctor_options *o = l->options;
    int level = o->trace;
    const mu_live_options options = {
        .libctx = l->libctx,
        .host = l->url.host,
        .target = l->url.target,
        .authority = l->url.authority,
        .port = l->url.port,
        .name = o->sni ? o->sni : l->url.host,
        .resolve = &o->resolve,
        .at_s = at_s,
        .connect_timeout_ms = o->connect_timeout_s > 0 ? o->connect_timeout_s * 1000 : CONNECT_TIMEOUT_MS,
        .max_time_ms = o->max_time_s > 0 ? o->max_time_s * 1000 : MAX_TIME_MS,
        .max_connections = MAX_CONNECTIONS,
        .identity = l->identity,
        .identity_unusable = !l->identity && (l->stores->key_store || l->stores->certificate),
        .trust = l->trust,
        .default_trust = default_trust,
        .arg = l,
        .url = mu_buf_text(&l->url_word),
        .stores = mu_buf_text(&l->words),
        .trust_file = l->stores->trust_store ? l->stores->trust_store : l->stores->trust_certificate,
        .trust_is_pem = !l->stores->trust_store,
        .on_trace = o->trace ? mu_ladder_print : NULL,
        .on_trace_arg = &level,
    };
    mu_live live;
    int rc = mu_live_probe(&options, &live, err);
    if (rc == 0)
        rc = mu_live_judge(&live, findings, err);
    mu_live_done(&live);
    return rc;
}

int mu_doctor_live(const mu_doctor_options *options, int64_t at_s, mu_findings *findings, mu_err **err)
{
    struct look l = {.options = options, .stores = settings_of(options)};
    int rc = -1;

    mu_buf_init(&l.words, MU_BUF_TEXT_MAX);
    mu_buf_init(&l.url_word, MU_BUF_TEXT_MAX);
    mu_shell_word(&l.url_word, options->url);
    write_stores(&l);
    if (check_sni(options->sni, err) == 0 && parse(options->url, &l.url, err) == 0 &&
        mu_dial_check_resolve(&options->resolve, err) == 0 && mu_ossl_ctx_new(&l.libctx, err) == 0 && load_stores(&l, at_s, findings, err) == 0)
        rc = look(&l, at_s, findings, err);
    mu_trust_free(l.default_trust);
    mu_trust_free(l.trust);
    mu_identity_free(l.identity);
    OSSL_LIB_CTX_free(l.libctx);
    mu_url_done(&l.url);
    mu_buf_free(&l.words);
    mu_buf_free(&l.url_word);
    return rc;
}

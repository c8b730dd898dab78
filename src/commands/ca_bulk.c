/* mutual ca issue --from: what is missing or due, for many services. */
#include "base/clock.h"
#include "base/json.h"
#include "base/term.h"
#include "ca/services.h"
#include "cli/cli.h"
#include "commands/ca_bulk.h"
#include "config/password.h"

#include <stdlib.h>
#include <string.h>

struct bulk {
    const mu_ca_bulk_options *o;
    mu_ca *ca;
    mu_secret ca_password; /* asked for once, when the first authority must be unlocked */
    int64_t now_s, renew_within_s;
    json_t *json; /* array; NULL: print */
    int counts[4];
    int status;
    bool fatal; /* the CA's passphrase is wrong: the next service would say the same */
};

enum { FAILED = MU_CA_ISSUE + 1 };

/* What came of one service. */
struct outcome {
    mu_ca_due due;
    X509 *cert; /* the one that its files hold now; NULL: none yet */
};

static int unlock(struct bulk *b, const char *issuer, mu_err **err)
{
    bool locked;
    if (mu_ca_is_locked(b->ca, issuer, &locked, err) != 0)
        return -1;
    if ((locked && !b->ca_password.value && mu_password_resolve(b->o->ca_password, "the CA key", &b->ca_password, err) != 0) ||
        mu_ca_unlock(b->ca, issuer, b->ca_password.value, err) != 0) {
        b->fatal = locked;
        return -1;
    }
    return 0;
}

static int look(struct bulk *b, const mu_ca_service *s, bool claim, mu_ca_outputs **ret_outputs, mu_ca_due *due, mu_err **err)
{
    return mu_ca_outputs_open(b->ca, &s->outputs, claim, ret_outputs, err) != 0 ||
                   mu_ca_due_look(b->ca, s->alias, *ret_outputs, due, err) != 0 ||
                   mu_ca_due_decide(b->ca, &s->wanted, *ret_outputs, b->now_s, b->renew_within_s, due, err) != 0
               ? -1
               : 0;
}

static int restore(struct bulk *b, mu_ca_outputs *outputs, const mu_ca_due *due, mu_err **err)
{
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = NULL;
    int rc = -1;
    if (mu_ca_chain(b->ca, due->leaf, &chain, err) == 0 && mu_ca_outputs_key(outputs, &key, err) == 0)
        rc = mu_ca_redeliver(outputs, key, chain, b->now_s, err);
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

/* Under the locks everything is looked at once more: another process may have done it meanwhile. */
static int act(struct bulk *b, const mu_ca_service *s, mu_ca_request *request, struct outcome *out, mu_err **err)
{
    mu_ca_outputs *outputs = NULL;
    mu_ca_due_done(&out->due);
    int rc = look(b, s, true, &outputs, &out->due, err);
    if (rc == 0 && out->due.action == MU_CA_ISSUE && request->public_key)
        rc = mu_ca_deliver(b->ca, request, outputs, &out->cert, err);
    else if (rc == 0 && out->due.action == MU_CA_RESTORE)
        rc = restore(b, outputs, &out->due, err);
    if (rc == 0 && !out->cert && X509_up_ref(out->due.leaf))
        out->cert = out->due.leaf;
    mu_ca_outputs_free(outputs);
    return rc;
}

/* The key is made before the files are claimed, so that nobody waits for it. */
static int prepare(struct bulk *b, const mu_ca_service *s, mu_ca_request *request, mu_err **err)
{
    *request = (mu_ca_request){.profile = s->wanted.profile, .subject = s->subject, .names = s->names, .alias = s->alias,
                               .now_s = b->now_s, .days = s->days};
    if (mu_ca_choose_issuer(b->ca, s->wanted.issuer, s->wanted.profile, b->now_s, &request->issuer, err) != 0)
        return -1;
    if (b->o->dry_run)
        return 0;
    return unlock(b, request->issuer, err) != 0 ? -1 : mu_key_generate(NULL, &s->wanted.key, &request->public_key, err);
}

static int do_service(struct bulk *b, const mu_ca_service *s, struct outcome *out, mu_err **err)
{
    mu_ca_outputs *outputs = NULL;
    mu_ca_request request = {0};
    int rc = look(b, s, false, &outputs, &out->due, err);
    if (rc == 0 && out->due.leaf && X509_up_ref(out->due.leaf))
        out->cert = out->due.leaf;
    mu_ca_outputs_free(outputs);
    if (rc == 0 && out->due.action == MU_CA_ISSUE)
        rc = prepare(b, s, &request, err);
    if (rc == 0 && out->due.action != MU_CA_KEEP && !b->o->dry_run) {
        X509_free(out->cert);
        out->cert = NULL;
        rc = act(b, s, &request, out, err);
    }
    EVP_PKEY_free(request.public_key);
    return rc;
}

/* ---- telling ---- */

static const char *const words[] = {[MU_CA_KEEP] = "keep", [MU_CA_RESTORE] = "restore", [MU_CA_ISSUE] = "issue", [FAILED] = "fail"};
static const char *const done[] = {[MU_CA_KEEP] = "kept", [MU_CA_RESTORE] = "restored", [MU_CA_ISSUE] = "issued"};

static json_t *outcome_json(const mu_ca_service *s, int what, const struct outcome *out, const mu_err *err)
{
    char until[32];
    char *serial = out->cert ? mu_cert_serial(out->cert) : NULL;
    json_t *json = json_pack("{s:s, s:i, s:s}", "alias", s->alias, "line", (int)s->line, "action", words[what]);
    if (err)
        json_object_set_new(json, "error", mu_json_error(err));
    else
        json_object_set_new(json, "why", mu_json_text(out->due.why));
    if (out->cert) {
        json_object_set_new(json, "serial", mu_json_text(serial));
        json_object_set_new(json, "notAfter", json_string(mu_time_text(mu_cert_not_after_s(out->cert), until)));
    }
    free(serial);
    return json;
}

static void print_outcome(const struct bulk *b, const mu_ca_service *s, int what, const struct outcome *out, const mu_err *err)
{
    char until[32];
    if (err)
        mu_err_print(stderr, err);
    else if (what != MU_CA_KEEP && b->o->dry_run)
        printf("would %s %s: %s\n", words[what], s->alias, out->due.why);
    else if (what != MU_CA_KEEP)
        printf("%s %s: %s; valid until %s\n", done[what], s->alias, out->due.why,
               mu_time_text(mu_cert_not_after_s(out->cert), until));
}

static void tell(struct bulk *b, const mu_ca_service *s, struct outcome *out, mu_err *err)
{
    int what = err ? FAILED : (int)out->due.action;
    char shown[MU_SHOWN_SIZE];
    if (err) {
        mu_cli_blame_memory(&err);
        mu_wrap(&err, err->code, "%s:%zu: service \"%s\" failed", mu_escape_to(shown, b->o->from), s->line, s->alias);
    }
    b->counts[what]++;
    if (err && b->status == 0)
        b->status = mu_code_exit_status(err->code);
    if (b->json)
        json_array_append_new(b->json, outcome_json(s, what, out, err));
    else
        print_outcome(b, s, what, out, err);
    X509_free(out->cert);
    mu_ca_due_done(&out->due);
    mu_err_free(err);
}

static void sum_up(struct bulk *b, size_t count)
{
    const int *n = b->counts;
    int left = (int)count - n[0] - n[1] - n[2] - n[3];
    if (b->json)
        mu_json_print(stdout, json_pack("{s:O, s:b, s:i, s:i, s:i, s:i, s:i}", "services", b->json, "dryRun", b->o->dry_run,
                                        "issued", n[MU_CA_ISSUE], "restored", n[MU_CA_RESTORE], "kept", n[MU_CA_KEEP], "failed",
                                        n[FAILED], "notTried", left), NULL);
    else if (b->o->dry_run)
        printf("%d to issue, %d to restore, %d to keep, %d failed\n", n[MU_CA_ISSUE], n[MU_CA_RESTORE], n[MU_CA_KEEP], n[FAILED]);
    else
        printf("%d issued, %d restored, %d kept, %d failed%s\n", n[MU_CA_ISSUE], n[MU_CA_RESTORE], n[MU_CA_KEEP], n[FAILED],
               left ? ", the rest was not tried" : "");
}

int mu_ca_bulk_run(const mu_ca_bulk_options *o)
{
    struct bulk b = {.o = o, .now_s = mu_now_s(), .renew_within_s = o->renew_within ? (int64_t)o->renew_within * 86400 : -1};
    mu_ca_services services = {0};
    mu_err *err = NULL;

    int rc = mu_ca_services_load(o->from, &services, &err);
    if (rc == 0)
        rc = mu_ca_command_open(o->ca, &b.ca, &err);
    if (rc == 0 && o->json)
        b.json = json_array();
    for (size_t i = 0; rc == 0 && i < services.count && !b.fatal; i++) {
        struct outcome out = {0};
        mu_err *failed = NULL;
        do_service(&b, &services.items[i], &out, &failed);
        tell(&b, &services.items[i], &out, failed);
    }
    if (rc == 0)
        sum_up(&b, services.count);
    json_decref(b.json);
    mu_ca_services_done(&services);
    mu_secret_clear(&b.ca_password);
    mu_ca_close(b.ca);
    return rc == 0 ? b.status : mu_cli_fail(o->json, err);
}

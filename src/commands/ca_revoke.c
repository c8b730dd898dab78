/* mutual ca revoke */
#include "base/clock.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/cert_files.h"

#include <stdlib.h>
#include <string.h>

struct revoke_options {
    char *ca, *serial, *alias, *issuer, *reason;
};

/* The certificates that the options mean; more than one is too many. */
struct matches {
    int64_t now_s;
    int count;
    char *issuer, *serial, *subject;
    mu_buf several;
    mu_err **err;
};

static int match(void *arg, const mu_ledger_row *row)
{
    struct matches *m = arg;
    m->count++;
    mu_buf_addf(&m->several, "%s%s of %s", m->count > 1 ? ", " : "", row->serial, row->issuer);
    free(m->issuer);
    free(m->serial);
    free(m->subject);
    m->issuer = mu_strdup(row->issuer);
    m->serial = mu_strdup(row->serial);
    m->subject = mu_strdup(row->subject);
    return m->issuer && m->serial && m->subject ? 0 : mu_fail_nomem(m->err);
}

/* An alias outlives its certificates: what has expired or is revoked for good is not meant, unless it is all there is. */
static int match_live(void *arg, const mu_ledger_row *row)
{
    const struct matches *m = arg;
    bool live = (strcmp(row->state, "issued") == 0 || strcmp(row->state, "imported") == 0) && row->not_after_s >= m->now_s &&
                (!row->revoked_s || row->reason == 6 /* certificateHold */);
    return live ? match(arg, row) : 0;
}

static int find_rows(mu_ca *ca, const struct revoke_options *o, struct matches *m, mu_err **err)
{
    const mu_ledger_filter filter = {.serial = o->serial, .alias = o->alias, .issuer = o->issuer};
    if (mu_ledger_each_of(mu_ca_ledger(ca), &filter, o->alias ? match_live : match, m, err) != 0)
        return -1;
    if (m->count == 0 && o->alias) {
        if (mu_ledger_each(mu_ca_ledger(ca), o->alias, match, m, err) != 0)
            return -1;
    }
    if (m->count == 1)
        return 0;
    if (m->count == 0) {
        mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no such certificate");
        return mu_err_hint(err, "mutual ca list shows all.");
    }
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "that means several certificates");
    mu_err_detail(err, "%s", mu_buf_text(&m->several));
    return mu_err_hint(err, "Name one with --serial; --issuer tells equal serials apart.");
}

static int find_file(mu_ca *ca, const char *path, struct matches *m, mu_err **err)
{
    const mu_cert_file file = {.path = path, .use = MU_CERTS_CHAIN};
    STACK_OF(X509) *certs = sk_X509_new_null();
    const char *issuer;
    int rc = certs ? mu_cert_file_read(NULL, &file, certs, err) : mu_fail_nomem(err);
    X509 *cert = sk_X509_value(certs, 0);
    char *serial = rc == 0 ? mu_cert_serial(cert) : NULL, *subject = rc == 0 ? mu_name_text(X509_get_subject_name(cert)) : NULL;

    if (rc == 0 && (rc = mu_ca_adopt(ca, cert, &issuer, err)) == 0) {
        const mu_ledger_row row = {.issuer = issuer, .serial = serial, .subject = subject};
        rc = serial && subject ? match(m, &row) : mu_fail_nomem(err);
    }
    free(serial);
    free(subject);
    sk_X509_pop_free(certs, X509_free);
    return rc;
}

static void tell(const struct matches *m, int reason, int64_t since_s)
{
    char when[32];
    if (strcmp(mu_crl_reason_name(reason), "removeFromCRL") == 0)
        printf("no longer revoked: %s\n", m->subject);
    else
        printf("revoked: %s\n  reason       %s\n  since        %s\n", m->subject, mu_crl_reason_name(reason),
               mu_time_text(since_s, when));
    printf("  serial       %s\n  issuer       %s\n", m->serial, m->issuer);
    printf("Nobody hears of it before the next list: mutual ca crl %s\n", m->issuer);
}

static int revoke(const struct revoke_options *o, const char *file, mu_err **err)
{
    struct matches m = {.now_s = mu_now_s(), .err = err};
    mu_ca *ca = NULL;
    int reason = 0;
    int64_t since_s;

    if ((file != NULL) + (o->serial != NULL) + (o->alias != NULL) != 1)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "say which certificate: one of --serial, --alias and a FILE");
    if ((o->reason && mu_crl_reason_parse(o->reason, &reason, err) != 0) || mu_ca_command_open(o->ca, &ca, err) != 0)
        return -1;
    mu_buf_init(&m.several, MU_SHOWN_SIZE * 16);
    int rc = file ? find_file(ca, file, &m, err) : find_rows(ca, o, &m, err);
    if (rc == 0 && (rc = mu_ca_revoke(ca, m.issuer, m.serial, reason, m.now_s, &since_s, err)) == 0)
        tell(&m, reason, since_s);
    mu_ca_close(ca);
    mu_buf_free(&m.several);
    free(m.issuer);
    free(m.serial);
    free(m.subject);
    return rc;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    mu_err *err = NULL;
    (void)command;
    return revoke(options, args->count ? args->items[0] : NULL, &err) == 0 ? 0 : mu_cli_fail(false, err);
}

static const mu_opt table[] = {
    MU_OPT_CA_DIR(struct revoke_options, ca),
    {"serial", 0, MU_OPT_TEXT, offsetof(struct revoke_options, serial), "SERIAL", "The certificate with that serial number.", 0, 0},
    {"alias", 0, MU_OPT_TEXT, offsetof(struct revoke_options, alias), "ALIAS",
     "The one valid certificate with that alias; an authority's is its name.", 0, 0},
    {"issuer", 0, MU_OPT_TEXT, offsetof(struct revoke_options, issuer), "NAME", "The one that this authority issued.", 0, 0},
    {"reason", 0, MU_OPT_TEXT, offsetof(struct revoke_options, reason), "REASON",
     "unspecified (the default), keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
     "certificateHold, removeFromCRL (ends a hold), privilegeWithdrawn or aACompromise.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"a key that got lost", "mutual ca revoke --alias build-7 --reason keyCompromise && mutual ca crl"},
    {"a certificate that somebody sent", "mutual ca revoke --reason superseded old.crt"},
    {0},
};

const mu_command mu_command_ca_revoke = {
    .name = "ca revoke",
    .summary = "revoke a certificate or an intermediate",
    .synopsis = "[FILE] [options]",
    .description = "Notes in the ledger that a certificate must no longer be accepted; mutual ca crl then tells the world. Needs no "
                   "key. Revoking the same again changes nothing. A hold can end or become final; every other revocation is final.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct revoke_options),
    .max_args = 1,
    .run = run,
};

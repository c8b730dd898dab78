/* mutual ca list, mutual ca show: what the ledger holds. */
#include "base/clock.h"
#include "base/json.h"
#include "base/term.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "pki/print.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>

struct list_options {
    char *ca;
    bool json, reserved;
};

struct show_options {
    char *ca;
    bool json, pem;
};

struct walk {
    int64_t now_s;
    json_t *json; /* an array; NULL: print lines */
    const struct show_options *show;
    int found;
    mu_err **err;
};

static const char *state_of(const mu_ledger_row *row, int64_t now_s)
{
    if (row->revoked_s)
        return row->reason == 6 /* certificateHold */ ? "on hold" : "revoked";
    return row->not_after_s < now_s && (row->der || strcmp(row->state, "imported") == 0) ? "expired" : row->state;
}

/* subject and names are escaped in the ledger; the alias is not. */
static json_t *row_json(const mu_ledger_row *row, int64_t now_s)
{
    char from[32], to[32], reserved[32], revoked[32];
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s?, s:s, s:s, s:s?, s:s?}", "serial", row->serial, "state", state_of(row, now_s),
                     "profile", row->profile, "issuer", row->issuer, "alias", mu_json_text(row->alias), "subject", row->subject,
                     "names", row->names, "notBefore", row->not_before_s ? mu_time_text(row->not_before_s, from) : NULL, "notAfter",
                     mu_time_text(row->not_after_s, to), "reservedAt", mu_time_text(row->reserved_s, reserved),
                     "revokedAt", row->revoked_s ? mu_time_text(row->revoked_s, revoked) : NULL, "reason",
                     row->revoked_s ? mu_crl_reason_name(row->reason) : NULL);
}

static int list_row(void *arg, const mu_ledger_row *row)
{
    struct walk *walk = arg;
    char until[32];
    walk->found++;
    if (walk->json)
        return json_array_append_new(walk->json, row_json(row, walk->now_s)) == 0 ? 0 : mu_fail_nomem(walk->err);
    char alias[MU_SHOWN_SIZE];
    printf("%-32s  %-9s  %-19s  %-12s  %.10s  %-12s  %s%s%s\n", row->serial, state_of(row, walk->now_s), row->profile, row->issuer,
           mu_time_text(row->not_after_s, until), mu_escape_to(alias, row->alias ? row->alias : "-"), row->subject,
           *row->names ? "  " : "", row->names);
    return 0;
}

static int run_list(const mu_command *command, void *options, const mu_strlist *args)
{
    const struct list_options *o = options;
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    struct walk walk = {.now_s = mu_now_s(), .json = o->json ? json_array() : NULL, .err = &err};
    (void)command;
    (void)args;

    int rc = mu_ca_command_open(o->ca, &ca, &err);
    if (rc == 0 && !o->json)
        printf("%s%-32s  %-9s  %-19s  %-12s  %-10s  %-12s  %s%s\n", mu_style_on(stdout, MU_STYLE_BOLD), "SERIAL", "STATE",
               "PROFILE", "ISSUER", "EXPIRES", "ALIAS", "SUBJECT, NAMES", mu_style_off(stdout));
    const mu_ledger_filter filter = {.unconfirmed = o->reserved};
    if (rc == 0)
        rc = mu_ledger_each_of(mu_ca_ledger(ca), &filter, list_row, &walk, &err);
    if (rc == 0 && o->json)
        rc = mu_json_print(stdout, json_pack("{s:O}", "certificates", walk.json), &err);
    json_decref(walk.json);
    mu_ca_close(ca);
    return rc == 0 ? 0 : mu_cli_fail(o->json, err);
}

static int print_pem(X509 *cert, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_cert_pem(cert, &pem, err);
    if (rc == 0)
        fputs(pem, stdout);
    OPENSSL_free(pem);
    return rc;
}

static void print_row(const mu_ledger_row *row, int64_t now_s)
{
    char alias[MU_SHOWN_SIZE], when[32];
    printf("state        %s\nprofile      %s\nissued by    %s\nalias        %s\nreserved     %s\n", state_of(row, now_s),
           row->profile, row->issuer, mu_escape_to(alias, row->alias ? row->alias : "-"), mu_time_text(row->reserved_s, when));
    if (row->revoked_s)
        printf("revoked      %s, %s\n", mu_time_text(row->revoked_s, when), mu_crl_reason_name(row->reason));
}

static void print_without_cert(const mu_ledger_row *row)
{
    char from[32], to[32];
    printf("subject      %s\nserial       %s\nnames        %s\nvalid        %s to %s\n", row->subject, row->serial, row->names,
           row->not_before_s ? mu_time_text(row->not_before_s, from) : "?", mu_time_text(row->not_after_s, to));
    puts(strcmp(row->state, "imported") == 0 ? "The certificate is not here: it came with another product's index."
                                             : "The certificate was never confirmed: it may have been signed, but was not handed out.");
}

static int show_cert(const struct walk *walk, const mu_ledger_row *row, X509 *cert)
{
    mu_buf text;
    if (walk->show->pem)
        return print_pem(cert, walk->err);
    print_row(row, walk->now_s);
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    mu_cert_print(&text, cert, walk->now_s, 0);
    fputs(mu_buf_text(&text), stdout);
    mu_buf_free(&text);
    return 0;
}

static int show_row(void *arg, const mu_ledger_row *row)
{
    struct walk *walk = arg;
    const unsigned char *at = row->der;
    int rc = 0;

    walk->found++;
    if (walk->show->json)
        return mu_json_print(stdout, row_json(row, walk->now_s), walk->err);
    if (!row->der && walk->show->pem)
        return mu_fail(walk->err, MU_E_STORE_DAMAGED, "the certificate with serial %s is not here", row->serial);
    if (!row->der) {
        print_row(row, walk->now_s);
        print_without_cert(row);
        return 0;
    }
    X509 *cert = d2i_X509(NULL, &at, (long)row->der_len);
    rc = cert ? show_cert(walk, row, cert) : mu_fail_ossl(walk->err, MU_E_STORE_DAMAGED, "the ledger has a damaged certificate");
    X509_free(cert);
    return rc;
}

static int run_show(const mu_command *command, void *options, const mu_strlist *args)
{
    const struct show_options *o = options;
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    struct walk walk = {.now_s = mu_now_s(), .show = o, .err = &err};
    (void)command;

    int rc = mu_ca_command_open(o->ca, &ca, &err);
    if (rc == 0)
        rc = mu_ledger_each(mu_ca_ledger(ca), args->items[0], show_row, &walk, &err);
    mu_ca_close(ca);
    if (rc == 0 && walk.found == 0) {
        char shown[MU_SHOWN_SIZE];
        mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "this CA has no certificate with serial or alias \"%s\"",
                   mu_escape_to(shown, args->items[0]));
        mu_err_hint(&err, "mutual ca list shows all.");
        rc = -1;
    }
    return rc == 0 ? 0 : mu_cli_fail(o->json, err);
}

static const mu_opt list_table[] = {
    MU_OPT_CA_DIR(struct list_options, ca),
    {"reserved", 0, MU_OPT_FLAG, offsetof(struct list_options, reserved), NULL, "Only what was never confirmed.", 0, 0},
    MU_OPT_JSON(struct list_options),
    {0},
};

const mu_command mu_command_ca_list = {
    .name = "ca list",
    .summary = "every certificate this CA signed or was about to sign",
    .synopsis = "[options]",
    .description = "A row is \"reserved\" before its certificate is signed and \"issued\" once it is stored. If the process in "
                   "between has died, the next command finds that out and the row becomes \"abandoned\": its certificate may have "
                   "been signed, but was not handed out, and its serial is never used again. \"imported\" came from another "
                   "product's index without its certificate.",
    .options = list_table,
    .options_size = sizeof(struct list_options),
    .run = run_list,
};

static const mu_opt show_table[] = {
    MU_OPT_CA_DIR(struct show_options, ca),
    {"pem", 0, MU_OPT_FLAG, offsetof(struct show_options, pem), NULL, "Print the certificate in PEM instead.", 0, 0},
    MU_OPT_JSON(struct show_options),
    {0},
};

const mu_command mu_command_ca_show = {
    .name = "ca show",
    .summary = "one certificate of this CA",
    .synopsis = "SERIAL|ALIAS [options]",
    .description = "Shows the certificate with that serial number, or the newest with that alias; an authority's is its name.",
    .options = show_table,
    .options_size = sizeof(struct show_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

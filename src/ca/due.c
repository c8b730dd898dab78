/* Is a certificate due, and why? */
#include "base/clock.h"
#include "base/text.h"
#include "ca/ca_internal.h"
#include "ca/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
    mu_ca *ca;
    const char *alias; /* that it should have; NULL: any */
    mu_ca_due *due;
    mu_err **err;
};

static int take_row(void *arg, const mu_ledger_row *row)
{
    struct lookup *l = arg;
    const unsigned char *at = row->der;
    X509 *cert = at ? d2i_X509(NULL, &at, (long)row->der_len) : NULL;
    char shown[MU_SHOWN_SIZE];
    int rc = 0;

    if (cert && X509_cmp(cert, l->due->leaf) == 0) {
        int index = mu_ca_index(l->ca, row->issuer);
        l->due->issuer = index < 0 ? NULL : l->ca->authorities[index].name;
        l->due->revoked = row->revoked_s != 0;
        if (row->alias && !(l->due->alias = mu_strdup(row->alias)))
            rc = mu_fail_nomem(l->err);
        else if (mu_profile_parse(row->profile, &l->due->profile, l->err) != 0)
            rc = -1;
        else if (l->alias && row->alias && !mu_str_eq_nocase(row->alias, l->alias))
            rc = mu_fail(l->err, MU_E_DUPLICATE_ALIAS, "the files hold the certificate of \"%s\"", mu_escape_to(shown, row->alias));
    }
    X509_free(cert);
    return rc;
}

int mu_ca_due_look(mu_ca *ca, const char *alias, mu_ca_outputs *outputs, mu_ca_due *ret_due, mu_err **err)
{
    mu_ca_due due = {0};
    struct lookup l = {.ca = ca, .alias = alias, .due = &due, .err = err};

    if (mu_ca_outputs_leaf(outputs, &due.leaf, err) != 0)
        return -1;
    if (due.leaf) {
        char *serial = mu_cert_serial(due.leaf);
        int rc = serial ? 0 : mu_fail_nomem(err);
        for (size_t i = 0; rc == 0 && !due.issuer && i < ca->count; i++) { /* by issuer: the ledger's index begins with it */
            const mu_ledger_filter filter = {.serial = serial, .issuer = ca->authorities[i].name};
            rc = mu_ledger_each_of(ca->ledger, &filter, take_row, &l, err);
        }
        free(serial);
        if (rc == 0 && !due.issuer) {
            rc = mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "the certificate there was not issued by this CA");
            mu_err_hint(err, "Name other files, or take the entry away if it may go: it is never written over.");
        }
        if (rc != 0) {
            mu_ca_due_done(&due);
            return -1;
        }
    }
    *ret_due = due;
    return 0;
}

void mu_ca_due_done(mu_ca_due *due)
{
    free(due->alias);
    due->alias = NULL;
}

static const struct {
    const char *name;
    mu_key_type type;
    bool sized;
} kinds[] = {
    {"RSA", MU_KEY_RSA, true},
    {"EC", MU_KEY_EC, true},
    {"ED25519", MU_KEY_ED25519, false},
    {"ED448", MU_KEY_ED448, false},
};

int mu_ca_key_spec_of(const X509 *cert, mu_key_spec *ret_spec, mu_err **err)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    for (size_t i = 0; key && i < sizeof kinds / sizeof *kinds; i++)
        if (EVP_PKEY_is_a(key, kinds[i].name)) {
            *ret_spec = (mu_key_spec){kinds[i].type, kinds[i].sized ? EVP_PKEY_get_bits(key) : 0};
            return 0;
        }
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "its key is of a kind that is not made here");
}

static bool has_key_of(const X509 *cert, const mu_key_spec *spec)
{
    mu_key_spec own;
    return mu_ca_key_spec_of(cert, &own, NULL) == 0 && own.type == spec->type && own.bits == spec->bits;
}

static bool has_name(const GENERAL_NAMES *names, const GENERAL_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), (GENERAL_NAME *)name) == 0)
            return true;
    return false;
}

/* In any order. */
static bool has_names(const X509 *cert, const GENERAL_NAMES *wanted)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0, wanted_count = wanted ? sk_GENERAL_NAME_num(wanted) : 0;
    bool same = count == wanted_count;
    for (int i = 0; same && i < wanted_count; i++)
        same = has_name(names, sk_GENERAL_NAME_value(wanted, i));
    GENERAL_NAMES_free(names);
    return same;
}

static void because(mu_ca_due *due, mu_ca_action action, const char *fmt, ...) MU_PRINTF(3, 4);
static void because(mu_ca_due *due, mu_ca_action action, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    due->action = action;
    vsnprintf(due->why, sizeof due->why, fmt, args);
    va_end(args);
}

static int tell_names(mu_ca_due *due, const mu_ca_wanted *wanted, mu_err **err)
{
    char *has = mu_cert_san_text(due->leaf), *wants = wanted->names ? mu_san_text(wanted->names) : mu_strdup("");
    if (has && wants)
        because(due, MU_CA_ISSUE, "its names are %s, wanted are %s", *has ? has : "none", *wants ? wants : "none");
    int rc = has && wants ? 0 : mu_fail_nomem(err);
    free(has);
    free(wants);
    return rc;
}

static int tell_subject(mu_ca_due *due, const mu_ca_wanted *wanted, mu_err **err)
{
    char *has = mu_name_text(X509_get_subject_name(due->leaf)), *wants = mu_name_text(wanted->subject);
    if (has && wants)
        because(due, MU_CA_ISSUE, "its subject is %s, wanted is %s", has, wants);
    int rc = has && wants ? 0 : mu_fail_nomem(err);
    free(has);
    free(wants);
    return rc;
}

/* @return 1 if it is due by its dates, else 0 */
static int decide_dates(mu_ca_due *due, int64_t now_s, int64_t renew_within_s)
{
    int64_t until_s = mu_cert_not_after_s(due->leaf), third_s = (until_s - mu_cert_not_before_s(due->leaf)) / 3;
    char date[32];
    if (renew_within_s < 0)
        renew_within_s = third_s < MU_CA_RENEW_DEFAULT_DAYS * 86400 ? third_s : MU_CA_RENEW_DEFAULT_DAYS * 86400;
    if (until_s > now_s + renew_within_s)
        return 0;
    because(due, MU_CA_ISSUE, until_s <= now_s ? "expired %s" : "expires %s", mu_time_text(until_s, date));
    return 1;
}

static int decide_files(mu_ca *ca, mu_ca_outputs *outputs, mu_ca_due *due, mu_err **err)
{
    STACK_OF(X509) *chain = NULL;
    char shown[MU_SHOWN_SIZE], date[32];
    if (mu_ca_chain(ca, due->leaf, &chain, err) != 0)
        return -1;
    const char *stale = mu_ca_outputs_stale(outputs, chain);
    if (stale)
        because(due, MU_CA_RESTORE, "%s is missing or holds something else", mu_escape_to(shown, stale));
    else
        because(due, MU_CA_KEEP, "valid until %s", mu_time_text(mu_cert_not_after_s(due->leaf), date));
    sk_X509_pop_free(chain, X509_free);
    return 0;
}

int mu_ca_due_decide(mu_ca *ca, const mu_ca_wanted *wanted, mu_ca_outputs *outputs, int64_t now_s, int64_t renew_within_s,
                     mu_ca_due *due, mu_err **err)
{
    if (!due->leaf)
        because(due, MU_CA_ISSUE, "%s", mu_ca_outputs_is_broken(outputs) ? "certificate and key are of two generations"
                                                                         : "there is none yet");
    else if (due->revoked)
        because(due, MU_CA_ISSUE, "revoked");
    else if (decide_dates(due, now_s, renew_within_s))
        ;
    else if (due->profile != wanted->profile)
        because(due, MU_CA_ISSUE, "its profile is %s, wanted is %s", mu_profile_name(due->profile),
                mu_profile_name(wanted->profile));
    else if (!has_names(due->leaf, wanted->names))
        return tell_names(due, wanted, err);
    else if (X509_NAME_cmp(X509_get_subject_name(due->leaf), wanted->subject) != 0)
        return tell_subject(due, wanted, err);
    else if (!has_key_of(due->leaf, &wanted->key))
        because(due, MU_CA_ISSUE, "its key is of another kind");
    else if (wanted->issuer && strcmp(due->issuer, wanted->issuer) != 0)
        because(due, MU_CA_ISSUE, "issued by %s, wanted is %s", due->issuer, wanted->issuer);
    else
        return decide_files(ca, outputs, due, err);
    return 0;
}

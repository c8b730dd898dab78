/*
 * What another product's CA has done so far: OpenSSL's index.txt (easy-rsa's, too), the certificates beside it, and published
 * lists.
 *
 * Source: OpenSSL apps/ca.c and crypto/txt_db: a line per certificate, fields separated by tabs: V, R or E; end; revocation date
 * with ",reason" and perhaps one field more; serial in hex; file; subject.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/ossl.h"
#include "base/text.h"
#include "ca/ca_internal.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>

#define CERT_MAX_BYTES (1u << 20)
enum { STATUS, END, REVOKED, SERIAL, FILE_NAME, SUBJECT, FIELD_COUNT };

struct history {
    mu_ca *ca;
    const char *authority;
    X509 *cert;
    const mu_ca_incoming *what;
    int line;
};

static int fail_line(const struct history *h, const char *what, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_fail(err, MU_E_STORE_DAMAGED, "%s:%d: %s", mu_escape_to(shown, h->what->index_path), h->line, what);
    return mu_err_hint(err, "A line of OpenSSL's index.txt has six fields separated by tabs; nothing was imported.");
}

/* "270115080000Z" or "20270115080000Z" */
static bool parse_date(const char *text, int64_t *ret_s)
{
    ASN1_TIME *time = ASN1_TIME_new();
    bool ok = time && ASN1_TIME_set_string(time, text) == 1;
    if (ok)
        *ret_s = mu_time_from_asn1(time);
    ASN1_TIME_free(time);
    mu_ossl_clear();
    return ok;
}

/* holdInstruction, keyTime and CAkeyTime are OpenSSL's own: a reason with one fact more. */
static bool parse_revocation(char *text, int64_t *ret_s, int *ret_reason)
{
    static const char *const own[][2] = {{"holdInstruction", "certificateHold"}, {"keyTime", "keyCompromise"},
                                         {"CAkeyTime", "cACompromise"}};
    char *reason = strchr(text, ','), *more;
    *ret_reason = 0;
    if (reason)
        *reason++ = '\0';
    if (reason && (more = strchr(reason, ',')))
        *more = '\0';
    for (size_t i = 0; reason && i < sizeof own / sizeof *own; i++)
        if (mu_str_eq_nocase(reason, own[i][0]))
            return parse_date(text, ret_s) && mu_crl_reason_parse(own[i][1], ret_reason, NULL) == 0;
    return parse_date(text, ret_s) && (!reason || mu_crl_reason_parse(reason, ret_reason, NULL) == 0);
}

static X509 *find_cert(const struct history *h, const char *serial)
{
    char *path = h->what->certs_dir ? mu_asprintf("%s/%s.pem", h->what->certs_dir, serial) : NULL;
    STACK_OF(X509) *found = NULL;
    X509 *cert = NULL;
    mu_buf data;
    mu_buf_init(&data, CERT_MAX_BYTES);
    if (path && mu_file_read(path, CERT_MAX_BYTES, &data, NULL, NULL) == 0 &&
        mu_certs_parse(h->ca->libctx, data.data, data.len, &found, NULL) == 0 && mu_ca_signed_by(h->cert, sk_X509_value(found, 0)))
        cert = sk_X509_shift(found);
    mu_ossl_clear();
    sk_X509_pop_free(found, X509_free);
    mu_buf_free(&data);
    free(path);
    return cert;
}

static int enter_fields(const struct history *h, char *const *fields, mu_err **err)
{
    int64_t end_s, revoked_s = 0;
    int reason = 0, rc;
    if (!*fields[SERIAL] || strspn(fields[SERIAL], "0123456789abcdefABCDEF") != strlen(fields[SERIAL]) ||
        strlen(fields[SERIAL]) > 64)
        return fail_line(h, "the serial number is none", err);
    if (!parse_date(fields[END], &end_s))
        return fail_line(h, "the date of the end is none", err);
    if (*fields[STATUS] == 'R' && !parse_revocation(fields[REVOKED], &revoked_s, &reason))
        return fail_line(h, "the date or reason of the revocation is none", err);
    X509 *cert = find_cert(h, fields[SERIAL]);
    if (cert) {
        rc = mu_ca_enter(h->ca, h->authority, cert, NULL, revoked_s, reason, err);
    } else {
        char *serial = mu_ledger_serial(fields[SERIAL]), *subject = mu_escape_dup(fields[SUBJECT], strlen(fields[SUBJECT]));
        const mu_ledger_row row = {.issuer = h->authority, .serial = serial, .profile = "other", .subject = subject, .names = "",
                                   .not_after_s = end_s, .reserved_s = h->what->now_s, .revoked_s = revoked_s, .reason = reason};
        rc = serial && subject ? mu_ledger_add(h->ca->ledger, &row, err) : mu_fail_nomem(err);
        free(serial);
        free(subject);
    }
    X509_free(cert);
    return rc;
}

static int enter_line(const struct history *h, char *line, mu_err **err)
{
    char *fields[FIELD_COUNT];
    int count = 0;
    for (char *field = line; field; count++) {
        if (count == FIELD_COUNT)
            return fail_line(h, "there are more than six fields", err);
        fields[count] = strsep(&field, "\t");
    }
    if (count < FIELD_COUNT)
        return fail_line(h, "there are fewer than six fields", err);
    if (!strchr("VRE", *fields[STATUS]) || strlen(fields[STATUS]) != 1)
        return fail_line(h, "the status is not V, R or E", err);
    return enter_fields(h, fields, err);
}

static int enter_index(struct history *h, mu_err **err)
{
    char *text = mu_strdup(h->what->index), *rest = text, *line;
    int rc = text ? 0 : mu_fail_nomem(err);
    while (rc == 0 && (line = strsep(&rest, "\n"))) {
        h->line++;
        line[strcspn(line, "\r")] = '\0';
        if (*line && *line != '#')
            rc = enter_line(h, line, err);
    }
    free(text);
    return rc;
}

static int enter_revoked(const struct history *h, const X509_REVOKED *entry, mu_err **err)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(entry), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL, *serial = hex ? mu_ledger_serial(hex) : NULL;
    /* The list says nothing of when it ends: as late as its issuer. */
    const mu_ledger_row row = {.issuer = h->authority, .serial = serial, .profile = "other", .subject = "", .names = "",
                               .not_after_s = mu_cert_not_after_s(h->cert), .reserved_s = h->what->now_s,
                               .revoked_s = mu_time_from_asn1(X509_REVOKED_get0_revocationDate(entry)),
                               .reason = mu_crl_entry_reason(entry)};
    int rc = serial ? mu_ledger_add(h->ca->ledger, &row, err) : mu_fail_nomem(err);
    OPENSSL_free(hex);
    BN_free(number);
    free(serial);
    return rc;
}

static int enter_list(const struct history *h, X509_CRL *crl, mu_err **err)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    int64_t number = mu_crl_number(crl);
    int rc = 0;
    if (X509_CRL_verify(crl, X509_get0_pubkey(h->cert)) != 1)
        return mu_fail_ossl(err, MU_E_SIGNATURE_INVALID, "a revocation list is not this authority's");
    for (int i = 0; rc == 0 && i < sk_X509_REVOKED_num(entries); i++)
        rc = enter_revoked(h, sk_X509_REVOKED_value(entries, i), err);
    return rc == 0 && number >= 0 ? mu_ledger_raise_crl_number(h->ca->ledger, h->authority, number, err) : rc;
}

int mu_ca_import_history(mu_ca *ca, const char *authority, X509 *cert, const mu_ca_incoming *what, mu_err **err)
{
    struct history h = {.ca = ca, .authority = authority, .cert = cert, .what = what};
    int rc = what->index ? enter_index(&h, err) : 0;
    for (int i = 0; rc == 0 && i < sk_X509_CRL_num(what->crls); i++)
        rc = enter_list(&h, sk_X509_CRL_value(what->crls, i), err);
    if (rc == 0 && what->crl_number > 0)
        rc = mu_ledger_raise_crl_number(ca->ledger, authority, what->crl_number, err);
    return rc;
}

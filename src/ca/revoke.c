/* Revoking. */
#include "base/ossl.h"
#include "ca/ca_internal.h"

#include <stdlib.h>
#include <string.h>

enum { CERTIFICATE_HOLD = 6, REMOVE_FROM_CRL = 8 };

struct found {
    bool any, pending, root;
    int64_t revoked_s;
    int reason;
};

static int note(void *arg, const mu_ledger_row *row)
{
    *(struct found *)arg = (struct found){true, strcmp(row->state, "reserved") == 0, strcmp(row->profile, "root") == 0,
                                          row->revoked_s, row->reason};
    return 0;
}

static int fail_usage(const char *what, const char *hint, mu_err **err)
{
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", what);
    return hint ? mu_err_hint(err, "%s", hint) : -1;
}

/* 1: nothing is left to do */
static int check(const struct found *found, int reason, mu_err **err)
{
    if (!found->any)
        return fail_usage("this CA has no such certificate", "mutual ca list shows all.", err);
    if (found->pending)
        return fail_usage("that certificate is being issued at this moment", "Repeat the command when that has ended.", err);
    if (found->root)
        return fail_usage("a root cannot be revoked: nobody is above it", "Take it out of every trust store instead.", err);
    if (!found->revoked_s)
        return reason == REMOVE_FROM_CRL ? fail_usage("that certificate is not revoked", NULL, err) : 0;
    if (found->reason == reason)
        return 1;
    if (found->reason == CERTIFICATE_HOLD)
        return 0;
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "that certificate is revoked already, with reason %s",
               mu_crl_reason_name(found->reason));
    return mu_err_hint(err, "Only certificateHold can be changed; every other revocation is final.");
}

int mu_ca_revoke(mu_ca *ca, const char *issuer, const char *serial, int reason, int64_t now_s, int64_t *ret_since_s, mu_err **err)
{
    struct found found = {0};
    const mu_ledger_filter filter = {.serial = serial, .issuer = issuer};
    if (mu_ledger_begin(ca->ledger, err) != 0)
        return -1;
    int rc = mu_ledger_each_of(ca->ledger, &filter, note, &found, err);
    if (rc == 0)
        rc = check(&found, reason, err);
    *ret_since_s = rc == 1 || found.reason == CERTIFICATE_HOLD ? found.revoked_s : now_s;
    if (rc == 0)
        rc = mu_ledger_revoke(ca->ledger, issuer, serial, reason == REMOVE_FROM_CRL ? 0 : *ret_since_s, reason, err);
    if ((rc = mu_ledger_end(ca->ledger, rc < 0 ? -1 : 0, err)) == 0)
        rc = mu_ca_reload(ca, err); /* an authority may have been revoked */
    return rc;
}

const char *mu_ca_profile_of(const X509 *cert)
{
    X509 *changeable = (X509 *)cert; /* OpenSSL notes in it what it found */
    uint32_t usage = X509_get_extended_key_usage(changeable);
    bool any = usage == UINT32_MAX, server = any || usage & XKU_SSL_SERVER, client = any || usage & XKU_SSL_CLIENT;
    if (mu_cert_is_ca(cert))
        return mu_profile_name(mu_cert_is_self_signed(cert) ? MU_PROFILE_ROOT
                               : client && !server          ? MU_PROFILE_CLIENT_INTERMEDIATE
                                                            : MU_PROFILE_INTERMEDIATE);
    if (server || client)
        return mu_profile_name(server && client ? MU_PROFILE_PEER : server ? MU_PROFILE_SERVER : MU_PROFILE_CLIENT);
    return "other";
}

int mu_ca_enter(mu_ca *ca, const char *issuer, const X509 *cert, const char *alias, int64_t revoked_s, int reason, mu_err **err)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    char *serial = mu_cert_serial(cert), *subject = mu_name_text(X509_get_subject_name(cert)), *names = mu_cert_san_text(cert);
    mu_ledger_row row = {.issuer = issuer, .serial = serial, .profile = mu_ca_profile_of(cert), .subject = subject, .names = names,
                         .alias = alias, .not_before_s = mu_cert_not_before_s(cert), .not_after_s = mu_cert_not_after_s(cert),
                         .reserved_s = mu_cert_not_before_s(cert), .der = der, .der_len = (size_t)len, .revoked_s = revoked_s,
                         .reason = reason};
    int rc = len > 0 && serial && subject && names ? mu_ledger_add(ca->ledger, &row, err) : mu_fail_nomem(err);
    OPENSSL_free(der);
    free(serial);
    free(subject);
    free(names);
    return rc;
}

bool mu_ca_signed_by(const X509 *issuer, X509 *cert)
{
    return X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 &&
           X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
}

static int note_same(void *arg, const mu_ledger_row *row)
{
    (void)row;
    *(bool *)arg = true;
    return 0;
}

int mu_ca_adopt(mu_ca *ca, X509 *cert, const char **ret_issuer, mu_err **err)
{
    char *serial = mu_cert_serial(cert);
    bool known = false;
    int rc = serial ? 0 : mu_fail_nomem(err);
    size_t i = 0;

    while (rc == 0 && i < ca->count && !mu_ca_signed_by(ca->authorities[i].cert, cert))
        i++;
    if (rc == 0 && i == ca->count)
        rc = fail_usage("no authority of this CA signed that certificate", "Name its own CA's folder with --ca.", err);
    if (rc == 0) {
        const mu_ledger_filter filter = {.serial = serial, .issuer = ca->authorities[i].name};
        rc = mu_ledger_each_of(ca->ledger, &filter, note_same, &known, err);
    }
    if (rc == 0 && !known)
        rc = mu_ca_enter(ca, ca->authorities[i].name, cert, NULL, 0, 0, err);
    if (rc == 0)
        *ret_issuer = ca->authorities[i].name;
    mu_ossl_clear();
    free(serial);
    return rc;
}

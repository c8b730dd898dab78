/* A CRL of the serial numbers that -id names. Source: RFC 5280 5.1; version 2 only if a reason is given, as the JDK. */
#include "base/ossl.h"
#include "keytool/cert_make.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/number.h"
#include "keytool/print.h"

#include <stdlib.h>
#include <string.h>

static bool set_reason(X509_REVOKED *entry, long reason)
{
    ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
    bool ok = code && ASN1_ENUMERATED_set(code, reason) && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0) > 0;
    ASN1_ENUMERATED_free(code);
    return ok;
}

/* "SERIAL" or "SERIAL:REASON" */
static int parse_id(mu_kt *kt, const char *text, ASN1_INTEGER **ret_serial, long *ret_reason)
{
    const char *colon = strchr(text, ':');
    char *serial = mu_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
    int rc = serial ? mu_kt_parse_integer(kt, serial, ret_serial) : mu_fail_nomem(&kt->err);

    free(serial);
    *ret_reason = 0;
    if (rc != 0 || !colon)
        return rc;
    if (mu_kt_parse_int(kt, colon + 1, ret_reason) != 0)
        return -1;
    return *ret_reason > 0 ? 0 : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Reason code must be positive");
}

static int revoke(mu_kt *kt, const char *id, const ASN1_TIME *when, X509_CRL *crl)
{
    ASN1_INTEGER *serial = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    long reason;
    int rc = entry ? parse_id(kt, id, &serial, &reason) : mu_fail_nomem(&kt->err);

    if (rc == 0 && (!X509_REVOKED_set_serialNumber(entry, serial) || !X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)when) ||
                    (reason > 0 && (!set_reason(entry, reason) || !X509_CRL_set_version(crl, X509_CRL_VERSION_2))) ||
                    !X509_CRL_add0_revoked(crl, entry)))
        rc = mu_fail_ossl(&kt->err, MU_E_INTERNAL, "cannot revoke %s", id);
    if (rc != 0)
        X509_REVOKED_free(entry);
    ASN1_INTEGER_free(serial);
    return rc;
}

static int fill(mu_kt *kt, const X509 *signer, int64_t start_s, X509_CRL *crl)
{
    ASN1_TIME *start = ASN1_TIME_set(NULL, (time_t)start_s), *end = ASN1_TIME_set(NULL, (time_t)(start_s + kt->days * MU_KT_DAY_S));
    int rc = start && end && X509_CRL_set_issuer_name(crl, X509_get_subject_name(signer)) && X509_CRL_set1_lastUpdate(crl, start) &&
                     X509_CRL_set1_nextUpdate(crl, end)
                 ? 0
                 : mu_fail_nomem(&kt->err);

    for (size_t i = 0; i < kt->ids.count && rc == 0; i++)
        rc = revoke(kt, kt->ids.items[i], start, crl);
    ASN1_TIME_free(start);
    ASN1_TIME_free(end);
    return rc;
}

static int sign(mu_kt *kt, const mu_kt_signing *signing, EVP_PKEY *key, X509_CRL *crl)
{
    EVP_MD_CTX *ctx = NULL;
    int rc = mu_kt_signing_begin(kt, signing, key, &ctx);

    if (rc == 0 && X509_CRL_sign_ctx(crl, ctx) <= 0) {
        mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign the CRL");
        rc = mu_kt_throw_err(kt, "java.security.cert.CRLException");
    }
    EVP_MD_CTX_free(ctx);
    return rc;
}

static int write_crl(mu_kt *kt, X509_CRL *crl)
{
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    const char *label = mu_kt_is_set(kt, MU_KT_RFC) ? "X509 CRL" : NULL;
    int rc = len > 0 ? mu_kt_output_der(kt, mu_kt_get(kt, MU_KT_FILE), label, der, (size_t)len) : mu_fail_nomem(&kt->err);
    OPENSSL_free(der);
    return rc;
}

static void check_weak(mu_kt *kt, const mu_kt_signing *signing, EVP_PKEY *key)
{
    char text[MU_KT_ALGORITHM_MAX];

    mu_kt_warn_signature(kt, "The generated CRL", signing->name, mu_kt_signature_strength(signing->name));
    mu_kt_key_text(key, NULL, text);
    mu_kt_warn_key(kt, "The generated CRL", text, mu_kt_key_strength(key));
}

int mu_kt_gencrl(mu_kt *kt)
{
    mu_kt_signing signing;
    EVP_PKEY *key = NULL;
    X509 *signer = NULL;
    X509_CRL *crl = NULL;
    int64_t start_s = 0;
    int rc = mu_kt_store_open(kt);

    if (rc == 0)
        rc = mu_kt_start_date(kt, mu_kt_get(kt, MU_KT_START_DATE), &start_s);
    if (rc == 0)
        rc = mu_kt_signer(kt, mu_kt_alias(kt), mu_kt_get(kt, MU_KT_KEY_PASS), &key, &signer);
    mu_ossl_clear();
    if (rc == 0 && !(crl = X509_CRL_new_ex(kt->libctx, NULL)))
        rc = mu_fail_nomem(&kt->err);
    if (rc == 0)
        rc = fill(kt, signer, start_s, crl);
    if (rc == 0)
        rc = mu_kt_signing_choose(kt, mu_kt_get(kt, MU_KT_SIG_ALG), key, &signing);
    if (rc == 0)
        rc = sign(kt, &signing, key, crl);
    if (rc == 0)
        rc = write_crl(kt, crl);
    if (rc == 0)
        check_weak(kt, &signing, key);
    EVP_PKEY_free(key);
    X509_CRL_free(crl);
    return rc;
}

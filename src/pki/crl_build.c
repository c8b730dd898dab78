/* Certificate revocation lists, version 2: RFC 5280 section 5. */
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const reasons[] = {"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
                                      "cessationOfOperation", "certificateHold", NULL /* never assigned */, "removeFromCRL",
                                      "privilegeWithdrawn", "aACompromise"};
#define REASON_COUNT ((int)(sizeof reasons / sizeof *reasons))

const char *mu_crl_reason_name(int reason)
{
    return reason >= 0 && reason < REASON_COUNT ? reasons[reason] : NULL;
}

int mu_crl_reason_parse(const char *name, int *ret_reason, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    for (int i = 0; i < REASON_COUNT; i++) {
        if (reasons[i] && mu_str_eq_nocase(reasons[i], name)) {
            *ret_reason = i;
            return 0;
        }
    }
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is no reason for a revocation", mu_escape_to(shown, name));
    return mu_err_hint(err, "Use unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
                            "certificateHold, removeFromCRL (ends a hold), privilegeWithdrawn or aACompromise.");
}

static bool add_number(X509_CRL *crl, int64_t number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool ok = value && ASN1_INTEGER_set_int64(value, number) && X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
    ASN1_INTEGER_free(value);
    return ok;
}

static bool add_authority(OSSL_LIB_CTX *libctx, X509_CRL *crl, const X509 *issuer)
{
    AUTHORITY_KEYID *authority = mu_cert_authority_key_id(libctx, issuer);
    bool ok = authority && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0, 0) == 1;
    AUTHORITY_KEYID_free(authority);
    return ok;
}

int mu_crl_new(OSSL_LIB_CTX *libctx, const X509 *issuer, int64_t number, int64_t this_s, int64_t next_s, X509_CRL **ret_crl,
               mu_err **err)
{
    X509_CRL *crl = X509_CRL_new_ex(libctx, NULL);
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)this_s), *to = ASN1_TIME_set(NULL, (time_t)next_s);
    mu_ossl_clear();
    bool ok = crl && from && to && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) && X509_CRL_set1_lastUpdate(crl, from) &&
              X509_CRL_set1_nextUpdate(crl, to) && add_authority(libctx, crl, issuer) && add_number(crl, number);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    if (ok) {
        *ret_crl = crl;
        return 0;
    }
    X509_CRL_free(crl);
    return mu_fail_ossl(err, MU_E_INTERNAL, "cannot build the revocation list");
}

/* RFC 5280 5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value." */
static bool set_reason(X509_REVOKED *entry, int reason)
{
    if (reason == 0)
        return true;
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    bool ok = value && ASN1_ENUMERATED_set(value, reason) && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1;
    ASN1_ENUMERATED_free(value);
    return ok;
}

int mu_crl_add(X509_CRL *crl, const char *serial, int64_t revoked_s, int reason, mu_err **err)
{
    BIGNUM *number = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)revoked_s);
    ASN1_INTEGER *value = NULL;
    bool ok = entry && when && BN_hex2bn(&number, serial) == (int)strlen(serial) && (value = BN_to_ASN1_INTEGER(number, NULL)) &&
              X509_REVOKED_set_serialNumber(entry, value) && X509_REVOKED_set_revocationDate(entry, when) &&
              set_reason(entry, reason) && X509_CRL_add0_revoked(crl, entry);
    ASN1_INTEGER_free(value);
    ASN1_TIME_free(when);
    BN_free(number);
    if (ok)
        return 0;
    X509_REVOKED_free(entry);
    return mu_fail_ossl(err, MU_E_INTERNAL, "cannot enter serial %s into the revocation list", serial);
}

int mu_crl_sign(OSSL_LIB_CTX *libctx, X509_CRL *crl, EVP_PKEY *key, mu_err **err)
{
    EVP_MD_CTX *ctx = mu_key_sign_ctx(libctx, key, err);
    if (!ctx)
        return -1;
    int signed_bytes = X509_CRL_sort(crl) ? X509_CRL_sign_ctx(crl, ctx) : 0;
    EVP_MD_CTX_free(ctx);
    if (signed_bytes <= 0)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign the revocation list");
    if (X509_CRL_verify(crl, key) != 1) /* as for certificates: a faulty RSA signature gives its key away */
        return mu_fail_ossl(err, MU_E_INTERNAL, "the signature just made does not verify");
    return 0;
}

int64_t mu_crl_number(const X509_CRL *crl)
{
    int64_t number = -1;
    ASN1_INTEGER *value = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    if (!value || ASN1_INTEGER_get_int64(&number, value) != 1 || number < 0)
        number = -1;
    ASN1_INTEGER_free(value);
    mu_ossl_clear();
    return number;
}

int mu_crl_entry_reason(const X509_REVOKED *entry)
{
    ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    long reason = value ? ASN1_ENUMERATED_get(value) : 0;
    ASN1_ENUMERATED_free(value);
    mu_ossl_clear();
    return reason >= 0 && reason < REASON_COUNT && reasons[reason] ? (int)reason : 0;
}

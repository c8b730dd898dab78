/* Facts of a certificate. */
#include "base/clock.h"
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *mu_cert_fingerprint(const X509 *cert)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    mu_buf out;

    mu_ossl_clear();
    if (!X509_digest(cert, EVP_sha256(), digest, &len)) {
        mu_ossl_clear();
        return NULL;
    }
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (unsigned i = 0; i < len; i++)
        mu_buf_addf(&out, i ? ":%02X" : "%02X", digest[i]);
    return mu_buf_steal(&out);
}

char *mu_cert_serial(const X509 *cert)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL, *text = NULL;
    if (hex) {
        const char *digits = hex + (*hex == '-');
        while (digits[0] == '0' && digits[1])
            digits++;
        text = mu_asprintf("%s%s", *hex == '-' ? "-" : "", digits);
    }
    for (char *c = text; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

int64_t mu_cert_not_before_s(const X509 *cert)
{
    return mu_time_from_asn1(X509_get0_notBefore(cert));
}

int64_t mu_cert_not_after_s(const X509 *cert)
{
    return mu_time_from_asn1(X509_get0_notAfter(cert));
}

char *mu_cert_san_text(const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    char *text = names ? mu_san_text(names) : mu_strdup("");
    GENERAL_NAMES_free(names);
    mu_ossl_clear();
    return text;
}

int mu_cert_basic_constraints(const X509 *cert, long *ret_pathlen)
{
    int critical;
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_basic_constraints, &critical, NULL);
    int ca = constraints ? constraints->ca != 0 : critical == -1 ? -1 : -2;

    *ret_pathlen = constraints && constraints->pathlen ? ASN1_INTEGER_get(constraints->pathlen) : -1;
    BASIC_CONSTRAINTS_free(constraints);
    mu_ossl_clear();
    return ca;
}

uint32_t mu_cert_key_usage(const X509 *cert)
{
    int critical;
    ASN1_BIT_STRING *bits = X509_get_ext_d2i(cert, NID_key_usage, &critical, NULL);
    uint32_t usage = bits || critical != -1 ? 0 : UINT32_MAX;
    const unsigned char *data = bits ? ASN1_STRING_get0_data(bits) : NULL;

    if (bits && ASN1_STRING_length(bits) > 0)
        usage = data[0] | (ASN1_STRING_length(bits) > 1 ? (uint32_t)data[1] << 8 : 0);
    ASN1_BIT_STRING_free(bits);
    mu_ossl_clear();
    return usage;
}

int mu_cert_ext_usage(const X509 *cert, int purpose_nid)
{
    int critical, found = 0;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, &critical, NULL);

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
        found |= OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == purpose_nid;
    if (!usages && critical == -1)
        found = -1;
    EXTENDED_KEY_USAGE_free(usages);
    mu_ossl_clear();
    return found;
}

int mu_cert_digest_bits(const X509 *cert)
{
    const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(cert);
    const ASN1_OBJECT *type;
    int digest_nid = NID_undef;

    X509_ALGOR_get0(&type, NULL, NULL, algorithm);
    if (!OBJ_find_sigid_algs(OBJ_obj2nid(type), &digest_nid, NULL) || digest_nid == NID_undef)
        return 0;
    const EVP_MD *digest = EVP_get_digestbynid(digest_nid);
    return digest ? EVP_MD_get_size(digest) * 8 : 0;
}

bool mu_cert_is_self_signed(const X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    bool same_name = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
    bool verifies = same_name && key && X509_verify(mu_cert_mutable(cert), key) == 1;
    mu_ossl_clear();
    return verifies;
}

bool mu_cert_is_ca(const X509 *cert)
{
    long pathlen;
    int ca = mu_cert_basic_constraints(cert, &pathlen);
    return ca == 1 || (ca == -1 && X509_get_version(cert) == X509_VERSION_1 && mu_cert_is_self_signed(cert));
}

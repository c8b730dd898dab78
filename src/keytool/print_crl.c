/* A CRL in the JDK's form. Source: RFC 5280 5. */
#include "base/clock.h"
#include "keytool/algorithm.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/print.h"

#include <mutual/pki.h>
#include <openssl/rsa.h>

static void print_date(FILE *out, const char *label, const ASN1_TIME *time)
{
    char text[MU_KT_DATE_MAX];
    mu_kt_date_long(mu_time_from_asn1(time), text);
    fprintf(out, "%s%s\n", label, text);
}

/* "30:39": the bytes as they are encoded. */
static void print_serial(FILE *out, const ASN1_INTEGER *serial)
{
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(serial, &der);

    fputs("SerialNumber: ", out);
    for (int i = 2; i < len; i++)
        fprintf(out, "%s%02x", i > 2 ? ":" : "", der[i]);
    OPENSSL_free(der);
}

static void print_revoked(FILE *out, STACK_OF(X509_REVOKED) *list)
{
    int count = sk_X509_REVOKED_num(list);
    char date[MU_KT_DATE_MAX];

    if (count <= 0) {
        fputs("\nNO certificates have been revoked\n", out);
        return;
    }
    fprintf(out, "\nRevoked Certificates: %d", count);
    for (int i = 0; i < count; i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(list, i);
        fprintf(out, "\n[%d] ", i + 1);
        print_serial(out, X509_REVOKED_get0_serialNumber(entry));
        mu_kt_date_long(mu_time_from_asn1(X509_REVOKED_get0_revocationDate(entry)), date);
        fprintf(out, "  On: %s", date);
        mu_kt_print_crl_extensions(out, "    CRL Entry Extensions", "    ", X509_REVOKED_get0_extensions(entry));
        fputc('\n', out);
    }
}

/* "SHA-384"; no algorithm: the default. */
static void print_digest(FILE *out, const char *label, const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = OBJ_nid2obj(NID_sha1);
    if (algorithm)
        X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    const char *name = OBJ_nid2sn(OBJ_obj2nid(oid));
    bool plain = mu_str_has_prefix(name, "SHA") && !mu_str_has_prefix(name, "SHA3-");

    fprintf(out, "%s%s", label, plain ? "SHA-" : "");
    for (const char *p = plain ? name + 3 : name; *p; p++)
        fputc(plain && *p == '-' ? '/' : *p, out);
}

static const ASN1_STRING *parameters_of(const X509_ALGOR *algorithm)
{
    const void *value = NULL;
    int type = V_ASN1_UNDEF;
    if (algorithm)
        X509_ALGOR_get0(NULL, &type, &value, algorithm);
    return type == V_ASN1_SEQUENCE ? value : NULL;
}

/* As java.security.spec.PSSParameterSpec shows itself. */
static void print_pss(FILE *out, const X509_ALGOR *algorithm)
{
    const ASN1_STRING *der = parameters_of(algorithm), *mask;
    const unsigned char *p = der ? ASN1_STRING_get0_data(der) : NULL;
    RSA_PSS_PARAMS *params = der ? d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(der)) : NULL;
    X509_ALGOR *mask_hash = NULL;

    if (!params)
        return;
    if ((mask = parameters_of(params->maskGenAlgorithm)) != NULL) {
        p = ASN1_STRING_get0_data(mask);
        mask_hash = d2i_X509_ALGOR(NULL, &p, ASN1_STRING_length(mask));
    }
    print_digest(out, ", PSSParameterSpec[hashAlgorithm=", params->hashAlgorithm);
    print_digest(out, ", maskGenAlgorithm=MGF1ParameterSpec[hashAlgorithm=", mask_hash);
    fprintf(out, "], saltLength=%ld, trailerField=%ld]", params->saltLength ? ASN1_INTEGER_get(params->saltLength) : 20L,
            params->trailerField ? ASN1_INTEGER_get(params->trailerField) : 1L);
    X509_ALGOR_free(mask_hash);
    RSA_PSS_PARAMS_free(params);
}

void mu_kt_print_crl(FILE *out, const X509_CRL *crl)
{
    char name[MU_KT_ALGORITHM_MAX], oid[MU_KT_ALGORITHM_MAX];
    const X509_ALGOR *algorithm;
    const ASN1_BIT_STRING *signature;
    const ASN1_OBJECT *object;

    X509_CRL_get0_signature(crl, &signature, &algorithm);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    OBJ_obj2txt(oid, sizeof oid, object, 1);
    mu_kt_signature_nid_name(X509_CRL_get_signature_nid(crl), name);
    fprintf(out, "X.509 CRL v%ld\nSignature Algorithm: %s%s", X509_CRL_get_version(crl) + 1, name,
            mu_kt_strength_mark(mu_kt_signature_strength(name)));
    if (OBJ_obj2nid(object) == NID_rsassaPss)
        print_pss(out, algorithm);
    fprintf(out, ", OID=%s\nIssuer: ", oid);
    mu_kt_dname_show(out, X509_CRL_get_issuer(crl));
    print_date(out, "\n\nThis Update: ", X509_CRL_get0_lastUpdate(crl));
    if (X509_CRL_get0_nextUpdate(crl))
        print_date(out, "Next Update: ", X509_CRL_get0_nextUpdate(crl));
    print_revoked(out, X509_CRL_get_REVOKED((X509_CRL *)crl));
    mu_kt_print_crl_extensions(out, "CRL Extensions", "", X509_CRL_get0_extensions(crl));
    fputs("\nSignature:\n", out);
    mu_kt_print_dump(out, ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature));
    fputs("\n\n", out);
}

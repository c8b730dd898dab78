#include "base/clock.h"
#include "keytool/algorithm.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/print.h"

#include <mutual/pki.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void mu_kt_print_fingerprint(FILE *out, const X509 *cert, const EVP_MD *digest)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (X509_digest(cert, digest, md, &len))
        mu_kt_show_hex(out, md, len, ":");
}

void mu_kt_print_pem_block(FILE *out, const char *label, const uint8_t *der, size_t len)
{
    char line[80];
    fprintf(out, "-----BEGIN %s-----\r\n", label);
    for (size_t at = 0; at < len; at += 48) {
        EVP_EncodeBlock((unsigned char *)line, der + at, len - at < 48 ? (int)(len - at) : 48);
        fprintf(out, "%s\r\n", line);
    }
    fprintf(out, "-----END %s-----\r\n", label);
}

void mu_kt_print_pem(FILE *out, const X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    if (len > 0)
        mu_kt_print_pem_block(out, "CERTIFICATE", der, (size_t)len);
    OPENSSL_free(der);
}

void mu_kt_print_der(FILE *out, const X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    if (len > 0)
        fwrite(der, 1, (size_t)len, out);
    OPENSSL_free(der);
}

static void print_name(FILE *out, const char *label, const X509_NAME *name)
{
    fputs(label, out);
    mu_kt_dname_show(out, name);
    fputc('\n', out);
}

static void print_algorithms(const mu_kt *kt, FILE *out, const X509 *cert)
{
    char name[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *key = X509_get0_pubkey(cert);

    mu_kt_signature_name(cert, name);
    mu_kt_strength strength = mu_kt_cert_strength(kt, cert, name);
    if (strength == MU_KT_WEAK && mu_kt_signs_code(cert))
        strength = MU_KT_DISABLED;
    fprintf(out, "Signature algorithm name: %s%s\n", name, mu_kt_strength_mark(strength));
    mu_kt_key_text(key, X509_get_X509_PUBKEY(cert), name);
    fprintf(out, "Subject Public Key Algorithm: %s%s\n", name, mu_kt_strength_mark(mu_kt_key_strength(key)));
}

void mu_kt_print_cert(const mu_kt *kt, FILE *out, const X509 *cert)
{
    char from[MU_KT_DATE_MAX], until[MU_KT_DATE_MAX];
    char *serial = mu_cert_serial(cert);

    print_name(out, "Owner: ", X509_get_subject_name(cert));
    print_name(out, "Issuer: ", X509_get_issuer_name(cert));
    fprintf(out, "Serial number: %s\n", serial ? serial : "?");
    mu_kt_date_long(mu_time_from_asn1(X509_get0_notBefore(cert)), from);
    mu_kt_date_long(mu_time_from_asn1(X509_get0_notAfter(cert)), until);
    fprintf(out, "Valid from: %s until: %s\nCertificate fingerprints:\n\t SHA1: ", from, until);
    mu_kt_print_fingerprint(out, cert, EVP_sha1());
    fputs("\n\t SHA256: ", out);
    mu_kt_print_fingerprint(out, cert, EVP_sha256());
    fputc('\n', out);
    print_algorithms(kt, out, cert);
    fprintf(out, "Version: %ld\n", X509_get_version(cert) + 1);
    mu_kt_print_extensions(out, "Extensions: ", X509_get0_extensions(cert));
    free(serial);
}

/* The bodies of the extensions, in the forms of the JDK. Source: RFC 5280 4.2; Netscape certificate type as OpenSSL has it. */
#include "base/ossl.h"
#include "keytool/print_kinds.h"

void mu_kt_print_dump(FILE *out, const uint8_t *data, size_t len)
{
    for (size_t row = 0; row < len; row += 16) {
        fprintf(out, "%04zX: ", row);
        for (size_t i = row; i < row + 16; i++) {
            if (i < len)
                fprintf(out, "%02X ", data[i]);
            else
                fputs("   ", out);
            if (i == row + 7)
                fputs("  ", out);
        }
        fputc(' ', out);
        for (size_t i = row; i < row + 16 && i < len; i++) /* the JDK shows nothing beyond 'z' */
            fputc(data[i] >= ' ' && data[i] <= 'z' ? data[i] : '.', out);
        fputc('\n', out);
    }
}

static void print_key_id(FILE *out, const ASN1_OCTET_STRING *id)
{
    fputs("KeyIdentifier [\n", out);
    mu_kt_print_dump(out, ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
    fputs("]\n", out);
}

static void print_subject_key_id(FILE *out, int nid, void *value)
{
    (void)nid;
    fputs("SubjectKeyIdentifier [\n", out);
    print_key_id(out, value);
    fputs("]\n", out);
}

static void print_authority_key_id(FILE *out, int nid, void *value)
{
    AUTHORITY_KEYID *id = value;
    (void)nid;
    fputs("AuthorityKeyIdentifier [\n", out);
    if (id->keyid)
        print_key_id(out, id->keyid);
    if (id->issuer) {
        fputc('[', out);
        mu_kt_print_names(out, id->issuer);
        fputs("]\n", out);
    }
    if (id->serial) {
        unsigned char *der = NULL;
        int len = i2d_ASN1_INTEGER(id->serial, &der);
        fputs("SerialNumber: ", out);
        for (int i = 2; i < len; i++) /* after tag and length: the bytes as they are encoded */
            fprintf(out, "%s%02x", i > 2 ? ":" : "", der[i]);
        OPENSSL_free(der);
        fputc('\n', out);
    }
    fputs("]\n", out);
}

static void print_basic_constraints(FILE *out, int nid, void *value)
{
    BASIC_CONSTRAINTS *bc = value;
    (void)nid;
    fprintf(out, "BasicConstraints:[\n  CA:%s\n", bc->ca ? "true" : "false");
    if (bc->ca && bc->pathlen)
        fprintf(out, "  PathLen:%ld\n]\n", ASN1_INTEGER_get(bc->pathlen));
    else
        fprintf(out, "  PathLen: %s\n]\n", bc->ca ? "no limit" : "undefined");
}

void mu_kt_print_bits(FILE *out, const ASN1_BIT_STRING *bits, const char *const *labels, const char *indent)
{
    for (int i = 0; labels[i]; i++)
        if (*labels[i] && ASN1_BIT_STRING_get_bit(bits, i))
            fprintf(out, "%s%s\n", indent, labels[i]);
}

static void print_key_usage(FILE *out, int nid, void *value)
{
    static const char *const labels[] = {"DigitalSignature", "Non_repudiation", "Key_Encipherment", "Data_Encipherment",
                                         "Key_Agreement", "Key_CertSign", "Crl_Sign", "Encipher_Only", "Decipher_Only", NULL};
    (void)nid;
    fputs("KeyUsage [\n", out);
    mu_kt_print_bits(out, value, labels, "  ");
    fputs("]\n", out);
}

static void print_netscape_type(FILE *out, int nid, void *value)
{
    static const char *const labels[] = {"SSL client", "SSL server", "S/MIME", "Object Signing", "", "SSL CA", "S/MIME CA",
                                         "Object Signing CA", NULL};
    (void)nid;
    fputs("NetscapeCertType [\n", out);
    mu_kt_print_bits(out, value, labels, "   ");
    fputs("]\n", out);
}

static void print_purposes(FILE *out, int nid, void *value)
{
    static const struct {
        int nid;
        const char *name;
    } names[] = {{NID_anyExtendedKeyUsage, "anyExtendedKeyUsage"}, {NID_server_auth, "serverAuth"}, {NID_client_auth, "clientAuth"},
                 {NID_code_sign, "codeSigning"}, {NID_email_protect, "emailProtection"}, {NID_ipsecEndSystem, "ipsecEndSystem"},
                 {NID_ipsecTunnel, "ipsecTunnel"}, {NID_ipsecUser, "ipsecUser"}, {NID_time_stamp, "timeStamping"},
                 {NID_OCSP_sign, "OCSPSigning"}, {NID_ms_sgc, "MICROSOFT_ExportApproved"}, {NID_ns_sgc, "NETSCAPE_ExportApproved"}};
    EXTENDED_KEY_USAGE *purposes = value;
    (void)nid;
    fputs("ExtendedKeyUsages [\n", out);
    for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
        const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(purposes, i);
        const char *name = NULL;
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            if (names[n].nid == OBJ_obj2nid(oid))
                name = names[n].name;
        fputs("  ", out);
        if (name)
            fputs(name, out);
        else
            mu_kt_print_oid(out, oid);
        fputc('\n', out);
    }
    fputs("]\n", out);
}

static void print_number(FILE *out, int nid, void *value)
{
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(value, &der), at = len > 3 && der[2] == 0 ? 3 : 2; /* after tag, length and a sign byte */

    fprintf(out, "%s:     ", nid == NID_crl_number ? "CRL Number" : "Base CRL Number");
    for (int i = at; i < len; i++)
        fprintf(out, "%s%02x", i == at ? "" : (i - at) % 32 == 0 ? "\n    " : (i - at) % 4 == 0 ? " " : "", der[i]);
    OPENSSL_free(der);
    fputc('\n', out);
}

/* The one body without a line end: what follows it in a CRL begins with one. */
static void print_reason(FILE *out, int nid, void *value)
{
    static const char *const names[] = {"UNSPECIFIED", "KEY_COMPROMISE", "CA_COMPROMISE", "AFFILIATION_CHANGED", "SUPERSEDED",
                                        "CESSATION_OF_OPERATION", "CERTIFICATE_HOLD", "UNUSED", "REMOVE_FROM_CRL",
                                        "PRIVILEGE_WITHDRAWN", "AA_COMPROMISE"};
    long reason = ASN1_ENUMERATED_get(value);
    (void)nid;
    fprintf(out, "    Reason Code: %s", names[reason > 0 && reason < (long)(sizeof names / sizeof *names) ? reason : 0]);
}

static void print_nothing(FILE *out, int nid, void *value)
{
    (void)out;
    (void)nid;
    (void)value;
}

static const struct kind {
    int nid;
    const char *name;
    void (*print)(FILE *out, int nid, void *value);
} kinds[] = {
    {NID_info_access, "AuthorityInfoAccess", mu_kt_print_access},
    {NID_authority_key_identifier, "AuthorityKeyIdentifier", print_authority_key_id},
    {NID_basic_constraints, "BasicConstraints", print_basic_constraints},
    {NID_certificate_issuer, "CertificateIssuer", mu_kt_print_cert_issuer},
    {NID_crl_number, "CRLNumber", print_number},
    {NID_crl_reason, "CRLReasonCode", print_reason},
    {NID_crl_distribution_points, "CRLDistributionPoints", mu_kt_print_points},
    {NID_certificate_policies, "CertificatePolicies", mu_kt_print_policies},
    {NID_delta_crl, "DeltaCRLIndicator", print_number},
    {NID_ext_key_usage, "ExtendedKeyUsage", print_purposes},
    {NID_freshest_crl, "FreshestCRL", mu_kt_print_points},
    {NID_inhibit_any_policy, "InhibitAnyPolicy", mu_kt_print_inhibit_any},
    {NID_issuer_alt_name, "IssuerAlternativeName", mu_kt_print_alternative_names},
    {NID_issuing_distribution_point, "IssuingDistributionPoint", mu_kt_print_issuing_point},
    {NID_key_usage, "KeyUsage", print_key_usage},
    {NID_name_constraints, "NameConstraints", mu_kt_print_name_constraints},
    {NID_netscape_cert_type, "NetscapeCertType", print_netscape_type},
    {NID_id_pkix_OCSP_noCheck, "OCSPNoCheck", print_nothing},
    {NID_policy_constraints, "PolicyConstraints", mu_kt_print_policy_constraints},
    {NID_policy_mappings, "PolicyMappings", mu_kt_print_policy_mappings},
    {NID_subject_alt_name, "SubjectAlternativeName", mu_kt_print_alternative_names},
    {NID_sinfo_access, "SubjectInfoAccess", mu_kt_print_access},
    {NID_subject_key_identifier, "SubjectKeyIdentifier", print_subject_key_id},
};

static const struct kind *find_kind(int nid)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].nid == nid)
            return &kinds[i];
    return NULL;
}

const char *mu_kt_extension_name(int nid)
{
    const struct kind *kind = find_kind(nid);
    return kind ? kind->name : NULL;
}

bool mu_kt_print_extension_body(FILE *out, int nid, const uint8_t *der, size_t len)
{
    const struct kind *kind = find_kind(nid);
    const X509V3_EXT_METHOD *method = X509V3_EXT_get_nid(nid);
    const unsigned char *p = der;
    void *value = kind && method && method->it ? (void *)ASN1_item_d2i(NULL, &p, (long)len, ASN1_ITEM_ptr(method->it)) : NULL;
    bool parsed = value && p == der + len;

    if (parsed)
        kind->print(out, nid, value);
    if (value)
        ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
    mu_ossl_clear();
    return parsed;
}

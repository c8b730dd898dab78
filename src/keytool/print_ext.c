/* The bodies of the extensions, in the forms of the JDK. Source: RFC 5280 4.2; Netscape certificate type as OpenSSL has it. */
#include "base/ossl.h"
#include "keytool/dname.h"
#include "keytool/print.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static void show_oid(FILE *out, const ASN1_OBJECT *oid)
{
    char text[128];
    OBJ_obj2txt(text, sizeof text, oid, 1);
    fputs(text, out);
}

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

/* Java writes IPv6 addresses without "::"; an address with a mask is one of the name constraints. */
static void print_address(FILE *out, const ASN1_OCTET_STRING *address)
{
    const unsigned char *b = ASN1_STRING_get0_data(address);
    int len = ASN1_STRING_length(address);

    if (len == 4 || len == 8) {
        fprintf(out, "IPAddress: %u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        if (len == 8)
            fprintf(out, "/%u.%u.%u.%u", b[4], b[5], b[6], b[7]);
        return;
    }
    fputs("IPAddress: ", out);
    if (len != 16 && len != 32) {
        mu_kt_show_hex(out, b, (size_t)len, ":");
        return;
    }
    for (int i = 0; i < 16; i += 2)
        fprintf(out, "%s%x", i ? ":" : "", b[i] << 8 | b[i + 1]);
    int prefix = 0;
    for (int i = 0; i < 128 && len == 32; i++)
        prefix += b[16 + i / 8] >> (7 - i % 8) & 1;
    if (len == 32)
        fprintf(out, "/%d", prefix);
}

static void print_general_name(FILE *out, const GENERAL_NAME *name)
{
    static const struct {
        int type;
        const char *label;
    } texts[] = {{GEN_DNS, "DNSName: "}, {GEN_EMAIL, "RFC822Name: "}, {GEN_URI, "URIName: "}};
    int type;
    void *value = GENERAL_NAME_get0_value(name, &type);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (type == texts[i].type) {
            fputs(texts[i].label, out);
            mu_kt_show_bytes(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        }
    if (type == GEN_IPADD) {
        print_address(out, value);
    } else if (type == GEN_DIRNAME) {
        mu_kt_dname_show(out, value);
    } else if (type == GEN_RID) {
        fputs("OIDName: ", out);
        show_oid(out, value);
    } else if (type == GEN_OTHERNAME) {
        fputs("Other-Name: Unrecognized ObjectIdentifier: ", out);
        show_oid(out, ((OTHERNAME *)value)->type_id);
    }
}

static void print_names(FILE *out, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (i)
            fputs(", ", out);
        print_general_name(out, sk_GENERAL_NAME_value(names, i));
    }
}

static void print_alternative_names(FILE *out, int nid, void *value)
{
    fprintf(out, "%s [\n", mu_kt_extension_name(nid));
    for (int i = 0; i < sk_GENERAL_NAME_num((GENERAL_NAMES *)value); i++) {
        fputs("  ", out);
        print_general_name(out, sk_GENERAL_NAME_value((GENERAL_NAMES *)value, i));
        fputc('\n', out);
    }
    fputs("]\n", out);
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
        print_names(out, id->issuer);
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

static void print_bits(FILE *out, const ASN1_BIT_STRING *bits, const char *const *labels, const char *indent)
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
    print_bits(out, value, labels, "  ");
    fputs("]\n", out);
}

static void print_netscape_type(FILE *out, int nid, void *value)
{
    static const char *const labels[] = {"SSL client", "SSL server", "S/MIME", "Object Signing", "", "SSL CA", "S/MIME CA",
                                         "Object Signing CA", NULL};
    (void)nid;
    fputs("NetscapeCertType [\n", out);
    print_bits(out, value, labels, "   ");
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
            show_oid(out, oid);
        fputc('\n', out);
    }
    fputs("]\n", out);
}

static void print_access_method(FILE *out, const ASN1_OBJECT *method)
{
    switch (OBJ_obj2nid(method)) {
    case NID_ad_OCSP: fputs("ocsp", out); break;
    case NID_ad_ca_issuers: fputs("caIssuers", out); break;
    case NID_ad_timeStamping: fputs("timeStamping", out); break;
    case NID_caRepository: fputs("caRepository", out); break;
    default: show_oid(out, method);
    }
}

static void print_access(FILE *out, int nid, void *value)
{
    AUTHORITY_INFO_ACCESS *list = value;
    fprintf(out, "%s [\n  [\n", mu_kt_extension_name(nid));
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
        const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(list, i);
        fprintf(out, "%s   accessMethod: ", i ? ", \n" : "");
        print_access_method(out, access->method);
        fputs("\n   accessLocation: ", out);
        print_general_name(out, access->location);
        fputc('\n', out);
    }
    fputs("]\n]\n", out);
}

static void print_relative_name(FILE *out, STACK_OF(X509_NAME_ENTRY) *rdn)
{
    X509_NAME *name = X509_NAME_new();
    for (int i = 0; name && i < sk_X509_NAME_ENTRY_num(rdn); i++)
        X509_NAME_add_entry(name, sk_X509_NAME_ENTRY_value(rdn, i), -1, i ? -1 : 0);
    if (name)
        mu_kt_dname_show(out, name);
    X509_NAME_free(name);
}

static void print_point(FILE *out, const DIST_POINT *point)
{
    static const char *const reasons[] = {"unused", "key compromise", "CA compromise", "affiliation changed", "superseded",
                                          "cessation of operation", "certificate hold", "privilege withdrawn", "AA compromise", NULL};
    fputs("DistributionPoint:\n", out);
    if (point->distpoint && point->distpoint->type == 0) {
        fputs("     [", out);
        print_names(out, point->distpoint->name.fullname);
        fputs("]\n", out);
    } else if (point->distpoint) {
        fputs("     ", out);
        print_relative_name(out, point->distpoint->name.relativename);
        fputc('\n', out);
    }
    if (point->reasons) {
        fputs("   ReasonFlags:\n", out);
        print_bits(out, point->reasons, reasons, "    ");
    }
    if (point->CRLissuer) {
        fputs("   CRLIssuer:[", out);
        print_names(out, point->CRLissuer);
        fputs("]\n", out);
    }
}

static void print_points(FILE *out, int nid, void *value)
{
    CRL_DIST_POINTS *points = value;
    fprintf(out, "%s [\n  [", mu_kt_extension_name(nid));
    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        if (i)
            fputs(", ", out);
        print_point(out, sk_DIST_POINT_value(points, i));
    }
    fputs("]]\n", out);
}

static void print_qualifier(FILE *out, const POLICYQUALINFO *info)
{
    unsigned char *der = NULL;
    int nid = OBJ_obj2nid(info->pqualid);
    int len = nid == NID_id_qt_cps     ? i2d_ASN1_IA5STRING(info->d.cpsuri, &der)
              : nid == NID_id_qt_unotice ? i2d_USERNOTICE(info->d.usernotice, &der)
                                         : i2d_ASN1_TYPE(info->d.other, &der);
    fputs("PolicyQualifierInfo: [\n  qualifierID: ", out);
    show_oid(out, info->pqualid);
    fputs("\n  qualifier: ", out);
    if (len > 0)
        mu_kt_print_dump(out, der, (size_t)len);
    fputs("\n]", out);
    OPENSSL_free(der);
}

static void print_policies(FILE *out, int nid, void *value)
{
    CERTIFICATEPOLICIES *policies = value;
    (void)nid;
    fputs("CertificatePolicies [\n", out);
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(policies, i);
        fputs("  [CertificatePolicyId: [", out);
        show_oid(out, policy->policyid);
        fputs("]\n[", out);
        for (int q = 0; q < sk_POLICYQUALINFO_num(policy->qualifiers); q++) {
            if (q)
                fputs(", ", out);
            print_qualifier(out, sk_POLICYQUALINFO_value(policy->qualifiers, q));
        }
        fputs("]  ]\n", out);
    }
    fputs("]\n", out);
}

static void print_policy_mappings(FILE *out, int nid, void *value)
{
    POLICY_MAPPINGS *maps = value;
    (void)nid;
    fputs("PolicyMappings [\n[", out);
    for (int i = 0; i < sk_POLICY_MAPPING_num(maps); i++) {
        const POLICY_MAPPING *map = sk_POLICY_MAPPING_value(maps, i);
        fprintf(out, "%sCertificatePolicyMap: [\nIssuerDomain:CertificatePolicyId: [", i ? ", " : "");
        show_oid(out, map->issuerDomainPolicy);
        fputs("]\nSubjectDomain:CertificatePolicyId: [", out);
        show_oid(out, map->subjectDomainPolicy);
        fputs("]\n]\n", out);
    }
    fputs("]]\n", out);
}

static void print_skip(FILE *out, const char *label, const ASN1_INTEGER *certs, const char *end)
{
    if (certs)
        fprintf(out, "%s: %ld%s", label, ASN1_INTEGER_get(certs), end);
    else
        fprintf(out, "%s: unspecified%s", label, end);
}

static void print_policy_constraints(FILE *out, int nid, void *value)
{
    POLICY_CONSTRAINTS *constraints = value;
    (void)nid;
    fputs("PolicyConstraints: [  ", out);
    print_skip(out, "Require", constraints->requireExplicitPolicy, ";\t");
    print_skip(out, "Inhibit", constraints->inhibitPolicyMapping, " ]\n");
}

static void print_inhibit_any(FILE *out, int nid, void *value)
{
    (void)nid;
    print_skip(out, "InhibitAnyPolicy", value, "\n");
}

static void print_subtrees(FILE *out, const char *label, STACK_OF(GENERAL_SUBTREE) *trees)
{
    if (!trees)
        return;
    fprintf(out, "    %s:   GeneralSubtrees:\n[\n", label);
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(trees, i);
        fprintf(out, "%s   GeneralSubtree: [\n    GeneralName: ", i ? ", \n" : "");
        print_general_name(out, tree->base);
        fprintf(out, "\n    Minimum: %ld\n", tree->minimum ? ASN1_INTEGER_get(tree->minimum) : 0);
        if (tree->maximum)
            fprintf(out, "    Maximum: %ld    ]\n", ASN1_INTEGER_get(tree->maximum));
        else
            fputs("    Maximum: undefined    ]\n", out);
    }
    fputs("]\n", out);
}

static void print_name_constraints(FILE *out, int nid, void *value)
{
    NAME_CONSTRAINTS *constraints = value;
    (void)nid;
    fputs("NameConstraints: [\n", out);
    print_subtrees(out, "Permitted", constraints->permittedSubtrees);
    if (constraints->permittedSubtrees && constraints->excludedSubtrees)
        fputc('\n', out);
    print_subtrees(out, "Excluded", constraints->excludedSubtrees);
    fputs("   ]\n", out);
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
    {NID_info_access, "AuthorityInfoAccess", print_access},
    {NID_authority_key_identifier, "AuthorityKeyIdentifier", print_authority_key_id},
    {NID_basic_constraints, "BasicConstraints", print_basic_constraints},
    {NID_crl_distribution_points, "CRLDistributionPoints", print_points},
    {NID_certificate_policies, "CertificatePolicies", print_policies},
    {NID_ext_key_usage, "ExtendedKeyUsage", print_purposes},
    {NID_freshest_crl, "FreshestCRL", print_points},
    {NID_inhibit_any_policy, "InhibitAnyPolicy", print_inhibit_any},
    {NID_issuer_alt_name, "IssuerAlternativeName", print_alternative_names},
    {NID_key_usage, "KeyUsage", print_key_usage},
    {NID_name_constraints, "NameConstraints", print_name_constraints},
    {NID_netscape_cert_type, "NetscapeCertType", print_netscape_type},
    {NID_id_pkix_OCSP_noCheck, "OCSPNoCheck", print_nothing},
    {NID_policy_constraints, "PolicyConstraints", print_policy_constraints},
    {NID_policy_mappings, "PolicyMappings", print_policy_mappings},
    {NID_subject_alt_name, "SubjectAlternativeName", print_alternative_names},
    {NID_sinfo_access, "SubjectInfoAccess", print_access},
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

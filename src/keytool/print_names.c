/* Extensions that hold names, in the forms of the JDK. Source: RFC 5280 4.2. */
#include "keytool/dname.h"
#include "keytool/print_kinds.h"

#include <stdlib.h>

void mu_kt_print_oid(FILE *out, const ASN1_OBJECT *oid)
{
    char text[128];
    OBJ_obj2txt(text, sizeof text, oid, 1);
    fputs(text, out);
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
        mu_kt_print_oid(out, value);
    } else if (type == GEN_OTHERNAME) {
        fputs("Other-Name: Unrecognized ObjectIdentifier: ", out);
        mu_kt_print_oid(out, ((OTHERNAME *)value)->type_id);
    }
}

void mu_kt_print_names(FILE *out, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (i)
            fputs(", ", out);
        print_general_name(out, sk_GENERAL_NAME_value(names, i));
    }
}

void mu_kt_print_alternative_names(FILE *out, int nid, void *value)
{
    fprintf(out, "%s [\n", mu_kt_extension_name(nid));
    for (int i = 0; i < sk_GENERAL_NAME_num((GENERAL_NAMES *)value); i++) {
        fputs("  ", out);
        print_general_name(out, sk_GENERAL_NAME_value((GENERAL_NAMES *)value, i));
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
    default: mu_kt_print_oid(out, method);
    }
}

void mu_kt_print_access(FILE *out, int nid, void *value)
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

static void print_point_name(FILE *out, const DIST_POINT_NAME *name)
{
    fputs("     ", out);
    if (name->type == 0) {
        fputc('[', out);
        mu_kt_print_names(out, name->name.fullname);
        fputc(']', out);
    } else {
        print_relative_name(out, name->name.relativename);
    }
    fputc('\n', out);
}

static void print_reasons(FILE *out, const ASN1_BIT_STRING *bits)
{
    static const char *const reasons[] = {"unused", "key compromise", "CA compromise", "affiliation changed", "superseded",
                                          "cessation of operation", "certificate hold", "privilege withdrawn", "AA compromise", NULL};
    fputs("   ReasonFlags:\n", out);
    mu_kt_print_bits(out, bits, reasons, "    ");
}

static void print_point(FILE *out, const DIST_POINT *point)
{
    fputs("DistributionPoint:\n", out);
    if (point->distpoint)
        print_point_name(out, point->distpoint);
    if (point->reasons)
        print_reasons(out, point->reasons);
    if (point->CRLissuer) {
        fputs("   CRLIssuer:[", out);
        mu_kt_print_names(out, point->CRLissuer);
        fputs("]\n", out);
    }
}

void mu_kt_print_issuing_point(FILE *out, int nid, void *value)
{
    const ISSUING_DIST_POINT *point = value;
    const struct {
        const char *label;
        int set;
    } flags[] = {{"Only contains user certs", point->onlyuser},
                 {"Only contains CA certs", point->onlyCA},
                 {"Only contains attribute certs", point->onlyattr},
                 {"Indirect CRL", point->indirectCRL}};

    fprintf(out, "%s [\n  ", mu_kt_extension_name(nid));
    if (point->distpoint) {
        fputs("DistributionPointName:\n", out);
        print_point_name(out, point->distpoint);
    }
    if (point->onlysomereasons)
        print_reasons(out, point->onlysomereasons);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        fprintf(out, "  %s: %s\n", flags[i].label, flags[i].set > 0 ? "true" : "false");
    fputs("]\n", out);
}

void mu_kt_print_cert_issuer(FILE *out, int nid, void *value)
{
    (void)nid;
    fputs("Certificate Issuer [\n[", out);
    mu_kt_print_names(out, value);
    fputs("]]\n", out);
}

void mu_kt_print_points(FILE *out, int nid, void *value)
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

void mu_kt_print_name_constraints(FILE *out, int nid, void *value)
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


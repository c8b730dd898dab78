/* Extensions about policies, in the forms of the JDK. Source: RFC 5280 4.2. */
#include "keytool/print_kinds.h"

static void print_qualifier(FILE *out, const POLICYQUALINFO *info)
{
    unsigned char *der = NULL;
    int nid = OBJ_obj2nid(info->pqualid);
    int len = nid == NID_id_qt_cps     ? i2d_ASN1_IA5STRING(info->d.cpsuri, &der)
              : nid == NID_id_qt_unotice ? i2d_USERNOTICE(info->d.usernotice, &der)
                                         : i2d_ASN1_TYPE(info->d.other, &der);
    fputs("PolicyQualifierInfo: [\n  qualifierID: ", out);
    mu_kt_print_oid(out, info->pqualid);
    fputs("\n  qualifier: ", out);
    if (len > 0)
        mu_kt_print_dump(out, der, (size_t)len);
    fputs("\n]", out);
    OPENSSL_free(der);
}

void mu_kt_print_policies(FILE *out, int nid, void *value)
{
    CERTIFICATEPOLICIES *policies = value;
    (void)nid;
    fputs("CertificatePolicies [\n", out);
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(policies, i);
        fputs("  [CertificatePolicyId: [", out);
        mu_kt_print_oid(out, policy->policyid);
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

void mu_kt_print_policy_mappings(FILE *out, int nid, void *value)
{
    POLICY_MAPPINGS *maps = value;
    (void)nid;
    fputs("PolicyMappings [\n[", out);
    for (int i = 0; i < sk_POLICY_MAPPING_num(maps); i++) {
        const POLICY_MAPPING *map = sk_POLICY_MAPPING_value(maps, i);
        fprintf(out, "%sCertificatePolicyMap: [\nIssuerDomain:CertificatePolicyId: [", i ? ", " : "");
        mu_kt_print_oid(out, map->issuerDomainPolicy);
        fputs("]\nSubjectDomain:CertificatePolicyId: [", out);
        mu_kt_print_oid(out, map->subjectDomainPolicy);
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

void mu_kt_print_policy_constraints(FILE *out, int nid, void *value)
{
    POLICY_CONSTRAINTS *constraints = value;
    (void)nid;
    fputs("PolicyConstraints: [  ", out);
    print_skip(out, "Require", constraints->requireExplicitPolicy, ";\t");
    print_skip(out, "Inhibit", constraints->inhibitPolicyMapping, " ]\n");
}

void mu_kt_print_inhibit_any(FILE *out, int nid, void *value)
{
    (void)nid;
    print_skip(out, "InhibitAnyPolicy", value, "\n");
}


#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <openssl/x509v3.h>

static bool malformed(mu_finding *ret, int depth)
{
    return mu_found(ret, MU_E_CERT_MALFORMED, depth, X509_V_ERR_INVALID_EXTENSION);
}

/*
 * RFC 5280 4.2.1.10: only in CA certificates, and "Conforming CAs MUST NOT issue certificates where name constraints is an empty
 * sequence". The library applies whatever it finds, and an empty constraint constrains nothing.
 */
static bool constraints_are_good(X509 *cert)
{
    int critical;
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_name_constraints, &critical, NULL);
    bool absent = critical == -1;
    bool empty = constraints && sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) < 1 &&
                 sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) < 1;
    bool good = absent || (constraints && !empty && X509_check_ca(cert));
    NAME_CONSTRAINTS_free(constraints);
    return good;
}

static bool access_info_is_good(X509 *cert)
{
    int critical;
    AUTHORITY_INFO_ACCESS *info = X509_get_ext_d2i(cert, NID_info_access, &critical, NULL);
    bool good = info || critical == -1;
    AUTHORITY_INFO_ACCESS_free(info);
    return good;
}

/* The library overlooks extensions that it cannot decode unless it is told to be strict; what is damaged is no basis for trust. */
static bool check_decoded(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    (void)params;
    for (int i = 0; i < path->count; i++) {
        X509 *cert = path->certs[i];
        if ((X509_get_extension_flags(cert) & EXFLAG_INVALID) || !constraints_are_good(cert) || !access_info_is_good(cert))
            return malformed(ret, i);
    }
    return true;
}

/* RFC 1034 3.5 as far as a wrong name could pass for another one: no empty label, no blank, no byte beyond ASCII. */
static bool dns_name_is_good(const ASN1_STRING *name)
{
    const unsigned char *text = ASN1_STRING_get0_data(name);
    int len = ASN1_STRING_length(name);
    if (len > 1 && text[len - 1] == '.')
        len--;
    for (int i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || (text[i] == '.' && (i == 0 || i == len - 1 || text[i - 1] == '.')))
            return false;
    return len > 0;
}

static bool check_leaf_names(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    (void)params;
    GENERAL_NAMES *names = X509_get_ext_d2i(path->certs[0], NID_subject_alt_name, NULL, NULL);
    bool good = true;
    for (int i = 0; good && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type == GEN_DNS)
            good = dns_name_is_good(value);
        else if (type == GEN_IPADD)
            good = ASN1_STRING_length(value) == 4 || ASN1_STRING_length(value) == 16;
    }
    GENERAL_NAMES_free(names);
    return good || malformed(ret, 0);
}

/* "The digitalSignature bit MUST be set" (RFC 8446 4.4.2.2): TLS 1.3 and ECDHE authenticate by signing on either side. */
static bool check_key_usage(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    X509 *leaf = path->certs[0];
    if (params->purpose == MU_PURPOSE_ANY || (X509_get_key_usage(leaf) & X509v3_KU_DIGITAL_SIGNATURE))
        return true;
    bool ca = X509_get_extension_flags(leaf) & EXFLAG_CA;
    return mu_found(ret, ca ? MU_E_CA_USED_AS_LEAF : MU_E_KEY_USAGE_WRONG, 0, X509_V_ERR_INVALID_PURPOSE);
}

static bool check_strict(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    return params->rules != MU_RULES_STRICT || mu_path_check_strict(path, params, ret);
}

static bool check_asked_names(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    return mu_leaf_check_names(path->certs[0], params, ret);
}

bool (*const mu_own_steps[])(const mu_path *path, const mu_verify_params *params, mu_finding *ret) = {
    check_decoded, check_leaf_names, check_strict, check_key_usage, check_asked_names, NULL,
};

bool mu_path_check_own(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    bool good = true;
    for (size_t i = 0; good && mu_own_steps[i]; i++)
        good = mu_own_steps[i](path, params, ret);
    mu_ossl_clear();
    return good;
}

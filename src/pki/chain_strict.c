/*
 * What X509_V_FLAG_X509_STRICT leaves out of RFC 5280's profile and of the CA/Browser Forum's baseline requirements (7.1.2), which
 * public CAs follow and private ones often do not: part of --rules strict only.
 */
#include "pki/chain_internal.h"

#include "base/ossl.h"
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

static bool malformed(mu_finding *ret, int depth)
{
    return mu_found(ret, MU_E_CERT_MALFORMED, depth, X509_V_ERR_INVALID_EXTENSION);
}

/* RFC 5280 4.1.2.2: "MUST be a positive integer", and "MUST NOT use serialNumber values longer than 20 octets". */
static bool serial_is_good(const X509 *cert)
{
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    bool good = serial && !BN_is_negative(serial) && !BN_is_zero(serial) && BN_num_bits(serial) < 160;
    BN_free(serial);
    return good;
}

static bool has_extension(const X509 *cert, int nid)
{
    return X509_get_ext_by_NID(cert, nid, -1) >= 0;
}

static bool is_critical(const X509 *cert, int nid)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(cert, at));
}

/* RFC 5280 4.2.1.1: a certificate names the key that signed it. A root need not, and otherwise names itself and nothing else. */
static bool authority_key_is_good(X509 *cert)
{
    const ASN1_OCTET_STRING *wanted = X509_get0_authority_key_id(cert), *own = X509_get0_subject_key_id(cert);
    if (!(X509_get_extension_flags(cert) & EXFLAG_SI))
        return wanted != NULL;
    if (!has_extension(cert, NID_authority_key_identifier))
        return true;
    if (!wanted || X509_get0_authority_issuer(cert) || X509_get0_authority_serial(cert))
        return false;
    /* a self-issued CA that is no root (a key rollover) is named by its old key */
    return !own || ASN1_OCTET_STRING_cmp(wanted, own) == 0 || !mu_cert_is_self_signed(cert);
}

static bool key_type_is_good(X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    return type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS || type == EVP_PKEY_EC || type == EVP_PKEY_ED25519 ||
           type == EVP_PKEY_ED448;
}

/* 7.1.2.7.10: extendedKeyUsage is there, not critical, and names what the certificate is for. */
static bool leaf_eku_is_good(const X509 *leaf, mu_purpose purpose)
{
    if (purpose == MU_PURPOSE_ANY)
        return true;
    return has_extension(leaf, NID_ext_key_usage) && !is_critical(leaf, NID_ext_key_usage) &&
           !(X509_get_extended_key_usage((X509 *)leaf) & XKU_ANYEKU);
}

static bool check_leaf(X509 *leaf, bool alone, mu_purpose purpose, mu_finding *ret)
{
    /* 7.1.2.7.12: critical only if the subject is empty */
    if (is_critical(leaf, NID_subject_alt_name) && X509_NAME_entry_count(X509_get_subject_name(leaf)) > 0)
        return malformed(ret, 0);
    /* RFC 5280 4.2.1.9: a CA has keyCertSign. A self-signed certificate that is trusted alone is spared, as the library does. */
    if (!alone && (X509_get_extension_flags(leaf) & EXFLAG_CA) && !(X509_get_key_usage(leaf) & X509v3_KU_KEY_CERT_SIGN))
        return mu_found(ret, MU_E_CA_USED_AS_LEAF, 0, X509_V_ERR_INVALID_NON_CA);
    if (!leaf_eku_is_good(leaf, purpose))
        return mu_found(ret, mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, 0, purpose), 0, X509_V_ERR_INVALID_PURPOSE);
    return true;
}

bool mu_path_check_strict(const mu_path *path, const mu_verify_params *params, mu_finding *ret)
{
    for (int i = 0; i < path->count; i++) {
        X509 *cert = path->certs[i];
        bool anchor = i > 0 && i == path->count - 1;
        if (!key_type_is_good(cert))
            return mu_found(ret, MU_E_KEYTYPE_MISMATCH, i, X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM);
        if (!anchor && !serial_is_good(cert))
            return malformed(ret, i);
        if (path->count > 1 && !authority_key_is_good(cert))
            return mu_found(ret, MU_E_CERT_MALFORMED, i, X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER);
        /* RFC 5280 4.2.1.10: "Conforming CAs MUST mark this extension as critical" */
        if (has_extension(cert, NID_name_constraints) && !is_critical(cert, NID_name_constraints))
            return malformed(ret, i);
        /* 7.1.2.1.2: a root has no extendedKeyUsage */
        if (anchor && (X509_get_extension_flags(cert) & EXFLAG_SS) && has_extension(cert, NID_ext_key_usage))
            return malformed(ret, i);
    }
    return check_leaf(path->certs[0], path->count == 1, params->purpose, ret);
}

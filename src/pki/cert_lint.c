/* What would go wrong later with a certificate, found before it is signed. Each check fails with the cause a peer would report. */
#include "base/clock.h"
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <stdlib.h>

struct lint {
    const X509 *cert, *issuer; /* issuer: the certificate itself if it is self-signed */
    mu_profile profile;
    int64_t now_s;
};

static bool is_ca_profile(mu_profile profile)
{
    return profile == MU_PROFILE_ROOT || profile == MU_PROFILE_INTERMEDIATE || profile == MU_PROFILE_CLIENT_INTERMEDIATE;
}

static bool is_server_profile(mu_profile profile)
{
    return profile == MU_PROFILE_SERVER || profile == MU_PROFILE_PEER;
}

static bool is_client_profile(mu_profile profile)
{
    return profile == MU_PROFILE_CLIENT || profile == MU_PROFILE_PEER || profile == MU_PROFILE_CLIENT_INTERMEDIATE;
}

/* Adds whose certificate it is to the detail. */
static int blame(const X509 *cert, mu_err **err)
{
    char *subject = mu_name_text(X509_get_subject_name(cert));
    mu_err_detail(err, "subject \"%s\"", subject ? subject : "");
    free(subject);
    return -1;
}

static int check_issuer_is_ca(const struct lint *l, mu_err **err)
{
    if (l->issuer == l->cert)
        return 0;
    if (!mu_cert_is_ca(l->issuer)) {
        mu_fail(err, MU_E_ISSUER_NOT_A_CA, "the issuer's certificate is not a CA's");
        return blame(l->issuer, err);
    }
    if (!(mu_cert_key_usage(l->issuer) & KU_KEY_CERT_SIGN)) {
        mu_fail(err, MU_E_KEY_USAGE_WRONG, "the issuer's key usage does not allow it to sign certificates");
        return blame(l->issuer, err);
    }
    return 0;
}

static int check_pathlen(const struct lint *l, mu_err **err)
{
    long allowed, unused;
    mu_cert_basic_constraints(l->issuer, &allowed);
    /* RFC 5280 4.2.1.9: it counts the CA certificates that may follow, the leaf and self-issued ones not among them. */
    if (l->issuer == l->cert || allowed != 0 || mu_cert_basic_constraints(l->cert, &unused) != 1)
        return 0;
    mu_fail(err, MU_E_PATHLEN_EXCEEDED, "the issuer's path length allows no CA below it");
    return blame(l->issuer, err);
}

static int check_issuer_purpose(const struct lint *l, mu_err **err)
{
    if (l->issuer == l->cert)
        return 0;
    bool no_server = is_server_profile(l->profile) && mu_cert_ext_usage(l->issuer, NID_server_auth) == 0;
    bool no_client = is_client_profile(l->profile) && mu_cert_ext_usage(l->issuer, NID_client_auth) == 0;
    if (!no_server && !no_client)
        return 0;
    mu_fail(err, MU_E_EKU_CA_CHAIN, "this issuer may not issue certificates for %s", no_server ? "servers" : "clients");
    mu_err_detail(err, "its extendedKeyUsage has no %s", no_server ? "serverAuth" : "clientAuth");
    return blame(l->issuer, err);
}

static bool has_san_type(const X509 *cert, unsigned types)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        found |= (types >> type & 1) != 0;
    }
    GENERAL_NAMES_free(names);
    mu_ossl_clear();
    return found;
}

/* On a copy: the check needs OpenSSL's cache of extensions, which must not be filled in a certificate that is not signed yet. */
static int check_name_constraints(const struct lint *l, mu_err **err)
{
    int critical, found = X509_V_OK;
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(l->issuer, NID_name_constraints, &critical, NULL);
    if (!constraints) {
        mu_ossl_clear();
        return critical == -1 ? 0 : mu_fail(err, MU_E_NAME_CONSTRAINTS, "the issuer's name constraints cannot be read");
    }
    X509 *copy = X509_dup(mu_cert_mutable(l->cert));
    if (copy) {
        X509_check_purpose(copy, -1, 0);
        found = NAME_CONSTRAINTS_check(copy, constraints);
        if (found == X509_V_OK && !is_ca_profile(l->profile) && !has_san_type(l->cert, 1u << GEN_DNS))
            found = NAME_CONSTRAINTS_check_CN(copy, constraints);
    }
    NAME_CONSTRAINTS_free(constraints);
    mu_ossl_clear();
    if (!copy)
        return mu_fail_nomem(err);
    X509_free(copy);
    if (found == X509_V_OK)
        return 0;
    char *names = mu_cert_san_text(l->cert);
    mu_fail(err, MU_E_NAME_CONSTRAINTS, "a name lies outside what the issuer may issue for");
    mu_err_detail(err, "%s, names %s", X509_verify_cert_error_string(found), names ? names : "");
    free(names);
    return blame(l->cert, err);
}

static int check_names(const struct lint *l, mu_err **err)
{
    if (l->issuer != l->cert && X509_NAME_cmp(X509_get_subject_name(l->cert), X509_get_subject_name(l->issuer)) == 0) {
        mu_fail(err, MU_E_SUBJECT_EQUALS_ISSUER, "subject and issuer have the same name");
        return blame(l->cert, err);
    }
    /* RFC 9525 6.3: the CN is not looked at. A workload known by URI (SPIFFE) is a server too. */
    if (is_server_profile(l->profile) && !has_san_type(l->cert, 1u << GEN_DNS | 1u << GEN_IPADD | 1u << GEN_URI)) {
        mu_fail(err, MU_E_SAN_MISSING, "a server's certificate needs a subject alternative name: dns, ip or uri");
        return blame(l->cert, err);
    }
    return 0;
}

static int bad_dates(mu_code code, const char *why, const X509 *cert, mu_err **err)
{
    char from[32], to[32];
    mu_time_text(mu_cert_not_before_s(cert), from);
    mu_time_text(mu_cert_not_after_s(cert), to);
    mu_fail(err, code, "%s", why);
    mu_err_detail(err, "valid from %s to %s", from, to);
    return blame(cert, err);
}

static int check_dates(const struct lint *l, mu_err **err)
{
    int64_t from_s = mu_cert_not_before_s(l->cert), to_s = mu_cert_not_after_s(l->cert);
    if (mu_cert_not_after_s(l->issuer) < l->now_s)
        return bad_dates(MU_E_CERT_EXPIRED, "the issuer's certificate has expired", l->issuer, err);
    if (mu_cert_not_before_s(l->issuer) > l->now_s)
        return bad_dates(MU_E_CERT_NOT_YET_VALID, "the issuer's certificate is not valid yet", l->issuer, err);
    if (to_s <= from_s)
        return bad_dates(MU_E_CERT_EXPIRED, "the certificate would end before it begins", l->cert, err);
    if (to_s < l->now_s)
        return bad_dates(MU_E_CERT_EXPIRED, "the certificate has expired already", l->cert, err);
    if (from_s < mu_cert_not_before_s(l->issuer))
        return bad_dates(MU_E_CERT_NOT_YET_VALID, "the certificate would begin before its issuer's", l->cert, err);
    if (to_s > mu_cert_not_after_s(l->issuer))
        return bad_dates(MU_E_CERT_EXPIRED, "the certificate would outlive its issuer's", l->cert, err);
    return 0;
}

/* Security level 2 of OpenSSL, our own and Debian's default: 112 bits, so RSA 2048, EC 224, SHA-224. */
static int check_strength(const struct lint *l, mu_err **err)
{
    const X509 *certs[] = {l->cert, l->issuer};
    for (int i = 0; i < 2; i++) {
        const EVP_PKEY *key = X509_get0_pubkey(certs[i]);
        char *shown = key ? mu_key_describe(key) : NULL;
        if (!key || EVP_PKEY_get_security_bits(key) < 112) {
            mu_fail(err, MU_E_WEAK_KEY_SIZE, "the %s key is too weak", i == 0 ? "certificate's" : "issuer's");
            mu_err_detail(err, "%s", shown ? shown : "unreadable key");
            free(shown);
            return blame(certs[i], err);
        }
        free(shown);
    }
    int bits = mu_cert_digest_bits(l->cert);
    if (bits > 0 && bits < 224) {
        mu_fail(err, MU_E_WEAK_SIGNATURE_DIGEST, "the signature's digest is too weak: %d bits", bits);
        return blame(l->cert, err);
    }
    return 0;
}

static int check_ca_usage(const struct lint *l, mu_err **err)
{
    if (!mu_cert_is_ca(l->cert)) {
        mu_fail(err, MU_E_ISSUER_NOT_A_CA, "a CA's certificate needs basicConstraints with CA:TRUE");
        return blame(l->cert, err);
    }
    if (!(mu_cert_key_usage(l->cert) & KU_KEY_CERT_SIGN)) {
        mu_fail(err, MU_E_KEY_USAGE_WRONG, "a CA's key usage must allow it to sign certificates");
        return blame(l->cert, err);
    }
    return 0;
}

/* An absent extendedKeyUsage admits every purpose; anyExtendedKeyUsage only some peers accept, so it does not help. */
static int check_usage(const struct lint *l, mu_err **err)
{
    if (is_ca_profile(l->profile))
        return check_ca_usage(l, err);
    if (mu_cert_is_ca(l->cert)) {
        mu_fail(err, MU_E_CA_USED_AS_LEAF, "the certificate of a %s must not be a CA's", mu_profile_name(l->profile));
        return blame(l->cert, err);
    }
    if (!(mu_cert_key_usage(l->cert) & KU_DIGITAL_SIGNATURE)) {
        mu_fail(err, MU_E_KEY_USAGE_WRONG, "the key usage must have digitalSignature");
        return blame(l->cert, err);
    }
    if (is_server_profile(l->profile) && mu_cert_ext_usage(l->cert, NID_server_auth) == 0) {
        mu_fail(err, MU_E_EKU_MISSING_SERVERAUTH, "the extendedKeyUsage must have serverAuth");
        return blame(l->cert, err);
    }
    if (is_client_profile(l->profile) && mu_cert_ext_usage(l->cert, NID_client_auth) == 0) {
        mu_fail(err, MU_E_EKU_MISSING_CLIENTAUTH, "the extendedKeyUsage must have clientAuth");
        return blame(l->cert, err);
    }
    return 0;
}

static int check_critical_extensions(const struct lint *l, mu_err **err)
{
    for (int i = 0; i < X509_get_ext_count(l->cert); i++) {
        const X509_EXTENSION *ext = X509_get_ext(l->cert, i);
        char oid[64];
        if (!X509_EXTENSION_get_critical(ext) || X509_supported_extension((X509_EXTENSION *)ext))
            continue;
        OBJ_obj2txt(oid, sizeof oid, mu_ext_object(ext), 1);
        mu_fail(err, MU_E_UNKNOWN_CRITICAL_EXTENSION, "peers do not know the critical extension %s", oid);
        return blame(l->cert, err);
    }
    return 0;
}

int mu_cert_lint(const X509 *cert, mu_profile profile, const X509 *issuer, int64_t now_s, mu_err **err)
{
    static int (*const checks[])(const struct lint *, mu_err **) = {
        check_issuer_is_ca, check_pathlen, check_issuer_purpose, check_names,    check_usage,
        check_dates,        check_strength, check_critical_extensions, check_name_constraints,
    };
    const struct lint l = {.cert = cert, .issuer = issuer ? issuer : cert, .profile = profile, .now_s = now_s};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i](&l, err) != 0)
            return -1;
    return 0;
}

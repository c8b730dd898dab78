/* Certificates that are right by construction: the profile decides, the caller says who. */
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct profile {
    const char *name;
    bool ca;
    int pathlen;
    bool server, client;
} profiles[] = {
    [MU_PROFILE_ROOT] = {"root", true, -1, false, false},
    [MU_PROFILE_INTERMEDIATE] = {"intermediate", true, 0, false, false},
    [MU_PROFILE_CLIENT_INTERMEDIATE] = {"client-intermediate", true, 0, false, true},
    [MU_PROFILE_SERVER] = {"server", false, -1, true, false},
    [MU_PROFILE_CLIENT] = {"client", false, -1, false, true},
    [MU_PROFILE_PEER] = {"peer", false, -1, true, true},
};

const char *mu_profile_name(mu_profile profile)
{
    return profiles[profile].name;
}

int mu_profile_parse(const char *name, mu_profile *ret_profile, mu_err **err)
{
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (mu_str_eq_nocase(profiles[i].name, name)) {
            *ret_profile = (mu_profile)i;
            return 0;
        }
    }
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is no certificate profile", mu_escape_to(shown, name));
    return mu_err_hint(err, "Use root, intermediate, client-intermediate, server, client or peer.");
}

static bool add_ext(X509 *cert, int nid, const void *value, bool critical)
{
    /* OpenSSL only reads the value; its parameter is not const because it is of any extension's type. */
    return X509_add1_ext_i2d(cert, nid, (void *)value, critical, X509V3_ADD_DEFAULT) == 1;
}

static bool add_basic_constraints(X509 *cert, const struct profile *profile, int pathlen)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool ok = constraints != NULL;
    if (ok && profile->ca)
        constraints->ca = 0xff;
    if (ok && profile->ca && pathlen >= 0)
        ok = (constraints->pathlen = ASN1_INTEGER_new()) && ASN1_INTEGER_set(constraints->pathlen, pathlen);
    /* RFC 5280 4.2.1.9: critical in CA certificates; without effect in others, where some old peers reject it as critical. */
    ok = ok && add_ext(cert, NID_basic_constraints, constraints, profile->ca);
    BASIC_CONSTRAINTS_free(constraints);
    return ok;
}

/* RFC 5280 4.2.1.3; the bit numbers are those of its KeyUsage. */
enum { DIGITAL_SIGNATURE = 0, KEY_ENCIPHERMENT = 2, KEY_CERT_SIGN = 5, CRL_SIGN = 6 };

static bool add_key_usage(X509 *cert, const struct profile *profile, const EVP_PKEY *public_key)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool ok = usage != NULL;
    if (profile->ca) {
        ok = ok && ASN1_BIT_STRING_set_bit(usage, KEY_CERT_SIGN, 1) && ASN1_BIT_STRING_set_bit(usage, CRL_SIGN, 1);
    } else {
        ok = ok && ASN1_BIT_STRING_set_bit(usage, DIGITAL_SIGNATURE, 1);
        if (profile->server && EVP_PKEY_is_a(public_key, "RSA")) /* for TLS 1.2 with RSA key exchange */
            ok = ok && ASN1_BIT_STRING_set_bit(usage, KEY_ENCIPHERMENT, 1);
    }
    ok = ok && add_ext(cert, NID_key_usage, usage, true);
    ASN1_BIT_STRING_free(usage);
    return ok;
}

static bool add_ext_key_usage(X509 *cert, const struct profile *profile)
{
    if (!profile->server && !profile->client)
        return true;
    EXTENDED_KEY_USAGE *usages = sk_ASN1_OBJECT_new_null();
    bool ok = usages != NULL;
    if (profile->server)
        ok = ok && sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_server_auth));
    if (profile->client)
        ok = ok && sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_client_auth));
    ok = ok && add_ext(cert, NID_ext_key_usage, usages, false);
    sk_ASN1_OBJECT_free(usages); /* OBJ_nid2obj's objects are static */
    return ok;
}

/* RFC 7093 section 2 (1): the leftmost 160 bits of SHA-256 of the key; RFC 5280's SHA-1 may be switched off by policy. */
static ASN1_OCTET_STRING *key_id_of(OSSL_LIB_CTX *libctx, const X509 *cert)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(cert);
    uint8_t digest[EVP_MAX_MD_SIZE];
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

    if (id && bits && ASN1_STRING_length(bits) > 0 &&
        EVP_Q_digest(libctx, "SHA256", NULL, ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits), digest, NULL) &&
        ASN1_OCTET_STRING_set(id, digest, 20))
        return id;
    ASN1_OCTET_STRING_free(id);
    return NULL;
}

AUTHORITY_KEYID *mu_cert_authority_key_id(OSSL_LIB_CTX *libctx, const X509 *issuer)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    if (authority && ((authority->keyid = X509_get_ext_d2i(issuer, NID_subject_key_identifier, NULL, NULL)) ||
                      (authority->keyid = key_id_of(libctx, issuer))))
        return authority;
    AUTHORITY_KEYID_free(authority);
    return NULL;
}

static bool add_key_ids(OSSL_LIB_CTX *libctx, X509 *cert, const X509 *issuer)
{
    ASN1_OCTET_STRING *own = key_id_of(libctx, cert);
    bool ok = own && add_ext(cert, NID_subject_key_identifier, own, false);
    AUTHORITY_KEYID *authority = ok ? mu_cert_authority_key_id(libctx, issuer ? issuer : cert) : NULL;
    ok = authority && add_ext(cert, NID_authority_key_identifier, authority, false);
    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(authority);
    return ok;
}

static bool add_extensions(OSSL_LIB_CTX *libctx, X509 *cert, const mu_cert_spec *spec)
{
    const struct profile *profile = &profiles[spec->profile];
    bool unnamed = X509_NAME_entry_count(spec->subject) == 0;
    return add_basic_constraints(cert, profile, spec->pathlen >= 0 ? spec->pathlen : profile->pathlen) &&
           add_key_usage(cert, profile, spec->public_key) && add_ext_key_usage(cert, profile) &&
           add_key_ids(libctx, cert, spec->issuer) &&
           /* RFC 5280 4.2.1.6: critical if the subject is empty. */
           (!spec->names || sk_GENERAL_NAME_num(spec->names) == 0 || add_ext(cert, NID_subject_alt_name, spec->names, unnamed));
}

/* 128 random bits; DER puts a zero byte in front where it would be negative. RFC 5280 4.1.2.2: positive, 20 bytes at most. */
static bool set_serial(OSSL_LIB_CTX *libctx, X509 *cert)
{
    uint8_t random[16];
    BIGNUM *number = RAND_bytes_ex(libctx, random, sizeof random, 0) == 1 ? BN_bin2bn(random, sizeof random, NULL) : NULL;
    ASN1_INTEGER *serial = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    bool ok = serial && X509_set_serialNumber(cert, serial);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return ok;
}

static bool set_dates(X509 *cert, const mu_cert_spec *spec)
{
    int64_t end_s = spec->issuer ? mu_cert_not_after_s(spec->issuer) : INT64_MAX;
    if (spec->not_after_s < end_s)
        end_s = spec->not_after_s;
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)spec->not_before_s), *to = ASN1_TIME_set(NULL, (time_t)end_s);
    bool ok = from && to && X509_set1_notBefore(cert, from) && X509_set1_notAfter(cert, to);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return ok;
}

/* The signature's AlgorithmIdentifier as the provider that will sign encodes it, which is what X509_sign_ctx will write. */
static int signature_algorithm(OSSL_LIB_CTX *libctx, EVP_PKEY *key, X509_ALGOR **ret_algorithm, mu_err **err)
{
    uint8_t der[256];
    const unsigned char *at = der;
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der, sizeof der), OSSL_PARAM_END};
    EVP_MD_CTX *ctx = mu_key_sign_ctx(libctx, key, err);
    int rc = -1;

    if (!ctx)
        return -1;
    if (EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(ctx), params) == 1 && OSSL_PARAM_modified(&params[0]) &&
        (*ret_algorithm = d2i_X509_ALGOR(NULL, &at, (long)params[0].return_size)))
        rc = 0;
    else
        mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this key cannot sign certificates");
    EVP_MD_CTX_free(ctx);
    return rc;
}

/*
 * tbsCertificate names the algorithm that will sign it, and its bytes are wanted before that. OpenSSL sets both identifiers only
 * while signing and has no setter; the getters' results are members of `cert`, which is ours to change: this cast is the setter.
 * mu_cert_sign checks that signing writes the same.
 */
static int set_signature_algorithm(OSSL_LIB_CTX *libctx, X509 *cert, EVP_PKEY *key, mu_err **err)
{
    X509_ALGOR *algorithm = NULL;
    const X509_ALGOR *outer;
    if (signature_algorithm(libctx, key, &algorithm, err) != 0)
        return -1;
    X509_get0_signature(NULL, &outer, cert);
    bool ok = X509_ALGOR_copy((X509_ALGOR *)X509_get0_tbs_sigalg(cert), algorithm) &&
              X509_ALGOR_copy((X509_ALGOR *)outer, algorithm);
    X509_ALGOR_free(algorithm);
    return ok ? 0 : mu_fail_nomem(err);
}

static int check_spec(const mu_cert_spec *spec, mu_err **err)
{
    bool named = spec->names && sk_GENERAL_NAME_num(spec->names) > 0;
    if (X509_NAME_entry_count(spec->subject) == 0 && (profiles[spec->profile].ca || !named))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a certificate needs a subject%s",
                          profiles[spec->profile].ca ? " if it is a CA's" : " or a subject alternative name");
    if (spec->issuer && mu_key_check_pair(spec->issuer, spec->issuer_key, err) != 0)
        return -1;
    if (!spec->issuer && EVP_PKEY_eq(spec->public_key, spec->issuer_key) != 1)
        return mu_fail_by(err, MU_E_KEY_CERT_MISMATCH, MU_BY_CALLER, "a self-signed certificate needs its own key");
    /* RFC 5280 4.1.2.5 ends in the year 9999; before 1950 there are only four-digit years. */
    if (spec->not_before_s < 0 || spec->not_after_s > INT64_C(253402300799))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "the dates of a certificate must lie between 1970 and 9999");
    return 0;
}

int mu_cert_prepare(OSSL_LIB_CTX *libctx, const mu_cert_spec *spec, X509 **ret_cert, mu_err **err)
{
    if (check_spec(spec, err) != 0)
        return -1;
    mu_ossl_clear();
    X509 *cert = X509_new_ex(libctx, NULL);
    if (!cert)
        return mu_fail_nomem(err);
    const X509_NAME *issuer = spec->issuer ? X509_get_subject_name(spec->issuer) : spec->subject;
    if (!X509_set_version(cert, X509_VERSION_3) || !set_serial(libctx, cert) || !X509_set_subject_name(cert, spec->subject) ||
        !X509_set_issuer_name(cert, issuer) || !set_dates(cert, spec) || !X509_set_pubkey(cert, spec->public_key) ||
        !add_extensions(libctx, cert, spec))
        mu_fail_ossl(err, MU_E_INTERNAL, "cannot build the certificate");
    else if (set_signature_algorithm(libctx, cert, spec->issuer_key, err) == 0 &&
             mu_cert_lint(cert, spec->profile, spec->issuer, spec->not_before_s, err) == 0) {
        *ret_cert = cert;
        return 0;
    }
    X509_free(cert);
    return -1;
}

int mu_cert_tbs(const X509 *cert, uint8_t **ret_der, mu_err **err)
{
    uint8_t *der = NULL;
    mu_ossl_clear();
    int len = i2d_re_X509_tbs(mu_cert_mutable(cert), &der); /* re-encoding changes no content */
    if (len <= 0)
        return mu_fail_ossl(err, MU_E_INTERNAL, "cannot encode the certificate");
    *ret_der = der;
    return len;
}

static int sign_and_verify(OSSL_LIB_CTX *libctx, X509 *cert, EVP_PKEY *key, mu_err **err)
{
    EVP_MD_CTX *ctx = mu_key_sign_ctx(libctx, key, err);
    if (!ctx)
        return -1;
    int signed_bytes = X509_sign_ctx(cert, ctx);
    EVP_MD_CTX_free(ctx);
    if (signed_bytes <= 0)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign the certificate");
    /* A faulty RSA signature gives its key away: look before it leaves the house. */
    if (X509_verify(cert, key) != 1)
        return mu_fail_ossl(err, MU_E_INTERNAL, "the signature just made does not verify");
    return 0;
}

int mu_cert_sign(OSSL_LIB_CTX *libctx, X509 *cert, EVP_PKEY *issuer_key, mu_err **err)
{
    uint8_t *before = NULL, *after = NULL;
    int before_len = mu_cert_tbs(cert, &before, err), after_len, rc = -1;

    if (before_len < 0 || sign_and_verify(libctx, cert, issuer_key, err) != 0 || (after_len = mu_cert_tbs(cert, &after, err)) < 0)
        goto out;
    if (before_len != after_len || memcmp(before, after, (size_t)after_len) != 0) {
        mu_fail(err, MU_E_INTERNAL, "signing changed the certificate");
        mu_err_detail(err, "is it the key that it was prepared for?");
        goto out;
    }
    rc = 0;
out:
    OPENSSL_free(before);
    OPENSSL_free(after);
    return rc;
}

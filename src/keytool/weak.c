#include "keytool/algorithm.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

void mu_kt_warn_signature(mu_kt *kt, const char *label, const char *name, mu_kt_strength strength)
{
    if (strength != MU_KT_STRONG)
        mu_kt_warn(kt, "%s uses the %s signature algorithm which is considered a security risk%s.", label, name,
                   strength == MU_KT_DISABLED ? " and is disabled" : "");
}

void mu_kt_warn_key(mu_kt *kt, const char *label, const char *key_text, mu_kt_strength strength)
{
    if (strength != MU_KT_STRONG)
        mu_kt_warn(kt, "%s uses a %s which is considered a security risk%s.", label, key_text,
                   strength == MU_KT_DISABLED ? " and is disabled" : ". It will be disabled in a future update");
}

static bool trusts(const mu_store *store, const X509 *cert, bool any_entry)
{
    for (size_t i = 0; store && i < mu_store_count(store); i++) {
        const X509 *own = mu_kt_entry_cert(mu_store_entry(store, i));
        if (own && X509_cmp(own, cert) == 0) /* the first one with it counts */
            return any_entry || mu_entry_get_kind(mu_store_entry(store, i)) == MU_ENTRY_TRUSTED;
    }
    return false;
}

/* Only a weak one is looked up, so that a listing stays linear. */
mu_kt_strength mu_kt_cert_strength(const mu_kt *kt, const X509 *cert, const char *name)
{
    mu_kt_strength strength = mu_kt_signature_strength(name);
    if (strength != MU_KT_STRONG && (trusts(kt->cacerts, cert, true) || trusts(kt->store, cert, false)))
        return MU_KT_STRONG;
    return strength;
}

bool mu_kt_signs_code(const X509 *cert)
{
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    bool yes = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        yes = yes || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i)) == NID_code_sign;
    EXTENDED_KEY_USAGE_free(usage);
    return yes;
}

/* "SHA1 denyAfter 2019-01-01" of jdk.jar.disabledAlgorithms, shown as a local date. */
static void warn_for_code(mu_kt *kt, const char *label, const char *name)
{
    const time_t denied = 1546300800;
    char day[16] = "";
    struct tm tm;

    if (localtime_r(&denied, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    mu_kt_warn(kt, "%s uses the %s signature algorithm which is considered a security risk and cannot be used to sign JARs after %s.",
               label, name, day);
}

static void check_weak(mu_kt *kt, const char *label, const X509 *cert, bool signer)
{
    char name[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *key = X509_get0_pubkey(cert);

    mu_kt_signature_name(cert, name);
    mu_kt_strength strength = mu_kt_cert_strength(kt, cert, name);
    if (strength == MU_KT_WEAK && signer && mu_kt_signs_code(cert))
        warn_for_code(kt, label, name);
    else
        mu_kt_warn_signature(kt, label, name, strength);
    mu_kt_key_text(key, X509_get_X509_PUBKEY(cert), name);
    mu_kt_warn_key(kt, label, name, mu_kt_key_strength(key));
}

void mu_kt_check_weak(mu_kt *kt, const char *label, const X509 *cert)
{
    check_weak(kt, label, cert, true);
}

void mu_kt_check_weak_detail(mu_kt *kt, const char *label, const STACK_OF(X509) *chain, int index)
{
    X509 *cert = sk_X509_value(chain, index);
    check_weak(kt, label, cert, index == 0 && X509_check_ca(cert) != 1);
}

void mu_kt_check_weak_at(mu_kt *kt, const char *label, const STACK_OF(X509) *chain, int index)
{
    int count = sk_X509_num(chain);
    char *numbered = count == 1 ? mu_strdup(label) : mu_asprintf("%s #%d of %d", label, index + 1, count);

    if (numbered)
        mu_kt_check_weak_detail(kt, numbered, chain, index);
    free(numbered);
}

void mu_kt_check_weak_chain(mu_kt *kt, const char *label, const STACK_OF(X509) *chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        mu_kt_check_weak_at(kt, label, chain, i);
}

void mu_kt_check_weak_request(mu_kt *kt, const char *label, X509_REQ *req)
{
    char name[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);

    mu_kt_signature_nid_name(X509_REQ_get_signature_nid(req), name);
    mu_kt_warn_signature(kt, label, name, mu_kt_signature_strength(name));
    mu_kt_key_text(key, X509_REQ_get_X509_PUBKEY(req), name);
    mu_kt_warn_key(kt, label, name, mu_kt_key_strength(key));
}

void mu_kt_check_weak_secret(mu_kt *kt, const char *label, const char *algorithm)
{
    static const char *const weak[] = {"DES", "DESede", "RC2", "ARCFOUR", "MD5"};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        if (strcasecmp(weak[i], algorithm) == 0)
            mu_kt_warn(kt, "%s uses the %s algorithm which is considered a security risk.", label, algorithm);
}

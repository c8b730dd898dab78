#include "keytool/algorithm.h"

#include <stdlib.h>

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

void mu_kt_check_weak(mu_kt *kt, const char *label, const X509 *cert, bool trusted)
{
    char name[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *key = X509_get0_pubkey(cert);

    mu_kt_signature_name(cert, name);
    mu_kt_warn_signature(kt, label, name, trusted ? MU_KT_STRONG : mu_kt_signature_strength(name));
    mu_kt_key_text(key, X509_get_X509_PUBKEY(cert), name);
    mu_kt_warn_key(kt, label, name, mu_kt_key_strength(key));
}

void mu_kt_check_weak_chain(mu_kt *kt, const char *label, const STACK_OF(X509) *chain)
{
    int count = sk_X509_num(chain);
    for (int i = 0; i < count; i++) {
        char *numbered = count == 1 ? mu_strdup(label) : mu_asprintf("%s #%d of %d", label, i + 1, count);
        if (numbered)
            mu_kt_check_weak(kt, numbered, sk_X509_value(chain, i), false);
        free(numbered);
    }
}

void mu_kt_check_weak_request(mu_kt *kt, const char *label, X509_REQ *req)
{
    char name[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);
    mu_kt_strength strength;

    mu_kt_signature_nid_name(X509_REQ_get_signature_nid(req), name);
    strength = mu_kt_signature_strength(name);
    mu_kt_warn_signature(kt, label, name, strength);
    mu_kt_key_text(key, X509_REQ_get_X509_PUBKEY(req), name);
    mu_kt_warn_key(kt, label, name, mu_kt_key_strength(key));
}

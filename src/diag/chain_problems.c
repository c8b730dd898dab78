/* What is wrong with certificates, whoever looks at them. The gate's rules are in pki; here every fault is listed. */
#include "diag/cert_facts.h"

#include "base/clock.h"
#include "base/ossl.h"

#include <openssl/x509v3.h>

#define MIN_SECURITY_BITS 112 /* OpenSSL's level 2, ours and Debian's default */

static void check_dates(const mu_cert_facts *c, int depth, int64_t at_s, mu_problems *problems)
{
    char time[32];
    if (at_s > c->not_after_s)
        mu_problems_add(problems, MU_E_CERT_EXPIRED, false, depth, "\"%s\" expired on %s", c->subject,
                        mu_time_text(c->not_after_s, time));
    if (at_s < c->not_before_s)
        mu_problems_add(problems, MU_E_CERT_NOT_YET_VALID, false, depth, "\"%s\" is not valid before %s", c->subject,
                        mu_time_text(c->not_before_s, time));
}

/* The signature of a self-signed certificate proves nothing that anybody relies on. */
static void check_strength(const mu_cert_facts *c, int depth, mu_problems *problems)
{
    const EVP_PKEY *key = X509_get0_pubkey(c->cert);
    int bits = -1;
    if (!key)
        mu_problems_add(problems, MU_E_ALGORITHM_UNAVAILABLE, false, depth, "the key of \"%s\" cannot be read here", c->subject);
    else if (EVP_PKEY_get_security_bits(key) < MIN_SECURITY_BITS)
        mu_problems_add(problems, MU_E_WEAK_KEY_SIZE, false, depth, "\"%s\" has a %s key", c->subject, c->key);
    if (!c->self_signed && X509_get_signature_info(c->cert, NULL, NULL, &bits, NULL) == 1 && bits >= 0 && bits < MIN_SECURITY_BITS)
        mu_problems_add(problems, MU_E_WEAK_SIGNATURE_DIGEST, false, depth, "\"%s\" is signed with %s", c->subject, c->signature);
    mu_ossl_clear();
}

static void check_critical(const mu_cert_facts *c, int depth, mu_problems *problems)
{
    for (int i = 0; i < X509_get_ext_count(c->cert); i++) {
        X509_EXTENSION *ext = (X509_EXTENSION *)X509_get_ext(c->cert, i);
        char oid[64];
        if (!X509_EXTENSION_get_critical(ext) || X509_supported_extension(ext))
            continue;
        OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(ext), 1);
        mu_problems_add(problems, MU_E_UNKNOWN_CRITICAL_EXTENSION, false, depth, "\"%s\" has the critical extension %s", c->subject,
                        oid);
        return;
    }
}

static void check_leaf(const mu_cert_facts *leaf, mu_chain_role role, mu_problems *problems)
{
    bool server = role == MU_ROLE_SERVER;
    if (leaf->ca) {
        mu_problems_add(problems, MU_E_CA_USED_AS_LEAF, true, 0, "\"%s\" is a CA", leaf->subject);
        return;
    }
    if (server ? !leaf->server : !leaf->server && !leaf->client)
        mu_problems_add(problems, MU_E_EKU_MISSING_SERVERAUTH, false, 0, "extendedKeyUsage %s: good %s", leaf->ext_usage,
                        server ? "for no server" : "neither for a server nor for a client");
    if (!(X509_get_key_usage(leaf->cert) & KU_DIGITAL_SIGNATURE))
        mu_problems_add(problems, MU_E_KEY_USAGE_WRONG, false, 0, "keyUsage %s lacks digitalSignature", leaf->key_usage);
    if (!*leaf->names && (server || (X509_get_extension_flags(leaf->cert) & EXFLAG_XKUSAGE && leaf->server)))
        mu_problems_add(problems, MU_E_SAN_MISSING, false, 0, "\"%s\" is for a server and names none", leaf->subject);
}

static void check_completeness(const mu_chain_facts *chain, mu_chain_role role, mu_problems *problems)
{
    if (!chain->missing || (role == MU_ROLE_SERVER && chain->count > 1))
        return; /* a server does well to leave out the root */
    mu_problems_add(problems, MU_E_CHAIN_MISSING_INTERMEDIATE, true, -1,
                    "the chain ends without \"%s\": peers that do not have it already cannot follow", chain->missing);
}

/* Under the CA that stands beside it and is not younger, a signature that does not fit is a damaged one. */
static mu_code settle_signature(const mu_chain_facts *chain, mu_code code, int depth)
{
    bool later = code == MU_E_CA_REGENERATED && depth >= 0 && (size_t)depth + 1 < chain->count &&
                 chain->certs[depth].not_before_s >= chain->certs[depth + 1].not_before_s;
    return later ? MU_E_SIGNATURE_INVALID : code;
}

/* Signatures, path lengths, name constraints: the library's word, with the chain's own end as the anchor. */
static void check_path(const mu_chain_facts *chain, int64_t at_s, mu_problems *problems)
{
    STACK_OF(X509) *trusted = sk_X509_new_null(), *rest = sk_X509_new_null();
    mu_verify_params params = {.trusted = trusted, .untrusted = rest, .at_s = at_s, .max_depth = -1, .security_level = 0};
    mu_chain_verdict verdict = {0};
    bool ready = trusted && rest;

    for (size_t i = 0; ready && i < chain->count; i++)
        ready = sk_X509_push(i + 1 == chain->count ? trusted : rest, chain->certs[i].cert) > 0;
    if (!ready || mu_chain_verify(chain->certs[0].cert, &params, &verdict, NULL) != 0)
        problems->failed = true;
    else if (verdict.code != MU_OK && !mu_problems_have(problems, verdict.code))
        mu_problems_add(problems, settle_signature(chain, verdict.code, verdict.depth), false, verdict.depth, "%s",
                        verdict.detail ? verdict.detail : "");
    mu_chain_verdict_done(&verdict);
    sk_X509_free(trusted);
    sk_X509_free(rest);
}

/* Most peers sort what they are sent, some do not. */
static bool is_ordered(const mu_chain_facts *chain, mu_problems *problems)
{
    for (size_t i = 0; i + 1 < chain->count; i++)
        if (X509_NAME_cmp(X509_get_issuer_name(chain->certs[i].cert), X509_get_subject_name(chain->certs[i + 1].cert)) != 0) {
            mu_problems_add(problems, MU_E_CHAIN_ORDER_WRONG, true, (int)i + 1, "\"%s\" follows \"%s\" and did not issue it",
                            chain->certs[i + 1].subject, chain->certs[i].subject);
            return false;
        }
    return true;
}

void mu_chain_problems(const mu_chain_facts *chain, mu_chain_role role, int64_t at_s, mu_problems *problems)
{
    for (size_t i = 0; i < chain->count; i++) {
        check_dates(&chain->certs[i], (int)i, at_s, problems);
        check_strength(&chain->certs[i], (int)i, problems);
        check_critical(&chain->certs[i], (int)i, problems);
    }
    if (chain->count == 0 || role == MU_ROLE_ANCHOR)
        return;
    check_leaf(&chain->certs[0], role, problems);
    if (chain->count > 1 && is_ordered(chain, problems))
        check_path(chain, at_s, problems);
    check_completeness(chain, role, problems);
}

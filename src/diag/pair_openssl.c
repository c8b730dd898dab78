/* What OpenSSL's own programs would do with the certificates of four stores: no partial chains, and no steps of ours. */
#include "diag/pair_answer.h"

#include "base/ossl.h"

#include <openssl/x509_vfy.h>

/* What the findings call the reason for which this side refuses. */
static mu_code known_reason(const mu_findings *findings, mu_found_at by, mu_code otherwise)
{
    for (size_t i = 0; i < findings->count; i++) {
        const mu_finding *f = &findings->items[i];
        if (!f->warning && (f->refused_by == by || f->refused_by == MU_AT_BOTH))
            return f->code;
    }
    return otherwise;
}

/* ---- OpenSSL: s_server -Verify 1 -verify_return_error and s_client with -CAfile, at security level 2 ---- */

/* All certificates of the file, as `openssl pkcs12 -nokeys` writes them into a -CAfile. */
static bool add_all(X509_STORE *store, const mu_given *g)
{
    const STACK_OF(X509) *loose = mu_store_get0_loose_certs(g->store);
    bool ok = true;
    for (int i = 0; ok && i < sk_X509_num(loose); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(loose, i)) == 1;
    for (size_t i = 0; ok && i < mu_store_count(g->store); i++) {
        const mu_entry *entry = mu_store_entry(g->store, i);
        const STACK_OF(X509) *chain = mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? NULL : mu_entry_get0_chain(entry);
        for (int j = 0; ok && j < sk_X509_num(chain); j++)
            ok = X509_STORE_add_cert(store, sk_X509_value(chain, j)) == 1;
    }
    return ok;
}

static bool set_params(X509_VERIFY_PARAM *param, const mu_pair *pair, const mu_pair_side *from)
{
    const bool server = from->at == MU_AT_SERVER;
    X509_VERIFY_PARAM_set_time(param, (time_t)pair->at_s);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    if (!X509_VERIFY_PARAM_set_purpose(param, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT))
        return false;
    return !server || !pair->host || X509_VERIFY_PARAM_set1_ip_asc(param, pair->host) == 1 ||
           X509_VERIFY_PARAM_set1_host(param, pair->host, 0) == 1;
}

int mu_pair_openssl_says(const mu_pair *pair, const mu_pair_side *from, const mu_pair_side *to, bool partial, mu_code *ret,
                         mu_err **err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(pair->libctx, NULL);
    int rc = -1;

    if (store && ctx && add_all(store, &to->trusts) &&
        X509_STORE_CTX_init(ctx, store, sk_X509_value(from->chain, 0), from->chain) == 1 &&
        set_params(X509_STORE_CTX_get0_param(ctx), pair, from)) {
        if (partial)
            X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
        bool yes = X509_verify_cert(ctx) == 1;
        *ret = yes ? MU_OK
                   : mu_code_from_x509(X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx),
                                       from->at == MU_AT_SERVER ? MU_PURPOSE_SERVER : MU_PURPOSE_CLIENT);
        rc = 0;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    mu_ossl_clear();
    return rc == 0 ? 0 : mu_fail_nomem(err);
}

/* A program does not even begin with an own certificate below its security level. */
static mu_code own_weakness(const mu_pair_side *side)
{
    for (int i = 0; i < sk_X509_num(side->chain); i++) {
        X509 *cert = sk_X509_value(side->chain, i);
        const EVP_PKEY *key = X509_get0_pubkey(cert);
        int bits = -1;
        if (i > 0 && X509_self_signed(cert, 0) == 1)
            continue; /* stays at home */
        if (key && EVP_PKEY_get_security_bits(key) < 112)
            return MU_E_WEAK_KEY_SIZE;
        if (X509_self_signed(cert, 0) != 1 && X509_get_signature_info(cert, NULL, NULL, &bits, NULL) == 1 && bits >= 0 &&
            bits < 112)
            return MU_E_WEAK_SIGNATURE_DIGEST;
    }
    return MU_OK;
}

/* An alias means nothing once key and certificates are in PEM files. */
static mu_code cannot_start(const mu_pair_side *side)
{
    mu_code code = side->identity_err ? side->identity_err->code : MU_OK;
    if (code == MU_E_SERVER_ALIAS_NOT_FOUND && side->chain)
        code = MU_OK;
    return code != MU_OK ? code : own_weakness(side);
}

int mu_pair_ask_openssl(const mu_pair *pair, const mu_findings *findings, struct mu_pair_answer *ret, mu_err **err)
{
    const mu_pair_side *sides[] = {&pair->server, &pair->client};
    mu_code code = MU_OK;
    for (int i = 0; i < 2; i++)
        if ((code = cannot_start(sides[i])) != MU_OK) {
            *ret = mu_pair_refuse(sides[i]->at, code);
            return 0;
        }
    *ret = mu_pair_refuse(MU_AT_UNKNOWN, MU_OK);
    for (int i = 0; i < 2 && ret->code == MU_OK; i++) {
        const mu_pair_side *from = sides[i], *to = sides[1 - i];
        if (!from->chain)
            code = from->identity_err ? from->identity_err->code : MU_E_CLIENT_CERT_NOT_SENT;
        else if (mu_pair_openssl_says(pair, from, to, false, &code, err) != 0)
            return -1;
        if (code != MU_OK)
            *ret = mu_pair_refuse(to->at, known_reason(findings, to->at, code));
    }
    return 0;
}

/* In TLS 1.2 a server finds no suite for a key that may not sign, but an RSA key may encrypt without being asked; 1.3 does not
 * look. */
struct mu_pair_answer mu_pair_openssl_12(const mu_pair *pair, const mu_findings *findings, struct mu_pair_answer since_13)
{
    X509 *leaf = sk_X509_value(pair->server.chain, 0);
    uint32_t usage = leaf ? X509_get_key_usage(leaf) : KU_DIGITAL_SIGNATURE;
    bool rsa = leaf && X509_get0_pubkey(leaf) && EVP_PKEY_get_base_id(X509_get0_pubkey(leaf)) == EVP_PKEY_RSA;
    if (since_13.refused_by == MU_AT_SERVER || rsa || (usage & KU_DIGITAL_SIGNATURE))
        return since_13;
    return mu_pair_refuse(MU_AT_SERVER, known_reason(findings, MU_AT_CLIENT, MU_E_KEY_USAGE_WRONG));
}

/*
 * What others would do with these stores: OpenSSL's own programs, given the same certificates in PEM, and a pair of JVMs of default
 * settings. They differ from us where OpenSSL wants a root (no partial chains) and where JSSE looks less, or elsewhere.
 */
#include "diag/jvm_alias.h"
#include "diag/pair_answer.h"

#include <openssl/tls1.h>
#include <stdlib.h>
#include <string.h>

static const struct mu_pair_answer accepted = {MU_AT_UNKNOWN, MU_OK};

/* ---- a JVM as server, a JVM as client ---- */

struct jvm_side {
    const mu_pair_side *side;
    STACK_OF(X509) * chain; /* of the entry that it presents; NULL: nothing */
    bool other_entry;       /* not the one that was meant */
};

/* The first certificate is not the key's. A JVM presents it all the same. */
static bool is_of_another_cert(const mu_pair_side *side)
{
    const mu_code code = side->identity_err ? side->identity_err->code : MU_OK;
    return code == MU_E_KEY_CERT_MISMATCH || (code == MU_E_CHAIN_ORDER_WRONG && side->chain);
}

static bool jvm_loads_key_of_store(const mu_pair_side *side)
{
    return !side->identity_err || is_of_another_cert(side) ||
           side->identity_err->code == MU_E_KEYSTORE_NO_PRIVATE_KEY || side->identity_err->code == MU_E_SERVER_ALIAS_NOT_FOUND;
}

static bool has_finding(const mu_findings *findings, mu_found_at at, mu_code code, bool warning)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].side == at && findings->items[i].code == code && (warning || !findings->items[i].warning))
            return true;
    return false;
}

/* What stops it before it has said a word. A trust store that is not there stops nobody. */
static mu_code jvm_cannot_start(const mu_pair_side *side, const mu_findings *findings)
{
    if (!side->keys.store)
        return side->keys.err->code;
    if (!side->trusts.store && side->trusts.err->code != MU_E_STORE_NOT_FOUND)
        return side->trusts.err->code;
    if (has_finding(findings, side->at, MU_E_P12_ALGORITHM_TOO_NEW, true))
        return MU_E_P12_ALGORITHM_TOO_NEW;
    if (has_finding(findings, side->at, MU_E_STORE_WRONG_TYPE, false))
        return MU_E_STORE_WRONG_TYPE;
    if (has_finding(findings, side->at, MU_E_KEY_PASSWORD_DIFFERS, false))
        return MU_E_KEY_PASSWORD_DIFFERS;
    if (side->settings->key_alias && !mu_store_find(side->keys.store, side->settings->key_alias))
        return MU_E_SERVER_ALIAS_NOT_FOUND; /* Spring Boot looks whether it is there, not what it is */
    return jvm_loads_key_of_store(side) ? MU_OK : side->identity_err->code;
}

/* The alias that was given is used letter by letter, as Spring Boot does; without one SunX509 chooses. */
static int choose(struct jvm_side *s, const STACK_OF(X509) * issuers, mu_err **err)
{
    const mu_pair_side *side = s->side;
    const char *alias = side->settings->key_alias;
    long index = (long)side->entry;
    if (alias && (!side->chain || strcmp(alias, mu_entry_java_alias(mu_store_entry(side->keys.store, side->entry))) != 0))
        return 0;
    if (!alias && mu_jvm_pick(side->keys.store, issuers, &index, err) != 0)
        return -1;
    if (index < 0 || (size_t)index >= mu_store_count(side->keys.store) ||
        mu_entry_get_kind(mu_store_entry(side->keys.store, (size_t)index)) != MU_ENTRY_KEY)
        return 0;
    s->chain = mu_entry_get0_chain(mu_store_entry(side->keys.store, (size_t)index));
    s->other_entry = (size_t)index != side->entry;
    return 0;
}

static int jsse_says(const mu_pair *pair, const struct jvm_side *from, const mu_pair_side *to, mu_code *ret, mu_err **err)
{
    const bool server = from->side->at == MU_AT_SERVER;
    const mu_verify_params params = {
        .libctx = pair->libctx,
        .trusted = to->anchors,
        .untrusted = from->chain,
        .rules = MU_RULES_JSSE,
        .purpose = server ? MU_PURPOSE_SERVER : MU_PURPOSE_CLIENT,
        .host = server ? pair->host : NULL,
        .at_s = pair->at_s,
        .max_depth = -1,
        .security_level = -1,
    };
    mu_chain_verdict verdict = {0};
    if (mu_chain_verify(sk_X509_value(from->chain, 0), &params, &verdict, err) != 0)
        return -1;
    *ret = verdict.code;
    mu_chain_verdict_done(&verdict);
    return 0;
}

/* One side judges what the other presents. @return 0 and MU_OK or why it refuses */
static int jvm_judges(const mu_pair *pair, const struct jvm_side *from, const mu_pair_side *to, mu_code *ret, mu_err **err)
{
    *ret = MU_OK;
    if (!to->trusts.store)
        *ret = to->trusts.err->code; /* the JVM's own cacerts answer */
    else if (sk_X509_num(to->anchors) == 0)
        *ret = to->trust_err ? to->trust_err->code : MU_E_TRUSTSTORE_EMPTY;
    else if (jsse_says(pair, from, to, ret, err) != 0)
        return -1;
    if (*ret == MU_OK && is_of_another_cert(from->side))
        *ret = from->side->identity_err->code; /* the signature of the handshake does not fit */
    return 0;
}

static mu_code why_nothing(const mu_pair_side *side, mu_code otherwise)
{
    return side->identity_err ? side->identity_err->code : side->settings->key_alias ? MU_E_SERVER_ALIAS_NOT_FOUND : otherwise;
}

static int ask_jvms(const mu_pair *pair, const mu_findings *findings, struct jvm_side *server, struct jvm_side *client,
                    struct mu_pair_answer *ret, mu_err **err)
{
    struct jvm_side *sides[] = {server, client};
    mu_code code;
    for (int i = 0; i < 2; i++)
        if ((code = jvm_cannot_start(sides[i]->side, findings)) != MU_OK) {
            *ret = mu_pair_refuse(sides[i]->side->at, code);
            return 0;
        }
    if (choose(server, NULL, err) != 0 || choose(client, pair->server.anchors, err) != 0)
        return -1;
    *ret = accepted;
    if (!server->chain) {
        *ret = mu_pair_refuse(MU_AT_SERVER, why_nothing(&pair->server, MU_E_KEYSTORE_NO_PRIVATE_KEY));
        return 0;
    }
    if (jvm_judges(pair, server, &pair->client, &code, err) != 0)
        return -1;
    if (code != MU_OK) {
        *ret = mu_pair_refuse(MU_AT_CLIENT, code);
        return 0;
    }
    if (!client->chain)
        code = why_nothing(&pair->client, pair->client.chain ? MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED : MU_E_CLIENT_CERT_NOT_SENT);
    else if (jvm_judges(pair, client, &pair->server, &code, err) != 0)
        return -1;
    if (code != MU_OK)
        *ret = mu_pair_refuse(MU_AT_SERVER, code);
    return 0;
}

/* ---- where a JVM refuses and nothing says so yet ---- */

static bool is_told(const mu_findings *findings, const struct mu_pair_answer *a)
{
    for (size_t i = 0; i < findings->count; i++) {
        const mu_finding *f = &findings->items[i];
        if (f->code == a->code ||
            (!f->warning && (f->refused_by == a->refused_by || f->refused_by == MU_AT_BOTH || f->refused_by == MU_AT_UNKNOWN)))
            return true;
    }
    return false;
}

static void tell_wrong_alias(const mu_pair_side *side, const STACK_OF(X509) * chain, mu_code why, mu_findings *findings)
{
    char *presented = mu_name_text(X509_get_subject_name(sk_X509_value(chain, 0)));
    mu_found_at judge = side->at == MU_AT_SERVER ? MU_AT_CLIENT : MU_AT_SERVER;
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), MU_E_CLIENT_CERT_WRONG_ALIAS, side->at, 0.95);
    finding->refused_by = judge;
    mu_finding_evidence(findings, finding, "%s has several private keys; a JVM (SunX509) presents \"%s\", which the %s refuses: %s",
                        side->keys.shown, presented ? presented : "", mu_found_at_name(judge), mu_code_name(why));
    mu_finding_evidence(findings, finding, "the one that fits is %s", side->source);
    mu_finding_fix(findings, finding,
                   "Keep only the key that is meant in that store, or name it where the program can be told "
                   "(server.ssl.key-alias; the javax.net.ssl properties cannot).");
    free(presented);
}

/* Of several keys a JVM takes one that is refused, while the one that we take is not. */
static int check_choice(const mu_pair *pair, const mu_pair_side *from, const mu_pair_side *to, mu_findings *findings, mu_err **err)
{
    struct jvm_side picked = {.side = from}, meant = {.side = from, .chain = from->chain};
    mu_code picked_code, meant_code;
    if (!from->identity || !to->trusts.store || from->settings->key_alias)
        return 0;
    if (choose(&picked, from->at == MU_AT_CLIENT ? to->anchors : NULL, err) != 0)
        return -1;
    if (!picked.chain || !picked.other_entry)
        return 0;
    if (jvm_judges(pair, &picked, to, &picked_code, err) != 0 || jvm_judges(pair, &meant, to, &meant_code, err) != 0)
        return -1;
    if (picked_code != MU_OK && meant_code == MU_OK)
        tell_wrong_alias(from, picked.chain, picked_code, findings);
    return 0;
}

static void tell_not_sent(const mu_pair *pair, mu_findings *findings)
{
    mu_finding *finding =
        mu_findings_add(findings, mu_findings_failure(findings), MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED, MU_AT_BOTH, 0.95);
    bool pin = false;
    for (int i = 0; i < sk_X509_num(pair->server.anchors); i++)
        pin = pin || X509_cmp(sk_X509_value(pair->server.anchors, i), sk_X509_value(pair->client.chain, 0)) == 0;
    finding->warning = pin;
    finding->refused_by = MU_AT_SERVER;
    mu_finding_evidence(findings, finding,
                        "a JVM server announces the subjects in %s, and no certificate of %s was issued by one of "
                        "them: a JVM client sends none",
                        pair->server.trusts.shown, pair->client.source);
    if (pin)
        mu_finding_fix(findings, finding,
                       "mutual announces the issuer of a pinned certificate and OpenSSL's clients do not mind; between "
                       "two JVMs trust the client's CA instead of its certificate.");
}

static void tell_jvm(const mu_pair *pair, const struct mu_pair_answer *a, mu_findings *findings)
{
    const mu_pair_side *presenter = a->refused_by == MU_AT_CLIENT ? &pair->server : &pair->client;
    if (a->code == MU_OK || is_told(findings, a))
        return;
    if (a->code == MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED) {
        tell_not_sent(pair, findings);
        return;
    }
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), a->code, presenter->at, 0.9);
    finding->refused_by = a->refused_by;
    mu_finding_evidence(findings, finding, "a JVM refuses %s, where OpenSSL accepts it", presenter->source);
}

static void tell_partial(const mu_pair_side *to, const mu_chain_verdict *v, mu_findings *findings)
{
    char *name = mu_name_text(X509_get_subject_name(sk_X509_value(v->chain, sk_X509_num(v->chain) - 1)));
    if (v->pinned) {
        mu_findings_note(findings, "%s pins \"%s\": OpenSSL's programs accept that with -partial_chain only", to->trusts.shown,
                         name ? name : "");
    } else {
        mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), MU_E_INTERMEDIATE_ONLY_ANCHOR, to->at, 0.95);
        finding->warning = true;
        finding->refused_by = to->at;
        mu_finding_evidence(findings, finding,
                            "%s trusts \"%s\" and not the root above it: enough for mutual and for JVMs, not for OpenSSL's "
                            "programs without -partial_chain, nor for nginx",
                            to->trusts.shown, name ? name : "");
    }
    free(name);
}

/* All that is known is that OpenSSL will not; own: a side that does not even begin with what it has. */
static void tell_alone(const struct mu_pair_answer *a, const mu_pair_side *side, bool own, mu_findings *findings)
{
    mu_finding *finding = mu_findings_add(findings, mu_findings_failure(findings), a->code, side->at, 0.9);
    finding->warning = true;
    finding->refused_by = a->refused_by;
    mu_finding_evidence(findings, finding, own ? "OpenSSL's programs do not begin with %s, where mutual and JVMs do"
                                               : "OpenSSL's programs refuse %s, where mutual and JVMs accept it", side->source);
}

/* An anchor that is no root is enough for us and for a JVM. */
static int tell_openssl(const mu_pair *pair, const struct mu_pair_answer *a, mu_findings *findings, mu_err **err)
{
    const mu_pair_side *to = a->refused_by == MU_AT_CLIENT ? &pair->client : &pair->server;
    const mu_pair_side *from = a->refused_by == MU_AT_CLIENT ? &pair->server : &pair->client;
    const mu_verify_params params = {.libctx = pair->libctx,
                                     .trusted = to->anchors,
                                     .untrusted = from->chain,
                                     .at_s = pair->at_s,
                                     .max_depth = -1,
                                     .security_level = -1};
    mu_chain_verdict v = {0};
    mu_code whole = MU_OK, partial = MU_OK;
    if (a->code == MU_OK || is_told(findings, a) || !from->chain)
        return 0;
    if (mu_chain_verify(sk_X509_value(from->chain, 0), &params, &v, err) != 0)
        return -1;
    int rc = mu_pair_openssl_says(pair, from, to, false, &whole, err);
    if (rc == 0)
        rc = mu_pair_openssl_says(pair, from, to, true, &partial, err);
    if (rc == 0 && v.code == MU_OK && whole != MU_OK && partial == MU_OK)
        tell_partial(to, &v, findings);
    else if (rc == 0 && v.code == MU_OK)
        tell_alone(a, whole == MU_OK ? to : from, whole == MU_OK, findings);
    mu_chain_verdict_done(&v);
    return rc;
}

/* ---- */

static void predict(mu_findings *findings, const char *pair, int version, const struct mu_pair_answer *a)
{
    mu_findings_predict(findings, &(mu_prediction){pair, version, a->code == MU_OK, a->refused_by, a->code});
}

/* Only we could not read it: a JVM may. */
static bool is_ours_alone(const mu_given *g)
{
    const mu_code code = g->err ? g->err->code : MU_OK;
    return code == MU_E_P12_LEGACY_RC2 || code == MU_E_ALGORITHM_UNAVAILABLE || code == MU_E_STORE_LIMIT_EXCEEDED;
}

static bool is_pem(const mu_given *g)
{
    return g->store && mu_store_get_type(g->store) == MU_STORE_PEM;
}

int mu_pair_predict(const mu_pair *pair, mu_findings *findings, mu_err **err)
{
    const mu_given *files[] = {&pair->server.keys, &pair->server.trusts, &pair->client.keys, &pair->client.trusts};
    struct jvm_side server = {.side = &pair->server}, client = {.side = &pair->client};
    struct mu_pair_answer openssl = accepted, jvm = accepted;
    bool readable = true, java = true;

    for (int i = 0; i < 4; i++) {
        if (!files[i]->path || is_ours_alone(files[i]))
            return 0;
        readable = readable && files[i]->store;
        java = java && !is_pem(files[i]);
    }
    if (java && ask_jvms(pair, findings, &server, &client, &jvm, err) != 0)
        return -1;
    if (readable && mu_pair_ask_openssl(pair, findings, &openssl, err) != 0)
        return -1;
    if (readable) {
        const struct mu_pair_answer older = mu_pair_openssl_12(pair, findings, openssl);
        predict(findings, "openssl", TLS1_2_VERSION, &older);
        predict(findings, "openssl", TLS1_3_VERSION, &openssl);
        if (tell_openssl(pair, &openssl, findings, err) != 0)
            return -1;
    }
    if (java) {
        predict(findings, "jvm", TLS1_2_VERSION, &jvm);
        predict(findings, "jvm", TLS1_3_VERSION, &jvm);
        if (check_choice(pair, &pair->server, &pair->client, findings, err) != 0 ||
            check_choice(pair, &pair->client, &pair->server, findings, err) != 0)
            return -1;
        tell_jvm(pair, &jvm, findings);
    }
    return 0;
}

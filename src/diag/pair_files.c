/* What is wrong with the files themselves, whoever they meet. */
#include "diag/pair.h"

#include <stdlib.h>
#include <string.h>

static const char *role(const mu_given *g)
{
    return g->keys ? "key store" : "trust store";
}

/* A certain fault of a file is a failure of its own. */
static mu_finding *found(mu_findings *f, const mu_given *g, mu_code code)
{
    mu_finding *finding = mu_findings_add(f, mu_findings_failure(f), code, g->at, 0.99);
    mu_finding_evidence(f, finding, "%s, the %s's %s", g->shown, mu_found_at_name(g->at), role(g));
    return finding;
}

static mu_finding *warn(mu_findings *f, const mu_given *g, mu_code code)
{
    mu_finding *finding = found(f, g, code);
    finding->warning = true;
    return finding;
}

/* ---- one file ---- */

static void check_unreadable(const mu_given *g, mu_findings *f)
{
    mu_finding *finding = found(f, g, g->err->code);
    mu_finding_evidence(f, finding, "%s", g->err->msg);
    if (g->err->detail)
        mu_finding_evidence(f, finding, "%s", g->err->detail);
    if (mu_err_has(g->err, MU_E_STORE_WRONG_PASSWORD) && !g->password.value)
        mu_finding_evidence(f, finding, "no password was given");
    if (g->err->hint)
        mu_finding_fix(f, finding, "%s", g->err->hint);
    if (!g->keys && g->err->code == MU_E_STORE_NOT_FOUND)
        mu_finding_evidence(f, finding, "a JVM does not say so: it silently trusts its own cacerts instead");
}

/* keystore.type.compat lets a JVM read JKS as PKCS12 and the other way round, and JCEKS reads JKS. */
static bool jvm_reads_as(mu_store_type real, mu_store_type declared)
{
    bool both = (real == MU_STORE_JKS || real == MU_STORE_PKCS12) && (declared == MU_STORE_JKS || declared == MU_STORE_PKCS12);
    return both || real == declared || (real == MU_STORE_JKS && declared == MU_STORE_JCEKS);
}

static void check_type(const mu_given *g, mu_findings *f)
{
    mu_store_type real = mu_store_get_type(g->store), declared;
    const char *name = mu_store_type_name(real);
    char shown[MU_SHOWN_SIZE];
    bool known = g->type && mu_store_type_parse(g->type, &declared, NULL) == 0;

    if (!g->type || (known && declared == real))
        return;
    mu_finding *finding = found(f, g, MU_E_STORE_WRONG_TYPE);
    finding->warning = known && jvm_reads_as(real, declared);
    mu_finding_evidence(f, finding, "declared as \"%s\", and by its content %s", mu_escape_to(shown, g->type), name);
    mu_finding_evidence(f, finding,
                        finding->warning ? "a JVM reads it all the same (keystore.type.compat)"
                                         : "mutual goes by the content, a JVM cannot load it as declared");
    mu_finding_fix(f, finding,
                   "Declare it as what it is (--%s-%s-store-type %s, in Spring and -Djavax.net.ssl likewise), or leave the "
                   "type out.",
                   mu_found_at_name(g->at), g->keys ? "key" : "trust", name);
}

static void check_protection(const mu_given *g, mu_findings *f)
{
    const mu_problems *problems = &g->facts.problems;
    if (mu_str_has_prefix(g->facts.mac.algorithm, "PBMAC1")) {
        mu_finding *finding = warn(f, g, MU_E_P12_ALGORITHM_TOO_NEW);
        mu_finding_evidence(f, finding, "its MAC is %s (RFC 9879), which OpenSSL before 3.4 and the JDK up to 25 cannot check",
                            g->facts.mac.algorithm);
        mu_finding_fix(f, finding,
                       "Write it anew with an ordinary MAC: mutual keytool -importkeystore -srckeystore %s -destkeystore new.p12",
                       g->shown);
    }
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == MU_E_P12_LEGACY_RC2) {
            mu_finding *finding = warn(f, g, MU_E_P12_LEGACY_RC2);
            mu_finding_evidence(f, finding, "%s: OpenSSL 3 refuses it without its legacy provider", problems->items[i].detail);
        }
}

/* ---- key stores ---- */

static size_t count_kind(const mu_given *g, mu_entry_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; g->store && i < mu_store_count(g->store); i++)
        count += mu_entry_get_kind(mu_store_entry(g->store, i)) == kind;
    return count;
}

static void list_keys(const mu_given *g, mu_findings *f, mu_finding *finding)
{
    for (size_t i = 0; i < mu_store_count(g->store) && i < 10; i++) {
        const mu_entry *entry = mu_store_entry(g->store, i);
        char shown[MU_SHOWN_SIZE];
        mu_finding_evidence(f, finding, "it has \"%s\", %s", mu_escape_to(shown, mu_entry_alias(entry)),
                            mu_entry_get_kind(entry) == MU_ENTRY_KEY       ? "a private key"
                            : mu_entry_get_kind(entry) == MU_ENTRY_TRUSTED ? "a trusted certificate"
                                                                           : "a secret key");
    }
}

static void check_identity(const mu_pair_side *side, mu_findings *f)
{
    const mu_given *g = &side->keys;
    const mu_err *e = side->identity_err;
    if (!e)
        return;
    mu_finding *finding = found(f, g, e->code);
    mu_finding_evidence(f, finding, "%s", e->msg);
    if (e->detail)
        mu_finding_evidence(f, finding, "%s", e->detail);
    if (e->hint)
        mu_finding_fix(f, finding, "%s", e->hint);
    else if (e->code == MU_E_KEY_PASSWORD_DIFFERS || e->code == MU_E_PEM_KEY_ENCRYPTED)
        mu_finding_fix(f, finding, "Give it with --%s-key-password%s", mu_found_at_name(g->at),
                       e->code == MU_E_PEM_KEY_ENCRYPTED
                           ? "; openssl pkey -in FILE -noout tries it."
                           : ", or make both the same: keytool -keypasswd -keystore FILE -alias ALIAS");
    if (e->code == MU_E_SERVER_ALIAS_NOT_FOUND || e->code == MU_E_KEYSTORE_NO_PRIVATE_KEY)
        list_keys(g, f, finding);
}

/* Spring Boot's key manager hands the alias on as it was written, and SunX509 then finds no key under it. */
static void check_alias_case(const mu_pair_side *side, mu_findings *f)
{
    const char *asked = side->settings->key_alias;
    mu_entry *entry = side->chain && asked ? mu_store_entry(side->keys.store, side->entry) : NULL;
    char shown[MU_SHOWN_SIZE], real[MU_SHOWN_SIZE];
    if (!entry || !mu_str_eq_nocase(asked, mu_entry_java_alias(entry)) || strcmp(asked, mu_entry_java_alias(entry)) == 0)
        return;
    mu_finding *finding = warn(f, &side->keys, MU_E_SERVER_ALIAS_NOT_FOUND);
    mu_finding_evidence(f, finding,
                        "asked for \"%s\", a JVM knows it as \"%s\": Spring Boot finds the entry and then no key for it",
                        mu_escape_to(shown, asked), mu_escape_to(real, mu_entry_java_alias(entry)));
    mu_finding_fix(f, finding, "Write the alias as it is stored: \"%s\".", real);
}

/* A JVM opens all keys of a store with one password, and fails if one of them does not open. */
static void check_other_keys(const mu_pair_side *side, mu_findings *f)
{
    const mu_given *g = &side->keys;
    for (size_t i = 0; g->facts.type != MU_STORE_PEM && side->identity && i < mu_store_count(g->store); i++) {
        mu_entry *entry = mu_store_entry(g->store, i);
        EVP_PKEY *key = NULL;
        mu_err *err = NULL;
        char shown[MU_SHOWN_SIZE];
        if (i != side->entry && mu_entry_get_kind(entry) == MU_ENTRY_KEY &&
            mu_entry_get1_key(entry, side->key_password.value, &key, &err) != 0 && mu_err_has(err, MU_E_KEY_PASSWORD_DIFFERS)) {
            mu_finding *finding = found(f, g, MU_E_KEY_PASSWORD_DIFFERS);
            mu_finding_evidence(f, finding,
                                "the key \"%s\" beside the one that is used has another password: a JVM loads none of them",
                                mu_escape_to(shown, mu_entry_alias(entry)));
            mu_finding_fix(f, finding, "Give it the password of the other (keytool -keypasswd -keystore FILE -alias ALIAS), or a "
                                       "store of its own.");
        }
        EVP_PKEY_free(key);
        mu_err_free(err);
    }
    if (side->identity && side->key_password.value && g->password.value &&
        strcmp(side->key_password.value, g->password.value) != 0) {
        mu_finding *finding = warn(f, g, MU_E_KEY_PASSWORD_DIFFERS);
        mu_finding_evidence(f, finding,
                            "the key has a password of its own, which -Djavax.net.ssl and most programs cannot be told");
        mu_finding_fix(f, finding, "Make both the same: keytool -keypasswd -keystore FILE -alias ALIAS");
    }
}

static void check_entry(const mu_pair_side *side, mu_findings *f)
{
    const mu_entry_facts *e = side->entry < side->keys.facts.count ? &side->keys.facts.entries[side->entry] : NULL;
    for (size_t i = 0; e && i < e->problems.count; i++) {
        const mu_problem *p = &e->problems.items[i];
        bool no_cert = p->code == MU_E_KEY_CERT_MISMATCH && p->depth < 0 && !side->identity_err;
        bool hidden = p->code == MU_E_KEYSTORE_NO_PRIVATE_KEY;
        if (no_cert || hidden)
            mu_finding_evidence(f, found(f, &side->keys, p->code), "%s", p->detail);
    }
}

/* All certificates are there, but in no order that a simple reader could follow. */
static void check_order(const mu_pair_side *side, mu_findings *f)
{
    STACK_OF(X509) *built = NULL;
    bool differs = false;
    if (!side->chain || mu_chain_build(sk_X509_value(side->chain, 0), side->chain, &built, NULL) != 0)
        return;
    if (sk_X509_num(built) == sk_X509_num(side->chain))
        for (int i = 0; i < sk_X509_num(built); i++)
            differs = differs || X509_cmp(sk_X509_value(built, i), sk_X509_value(side->chain, i)) != 0;
    if (differs) {
        mu_finding *finding = warn(f, &side->keys, MU_E_CHAIN_ORDER_WRONG);
        mu_finding_evidence(f, finding, "%s: the certificates after the first are not each the issuer of the one before",
                            side->source);
        mu_finding_fix(f, finding, "Store the chain in order; most peers sort what they are sent, some do not.");
    }
    sk_X509_pop_free(built, X509_free);
}

/* ---- trust stores ---- */

static void check_trust(const mu_pair_side *side, mu_findings *f)
{
    const mu_err *e = side->trust_err;
    if (!e)
        return;
    mu_finding *finding = found(f, &side->trusts, e->code);
    mu_finding_evidence(f, finding, "%s", e->msg);
    if (e->code == MU_E_P12_READ_WITHOUT_PASSWORD)
        mu_finding_fix(f, finding, "Give the password: --%s-trust-store-password, or -Djavax.net.ssl.trustStorePassword in a JVM.",
                       mu_found_at_name(side->at));
    if (e->code == MU_E_STORE_SWAPPED || e->code == MU_E_TRUSTSTORE_EMPTY)
        list_keys(&side->trusts, f, finding);
}

static void check_trust_alias(const mu_pair_side *side, const char *alias, mu_findings *f)
{
    char shown[MU_SHOWN_SIZE];
    if (alias && side->trusts.store && !mu_store_find(side->trusts.store, alias))
        mu_finding_evidence(f, found(f, &side->trusts, MU_E_SERVER_ALIAS_NOT_FOUND), "it has no entry \"%s\"",
                            mu_escape_to(shown, alias));
}

/* The key is in the file named as the trust store, and none in the key store. */
static bool check_swapped(const mu_pair_side *side, mu_findings *f)
{
    if (!side->keys.store || !side->trusts.store || count_kind(&side->keys, MU_ENTRY_KEY) > 0 ||
        count_kind(&side->trusts, MU_ENTRY_KEY) == 0)
        return false;
    mu_finding *finding = found(f, &side->keys, MU_E_STORE_SWAPPED);
    mu_finding_evidence(f, finding, "the private key is in %s, which was named as the trust store, and none is in %s",
                        side->trusts.shown, side->keys.shown);
    mu_finding_fix(f, finding, "Exchange the two settings: key store %s, trust store %s.", side->trusts.shown, side->keys.shown);
    return true;
}

/* ---- */

static void check_given(const mu_given *g, mu_findings *f)
{
    if (!g->path)
        return;
    if (!g->store) {
        check_unreadable(g, f);
        return;
    }
    check_type(g, f);
    check_protection(g, f);
}

static void check_side(const mu_pair_side *side, mu_findings *f)
{
    check_given(&side->keys, f);
    check_given(&side->trusts, f);
    if (check_swapped(side, f))
        return;
    check_identity(side, f);
    if (side->keys.store) {
        check_alias_case(side, f);
        check_other_keys(side, f);
        check_entry(side, f);
        check_order(side, f);
    }
    check_trust(side, f);
}

void mu_pair_check_files(const mu_pair *pair, mu_findings *findings)
{
    static const mu_code codes[] = {
        MU_E_STORE_NOT_FOUND,         MU_E_FILE_PERMISSION,           MU_E_STORE_WRONG_PASSWORD,
        MU_E_STORE_DAMAGED,           MU_E_STORE_WRONG_TYPE,          MU_E_STORE_SWAPPED,
        MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_SERVER_ALIAS_NOT_FOUND,    MU_E_KEY_PASSWORD_DIFFERS,
        MU_E_KEY_CERT_MISMATCH,       MU_E_CHAIN_ORDER_WRONG,         MU_E_TRUSTSTORE_EMPTY,
        MU_E_P12_NO_JAVA_TRUST,       MU_E_P12_READ_WITHOUT_PASSWORD, MU_E_P12_LEGACY_RC2,
        MU_E_P12_ALGORITHM_TOO_NEW,   MU_E_PEM_KEY_ENCRYPTED,         MU_E_PEM_GARBAGE,
    };
    bool all = pair->server.keys.path && pair->server.trusts.path && pair->client.keys.path && pair->client.trusts.path;
    for (size_t i = 0; all && i < sizeof codes / sizeof *codes; i++)
        findings->looked_for[codes[i]] = true;
    check_trust_alias(&pair->server, pair->server_trust_alias, findings);
    check_trust_alias(&pair->client, pair->client_trust_alias, findings);
    check_side(&pair->server, findings);
    check_side(&pair->client, findings);
}

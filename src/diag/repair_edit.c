#include "diag/repair_edit.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static int tell(mu_edit *e, char *text, mu_err **err)
{
    e->done = text;
    return text ? 0 : mu_fail_nomem(err);
}

/* ---- trust ---- */

static int trust_loose(mu_edit *e, mu_err **err)
{
    int count = sk_X509_num(mu_store_get0_loose_certs(e->file->store));
    if (mu_store_trust_loose(e->file->store, e->now_ms, err) != 0)
        return -1;
    const char *are = count == 1 ? " is" : "s are";
    return tell(e, mu_asprintf("its %d certificate%s marked as trusted, as a JVM wants it", count, are), err);
}

/* The root of the peer's chain, if it lies in the files that were given. What was only seen in a connection is never trusted. */
static int trust_root(mu_edit *e, mu_err **err)
{
    STACK_OF(X509) *chain = e->file->store ? mu_pair_built_chain(e->pair, e->other, true) : NULL;
    X509 *root = sk_X509_value(chain, sk_X509_num(chain) - 1);
    char *alias = NULL, *name = NULL, *digest = NULL;
    int rc = 0;
    if (root && mu_cert_is_ca(root)) {
        alias = mu_store_free_alias(e->file->store, "ca");
        name = mu_name_text(X509_get_subject_name(root));
        digest = mu_cert_fingerprint(root);
        rc = alias && name && digest ? mu_store_set_trusted(e->file->store, alias, root, e->now_ms, err) : mu_fail_nomem(err);
        if (rc == 0)
            rc = tell(e, mu_asprintf("it trusts \"%s\", SHA-256 %s", name, digest), err);
    }
    sk_X509_pop_free(chain, X509_free);
    free(alias);
    free(name);
    free(digest);
    return rc;
}

/* ---- chain ---- */

/* The key's own certificate, which need not be the first. */
static X509 *find_leaf(const STACK_OF(X509) * chain, EVP_PKEY *key)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (mu_key_check_pair(sk_X509_value(chain, i), key, NULL) == 0)
            return sk_X509_value(chain, i);
    return NULL;
}

static bool has(const STACK_OF(X509) * certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return true;
    return false;
}

/* A key store has the root as well, as keytool wants it; a PEM file, which is sent as it is, only if it had it before. */
static STACK_OF(X509) *build(const mu_edit *e, const STACK_OF(X509) * old, X509 *leaf, mu_err **err)
{
    STACK_OF(X509) *pool = mu_pair_certs(e->pair), *chain = NULL;
    if (!pool)
        mu_fail_nomem(err);
    else
        mu_chain_build(leaf, pool, &chain, err);
    X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);
    if (sk_X509_num(chain) > 1 && e->file->facts.type == MU_STORE_PEM && mu_cert_is_self_signed(last) && !has(old, last) &&
        !has(mu_store_get0_loose_certs(e->file->store), last))
        X509_free(sk_X509_pop(chain));
    sk_X509_pop_free(pool, X509_free);
    return chain;
}

static bool key_is_elsewhere(const mu_pair_side *side)
{
    const mu_store_settings *s = side->settings;
    return s->certificate && s->certificate_private_key && strcmp(s->certificate, s->certificate_private_key) != 0;
}

/* mu_entry_set_chain only takes chains of the certificate that is first already. */
static int set_chain(mu_edit *e, mu_entry *entry, EVP_PKEY *key, STACK_OF(X509) * chain, mu_err **err)
{
    const mu_pair_side *side = e->side;
    int64_t created_ms = mu_entry_created_ms(entry);
    if (X509_cmp(sk_X509_value(chain, 0), sk_X509_value(mu_entry_get0_chain(entry), 0)) == 0)
        return mu_entry_set_chain(entry, chain, created_ms, err);
    char *alias = mu_strdup(mu_entry_alias(entry));
    int rc = alias ? mu_store_set_key(e->file->store, alias, key, chain, created_ms, err) : mu_fail_nomem(err);
    if (rc == 0 && side->key_password.value)
        rc = mu_entry_set_password(mu_store_find(e->file->store, alias), NULL, side->key_password.value, err);
    free(alias);
    return rc;
}

static int complete_chain(mu_edit *e, mu_err **err)
{
    mu_entry *entry = mu_store_entry(e->file->store, e->side->entry);
    EVP_PKEY *key = NULL;
    STACK_OF(X509) *chain = NULL;
    int rc = mu_entry_get1_key(entry, e->side->key_password.value, &key, err);
    X509 *leaf = rc == 0 ? find_leaf(mu_entry_get0_chain(entry), key) : NULL;
    if (leaf && !(chain = build(e, mu_entry_get0_chain(entry), leaf, err)))
        rc = -1;
    if (chain && key_is_elsewhere(e->side))
        e->certs = X509_chain_up_ref(chain);
    else if (chain)
        rc = set_chain(e, entry, key, chain, err);
    if (rc == 0 && chain)
        rc = tell(e, mu_asprintf("its chain is whole and in order: %d certificates", sk_X509_num(chain)), err);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    return rc;
}

/* ---- alias ---- */

/* Stores know aliases in lower case only, so of one in other letters it is the setting that has to change. */
static int settle_alias(mu_edit *e, const mu_finding *finding, mu_err **err)
{
    mu_entry *key = mu_store_entry(e->file->store, e->side->entry);
    char shown[MU_SHOWN_SIZE];
    if (!finding->warning && !mu_pair_only_key(e->side))
        return 0;
    if (finding->warning) {
        if (!(e->key_alias = mu_strdup(mu_entry_java_alias(key))))
            return mu_fail_nomem(err);
        return tell(e, mu_asprintf("the alias is asked for as it is stored, \"%s\"", mu_escape_to(shown, e->key_alias)), err);
    }
    if (mu_entry_rename(key, e->side->settings->key_alias, mu_entry_created_ms(key), err) != 0)
        return -1;
    return tell(e, mu_asprintf("its only key has the alias \"%s\"", mu_escape_to(shown, mu_entry_alias(key))), err);
}

/* ---- type ---- */

static int copy_key(const mu_edit *e, mu_entry *entry, mu_store *into, int64_t created_ms, mu_err **err)
{
    const char *own = e->file->keys ? e->side->key_password.value : NULL, *alias = mu_entry_alias(entry);
    EVP_PKEY *key = NULL;
    if (own && mu_entry_get1_key(entry, own, &key, NULL) != 0)
        own = NULL;
    int rc = key ? 0 : mu_entry_get1_key(entry, NULL, &key, err);
    if (rc == 0)
        rc = mu_store_set_key(into, alias, key, mu_entry_get0_chain(entry), created_ms, err);
    if (rc == 0 && own && e->file->facts.type != MU_STORE_PEM)
        rc = mu_entry_set_password(mu_store_find(into, alias), NULL, own, err);
    EVP_PKEY_free(key);
    return rc;
}

static int copy_secret(mu_entry *entry, mu_store *into, int64_t created_ms, mu_err **err)
{
    char *algorithm = NULL;
    uint8_t *key = NULL;
    size_t len = 0;
    int rc = mu_entry_get1_secret(entry, NULL, &algorithm, &key, &len, err);
    if (rc == 0)
        rc = mu_store_set_secret(into, mu_entry_alias(entry), algorithm, key, len, created_ms, err);
    free(algorithm);
    OPENSSL_clear_free(key, len);
    return rc;
}

static int copy_entry(const mu_edit *e, mu_entry *entry, mu_store *into, mu_err **err)
{
    const char *alias = mu_entry_alias(entry);
    int64_t created_ms = mu_entry_created_ms(entry) < 0 ? e->now_ms : mu_entry_created_ms(entry);
    char shown[MU_SHOWN_SIZE];
    if (mu_store_find(into, alias))
        return mu_fail(err, MU_E_DUPLICATE_ALIAS, "there are two entries \"%s\"", mu_escape_to(shown, alias));
    switch (mu_entry_get_kind(entry)) {
    case MU_ENTRY_KEY:
        return copy_key(e, entry, into, created_ms, err);
    case MU_ENTRY_SECRET:
        return copy_secret(entry, into, created_ms, err);
    default:
        return mu_store_set_trusted(into, alias, sk_X509_value(mu_entry_get0_chain(entry), 0), created_ms, err);
    }
}

/* Only into what a JVM can load: there is no Java store of type PEM, so what is declared as that needs another declaration. */
static int convert(mu_edit *e, mu_err **err)
{
    mu_store *old = e->file->store, *fresh = NULL;
    mu_store_type type;
    if (!old || !e->file->type || mu_store_type_parse(e->file->type, &type, NULL) != 0 || type == MU_STORE_PEM)
        return 0;
    if (sk_X509_num(mu_store_get0_loose_certs(old)) > 0)
        return mu_fail(err, MU_E_STORE_WRONG_TYPE, "it has certificates that belong to no entry, and another type would lose them");
    int rc = mu_store_new(e->pair->libctx, type, &fresh, err);
    for (size_t i = 0; rc == 0 && i < mu_store_count(old); i++)
        rc = copy_entry(e, mu_store_entry(old, i), fresh, err);
    if (rc != 0) {
        mu_store_free(fresh);
        return -1;
    }
    mu_store_free(old);
    e->file->store = fresh;
    return tell(e, mu_asprintf("it is of the type declared, %s", mu_store_type_name(type)), err);
}

/* ---- */

static int renew(mu_edit *e, mu_err **err)
{
    e->renew_protection = true;
    return tell(e, mu_strdup("it is protected as every reader knows it, with PBES2 and an ordinary MAC"), err);
}

bool mu_edit_is_conversion(const mu_finding *finding)
{
    return finding->code == MU_E_STORE_WRONG_TYPE;
}

mu_given *mu_edit_file(mu_pair_side *side, const mu_finding *finding)
{
    mu_given *file;
    switch (finding->code) {
    case MU_E_P12_NO_JAVA_TRUST:
    case MU_E_CA_NOT_TRUSTED:
    case MU_E_CLIENT_CA_NOT_TRUSTED:
    case MU_E_TRUSTSTORE_EMPTY:
        file = &side->trusts;
        break;
    case MU_E_CA_REGENERATED: /* the stale one is trusted, not presented */
        file = finding->refused_by == finding->side ? &side->trusts : NULL;
        break;
    case MU_E_CHAIN_MISSING_INTERMEDIATE:
    case MU_E_CHAIN_ORDER_WRONG:
        file = &side->keys;
        break;
    case MU_E_SERVER_ALIAS_NOT_FOUND:
        file = mu_pair_file_of(side, finding) == &side->keys ? &side->keys : NULL;
        break;
    case MU_E_STORE_WRONG_TYPE:
    case MU_E_P12_LEGACY_RC2:
    case MU_E_P12_ALGORITHM_TOO_NEW:
        file = mu_pair_file_of(side, finding) == &side->keys ? &side->keys : &side->trusts;
        break;
    default:
        file = NULL;
    }
    return file && file->store ? file : NULL;
}

int mu_edit_apply(mu_edit *edit, const mu_finding *finding, mu_err **err)
{
    switch (finding->code) {
    case MU_E_P12_NO_JAVA_TRUST:
        return trust_loose(edit, err);
    case MU_E_CHAIN_MISSING_INTERMEDIATE:
    case MU_E_CHAIN_ORDER_WRONG:
        return complete_chain(edit, err);
    case MU_E_SERVER_ALIAS_NOT_FOUND:
        return settle_alias(edit, finding, err);
    case MU_E_STORE_WRONG_TYPE:
        return convert(edit, err);
    case MU_E_P12_LEGACY_RC2:
    case MU_E_P12_ALGORITHM_TOO_NEW:
        return renew(edit, err);
    default:
        return trust_root(edit, err);
    }
}

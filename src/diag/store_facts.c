#include "diag/store_facts.h"

#include "base/ossl.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries ---- */

static void note_missing_cert(const mu_store *store, mu_entry_facts *e)
{
    /* A PEM file may well hold a key alone, and without the password nobody knows what was left out. */
    if (e->kind == MU_ENTRY_KEY && e->chain.count == 0 && mu_store_get_type(store) != MU_STORE_PEM && !mu_store_has_skipped(store))
        mu_problems_add(&e->problems, MU_E_KEY_CERT_MISMATCH, false, -1, "no certificate belongs to this key");
}

static void check_key(mu_entry *entry, mu_entry_facts *e)
{
    EVP_PKEY *key = NULL;
    mu_err *err = NULL;
    if (e->kind != MU_ENTRY_KEY)
        return;
    if (mu_entry_get1_key(entry, NULL, &key, &err) != 0)
        mu_problems_add(&e->problems, err->code, false, -1, "%s", mu_err_root(err)->msg);
    else if (e->chain.count > 0 && mu_key_check_pair(e->chain.certs[0].cert, key, &err) != 0)
        mu_problems_add(&e->problems, err->code, false, 0, "%s", err->msg);
    EVP_PKEY_free(key);
    mu_err_free(err);
}

static int read_entry(const mu_store *store, mu_entry *entry, int64_t at_s, bool check_keys, mu_entry_facts *e, mu_err **err)
{
    *e = (mu_entry_facts){
        .alias = mu_strdup(mu_entry_alias(entry)),
        .kind = mu_entry_get_kind(entry),
        .created_ms = mu_entry_created_ms(entry),
        .java_hidden = mu_entry_java_hidden(entry),
        .protection = mu_entry_get_protection(entry),
    };
    if (!e->alias)
        return mu_fail_nomem(err);
    if (e->kind != MU_ENTRY_SECRET && mu_chain_facts_read(mu_entry_get0_chain(entry), &e->chain, err) != 0)
        return -1;
    mu_chain_problems(&e->chain, e->kind == MU_ENTRY_KEY ? MU_ROLE_IDENTITY : MU_ROLE_ANCHOR, at_s, &e->problems);
    note_missing_cert(store, e);
    if (e->java_hidden)
        mu_problems_add(&e->problems, MU_E_KEYSTORE_NO_PRIVATE_KEY, true, -1,
                        "a JVM does not see this key: it is not encrypted, or a further one without localKeyID");
    if (check_keys)
        check_key(entry, e);
    return 0;
}

static int read_entries(mu_store *store, int64_t at_s, bool check_keys, mu_store_facts *f, mu_err **err)
{
    size_t count = mu_store_count(store);
    f->entries = calloc(count + 1, sizeof *f->entries);
    if (!f->entries)
        return mu_fail_nomem(err);
    for (; f->count < count; f->count++)
        if (read_entry(store, mu_store_entry(store, f->count), at_s, check_keys, &f->entries[f->count], err) != 0) {
            f->count++; /* what was read of it is freed with the rest */
            return -1;
        }
    return 0;
}

/* ---- the whole ---- */

static int mark_choices(const mu_store *store, int64_t at_s, mu_store_facts *f, mu_err **err)
{
    mu_jvm_choice choices[MU_JVM_KEY_TYPES];
    size_t count;
    if (mu_jvm_choices(store, at_s, choices, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        for (int manager = MU_JVM_SUNX509; manager <= MU_JVM_PKIX; manager++) {
            f->entries[choices[i].server[manager]].server[manager] = true;
            f->entries[choices[i].client[manager]].client[manager] = true;
        }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return X509_NAME_cmp(*(const X509_NAME *const *)a, *(const X509_NAME *const *)b);
}

/* An anchor that somebody else issued is enough for us and for a JVM, but OpenSSL's other users want to see its root. */
static void check_anchors(mu_store_facts *f)
{
    const X509_NAME **names = calloc(f->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < f->count; i++)
        if (f->entries[i].kind == MU_ENTRY_TRUSTED && f->entries[i].chain.count > 0)
            names[count++] = X509_get_subject_name(f->entries[i].chain.certs[0].cert);
    if (names)
        qsort(names, count, sizeof *names, compare_names);
    else
        f->problems.failed = true;
    for (size_t i = 0; names && i < f->count; i++) {
        mu_entry_facts *e = &f->entries[i];
        const mu_cert_facts *c = e->kind == MU_ENTRY_TRUSTED && e->chain.count > 0 ? e->chain.certs : NULL;
        const X509_NAME *issuer = c && c->ca && !c->self_signed ? X509_get_issuer_name(c->cert) : NULL;
        if (issuer && !bsearch(&issuer, names, count, sizeof *names, compare_names))
            mu_problems_add(&e->problems, MU_E_INTERMEDIATE_ONLY_ANCHOR, true, 0, "its issuer \"%s\" is not in this store",
                            c->issuer);
    }
    free(names);
}

static void check_store(const mu_store *store, mu_store_facts *f)
{
    const char *algorithm = f->cert_protection.algorithm;
    bool old = strstr(algorithm, "RC2") || strstr(algorithm, "RC4");

    for (size_t i = 0; i < f->count && !old; i++)
        old = strstr(f->entries[i].protection.algorithm, "RC2") || strstr(f->entries[i].protection.algorithm, "RC4");
    if (f->skipped)
        mu_problems_add(&f->problems, MU_E_P12_READ_WITHOUT_PASSWORD, false, -1,
                        "without its password the encrypted certificates stay hidden");
    if (f->type == MU_STORE_PKCS12 && f->loose.count > 0)
        mu_problems_add(&f->problems, MU_E_P12_NO_JAVA_TRUST, f->count > 0, -1, "a JVM sees none of the %zu loose certificate%s",
                        f->loose.count, f->loose.count == 1 ? "" : "s");
    else if (f->count == 0 && !f->skipped)
        mu_problems_add(&f->problems, MU_E_TRUSTSTORE_EMPTY, true, -1, "there is no entry in it");
    if (old)
        mu_problems_add(&f->problems, MU_E_P12_LEGACY_RC2, true, -1, "a part is encrypted with RC2 or RC4: %s", algorithm);
    if (mu_store_get_type(store) != MU_STORE_PEM)
        check_anchors(f);
}

static int start(const char *path, mu_store_facts *ret, mu_err **err)
{
    *ret = (mu_store_facts){.path = mu_strdup(path)};
    return ret->path ? 0 : mu_fail_nomem(err);
}

static bool failed(const mu_store_facts *f)
{
    bool any = f->problems.failed;
    for (size_t i = 0; i < f->count; i++)
        any |= f->entries[i].problems.failed;
    return any;
}

int mu_store_facts_read(mu_store *store, const char *path, int64_t at_s, bool check_keys, mu_store_facts *ret, mu_err **err)
{
    if (start(path, ret, err) != 0)
        return -1;
    ret->type = mu_store_get_type(store);
    ret->mac = mu_store_get_mac(store);
    ret->cert_protection = mu_store_get_cert_protection(store);
    ret->skipped = mu_store_has_skipped(store);
    if (read_entries(store, at_s, check_keys, ret, err) != 0 ||
        mu_chain_facts_read(mu_store_get0_loose_certs(store), &ret->loose, err) != 0 || mark_choices(store, at_s, ret, err) != 0)
        return -1;
    for (size_t i = 0; i < ret->loose.count; i++)
        mu_chain_problems(&(mu_chain_facts){.certs = &ret->loose.certs[i], .count = 1}, MU_ROLE_ANCHOR, at_s, &ret->problems);
    check_store(store, ret);
    return failed(ret) ? mu_fail_nomem(err) : 0;
}

int mu_store_facts_unreadable(const char *path, mu_err *reason, mu_store_facts *ret, mu_err **err)
{
    int rc = start(path, ret, err);
    ret->err = reason;
    return rc;
}

void mu_store_facts_done(mu_store_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        mu_entry_facts *e = &facts->entries[i];
        free(e->alias);
        mu_chain_facts_done(&e->chain);
        mu_problems_free(&e->problems);
    }
    free(facts->entries);
    free(facts->path);
    mu_err_free(facts->err);
    mu_chain_facts_done(&facts->loose);
    mu_problems_free(&facts->problems);
    *facts = (mu_store_facts){0};
}

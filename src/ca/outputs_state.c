/* What a service's files hold. */
#include "ca/outputs_internal.h"

#include "base/text.h"

#include <string.h>

static X509 *leaf_of(const mu_entry *entry)
{
    return entry ? sk_X509_value(mu_entry_get0_chain(entry), 0) : NULL;
}

bool mu_ca_outputs_trusts(const mu_ca_outputs *o)
{
    const mu_entry *entry = mu_store_find(o->trust_store.store, o->anchor_alias);
    return entry && mu_entry_get_kind(entry) == MU_ENTRY_TRUSTED && X509_cmp(leaf_of(entry), o->anchor) == 0;
}

static mu_entry *only_key(const mu_store *store)
{
    mu_entry *only = NULL;
    for (size_t i = 0; i < mu_store_count(store); i++)
        if (mu_entry_get_kind(mu_store_entry(store, i)) == MU_ENTRY_KEY) {
            if (only)
                return NULL;
            only = mu_store_entry(store, i);
        }
    return only;
}

mu_entry *mu_ca_outputs_entry(const mu_ca_outputs *o)
{
    const mu_store *store = o->key_store.store;
    if (!store)
        return NULL;
    return !o->spec->alias || mu_store_get_type(store) == MU_STORE_PEM ? only_key(store) : mu_store_find(store, o->spec->alias);
}

/* A file that is no certificate or key any more is an error, not a reason to write over it. */
static int read_pair(mu_ca_outputs *o, mu_err **err)
{
    const mu_buf *cert = &o->certificate.content, *key = &o->private_key.content;
    if (o->pem_certs || !o->certificate.stamp.exists || !o->private_key.stamp.exists)
        return 0;
    if (mu_certs_parse(NULL, cert->data, cert->len, &o->pem_certs, err) != 0)
        return mu_wrap(err, MU_E_PEM_GARBAGE, "cannot read the certificate file");
    if (mu_key_parse(NULL, key->data, key->len, o->key_password.value, &o->pem_key, err) != 0)
        return -1;
    if (mu_key_check_pair(sk_X509_value(o->pem_certs, 0), o->pem_key, NULL) != 0) {
        EVP_PKEY_free(o->pem_key); /* what a crash between two renames leaves */
        o->pem_key = NULL;
    }
    return 0;
}

int mu_ca_outputs_leaf(mu_ca_outputs *o, X509 **ret_leaf, mu_err **err)
{
    const mu_entry *entry = mu_ca_outputs_entry(o);
    char shown[MU_SHOWN_SIZE];
    if (entry && mu_entry_get_kind(entry) != MU_ENTRY_KEY)
        return mu_fail(err, MU_E_DUPLICATE_ALIAS, "the entry \"%s\" is not a private key",
                       mu_escape_to(shown, mu_entry_alias(entry)));
    if (read_pair(o, err) != 0)
        return -1;
    *ret_leaf = o->key_store.store ? leaf_of(entry) : NULL;
    if (!*ret_leaf && o->pem_key)
        *ret_leaf = sk_X509_value(o->pem_certs, 0);
    return 0;
}

bool mu_ca_outputs_is_broken(const mu_ca_outputs *o)
{
    return o->pem_certs && !o->pem_key;
}

static bool same_chain(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    bool same = sk_X509_num(a) == sk_X509_num(b);
    for (int i = 0; same && i < sk_X509_num(a); i++)
        same = X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) == 0;
    return same;
}

/* pem: taken; NULL: out of memory */
static bool holds(const struct mu_pem_output *p, char *pem)
{
    bool same = pem && p->stamp.exists && strcmp(mu_buf_text(&p->content), pem) == 0;
    OPENSSL_free(pem);
    return same;
}

const char *mu_ca_outputs_stale(const mu_ca_outputs *o, const STACK_OF(X509) *chain)
{
    const mu_entry *entry = mu_ca_outputs_entry(o);
    char *pem = NULL;
    if (o->key_store.path && !(entry && same_chain(mu_entry_get0_chain(entry), chain)))
        return o->key_store.path;
    if (o->trust_store.path && !mu_ca_outputs_trusts(o))
        return o->trust_store.path;
    if (o->trust_certificate.path && (mu_cert_pem(o->anchor, &pem, NULL) != 0 || !holds(&o->trust_certificate, pem)))
        return o->trust_certificate.path;
    pem = NULL;
    if (o->certificate.path && (mu_ca_sent_pem(chain, &pem, NULL) != 0 || !holds(&o->certificate, pem)))
        return o->certificate.path;
    return o->private_key.path && !o->pem_key ? o->private_key.path : NULL;
}

int mu_ca_outputs_key(mu_ca_outputs *o, EVP_PKEY **ret_key, mu_err **err)
{
    mu_entry *entry = mu_ca_outputs_entry(o);
    if (leaf_of(entry) && mu_entry_get1_key(entry, NULL, ret_key, err) != 0)
        return -1;
    if (!leaf_of(entry) && EVP_PKEY_up_ref(o->pem_key))
        *ret_key = o->pem_key;
    return 0;
}

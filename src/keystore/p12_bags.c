#include "keystore_internal.h"

#include <ctype.h>

/* Where we are: rule 5 and 6 of the JDK look at what was seen before. */
struct walk {
    mu_store *store;
    bool encrypted;
    int index; /* of the bag in its SafeContents */
    mu_bytes raw;
    char *name;
    mu_bytes id;
    bool trusted;
};

static int64_t created_from_id(mu_bytes id)
{
    char *end;
    if (id.len < 6 || id.len > 32 || memcmp(id.data, "Time ", 5) != 0 || !isdigit(id.data[5]))
        return -1;
    long long ms = strtoll((const char *)id.data + 5, &end, 10);
    return end == (const char *)id.data + id.len ? (int64_t)ms : -1;
}

static size_t count_keys(const mu_store *store)
{
    size_t count = 0;
    for (size_t i = 0; i < store->count; i++)
        count += store->entries[i]->kind == MU_ENTRY_KEY;
    return count;
}

static int add_entry(struct walk *walk, mu_entry_kind kind, const MU_BAG *bag, mu_entry **ret, mu_err **err)
{
    char number[32];
    mu_entry *entry = mu_entry_new(walk->store, kind, walk->name ? walk->name : mu_store_next_name(walk->store, number));
    if (!entry)
        return mu_fail_nomem(err);
    entry->attrs = mu_attrs_dup(bag->attrs);
    entry->created_ms = kind == MU_ENTRY_TRUSTED ? -1 : created_from_id(walk->id);
    entry->encrypted_part = walk->encrypted;
    *ret = entry;
    return 0;
}

static int add_key(struct walk *walk, const MU_BAG *bag, mu_key_form form, mu_err **err)
{
    mu_entry *entry = NULL;
    mu_bytes payload = mu_bytes_of(bag->value->value.sequence);
    bool first = count_keys(walk->store) == 0;
    if (add_entry(walk, MU_ENTRY_KEY, bag, &entry, err) != 0)
        return -1;
    entry->form = form;
    /* The JDK ignores keys that are not shrouded, and further keys without an id; we keep them, marked. */
    entry->java_hidden = form == MU_KEY_PLAIN || (!walk->id.data && !first);
    int rc = mu_bytes_set(&entry->payload, payload.data, payload.len, err);
    if (rc == 0 && (walk->id.data || first))
        rc = walk->id.data ? mu_bytes_set(&entry->id, walk->id.data, walk->id.len, err) : mu_bytes_set(&entry->id, "01", 2, err);
    if (rc != 0) {
        mu_entry_free(entry);
        return -1;
    }
    return mu_store_put(walk->store, entry, err);
}

static int add_secret(struct walk *walk, const MU_BAG *bag, mu_err **err)
{
    mu_entry *entry = NULL;
    if (add_entry(walk, MU_ENTRY_SECRET, bag, &entry, err) != 0)
        return -1;
    if (mu_bytes_set(&entry->payload, walk->raw.data, walk->raw.len, err) != 0) {
        mu_entry_free(entry);
        return -1;
    }
    return mu_store_put(walk->store, entry, err);
}

static int add_trusted(struct walk *walk, const MU_BAG *bag, X509 *cert, mu_err **err)
{
    mu_entry *entry = NULL;
    if (add_entry(walk, MU_ENTRY_TRUSTED, bag, &entry, err) != 0)
        return -1;
    if (!X509_up_ref(cert) || !sk_X509_push(entry->chain, cert)) {
        mu_entry_free(entry);
        return mu_fail_nomem(err);
    }
    return mu_store_put(walk->store, entry, err);
}

/* Decoding a certificate costs more than comparing it; what we wrote comes back in the same order. */
static X509 *known_cert(mu_store *store, mu_bytes der)
{
    int count = store->known ? sk_X509_num(store->known) : 0;
    for (int i = 0; i < count; i++) {
        int at = (store->known_next + i) % count;
        X509 *cert = sk_X509_value(store->known, at);
        unsigned char *own = NULL;
        int len = i2d_X509(cert, &own);
        bool same = len >= 0 && (size_t)len == der.len && memcmp(own, der.data, der.len) == 0;
        OPENSSL_free(own);
        if (same && X509_up_ref(cert)) {
            store->known_next = at + 1;
            return cert;
        }
    }
    return NULL;
}

static int add_cert(struct walk *walk, const MU_BAG *bag, mu_bytes der, mu_err **err)
{
    mu_ossl_clear();
    X509 *cert = known_cert(walk->store, der);
    if (!cert && !(cert = mu_cert_from_der(walk->store->crypt.libctx, der.data, der.len)))
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "a certificate in the store cannot be decoded");
    mu_cert_item *item = mu_store_add_item(walk->store, cert);
    int rc = item ? 0 : mu_fail_nomem(err);
    if (rc == 0) {
        item->attrs = mu_attrs_dup(bag->attrs);
        item->trusted = walk->trusted;
        item->folded = walk->name ? mu_alias_fold(walk->name) : NULL;
        /* JDK: without an id, the first certificate of its part belongs to the only key seen before it */
        if (walk->id.data)
            rc = mu_bytes_set(&item->id, walk->id.data, walk->id.len, err);
        else if (walk->index == 0 && count_keys(walk->store) == 1)
            rc = mu_bytes_set(&item->id, "01", 2, err);
        if (rc == 0 && item->trusted)
            rc = add_trusted(walk, bag, cert, err);
    }
    X509_free(cert);
    return rc;
}

static int read_cert_bag(struct walk *walk, const MU_BAG *bag, mu_err **err)
{
    MU_CONTENT *content =
        mu_item_read(ASN1_ITEM_rptr(MU_CONTENT), mu_bytes_of(bag->value->value.sequence), "a certificate bag", err);
    if (!content)
        return -1;
    bool x509 =
        OBJ_obj2nid(content->type) == NID_x509Certificate && content->content && content->content->type == V_ASN1_OCTET_STRING;
    int rc = x509 ? add_cert(walk, bag, mu_bytes_of(content->content->value.octet_string), err)
                  : mu_store_keep(walk->store, walk->raw, walk->encrypted, err);
    ASN1_item_free((ASN1_VALUE *)content, ASN1_ITEM_rptr(MU_CONTENT));
    return rc;
}

static int read_bag(struct walk *walk, const MU_BAG *bag, mu_err **err)
{
    if (!bag->value)
        return mu_fail(err, MU_E_STORE_DAMAGED, "a bag in the store is empty");
    if (bag->value->type == V_ASN1_SEQUENCE) {
        switch (OBJ_obj2nid(bag->type)) {
        case NID_pkcs8ShroudedKeyBag:
            return add_key(walk, bag, MU_KEY_SHROUDED, err);
        case NID_keyBag:
            return add_key(walk, bag, MU_KEY_PLAIN, err);
        case NID_certBag:
            return read_cert_bag(walk, bag, err);
        case NID_secretBag:
            return add_secret(walk, bag, err);
        }
    }
    return mu_store_keep(walk->store, walk->raw, walk->encrypted, err);
}

static void free_bag(MU_BAG *bag)
{
    /* a plain key bag is a private key */
    if (bag->value && bag->value->type == V_ASN1_SEQUENCE)
        OPENSSL_cleanse(mu_bytes_of(bag->value->value.sequence).data, mu_bytes_of(bag->value->value.sequence).len);
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
}

static int read_raw_bag(struct walk *walk, mu_err **err)
{
    MU_BAG *bag = mu_item_read(ASN1_ITEM_rptr(MU_BAG), walk->raw, "a bag", err);
    if (!bag)
        return -1;
    int rc = mu_attrs_read(bag->attrs, &walk->name, &walk->id, &walk->trusted, err);
    if (rc == 0)
        rc = read_bag(walk, bag, err);
    free(walk->name);
    walk->name = NULL;
    mu_bytes_clear(&walk->id);
    free_bag(bag);
    return rc;
}

int mu_p12_safe_read(mu_store *store, mu_bytes safe, bool encrypted, mu_err **err)
{
    STACK_OF(ASN1_TYPE) *bags = mu_item_read(ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY), safe, "a part of the store", err);
    if (!bags)
        return -1;
    int rc = mu_store_check_entries(store, (size_t)sk_ASN1_TYPE_num(bags), err);
    for (int i = 0; rc == 0 && i < sk_ASN1_TYPE_num(bags); i++) {
        const ASN1_TYPE *type = sk_ASN1_TYPE_value(bags, i);
        struct walk walk = {.store = store, .encrypted = encrypted, .index = i};
        if (type->type != V_ASN1_SEQUENCE) {
            rc = mu_fail(err, MU_E_STORE_DAMAGED, "bag %d of the store is no bag", i + 1);
            break;
        }
        walk.raw = mu_bytes_of(type->value.sequence);
        rc = read_raw_bag(&walk, err);
        OPENSSL_cleanse(walk.raw.data, walk.raw.len);
    }
    sk_ASN1_TYPE_pop_free(bags, ASN1_TYPE_free);
    return rc;
}

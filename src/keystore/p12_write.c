#include "keystore_internal.h"

#include <openssl/pem.h>

/* What goes into one file: the decisions of this writing, and the two parts as they grow. */
struct writer {
    mu_store *store;
    const char *password; /* NULL: neither keys nor protection */
    mu_pbe key_pbe, cert_pbe;
    mu_mac mac;
    bool certs_plain;
    mu_buf keys, certs;       /* bags, one after the other */
    STACK_OF(X509) * written; /* issuers that stand in the file already; borrowed */
};

static int add_bag(mu_buf *part, int nid, mu_bytes value, const STACK_OF(X509_ATTRIBUTE) * base, const char *name,
                   const mu_bytes *id, bool trusted, mu_err **err)
{
    MU_BAG bag = {.type = OBJ_nid2obj(nid)};
    ASN1_TYPE type = {.type = V_ASN1_SEQUENCE};
    mu_bytes der = {NULL, 0};
    int rc = -1;
    ASN1_STRING *string = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    if (!string || !ASN1_STRING_set(string, value.data, (int)value.len)) {
        mu_fail_nomem(err);
        goto out;
    }
    type.value.sequence = string;
    bag.value = &type;
    if (mu_attrs_make(base, name, id, trusted, &bag.attrs, err) != 0)
        goto out;
    if (sk_X509_ATTRIBUTE_num(bag.attrs) == 0) { /* no attributes at all, rather than an empty set */
        mu_attrs_free(bag.attrs);
        bag.attrs = NULL;
    }
    rc = mu_item_write(&bag, ASN1_ITEM_rptr(MU_BAG), &der, err);
    if (rc == 0)
        mu_buf_add(part, der.data, der.len);
out:
    mu_attrs_free(bag.attrs);
    ASN1_STRING_free(string);
    mu_bytes_clear(&der);
    return rc;
}

/* "Time 1700000000000": the JDK keeps the date of an entry in its id. Without a date the file's own id, or OpenSSL's way, a digest.
 */
static int make_id(const mu_entry *entry, mu_bytes *ret, mu_err **err)
{
    char text[40];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (entry->created_ms >= 0) {
        snprintf(text, sizeof text, "Time %lld", (long long)entry->created_ms);
        return mu_bytes_set(ret, text, strlen(text), err);
    }
    if (entry->id.data)
        return mu_bytes_set(ret, entry->id.data, entry->id.len, err);
    if (sk_X509_num(entry->chain) > 0 && X509_digest(sk_X509_value(entry->chain, 0), EVP_sha1(), digest, &len) == 1)
        return mu_bytes_set(ret, digest, len, err);
    return mu_bytes_set(ret, entry->folded, strlen(entry->folded), err);
}

static int write_key(struct writer *w, mu_entry *entry, const mu_bytes *id, mu_err **err)
{
    mu_bytes p8 = {NULL, 0}, shrouded = {NULL, 0};
    int rc = 0;
    if (entry->form != MU_KEY_SHROUDED) {
        rc = mu_entry_p8(entry, w->store->password.value, &p8, err);
        if (rc == 0)
            rc = mu_p8_shroud(&w->store->crypt, &w->key_pbe, mu_entry_password(entry, w->password), p8, &shrouded, err);
        mu_bytes_clear(&p8);
    }
    if (rc == 0)
        rc = add_bag(&w->keys, NID_pkcs8ShroudedKeyBag, shrouded.data ? shrouded : entry->payload, entry->attrs, entry->alias, id,
                     false, err);
    mu_bytes_clear(&shrouded);
    return rc;
}

static int make_cert_bag(const X509 *cert, mu_bytes *ret, mu_err **err)
{
    mu_bytes der = {NULL, 0};
    MU_CONTENT content = {.type = OBJ_nid2obj(NID_x509Certificate)};
    ASN1_TYPE type = {.type = V_ASN1_OCTET_STRING};
    ASN1_STRING *string = ASN1_OCTET_STRING_new();
    int rc = mu_item_write(cert, ASN1_ITEM_rptr(X509), &der, err);
    if (rc == 0 && (!string || !ASN1_STRING_set(string, der.data, (int)der.len)))
        rc = mu_fail_nomem(err);
    type.value.octet_string = string;
    content.content = &type;
    if (rc == 0)
        rc = mu_item_write(&content, ASN1_ITEM_rptr(MU_CONTENT), ret, err);
    ASN1_STRING_free(string);
    mu_bytes_clear(&der);
    return rc;
}

static int write_cert(struct writer *w, X509 *cert, const char *name, const mu_bytes *id, bool trusted, mu_err **err)
{
    const mu_cert_item *item = mu_store_item_of(w->store, cert);
    mu_bytes bag = {NULL, 0};
    if (make_cert_bag(cert, &bag, err) != 0)
        return -1;
    int rc = add_bag(&w->certs, NID_certBag, bag, item ? item->attrs : NULL, name, id, trusted, err);
    mu_bytes_clear(&bag);
    return rc;
}

/* The JDK names issuers by their subject, RFC 2253. */
static char *subject_name(const X509 *cert)
{
    char *text = NULL, *name = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0 &&
        BIO_write(bio, "", 1) == 1 && BIO_get_mem_data(bio, &text) > 0)
        name = mu_strdup(text);
    BIO_free(bio);
    return name;
}

static bool is_written(const struct writer *w, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(w->written); i++)
        if (X509_cmp(sk_X509_value(w->written, i), cert) == 0)
            return true;
    return false;
}

static int write_issuer(struct writer *w, X509 *cert, mu_err **err)
{
    if (is_written(w, cert))
        return 0;
    char *name = subject_name(cert);
    int rc = name && sk_X509_push(w->written, cert) ? write_cert(w, cert, name, NULL, false, err) : mu_fail_nomem(err);
    free(name);
    return rc;
}

static int write_key_entry(struct writer *w, mu_entry *entry, mu_err **err)
{
    mu_bytes id = {NULL, 0};
    int rc = make_id(entry, &id, err);
    if (rc == 0)
        rc = write_key(w, entry, &id, err);
    for (int i = 0; rc == 0 && i < sk_X509_num(entry->chain); i++)
        rc = i == 0 ? write_cert(w, sk_X509_value(entry->chain, i), entry->alias, &id, false, err)
                    : write_issuer(w, sk_X509_value(entry->chain, i), err);
    mu_bytes_clear(&id);
    return rc;
}

static int write_secret(struct writer *w, const mu_entry *entry, mu_err **err)
{
    mu_bytes id = {NULL, 0}, content = {NULL, 0};
    if (entry->payload.data) {
        mu_buf_add(entry->encrypted_part ? &w->certs : &w->keys, entry->payload.data, entry->payload.len);
        return 0;
    }
    int rc = make_id(entry, &id, err);
    if (rc == 0)
        rc = mu_p12_secret_write(&w->store->crypt, &w->key_pbe, mu_entry_password(entry, w->password), entry->algorithm, entry->secret,
                                 &content, err);
    if (rc == 0)
        rc = add_bag(&w->keys, NID_secretBag, content, NULL, entry->alias, &id, false, err);
    mu_bytes_clear(&id);
    mu_bytes_clear(&content);
    return rc;
}

static int write_entry(struct writer *w, mu_entry *entry, mu_err **err)
{
    switch (entry->kind) {
    case MU_ENTRY_KEY:
        return write_key_entry(w, entry, err);
    case MU_ENTRY_TRUSTED:
        return write_cert(w, sk_X509_value(entry->chain, 0), entry->alias, NULL, true, err);
    default:
        return write_secret(w, entry, err);
    }
}

static int write_loose(struct writer *w, const mu_cert_item *item, mu_err **err)
{
    char *name = NULL;
    mu_bytes id = {NULL, 0};
    bool trusted;
    int rc = mu_attrs_read(item->attrs, &name, &id, &trusted, err);
    if (rc == 0)
        rc = write_cert(w, item->cert, name, &id, false, err);
    free(name);
    mu_bytes_clear(&id);
    return rc;
}

static int write_bags(struct writer *w, mu_err **err)
{
    mu_store *store = w->store;
    int rc = 0;
    for (size_t i = 0; i < store->kept_count; i++)
        mu_buf_add(store->kept[i].encrypted ? &w->certs : &w->keys, store->kept[i].raw.data, store->kept[i].raw.len);
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        rc = write_entry(w, store->entries[i], err);
    for (size_t i = 0; rc == 0 && i < store->item_count; i++)
        if (store->items[i]->loose)
            rc = write_loose(w, store->items[i], err);
    if (rc == 0 && (w->keys.failed || w->certs.failed))
        return mu_fail_nomem(err);
    return rc;
}

/* SEQUENCE around what is there. */
static int wrap(const mu_buf *content, mu_bytes *ret, mu_err **err)
{
    int len = ASN1_object_size(1, (int)content->len, V_ASN1_SEQUENCE);
    unsigned char *der = len > 0 ? OPENSSL_malloc((size_t)len) : NULL, *p = der;
    if (!der)
        return mu_fail_nomem(err);
    ASN1_put_object(&p, 1, (int)content->len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    if (content->len)
        memcpy(p, content->data, content->len);
    *ret = (mu_bytes){der, (size_t)len};
    return 0;
}

static int add_content(mu_buf *out, int nid, int type, mu_bytes value, mu_err **err)
{
    mu_bytes der = {NULL, 0};
    MU_CONTENT content = {.type = OBJ_nid2obj(nid)};
    ASN1_TYPE any = {.type = type};
    ASN1_STRING *string = ASN1_STRING_type_new(type);
    int rc = string && ASN1_STRING_set(string, value.data, (int)value.len) ? 0 : mu_fail_nomem(err);
    any.value.asn1_string = string;
    content.content = &any;
    if (rc == 0)
        rc = mu_item_write(&content, ASN1_ITEM_rptr(MU_CONTENT), &der, err);
    if (rc == 0)
        mu_buf_add(out, der.data, der.len);
    ASN1_STRING_free(string);
    mu_bytes_clear(&der);
    return rc;
}

static int add_encrypted(struct writer *w, mu_buf *out, mu_bytes safe, mu_err **err)
{
    mu_bytes encrypted = {NULL, 0}, der = {NULL, 0};
    MU_ENCRYPTED_CONTENT inner = {.type = OBJ_nid2obj(NID_pkcs7_data)};
    MU_ENCRYPTED_DATA data = {.version = ASN1_INTEGER_new(), .content = &inner};
    int rc = mu_pbe_encrypt(&w->store->crypt, &w->cert_pbe, w->password, safe.data, safe.len, &inner.algor, &encrypted, err);
    if (rc == 0) {
        inner.data = ASN1_OCTET_STRING_new();
        rc = data.version && inner.data && ASN1_INTEGER_set(data.version, 0) &&
                     ASN1_STRING_set(inner.data, encrypted.data, (int)encrypted.len)
                 ? mu_item_write(&data, ASN1_ITEM_rptr(MU_ENCRYPTED_DATA), &der, err)
                 : mu_fail_nomem(err);
    }
    if (rc == 0)
        rc = add_content(out, NID_pkcs7_encrypted, V_ASN1_SEQUENCE, der, err);
    ASN1_INTEGER_free(data.version);
    X509_ALGOR_free(inner.algor);
    ASN1_OCTET_STRING_free(inner.data);
    mu_bytes_clear(&encrypted);
    mu_bytes_clear(&der);
    return rc;
}

static int add_part(struct writer *w, mu_buf *out, const mu_buf *bags, bool encrypted, mu_err **err)
{
    mu_bytes safe = {NULL, 0};
    if (bags->len == 0)
        return 0;
    int rc = wrap(bags, &safe, err);
    if (rc == 0)
        rc = encrypted ? add_encrypted(w, out, safe, err) : add_content(out, NID_pkcs7_data, V_ASN1_OCTET_STRING, safe, err);
    mu_bytes_clear(&safe);
    return rc;
}

static int write_pfx(struct writer *w, mu_bytes authsafe, mu_bytes *ret, mu_err **err)
{
    ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
    ASN1_TYPE any = {.type = V_ASN1_OCTET_STRING, .value.octet_string = string};
    MU_CONTENT content = {.type = OBJ_nid2obj(NID_pkcs7_data), .content = &any};
    MU_PFX pfx = {.version = ASN1_INTEGER_new(), .authsafe = &content};
    int rc = pfx.version && string && ASN1_INTEGER_set(pfx.version, 3) && ASN1_STRING_set(string, authsafe.data, (int)authsafe.len)
                 ? 0
                 : mu_fail_nomem(err);
    if (rc == 0 && w->mac.present)
        rc = mu_mac_make(&w->store->crypt, &w->mac, w->password, authsafe, &pfx.mac, err);
    if (rc == 0)
        rc = mu_item_write(&pfx, ASN1_ITEM_rptr(MU_PFX), ret, err);
    ASN1_item_free((ASN1_VALUE *)pfx.mac, ASN1_ITEM_rptr(MU_MAC));
    ASN1_INTEGER_free(pfx.version);
    ASN1_OCTET_STRING_free(string);
    return rc;
}

static bool is_to_encrypt(const mu_entry *entry)
{
    return (entry->kind == MU_ENTRY_KEY && entry->form != MU_KEY_SHROUDED) || (entry->kind == MU_ENTRY_SECRET && !entry->payload.data);
}

static bool has_key_to_encrypt(const mu_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        if (is_to_encrypt(store->entries[i]))
            return true;
    return false;
}

/* A store that was read keeps its protection: others may rely on it, and a password-less truststore has to stay one. */
static int choose_protection(struct writer *w, const mu_store_write_options *options, mu_err **err)
{
    const mu_store *store = w->store;
    bool renew = !store->was_read || options->renew_protection, no_certs = !store->certs_encrypted && !store->certs_plain;
    bool plain = options->cert_algorithm && mu_str_eq_nocase(options->cert_algorithm, "NONE");

    const char *key_name = options->key_algorithm;
    if (key_name && !has_key_to_encrypt(store) && !mu_store_knows_protection(key_name)) /* as the JDK, which then never looks at it */
        key_name = NULL;

    w->mac = store->mac;
    w->cert_pbe = store->cert_pbe;
    if (mu_pbe_choose(key_name, options->key_iterations, options, &w->key_pbe, err) != 0 ||
        ((renew || !store->certs_encrypted) &&
         mu_pbe_choose(plain ? NULL : options->cert_algorithm, options->cert_iterations, options, &w->cert_pbe, err) != 0) ||
        ((renew || options->pbmac1) && mu_mac_choose(options, &w->mac, err) != 0))
        return -1;
    if (w->mac.present && w->mac.digest == NID_undef)
        w->mac = mu_mac_default;
    w->certs_plain = !renew && !store->certs_encrypted && (store->certs_plain || !w->mac.present);
    if (plain && (renew || no_certs))
        w->certs_plain = true;
    if (!w->password && !store->was_read) { /* nothing secret in it: as the JDK's own cacerts */
        w->certs_plain = true;
        w->mac.present = false;
    }
    return 0;
}

static bool in_bounds(int iterations)
{
    return iterations >= 0 && iterations <= MU_MAX_ITERATIONS;
}

static int check_password(const struct writer *w, const mu_store_write_options *options, mu_err **err)
{
    const mu_store *store = w->store;
    if (store->skipped)
        return mu_fail(err, MU_E_P12_READ_WITHOUT_PASSWORD,
                       "the store was read without its password: writing it would lose certificates");
    if (!in_bounds(options->iterations) || !in_bounds(options->key_iterations) || !in_bounds(options->cert_iterations) ||
        !in_bounds(options->mac_iterations))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "iterations must be 1 to %d", MU_MAX_ITERATIONS);
    bool bare = false;
    for (size_t i = 0; i < store->count; i++)
        bare = bare || (is_to_encrypt(store->entries[i]) && !mu_entry_password(store->entries[i], w->password));
    if (bare || (!w->password && (w->mac.present || !w->certs_plain)))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a password is needed to write this store");
    return 0;
}

static int write_all(struct writer *w, mu_bytes *ret, mu_err **err)
{
    mu_buf parts;
    mu_bytes authsafe = {NULL, 0};
    mu_buf_init_secret(&parts, w->store->limits.max_bytes);
    int rc = write_bags(w, err);
    if (rc == 0)
        rc = add_part(w, &parts, &w->keys, false, err);
    if (rc == 0)
        rc = add_part(w, &parts, &w->certs, !w->certs_plain, err);
    if (rc == 0 && parts.failed)
        rc = mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the store becomes too large");
    if (rc == 0)
        rc = wrap(&parts, &authsafe, err);
    if (rc == 0)
        rc = write_pfx(w, authsafe, ret, err);
    mu_bytes_clear(&authsafe);
    mu_buf_free(&parts);
    return rc;
}

int mu_p12_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err)
{
    struct writer w = {.store = store, .password = options->password ? options->password : store->password.value};
    int rc = -1;
    if (choose_protection(&w, options, err) != 0 || check_password(&w, options, err) != 0)
        return -1;
    if (w.password && (options->renew_protection || !store->password.value || strcmp(w.password, store->password.value) != 0) &&
        (options->keep_key_passwords ? mu_secret_set(&store->password, w.password, strlen(w.password), err)
                                     : mu_p12_reprotect(store, &w.key_pbe, w.password, err)) != 0)
        return -1;
    w.password = store->password.value;
    mu_buf_init_secret(&w.keys, store->limits.max_bytes);
    mu_buf_init_secret(&w.certs, store->limits.max_bytes);
    if ((w.written = sk_X509_new_null()))
        rc = write_all(&w, ret, err);
    else
        mu_fail_nomem(err);
    sk_X509_free(w.written);
    mu_buf_free(&w.keys);
    mu_buf_free(&w.certs);
    return rc;
}

#include "keystore_internal.h"

/* Without a password only how it is encrypted can be told. */
static int skip_encrypted(mu_store *store, const MU_ENCRYPTED_DATA *data)
{
    if (mu_pbe_inspect(data->content->algor, &store->cert_pbe, NULL) != 0)
        store->cert_pbe = (mu_pbe){.scheme = NID_undef};
    store->skipped = true;
    return 0;
}

static int read_encrypted(mu_store *store, mu_bytes bytes, mu_err **err)
{
    MU_ENCRYPTED_DATA *data = mu_item_read(ASN1_ITEM_rptr(MU_ENCRYPTED_DATA), bytes, "an encrypted part", err);
    mu_bytes safe = {NULL, 0};
    int rc = -1;
    if (!data)
        return -1;
    if (!data->content->data) {
        mu_fail(err, MU_E_STORE_DAMAGED, "an encrypted part of the store is empty");
        goto out;
    }
    if (!store->password.value) {
        rc = skip_encrypted(store, data);
        goto out;
    }
    if (mu_pbe_inspect(data->content->algor, &store->cert_pbe, err) != 0 ||
        mu_pbe_decrypt(&store->crypt, data->content->algor, store->password.value, data->content->data, true,
                       MU_E_STORE_WRONG_PASSWORD, &safe, err) != 0)
        goto out;
    rc = mu_p12_safe_read(store, safe, true, err);
    /* Without a MAC a wrong password shows only here: 1 of 256 passes the padding and decrypts to noise. */
    if (rc != 0 && !store->mac.present && mu_err_has(err ? *err : NULL, MU_E_STORE_DAMAGED))
        mu_wrap(err, MU_E_STORE_WRONG_PASSWORD,
                "the password is wrong, or the file was altered: what it decrypts to makes no sense");
out:
    mu_bytes_clear(&safe);
    ASN1_item_free((ASN1_VALUE *)data, ASN1_ITEM_rptr(MU_ENCRYPTED_DATA));
    return rc;
}

static int read_part(mu_store *store, const MU_CONTENT *part, mu_err **err)
{
    const ASN1_TYPE *content = part->content;
    int nid = OBJ_obj2nid(part->type);
    if (nid == NID_pkcs7_data && content && content->type == V_ASN1_OCTET_STRING) {
        size_t before = store->item_count;
        int rc = mu_p12_safe_read(store, mu_bytes_of(content->value.octet_string), false, err);
        store->certs_plain = store->certs_plain || store->item_count > before;
        return rc;
    }
    if (nid == NID_pkcs7_encrypted && content && content->type == V_ASN1_SEQUENCE) {
        store->certs_encrypted = true;
        return read_encrypted(store, mu_bytes_of(content->value.sequence), err);
    }
    if (nid == NID_pkcs7_enveloped)
        return mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "a PKCS#12 protected by a public key is not supported");
    return mu_fail(err, MU_E_STORE_DAMAGED, "a part of the PKCS#12 is neither data nor encrypted data");
}

static int read_parts(mu_store *store, mu_bytes authsafe, mu_err **err)
{
    STACK_OF(ASN1_TYPE) *parts = mu_item_read(ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY), authsafe, "the list of parts", err);
    int rc = parts ? mu_store_check_entries(store, (size_t)sk_ASN1_TYPE_num(parts), err) : -1;
    for (int i = 0; rc == 0 && i < sk_ASN1_TYPE_num(parts); i++) {
        const ASN1_TYPE *type = sk_ASN1_TYPE_value(parts, i);
        MU_CONTENT *part = type->type == V_ASN1_SEQUENCE
                               ? mu_item_read(ASN1_ITEM_rptr(MU_CONTENT), mu_bytes_of(type->value.sequence), "a part", err)
                               : NULL;
        if (type->type != V_ASN1_SEQUENCE)
            mu_fail(err, MU_E_STORE_DAMAGED, "part %d of the PKCS#12 is no part", i + 1);
        rc = part ? read_part(store, part, err) : -1;
        ASN1_item_free((ASN1_VALUE *)part, ASN1_ITEM_rptr(MU_CONTENT));
    }
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
    return rc;
}

static const ASN1_TYPE *encrypted_content(const MU_CONTENT *part)
{
    bool encrypted = part && OBJ_obj2nid(part->type) == NID_pkcs7_encrypted && part->content;
    return encrypted && part->content->type == V_ASN1_SEQUENCE ? part->content : NULL;
}

/* What cannot be decoded costs nothing; reading it will tell what is wrong with it. */
static int charge_part(mu_crypt *crypt, const ASN1_TYPE *type, mu_err **err)
{
    mu_pbe pbe;
    MU_ENCRYPTED_DATA *data = NULL;
    MU_CONTENT *part = type->type == V_ASN1_SEQUENCE
                           ? mu_item_read(ASN1_ITEM_rptr(MU_CONTENT), mu_bytes_of(type->value.sequence), "a part", NULL)
                           : NULL;
    const ASN1_TYPE *content = encrypted_content(part);
    if (content)
        data = mu_item_read(ASN1_ITEM_rptr(MU_ENCRYPTED_DATA), mu_bytes_of(content->value.sequence), "an encrypted part", NULL);
    int rc = data && mu_pbe_inspect(data->content->algor, &pbe, NULL) == 0
                 ? mu_crypt_charge(crypt, pbe.iterations, "an encrypted part", err)
                 : 0;
    ASN1_item_free((ASN1_VALUE *)data, ASN1_ITEM_rptr(MU_ENCRYPTED_DATA));
    ASN1_item_free((ASN1_VALUE *)part, ASN1_ITEM_rptr(MU_CONTENT));
    return rc;
}

/* Add up what MAC and encrypted parts ask for before any of it is spent: a thousand parts, each just within the limit, cost nothing. */
static int check_budget(const mu_store *store, mu_bytes authsafe, mu_err **err)
{
    mu_crypt trial = {.iterations_left = store->crypt.iterations_left};
    STACK_OF(ASN1_TYPE) *parts = mu_item_read(ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY), authsafe, "the list of parts", NULL);
    int rc = store->mac.present ? mu_crypt_charge(&trial, store->mac.iterations, "the MAC", err) : 0;
    for (int i = 0; rc == 0 && i < sk_ASN1_TYPE_num(parts); i++)
        rc = charge_part(&trial, sk_ASN1_TYPE_value(parts, i), err);
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
    return rc;
}

/* Without a password a MAC is not asked about, and may be of a kind unknown to us. */
static int check_mac(mu_store *store, const MU_MAC *mac, mu_bytes authsafe, mu_err **err)
{
    store->mac = (mu_mac){.present = mac != NULL};
    if (mac && mu_mac_inspect(mac, &store->mac, store->password.value ? err : NULL) != 0 && store->password.value)
        return -1;
    if (!store->password.value)
        return 0;
    return check_budget(store, authsafe, err) == 0 &&
                   (!mac || mu_mac_check(&store->crypt, mac, store->password.value, authsafe, err) == 0)
               ? 0
               : -1;
}

static int read_pfx(mu_store *store, const MU_PFX *pfx, mu_err **err)
{
    const ASN1_TYPE *content = pfx->authsafe->content;
    if (mu_asn1_long(pfx->version) != 3) {
        mu_fail(err, MU_E_STORE_DAMAGED, "the PKCS#12 is not of version 3");
        return mu_err_detail(err, "version %ld", mu_asn1_long(pfx->version));
    }
    if (OBJ_obj2nid(pfx->authsafe->type) == NID_pkcs7_signed)
        return mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE,
                       "a PKCS#12 that is signed instead of protected by a password is not supported");
    if (OBJ_obj2nid(pfx->authsafe->type) != NID_pkcs7_data || !content || content->type != V_ASN1_OCTET_STRING)
        return mu_fail(err, MU_E_STORE_DAMAGED, "the PKCS#12 holds no data");
    mu_bytes authsafe = mu_bytes_of(content->value.octet_string);
    return check_mac(store, pfx->mac, authsafe, err) == 0 ? read_parts(store, authsafe, err) : -1;
}

static int describe(mu_store *store, mu_err **err)
{
    mu_protection mac = mu_store_get_mac(store), certs = mu_store_get_cert_protection(store);
    char *mac_text = !mac.present        ? mu_strdup("no MAC")
                     : !mac.algorithm[0] ? mu_strdup("a MAC of unknown kind")
                                         : mu_asprintf("MAC %s %ld iterations", mac.algorithm, mac.iterations);
    char *certs_text = store->skipped   ? mu_strdup("encrypted, not read")
                       : !certs.present ? mu_strdup("not encrypted")
                                        : mu_asprintf("%s %ld iterations", certs.algorithm, certs.iterations);
    free(store->protection);
    store->protection = mac_text && certs_text ? mu_asprintf("%s; certificates %s", mac_text, certs_text) : NULL;
    free(mac_text);
    free(certs_text);
    return store->protection ? 0 : mu_fail_nomem(err);
}

int mu_p12_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    size_t pfx_len;
    if (mu_ber_scan(data, len, store->limits.max_nesting, &pfx_len, err) != 0)
        return -1;
    /* Bytes after the PFX are ignored, as the JDK does. */
    MU_PFX *pfx = mu_item_read(ASN1_ITEM_rptr(MU_PFX), (mu_bytes){(uint8_t *)(uintptr_t)data, pfx_len}, "the PKCS#12", err);
    if (!pfx)
        return -1;
    int rc = read_pfx(store, pfx, err);
    if (rc == 0)
        rc = mu_items_match(store, err);
    if (rc == 0)
        rc = describe(store, err);
    ASN1_item_free((ASN1_VALUE *)pfx, ASN1_ITEM_rptr(MU_PFX));
    return rc;
}

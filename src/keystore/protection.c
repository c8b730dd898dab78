#include "keystore_internal.h"

mu_protection mu_store_get_mac(const mu_store *store)
{
    return store->type == MU_STORE_PKCS12 ? mu_mac_describe(&store->mac) : (mu_protection){.present = false};
}

mu_protection mu_store_get_cert_protection(const mu_store *store)
{
    return store->certs_encrypted ? mu_pbe_describe(&store->cert_pbe) : (mu_protection){.present = false};
}

static mu_protection of_shrouded(mu_bytes shrouded)
{
    mu_protection ret = {.present = true};
    mu_pbe pbe;
    const X509_ALGOR *algor;
    X509_SIG *sig = mu_item_read(ASN1_ITEM_rptr(X509_SIG), shrouded, "", NULL);
    if (sig) {
        X509_SIG_get0(sig, &algor, NULL);
        if (mu_pbe_inspect(algor, &pbe, NULL) == 0)
            ret = mu_pbe_describe(&pbe);
    }
    X509_SIG_free(sig);
    mu_ossl_clear();
    return ret;
}

/* "DEK-Info: AES-256-CBC,…": the key is one round of MD5. */
static mu_protection of_traditional(const mu_entry *entry)
{
    mu_protection ret = {.present = true, .iterations = 1};
    mu_pem_block block;
    size_t pos = 0;
    if (mu_pem_next(entry->payload.data, entry->payload.len, &pos, &block, NULL) != 1)
        return ret;
    const char *info = strstr(block.headers, "DEK-Info:");
    char cipher[32];
    if (info && sscanf(info, "DEK-Info: %31[A-Za-z0-9-]", cipher) == 1)
        snprintf(ret.algorithm, sizeof ret.algorithm, "%s MD5", cipher);
    mu_pem_block_done(&block);
    return ret;
}

static mu_protection of_secret(const mu_entry *entry)
{
    mu_protection ret = {.present = false};
    MU_CONTENT *content = NULL;
    MU_BAG *bag = mu_p12_secret_open(entry->payload, &content, NULL);
    if (bag && mu_p12_secret_shrouded(content))
        ret = of_shrouded(mu_bytes_of(content->content->value.octet_string));
    ASN1_item_free((ASN1_VALUE *)content, ASN1_ITEM_rptr(MU_CONTENT));
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
    mu_ossl_clear();
    return ret;
}

mu_protection mu_entry_get_protection(const mu_entry *entry)
{
    if (entry->kind == MU_ENTRY_SECRET && entry->payload.data)
        return entry->store->type == MU_STORE_JCEKS ? mu_jceks_seal_describe(entry->payload) : of_secret(entry);
    if (entry->kind == MU_ENTRY_KEY && entry->form == MU_KEY_SHROUDED)
        return of_shrouded(entry->payload);
    if (entry->kind == MU_ENTRY_KEY && entry->form == MU_KEY_TRADITIONAL)
        return of_traditional(entry);
    return (mu_protection){.present = false};
}

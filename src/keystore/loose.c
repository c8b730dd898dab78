#include "keystore_internal.h"

int mu_store_settle_loose(mu_store *store, const STACK_OF(X509) * certs, mu_err **err)
{
    bool any = false;
    for (size_t i = 0; sk_X509_num(store->loose) > 0 && i < store->item_count; i++)
        for (int k = 0; store->items[i]->loose && k < sk_X509_num(certs); k++)
            if (X509_cmp(store->items[i]->cert, sk_X509_value(certs, k)) == 0) {
                store->items[i]->loose = false;
                any = true;
            }
    return any ? mu_store_list_loose(store, err) : 0;
}

char *mu_store_free_alias(const mu_store *store, const char *wanted)
{
    char *alias = mu_strdup(wanted);
    for (long i = 2; alias && mu_store_find(store, alias); i++) {
        free(alias);
        alias = mu_asprintf("%s-%ld", wanted, i);
    }
    return alias;
}

static int trust(mu_store *store, X509 *cert, int64_t created_ms, mu_err **err)
{
    const mu_cert_item *item = mu_store_item_of(store, cert);
    char *name = NULL, *alias = NULL;
    mu_bytes id = {NULL, 0};
    bool trusted;
    int rc = item ? mu_attrs_read(item->attrs, &name, &id, &trusted, err) : 0;
    if (rc == 0 && !(alias = mu_store_free_alias(store, name && *name ? name : "ca")))
        rc = mu_fail_nomem(err);
    if (rc == 0)
        rc = mu_store_set_trusted(store, alias, cert, created_ms, err);
    mu_bytes_clear(&id);
    free(name);
    free(alias);
    return rc;
}

int mu_store_trust_loose(mu_store *store, int64_t created_ms, mu_err **err)
{
    STACK_OF(X509) *certs = X509_chain_up_ref(store->loose); /* which each of them leaves */
    int rc = certs ? 0 : mu_fail_nomem(err);
    for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
        rc = trust(store, sk_X509_value(certs, i), created_ms, err);
    sk_X509_pop_free(certs, X509_free);
    return rc;
}

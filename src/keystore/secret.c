#include "keystore_internal.h"

const char *mu_entry_password(const mu_entry *entry, const char *otherwise)
{
    return entry->password.value ? entry->password.value : otherwise;
}

int mu_entry_get1_secret(mu_entry *entry, const char *password, char **ret_algorithm, uint8_t **ret_key, size_t *ret_len,
                         mu_err **err)
{
    mu_store *store = entry->store;
    mu_bytes key = {NULL, 0};
    int rc;
    password = password ? password : store->password.value;
    if (entry->kind != MU_ENTRY_SECRET)
        return mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "the entry is not a secret key");
    if (!entry->payload.data) {
        if (!(*ret_algorithm = mu_strdup(entry->algorithm)))
            return mu_fail_nomem(err);
        if ((rc = mu_bytes_set(&key, entry->secret.data, entry->secret.len, err)) != 0)
            free(*ret_algorithm);
    } else if (!password) {
        return mu_fail(err, MU_E_KEY_PASSWORD_DIFFERS, "the secret key is encrypted, and there is no password");
    } else {
        rc = (store->type == MU_STORE_JCEKS ? mu_jceks_unseal : mu_p12_secret_read)(&store->crypt, entry->payload, password,
                                                                                   !entry->paid, ret_algorithm, &key, err);
        entry->paid = true;
    }
    if (rc == 0) {
        *ret_key = key.data;
        *ret_len = key.len;
    }
    return rc;
}

static void own_secret(mu_entry *entry, char *algorithm, mu_bytes key)
{
    free(entry->algorithm);
    mu_bytes_clear(&entry->secret);
    mu_bytes_clear(&entry->payload);
    entry->algorithm = algorithm;
    entry->secret = key;
}

int mu_store_set_secret(mu_store *store, const char *alias, const char *algorithm, const uint8_t *key, size_t len,
                        int64_t created_ms, mu_err **err)
{
    mu_bytes copy = {NULL, 0};
    char *name;
    if (store->type != MU_STORE_PKCS12 && store->type != MU_STORE_JCEKS)
        return mu_fail(err, MU_E_STORE_WRONG_TYPE, "a store of type %s cannot hold secret keys", mu_store_type_name(store->type));
    if (store->type == MU_STORE_PKCS12 && mu_p12_secret_check(algorithm, err) != 0)
        return -1;
    mu_entry *entry = mu_entry_new_like(store, MU_ENTRY_SECRET, alias, created_ms, err);
    if (!entry)
        return -1;
    name = mu_strdup(algorithm);
    if (!name || mu_bytes_set(&copy, key, len, err) != 0) {
        free(name);
        mu_entry_free(entry);
        return mu_fail_nomem(err);
    }
    own_secret(entry, name, copy);
    return mu_store_put(store, entry, err);
}

int mu_entry_set_password(mu_entry *entry, const char *old, const char *password, mu_err **err)
{
    EVP_PKEY *key = NULL;
    char *algorithm = NULL;
    mu_bytes secret = {NULL, 0};
    if (entry->kind == MU_ENTRY_SECRET) {
        if (mu_entry_get1_secret(entry, old, &algorithm, &secret.data, &secret.len, err) != 0)
            return -1;
        own_secret(entry, algorithm, secret);
    } else {
        if (mu_entry_get1_key(entry, old, &key, err) != 0)
            return -1;
        EVP_PKEY_free(entry->key);
        mu_bytes_clear(&entry->payload);
        mu_bytes_clear(&entry->pem);
        entry->key = key;
        entry->form = MU_KEY_CLEAR;
    }
    return mu_secret_set(&entry->password, password, password ? strlen(password) : 0, err);
}

/** What the fuzz drivers of this layer share: a store that was read must bear being used. */
#ifndef MU_KEYSTORE_FUZZING_H
#define MU_KEYSTORE_FUZZING_H

#include "base/fuzzing.h"
#include "keystore/keystore_internal.h"

#define FUZZ_PASSWORD "changeit"

/* So few iterations that an input takes no time, so few entries that it takes no memory. */
static const mu_store_options fuzz_options = {
    .password = FUZZ_PASSWORD, .limits = {.max_bytes = 1 << 20, .max_entries = 200, .max_kdf_iterations = 3000}};

static inline void fuzz_secret(mu_entry *entry)
{
    char *algorithm = NULL;
    uint8_t *key = NULL;
    size_t len = 0;
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_entry_get1_secret(entry, NULL, &algorithm, &key, &len, &err) == 0) == (err == NULL));
    if (!err)
        free(algorithm);
    OPENSSL_clear_free(key, len);
    mu_err_free(err);
}

static inline void fuzz_keys(mu_store *store)
{
    mu_store_get_mac(store);
    mu_store_get_cert_protection(store);
    for (size_t i = 0; i < mu_store_count(store); i++) {
        mu_entry *entry = mu_store_entry(store, i);
        EVP_PKEY *key = NULL;
        mu_err *err = NULL;
        mu_entry_get_protection(entry);
        FUZZ_REQUIRE((mu_entry_get1_key(entry, NULL, &key, &err) == 0) == (err == NULL));
        EVP_PKEY_free(key);
        mu_err_free(err);
        fuzz_secret(entry);
        FUZZ_REQUIRE(mu_store_find(store, mu_entry_alias(entry)) == entry);
    }
}

/* What could be read can be written (or it is said why not), and holds the same entries when it is read again. */
static inline void fuzz_use(mu_store *store)
{
    uint8_t *data = NULL;
    size_t len = 0;
    mu_err *err = NULL;
    fuzz_keys(store);
    if (mu_store_encode(store, &(mu_store_write_options){.iterations = 1}, &data, &len, &err) == 0) {
        mu_store *again = NULL;
        mu_store_options generous = fuzz_options;
        generous.limits = (mu_store_limits){0};
        if (len > 0) { /* a PEM file without entries has no bytes */
            FUZZ_REQUIRE(mu_store_parse(NULL, data, len, &generous, &again, NULL) == 0);
            FUZZ_REQUIRE(mu_store_count(again) == mu_store_count(store));
        }
        mu_store_free(again);
        OPENSSL_clear_free(data, len);
    } else {
        FUZZ_REQUIRE(err && mu_err_root(err)->code != MU_E_INTERNAL);
    }
    mu_err_free(err);
}

static inline void fuzz_parse(const uint8_t *data, size_t size)
{
    mu_store *store = NULL;
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_store_parse(NULL, data, size, &fuzz_options, &store, &err) == 0) == (err == NULL));
    if (store)
        fuzz_use(store);
    mu_store_free(store);
    mu_err_free(err);
}

#endif

/*
 * PKCS #12: a whole file (those without a MAC lead to encrypted parts at once), or SafeContents as they stand behind MAC and
 * encryption.
 * Covers: src/keystore/ber_scan.c src/keystore/p12_attrs.c src/keystore/p12_bags.c src/keystore/p12_read.c src/keystore/match.c
 */
#include "keystore/fuzzing.h"

static void bags(const uint8_t *data, size_t size)
{
    mu_store *store = mu_store_alloc(NULL, MU_STORE_PKCS12, &fuzz_options.limits);
    mu_err *err = NULL;
    FUZZ_REQUIRE(store && mu_secret_set(&store->password, FUZZ_PASSWORD, strlen(FUZZ_PASSWORD), NULL) == 0);
    store->was_read = true;
    if (mu_p12_safe_read(store, (mu_bytes){(uint8_t *)(uintptr_t)data, size}, true, &err) == 0 && mu_items_match(store, &err) == 0)
        fuzz_use(store);
    mu_err_free(err);
    mu_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len;
    if (mu_store_detect(data, size) == MU_STORE_PKCS12)
        fuzz_parse(data, size);
    else if (mu_ber_scan(data, size, 64, &len, NULL) == 0)
        bags(data, size);
    return 0;
}

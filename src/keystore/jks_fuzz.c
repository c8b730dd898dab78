/*
 * JKS and JCEKS, or the Java object of a secret key. The digest is not looked at without a password, so that it bars no input.
 * Covers: src/keystore/jks_read.c src/keystore/java_data.c src/keystore/java_serial.c src/keystore/jks_write.c
 */
#include "keystore/fuzzing.h"
#include "keystore/java_serial.h"

static void objects(const uint8_t *data, size_t size)
{
    mu_java_sealed sealed;
    mu_java_secret secret;
    mu_java_in in = {.data = data, .len = size};
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_java_secret_read(&in, &secret, &err) == 0) == (err == NULL));
    mu_err_free(err);
    in = (mu_java_in){.data = data, .len = size};
    mu_java_sealed_read(&in, &sealed, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mu_store_options options = fuzz_options;
    mu_store *store = NULL;
    mu_store_type type = mu_store_detect(data, size);
    options.password = NULL;
    if (type != MU_STORE_JKS && type != MU_STORE_JCEKS) {
        objects(data, size);
    } else if (mu_store_parse(NULL, data, size, &options, &store, NULL) == 0) {
        FUZZ_REQUIRE(mu_secret_set(&store->password, FUZZ_PASSWORD, strlen(FUZZ_PASSWORD), NULL) == 0);
        fuzz_use(store);
    }
    mu_store_free(store);
    return 0;
}

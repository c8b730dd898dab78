/*
 * JKS and JCEKS, or the Java object of a secret key. The digest is not looked at without a password, so that it bars no input.
 * Covers: src/keystore/jks_read.c src/keystore/java_data.c src/keystore/java_serial.c src/keystore/jks_write.c
 */
#include "keystore/fuzzing.h"
#include "keystore/java_serial.h"

static bool same(mu_bytes a, mu_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Written as the JDK writes it, an object holds the same. Its algorithm may be text that cannot be written. */
static void secret_again(const mu_java_secret *secret, const char *algorithm)
{
    mu_java_secret again;
    mu_buf out;
    mu_buf_init(&out, SIZE_MAX);
    if (mu_java_secret_write(&out, algorithm, secret->key, NULL) == 0) {
        mu_java_in in = {.data = out.data, .len = out.len};
        FUZZ_REQUIRE(mu_java_secret_read(&in, &again, NULL) == 0 && same(again.key, secret->key));
    }
    mu_buf_free(&out);
}

static void sealed_again(const mu_java_sealed *sealed, const char *algorithm)
{
    mu_java_sealed again;
    mu_buf out;
    mu_buf_init(&out, SIZE_MAX);
    if (mu_java_sealed_write(&out, sealed->params, sealed->content, algorithm, NULL) == 0) {
        mu_java_in in = {.data = out.data, .len = out.len};
        FUZZ_REQUIRE(mu_java_sealed_read(&in, &again, NULL) == 0 && same(again.params, sealed->params) && same(again.content, sealed->content));
    }
    mu_buf_free(&out);
}

static char *text_of(mu_bytes bytes)
{
    return mu_strndup(bytes.len ? (const char *)bytes.data : "", bytes.len);
}

static void objects(const uint8_t *data, size_t size)
{
    mu_java_sealed sealed;
    mu_java_secret secret;
    mu_java_in in = {.data = data, .len = size};
    mu_err *err = NULL;
    char *algorithm = NULL;
    FUZZ_REQUIRE((mu_java_secret_read(&in, &secret, &err) == 0) == (err == NULL));
    if (!err && (algorithm = text_of(secret.algorithm)))
        secret_again(&secret, algorithm);
    mu_err_free(err);
    free(algorithm);
    algorithm = NULL;
    in = (mu_java_in){.data = data, .len = size};
    if (mu_java_sealed_read(&in, &sealed, NULL) == 0 && (algorithm = text_of(sealed.seal_algorithm)))
        sealed_again(&sealed, algorithm);
    free(algorithm);
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

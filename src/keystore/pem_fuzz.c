/*
 * PEM and DER: stores, certificates, keys.
 * Covers: src/keystore/pem_block.c src/keystore/pem_certs.c src/keystore/pem_key.c src/keystore/pem_read.c
 */
#include "keystore/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    if (mu_store_detect(data, size) == MU_STORE_PKCS12)
        return 0;
    fuzz_parse(data, size);
    FUZZ_REQUIRE(mu_certs_parse(NULL, data, size, &certs, NULL) != 0 || sk_X509_num(certs) > 0);
    sk_X509_pop_free(certs, X509_free);
    mu_key_parse(NULL, data, size, NULL, &key, NULL); /* without a password: its own budget is larger than ours */
    EVP_PKEY_free(key);
    return 0;
}

/*
 * Certificate requests, PEM and DER; what one asks for can be asked for anew.
 * Covers: src/pki/csr.c
 */
#include "base/fuzzing.h"
#include <mutual/pki.h>
#include <openssl/evp.h>

static EVP_PKEY *key;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return key ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *p = data;
    X509_REQ *csr = NULL, *again = NULL;
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_csr_read(NULL, data, size, &csr, &err) == 0) == (err == NULL));
    mu_err_free(err);
    if (!csr) /* a mutation breaks the signature: go on without it */
        csr = d2i_X509_REQ(NULL, &p, (long)size);
    if (!csr)
        return 0;
    GENERAL_NAMES *names = mu_csr_names(csr);
    free(names ? mu_san_text(names) : NULL);
    free(mu_name_text(X509_REQ_get_subject_name(csr)));
    mu_csr_build(NULL, key, X509_REQ_get_subject_name(csr), names, &again, NULL);
    GENERAL_NAMES_free(names);
    X509_REQ_free(csr);
    X509_REQ_free(again);
    return 0;
}

/*
 * CRLs, PEM and DER, also in PKCS #7; then a chain is judged by them. The CA is called "CN=Fuzz Root".
 * Covers: src/keystore/pem_certs.c src/keystore/pem_block.c
 */
#include "keystore/fuzzing.h"

#include <mutual/pki.h>

#define NOW_S INT64_C(1800000000)

static X509 *root, *leaf;

static X509 *make(mu_profile profile, const char *subject, X509 *issuer, EVP_PKEY *key)
{
    mu_cert_spec spec = {.profile = profile, .public_key = key, .issuer = issuer, .issuer_key = key, .not_before_s = NOW_S - 3600,
                         .not_after_s = NOW_S + 86400, .pathlen = -1};
    X509_NAME *name = NULL;
    X509 *cert = NULL;
    FUZZ_REQUIRE(mu_name_parse(subject, &name, NULL) == 0);
    spec.subject = name;
    FUZZ_REQUIRE(mu_cert_prepare(NULL, &spec, &cert, NULL) == 0 && mu_cert_sign(NULL, cert, key, NULL) == 0);
    X509_NAME_free(name);
    return cert;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    root = make(MU_PROFILE_ROOT, "CN=Fuzz Root", NULL, key);
    leaf = make(MU_PROFILE_CLIENT, "CN=leaf", root, key);
    EVP_PKEY_free(key);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    STACK_OF(X509_CRL) *crls = NULL;
    STACK_OF(X509) *trusted = sk_X509_new_null(), *certs = NULL;
    mu_chain_verdict verdict;
    if (mu_crls_parse(NULL, data, size, &crls, NULL) == 0 && sk_X509_push(trusted, root)) {
        mu_verify_params params = {.trusted = trusted, .crls = crls, .purpose = MU_PURPOSE_CLIENT, .at_s = NOW_S, .max_depth = -1,
                                   .security_level = -1};
        FUZZ_REQUIRE(mu_chain_verify(leaf, &params, &verdict, NULL) == 0);
        FUZZ_REQUIRE(verdict.code != MU_OK); /* none of them is signed by this CA's key */
        mu_chain_verdict_done(&verdict);
    }
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    sk_X509_free(trusted);
    mu_certs_parse(NULL, data, size, &certs, NULL); /* a PKCS #7 may hold both */
    sk_X509_pop_free(certs, X509_free);
    return 0;
}

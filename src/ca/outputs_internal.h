#ifndef MU_CA_OUTPUTS_INTERNAL_H
#define MU_CA_OUTPUTS_INTERNAL_H

#include "base/file.h"
#include "base/secret.h"
#include "ca/outputs.h"
#include "keystore/store_set.h"

struct mu_store_output {
    const char *path; /* NULL: not wanted; then store is NULL too */
    size_t index;     /* of its claim */
    bool existed;
    mu_secret password;
    mu_store *store;
};

struct mu_pem_output {
    const char *path;
    size_t index;
    mu_file_stamp stamp; /* of content; nothing there: no content */
    mu_buf content;
};

struct mu_ca_outputs {
    const mu_ca_outputs_spec *spec;
    const char *anchor_alias;
    X509 *anchor;      /* borrowed from the CA */
    mu_file_set *set;  /* NULL: not claimed */
    bool adds;         /* entries that are there stay */
    struct mu_store_output key_store, trust_store;
    struct mu_pem_output certificate, private_key, trust_certificate;
    mu_secret key_password;
    STACK_OF(X509) *pem_certs; /* of certificate, once asked for */
    EVP_PKEY *pem_key;         /* likewise; NULL if the first certificate is not its own */
};

/** Does the trust store hold the authority's certificate under its name? */
bool mu_ca_outputs_trusts(const mu_ca_outputs *outputs);
/** The key store's entry: of the alias; without an alias, and in PEM (which keeps none), the only key. NULL: none. */
mu_entry *mu_ca_outputs_entry(const mu_ca_outputs *outputs);

#endif

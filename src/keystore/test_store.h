/** What the unit tests of this layer share: a small family of certificates, and stores made from it. */
#ifndef MU_KEYSTORE_TEST_STORE_H
#define MU_KEYSTORE_TEST_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "keystore_internal.h"
#include <mutual/pki.h>

/** root > issuer > leaf; a second key and a stranger's certificate. */
struct family {
    EVP_PKEY *root_key, *issuer_key, *leaf_key, *other_key;
    X509 *root, *issuer, *leaf, *other;
    STACK_OF(X509) * chain;
};
extern struct family fam;
int family_make(void **state);
int family_free(void **state);

/** Asserts success and no error. */
void ok(int rc, mu_err **err);
/** Asserts failure with that code at the root, and frees the error. */
void fails(int rc, mu_err **err, mu_code code);

/** A store with key "server" (whole chain) and trusted "Root-CA", one iteration; password "changeit". */
mu_bytes sample(void);
mu_bytes encode(mu_store *store, const mu_store_write_options *options);
mu_store *parse(mu_bytes bytes, const char *password);
void parse_fails(mu_bytes bytes, const mu_store_options *options, mu_code code);
void assert_key(mu_store *store, const char *alias, EVP_PKEY *key, X509 *leaf, int chain_len);

#endif

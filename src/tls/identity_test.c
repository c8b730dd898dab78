/* Identities and trust from stores: what is chosen, and what each mistake is called. */
#include "pki/testing.h"
#include <mutual/keystore.h>
#include <mutual/tls.h>

static EVP_PKEY *root_key, *key, *other_key;
static X509 *root, *server, *client, *alone;

static int set_up(void **state)
{
    (void)state;
    root_key = test_key("EC");
    key = test_key("EC");
    other_key = test_key("EC");
    root = test_cert(MU_PROFILE_ROOT, "CN=root", NULL, root_key, NULL, NULL, 1000);
    server = test_cert(MU_PROFILE_SERVER, "CN=server", "dns:a.test", key, root, root_key, 100);
    client = test_cert(MU_PROFILE_CLIENT, "CN=client", NULL, key, root, root_key, 100);
    alone = test_cert(MU_PROFILE_CLIENT, "CN=alone", NULL, key, NULL, NULL, 100);
    return 0;
}

static int tear_down(void **state)
{
    X509 *certs[] = {root, server, client, alone};
    EVP_PKEY *keys[] = {root_key, key, other_key};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        X509_free(certs[i]);
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

static mu_store *new_store(void)
{
    mu_store *store = NULL;
    assert_ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err));
    return store;
}

static STACK_OF(X509) *chain_of(X509 *first, X509 *second)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, first);
    if (second)
        sk_X509_push(chain, second);
    return chain;
}

static void add_key(mu_store *store, const char *alias, X509 *leaf, X509 *issuer)
{
    STACK_OF(X509) *chain = chain_of(leaf, issuer);
    assert_ok(mu_store_set_key(store, alias, key, chain, 0, &err));
    sk_X509_free(chain);
}

static void chosen(mu_store *store, const char *alias, mu_purpose purpose, int64_t now_s, X509 *expected)
{
    mu_identity *identity = NULL;
    assert_ok(mu_identity_from_store(store, alias, NULL, purpose, now_s, &identity, &err));
    assert_int_equal(X509_cmp(mu_identity_get0_cert(identity), expected), 0);
    assert_int_equal(sk_X509_num(mu_identity_get0_chain(identity)), 2);
    assert_non_null(strstr(mu_identity_source(identity), "alias "));
    mu_identity_free(identity);
}

static void chooses_what_fits(void **state)
{
    mu_store *store = new_store();
    mu_identity *identity = NULL;
    (void)state;
    assert_ok(mu_store_set_trusted(store, "ca", root, 0, &err));
    assert_code(MU_E_KEYSTORE_NO_PRIVATE_KEY,
                mu_identity_from_store(store, NULL, NULL, MU_PURPOSE_CLIENT, TEST_NOW_S, &identity, &err));
    add_key(store, "one", server, root);
    add_key(store, "two", client, root);
    chosen(store, NULL, MU_PURPOSE_SERVER, TEST_NOW_S, server);
    chosen(store, NULL, MU_PURPOSE_CLIENT, TEST_NOW_S, client);
    chosen(store, NULL, MU_PURPOSE_CLIENT, TEST_NOW_S + 200 * TEST_DAY_S, server); /* nothing fits: the first */
    chosen(store, "ONE", MU_PURPOSE_CLIENT, TEST_NOW_S, server);
    assert_code(MU_E_SERVER_ALIAS_NOT_FOUND,
                mu_identity_from_store(store, "three", NULL, MU_PURPOSE_CLIENT, TEST_NOW_S, &identity, &err));
    assert_code(MU_E_SERVER_ALIAS_NOT_FOUND,
                mu_identity_from_store(store, "ca", NULL, MU_PURPOSE_CLIENT, TEST_NOW_S, &identity, &err));
    assert_null(identity);
    mu_store_free(store);
}

static void key_and_chain_belong_together(void **state)
{
    mu_identity *identity = NULL, *second;
    STACK_OF(X509) *right = chain_of(client, root), *reversed = chain_of(root, client), *none = sk_X509_new_null();
    (void)state;
    assert_ok(mu_identity_new(key, right, "a.pem", &identity, &err));
    assert_string_equal(mu_identity_source(identity), "a.pem");
    second = mu_identity_ref(identity);
    mu_identity_free(identity);
    assert_int_equal(X509_cmp(mu_identity_get0_cert(second), client), 0);
    mu_identity_free(second);
    assert_code(MU_E_CHAIN_ORDER_WRONG, mu_identity_new(key, reversed, "a.pem", &identity, &err));
    assert_code(MU_E_CHAIN_ORDER_WRONG, mu_identity_new(key, none, "a.pem", &identity, &err));
    assert_code(MU_E_KEY_CERT_MISMATCH, mu_identity_new(other_key, right, "a.pem", &identity, &err));
    sk_X509_free(right);
    sk_X509_free(reversed);
    sk_X509_free(none);
}

static void trusts_what_a_jvm_would(void **state)
{
    mu_store *store = new_store();
    mu_trust *trust = NULL, *second;
    (void)state;
    assert_ok(mu_trust_new("t.p12\n", &trust, &err));
    assert_null(strchr(mu_trust_source(trust), '\n'));
    assert_code(MU_E_TRUSTSTORE_EMPTY, mu_trust_add_store(trust, store, &err));
    add_key(store, "mine", client, root);
    assert_code(MU_E_STORE_SWAPPED, mu_trust_add_store(trust, store, &err));
    assert_int_equal(mu_trust_count(trust), 0);
    assert_ok(mu_store_set_trusted(store, "ca", root, 0, &err));
    assert_ok(mu_trust_add_store(trust, store, &err));
    assert_int_equal(mu_trust_count(trust), 2); /* the anchor, and the leaf of the key as a pin */
    second = mu_trust_ref(trust);
    mu_trust_free(trust);
    mu_trust_free(second);
    mu_store_free(store);
    /* A self-signed key entry used as trust is the guide's keytool habit, not a mistake. */
    store = new_store();
    trust = NULL;
    add_key(store, "self", alone, NULL);
    assert_ok(mu_trust_new("t.p12", &trust, &err));
    assert_ok(mu_trust_add_store(trust, store, &err));
    assert_int_equal(mu_trust_count(trust), 1);
    mu_trust_free(trust);
    mu_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_what_fits),
        cmocka_unit_test(key_and_chain_belong_together),
        cmocka_unit_test(trusts_what_a_jvm_would),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

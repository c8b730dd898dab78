/* Stores as others write them, made with OpenSSL's functions; and stores in files. */
#include "test_store.h"

#include <openssl/pkcs12.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD "changeit"

static void add_cert(STACK_OF(PKCS12_SAFEBAG) * *bags, X509 *cert, const char *name)
{
    PKCS12_SAFEBAG *bag = PKCS12_add_cert(bags, cert);
    assert_non_null(bag);
    if (name)
        assert_true(PKCS12_add_friendlyname_utf8(bag, name, -1));
}

static void add_key(STACK_OF(PKCS12_SAFEBAG) * *bags, EVP_PKEY *key, int nid, const char *password, const char *name)
{
    PKCS12_SAFEBAG *bag = PKCS12_add_key_ex(bags, key, 0, 1, nid, password, NULL, NULL);
    assert_non_null(bag);
    if (name)
        assert_true(PKCS12_add_friendlyname_utf8(bag, name, -1));
}

/* Both lists in their own part, unencrypted, with a MAC. Takes them. */
static mu_bytes finish(STACK_OF(PKCS12_SAFEBAG) * first, STACK_OF(PKCS12_SAFEBAG) * second, const char *password)
{
    STACK_OF(PKCS7) *safes = NULL;
    unsigned char *der = NULL;
    assert_true(PKCS12_add_safe(&safes, first, -1, 0, NULL));
    assert_true(!second || PKCS12_add_safe(&safes, second, -1, 0, NULL));
    PKCS12 *p12 = PKCS12_add_safes(safes, 0);
    assert_non_null(p12);
    assert_true(PKCS12_set_mac(p12, password, -1, NULL, 0, 1, NULL));
    int len = i2d_PKCS12(p12, &der);
    assert_true(len > 0);
    PKCS12_free(p12);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(first, PKCS12_SAFEBAG_free);
    sk_PKCS12_SAFEBAG_pop_free(second, PKCS12_SAFEBAG_free);
    return (mu_bytes){der, (size_t)len};
}

static void check_again(mu_bytes bytes, const char *alias)
{
    mu_store *store = parse(bytes, PASSWORD);
    assert_key(store, alias, fam.leaf_key, fam.leaf, 3);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 0);
    mu_bytes again = encode(store, NULL);
    mu_store_free(store);
    store = parse(again, PASSWORD);
    assert_int_equal(sk_X509_num(mu_entry_get0_chain(mu_store_find(store, alias))), 3); /* now without having to ask the key */
    assert_key(store, alias, fam.leaf_key, fam.leaf, 3);
    assert_int_equal(mu_store_count(store), 1);
    mu_store_free(store);
    mu_bytes_clear(&again);
}

static void the_key_chooses_its_certificate(void **state)
{
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}};
    X509 *certs[] = {fam.leaf, fam.issuer, fam.root};
    for (size_t i = 0; i < 3; i++) {
        for (int keys_first = 0; keys_first < 2; keys_first++) {
            STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *bags = NULL;
            add_key(&keys, fam.leaf_key, NID_aes_256_cbc, PASSWORD, NULL);
            for (int j = 0; j < 3; j++)
                add_cert(&bags, certs[orders[i][j]], NULL);
            mu_bytes bytes = keys_first ? finish(keys, bags, PASSWORD) : finish(bags, keys, PASSWORD);
            mu_store *store = parse(bytes, PASSWORD);
            STACK_OF(X509) *chain = mu_entry_get0_chain(mu_store_entry(store, 0));
            /* the JDK's guess: the first certificate after the only key; none if the certificates came before */
            assert_int_equal(sk_X509_num(chain) > 0, keys_first);
            if (keys_first)
                assert_int_equal(X509_cmp(sk_X509_value(chain, 0), certs[orders[i][0]]), 0);
            mu_store_free(store);
            check_again(bytes, "1");
            mu_bytes_clear(&bytes);
        }
    }
}

static void a_key_without_any_certificate_of_its_own(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *certs = NULL;
    add_key(&keys, fam.leaf_key, NID_aes_256_cbc, PASSWORD, "k");
    add_cert(&certs, fam.other, "k");
    mu_bytes bytes = finish(keys, certs, PASSWORD);
    mu_store *store = parse(bytes, PASSWORD);
    fails(mu_entry_get1_key(mu_store_entry(store, 0), NULL, &key, &err), &err, MU_E_KEY_CERT_MISMATCH);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void several_keys_without_ids(void **state)
{
    (void)state;
    STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *certs = NULL;
    add_key(&keys, fam.leaf_key, NID_aes_128_cbc, PASSWORD, "First");
    add_key(&keys, fam.other_key, NID_aes_192_cbc, PASSWORD, NULL);
    add_cert(&certs, fam.leaf, "FIRST");
    add_cert(&certs, fam.other, NULL);
    mu_bytes bytes = finish(keys, certs, PASSWORD);
    mu_store *store = parse(bytes, PASSWORD);
    assert_int_equal(mu_store_count(store), 2);
    assert_false(mu_entry_java_hidden(mu_store_entry(store, 0)));
    assert_true(mu_entry_java_hidden(mu_store_entry(store, 1))); /* the JDK drops it */
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 1);
    assert_key(store, "first", fam.leaf_key, fam.leaf, 1);
    assert_key(store, "1", fam.other_key, fam.other, 1);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 0);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void plain_key_bags_are_keys_and_come_out_encrypted(void **state)
{
    (void)state;
    STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *certs = NULL;
    add_key(&keys, fam.leaf_key, -1, NULL, "plain");
    add_cert(&certs, fam.leaf, NULL);
    add_cert(&certs, fam.issuer, NULL);
    add_cert(&certs, fam.root, NULL);
    mu_bytes bytes = finish(keys, certs, PASSWORD);
    mu_store *store = parse(bytes, PASSWORD);
    assert_true(mu_entry_java_hidden(mu_store_entry(store, 0)));
    mu_bytes again = encode(store, NULL);
    mu_store_free(store);
    store = parse(again, PASSWORD);
    assert_false(mu_entry_java_hidden(mu_store_entry(store, 0)));
    mu_store_free(store);
    mu_bytes_clear(&again);
    check_again(bytes, "plain");
    mu_bytes_clear(&bytes);
}

static void empty_passwords_have_two_forms(void **state)
{
    (void)state;
    const char *const forms[] = {"", NULL};
    for (int i = 0; i < 2; i++) {
        STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *certs = NULL;
        add_key(&keys, fam.leaf_key, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "", NULL);
        add_cert(&certs, fam.leaf, NULL);
        mu_bytes bytes = finish(keys, certs, forms[i]);
        mu_store *store = parse(bytes, "");
        assert_key(store, "1", fam.leaf_key, fam.leaf, 1);
        mu_store_free(store);
        parse_fails(bytes, &(mu_store_options){.password = "x"}, MU_E_STORE_WRONG_PASSWORD);
        mu_bytes_clear(&bytes);
    }
}

static void key_under_another_password(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    mu_bytes out = {NULL, 0};
    STACK_OF(PKCS12_SAFEBAG) *keys = NULL, *certs = NULL;
    add_key(&keys, fam.leaf_key, NID_aes_256_cbc, "other", "k");
    add_cert(&certs, fam.leaf, "k");
    mu_bytes bytes = finish(keys, certs, PASSWORD);
    mu_store *store = parse(bytes, PASSWORD);
    fails(mu_entry_get1_key(mu_store_entry(store, 0), NULL, &key, &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    ok(mu_entry_get1_key(mu_store_entry(store, 0), "other", &key, &err), &err);
    EVP_PKEY_free(key);
    fails(mu_store_encode(store, &(mu_store_write_options){.password = "new"}, &out.data, &out.len, &err), &err,
          MU_E_KEY_PASSWORD_DIFFERS);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

/* The key bag's algorithm replaced: what must be refused before any work is done. */
static void costly_or_unknown_algorithms_are_refused(void **state)
{
    (void)state;
    struct {
        int iterations, salt_len;
        bool scrypt;
        mu_code code;
    } cases[] = {{1, 16, false, MU_OK},
                 {5000001, 16, false, MU_E_STORE_LIMIT_EXCEEDED},
                 {-1, 16, false, MU_E_STORE_DAMAGED},
                 {1, 1025, false, MU_E_STORE_LIMIT_EXCEEDED},
                 {1, 16, true, MU_E_ALGORITHM_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mu_err *err = NULL;
        mu_crypt crypt = {.iterations_left = 100};
        mu_pbe pbe;
        unsigned char salt[1025] = {1};
        X509_ALGOR *algor = cases[i].scrypt
                                ? PKCS5_pbe2_set_scrypt(EVP_aes_128_cbc(), salt, 16, NULL, 16, 1, 1)
                                : PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), 1, salt, cases[i].salt_len, NULL, NID_hmacWithSHA512_256);
        assert_non_null(algor);
        int rc = mu_pbe_inspect(algor, &pbe, &err);
        if (rc == 0)
            rc = mu_crypt_charge(&crypt, cases[i].iterations, "test", &err);
        if (cases[i].code == MU_OK)
            ok(rc, &err);
        else
            fails(rc, &err, cases[i].code);
        X509_ALGOR_free(algor);
    }
    mu_err *err = NULL;
    mu_crypt crypt = {.iterations_left = 100};
    ok(mu_crypt_charge(&crypt, 60, "test", &err), &err);
    fails(mu_crypt_charge(&crypt, 60, "test", &err), &err, MU_E_STORE_LIMIT_EXCEEDED);
}

static void files_are_replaced_only_if_they_are_still_the_same(void **state)
{
    (void)state;
    char folder[] = "/tmp/mutual-store-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = mu_asprintf("%s/a.p12", folder), *pem = mu_asprintf("%s/Web.Server.pem", folder);
    mu_err *err = NULL;
    mu_store *store = NULL, *second = NULL;
    struct stat st;
    ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
    ok(mu_store_set_key(store, "a", fam.leaf_key, fam.chain, 1, &err), &err);
    ok(mu_store_save(store, path, &(mu_store_write_options){.password = PASSWORD, .iterations = 1}, &err), &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    mu_store_options options = {.password = PASSWORD};
    ok(mu_store_open(NULL, path, &options, &second, &err), &err);
    assert_string_equal(mu_store_path(second), path);
    ok(mu_store_set_trusted(second, "root", fam.root, 1, &err), &err);
    ok(mu_store_save(second, path, NULL, &err), &err);
    fails(mu_store_save(store, path, NULL, &err), &err, MU_E_STORE_CHANGED);
    ok(mu_store_delete(second, "root", &err), &err);
    ok(mu_store_save(second, path, NULL, &err), &err); /* what it saved itself is no change by somebody else */
    fails(mu_store_save(second, folder, NULL, &err), &err, MU_E_STORE_NOT_FOUND);
    mu_store_free(store);
    mu_store_free(second);
    store = second = NULL;
    fails(mu_store_open(NULL, "/nonexistent/a.p12", NULL, &store, &err), &err, MU_E_STORE_NOT_FOUND);
    fails(mu_store_open(NULL, path, &(mu_store_options){.password = "x"}, &store, &err), &err, MU_E_STORE_WRONG_PASSWORD);
    ok(mu_store_new(NULL, MU_STORE_PEM, &store, &err), &err);
    ok(mu_store_set_key(store, "a", fam.leaf_key, fam.chain, 1, &err), &err);
    ok(mu_store_save(store, pem, NULL, &err), &err);
    mu_store_free(store);
    ok(mu_store_open(NULL, pem, NULL, &store, &err), &err);
    assert_key(store, "web.server", fam.leaf_key, fam.leaf, 3);
    mu_store_free(store);
    unlink(path);
    unlink(pem);
    rmdir(folder);
    free(path);
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_chooses_its_certificate),
        cmocka_unit_test(a_key_without_any_certificate_of_its_own),
        cmocka_unit_test(several_keys_without_ids),
        cmocka_unit_test(plain_key_bags_are_keys_and_come_out_encrypted),
        cmocka_unit_test(empty_passwords_have_two_forms),
        cmocka_unit_test(key_under_another_password),
        cmocka_unit_test(costly_or_unknown_algorithms_are_refused),
        cmocka_unit_test(files_are_replaced_only_if_they_are_still_the_same),
    };
    return cmocka_run_group_tests(tests, family_make, family_free);
}

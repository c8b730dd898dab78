#include "test_store.h"

#include <unistd.h>

#define PASSWORD "changeit"

static const mu_store_options with_password = {.password = PASSWORD};

static void round_trip_keeps_everything(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    assert_int_equal(mu_store_get_type(store), MU_STORE_PKCS12);
    assert_false(mu_store_type_mismatch(store));
    assert_int_equal(mu_store_count(store), 2);
    assert_string_equal(mu_entry_alias(mu_store_entry(store, 0)), "server");
    assert_true(mu_entry_created_ms(mu_store_entry(store, 0)) == 1700000000123);
    assert_key(store, "SERVER", fam.leaf_key, fam.leaf, 3);
    mu_entry *trusted = mu_store_find(store, "root-ca");
    assert_non_null(trusted);
    assert_int_equal(mu_entry_get_kind(trusted), MU_ENTRY_TRUSTED);
    assert_string_equal(mu_entry_alias(trusted), "Root-CA");
    assert_int_equal(X509_cmp(sk_X509_value(mu_entry_get0_chain(trusted), 0), fam.root), 0);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 0);
    assert_string_equal(mu_store_protection(store),
                        "MAC HmacSHA256 1 iterations; certificates PBES2 AES-256-CBC HmacSHA256 1 iterations");
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void is_protected(mu_protection is, const char *algorithm, long iterations)
{
    assert_int_equal(is.present, algorithm[0] != 0);
    assert_string_equal(is.algorithm, algorithm);
    assert_int_equal(is.iterations, iterations);
}

static void what_protects_it_is_known_without_the_password(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    mu_bytes modern = encode(store, &(mu_store_write_options){.pbmac1 = true, .iterations = 7});
    is_protected(mu_store_get_mac(store), "HmacSHA256", 1);
    is_protected(mu_store_get_cert_protection(store), "PBES2 AES-256-CBC HmacSHA256", 1);
    is_protected(mu_entry_get_protection(mu_store_find(store, "server")), "PBES2 AES-256-CBC HmacSHA256", 1);
    is_protected(mu_entry_get_protection(mu_store_find(store, "root-ca")), "", 0);
    mu_store_free(store);
    store = parse(modern, NULL);
    is_protected(mu_store_get_mac(store), "PBMAC1 HmacSHA256", 7);
    is_protected(mu_store_get_cert_protection(store), "PBES2 AES-256-CBC HmacSHA256", 1);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
    mu_bytes_clear(&modern);
}

static void wrong_and_missing_passwords_are_told_apart(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_bytes bytes = sample(), out = {NULL, 0};
    parse_fails(bytes, &(mu_store_options){.password = "wrong"}, MU_E_STORE_WRONG_PASSWORD);
    parse_fails(bytes, &(mu_store_options){.password = ""}, MU_E_STORE_WRONG_PASSWORD);
    mu_store *store = parse(bytes, NULL);
    assert_true(mu_store_has_skipped(store));
    assert_int_equal(mu_store_count(store), 1);
    assert_int_equal(sk_X509_num(mu_entry_get0_chain(mu_store_entry(store, 0))), 0);
    fails(mu_store_encode(store, &(mu_store_write_options){.password = PASSWORD}, &out.data, &out.len, &err), &err,
          MU_E_P12_READ_WITHOUT_PASSWORD);
    mu_store_free(store);
    store = parse(bytes, PASSWORD);
    EVP_PKEY *key = NULL;
    fails(mu_entry_get1_key(mu_store_entry(store, 0), "other", &key, &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    fails(mu_entry_get1_key(mu_store_entry(store, 1), NULL, &key, &err), &err, MU_E_KEYSTORE_NO_PRIVATE_KEY);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void keys_are_decrypted_only_when_asked_for(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    EVP_PKEY *key = NULL;
    mu_bytes bytes = sample();
    mu_store_options two = {.password = PASSWORD, .limits.max_kdf_iterations = 2},
                     one = {.password = PASSWORD, .limits.max_kdf_iterations = 1};
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &two, &store, &err), &err); /* MAC and certificates */
    fails(mu_entry_get1_key(mu_store_entry(store, 0), NULL, &key, &err), &err, MU_E_STORE_LIMIT_EXCEEDED);
    mu_store_free(store);
    parse_fails(bytes, &one, MU_E_STORE_LIMIT_EXCEEDED);
    two.limits.max_kdf_iterations = 3;
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &two, &store, &err), &err);
    assert_key(store, "server", fam.leaf_key, fam.leaf, 3);
    assert_key(store, "server", fam.leaf_key, fam.leaf, 3); /* a second time is not charged again */
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void changes_are_written(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    STACK_OF(X509) *own = sk_X509_new_null();
    sk_X509_push(own, fam.other);
    fails(mu_store_set_key(store, "x", fam.leaf_key, own, 1, &err), &err, MU_E_KEY_CERT_MISMATCH);
    fails(mu_store_set_key(store, "root-CA", fam.other_key, own, 1, &err), &err, MU_E_DUPLICATE_ALIAS);
    fails(mu_store_set_trusted(store, "SERVER", fam.root, 1, &err), &err, MU_E_DUPLICATE_ALIAS);
    fails(mu_store_delete(store, "nobody", &err), &err, MU_E_SERVER_ALIAS_NOT_FOUND);
    ok(mu_store_set_key(store, "SERVER", fam.other_key, own, 5, &err), &err);
    ok(mu_store_delete(store, "Root-ca", &err), &err);
    mu_bytes again = encode(store, NULL);
    mu_store_free(store);
    store = parse(again, PASSWORD);
    assert_int_equal(mu_store_count(store), 1);
    assert_key(store, "server", fam.other_key, fam.other, 1);
    assert_true(mu_entry_created_ms(mu_store_entry(store, 0)) == 5);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 0);
    mu_store_free(store);
    sk_X509_free(own);
    mu_bytes_clear(&again);
    mu_bytes_clear(&bytes);
}

static void another_password_protects_everything_anew(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    mu_bytes again = encode(store, &(mu_store_write_options){.password = "other"});
    assert_key(store, "server", fam.leaf_key, fam.leaf, 3); /* the store in memory has it, too */
    mu_store_free(store);
    parse_fails(again, &with_password, MU_E_STORE_WRONG_PASSWORD);
    store = parse(again, "other");
    assert_key(store, "server", fam.leaf_key, fam.leaf, 3);
    mu_store_free(store);
    mu_bytes_clear(&again);
    mu_bytes_clear(&bytes);
}

/* A bag of an unknown kind, its attributes not in DER's order. */
static const uint8_t strange_bag[] = {0x30, 0x29, 0x06, 0x03, 0x2a, 0x03, 0x04, 0xa0, 0x05, 0x04, 0x03, 'f',  'o', 'o', 0x31,
                                      0x1b, 0x30, 0x0d, 0x06, 0x03, 0x2a, 0x03, 0x09, 0x31, 0x06, 0x0c, 0x04, 'z', 'z', 'z',
                                      'z',  0x30, 0x0a, 0x06, 0x03, 0x2a, 0x03, 0x08, 0x31, 0x03, 0x02, 0x01, 0x01};

static void unknown_bags_survive_byte_for_byte(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    ok(mu_store_keep(store, (mu_bytes){(uint8_t *)(uintptr_t)strange_bag, sizeof strange_bag}, false, &err), &err);
    ok(mu_store_keep(store, (mu_bytes){(uint8_t *)(uintptr_t)strange_bag, sizeof strange_bag}, true, &err), &err);
    mu_bytes once = encode(store, NULL);
    mu_store_free(store);
    store = parse(once, PASSWORD);
    assert_int_equal(store->kept_count, 2);
    mu_bytes twice = encode(store, NULL);
    mu_store_free(store);
    store = parse(twice, PASSWORD);
    assert_int_equal(store->kept_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store->kept[i].encrypted, i);
        assert_int_equal(store->kept[i].raw.len, sizeof strange_bag);
        assert_memory_equal(store->kept[i].raw.data, strange_bag, sizeof strange_bag);
    }
    assert_int_equal(mu_store_count(store), 2);
    mu_store_free(store);
    mu_bytes_clear(&once);
    mu_bytes_clear(&twice);
    mu_bytes_clear(&bytes);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    for (size_t len = 0; len < bytes.len; len++) {
        mu_err *err = NULL;
        mu_store *store = NULL;
        uint8_t *copy = malloc(len + 1); /* its own block, so that reading past the end is seen */
        memcpy(copy, bytes.data, len);
        assert_int_equal(mu_store_parse(NULL, copy, len, &with_password, &store, &err), -1);
        assert_non_null(err);
        mu_code code = mu_err_root(err)->code;
        assert_true(code == MU_E_STORE_DAMAGED || (len < 40 && code == MU_E_STORE_WRONG_TYPE));
        mu_err_free(err);
        free(copy);
    }
    mu_bytes_clear(&bytes);
}

static void flipped_bits_never_pass_unnoticed(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *good = parse(bytes, PASSWORD);
    for (size_t i = 0; i < bytes.len; i++) {
        mu_err *err = NULL;
        mu_store *store = NULL;
        uint8_t bit = (uint8_t)(1 << (i % 8));
        bytes.data[i] ^= bit;
        if (mu_store_parse(NULL, bytes.data, bytes.len, &with_password, &store, &err) == 0)
            assert_int_equal(mu_store_count(store), mu_store_count(good)); /* the NULL of an AlgorithmIdentifier and the like */
        else
            assert_non_null(err);
        mu_err_free(err);
        mu_store_free(store);
        bytes.data[i] ^= bit;
    }
    mu_store_free(good);
    mu_bytes_clear(&bytes);
}

static void what_follows_the_pfx_is_ignored(void **state)
{
    (void)state;
    mu_bytes bytes = sample(), longer = {OPENSSL_zalloc(bytes.len + 7), bytes.len + 7};
    memcpy(longer.data, bytes.data, bytes.len);
    mu_store *store = parse(longer, PASSWORD);
    assert_int_equal(mu_store_count(store), 2);
    mu_store_free(store);
    mu_bytes_clear(&longer);
    mu_bytes_clear(&bytes);
}

static mu_bytes with_mac_iterations(mu_bytes bytes, int64_t iterations)
{
    mu_err *err = NULL;
    mu_bytes out = {NULL, 0};
    MU_PFX *pfx = mu_item_read(ASN1_ITEM_rptr(MU_PFX), bytes, "test", &err);
    assert_non_null(pfx);
    assert_true(ASN1_INTEGER_set_int64(pfx->mac->iterations, iterations));
    ok(mu_item_write(pfx, ASN1_ITEM_rptr(MU_PFX), &out, &err), &err);
    ASN1_item_free((ASN1_VALUE *)pfx, ASN1_ITEM_rptr(MU_PFX));
    return out;
}

static void iterations_are_bounded_before_they_are_spent(void **state)
{
    (void)state;
    static const struct {
        int64_t iterations;
        mu_code code;
    } cases[] = {{1, MU_OK},
                 {2, MU_E_STORE_WRONG_PASSWORD},
                 {0, MU_E_STORE_DAMAGED},
                 {-1, MU_E_STORE_DAMAGED},
                 {INT64_MIN, MU_E_STORE_DAMAGED},
                 {5000001, MU_E_STORE_LIMIT_EXCEEDED},
                 {INT64_MAX, MU_E_STORE_LIMIT_EXCEEDED}};
    mu_bytes bytes = sample();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mu_bytes changed = with_mac_iterations(bytes, cases[i].iterations);
        if (cases[i].code == MU_OK)
            mu_store_free(parse(changed, PASSWORD));
        else
            parse_fails(changed, &with_password, cases[i].code);
        mu_bytes_clear(&changed);
    }
    mu_bytes_clear(&bytes);
}

static void other_limits_hold(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    mu_bytes bytes = sample();
    mu_store_options few = {.password = PASSWORD, .limits.max_entries = 4},
                     small = {.password = PASSWORD, .limits.max_bytes = bytes.len - 1},
                     flat = {.password = PASSWORD, .limits.max_nesting = 3};
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &(mu_store_options){.password = PASSWORD, .limits = {bytes.len, 5, 4, 3}},
                      &store, &err),
       &err);
    mu_store_free(store);
    parse_fails(bytes, &few, MU_E_STORE_LIMIT_EXCEEDED); /* one key and four certificates */
    parse_fails(bytes, &small, MU_E_STORE_LIMIT_EXCEEDED);
    parse_fails(bytes, &flat, MU_E_STORE_LIMIT_EXCEEDED);
    mu_bytes_clear(&bytes);
}

static void broken_encodings_name_the_offset(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        mu_code code;
    } cases[] = {
        {"\x30\x80\x02\x01\x03\x00\x00", 7, MU_OK},
        {"\x30\x03\x02\x01\x03", 5, MU_OK},
        {"\x30\x80\x02\x01\x03", 5, MU_E_STORE_DAMAGED},
        {"\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff", 10, MU_E_STORE_DAMAGED},
        {"\x30\x89\x01\xff\xff\xff\xff\xff\xff\xff\xff", 11, MU_E_STORE_DAMAGED},
        {"\x04\x80\x00\x00", 4, MU_E_STORE_DAMAGED},
        {"\x30\x03\x04\x02\x00", 5, MU_E_STORE_DAMAGED},
        {"\x30", 1, MU_E_STORE_DAMAGED},
        {"\x30\x02\x30\x80\x00\x00", 6, MU_E_STORE_DAMAGED}, /* an indefinite length reaching beyond its parent */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mu_err *err = NULL;
        size_t len = 0;
        int rc = mu_ber_scan((const uint8_t *)cases[i].bytes, cases[i].len, 8, &len, &err);
        if (cases[i].code == MU_OK) {
            ok(rc, &err);
            assert_int_equal(len, cases[i].len);
        } else {
            assert_non_null(strstr(mu_err_root(err)->detail, "at byte "));
            fails(rc, &err, cases[i].code);
        }
    }
}

static void names_and_passwords_need_not_be_ascii(void **state)
{
    (void)state;
    static const char *const words[] = {"pässwörd", "世界", "\xf0\x9f\x94\x91 key", "", " "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        mu_err *err = NULL;
        mu_store *store = NULL;
        ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
        ok(mu_store_set_key(store, words[i], fam.leaf_key, fam.chain, 1, &err), &err);
        mu_bytes bytes = encode(store, &(mu_store_write_options){.password = words[i], .iterations = 1});
        mu_store_free(store);
        store = parse(bytes, words[i]);
        assert_string_equal(mu_entry_alias(mu_store_entry(store, 0)), words[i]);
        assert_key(store, words[i], fam.leaf_key, fam.leaf, 3);
        mu_store_free(store);
        parse_fails(bytes, &(mu_store_options){.password = "x"}, MU_E_STORE_WRONG_PASSWORD);
        mu_bytes_clear(&bytes);
    }
}

static void aliases_fold_as_in_java(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"ABC", "abc"}, {"ÄÖÜ-Straße", "äöü-straße"}, {"ЖЁ", "жё"}, {"İ", "i̇"},
                                           {"", ""},       {"\xff", "\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *folded = mu_alias_fold(pairs[i][0]);
        assert_string_equal(folded, pairs[i][1]);
        free(folded);
    }
    char *text = mu_bmp_text((const uint8_t *)"\xd8\x3d\xdd\x11\x00"
                                              "a\xd8\x3d\x00\x00",
                             10);
    assert_string_equal(text, "\xf0\x9f\x94\x91"
                              "a\xef\xbf\xbd\xef\xbf\xbd");
    free(text);
}

static void pbmac1_is_written_kept_and_checked(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    mu_bytes modern = encode(store, &(mu_store_write_options){.pbmac1 = true, .iterations = 7});
    mu_store_free(store);
    parse_fails(modern, &(mu_store_options){.password = "wrong"}, MU_E_STORE_WRONG_PASSWORD);
    store = parse(modern, PASSWORD);
    assert_string_equal(mu_store_protection(store),
                        "MAC PBMAC1 HmacSHA256 7 iterations; certificates PBES2 AES-256-CBC HmacSHA256 1 iterations");
    mu_bytes kept = encode(store, NULL);
    mu_store_free(store);
    store = parse(kept, PASSWORD);
    assert_int_equal(strncmp(mu_store_protection(store), "MAC PBMAC1 HmacSHA256 7 iterations", 34), 0);
    mu_bytes renewed = encode(store, &(mu_store_write_options){.renew_protection = true});
    mu_store_free(store);
    store = parse(renewed, PASSWORD);
    assert_string_equal(mu_store_protection(store),
                        "MAC HmacSHA256 10000 iterations; certificates PBES2 AES-256-CBC HmacSHA256 10000 iterations");
    mu_store_free(store);
    mu_bytes_clear(&bytes);
    mu_bytes_clear(&modern);
    mu_bytes_clear(&kept);
    mu_bytes_clear(&renewed);
}

static void an_issuer_of_two_keys_is_written_once(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
    ok(mu_store_set_key(store, "a", fam.leaf_key, fam.chain, 1, &err), &err);
    ok(mu_store_set_key(store, "b", fam.leaf_key, fam.chain, 1, &err), &err);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 7});
    mu_store_free(store);
    store = parse(bytes, PASSWORD);
    assert_int_equal(store->item_count, 4); /* two leaves, the issuer, the root */
    assert_key(store, "a", fam.leaf_key, fam.leaf, 3);
    assert_key(store, "b", fam.leaf_key, fam.leaf, 3);
    is_protected(mu_entry_get_protection(mu_store_find(store, "a")), "PBES2 AES-256-CBC HmacSHA256", 7);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void certificates_that_belong_to_no_entry_are_kept(void **state)
{
    (void)state;
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    mu_store_add_item(store, fam.other)->loose = true;
    mu_bytes more = encode(store, NULL);
    mu_store_free(store);
    store = parse(more, PASSWORD);
    assert_int_equal(mu_store_count(store), 2);
    assert_int_equal(sk_X509_num(mu_store_get0_loose_certs(store)), 1);
    assert_int_equal(X509_cmp(sk_X509_value(mu_store_get0_loose_certs(store), 0), fam.other), 0);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
    mu_bytes_clear(&more);
}

/* What was made is read before it takes the place of what is there. An alias that is not folded stands for an encoder that errs. */
static void what_cannot_be_found_again_replaces_nothing(void **state)
{
    (void)state;
    char folder[] = "/tmp/mutual-store-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = mu_asprintf("%s/a.p12", folder);
    mu_bytes bytes = sample();
    mu_store *store = parse(bytes, PASSWORD);
    mu_err *err = NULL;
    store->entries[0]->folded[0] = 'X';
    fails(mu_store_save(store, path, NULL, &err), &err, MU_E_INTERNAL);
    assert_int_equal(rmdir(folder), 0); /* nothing was written */
    mu_store_free(store);
    mu_bytes_clear(&bytes);
    free(path);
}

static void without_keys_and_password_it_is_password_less(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    mu_bytes bytes = {NULL, 0};
    ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
    ok(mu_store_set_trusted(store, "ca", fam.root, 1, &err), &err);
    bytes = encode(store, NULL);
    ok(mu_store_set_key(store, "k", fam.leaf_key, fam.chain, 1, &err), &err);
    mu_bytes none = {NULL, 0};
    fails(mu_store_encode(store, NULL, &none.data, &none.len, &err), &err, MU_E_USAGE);
    mu_store_free(store);
    store = parse(bytes, NULL);
    assert_false(mu_store_has_skipped(store));
    assert_string_equal(mu_store_protection(store), "no MAC; certificates not encrypted");
    ok(mu_store_set_trusted(store, "second", fam.other, 1, &err), &err);
    mu_bytes again = encode(store, NULL);
    mu_store_free(store);
    store = parse(again, NULL);
    assert_int_equal(mu_store_count(store), 2);
    assert_string_equal(mu_store_protection(store), "no MAC; certificates not encrypted");
    mu_bytes renewed = encode(store, &(mu_store_write_options){.password = PASSWORD, .renew_protection = true, .iterations = 7});
    mu_store_free(store);
    store = parse(renewed, PASSWORD);
    assert_string_equal(mu_store_protection(store), "MAC HmacSHA256 7 iterations; certificates PBES2 AES-256-CBC HmacSHA256 7 iterations");
    mu_store_free(store);
    mu_bytes_clear(&renewed);
    mu_bytes_clear(&bytes);
    mu_bytes_clear(&again);
}

static void an_empty_store_is_one(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_new(NULL, MU_STORE_AUTO, &store, &err), &err);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD});
    assert_int_equal(bytes.len, 103); /* as the JDK's */
    mu_store_free(store);
    store = parse(bytes, PASSWORD);
    assert_int_equal(mu_store_count(store), 0);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void the_later_of_two_aliases_wins(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_new(NULL, MU_STORE_PKCS12, &store, &err), &err);
    ok(mu_store_set_trusted(store, "a", fam.root, 1, &err), &err);
    ok(mu_store_set_trusted(store, "b", fam.other, 1, &err), &err);
    store->entries[1]->alias[0] = 'A';
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 1});
    mu_store_free(store);
    store = parse(bytes, PASSWORD);
    assert_int_equal(mu_store_count(store), 1);
    assert_int_equal(X509_cmp(sk_X509_value(mu_entry_get0_chain(mu_store_entry(store, 0)), 0), fam.other), 0);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void other_files_and_types(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    parse_fails((mu_bytes){(uint8_t *)(uintptr_t) "hello", 5}, NULL, MU_E_STORE_WRONG_TYPE);
    parse_fails((mu_bytes){(uint8_t *)(uintptr_t) "", 0}, NULL, MU_E_STORE_DAMAGED);
    mu_store_type type;
    ok(mu_store_type_parse("pfx", &type, &err), &err);
    assert_int_equal(type, MU_STORE_PKCS12);
    fails(mu_store_type_parse("BKS", &type, &err), &err, MU_E_USAGE);
    mu_bytes bytes = sample();
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &(mu_store_options){.type = MU_STORE_JKS, .password = PASSWORD}, &store, &err),
       &err);
    assert_true(mu_store_type_mismatch(store));
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_keeps_everything),
        cmocka_unit_test(what_protects_it_is_known_without_the_password),
        cmocka_unit_test(wrong_and_missing_passwords_are_told_apart),
        cmocka_unit_test(keys_are_decrypted_only_when_asked_for),
        cmocka_unit_test(changes_are_written),
        cmocka_unit_test(another_password_protects_everything_anew),
        cmocka_unit_test(unknown_bags_survive_byte_for_byte),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bits_never_pass_unnoticed),
        cmocka_unit_test(what_follows_the_pfx_is_ignored),
        cmocka_unit_test(iterations_are_bounded_before_they_are_spent),
        cmocka_unit_test(other_limits_hold),
        cmocka_unit_test(broken_encodings_name_the_offset),
        cmocka_unit_test(names_and_passwords_need_not_be_ascii),
        cmocka_unit_test(aliases_fold_as_in_java),
        cmocka_unit_test(pbmac1_is_written_kept_and_checked),
        cmocka_unit_test(an_issuer_of_two_keys_is_written_once),
        cmocka_unit_test(certificates_that_belong_to_no_entry_are_kept),
        cmocka_unit_test(what_cannot_be_found_again_replaces_nothing),
        cmocka_unit_test(without_keys_and_password_it_is_password_less),
        cmocka_unit_test(an_empty_store_is_one),
        cmocka_unit_test(the_later_of_two_aliases_wins),
        cmocka_unit_test(other_files_and_types),
    };
    return cmocka_run_group_tests(tests, family_make, family_free);
}

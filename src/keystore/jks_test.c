/* JKS and JCEKS, from bytes of our own making; both JDKs and pyjks are asked in test/test_jks.py. */
#include "java_serial.h"
#include "test_store.h"


#define PASSWORD "changeit"

static const uint8_t secret[16] = "sixteen bytes ..";

static mu_store *new_store(mu_store_type type)
{
    mu_err *err = NULL;
    mu_store *store = NULL;
    ok(mu_store_new(NULL, type, &store, &err), &err);
    ok(mu_store_set_key(store, "Server", fam.leaf_key, fam.chain, 1700000000123, &err), &err);
    ok(mu_store_set_trusted(store, "Root-CA", fam.root, 1700000000456, &err), &err);
    if (type != MU_STORE_JKS)
        ok(mu_store_set_secret(store, "Token", "HmacSHA256", secret, sizeof secret, 1700000000789, &err), &err);
    return store;
}

static mu_bytes make(mu_store_type type)
{
    mu_store *store = new_store(type);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 3});
    mu_store_free(store);
    return bytes;
}

static void assert_secret(mu_store *store, const char *password)
{
    mu_err *err = NULL;
    char *algorithm = NULL;
    uint8_t *key = NULL;
    size_t len = 0;
    ok(mu_entry_get1_secret(mu_store_find(store, "TOKEN"), password, &algorithm, &key, &len, &err), &err);
    assert_string_equal(algorithm, "HmacSHA256");
    assert_int_equal(len, sizeof secret);
    assert_memory_equal(key, secret, len);
    free(algorithm);
    OPENSSL_clear_free(key, len);
}

static void round_trip_keeps_everything(void **state)
{
    (void)state;
    static const mu_store_type types[] = {MU_STORE_JKS, MU_STORE_JCEKS, MU_STORE_PKCS12};
    for (int i = 0; i < 3; i++) {
        mu_bytes bytes = make(types[i]);
        assert_int_equal(mu_store_detect(bytes.data, bytes.len), types[i]);
        mu_store *store = parse(bytes, PASSWORD);
        assert_int_equal(mu_store_count(store), i == 0 ? 2 : 3);
        assert_key(store, "SERVER", fam.leaf_key, fam.leaf, 3);
        assert_string_equal(mu_entry_alias(mu_store_find(store, "ROOT-CA")), i == 2 ? "Root-CA" : "root-ca");
        assert_int_equal(mu_entry_created_ms(mu_store_find(store, "server")), 1700000000123);
        assert_int_equal(mu_entry_created_ms(mu_store_find(store, "root-ca")), i == 2 ? -1 : 1700000000456);
        if (i > 0)
            assert_secret(store, NULL);
        mu_bytes again = encode(store, NULL);
        assert_true(i == 2 || (again.len == bytes.len && memcmp(again.data, bytes.data, again.len) == 0));
        mu_store_free(store);
        mu_bytes_clear(&bytes);
        mu_bytes_clear(&again);
    }
}

static void passwords_of_keys_and_store_may_differ(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    char *algorithm;
    uint8_t *raw;
    size_t len;
    mu_store *store = new_store(MU_STORE_JCEKS);
    ok(mu_entry_set_password(mu_store_find(store, "server"), NULL, "own-key", &err), &err);
    ok(mu_entry_set_password(mu_store_find(store, "token"), NULL, "own-secret", &err), &err);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 3});
    mu_store_free(store);
    store = parse(bytes, PASSWORD);
    mu_entry *entry = mu_store_find(store, "server");
    fails(mu_entry_get1_key(entry, NULL, &key, &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    fails(mu_entry_get1_secret(mu_store_find(store, "token"), NULL, &algorithm, &raw, &len, &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    ok(mu_entry_get1_key(entry, "own-key", &key, &err), &err);
    EVP_PKEY_free(key);
    assert_secret(store, "own-secret");
    fails(mu_entry_set_password(entry, "wrong", "other-key", &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    ok(mu_entry_set_password(entry, "own-key", NULL, &err), &err); /* the store's, which changes with this very write */
    mu_bytes_clear(&bytes);
    bytes = encode(store, &(mu_store_write_options){.password = "changed", .iterations = 3});
    mu_store_free(store);
    parse_fails(bytes, &(mu_store_options){.password = PASSWORD}, MU_E_STORE_WRONG_PASSWORD);
    store = parse(bytes, "changed");
    assert_key(store, "server", fam.leaf_key, fam.leaf, 3);
    assert_secret(store, "own-secret");
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void without_a_password_nothing_is_checked_or_written(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    mu_bytes bytes = make(MU_STORE_JKS), out;
    bytes.data[bytes.len - 1] ^= 1;
    parse_fails(bytes, &(mu_store_options){.password = PASSWORD}, MU_E_STORE_WRONG_PASSWORD);
    mu_store *store = parse(bytes, NULL);
    assert_int_equal(sk_X509_num(mu_entry_get0_chain(mu_store_find(store, "server"))), 3);
    fails(mu_entry_get1_key(mu_store_find(store, "server"), NULL, &key, &err), &err, MU_E_KEY_PASSWORD_DIFFERS);
    fails(mu_store_encode(store, NULL, &out.data, &out.len, &err), &err, MU_E_USAGE);
    fails(mu_store_set_secret(store, "token", "AES", secret, 16, 0, &err), &err, MU_E_STORE_WRONG_TYPE);
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

/* A key with one certificate, and a secret. */
static mu_bytes small(mu_store_type type)
{
    mu_err *err = NULL;
    mu_store *store = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, fam.leaf);
    ok(mu_store_new(NULL, type, &store, &err), &err);
    ok(mu_store_set_key(store, "k", fam.leaf_key, chain, 1, &err), &err);
    if (type == MU_STORE_JCEKS)
        ok(mu_store_set_secret(store, "s", "AES", secret, sizeof secret, 1, &err), &err);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 1});
    sk_X509_free(chain);
    mu_store_free(store);
    return bytes;
}

/* Every cut and every flipped bit: a cause, or something readable; never more. */
static void damage_has_a_cause(void **state)
{
    (void)state;
    static const mu_store_type types[] = {MU_STORE_JKS, MU_STORE_JCEKS};
    for (int i = 0; i < 2; i++) {
        mu_bytes bytes = small(types[i]);
        for (size_t len = 4; len < bytes.len; len++)
            parse_fails((mu_bytes){bytes.data, len}, &(mu_store_options){.password = PASSWORD}, MU_E_STORE_DAMAGED);
        for (size_t at = 4; at < bytes.len; at++) {
            mu_err *err = NULL;
            mu_store *store = NULL;
            bytes.data[at] ^= (uint8_t)(1 << at % 8);
            assert_int_equal(mu_store_parse(NULL, bytes.data, bytes.len, &(mu_store_options){.password = PASSWORD}, &store, &err), -1);
            mu_code code = mu_err_root(err)->code;
            assert_true(code == MU_E_STORE_DAMAGED || code == MU_E_STORE_WRONG_PASSWORD || code == MU_E_ALGORITHM_UNAVAILABLE ||
                        code == MU_E_STORE_LIMIT_EXCEEDED);
            mu_err_free(err);
            err = NULL;
            /* behind the digest: keys are asked for as well */
            if (mu_store_parse(NULL, bytes.data, bytes.len, NULL, &store, NULL) == 0) {
                for (size_t e = 0; e < mu_store_count(store); e++) {
                    EVP_PKEY *key = NULL;
                    char *algorithm = NULL;
                    uint8_t *raw = NULL;
                    size_t len = 0;
                    mu_entry_get1_key(mu_store_entry(store, e), PASSWORD, &key, NULL);
                    if (mu_entry_get1_secret(mu_store_entry(store, e), PASSWORD, &algorithm, &raw, &len, NULL) == 0)
                        free(algorithm);
                    EVP_PKEY_free(key);
                    OPENSSL_clear_free(raw, len);
                }
                mu_store_free(store);
            }
            bytes.data[at] ^= (uint8_t)(1 << at % 8);
        }
        mu_bytes_clear(&bytes);
    }
}

#define HEAD(magic, version, count) magic "\0\0\0" version count
#define JKS "\xfe\xed\xfe\xed"
#define JCEKS "\xce\xce\xce\xce"
#define ENTRY(tag) "\0\0\0" tag "\0\1a\0\0\0\0\0\0\0\0"
#define TWENTY "01234567890123456789"

static void hostile_headers(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        mu_code code;
    } cases[] = {
#define CASE(text, code) {text, sizeof text - 1, code}
        CASE(HEAD(JKS, "\0", "\0\0\0\0") TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\3", "\0\0\0\0") TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\xff\xff\xff\xff") TWENTY, MU_E_STORE_LIMIT_EXCEEDED),
        CASE(HEAD(JKS, "\2", "\x7f\xff\xff\xff") TWENTY, MU_E_STORE_LIMIT_EXCEEDED),
        CASE(HEAD(JKS, "\2", "\0\1\x86\xa0") TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") ENTRY("\0") TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") ENTRY("\3") "\xac\xed" TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JCEKS, "\2", "\0\0\0\1") ENTRY("\4") TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JCEKS, "\2", "\0\0\0\1") ENTRY("\3") "\xac\xed\0\5\x73\x72\0\5java\x2f" TWENTY, MU_E_ALGORITHM_UNAVAILABLE),
        CASE(HEAD(JCEKS, "\2", "\0\0\0\1") ENTRY("\3") "\xac\xed\0\5\x73\x71\0\x7e\0\0" TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") ENTRY("\1") "\xff\xff\xff\xff" TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") ENTRY("\1") "\0\0\0\0\xff\xff\xff\xff" TWENTY, MU_E_STORE_DAMAGED),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") ENTRY("\2") "\0\5X.400\0\0\0\0" TWENTY, MU_E_ALGORITHM_UNAVAILABLE),
        CASE(HEAD(JKS, "\2", "\0\0\0\1") "\0\0\0\2\xff\xff" TWENTY, MU_E_STORE_DAMAGED),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        parse_fails((mu_bytes){(uint8_t *)(uintptr_t)cases[i].data, cases[i].len}, NULL, cases[i].code);
    mu_store_free(parse((mu_bytes){(uint8_t *)(uintptr_t)HEAD(JKS, "\1", "\0\0\0\0") TWENTY "what follows", 44}, NULL));
}

static void iterations_and_entries_are_budgeted(void **state)
{
    (void)state;
    mu_err *err = NULL;
    EVP_PKEY *key = NULL;
    mu_store *store = new_store(MU_STORE_JCEKS);
    mu_bytes bytes = encode(store, &(mu_store_write_options){.password = PASSWORD, .iterations = 300});
    mu_store_free(store);
    parse_fails(bytes, &(mu_store_options){.limits.max_entries = 2}, MU_E_STORE_LIMIT_EXCEEDED);
    parse_fails(bytes, &(mu_store_options){.limits.max_entries = 3}, MU_E_STORE_LIMIT_EXCEEDED); /* the chain counts */
    ok(mu_store_parse(NULL, bytes.data, bytes.len, &(mu_store_options){.password = PASSWORD, .limits.max_kdf_iterations = 500},
                      &store, &err), &err);
    assert_secret(store, NULL);
    assert_secret(store, NULL); /* paid once */
    fails(mu_entry_get1_key(mu_store_find(store, "server"), NULL, &key, &err), &err, MU_E_STORE_LIMIT_EXCEEDED);
    assert_int_equal(mu_entry_get_protection(mu_store_find(store, "server")).iterations, 300);
    assert_string_equal(mu_entry_get_protection(mu_store_find(store, "token")).algorithm, "PBEWithMD5AndTripleDES");
    mu_store_free(store);
    mu_bytes_clear(&bytes);
}

static void aliases_keep_what_the_file_says(void **state)
{
    (void)state;
    /* "Ab", NUL and U+1F511 in modified UTF-8; then "AB" beside "ab", as CaseExactJKS allows */
    static const char odd[] = "\0\0\0\1\0\x0a" "Ab\xc0\x80\xed\xa0\xbd\xed\xb4\x91\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0";
    mu_buf file;
    mu_buf_init(&file, 1000);
    mu_buf_add(&file, HEAD(JKS, "\2", "\0\0\0\3"), 12);
    mu_buf_add(&file, odd, sizeof odd - 1);
    mu_buf_add(&file, "\0\0\0\1\0\2AB\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    mu_buf_add(&file, "\0\0\0\1\0\2ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    mu_buf_add(&file, TWENTY, 20);
    mu_store *store = parse((mu_bytes){file.data, file.len}, NULL);
    assert_int_equal(mu_store_count(store), 3);
    assert_string_equal(mu_entry_alias(mu_store_entry(store, 0)), "Ab\xef\xbf\xbd\xf0\x9f\x94\x91");
    assert_string_equal(mu_entry_alias(mu_store_entry(store, 1)), "AB");
    assert_ptr_equal(mu_store_find(store, "aB"), mu_store_entry(store, 1));
    assert_ptr_equal(mu_store_find(store, "ab"), mu_store_entry(store, 2));
    mu_bytes out = encode(store, &(mu_store_write_options){.password = PASSWORD});
    assert_int_equal(out.len, file.len + 1); /* the NUL has become U+FFFD */
    mu_store_free(store);
    mu_bytes_clear(&out);
    mu_buf_free(&file);
}

static void many_entries_are_found_and_deleted(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_store *store = NULL;
    char name[32];
    ok(mu_store_new(NULL, MU_STORE_JKS, &store, &err), &err);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "ca-%d", i);
        ok(mu_store_set_trusted(store, name, fam.root, i, &err), &err);
    }
    for (int i = 0; i < 1000; i += 2) {
        snprintf(name, sizeof name, "CA-%d", i);
        ok(mu_store_delete(store, name, &err), &err);
        assert_null(mu_store_find(store, name));
    }
    ok(mu_entry_rename(mu_store_find(store, "ca-1"), "Other", 1, &err), &err);
    assert_null(mu_store_find(store, "ca-1"));
    assert_int_equal(mu_entry_created_ms(mu_store_find(store, "other")), 1);
    for (int i = 3; i < 1000; i += 2) {
        snprintf(name, sizeof name, "CA-%d", i);
        assert_int_equal(mu_entry_created_ms(mu_store_find(store, name)), i);
    }
    mu_store_free(store);
}

static void other_known_formats_are_named(void **state)
{
    (void)state;
    static const char header[] = "\0\0\0\2\0\0\0\x14" TWENTY "\0\0\4\0";
    static const uint8_t bcfks[] = {0x30, 0x82, 1, 0, 0x30, 0x81, 200, 0x30, 30, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                    0xf7, 0x0d, 0x01, 0x05, 0x0d, 0x30, 0x10};
    const struct {
        const char *name, *tail;
        size_t tail_len;
    } cases[] = {{"BKS", "\1\0\3abc\0\0\1\x8b\0\0\0\0\0\0\0\0", 18}, {"BKS", "\0" TWENTY, 21}, {"UBER", "\x9a" TWENTY, 21}};
    for (size_t i = 0; i < 4; i++) {
        mu_buf file;
        mu_err *err = NULL;
        mu_store *store = NULL;
        const char *name = i < 3 ? cases[i].name : "BCFKS";
        mu_buf_init(&file, 1000);
        mu_buf_add(&file, i < 3 ? header : (const char *)bcfks, i < 3 ? sizeof header - 1 : sizeof bcfks);
        if (i < 3)
            mu_buf_add(&file, cases[i].tail, cases[i].tail_len);
        assert_int_equal(mu_store_detect(file.data, file.len), MU_STORE_AUTO);
        assert_int_equal(mu_store_parse(NULL, file.data, file.len, NULL, &store, &err), -1);
        assert_int_equal(mu_err_root(err)->code, MU_E_STORE_WRONG_TYPE);
        assert_non_null(strstr(mu_err_root(err)->msg, name));
        mu_err_free(err);
        mu_buf_free(&file);
    }
}

/* What the JDK seals keys of DES, DESede and passwords as. */
static void key_rep_is_read(void **state)
{
    (void)state;
    static const char rep[] = "\xac\xed\0\5sr\0\x14java.security.KeyRep\xbd\xf9\x4f\xb3\x88\x9a\xa5\x43\2\0\4L\0\x09"
                              "algorithmt\0\x12Ljava/lang/String;[\0\7encodedt\0\2[BL\0\6formatq\0\x7e\0\1L\0\4typet\0\x1b"
                              "Ljava/security/KeyRep$Type;xpt\0\3DESur\0\2[B\xac\xf3\x17\xf8\6\x08\x54\xe0\2\0\0xp\0\0\0\2hit\0\3"
                              "RAW~r\0\x19java.security.KeyRep$Type\0\0\0\0\0\0\0\0\x12\0\0xr\0\x0ejava.lang.Enum"
                              "\0\0\0\0\0\0\0\0\x12\0\0xpt\0\6SECRET";
    uint8_t copy[sizeof rep];
    mu_java_secret found;
    mu_err *err = NULL;
    mu_java_in in = {.data = (const uint8_t *)rep, .len = sizeof rep - 1};
    ok(mu_java_secret_read(&in, &found, &err), &err);
    assert_int_equal(in.pos, in.len);
    assert_memory_equal(found.algorithm.data, "DES", 3);
    assert_memory_equal(found.key.data, "hi", 2);
    for (size_t at = 0; at < sizeof rep - 1; at++) { /* a changed byte is refused, or is one of the algorithm or the key */
        memcpy(copy, rep, sizeof rep);
        copy[at] ^= 0x15;
        in = (mu_java_in){.data = copy, .len = sizeof rep - 1};
        bool free_text = (found.algorithm.data <= (const uint8_t *)rep + at && (const uint8_t *)rep + at < found.algorithm.data + 3) ||
                         (found.key.data <= (const uint8_t *)rep + at && (const uint8_t *)rep + at < found.key.data + 2);
        assert_int_equal(mu_java_secret_read(&in, &(mu_java_secret){{0}}, &err), free_text ? 0 : -1);
        mu_err_free(err);
        err = NULL;
        in = (mu_java_in){.data = (const uint8_t *)rep, .len = at};
        fails(mu_java_secret_read(&in, &(mu_java_secret){{0}}, &err), &err, MU_E_STORE_DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_keeps_everything),
        cmocka_unit_test(passwords_of_keys_and_store_may_differ),
        cmocka_unit_test(without_a_password_nothing_is_checked_or_written),
        cmocka_unit_test(damage_has_a_cause),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(iterations_and_entries_are_budgeted),
        cmocka_unit_test(aliases_keep_what_the_file_says),
        cmocka_unit_test(many_entries_are_found_and_deleted),
        cmocka_unit_test(other_known_formats_are_named),
        cmocka_unit_test(key_rep_is_read),
    };
    return cmocka_run_group_tests_name("jks", tests, family_make, family_free);
}

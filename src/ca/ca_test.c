#include "base/text.h"
#include "ca/ca_internal.h"
#include "pki/testing.h"

#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static int set_up(void **state)
{
    char template[] = "/tmp/mu-ca-test.XXXXXX";
    (void)state;
    folder = strdup(mkdtemp(template));
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"ca/ledger.db", "ca/root.crt", "ca/root.key", "ca/mid.crt",
                                        "ca/mid.key",   "ledger.db",   "ledger.db.lock", "ca/ledger.db.lock", "ca"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = mu_asprintf("%s/%s", folder, files[i]);
        if (unlink(path) != 0)
            rmdir(path);
        free(path);
    }
    rmdir(folder);
    free(folder);
    return 0;
}

static int keep_state(void *arg, const mu_ledger_row *row)
{
    snprintf(arg, 64, "%s %s %s", row->state, row->issuer, row->der ? "der" : "none");
    return 0;
}

static void assert_state(mu_ledger *ledger, const char *which, const char *expected)
{
    char found[64] = "";
    assert_ok(mu_ledger_each(ledger, which, keep_state, found, &err));
    assert_string_equal(found, expected);
}

static void a_row_is_reserved_once_and_confirmed_once(void **state)
{
    EVP_PKEY *key = test_key("EC");
    X509 *cert = test_cert(MU_PROFILE_ROOT, "CN=a", NULL, key, NULL, NULL, 10);
    X509 *stranger = test_cert(MU_PROFILE_ROOT, "CN=a", NULL, key, NULL, NULL, 10);
    char *path = mu_asprintf("%s/ledger.db", folder), *serial = mu_cert_serial(cert);
    mu_ledger *ledger = NULL, *second = NULL;
    mu_ledger_row row = {.issuer = "root", .serial = serial, .profile = "root", .subject = "CN=a", .names = "", .alias = "x",
                         .der = (const uint8_t *)"tbs", .der_len = 3};
    (void)state;
    assert_code(MU_E_STORE_NOT_FOUND, mu_ledger_open(path, &ledger, &err));
    assert_ok(mu_ledger_create(path, &ledger, &err));
    assert_code(MU_E_USAGE, mu_ledger_create(path, &second, &err));
    assert_ok(mu_ledger_open(path, &second, &err));
    assert_ok(mu_ledger_reserve(ledger, &row, &err));
    assert_state(second, "x", "reserved root none"); /* committed: another connection sees it */
    assert_code(MU_E_INTERNAL, mu_ledger_reserve(second, &row, &err));
    assert_code(MU_E_INTERNAL, mu_ledger_confirm(second, "root", cert, TEST_NOW_S, NULL, &err)); /* not its own */
    assert_code(MU_E_INTERNAL, mu_ledger_confirm(ledger, "other", cert, TEST_NOW_S, NULL, &err));
    assert_code(MU_E_INTERNAL, mu_ledger_confirm(ledger, "root", stranger, TEST_NOW_S, NULL, &err));
    assert_ok(mu_ledger_confirm(ledger, "root", cert, TEST_NOW_S, NULL, &err));
    assert_state(second, serial, "issued root der");
    assert_code(MU_E_INTERNAL, mu_ledger_confirm(ledger, "root", cert, TEST_NOW_S, NULL, &err));
    row.issuer = "other"; /* serials are the issuer's own */
    assert_ok(mu_ledger_reserve(second, &row, &err));
    mu_ledger_close(ledger);
    mu_ledger_close(second);
    free(path);
    free(serial);
    X509_free(cert);
    X509_free(stranger);
    EVP_PKEY_free(key);
}

static void what_the_dead_left_is_abandoned(void **state)
{
    char *path = mu_asprintf("%s/ledger.db", folder);
    mu_ledger *dead = NULL, *alive = NULL, *next = NULL;
    mu_ledger_row row = {.issuer = "root", .serial = "1", .profile = "server", .subject = "CN=a", .names = "", .alias = "dead",
                         .der = (const uint8_t *)"tbs", .der_len = 3};
    (void)state;
    assert_ok(mu_ledger_create(path, &dead, &err));
    assert_ok(mu_ledger_open(path, &alive, &err));
    assert_ok(mu_ledger_reserve(dead, &row, &err));
    row.serial = "2";
    row.alias = "alive";
    assert_ok(mu_ledger_reserve(alive, &row, &err));
    assert_ok(mu_ledger_open(path, &next, &err));
    assert_state(next, "dead", "reserved root none"); /* its owner is still there */
    mu_ledger_close(next);
    mu_ledger_close(dead);
    assert_ok(mu_ledger_open(path, &next, &err));
    assert_state(next, "dead", "abandoned root none");
    assert_state(next, "alive", "reserved root none");
    row.serial = "1"; /* never again */
    assert_code(MU_E_INTERNAL, mu_ledger_reserve(next, &row, &err));
    mu_ledger_close(next);
    mu_ledger_close(alive);
    free(path);
}

static void a_crl_number_is_drawn_once(void **state)
{
    char *path = mu_asprintf("%s/ledger.db", folder);
    mu_ledger *ledger = NULL;
    mu_ledger_row row = {.issuer = "root", .serial = "1", .profile = "root", .subject = "CN=a", .names = "",
                         .der = (const uint8_t *)"der", .der_len = 3};
    int64_t number, last_s;
    (void)state;
    assert_ok(mu_ledger_create(path, &ledger, &err));
    assert_code(MU_E_INTERNAL, mu_ledger_add_authority(ledger, "root", "root", "1", false, &err));
    assert_ok(mu_ledger_add(ledger, &row, &err));
    assert_ok(mu_ledger_add_authority(ledger, "root", "root", "1", false, &err));
    assert_ok(mu_ledger_next_crl(ledger, "root", 100, &number, &last_s, &err));
    assert_true(number == 1 && last_s == 0);
    assert_ok(mu_ledger_next_crl(ledger, "root", 200, &number, &last_s, &err));
    assert_true(number == 2 && last_s == 100);
    assert_ok(mu_ledger_raise_crl_number(ledger, "root", 9, &err));
    assert_ok(mu_ledger_raise_crl_number(ledger, "root", 5, &err));
    assert_ok(mu_ledger_next_crl(ledger, "root", 300, &number, &last_s, &err));
    assert_int_equal(number, 10);
    mu_ledger_close(ledger);
    free(path);
}

static mu_ca *new_ca(const char *dir)
{
    X509_NAME *name = test_name("CN=Root");
    mu_ca_authority_options options = {"root", name, {MU_KEY_EC, 256}, 100, NULL, TEST_NOW_S};
    mu_ca *ca = NULL;
    assert_ok(mu_ca_init(NULL, dir, &options, &ca, &err));
    X509_NAME_free(name);
    return ca;
}

static void a_ca_issues_and_remembers(void **state)
{
    char *dir = mu_asprintf("%s/ca", folder);
    mu_ca *ca = new_ca(dir);
    X509_NAME *name = test_name("CN=leaf"), *mid_name = test_name("CN=Mid");
    EVP_PKEY *key = test_key("EC");
    mu_ca_request request = {.profile = MU_PROFILE_CLIENT, .subject = name, .public_key = key, .now_s = TEST_NOW_S, .days = 500};
    mu_ca_authority_options mid = {"mid", mid_name, {MU_KEY_EC, 256}, 50, NULL, TEST_NOW_S};
    X509 *cert = NULL;
    STACK_OF(X509) *chain = NULL;
    bool locked = true;
    (void)state;

    assert_ok(mu_ca_add_intermediate(ca, &mid, true, &err));
    mu_ca_close(ca);
    assert_ok(mu_ca_open(NULL, dir, &ca, &err)); /* everything comes from the folder */
    assert_ok(mu_ca_choose_issuer(ca, NULL, MU_PROFILE_CLIENT, TEST_NOW_S, &request.issuer, &err));
    assert_string_equal(request.issuer, "mid");
    assert_code(MU_E_PEM_KEY_ENCRYPTED, mu_ca_issue(ca, &request, &cert, &err));
    assert_ok(mu_ca_is_locked(ca, "mid", &locked, &err));
    assert_false(locked); /* it has no passphrase; reading it is enough */
    assert_ok(mu_ca_unlock(ca, "mid", NULL, &err));
    assert_ok(mu_ca_issue(ca, &request, &cert, &err));
    assert_int_equal(mu_cert_not_before_s(cert), TEST_NOW_S - MU_CA_BACKDATE_S);
    assert_int_equal(mu_cert_not_after_s(cert), mu_cert_not_after_s(mu_ca_find(ca, "mid")));
    assert_ok(mu_ca_chain(ca, cert, &chain, &err));
    assert_int_equal(sk_X509_num(chain), 3);
    assert_ptr_equal(sk_X509_value(chain, 2), mu_ca_root(ca));
    sk_X509_pop_free(chain, X509_free);
    chain = NULL;
    assert_true(X509_set_issuer_name(cert, X509_get_subject_name(cert))); /* no authority's: never half a chain */
    assert_code(MU_E_INTERNAL, mu_ca_chain(ca, cert, &chain, &err));
    assert_null(chain);
    X509_free(cert);
    cert = NULL;

    /* Long after: the intermediate has expired, so the root is chosen; asked for by name it is refused. */
    request.now_s += 60 * TEST_DAY_S;
    assert_code(MU_E_CERT_EXPIRED, mu_ca_issue(ca, &request, &cert, &err));
    assert_ok(mu_ca_choose_issuer(ca, NULL, MU_PROFILE_CLIENT, request.now_s, &request.issuer, &err));
    assert_string_equal(request.issuer, "root");

    /* A certificate that has expired on purpose. */
    assert_ok(mu_ca_unlock(ca, "root", NULL, &err));
    request.not_before_s = TEST_NOW_S;
    request.not_after_s = TEST_NOW_S + 60;
    assert_ok(mu_ca_issue(ca, &request, &cert, &err));
    assert_int_equal(mu_cert_not_after_s(cert), TEST_NOW_S + 60);
    X509_free(cert);
    mu_ca_close(ca);
    X509_NAME_free(name);
    X509_NAME_free(mid_name);
    EVP_PKEY_free(key);
    free(dir);
}

/* A key without its private half cannot sign: by then the serial number is taken, and for good. */
static void a_serial_is_reserved_before_anything_is_signed(void **state)
{
    char *dir = mu_asprintf("%s/ca", folder);
    mu_ca *ca = new_ca(dir);
    X509_NAME *name = test_name("CN=leaf");
    EVP_PKEY *key = test_key("EC");
    mu_ca_request request = {.issuer = "root", .alias = "leaf", .now_s = TEST_NOW_S};
    mu_cert_spec spec = {.profile = MU_PROFILE_CLIENT, .subject = name, .public_key = key, .issuer = mu_ca_root(ca),
                         .issuer_key = X509_get0_pubkey(mu_ca_root(ca)), .not_before_s = TEST_NOW_S,
                         .not_after_s = TEST_NOW_S + TEST_DAY_S, .pathlen = -1};
    X509 *cert = NULL;
    (void)state;

    assert_code(MU_E_ALGORITHM_UNAVAILABLE, mu_ca_certify(ca, &request, spec.issuer_key, &spec, NULL, &cert, &err));
    assert_null(cert);
    assert_state(ca->ledger, "leaf", "reserved root none");
    request.alias = "faulty";
    spec.issuer_key = test_faulty_key(X509_get0_pubkey(spec.issuer));
    assert_code(MU_E_INTERNAL, mu_ca_certify(ca, &request, spec.issuer_key, &spec, NULL, &cert, &err));
    assert_null(cert);
    assert_state(ca->ledger, "faulty", "reserved root none");
    EVP_PKEY_free(spec.issuer_key);
    int64_t begins_s = mu_cert_not_before_s(spec.issuer);
    assert_int_equal(mu_ca_start_s(spec.issuer, begins_s), begins_s);
    mu_ca_close(ca);
    X509_NAME_free(name);
    EVP_PKEY_free(key);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_is_reserved_once_and_confirmed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_dead_left_is_abandoned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crl_number_is_drawn_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ca_issues_and_remembers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_serial_is_reserved_before_anything_is_signed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

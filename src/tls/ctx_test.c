/* What two contexts agree on or not, contexts that cannot work, and clones in another library context. */
#include "tls/test_cast.h"

#include "base/ossl.h"

typedef struct mismatch {
    const char *what;
    mu_tls_settings client, server;
    mu_side by;
    mu_code code;
    int alert;
} mismatch;

static void parameters_must_meet(void **state)
{
    static const mismatch rows[] = {
        {"versions, old client", {.max_version = TLS1_2_VERSION}, {.min_version = TLS1_3_VERSION}, MU_SIDE_SERVER,
         MU_E_PROTOCOL_VERSION_MISMATCH, 70},
        {"versions, old server", {.min_version = TLS1_3_VERSION}, {.max_version = TLS1_2_VERSION}, MU_SIDE_SERVER,
         MU_E_PROTOCOL_VERSION_MISMATCH, 70},
        {"suites 1.3", {.ciphers = "TLS_AES_128_GCM_SHA256"}, {.ciphers = "TLS_AES_256_GCM_SHA384"}, MU_SIDE_SERVER,
         MU_E_CIPHER_MISMATCH, 40},
        {"suites 1.2", {.ciphers = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
         {.ciphers = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}, MU_SIDE_SERVER, MU_E_CIPHER_MISMATCH, 40},
        {"suites of another type of key", {.ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
         {.ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, MU_SIDE_SERVER, MU_E_CIPHER_KEYTYPE_MISMATCH, 40},
        {"groups 1.3", {.groups = "secp384r1", .min_version = TLS1_3_VERSION}, {.groups = "x25519"}, MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH, 40},
        {"groups 1.2", {.groups = "secp384r1", .max_version = TLS1_2_VERSION}, {.groups = "x25519"}, MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH, 40},
        {"curve of the certificate", {.groups = "secp384r1", .max_version = TLS1_2_VERSION}, {0}, MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH, 40},
        {"signatures 1.3", {.sigalgs = "rsa_pss_rsae_sha256", .min_version = TLS1_3_VERSION}, {0}, MU_SIDE_SERVER,
         MU_E_SIGALG_MISMATCH, 40},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        duo d;
        print_message("  %s\n", rows[i].what);
        open_duo(&d, &healthy, rows[i].client, rows[i].server);
        assert_refused(&d, &(refusal){rows[i].by, rows[i].code, -1, rows[i].alert, rows[i].alert}, TLS1_2_VERSION);
        duo_free(&d);
    }
}

static void settings_are_obeyed(void **state)
{
    static const mu_tls_settings wrong[] = {
        {.ciphers = "TLS_NO_SUCH_SUITE"},
        {.groups = "secp257r1"},
        {.sigalgs = "rsa_md5"},
        {.min_version = TLS1_VERSION},
        {.min_version = TLS1_3_VERSION, .max_version = TLS1_2_VERSION},
        {.min_version = TLS1_3_VERSION, .ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    };
    mu_tls_settings chosen = {.ciphers = "TLS_CHACHA20_POLY1305_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                              .groups = "secp384r1:secp256r1",
                              .sigalgs = "ecdsa_secp256r1_sha256"};
    mu_tls_ctx *ctx = NULL;
    duo d;
    (void)state;
    open_duo(&d, &healthy, chosen, chosen);
    assert_accepted(&d, TLS1_3_VERSION, true);
    assert_string_equal(mu_tls_conn_verdict(d.client)->cipher, "TLS_CHACHA20_POLY1305_SHA256");
    assert_string_equal(mu_tls_conn_verdict(d.server)->group, "secp384r1");
    duo_free(&d);
    chosen.max_version = TLS1_2_VERSION;
    open_duo(&d, &healthy, chosen, chosen);
    assert_accepted(&d, TLS1_2_VERSION, true);
    assert_string_equal(mu_tls_conn_verdict(d.client)->cipher, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    duo_free(&d);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_code(MU_E_CONFIG_INVALID,
                    mu_tls_ctx_new(NULL, MU_SIDE_CLIENT, NULL, trusts[MU_SIDE_CLIENT][ROOT], &wrong[i], &ctx, &err));
}

static void contexts_that_cannot_work(void **state)
{
    mu_tls_settings want = {.client_auth = MU_CLIENT_AUTH_WANT}, need = {.client_auth = MU_CLIENT_AUTH_NEED};
    mu_identity *server = identities[MU_SIDE_SERVER][GOOD];
    mu_tls_ctx *ctx = NULL;
    (void)state;
    assert_code(MU_E_TRUSTSTORE_EMPTY,
                mu_tls_ctx_new(NULL, MU_SIDE_SERVER, server, trusts[MU_SIDE_SERVER][NO_ONE], &want, &ctx, &err));
    assert_code(MU_E_TRUSTSTORE_EMPTY, mu_tls_ctx_new(NULL, MU_SIDE_SERVER, server, NULL, &need, &ctx, &err));
    assert_code(MU_E_TRUSTSTORE_EMPTY, mu_tls_ctx_new(NULL, MU_SIDE_CLIENT, NULL, NULL, NULL, &ctx, &err));
    assert_code(MU_E_KEYSTORE_NO_PRIVATE_KEY,
                mu_tls_ctx_new(NULL, MU_SIDE_SERVER, NULL, trusts[MU_SIDE_SERVER][ROOT], &need, &ctx, &err));
}

static void clones_work_in_another_context(void **state)
{
    OSSL_LIB_CTX *libctx = NULL;
    mu_identity *identity = NULL;
    mu_trust *trust = NULL;
    mu_tls_settings need = {.client_auth = MU_CLIENT_AUTH_NEED};
    duo d;
    (void)state;
    assert_ok(mu_ossl_ctx_new(&libctx, &err));
    assert_ok(mu_identity_clone(identities[MU_SIDE_SERVER][GOOD], libctx, &identity, &err));
    assert_ok(mu_trust_clone(trusts[MU_SIDE_SERVER][ROOT], libctx, &trust, &err));
    assert_int_equal(mu_trust_count(trust), 1);
    open_version(&d, &healthy, TLS1_3_VERSION);
    duo_disconnect(&d);
    mu_tls_ctx_free(d.server_ctx);
    assert_ok(mu_tls_ctx_new(libctx, MU_SIDE_SERVER, identity, trust, &need, &d.server_ctx, &err));
    mu_identity_free(identity);
    mu_trust_free(trust);
    duo_connect(&d, "server.test", TEST_NOW_S);
    duo_run(&d);
    assert_accepted(&d, TLS1_3_VERSION, true);
    duo_free(&d);
    OSSL_LIB_CTX_free(libctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_must_meet),
        cmocka_unit_test(settings_are_obeyed),
        cmocka_unit_test(contexts_that_cannot_work),
        cmocka_unit_test(clones_work_in_another_context),
    };
    return cmocka_run_group_tests(tests, cast_set_up, cast_tear_down);
}

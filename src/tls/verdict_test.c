/* The guide's troubleshooting table and more, in memory, under TLS 1.2 and 1.3: who refuses, why, with which alert, and what the
 * other side can know. */
#include "tls/test_cast.h"

static void accepts_both_sides(void **state)
{
    (void)state;
    check_accepted(&healthy, true);
}

static void refuses_by_table(void **state)
{
    static const struct {
        const char *row;
        setup setup;
        refusal refusal;
    } rows[] = {
        {"no client identity", {NOBODY, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CERT_NOT_SENT, -1, 40, 116}},
        {"server CA missing at the client", {GOOD, GOOD, OTHER_ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CA_NOT_TRUSTED, 0, 48, 48}},
        {"nobody trusted at the client", {GOOD, GOOD, NO_ONE, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CA_NOT_TRUSTED, 0, 48, 48}},
        {"client CA missing at the server", {GOOD, GOOD, ROOT, OTHER_ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"client for servers only", {WRONG_EKU, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_EKU_MISSING_CLIENTAUTH, 0, 43, 43}},
        {"server for clients only", {GOOD, WRONG_EKU, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_EKU_MISSING_SERVERAUTH, 0, 43, 43}},
        {"wrong host name", {GOOD, GOOD, ROOT, ROOT, "other.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_HOSTNAME_MISMATCH, 0, 42, 42}},
        {"wrong address", {GOOD, GOOD, ROOT, ROOT, "127.0.0.2", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_IP_SAN_MISSING, 0, 42, 42}},
        {"expired server", {GOOD, EXPIRED, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CERT_EXPIRED, 0, 45, 45}},
        {"expired client", {EXPIRED, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_EXPIRED, 0, 45, 45}},
        {"server of tomorrow", {GOOD, NOT_YET, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CERT_NOT_YET_VALID, 0, 42, 42}},
        {"client of tomorrow", {NOT_YET, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_NOT_YET_VALID, 0, 42, 42}},
        {"self-signed server", {GOOD, SELF_SIGNED, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_SELF_SIGNED, 0, 48, 48}},
        {"missing intermediate", {LEAF_ONLY, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"untrusted under want", {OTHER_CA, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_WANT},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"revoked client", {SECOND, GOOD, ROOT, WITH_CRL, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_REVOKED, 0, 44, 44}},
        {"revoked server", {GOOD, SECOND, WITH_CRL, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CERT_REVOKED, 0, 44, 44}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].row);
        check_refusal(&rows[i].setup, &rows[i].refusal);
    }
}

static void pins_admit_one_certificate(void **state)
{
    setup pinned = healthy;
    (void)state;
    pinned.server_trusts = PIN;
    pinned.client_trusts = PIN;
    check_accepted(&pinned, true);
    pinned.client = SECOND;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, &pinned, version);
        assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.server)->code), "pin-mismatch");
        assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.client)->code), "peer-refused");
        assert_true(has_candidate(mu_tls_conn_verdict(d.client), MU_E_PIN_MISMATCH));
        duo_free(&d);
    }
}

static void client_auth_modes(void **state)
{
    setup s = healthy;
    (void)state;
    s.auth = MU_CLIENT_AUTH_WANT;
    check_accepted(&s, true);
    s.client = NOBODY;
    check_accepted(&s, false);
    s.auth = MU_CLIENT_AUTH_NONE;
    check_accepted(&s, false);
    s.client = GOOD;
    check_accepted(&s, false);
}

static void intermediate_as_only_anchor(void **state)
{
    setup s = healthy;
    (void)state;
    s.client = VIA_INTERMEDIATE;
    check_accepted(&s, true);
    s.server_trusts = INTERMEDIATE;
    check_accepted(&s, true);
    s.client = LEAF_ONLY;
    check_accepted(&s, true);
}

static void names_and_addresses(void **state)
{
    static const char *const hits[] = {"server.test", "SERVER.test", "server.test.", "a.wild.test",
                                       "127.0.0.1",   "::1",         "[::1]",        "::1%lo"};
    static const char *const misses[] = {"wild.test", "a.b.wild.test", "127.0.0.2", "::2", "server.test.example"};
    setup s = healthy;
    duo d;
    (void)state;
    for (size_t i = 0; i < sizeof hits / sizeof *hits; i++) {
        s.host = hits[i];
        open_version(&d, &s, TLS1_3_VERSION);
        assert_accepted(&d, TLS1_3_VERSION, true);
        duo_free(&d);
    }
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++) {
        s.host = misses[i];
        open_version(&d, &s, TLS1_3_VERSION);
        assert_int_equal(mu_tls_conn_verdict(d.client)->x509_error == X509_V_OK, false);
        assert_int_equal(mu_tls_conn_verdict(d.client)->alert, 42);
        duo_free(&d);
    }
    open_version(&d, &healthy, TLS1_3_VERSION);
    mu_tls_io io = {wire_read, wire_write, &d.client_side};
    mu_tls_conn *conn = NULL;
    static const char *const bad[] = {"",
                                      "a..b",
                                      "-\n",
                                      ("b\xc3\xbc"
                                       "cher.test"),
                                      "a b",
                                      "a\"b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(MU_E_USAGE, mu_tls_conn_new(d.client_ctx, &io, bad[i], TEST_NOW_S, &conn, &err));
    duo_free(&d);
}

static void client_knows_what_became_of_its_identity(void **state)
{
    static const struct {
        enum who client;
        enum whom server_trusts;
        mu_client_auth auth;
        const char *note;
    } rows[] = {
        {GOOD, ROOT, MU_CLIENT_AUTH_NEED, "the server asked for a certificate and was sent client.p12"},
        {NOBODY, ROOT, MU_CLIENT_AUTH_NEED, "no identity is configured"},
        {GOOD, ROOT, MU_CLIENT_AUTH_NONE, "the server did not ask for a certificate, client.p12 was not used"},
        {GOOD, OTHER_ROOT, MU_CLIENT_AUTH_NEED, "its issuer is not among the names that the server accepts"},
        {EXPIRED, ROOT, MU_CLIENT_AUTH_NEED, "it expired on 2027-01-14T08:00:00Z"},
        {WRONG_EKU, ROOT, MU_CLIENT_AUTH_NEED, "its extendedKeyUsage lacks clientAuth"},
    };
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            duo d;
            setup s = {rows[i].client, GOOD, ROOT, rows[i].server_trusts, "server.test", rows[i].auth};
            open_version(&d, &s, version);
            const mu_verdict *v = mu_tls_conn_verdict(d.client);
            if (!v->identity_note || !strstr(v->identity_note, rows[i].note))
                fail_msg("row %zu: %s", i, v->identity_note ? v->identity_note : "no note");
            assert_int_equal(v->cert_requested, rows[i].auth != MU_CLIENT_AUTH_NONE);
            duo_free(&d);
        }
    /* What the server cannot verify is not sent at all. */
    setup s = healthy;
    s.client = WITH_RSA;
    check_accepted(&s, true);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        mu_tls_settings client = {.max_version = version}, server = {.sigalgs = "ecdsa_secp256r1_sha256"};
        open_duo(&d, &s, client, server);
        assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.server)->code), "client-cert-not-sent");
        assert_false(mu_tls_conn_verdict(d.client)->identity_sent);
        assert_non_null(
            strstr(mu_tls_conn_verdict(d.client)->identity_note, "was not sent client.p12; the server accepts no signature"));
        duo_free(&d);
    }
}

static void alerts_have_names(void **state)
{
    (void)state;
    assert_string_equal(mu_alert_name(116), "certificate_required");
    assert_int_equal(mu_alert_from_name("Unknown_CA"), 48);
    assert_int_equal(mu_alert_from_name("nothing"), -1);
    assert_string_equal(mu_alert_name(200), "unknown");
}

static char *jsse_of(const setup *s, mu_side side, int version)
{
    duo d;
    open_version(&d, s, version);
    char *text = mu_verdict_jsse_text(mu_tls_conn_verdict(side == MU_SIDE_CLIENT ? d.client : d.server));
    duo_free(&d);
    return text;
}

static void jsse_words(void **state)
{
    static const struct {
        enum who client, server;
        enum whom client_trusts;
        const char *host, *text;
    } rows[] = {
        {NOBODY, GOOD, ROOT, "server.test",
         "SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required"},
        {GOOD, GOOD, NO_ONE, "server.test",
         "SSLHandshakeException: (certificate_unknown) PKIX path building failed: "
         "sun.security.provider.certpath.SunCertPathBuilderException: "
         "unable to find valid certification path to requested target"},
        {GOOD, EXPIRED, ROOT, "server.test",
         "SSLHandshakeException: (certificate_expired) PKIX path validation failed: "
         "java.security.cert.CertPathValidatorException: validity check failed"},
        {GOOD, WRONG_EKU, ROOT, "server.test",
         "SSLHandshakeException: (certificate_unknown) Extended key usage does not permit use for TLS server authentication"},
        {GOOD, GOOD, ROOT, "other.test",
         "SSLHandshakeException: (certificate_unknown) No subject alternative DNS name matching other.test found."},
        {GOOD, GOOD, ROOT, "127.0.0.2",
         "SSLHandshakeException: (certificate_unknown) No subject alternative names matching IP address 127.0.0.2 found"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setup s = {rows[i].client, rows[i].server, rows[i].client_trusts, ROOT, rows[i].host, MU_CLIENT_AUTH_NEED};
        char *text = jsse_of(&s, MU_SIDE_CLIENT, TLS1_3_VERSION);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_both_sides),
        cmocka_unit_test(refuses_by_table),
        cmocka_unit_test(pins_admit_one_certificate),
        cmocka_unit_test(client_auth_modes),
        cmocka_unit_test(intermediate_as_only_anchor),
        cmocka_unit_test(names_and_addresses),
        cmocka_unit_test(client_knows_what_became_of_its_identity),
        cmocka_unit_test(alerts_have_names),
        cmocka_unit_test(jsse_words),
    };
    return cmocka_run_group_tests(tests, cast_set_up, cast_tear_down);
}

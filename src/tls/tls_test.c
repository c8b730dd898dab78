/* The guide's troubleshooting table and more, in memory, under TLS 1.2 and 1.3: who refuses, why, with which alert, and what the
 * other side can know. */
#include "tls/testing.h"

#include "base/ossl.h"
#include "tls/tls_internal.h"

enum who {
    NOBODY,
    GOOD,
    EXPIRED,
    NOT_YET,
    WRONG_EKU,
    OTHER_CA,
    SELF_SIGNED,
    SECOND,
    VIA_INTERMEDIATE,
    LEAF_ONLY,
    WITH_RSA,
    WHO_COUNT
};
enum whom { ROOT, OTHER_ROOT, PIN, INTERMEDIATE, NO_ONE, WITH_CRL, WHOM_COUNT };

static mu_identity *identities[2][WHO_COUNT];
static mu_trust *trusts[2][WHOM_COUNT];

static const char server_san[] = "dns:server.test,dns:*.wild.test,ip:127.0.0.1,ip:::1";

static STACK_OF(X509) * made_certs;

static X509 *make(mu_profile profile, const char *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int from_day,
                  int to_day)
{
    X509_NAME *name = test_name(subject);
    GENERAL_NAMES *names = profile == MU_PROFILE_ROOT || profile == MU_PROFILE_CLIENT_INTERMEDIATE ? NULL : test_san(server_san);
    X509 *cert = NULL;
    mu_cert_spec spec = {.profile = profile,
                         .subject = name,
                         .public_key = key,
                         .names = names,
                         .issuer = issuer,
                         .issuer_key = issuer_key,
                         .not_before_s = TEST_NOW_S + from_day * TEST_DAY_S,
                         .not_after_s = TEST_NOW_S + to_day * TEST_DAY_S,
                         .pathlen = -1};
    assert_ok(mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_ok(mu_cert_sign(NULL, cert, issuer_key, &err));
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
    if (!made_certs)
        made_certs = sk_X509_new_null();
    sk_X509_push(made_certs, cert);
    return cert;
}

static mu_identity *identity_of(EVP_PKEY *key, X509 *leaf, X509 *intermediate, const char *source)
{
    mu_identity *identity = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, leaf);
    if (intermediate)
        sk_X509_push(chain, intermediate);
    assert_ok(mu_identity_new(key, chain, source, &identity, &err));
    sk_X509_free(chain);
    return identity;
}

static mu_trust *trust_of(X509 *cert, const char *source)
{
    mu_trust *trust = NULL;
    assert_ok(mu_trust_new(source, &trust, &err));
    if (cert)
        assert_ok(mu_trust_add_cert(trust, cert, &err));
    return trust;
}

static X509_CRL *crl_revoking(X509 *cert, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, TEST_NOW_S - TEST_DAY_S);
    X509_REVOKED *entry = X509_REVOKED_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer));
    X509_CRL_set1_lastUpdate(crl, time);
    X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)X509_get0_serialNumber(cert));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(crl, entry);
    ASN1_TIME_set(time, TEST_NOW_S + 7 * TEST_DAY_S);
    X509_CRL_set1_nextUpdate(crl, time);
    assert_true(X509_CRL_sign(crl, issuer_key, EVP_sha256()) > 0);
    ASN1_TIME_free(time);
    return crl;
}

/* What set_up makes besides, to be freed at the end. */
static EVP_PKEY *made_keys[5];

static EVP_PKEY *make_key(const char *spec)
{
    static size_t count;
    return made_keys[count++] = test_key(spec);
}

static int set_up(void **state)
{
    EVP_PKEY *root_key = make_key("EC"), *other_key = make_key("EC"), *middle_key = make_key("EC"), *key = make_key("EC"),
             *rsa = make_key("RSA");
    X509 *root = make(MU_PROFILE_ROOT, "CN=root", root_key, NULL, root_key, -10, 3000);
    X509 *other = make(MU_PROFILE_ROOT, "CN=other root", other_key, NULL, other_key, -10, 3000);
    X509 *middle = make(MU_PROFILE_CLIENT_INTERMEDIATE, "CN=middle", middle_key, root, root_key, -9, 2000);
    mu_profile right[] = {MU_PROFILE_CLIENT, MU_PROFILE_SERVER}, wrong[] = {MU_PROFILE_SERVER, MU_PROFILE_CLIENT};
    const char *names[] = {"client.p12", "server.p12"}, *trust_names[] = {"client-trust.p12", "server-trust.p12"};
    (void)state;

    for (int side = 0; side < 2; side++) {
        X509 *leaves[WHO_COUNT] = {
            [GOOD] = make(right[side], "CN=good", key, root, root_key, -1, 300),
            [EXPIRED] = make(right[side], "CN=expired", key, root, root_key, -5, -1),
            [NOT_YET] = make(right[side], "CN=tomorrow", key, root, root_key, 1, 300),
            [WRONG_EKU] = make(wrong[side], "CN=wrong purpose", key, root, root_key, -1, 300),
            [OTHER_CA] = make(right[side], "CN=stranger", key, other, other_key, -1, 300),
            [SELF_SIGNED] = make(right[side], "CN=alone", key, NULL, key, -1, 300),
            [SECOND] = make(right[side], "CN=second", key, root, root_key, -1, 300),
            [VIA_INTERMEDIATE] = make(MU_PROFILE_CLIENT, "CN=below", key, middle, middle_key, -1, 300),
        };
        for (int who = GOOD; who <= VIA_INTERMEDIATE; who++)
            identities[side][who] = identity_of(key, leaves[who], who == VIA_INTERMEDIATE ? middle : NULL, names[side]);
        identities[side][WITH_RSA] = identity_of(rsa, make(right[side], "CN=rsa", rsa, root, root_key, -1, 300), NULL, names[side]);
        identities[side][LEAF_ONLY] = identity_of(key, leaves[VIA_INTERMEDIATE], NULL, names[side]);
        /* The trust of the other side. */
        X509 *anchors[WHOM_COUNT] = {root, other, NULL, middle, NULL, root};
        for (int whom = 0; whom < WHOM_COUNT; whom++)
            trusts[side][whom] = trust_of(anchors[whom], trust_names[side]);
    }
    /* The server pins the client's certificate, the client the server's. */
    for (int side = 0; side < 2; side++) {
        X509 *pinned = mu_identity_get0_cert(identities[1 - side][GOOD]),
             *revoked = mu_identity_get0_cert(identities[1 - side][SECOND]);
        X509_CRL *crl = crl_revoking(revoked, root, root_key);
        assert_ok(mu_trust_add_cert(trusts[side][PIN], pinned, &err));
        assert_ok(mu_trust_add_crl(trusts[side][WITH_CRL], crl, &err));
        X509_CRL_free(crl);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        for (int who = 0; who < WHO_COUNT; who++)
            mu_identity_free(identities[side][who]);
        for (int whom = 0; whom < WHOM_COUNT; whom++)
            mu_trust_free(trusts[side][whom]);
    }
    sk_X509_pop_free(made_certs, X509_free);
    for (size_t i = 0; i < sizeof made_keys / sizeof *made_keys; i++)
        EVP_PKEY_free(made_keys[i]);
    return 0;
}

/* ---- the table ---- */

typedef struct setup {
    enum who client, server;
    enum whom client_trusts, server_trusts;
    const char *host;
    mu_client_auth auth;
} setup;

static const setup healthy = {GOOD, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED};

static void open_duo(duo *d, const setup *s, mu_tls_settings client, mu_tls_settings server)
{
    server.client_auth = s->auth;
    *d = (duo){0};
    assert_ok(mu_tls_ctx_new(NULL, MU_SIDE_CLIENT, identities[MU_SIDE_CLIENT][s->client], trusts[MU_SIDE_CLIENT][s->client_trusts],
                             &client, &d->client_ctx, &err));
    assert_ok(mu_tls_ctx_new(NULL, MU_SIDE_SERVER, identities[MU_SIDE_SERVER][s->server], trusts[MU_SIDE_SERVER][s->server_trusts],
                             &server, &d->server_ctx, &err));
    duo_connect(d, s->host, TEST_NOW_S);
    duo_run(d);
}

static void open_version(duo *d, const setup *s, int version)
{
    mu_tls_settings settings = {.min_version = version, .max_version = version};
    open_duo(d, s, settings, settings);
}

static void assert_accepted(duo *d, int version, bool with_cert)
{
    const mu_verdict *c = mu_tls_conn_verdict(d->client), *s = mu_tls_conn_verdict(d->server);
    if (c->code || s->code)
        fail_msg("client %s (%s), server %s (%s)", mu_code_name(c->code), c->detail, mu_code_name(s->code), s->detail);
    assert_int_equal(d->client_status, MU_TLS_OK);
    assert_int_equal(d->server_status, MU_TLS_OK);
    assert_true(c->handshake_done && s->handshake_done && c->confirmed && s->confirmed);
    assert_string_equal(c->version, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    assert_string_equal(c->version, s->version);
    assert_non_null(c->cipher);
    assert_string_equal(c->cipher, s->cipher);
    assert_int_equal(c->alert, -1);
    assert_int_equal(s->alert, -1);
    assert_int_equal(c->identity_sent, with_cert);
    assert_int_equal(s->peer_subject != NULL, with_cert);
    assert_non_null(c->peer_subject);
    assert_null(mu_verdict_jsse_text(c));
    mu_err *err = NULL;
    assert_int_equal(mu_verdict_error(c, &err), 0);
    assert_null(err);
}

static bool has_candidate(const mu_verdict *v, mu_code code)
{
    for (size_t i = 0; i < v->candidate_count; i++)
        if (v->candidates[i] == code)
            return true;
    return false;
}

typedef struct refusal {
    mu_side by;
    mu_code code;
    int depth;
    int alert12, alert13;
} refusal;

static void assert_refused(duo *d, const refusal *r, int version)
{
    mu_tls_conn *refusing = r->by == MU_SIDE_CLIENT ? d->client : d->server,
                *suffering = r->by == MU_SIDE_CLIENT ? d->server : d->client;
    const mu_verdict *v = mu_tls_conn_verdict(refusing), *o = mu_tls_conn_verdict(suffering);
    int alert = version == TLS1_3_VERSION ? r->alert13 : r->alert12;
    mu_err *err = NULL;

    assert_string_equal(mu_code_name(v->code), mu_code_name(r->code));
    assert_int_equal(v->by, MU_BY_US);
    assert_int_equal(v->alert, alert);
    assert_true(v->alert_sent);
    assert_int_equal(v->depth, r->depth);
    assert_non_null(v->detail);
    assert_int_equal(mu_verdict_error(v, &err), -1);
    assert_int_equal(err->code, r->code);
    assert_non_null(strstr(err->detail, mu_alert_name(alert)));
    mu_err_free(err);
    err = NULL;

    assert_string_equal(mu_code_name(o->code), "peer-refused");
    assert_int_equal(o->by, MU_BY_PEER);
    assert_int_equal(o->alert, alert);
    assert_false(o->alert_sent);
    assert_int_equal(o->depth, -1);
    if (!has_candidate(o, r->code))
        fail_msg("%s is not among the candidates of alert %d", mu_code_name(r->code), alert);
    assert_int_equal(mu_verdict_error(o, &err), -1);
    assert_int_equal(err->code, MU_E_PEER_REFUSED);
    assert_int_equal(err->by, MU_BY_PEER);
    mu_err_free(err);
}

static void check_refusal(const setup *s, const refusal *r)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, s, version);
        assert_refused(&d, r, version);
        duo_free(&d);
    }
}

static void check_accepted(const setup *s, bool with_cert)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, s, version);
        assert_accepted(&d, version, with_cert);
        duo_free(&d);
    }
}

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
        {"no client identity",
         {NOBODY, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CERT_NOT_SENT, -1, 40, 116}},
        {"server CA missing at the client",
         {GOOD, GOOD, OTHER_ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CA_NOT_TRUSTED, 0, 48, 48}},
        {"nobody trusted at the client",
         {GOOD, GOOD, NO_ONE, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CA_NOT_TRUSTED, 0, 48, 48}},
        {"client CA missing at the server",
         {GOOD, GOOD, ROOT, OTHER_ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"client for servers only",
         {WRONG_EKU, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_EKU_MISSING_CLIENTAUTH, 0, 43, 43}},
        {"server for clients only",
         {GOOD, WRONG_EKU, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_EKU_MISSING_SERVERAUTH, 0, 43, 43}},
        {"wrong host name",
         {GOOD, GOOD, ROOT, ROOT, "other.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_HOSTNAME_MISMATCH, 0, 42, 42}},
        {"wrong address",
         {GOOD, GOOD, ROOT, ROOT, "127.0.0.2", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_IP_SAN_MISSING, 0, 42, 42}},
        {"expired server",
         {GOOD, EXPIRED, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CERT_EXPIRED, 0, 45, 45}},
        {"expired client",
         {EXPIRED, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_EXPIRED, 0, 45, 45}},
        {"server of tomorrow",
         {GOOD, NOT_YET, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_CERT_NOT_YET_VALID, 0, 42, 42}},
        {"client of tomorrow",
         {NOT_YET, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_NOT_YET_VALID, 0, 42, 42}},
        {"self-signed server",
         {GOOD, SELF_SIGNED, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_CLIENT, MU_E_SELF_SIGNED, 0, 48, 48}},
        {"missing intermediate",
         {LEAF_ONLY, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"untrusted under want",
         {OTHER_CA, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_WANT},
         {MU_SIDE_SERVER, MU_E_CLIENT_CA_NOT_TRUSTED, 0, 48, 48}},
        {"revoked client",
         {SECOND, GOOD, ROOT, WITH_CRL, "server.test", MU_CLIENT_AUTH_NEED},
         {MU_SIDE_SERVER, MU_E_CERT_REVOKED, 0, 44, 44}},
        {"revoked server",
         {GOOD, SECOND, WITH_CRL, ROOT, "server.test", MU_CLIENT_AUTH_NEED},
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

/* ---- parameters ---- */

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
        {"versions, old client",
         {.max_version = TLS1_2_VERSION},
         {.min_version = TLS1_3_VERSION},
         MU_SIDE_SERVER,
         MU_E_PROTOCOL_VERSION_MISMATCH,
         70},
        {"versions, old server",
         {.min_version = TLS1_3_VERSION},
         {.max_version = TLS1_2_VERSION},
         MU_SIDE_SERVER,
         MU_E_PROTOCOL_VERSION_MISMATCH,
         70},
        {"suites 1.3",
         {.ciphers = "TLS_AES_128_GCM_SHA256"},
         {.ciphers = "TLS_AES_256_GCM_SHA384"},
         MU_SIDE_SERVER,
         MU_E_CIPHER_MISMATCH,
         40},
        {"suites 1.2",
         {.ciphers = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
         {.ciphers = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
         MU_SIDE_SERVER,
         MU_E_CIPHER_MISMATCH,
         40},
        {"suites of another type of key",
         {.ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
         {.ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
         MU_SIDE_SERVER,
         MU_E_CIPHER_KEYTYPE_MISMATCH,
         40},
        {"groups 1.3",
         {.groups = "secp384r1", .min_version = TLS1_3_VERSION},
         {.groups = "x25519"},
         MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH,
         40},
        {"groups 1.2",
         {.groups = "secp384r1", .max_version = TLS1_2_VERSION},
         {.groups = "x25519"},
         MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH,
         40},
        {"curve of the certificate",
         {.groups = "secp384r1", .max_version = TLS1_2_VERSION},
         {0},
         MU_SIDE_SERVER,
         MU_E_NAMED_GROUP_MISMATCH,
         40},
        {"signatures 1.3",
         {.sigalgs = "rsa_pss_rsae_sha256", .min_version = TLS1_3_VERSION},
         {0},
         MU_SIDE_SERVER,
         MU_E_SIGALG_MISMATCH,
         40},
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

/* ---- the transport ---- */

static void plaintext_is_named(void **state)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n", question[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                      greeting[] = "SSH-2.0-x\r\n";
    const char *to_server[] = {question, greeting};
    duo d;
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    assert_accepted(&d, TLS1_3_VERSION, true);
    duo_disconnect(&d);
    duo_connect(&d, "server.test", TEST_NOW_S);
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_WANT_READ);
    mu_buf_add_str(&d.wire.to_client.bytes, answer);
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_FAILED);
    assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.client)->code), "tls-to-plaintext-port");
    assert_non_null(strstr(mu_tls_conn_verdict(d.client)->detail, "HTTP/")); /* OpenSSL 3.5 reads no more than a header at first */
    for (size_t i = 0; i < 2; i++) {
        duo_disconnect(&d);
        duo_connect(&d, "server.test", TEST_NOW_S);
        mu_buf_add_str(&d.wire.to_server.bytes, to_server[i]);
        assert_int_equal(mu_tls_handshake(d.server), MU_TLS_FAILED);
        assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.server)->code), "plaintext-to-tls-port");
    }
    duo_free(&d);
}

static ssize_t endless_hello_requests(void *arg, void *data, size_t len)
{
    static const uint8_t record[] = {22, 3, 3, 0, 4, 0, 0, 0, 0};
    size_t *at = arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)data)[i] = record[(*at)++ % sizeof record];
    return (ssize_t)len;
}

static ssize_t swallow(void *arg, const void *data, size_t len)
{
    (void)arg, (void)data;
    return (ssize_t)len;
}

/* RFC 5246 7.4.1.1: a client passes them over, and with more of them waiting it would never look at the clock again. */
static void hello_requests_have_an_end(void **state)
{
    duo d;
    size_t at = 0;
    const mu_tls_io io = {endless_hello_requests, swallow, &at};
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    assert_accepted(&d, TLS1_3_VERSION, true);
    mu_tls_conn_free(d.client);
    assert_ok(mu_tls_conn_new(d.client_ctx, &io, "server.test", TEST_NOW_S, &d.client, &err));
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_FAILED);
    assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.client)->code), "protocol-error");
    assert_int_equal(mu_tls_conn_verdict(d.client)->by, MU_BY_US);
    assert_non_null(strstr(mu_tls_conn_verdict(d.client)->detail, "the handshake no further"));
    assert_in_range(at, 1u << 20, 2u << 20);
    duo_free(&d);
}

static void silence_is_no_refusal(void **state)
{
    duo d = {0};
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    duo_disconnect(&d);
    duo_connect(&d, "server.test", TEST_NOW_S);
    d.wire.to_server.ended = true;
    assert_int_equal(mu_tls_handshake(d.server), MU_TLS_FAILED);
    assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.server)->code), "peer-closed");
    assert_int_equal(mu_tls_conn_verdict(d.server)->candidates[0], MU_E_LB_HEALTH_CHECK);
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_WANT_READ);
    d.wire.to_client.reset = true;
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_FAILED);
    assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.client)->code), "peer-closed");
    assert_int_equal(mu_tls_conn_verdict(d.client)->by, MU_BY_OS);
    assert_int_equal(mu_tls_conn_verdict(d.client)->alert, -1);
    duo_free(&d);
}

/* The server refuses and is gone before the client has written: the alert must be found all the same. */
static void alert_survives_a_broken_pipe(void **state)
{
    setup s = healthy;
    duo d;
    size_t len;
    (void)state;
    s.client = NOBODY;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        open_version(&d, &s, version);
        duo_disconnect(&d);
        duo_connect(&d, "server.test", TEST_NOW_S);
        duo_step(&d, mu_tls_handshake);
        assert_int_equal(d.server_status, MU_TLS_FAILED);
        d.wire.to_server.broken = true;
        d.wire.to_client.reset = true;
        assert_int_equal(mu_tls_write(d.client, "x", 1, &len), MU_TLS_FAILED);
        assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.client)->code), "peer-refused");
        assert_int_equal(mu_tls_conn_verdict(d.client)->alert, version == TLS1_3_VERSION ? 116 : 40);
        assert_int_equal(mu_tls_conn_verdict(d.client)->candidate_count, 1);
        duo_free(&d);
    }
}

/* The server answers before it has read everything, and goes. */
static void answer_survives_a_broken_pipe(void **state)
{
    duo d;
    size_t len;
    char byte;
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    assert_int_equal(mu_tls_write(d.server, "a", 1, &len), MU_TLS_OK);
    d.wire.to_server.broken = true;
    d.wire.to_client.ended = true;
    assert_int_equal(mu_tls_write(d.client, "x", 1, &len), MU_TLS_CLOSED);
    assert_int_equal(mu_tls_read(d.client, &byte, 1, &len), MU_TLS_OK);
    assert_int_equal(byte, 'a');
    assert_int_equal(mu_tls_read(d.client, &byte, 1, &len), MU_TLS_CLOSED);
    assert_true(mu_tls_conn_truncated(d.client));
    duo_free(&d);
}

static void end_is_proper_or_not(void **state)
{
    duo d;
    char byte;
    size_t len;
    (void)state;
    for (int proper = 0; proper < 2; proper++) {
        open_version(&d, &healthy, TLS1_3_VERSION);
        if (proper)
            assert_int_equal(mu_tls_shutdown(d.server), MU_TLS_OK);
        d.wire.to_client.ended = true;
        assert_int_equal(mu_tls_read(d.client, &byte, 1, &len), MU_TLS_CLOSED);
        assert_int_equal(mu_tls_conn_truncated(d.client), !proper);
        assert_int_equal(mu_tls_conn_verdict(d.client)->code, MU_OK);
        duo_free(&d);
    }
}

/* TLS 1.3: the client is done before the server has judged it. */
static void acceptance_is_confirmed_late(void **state)
{
    duo d;
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    duo_disconnect(&d);
    duo_connect(&d, "server.test", TEST_NOW_S);
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_WANT_READ);
    assert_int_equal(mu_tls_handshake(d.server), MU_TLS_WANT_READ);
    assert_int_equal(mu_tls_handshake(d.client), MU_TLS_OK);
    assert_true(mu_tls_conn_verdict(d.client)->handshake_done);
    assert_false(mu_tls_conn_verdict(d.client)->confirmed);
    assert_int_equal(mu_tls_handshake(d.server), MU_TLS_OK);
    assert_int_equal(read_one(d.client), MU_TLS_WANT_READ); /* the session ticket comes */
    assert_true(mu_tls_conn_verdict(d.client)->confirmed);
    duo_free(&d);
}

static void byte_by_byte(void **state)
{
    duo d;
    (void)state;
    open_version(&d, &healthy, TLS1_3_VERSION);
    duo_disconnect(&d);
    duo_connect(&d, "server.test", TEST_NOW_S);
    d.wire.to_client.chunk = d.wire.to_server.chunk = 1;
    duo_run(&d);
    assert_accepted(&d, TLS1_3_VERSION, true);
    duo_free(&d);
}

/* ---- library contexts, notes ---- */

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

/* The session of a finished connection; in TLS 1.3 it came with the ticket. */
static SSL_SESSION *session_of(duo *d)
{
    SSL_SESSION *session = SSL_get1_session(d->client->ssl);
    mu_tls_shutdown(d->client); /* OpenSSL lets no session of a broken connection be resumed */
    assert_true(SSL_SESSION_is_resumable(session));
    return session;
}

static void resume(duo *d, SSL_SESSION *session, int64_t server_now_s)
{
    duo_disconnect(d);
    duo_connect(d, "server.test", TEST_NOW_S);
    d->server->now_s = server_now_s;
    assert_true(SSL_set_session(d->client->ssl, session));
    duo_run(d);
}

static void resumption_outlives_no_verdict(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, &healthy, version);
        SSL_SESSION *session = session_of(&d);
        resume(&d, session, TEST_NOW_S);
        assert_true(SSL_session_reused(d.server->ssl));
        assert_int_equal(mu_tls_conn_verdict(d.server)->code, MU_OK);
        assert_string_equal(mu_tls_conn_verdict(d.server)->peer_subject, "CN=good");
        assert_int_equal(mu_tls_conn_verdict(d.client)->code, MU_OK);
        /* A ticket from the resumed connection is bound as the first one was. */
        SSL_SESSION *second = session_of(&d);
        int64_t times[] = {TEST_NOW_S + 301 * TEST_DAY_S, TEST_NOW_S - 2 * TEST_DAY_S};
        SSL_SESSION *sessions[] = {session, second};
        for (size_t i = 0; i < 4; i++) {
            resume(&d, sessions[i / 2], times[i % 2]);
            assert_false(SSL_session_reused(d.server->ssl));
            assert_string_equal(mu_code_name(mu_tls_conn_verdict(d.server)->code), i % 2 ? "cert-not-yet-valid" : "cert-expired");
        }
        SSL_SESSION_free(session);
        SSL_SESSION_free(second);
        duo_free(&d);
    }
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
        cmocka_unit_test(parameters_must_meet),
        cmocka_unit_test(settings_are_obeyed),
        cmocka_unit_test(contexts_that_cannot_work),
        cmocka_unit_test(plaintext_is_named),
        cmocka_unit_test(hello_requests_have_an_end),
        cmocka_unit_test(silence_is_no_refusal),
        cmocka_unit_test(alert_survives_a_broken_pipe),
        cmocka_unit_test(answer_survives_a_broken_pipe),
        cmocka_unit_test(end_is_proper_or_not),
        cmocka_unit_test(acceptance_is_confirmed_late),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(clones_work_in_another_context),
        cmocka_unit_test(resumption_outlives_no_verdict),
        cmocka_unit_test(client_knows_what_became_of_its_identity),
        cmocka_unit_test(alerts_have_names),
        cmocka_unit_test(jsse_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "tls/test_cast.h"

mu_identity *identities[2][WHO_COUNT];
mu_trust *trusts[2][WHOM_COUNT];

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

/* What cast_set_up makes besides, to be freed at the end. */
static EVP_PKEY *made_keys[5];

static EVP_PKEY *make_key(const char *spec)
{
    static size_t count;
    return made_keys[count++] = test_key(spec);
}

int cast_set_up(void **state)
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

int cast_tear_down(void **state)
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

/* ---- handshakes ---- */

const setup healthy = {GOOD, GOOD, ROOT, ROOT, "server.test", MU_CLIENT_AUTH_NEED};

void open_duo(duo *d, const setup *s, mu_tls_settings client, mu_tls_settings server)
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

void open_version(duo *d, const setup *s, int version)
{
    mu_tls_settings settings = {.min_version = version, .max_version = version};
    open_duo(d, s, settings, settings);
}

void assert_accepted(duo *d, int version, bool with_cert)
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

bool has_candidate(const mu_verdict *v, mu_code code)
{
    for (size_t i = 0; i < v->candidate_count; i++)
        if (v->candidates[i] == code)
            return true;
    return false;
}

void assert_refused(duo *d, const refusal *r, int version)
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

void check_refusal(const setup *s, const refusal *r)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, s, version);
        assert_refused(&d, r, version);
        duo_free(&d);
    }
}

void check_accepted(const setup *s, bool with_cert)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_version(&d, s, version);
        assert_accepted(&d, version, with_cert);
        duo_free(&d);
    }
}

/* The transport under a connection: strangers, silence, broken pipes, late acceptance; and sessions that are resumed. */
#include "tls/test_cast.h"

#include "tls/tls_internal.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plaintext_is_named),
        cmocka_unit_test(hello_requests_have_an_end),
        cmocka_unit_test(silence_is_no_refusal),
        cmocka_unit_test(alert_survives_a_broken_pipe),
        cmocka_unit_test(answer_survives_a_broken_pipe),
        cmocka_unit_test(end_is_proper_or_not),
        cmocka_unit_test(acceptance_is_confirmed_late),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(resumption_outlives_no_verdict),
    };
    return cmocka_run_group_tests(tests, cast_set_up, cast_tear_down);
}

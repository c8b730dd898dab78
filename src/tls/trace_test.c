/* Traces of handshakes in memory, and what the decoder makes of messages that are cut off, altered or made to deceive. */
#include "tls/test_cast.h"

#include "tls/trace.h"
#include <stdlib.h>

static void open_traced(duo *d, const setup *s, int version)
{
    open_version(d, s, version);
    duo_disconnect(d);
    duo_connect(d, s->host ? s->host : "server.test", TEST_NOW_S);
    assert_ok(mu_trace_start(d->client, &err));
    assert_ok(mu_trace_start(d->server, &err));
    duo_run(d);
}

static const char *broken_name(mu_tls_conn *conn, char out[64])
{
    const mu_trace *trace = mu_trace_of(conn);
    size_t step = mu_trace_broken_step(trace, mu_tls_conn_verdict(conn));
    return step < trace->count ? mu_trace_step_name(trace, step, out) : "";
}

/* Both sides saw the same messages, and nothing broke. */
static void both_sides_tell_the_same(void **state)
{
    char name[64], other[64];
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_traced(&d, &healthy, version);
        assert_accepted(&d, version, true);
        const mu_trace *client = mu_trace_of(d.client), *server = mu_trace_of(d.server);
        assert_true(client->count > 8 && server->count > 8);
        assert_int_equal(client->tls13, version == TLS1_3_VERSION);
        for (size_t i = 0; i < client->count && client->steps[i].kind != MU_TRACE_DATA; i++) {
            if (client->steps[i].type == MU_MESSAGE_TICKET || server->steps[i].type == MU_MESSAGE_TICKET)
                break; /* in TLS 1.3 it crosses with the client's data */
            assert_string_equal(mu_trace_step_name(client, i, name), mu_trace_step_name(server, i, other));
            assert_int_not_equal(client->steps[i].sent, server->steps[i].sent);
            assert_int_equal(client->steps[i].len, server->steps[i].len);
        }
        assert_string_equal(broken_name(d.client, name), "");
        assert_string_equal(broken_name(d.server, name), "");
        duo_free(&d);
    }
}

static void the_refused_message_is_named(void **state)
{
    setup nobody = healthy, expired = healthy, stranger = healthy;
    const setup *cases[] = {&nobody, &expired, &stranger};
    char name[64];
    (void)state;
    nobody.client = NOBODY;
    expired.client = EXPIRED;
    stranger.server = OTHER_CA;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            duo d;
            open_traced(&d, cases[i], version);
            assert_string_equal(broken_name(d.client, name), "Certificate");
            assert_string_equal(broken_name(d.server, name), "Certificate");
            const mu_trace *trace = mu_trace_of(d.client);
            assert_int_equal(mu_trace_client_cert_empty(trace), cases[i] == &nobody);
            assert_int_equal(trace->steps[mu_trace_broken_step(trace, mu_tls_conn_verdict(d.client))].sent, cases[i] != &stranger);
            duo_free(&d);
        }
}

/* Nothing of what resumes or proves is kept, whoever reads the memory or a core. */
static void secrets_are_not_kept(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_traced(&d, &healthy, version);
        assert_accepted(&d, version, true);
        const mu_trace *trace = mu_trace_of(d.client);
        size_t seen = 0;
        for (size_t i = 0; i < trace->count; i++) {
            const mu_trace_step *s = &trace->steps[i];
            bool proof = s->type == MU_MESSAGE_FINISHED || s->type == MU_MESSAGE_CLIENT_KEY_EXCHANGE;
            bool withheld = s->kind != MU_TRACE_MESSAGE || proof;
            assert_int_equal(s->kept, withheld ? (s->kind == MU_TRACE_MESSAGE ? 4 : 0) : s->type == MU_MESSAGE_TICKET ? 8 : s->len);
            seen += withheld;
        }
        assert_true(seen >= 2);
        duo_free(&d);
    }
}

/* ---- the decoder ---- */

static void check_message(const uint8_t *data, size_t len, bool tls13, bool expect_damage)
{
    /* On the heap at its exact size, for the address sanitizer. */
    uint8_t *copy = malloc(len ? len : 1);
    mu_message message;
    assert_non_null(copy);
    memcpy(copy, data, len);
    mu_message_decode(copy, len, tls13, &message);
    assert_non_null(message.name);
    assert_false(message.failed);
    assert_true(!expect_damage || message.damaged);
    mu_message_done(&message);
    free(copy);
}

/* Every message of a real handshake, cut at every length and with every byte altered. */
static void cut_and_altered_messages_do_no_harm(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        duo d;
        open_traced(&d, &healthy, version);
        const mu_trace *trace = mu_trace_of(d.server);
        bool tls13 = trace->tls13;
        for (size_t i = 0; i < trace->count; i++) {
            const mu_trace_step *s = &trace->steps[i];
            uint8_t *bytes = trace->bytes.data + s->at;
            check_message(bytes, s->kept, tls13, false);
            for (size_t len = 0; len < s->kept; len++)
                check_message(bytes, len, tls13, s->kept == s->len);
            for (size_t at = 0; at < s->kept; at++) {
                bytes[at] ^= 0xff;
                check_message(bytes, s->kept, tls13, false);
                bytes[at] ^= 0xff;
            }
        }
        duo_free(&d);
    }
}

static void add_hello(mu_buf *out, const mu_buf *extensions)
{
    size_t body = 2 + 32 + 1 + 4 + 2 + 2 + extensions->len;
    const uint8_t start[] = {1, (uint8_t)(body >> 16), (uint8_t)(body >> 8), (uint8_t)body, 3, 3};
    static const uint8_t random[32], rest[] = {0, 0, 2, 0x13, 0x01, 1, 0};
    mu_buf_add(out, start, sizeof start);
    mu_buf_add(out, random, sizeof random);
    mu_buf_add(out, rest, sizeof rest);
    mu_buf_add_byte(out, (uint8_t)(extensions->len >> 8));
    mu_buf_add_byte(out, (uint8_t)extensions->len);
    mu_buf_add(out, extensions->data, extensions->len);
}

static const mu_fact *decode_hello(mu_buf *extensions, mu_message *message, const char *label)
{
    mu_buf hello;
    mu_buf_init(&hello, 1u << 20);
    add_hello(&hello, extensions);
    assert_false(hello.failed);
    mu_message_decode(hello.data, hello.len, true, message);
    mu_buf_free(&hello);
    mu_buf_reset(extensions);
    return mu_message_fact(message, label);
}

static void hostile_hellos_are_told_safely(void **state)
{
    static const uint8_t sni[] = {0, 0, 0, 13, 0, 11, 0, 0, 8, 'a', '\n', 0x1b, '[', '2', 'J', '"', 0x80};
    static const uint8_t liar[] = {0, 16, 0, 6, 0, 200, 8, 'h', 't', 't'};
    mu_message message;
    mu_buf extensions;
    const mu_fact *fact;
    (void)state;
    mu_buf_init(&extensions, 1u << 20);

    mu_buf_add(&extensions, sni, sizeof sni);
    fact = decode_hello(&extensions, &message, "SNI");
    assert_string_equal(fact->items.items[0], "a\\x0A\\x1B[2J\\\"\\x80");
    assert_false(message.damaged);
    mu_message_done(&message);

    mu_buf_add(&extensions, liar, sizeof liar);
    fact = decode_hello(&extensions, &message, "ALPN");
    assert_int_equal(fact->items.count, 0);
    assert_true(message.damaged);
    mu_message_done(&message);

    /* the same extension sixteen thousand times */
    for (int i = 0; i < 16000; i++)
        mu_buf_add(&extensions, "\0\x29\0\0", 4);
    fact = decode_hello(&extensions, &message, "extensions");
    assert_int_equal(fact->items.count, MU_FACT_ITEMS_MAX);
    assert_int_equal(fact->left_out, 16000 - MU_FACT_ITEMS_MAX);
    assert_true(message.count <= MU_MESSAGE_FACTS_MAX && message.damaged);
    mu_message_done(&message);
    mu_buf_free(&extensions);
}

static void unknown_numbers_are_shown_as_numbers(void **state)
{
    static const uint8_t groups[] = {0, 10, 0, 8, 0, 6, 0x4a, 0x4a, 0x12, 0x34, 0x11, 0xec};
    mu_message message;
    mu_buf extensions;
    (void)state;
    mu_buf_init(&extensions, 1u << 20);
    mu_buf_add(&extensions, groups, sizeof groups);
    const mu_fact *fact = decode_hello(&extensions, &message, "groups");
    assert_int_equal(fact->items.count, 3);
    assert_string_equal(fact->items.items[0], "GREASE");
    assert_string_equal(fact->items.items[1], "0x1234");
    assert_string_equal(fact->items.items[2], "X25519MLKEM768");
    assert_string_equal(mu_message_fact(&message, "versions")->items.items[0], "TLSv1.2"); /* no supported_versions */
    mu_message_done(&message);
    mu_message_decode((const uint8_t *)"\xfa\0\0", 3, true, &message);
    assert_string_equal(message.name, "unknown message");
    assert_true(message.damaged);
    mu_message_done(&message);
    mu_buf_free(&extensions);
}

/* A peer that goes on and on fills no memory, and what ended it is told all the same. */
static void a_trace_is_bounded(void **state)
{
    static uint8_t message[60000] = {MU_MESSAGE_CERTIFICATE};
    static const uint8_t alert[] = {2, 48};
    char name[64];
    duo d;
    (void)state;
    open_traced(&d, &healthy, TLS1_3_VERSION);
    mu_trace *trace = (mu_trace *)(uintptr_t)mu_trace_of(d.client);
    for (int i = 0; i < 100; i++)
        mu_trace_note(trace, false, SSL3_RT_HANDSHAKE, message, sizeof message, true);
    mu_trace_note(trace, false, SSL3_RT_ALERT, alert, sizeof alert, true);
    assert_int_equal(trace->count, MU_TRACE_STEPS_MAX);
    assert_true(trace->left_out > 30);
    assert_true(trace->bytes.len <= MU_TRACE_BYTES_MAX && !trace->bytes.failed);
    assert_string_equal(mu_trace_step_name(trace, trace->count - 1, name), "alert unknown_ca (48)");
    for (size_t i = 0; i < trace->count; i++) {
        mu_message decoded;
        mu_trace_decode(trace, i, &decoded);
        mu_message_done(&decoded);
    }
    duo_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_tell_the_same),
        cmocka_unit_test(the_refused_message_is_named),
        cmocka_unit_test(secrets_are_not_kept),
        cmocka_unit_test(cut_and_altered_messages_do_no_harm),
        cmocka_unit_test(hostile_hellos_are_told_safely),
        cmocka_unit_test(unknown_numbers_are_shown_as_numbers),
        cmocka_unit_test(a_trace_is_bounded),
    };
    return cmocka_run_group_tests(tests, cast_set_up, cast_tear_down);
}

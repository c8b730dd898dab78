#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "diag/log_internal.h"
#include <stdlib.h>
#include <string.h>

static mu_findings read_pieces(const void *text, size_t len, size_t piece)
{
    mu_findings findings = {0};
    mu_log *log = mu_log_new();
    assert_non_null(log);
    assert_int_equal(mu_log_begin(log, "x.log", MU_AT_UNKNOWN), 0);
    for (size_t i = 0; i < len; i += piece)
        mu_log_feed(log, (const char *)text + i, len - i < piece ? len - i : piece);
    mu_log_end(log);
    mu_log_findings(log, &findings);
    mu_findings_rank(&findings);
    mu_log_free(log);
    assert_false(findings.failed);
    return findings;
}

static mu_findings read_text(const char *text)
{
    return read_pieces(text, strlen(text), 65536);
}

static bool says(const mu_findings *findings, const char *words)
{
    for (size_t i = 0; i < findings->count; i++)
        for (size_t j = 0; j < findings->items[i].evidence.count; j++)
            if (strstr(findings->items[i].evidence.items[j], words))
                return true;
    return false;
}

static const char text20[] = "one\r\ntwo\r\nverify error:num=20:unable to get local issuer certificate";

static void lines_are_counted_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 60; piece += 7) {
        mu_findings findings = read_pieces(text20, sizeof text20 - 1, piece);
        assert_true(findings.count > 0);
        assert_int_equal(findings.items[0].code, MU_E_CA_NOT_TRUSTED);
        assert_true(says(&findings, "x.log:3: \"verify error:num=20:unable to get local issuer certificate\""));
        assert_string_equal(findings.notes.items[findings.notes.count - 1], "log x.log: 3 lines");
        mu_findings_free(&findings);
    }
}

static void utf16_is_read(void **state)
{
    (void)state;
    char wide[2 * sizeof text20];
    for (int big = 0; big < 2; big++)
        for (size_t piece = 1; piece < 9; piece += 2) {
            memcpy(wide, big ? "\xfe\xff" : "\xff\xfe", 2);
            for (size_t i = 0; i < sizeof text20 - 1; i++) {
                wide[2 + 2 * i + (size_t)!big] = 0;
                wide[2 + 2 * i + (size_t)big] = text20[i];
            }
            mu_findings findings = read_pieces(wide, sizeof wide, piece);
            assert_true(findings.count > 0);
            assert_true(says(&findings, "x.log:3: \"verify error"));
            mu_findings_free(&findings);
        }
}

static void a_line_of_megabytes(void **state)
{
    (void)state;
    static char text[3 * 1024 * 1024];
    memset(text, 'x', sizeof text);
    memcpy(text + 2000000, " UnknownIssuer ", 15);
    mu_findings findings = read_pieces(text, sizeof text, 8191);
    assert_true(findings.count > 0);
    assert_true(says(&findings, "x.log:1: \"..."));
    mu_findings_free(&findings);
}

static void nothing_known_is_undetermined(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "\xff", "\xff\xfe", "all is well\n", "\x80\x81\x82", "no failure, no alert"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mu_findings findings = read_text(texts[i]);
        assert_int_equal(findings.count, 0);
        assert_true(findings.undetermined);
        mu_findings_free(&findings);
    }
}

static void what_a_longer_phrase_says_is_not_said_twice(void **state)
{
    (void)state;
    mu_findings findings = read_text("self signed certificate in certificate chain");
    assert_false(says(&findings, "its own issuer"));
    mu_findings_free(&findings);
    findings = read_text("self signed certificate (in certificate store)");
    assert_true(says(&findings, "its own issuer"));
    mu_findings_free(&findings);
}

/* MU_OK: nothing failed. */
static void first_is(const char *text, mu_code code)
{
    mu_findings findings = read_text(text);
    assert_int_equal(findings.count > 0 ? findings.items[0].code : MU_OK, code);
    mu_findings_free(&findings);
}

static void what_is_told_more_exactly_wins(void **state)
{
    (void)state;
    first_is("Hostname/IP does not match certificate's altnames", MU_E_HOSTNAME_MISMATCH);
    first_is("Hostname/IP does not match certificate's altnames: Cert does not contain a DNS name", MU_E_SAN_MISSING);
}

static void empty_brackets_are_empty(void **state)
{
    (void)state;
#define CLIENT_CERTIFICATE "Produced client Certificate message (\n\"Certificate\": {\n  \"certificate_list\": [  \n"
    first_is(CLIENT_CERTIFICATE "]\n}\n", MU_E_CLIENT_CERT_NOT_SENT);
    first_is(CLIENT_CERTIFICATE "{\n  \"certificate\" : {\n", MU_OK);
    first_is("Certificate for <a.test> doesn't match any of the subject alternative names: []", MU_E_SAN_MISSING);
    first_is("Certificate for <a.test> doesn't match any of the subject alternative names: [b.test]", MU_E_HOSTNAME_MISMATCH);
}

static void an_alert_that_is_said_to_be_sent_did_not_come(void **state)
{
    (void)state;
    first_is("{tls_alert,{unknown_ca,\"TLS server: In state certify generated SERVER ALERT: Fatal - Unknown CA\"}}",
             MU_E_CLIENT_CA_NOT_TRUSTED);
    first_is("{tls_alert,{unknown_ca,\"TLS client: In state certify generated CLIENT ALERT: Fatal - Unknown CA\"}}",
             MU_E_CA_NOT_TRUSTED);
    first_is("could not accept SSL connection: tlsv1 alert unknown ca", MU_E_CA_NOT_TRUSTED);
}

static void causes_of_one_failure_add_up_to_one(void **state)
{
    (void)state;
    mu_findings findings = read_text("PKIX path building failed\n\n\nReceived fatal alert: handshake_failure\n");
    double sum[4] = {0};
    for (size_t i = 0; i < findings.count; i++)
        sum[findings.items[i].failure] += findings.items[i].confidence;
    for (size_t i = 0; i < 4; i++)
        assert_true(sum[i] <= 1.000001);
    mu_findings_free(&findings);
}

static void secrets_are_masked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"password=geheim x", "password=*** x"},
        {"password: \"two words\" x", "password: \\\"***\\\" x"},
        {"-storepass geheim -v", "-storepass *** -v"},
        {"ssl.keystore.password = geheim, next", "ssl.keystore.password = ***, next"},
        {"https://me:geheim@host/x", "https://***@host/x"},
        {"Authorization: Basic bWU6Z2VoZWlt more", "Authorization: ***"},
        {"authorization: Bearer abc.def.ghi", "authorization: ***"},
        {"\"access_token\":\"abc\",\"x\":1", "\\\"access_token\\\":\\\"***\\\",\\\"x\\\":1"},
        {"Cookie: a=b; c=d", "Cookie: ***"},
        {"key MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7 end", "key *** end"},
        {"0123456789abcdef0123456789abcdef0123456789abcdef", "***"},
        {"sun.security.provider.certpath.SunCertPathBuilderException", "sun.security.provider.certpath.SunCertPathBuilderException"},
        {"openssl pkcs12 -passin pass:geheim -in x", "openssl pkcs12 -passin *** -in x"},
        {"--key-password 'two words' x", "--key-password \\'***\\' x"},
        {"the password for it", "the password for it"},
        {"Keystore was tampered with, or password was incorrect", "Keystore was tampered with, or password was incorrect"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        char *quote = mu_log_quote((const uint8_t *)cases[i].text, len, len / 2);
        assert_string_equal(quote, cases[i].shown);
        free(quote);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_counted_whatever_the_pieces),
        cmocka_unit_test(utf16_is_read),
        cmocka_unit_test(a_line_of_megabytes),
        cmocka_unit_test(nothing_known_is_undetermined),
        cmocka_unit_test(what_a_longer_phrase_says_is_not_said_twice),
        cmocka_unit_test(what_is_told_more_exactly_wins),
        cmocka_unit_test(empty_brackets_are_empty),
        cmocka_unit_test(an_alert_that_is_said_to_be_sent_did_not_come),
        cmocka_unit_test(causes_of_one_failure_add_up_to_one),
        cmocka_unit_test(secrets_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

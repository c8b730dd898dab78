#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "commands/explain_lookup.h"
#include <openssl/x509_vfy.h>
#include <string.h>

#define ALERT(n) {MU_EXPLAINED_ALERT, n}
#define X509_(n) {MU_EXPLAINED_X509, X509_V_ERR_##n}
#define CAUSE(n) {MU_EXPLAINED_CAUSE, MU_E_##n}

static void words_and_lines_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        mu_explained found[3];
    } cases[] = {
        {"unknown_ca", 1, {ALERT(48)}},
        {"UNKNOWN_CA", 1, {ALERT(48)}},
        {"116", 1, {ALERT(116)}},
        {"10", 2, {ALERT(10), X509_(CERT_HAS_EXPIRED)}},
        {"48 42", 3, {ALERT(48), X509_(EXCLUDED_VIOLATION), ALERT(42)}},
        {"X509_V_ERR_CERT_HAS_EXPIRED", 1, {X509_(CERT_HAS_EXPIRED)}},
        {"cert_has_expired", 1, {X509_(CERT_HAS_EXPIRED)}},
        {"certificate has expired", 1, {X509_(CERT_HAS_EXPIRED)}},
        {"verify error:num=20:unable to get local issuer certificate", 1, {X509_(UNABLE_TO_GET_ISSUER_CERT_LOCALLY)}},
        {"cert-expired", 1, {CAUSE(CERT_EXPIRED)}},
        {"internal", 1, {CAUSE(INTERNAL)}},
        {"an internal matter of usage on port 8443", 0, {{0}}},
        {"FAILED: SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required", 1, {ALERT(116)}},
        {"error:0A000412:SSL routines::sslv3 alert bad certificate", 1, {ALERT(42)}},
        {"tlsv13 alert certificate required", 1, {ALERT(116)}},
        {"ssl.SSLError: [SSL: TLSV1_ALERT_UNKNOWN_CA]", 1, {ALERT(48)}},
        {"FAILED: SSLHandshakeException: (certificate_unknown) PKIX path building failed: sun.security.provider.certpath."
         "SunCertPathBuilderException: unable to find valid certification path to requested target",
         2, {CAUSE(CA_NOT_TRUSTED), CAUSE(CHAIN_MISSING_INTERMEDIATE)}},
        {"No name matching localhost found", 1, {CAUSE(HOSTNAME_MISMATCH)}},
        {"", 0, {{0}}},
        {"\x01\xff", 0, {{0}}},
        {"999", 0, {{0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mu_explained found[MU_EXPLAINED_MAX];
        size_t count = mu_explain_find(cases[i].text, found);
        bool line = cases[i].found[0].kind == MU_EXPLAINED_CAUSE && strchr(cases[i].text, ' '); /* more may follow, less likely */
        if (count < cases[i].count || (count != cases[i].count && cases[i].count != 3 && !line))
            fail_msg("%s: %zu", cases[i].text, count);
        for (size_t j = 0; j < cases[i].count; j++)
            if (found[j].kind != cases[i].found[j].kind || found[j].number != cases[i].found[j].number)
                fail_msg("%s: %d %d", cases[i].text, (int)found[j].kind, found[j].number);
    }
}

static void every_name_is_found_by_itself(void **state)
{
    (void)state;
    mu_explained found[MU_EXPLAINED_MAX];
    size_t count;
    const mu_alert_info *alerts = mu_alert_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(mu_explain_find(alerts[i].name, found) >= 1);
        assert_int_equal(found[0].number, alerts[i].alert);
    }
    for (int code = 1; code < MU_CODE_COUNT; code++) {
        size_t n = mu_explain_find(mu_code_name((mu_code)code), found);
        assert_true(n >= 1);
        assert_int_equal(found[n - 1].kind, MU_EXPLAINED_CAUSE);
        assert_int_equal(found[n - 1].number, code);
    }
    for (int error = 1; error < 90; error++)
        if (strncmp(mu_x509_error_name(error), "X509_V_ERR_", 11) == 0) {
            assert_int_equal(mu_explain_find(mu_x509_error_name(error), found), 1);
            assert_int_equal(found[0].number, error);
        }
}

static void an_x509_code_depends_on_role_and_depth(void **state)
{
    (void)state;
    mu_code codes[MU_X509_CODES_MAX];
    assert_int_equal(mu_explain_x509_codes(X509_V_ERR_INVALID_PURPOSE, codes), 3);
    assert_int_equal(codes[0], MU_E_EKU_MISSING_SERVERAUTH);
    assert_int_equal(codes[1], MU_E_EKU_MISSING_CLIENTAUTH);
    assert_int_equal(codes[2], MU_E_EKU_CA_CHAIN);
    assert_int_equal(mu_explain_x509_codes(X509_V_ERR_CERT_HAS_EXPIRED, codes), 3);
    assert_int_equal(codes[0], MU_E_CERT_EXPIRED);
    assert_int_equal(codes[1], MU_E_CLOCK_SKEW);
    assert_non_null(mu_explain_x509_apart(X509_V_ERR_CERT_HAS_EXPIRED));
    assert_null(mu_explain_x509_apart(X509_V_ERR_CERT_REVOKED));
    assert_true(mu_explain_alert_can_mean(48, MU_E_CLIENT_CA_NOT_TRUSTED));
    assert_true(mu_explain_alert_can_mean(116, MU_E_CLIENT_CERT_NOT_SENT));
    assert_false(mu_explain_alert_can_mean(116, MU_E_CERT_EXPIRED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_lines_are_recognised),
        cmocka_unit_test(every_name_is_found_by_itself),
        cmocka_unit_test(an_x509_code_depends_on_role_and_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "diag/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void errors_go_first_and_the_likeliest_of_a_failure(void **state)
{
    (void)state;
    mu_findings findings = {0};
    size_t hint = mu_findings_failure(&findings), failure = mu_findings_failure(&findings);
    mu_findings_add(&findings, hint, MU_E_CLIENT_AUTH_OPTIONAL, MU_AT_SERVER, 1)->warning = true;
    mu_findings_add(&findings, failure, MU_E_TLS_INTERCEPTED, MU_AT_UNKNOWN, 0.2);
    mu_findings_add(&findings, failure, MU_E_CA_NOT_TRUSTED, MU_AT_CLIENT, 0.6);
    mu_findings_rank(&findings);
    assert_int_equal(findings.items[0].code, MU_E_CA_NOT_TRUSTED);
    assert_int_equal(findings.items[1].code, MU_E_TLS_INTERCEPTED);
    assert_int_equal(findings.items[2].code, MU_E_CLIENT_AUTH_OPTIONAL);
    assert_int_equal(mu_findings_verdict(&findings), MU_DOCTOR_FAIL);
    mu_findings_free(&findings);
}

static void warnings_do_not_fail(void **state)
{
    (void)state;
    mu_findings findings = {0};
    assert_int_equal(mu_findings_verdict(&findings), MU_DOCTOR_OK);
    mu_findings_add(&findings, mu_findings_failure(&findings), MU_E_CLIENT_AUTH_OPTIONAL, MU_AT_SERVER, 1)->warning = true;
    assert_int_equal(mu_findings_verdict(&findings), MU_DOCTOR_OK);
    findings.undetermined = true;
    assert_int_equal(mu_findings_verdict(&findings), MU_DOCTOR_UNKNOWN);
    mu_findings_free(&findings);
}

static void evidence_stands_once(void **state)
{
    (void)state;
    mu_findings findings = {0};
    mu_finding *finding = mu_findings_add(&findings, mu_findings_failure(&findings), MU_E_CERT_EXPIRED, MU_AT_CLIENT, 1);
    for (int i = 0; i < 3; i++)
        mu_finding_evidence(&findings, finding, "line %d", 7);
    mu_finding_command(&findings, finding, "first");
    mu_finding_command(&findings, finding, "second");
    assert_int_equal(finding->evidence.count, 1);
    assert_string_equal(finding->command, "second");
    mu_findings_free(&findings);
}

static void words_survive_a_shell(void **state)
{
    (void)state;
    mu_buf out;
    mu_buf_init(&out, 1000);
    mu_shell_word(&out, "client.p12");
    mu_buf_add_str(&out, " ");
    mu_shell_word(&out, "it's $HOME");
    mu_buf_add_str(&out, " ");
    mu_shell_word(&out, "");
    assert_string_equal(mu_buf_text(&out), "client.p12 'it'\\''s $HOME' ''");
    mu_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_go_first_and_the_likeliest_of_a_failure),
        cmocka_unit_test(warnings_do_not_fail),
        cmocka_unit_test(evidence_stands_once),
        cmocka_unit_test(words_survive_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

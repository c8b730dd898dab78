#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include <openssl/asn1.h>
#include <string.h>

static void times_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time_s;
        const char *out;
    } cases[] = {
        {"1970-01-01", 0, "1970-01-01T00:00:00Z"},
        {"2026-11-23T16:10:00Z", 1795450200, "2026-11-23T16:10:00Z"},
        {"2026-11-23t17:10:00.25+01:00", 1795450200, "2026-11-23T16:10:00Z"},
        {"2026-11-23 11:40:00-04:30", 1795450200, "2026-11-23T16:10:00Z"},
        {"2000-02-29", 951782400, "2000-02-29T00:00:00Z"},
        {"1795450200", 1795450200, "2026-11-23T16:10:00Z"},
        {"9999-12-31T23:59:59Z", 253402300799, "9999-12-31T23:59:59Z"},
        {"1950-01-01", -631152000, "1950-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];
        int64_t time_s = -1;
        mu_err *err = NULL;
        assert_int_equal(mu_time_parse(cases[i].text, &time_s, &err), 0);
        assert_null(err);
        assert_true(time_s == cases[i].time_s);
        assert_string_equal(mu_time_text(time_s, out), cases[i].out);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "now", "2026-13-01", "2026-02-29", "2026-11-23T16:10:00", "2026-11-23T24:00:00Z",
                                      "2026-11-23T16:10Z", "2026-11-23T16:10:00Zx", "2026-11-23T16:10:00.Z", "-5", "23.11.2026",
                                      "1900-02-29", "2026-11-23\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t time_s = 77;
        mu_err *err = NULL;
        assert_int_equal(mu_time_parse(bad[i], &time_s, &err), -1);
        assert_int_equal(err->code, MU_E_USAGE);
        assert_true(time_s == 77);
        mu_err_free(err);
    }
}

static void asn1_times(void **state)
{
    (void)state;
    ASN1_TIME *time = ASN1_TIME_new();
    assert_true(ASN1_TIME_set_string(time, "261123161000Z"));
    assert_true(mu_time_from_asn1(time) == 1795450200);
    assert_true(ASN1_TIME_set_string(time, "19491231235959Z"));
    assert_true(mu_time_from_asn1(time) == -631152001);
    assert_true(ASN1_TIME_set_string(time, "99991231235959Z"));
    assert_true(mu_time_from_asn1(time) == 253402300799);
    assert_true(ASN1_STRING_set(time, "rubbish", 7));
    assert_true(mu_time_from_asn1(time) == INT64_MIN);
    ASN1_TIME_free(time);
}

static void durations_read_well(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(mu_duration_text(0, out), "0 seconds");
    assert_string_equal(mu_duration_text(1, out), "1 second");
    assert_string_equal(mu_duration_text(119, out), "119 seconds");
    assert_string_equal(mu_duration_text(7200, out), "2 hours");
    assert_string_equal(mu_duration_text(3 * 86400 + 5, out), "3 days");
    assert_string_equal(mu_duration_text(-7200, out), "-2 hours");
    assert_string_equal(mu_duration_text(INT64_MIN, out), "-106751991167300 days");
    assert_string_equal(mu_time_text(INT64_MAX, out), "without end");
    assert_string_equal(mu_time_text(INT64_MIN, out), "before all time");
}

static void clocks_run(void **state)
{
    (void)state;
    int64_t mono = mu_mono_ms();
    assert_true(mu_now_s() > 1700000000);
    assert_true(mu_now_ms() / 1000 >= mu_now_s() - 1);
    assert_true(mu_mono_ms() >= mono);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_and_written), cmocka_unit_test(what_is_no_time_is_refused), cmocka_unit_test(asn1_times),
        cmocka_unit_test(durations_read_well),        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

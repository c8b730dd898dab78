#include "keytool/dates.h"
#include "keytool/testing.h"

#include <time.h>

static int in_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

static void start_dates_are_the_jdks(void **state)
{
    static const struct {
        const char *text, *date; /* date NULL: refused */
    } cases[] = {
        {NULL, "Sat Jan 31 12:00:00 UTC 2026"},
        {"+1m", "Sat Feb 28 12:00:00 UTC 2026"}, /* not March 3 */
        {"+1m+1d", "Sun Mar 01 12:00:00 UTC 2026"},
        {"-1y", "Fri Jan 31 12:00:00 UTC 2025"},
        {"+2y+1m", "Tue Feb 29 12:00:00 UTC 2028"},
        {"-11m", "Fri Feb 28 12:00:00 UTC 2025"},
        {"-31d", "Wed Dec 31 12:00:00 UTC 2025"},
        {"+1H-90M+5S", "Sat Jan 31 11:30:05 UTC 2026"},
        {"2026/02/03 04:05:06", "Tue Feb 03 04:05:06 UTC 2026"},
        {"2026/02/03", "Tue Feb 03 12:00:00 UTC 2026"},
        {"04:05:06", "Sat Jan 31 04:05:06 UTC 2026"},
        {"", NULL}, {"x", NULL}, {"1d", NULL}, {"+", NULL}, {"+d", NULL}, {"+1", NULL}, {"+1x", NULL}, {"+1d2H", NULL},
        {"+-1d", NULL}, {"2026/2/3", NULL}, {"2026/02/03T04:05:06", NULL}, {"2026/02/03 04:05", NULL}, {"04:05", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mu_kt kt = test_kt();
        char shown[MU_KT_DATE_MAX] = "";
        int64_t start_s = 0;
        int rc = mu_kt_start_date(&kt, cases[i].text, &start_s);
        if (rc == 0)
            mu_kt_date_long(start_s, shown);
        assert_string_equal(shown, cases[i].date ? cases[i].date : "");
        assert_thrown(&kt, cases[i].date ? NULL : "java.io.IOException: Illegal startdate value");
    }
}

static void dates_are_english_in_any_locale(void **state)
{
    char shown[MU_KT_DATE_MAX];
    (void)state;
    mu_kt_date_medium(TEST_NOW_MS / 1000, shown);
    assert_string_equal(shown, "Jan 31, 2026");
    mu_kt_date_long(0, shown);
    assert_string_equal(shown, "Thu Jan 01 00:00:00 UTC 1970");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_dates_are_the_jdks),
        cmocka_unit_test(dates_are_english_in_any_locale),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}

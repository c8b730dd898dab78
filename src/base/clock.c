#include "base/clock.h"

#include "base/text.h"

#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>

static int64_t read_clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t mu_now_s(void)
{
    return mu_now_ms() / 1000;
}

int64_t mu_now_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

int64_t mu_mono_ms(void)
{
    return read_clock_ms(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, without the C library's time zones and 32-bit limits. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* The range in which RFC 3339 and ASN.1 have four-digit years. */
#define FIRST_S INT64_C(-62167219200) /* 0000-01-01 */
#define LAST_S INT64_C(253402300799)  /* 9999-12-31T23:59:59 */

const char *mu_time_text(int64_t time_s, char out[32])
{
    time_t t = (time_t)time_s;
    struct tm tm;
    if (time_s < FIRST_S || time_s > LAST_S || !gmtime_r(&t, &tm)) {
        snprintf(out, 32, "%s", time_s < 0 ? "before all time" : "without end");
        return out;
    }
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && is_leap(year));
}

/* Fixed digits; *p moves behind them. -1 if they are not digits. */
static int digits(const char **p, int count)
{
    int value = 0;
    for (; count > 0; count--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool skip(const char **p, char c)
{
    if (**p != c && !(c == 'T' && (**p == 't' || **p == ' ')))
        return false;
    (*p)++;
    return true;
}

/* "Z" or "+01:00": seconds east of UTC. */
static bool parse_offset(const char **p, int64_t *ret_s)
{
    int sign = **p == '-' ? -1 : 1, hour, minute;
    *ret_s = 0;
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        return true;
    }
    if (**p != '+' && **p != '-')
        return false;
    (*p)++;
    if ((hour = digits(p, 2)) < 0 || hour > 23 || !skip(p, ':') || (minute = digits(p, 2)) < 0 || minute > 59)
        return false;
    *ret_s = sign * (hour * 3600 + minute * 60);
    return true;
}

/* RFC 3339 section 5.6, and a date alone (midnight UTC). A fraction of a second is cut off. */
static bool parse_rfc3339(const char *p, int64_t *ret_s)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    int64_t offset_s = 0;

    if ((year = digits(&p, 4)) < 0 || !skip(&p, '-') || (month = digits(&p, 2)) < 0 || !skip(&p, '-') ||
        (day = digits(&p, 2)) < 0 || !is_date(year, month, day))
        return false;
    if (*p) {
        if (!skip(&p, 'T') || (hour = digits(&p, 2)) < 0 || hour > 23 || !skip(&p, ':') || (minute = digits(&p, 2)) < 0 ||
            minute > 59 || !skip(&p, ':') || (second = digits(&p, 2)) < 0 || second > 60)
            return false;
        if (*p == '.') {
            size_t count = strspn(++p, "0123456789");
            if (!count)
                return false;
            p += count;
        }
        if (!parse_offset(&p, &offset_s))
            return false;
    }
    *ret_s = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    return *p == 0;
}

int mu_time_parse(const char *text, int64_t *ret_s, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    int64_t time_s;
    long number;
    if (parse_rfc3339(text, &time_s)) {
        *ret_s = time_s;
        return 0;
    }
    if (mu_str_to_long(text, 0, LAST_S, &number)) {
        *ret_s = number;
        return 0;
    }
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is not a time", mu_escape_to(shown, text));
    return mu_err_hint(err, "write it as 2026-11-23, 2026-11-23T16:10:00Z or in seconds since 1970");
}

int64_t mu_time_from_asn1(const struct asn1_string_st *time)
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm))
        return INT64_MIN;
    return days_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

const char *mu_duration_text(int64_t seconds, char out[32])
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
    size_t i = 0;
    uint64_t length = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;

    /* "36 hours" says more than "1 day" */
    while (i < 3 && length < 2 * (uint64_t)units[i].seconds)
        i++;
    length /= (uint64_t)units[i].seconds;
    snprintf(out, 32, "%s%llu %s%s", seconds < 0 ? "-" : "", (unsigned long long)length, units[i].name, length == 1 ? "" : "s");
    return out;
}

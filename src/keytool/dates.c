#include "keytool/dates.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static bool local(int64_t time_s, struct tm *tm)
{
    time_t t = (time_t)time_s;
    return localtime_r(&t, tm) != NULL;
}

/* Not strftime: its names follow the locale, the JDK's dates here do not. */
void mu_kt_date_long(int64_t time_s, char out[MU_KT_DATE_MAX])
{
    struct tm tm;
    if (!local(time_s, &tm)) {
        snprintf(out, MU_KT_DATE_MAX, "unknown");
        return;
    }
    snprintf(out, MU_KT_DATE_MAX, "%s %s %02d %02d:%02d:%02d %s %d", days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, tm.tm_zone, tm.tm_year + 1900);
}

void mu_kt_date_medium(int64_t time_s, char out[MU_KT_DATE_MAX])
{
    struct tm tm;
    if (local(time_s, &tm))
        snprintf(out, MU_KT_DATE_MAX, "%s %d, %d", months[tm.tm_mon], tm.tm_mday, tm.tm_year + 1900);
    else
        snprintf(out, MU_KT_DATE_MAX, "unknown");
}

static int days_in_month(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month] + (month == 1 && leap);
}

/* As java.util.Calendar: a month later than January 31 is the last day of February, not March 3. */
static void add_months(struct tm *tm, long months_more)
{
    long total = (tm->tm_year + 1900L) * 12 + tm->tm_mon + months_more;
    tm->tm_year = (int)(total / 12 - 1900);
    tm->tm_mon = (int)(total % 12);
    int last = days_in_month(tm->tm_year + 1900, tm->tm_mon);
    if (tm->tm_mday > last)
        tm->tm_mday = last;
}

static bool add_unit(struct tm *tm, char unit, long amount)
{
    switch (unit) {
    case 'y': add_months(tm, amount * 12); break;
    case 'm': add_months(tm, amount); break;
    case 'd': tm->tm_mday += (int)amount; break;
    case 'H': tm->tm_hour += (int)amount; break;
    case 'M': tm->tm_min += (int)amount; break;
    case 'S': tm->tm_sec += (int)amount; break;
    default: return false;
    }
    tm->tm_isdst = -1;
    time_t t = mktime(tm);
    return t != (time_t)-1 && local(t, tm);
}

static bool relative(const char *text, struct tm *tm)
{
    while (*text) {
        int sign = *text == '-' ? -1 : 1, used = 0;
        long amount;
        char unit;
        if ((*text != '+' && *text != '-') || !isdigit((unsigned char)text[1]) ||
            sscanf(text + 1, "%9ld%c%n", &amount, &unit, &used) != 2 || !add_unit(tm, unit, sign * amount))
            return false;
        text += 1 + used;
    }
    return true;
}

/* True if text has the shape of the pattern, where 0 stands for a digit. */
static bool has_shape(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++)
        if (*pattern == '0' ? !isdigit((unsigned char)*text) : *text != *pattern)
            return false;
    return *text == '\0';
}

static bool absolute(const char *text, struct tm *tm)
{
    bool both = has_shape(text, "0000/00/00 00:00:00");
    bool date = both || has_shape(text, "0000/00/00");
    bool clock = both || has_shape(text, "00:00:00");
    const char *clock_text = both ? text + 11 : text;

    if (!date && !clock)
        return false;
    if (date) {
        sscanf(text, "%d/%d/%d", &tm->tm_year, &tm->tm_mon, &tm->tm_mday);
        tm->tm_year -= 1900;
        tm->tm_mon -= 1;
    }
    if (clock)
        sscanf(clock_text, "%d:%d:%d", &tm->tm_hour, &tm->tm_min, &tm->tm_sec);
    return true;
}

int mu_kt_start_date(mu_kt *kt, const char *text, int64_t *ret_s)
{
    struct tm tm;
    time_t t;

    *ret_s = kt->now_ms / 1000;
    if (!text)
        return 0;
    if (!local(*ret_s, &tm) || !(*text == '+' || *text == '-' ? relative(text, &tm) : absolute(text, &tm)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Illegal startdate value");
    tm.tm_isdst = -1;
    t = mktime(&tm);
    if (t == (time_t)-1)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Illegal startdate value");
    *ret_s = t;
    return 0;
}

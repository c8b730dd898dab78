#include "http/http.h"

#include <stdio.h>
#include <time.h>

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {505, "HTTP Version Not Supported"},
};

const char *mu_http_reason_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Unknown";
}

static const char *date_text(int64_t time_s, char out[32])
{
    /* strftime's names follow the locale, HTTP's do not */
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t when = (time_t)time_s;
    struct tm tm;

    gmtime_r(&when, &tm);
    snprintf(out, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return out;
}

void mu_http_write_head(mu_buf *out, const mu_http_answer *answer)
{
    char date[32];

    mu_buf_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %llu\r\n", answer->status,
                mu_http_reason_phrase(answer->status), date_text(answer->now_s, date),
                (unsigned long long)answer->content_length);
    if (answer->content_type)
        mu_buf_addf(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", answer->content_type);
    if (answer->allow)
        mu_buf_addf(out, "Allow: %s\r\n", answer->allow);
    if (!answer->keep_alive)
        mu_buf_add_str(out, "Connection: close\r\n");
    else if (answer->minor_version == 0)
        mu_buf_add_str(out, "Connection: keep-alive\r\n");
    mu_buf_add_str(out, "\r\n");
}

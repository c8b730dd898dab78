#include "client/url.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int fail_url(const char *text, const char *what, const char *hint, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    const char *authority = strstr(text, "://"), *end = authority ? authority + 3 + strcspn(authority + 3, "/?#") : text;
    while (authority && end > authority && *end != '@') /* a user's password stands before it */
        end--;
    bool user = authority && end > authority;
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s%s\": %s", user ? "https://…@" : "",
               mu_escape_to(shown, user ? end + 1 : text), what);
    return mu_err_hint(err, "%s", hint);
}

static bool is_printable_ascii(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static bool split_authority(const char *text, size_t len, char **ret_host, int *ret_port)
{
    const char *end = text + len, *host_end, *rest;
    long port = 443;
    char number[8];

    if (len > 0 && *text == '[') {
        host_end = memchr(text, ']', len);
        if (!host_end)
            return false;
        rest = host_end + 1;
        text++;
    } else {
        rest = host_end = memchr(text, ':', len) ? memchr(text, ':', len) : end;
    }
    if (host_end == text || (rest != end && *rest != ':'))
        return false;
    /* RFC 3986 3.2.3: an empty port is the default one. */
    if (rest != end && rest + 1 != end) {
        size_t digits = (size_t)(end - rest - 1);
        if (digits >= sizeof number)
            return false;
        memcpy(number, rest + 1, digits);
        number[digits] = '\0';
        if (!mu_str_to_long(number, 1, 65535, &port))
            return false;
    }
    *ret_host = mu_strndup(text, (size_t)(host_end - text));
    *ret_port = (int)port;
    return *ret_host != NULL;
}

int mu_url_parse(const char *text, mu_url *ret_url, mu_err **err)
{
    mu_url url = {0};
    const char *form = "Write https://HOST:PORT/PATH.";

    if (strncasecmp(text, "http://", 7) == 0)
        return fail_url(text, "plain HTTP has no certificates", "mutual speaks TLS only: write https://.", err);
    if (strncasecmp(text, "https://", 8) != 0)
        return fail_url(text, "not an https URL", form, err);
    if (!is_printable_ascii(text))
        return fail_url(text, "characters that must be escaped in a URL", "Write them as %XX, and host names in their xn-- form.",
                        err);
    const char *authority = text + 8;
    size_t len = strcspn(authority, "/?#");
    if (memchr(authority, '@', len))
        return fail_url(text, "a URL with a user name", "Send credentials with -H 'Authorization: …'.", err);
    if (!split_authority(authority, len, &url.host, &url.port))
        return fail_url(text, "no host and port in it", form, err);
    const char *target = authority + len;
    size_t target_len = strcspn(target, "#");
    char *path = mu_strndup(target, target_len);
    url.target = path ? mu_asprintf("%s%s", *path == '/' ? "" : "/", path) : NULL;
    free(path);
    bool bracket = strchr(url.host, ':') != NULL;
    url.authority = url.port == 443 ? mu_asprintf("%s%s%s", bracket ? "[" : "", url.host, bracket ? "]" : "")
                                    : mu_asprintf("%s%s%s:%d", bracket ? "[" : "", url.host, bracket ? "]" : "", url.port);
    if (!url.target || !url.authority) {
        mu_url_done(&url);
        return mu_fail_nomem(err);
    }
    *ret_url = url;
    return 0;
}

void mu_url_done(mu_url *url)
{
    free(url->host);
    free(url->target);
    free(url->authority);
    *url = (mu_url){0};
}

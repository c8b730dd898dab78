#include "net/address.h"

#include "base/text.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static int parse_unix(const char *path, mu_address *ret_address, mu_err **err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (!*path || strlen(path) >= sizeof un.sun_path)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a unix socket needs a path of 1 to %zu bytes", sizeof un.sun_path - 1);
    memcpy(un.sun_path, path, strlen(path));
    memcpy(&ret_address->storage, &un, sizeof un);
    ret_address->len = sizeof un;
    return 0;
}

int mu_address_parse(const char *text, mu_address *ret_address, mu_err **err)
{
    const char *colon = strrchr(text, ':');
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char host[64];
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    bool bracketed = host_len > 2 && text[0] == '[' && text[host_len - 1] == ']';
    long port;

    if (mu_str_has_prefix(text, "unix:"))
        return parse_unix(text + 5, ret_address, err);
    if (!colon || host_len >= sizeof host || !mu_str_to_long(colon + 1, 0, 65535, &port))
        goto bad;
    snprintf(host, sizeof host, "%.*s", (int)(host_len - 2 * bracketed), text + bracketed);
    in4.sin_port = in6.sin6_port = htons((uint16_t)port);
    if (!bracketed && inet_pton(AF_INET, host, &in4.sin_addr) == 1) {
        memcpy(&ret_address->storage, &in4, sizeof in4);
        ret_address->len = sizeof in4;
        return 0;
    }
    if (bracketed && inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
        memcpy(&ret_address->storage, &in6, sizeof in6);
        ret_address->len = sizeof in6;
        return 0;
    }
bad:
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is not an address to listen on", text);
    return mu_err_hint(err, "Write 127.0.0.1:8443, [::1]:8443 or unix:PATH; names are not looked up.");
}

const char *mu_address_text(const mu_address *address, char *out)
{
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr *sa = (const struct sockaddr *)&address->storage;

    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
        inet_ntop(AF_INET, &in4->sin_addr, host, sizeof host);
        snprintf(out, MU_ADDRESS_TEXT_MAX, "%s:%d", host, mu_address_port(address));
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, MU_ADDRESS_TEXT_MAX, "[%s]:%d", host, mu_address_port(address));
    } else {
        const struct sockaddr_un *un = (const struct sockaddr_un *)sa;
        bool named = address->len > offsetof(struct sockaddr_un, sun_path);
        snprintf(out, MU_ADDRESS_TEXT_MAX, "unix:%.*s", named ? (int)sizeof un->sun_path : 0, un->sun_path);
    }
    return out;
}

int mu_address_port(const mu_address *address)
{
    const struct sockaddr *sa = (const struct sockaddr *)&address->storage;

    if (sa->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)sa)->sin_port);
    return sa->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)sa)->sin6_port) : 0;
}

bool mu_address_is_unix(const mu_address *address)
{
    return address->storage.ss_family == AF_UNIX;
}

void mu_address_host_key(const mu_address *address, unsigned char out[16])
{
    static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    const struct sockaddr *sa = (const struct sockaddr *)&address->storage;

    memset(out, 0, 16);
    if (sa->sa_family == AF_INET) {
        memcpy(out, v4_prefix, 12);
        memcpy(out + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
    }
}

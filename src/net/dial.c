#include "net/dial.h"

#include "base/clock.h"
#include "net/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT_ATTEMPT_MS 250 /* RFC 8305 section 5 */
#define MAX_ADDRESSES 16

/* ---- --resolve ---- */

struct entry {
    char host[256];
    long port;
    char address[64];
};

static bool parse_entry(const char *text, struct entry *ret)
{
    const char *port = strchr(text, ':'), *address = port ? strchr(port + 1, ':') : NULL;
    char number[8];
    if (!address || port == text || (size_t)(port - text) >= sizeof ret->host || (size_t)(address - port - 1) >= sizeof number)
        return false;
    memcpy(ret->host, text, (size_t)(port - text));
    ret->host[port - text] = '\0';
    memcpy(number, port + 1, (size_t)(address - port - 1));
    number[address - port - 1] = '\0';
    address++;
    size_t len = strlen(address);
    if (len > 2 && address[0] == '[' && address[len - 1] == ']')
        address++, len -= 2;
    if (len == 0 || len >= sizeof ret->address)
        return false;
    memcpy(ret->address, address, len);
    ret->address[len] = '\0';
    return mu_str_to_long(number, 1, 65535, &ret->port);
}

static bool is_numeric(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    bool ok = getaddrinfo(address, NULL, &hints, &list) == 0;
    if (ok)
        freeaddrinfo(list);
    return ok;
}

int mu_dial_check_resolve(const mu_strlist *resolve, mu_err **err)
{
    struct entry entry;
    for (size_t i = 0; resolve && i < resolve->count; i++)
        if (!parse_entry(resolve->items[i], &entry) || !is_numeric(entry.address)) {
            char shown[MU_SHOWN_SIZE];
            return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is not HOST:PORT:ADDRESS",
                              mu_escape_to(shown, resolve->items[i]));
        }
    return 0;
}

/* The last entry that fits wins, as with options. */
static void override(const mu_strlist *resolve, const char *host, int port, struct entry *ret)
{
    struct entry entry;
    for (size_t i = 0; resolve && i < resolve->count; i++)
        if (parse_entry(resolve->items[i], &entry) && entry.port == port && mu_str_eq_nocase(entry.host, host))
            *ret = entry;
}

/* ---- attempts ---- */

struct attempts {
    mu_address address[MAX_ADDRESSES];
    size_t count, started, failed;
    struct pollfd fds[MAX_ADDRESSES]; /* fd -1: not started, or failed */
    mu_buf reasons;
    bool timed_out;
};

/* Families take turns, beginning with the one that the system prefers (RFC 8305 section 4). */
static void sort_addresses(struct attempts *a, const struct addrinfo *list)
{
    const struct addrinfo *first = list, *other = list;
    int family = list->ai_family;
    while (a->count < MAX_ADDRESSES && (first || other)) {
        while (first && first->ai_family != family)
            first = first->ai_next;
        while (other && other->ai_family == family)
            other = other->ai_next;
        const struct addrinfo **next = a->count % 2 == 0 || !other ? &first : &other;
        if (!*next)
            next = &other;
        if (!*next)
            return;
        memcpy(&a->address[a->count].storage, (*next)->ai_addr, (*next)->ai_addrlen);
        a->address[a->count++].len = (*next)->ai_addrlen;
        *next = (*next)->ai_next;
    }
}

static void note_failure(struct attempts *a, size_t i, int errnum)
{
    char text[MU_ADDRESS_TEXT_MAX];
    if (a->fds[i].fd >= 0)
        close(a->fds[i].fd);
    a->fds[i].fd = -1;
    a->failed++;
    mu_buf_addf(&a->reasons, "%s%s: %s", a->reasons.len ? ", " : "", mu_address_text(&a->address[i], text), strerror(errnum));
}

static void start_next(struct attempts *a)
{
    size_t i = a->started++;
    int one = 1;
    const struct sockaddr *sa = (const struct sockaddr *)&a->address[i].storage;
    a->fds[i] = (struct pollfd){.fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .events = POLLOUT};
    if (a->fds[i].fd < 0) {
        note_failure(a, i, errno);
        return;
    }
    setsockopt(a->fds[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(a->fds[i].fd, sa, a->address[i].len) != 0 && errno != EINPROGRESS)
        note_failure(a, i, errno);
}

/* The index of a connected socket, or -1. */
static int check_ready(struct attempts *a)
{
    for (size_t i = 0; i < a->started; i++) {
        int errnum = 0;
        socklen_t len = sizeof errnum;
        if (a->fds[i].fd < 0 || a->fds[i].revents == 0)
            continue;
        if (getsockopt(a->fds[i].fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
            errnum = errno;
        if (errnum == 0)
            return (int)i;
        note_failure(a, i, errnum);
    }
    return -1;
}

static int race(struct attempts *a, int64_t due_ms)
{
    int64_t next_ms = 0;
    for (;;) {
        int64_t now_ms = mu_mono_ms();
        bool more = a->started < a->count;
        if (more && (now_ms >= next_ms || a->failed == a->started)) {
            start_next(a);
            next_ms = now_ms + NEXT_ATTEMPT_MS;
            continue;
        }
        if (!more && a->failed == a->count)
            return -1;
        if (now_ms >= due_ms) {
            a->timed_out = true;
            return -1;
        }
        int64_t until_ms = more && next_ms < due_ms ? next_ms : due_ms;
        if (poll(a->fds, a->started, (int)(until_ms - now_ms)) > 0) {
            int winner = check_ready(a);
            if (winner >= 0)
                return winner;
        }
    }
}

static int fail_all(struct attempts *a, const char *host, int port, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, a->timed_out ? MU_E_NETWORK_TIMEOUT : MU_E_CONNECTION_REFUSED, MU_BY_OS, "no connection to \"%s\" port %d%s",
               mu_escape_to(shown, host), port, a->timed_out ? " in time" : "");
    return a->reasons.len ? mu_err_detail(err, "%s", mu_buf_text(&a->reasons)) : -1;
}

int mu_dial(const char *host, int port, const mu_dial_options *options, int *ret_fd, mu_address *ret_peer, mu_err **err)
{
    struct entry entry = {.host = ""};
    struct addrinfo *list = NULL;
    struct attempts *a;
    int64_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : MU_DIAL_TIMEOUT_MS;
    int64_t due_ms = mu_mono_ms() + timeout_ms;
    int winner;

    override(options->resolve, host, port, &entry);
    if (mu_resolve(*entry.address ? entry.address : host, port, timeout_ms, &list, err) != 0)
        return -1;
    a = calloc(1, sizeof *a);
    if (!a) {
        freeaddrinfo(list);
        return mu_fail_nomem(err);
    }
    mu_buf_init(&a->reasons, MU_BUF_TEXT_MAX);
    sort_addresses(a, list);
    winner = race(a, due_ms);
    for (size_t i = 0; i < a->started; i++)
        if ((int)i != winner && a->fds[i].fd >= 0)
            close(a->fds[i].fd);
    if (winner >= 0) {
        *ret_fd = a->fds[winner].fd;
        *ret_peer = a->address[winner];
    } else {
        fail_all(a, host, port, err);
    }
    freeaddrinfo(list);
    mu_buf_free(&a->reasons);
    free(a);
    return winner >= 0 ? 0 : -1;
}

#include "commands/inspect_server.h"

#include "base/clock.h"
#include "client/url.h"
#include "net/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 30000

bool mu_inspect_is_server(const char *name)
{
    const char *colon = strrchr(name, ':');
    long port;
    return mu_str_has_prefix(name, "https://") ||
           (colon && colon > name && !strchr(name, '/') && mu_str_to_long(colon + 1, 1, 65535, &port));
}

/* The socket does not block; these do, until the time is over. */
struct line {
    int fd;
    mu_tls_io socket;
    int64_t due_ms;
};

static int wait_for(const struct line *line, short events)
{
    struct pollfd p = {.fd = line->fd, .events = events};
    int64_t left_ms;
    while ((left_ms = line->due_ms - mu_mono_ms()) > 0) {
        int ready = poll(&p, 1, (int)left_ms);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -1;
    }
    errno = EAGAIN;
    return -1;
}

static ssize_t read_some(void *arg, void *data, size_t len)
{
    struct line *line = arg;
    ssize_t count;
    while ((count = line->socket.read(line->socket.arg, data, len)) < 0 && errno == EAGAIN)
        if (wait_for(line, POLLIN) != 0)
            return -1;
    return count;
}

static ssize_t write_some(void *arg, const void *data, size_t len)
{
    struct line *line = arg;
    ssize_t count;
    while ((count = line->socket.write(line->socket.arg, data, len)) < 0 && errno == EAGAIN)
        if (wait_for(line, POLLOUT) != 0)
            return -1;
    return count;
}

static int parse(const char *name, mu_url *ret_url, mu_err **err)
{
    if (mu_str_has_prefix(name, "https://"))
        return mu_url_parse(name, ret_url, err);
    char *text = mu_asprintf("https://%s", name);
    int rc = text ? mu_url_parse(text, ret_url, err) : mu_fail_nomem(err);
    free(text);
    return rc;
}

int mu_inspect_server(const char *name, const mu_inspect_server_options *options, mu_server_facts *ret, mu_err **err)
{
    int64_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    mu_dial_options dial = {.resolve = options->resolve, .timeout_ms = timeout_ms};
    struct line line = {.fd = -1};
    const mu_tls_io io = {read_some, write_some, &line};
    mu_url url = {0};
    mu_address peer;
    mu_err *reason = NULL;

    int rc = parse(name, &url, err);
    if (rc == 0 && mu_dial(url.host, url.port, &dial, &line.fd, &peer, &reason) != 0) {
        rc = mu_server_facts_unreachable(name, reason, ret, err);
    } else if (rc == 0) {
        line.socket = mu_tls_io_socket(&line.fd);
        line.due_ms = mu_mono_ms() + timeout_ms;
        rc = mu_server_facts_read(options->libctx, &io, name, url.host, options->at_s, ret, err);
        close(line.fd);
    }
    mu_url_done(&url);
    return rc;
}

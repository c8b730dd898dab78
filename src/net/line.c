#include "net/line.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static int wait_for(const mu_line *line, short events)
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
    mu_line *line = arg;
    const mu_tls_io socket = mu_tls_io_socket(&line->fd);
    ssize_t count;
    while ((count = socket.read(socket.arg, data, len)) < 0 && errno == EAGAIN)
        if (wait_for(line, POLLIN) != 0)
            return -1;
    return count;
}

static ssize_t write_some(void *arg, const void *data, size_t len)
{
    mu_line *line = arg;
    const mu_tls_io socket = mu_tls_io_socket(&line->fd);
    ssize_t count;
    while ((count = socket.write(socket.arg, data, len)) < 0 && errno == EAGAIN)
        if (wait_for(line, POLLOUT) != 0)
            return -1;
    return count;
}

int mu_line_open(const char *host, int port, const mu_dial_options *options, mu_line *ret, mu_err **err)
{
    *ret = (mu_line){.fd = -1};
    if (mu_dial(host, port, options, &ret->fd, &ret->peer, err) != 0)
        return -1;
    mu_line_within(ret, options->timeout_ms > 0 ? options->timeout_ms : MU_DIAL_TIMEOUT_MS);
    return 0;
}

void mu_line_within(mu_line *line, int64_t timeout_ms)
{
    line->due_ms = mu_mono_ms() + timeout_ms;
}

mu_tls_io mu_line_io(mu_line *line)
{
    return (mu_tls_io){read_some, write_some, line};
}

void mu_line_close(mu_line *line)
{
    close(line->fd);
    line->fd = -1;
}

#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct mu_listener {
    mu_address address;
    dev_t dev; /* of a unix socket's file */
    ino_t ino;
    int count;
    int fds[]; /* unix: all the same descriptor duplicated */
};

static int set(int fd, int level, int option)
{
    int one = 1;
    return setsockopt(fd, level, option, &one, sizeof one);
}

static int fail_listen(const mu_address *address, int errnum, mu_err **err)
{
    char text[MU_ADDRESS_TEXT_MAX];
    bool forbidden = errnum == EACCES || errnum == EPERM;
    mu_code code = errnum == EADDRINUSE ? MU_E_PORT_IN_USE : forbidden ? MU_E_FILE_PERMISSION : MU_E_CONFIG_INVALID;

    return mu_fail_errno(err, code, errnum, "cannot listen on %s", mu_address_text(address, text));
}

/* SO_REUSEADDR allows restarting while old connections are in TIME_WAIT; it does not allow two listeners. */
static int open_tcp(mu_address *address, bool first)
{
    int saved, family = address->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (set(fd, SOL_SOCKET, SO_REUSEADDR) == 0 && set(fd, IPPROTO_TCP, TCP_NODELAY) == 0 &&
        (family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0) && (first || set(fd, SOL_SOCKET, SO_REUSEPORT) == 0) &&
        bind(fd, (struct sockaddr *)&address->storage, address->len) == 0 && (!first || set(fd, SOL_SOCKET, SO_REUSEPORT) == 0) &&
        listen(fd, SOMAXCONN) == 0 && getsockname(fd, (struct sockaddr *)&address->storage, &address->len) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* A socket file nobody answers at is left over. */
static bool is_stale(const mu_address *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)&address->storage, address->len) < 0 && errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return stale;
}

static int open_unix(mu_listener *listener)
{
    const mu_address *address = &listener->address;
    const char *path = ((const struct sockaddr_un *)&address->storage)->sun_path;
    struct stat st;
    int saved, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && is_stale(address))
        unlink(path);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 && listen(fd, SOMAXCONN) == 0 &&
        lstat(path, &st) == 0) {
        listener->dev = st.st_dev;
        listener->ino = st.st_ino;
        return fd;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int open_one(mu_listener *listener, int worker)
{
    if (!mu_address_is_unix(&listener->address))
        return open_tcp(&listener->address, worker == 0);
    return worker == 0 ? open_unix(listener) : fcntl(listener->fds[0], F_DUPFD_CLOEXEC, 3);
}

int mu_listener_open(const mu_address *address, int workers, mu_listener **ret_listener, mu_err **err)
{
    mu_listener *listener = calloc(1, sizeof *listener + (size_t)workers * sizeof *listener->fds);

    if (!listener)
        return mu_fail_nomem(err);
    listener->address = *address;
    for (; listener->count < workers; listener->count++)
        if ((listener->fds[listener->count] = open_one(listener, listener->count)) < 0) {
            fail_listen(&listener->address, errno, err);
            mu_listener_free(listener);
            return -1;
        }
    *ret_listener = listener;
    return 0;
}

void mu_listener_free(mu_listener *listener)
{
    const char *path;
    struct stat st;

    if (!listener)
        return;
    for (int i = 0; i < listener->count; i++)
        mu_listener_close_one(listener, i);
    path = ((const struct sockaddr_un *)&listener->address.storage)->sun_path;
    if (listener->ino && lstat(path, &st) == 0 && st.st_ino == listener->ino && st.st_dev == listener->dev)
        unlink(path);
    free(listener);
}

int mu_listener_fd(const mu_listener *listener, int worker)
{
    return listener->fds[worker];
}

void mu_listener_close_one(mu_listener *listener, int worker)
{
    if (listener->fds[worker] >= 0)
        close(listener->fds[worker]);
    listener->fds[worker] = -1;
}

const mu_address *mu_listener_address(const mu_listener *listener)
{
    return &listener->address;
}

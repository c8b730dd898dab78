/* The transport below OpenSSL: the caller's two callbacks as a BIO. */
#include "tls/tls_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static ssize_t socket_read(void *arg, void *data, size_t len)
{
    ssize_t n;
    do
        n = recv(*(int *)arg, data, len, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t socket_write(void *arg, const void *data, size_t len)
{
    ssize_t n;
    do
        n = send(*(int *)arg, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

mu_tls_io mu_tls_io_socket(int *fd)
{
    return (mu_tls_io){socket_read, socket_write, fd};
}

static bool is_later(int errnum)
{
    return errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == EINTR;
}

/*
 * What OpenSSL passes over without a word (hello requests, tickets) keeps it reading for as long as more of it arrives, past every
 * time-out of ours. A handshake with the longest lists of certificates and CAs needs a third of this.
 */
#define IDLE_MAX_BYTES ((size_t)1 << 20)

static int bio_read(BIO *bio, char *data, size_t len, size_t *ret_len)
{
    mu_tls_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (conn->flooded)
        return -1;
    ssize_t n = conn->io.read(conn->io.arg, data, len);
    if (n < 0 && is_later(errno))
        BIO_set_retry_read(bio);
    else if (n < 0)
        conn->read_errno = errno;
    else if (n == 0)
        conn->eof = true;
    if (n <= 0)
        return (int)n;
    for (ssize_t i = 0; i < n && conn->first_len < sizeof conn->first; i++)
        conn->first[conn->first_len++] = (uint8_t)data[i];
    conn->idle_bytes += (size_t)n;
    conn->flooded = conn->idle_bytes > IDLE_MAX_BYTES;
    *ret_len = (size_t)n;
    return 1;
}

/*
 * When the peer no longer reads, what it said before is still waiting to be read: most often the alert that tells why. So a broken
 * transport takes everything and says nothing, OpenSSL goes on to read, and the reading side ends in the alert or in the end of
 * stream.
 */
static int bio_write(BIO *bio, const char *data, size_t len, size_t *ret_len)
{
    mu_tls_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = conn->write_errno ? (ssize_t)len : conn->io.write(conn->io.arg, data, len);
    if (n < 0 && is_later(errno)) {
        BIO_set_retry_write(bio);
        return -1;
    }
    if (n < 0) {
        conn->write_errno = errno;
        n = (ssize_t)len;
    }
    *ret_len = (size_t)n;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr)
{
    (void)bio, (void)num, (void)ptr;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *mu_tls_bio_method(void)
{
    /* The type number is only for BIO_find_type, which nobody calls: none of the library's few free numbers is used up. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mutual transport");
    if (method && BIO_meth_set_read_ex(method, bio_read) && BIO_meth_set_write_ex(method, bio_write) &&
        BIO_meth_set_ctrl(method, bio_ctrl) && BIO_meth_set_create(method, bio_create))
        return method;
    BIO_meth_free(method);
    return NULL;
}

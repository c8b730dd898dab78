#include "tls/tls_internal.h"

#include "base/ossl.h"
#include "base/text.h"
#include "tls/trace.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* RFC 1123 2.1 and RFC 5891: letters, digits, hyphens (and underscores, which exist), labels of 1 to 63, 253 in all. */
static bool is_dns_name(const char *name)
{
    size_t label = 0, len = strlen(name);
    for (const char *p = name; *p; p++) {
        bool ok = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        if (*p == '.' ? label == 0 : !ok)
            return false;
        label = *p == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return len > 0 && len <= 253 && label > 0;
}

static bool is_address(const char *host)
{
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* RFC 6066 3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"." */
static int set_host(mu_tls_conn *conn, const char *host, mu_err **err)
{
    char *bare = mu_bare_host(host);
    if (!bare)
        return mu_fail_nomem(err);
    conn->verdict.host = mu_strdup(bare);
    if (is_address(bare)) {
        conn->ip = bare;
    } else if (is_dns_name(bare)) {
        conn->host = bare;
    } else {
        char shown[MU_SHOWN_SIZE];
        mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is neither a host name nor an address", mu_escape_to(shown, bare));
        free(bare);
        return mu_err_hint(err, "Names in other scripts are written in their xn-- form.");
    }
    if (conn->host && !SSL_set_tlsext_host_name(conn->ssl, conn->host))
        return mu_fail_ossl(err, MU_E_USAGE, "\"%s\" cannot be sent as a host name", conn->host);
    return 0;
}

static int attach(mu_tls_conn *conn, mu_err **err)
{
    BIO *bio = BIO_new(conn->ctx->bio_method);
    conn->ssl = SSL_new(conn->ctx->ssl_ctx);
    if (!bio || !conn->ssl) {
        BIO_free(bio);
        return mu_fail_nomem(err);
    }
    BIO_set_data(bio, conn);
    SSL_set_bio(conn->ssl, bio, bio);
    if (!SSL_set_app_data(conn->ssl, conn)) /* it allocates, and the callbacks rely on it */
        return mu_fail_nomem(err);
    if (conn->ctx->side == MU_SIDE_SERVER)
        SSL_set_accept_state(conn->ssl);
    else
        SSL_set_connect_state(conn->ssl);
    return 0;
}

int mu_tls_conn_new(mu_tls_ctx *ctx, const mu_tls_io *io, const char *host, int64_t now_s, mu_tls_conn **ret_conn, mu_err **err)
{
    mu_tls_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return mu_fail_nomem(err);
    mu_ossl_clear();
    conn->ctx = ctx;
    conn->io = *io;
    conn->now_s = now_s;
    conn->verdict = (mu_verdict){.side = ctx->side, .depth = -1, .alert = -1};
    conn->facts = (mu_tls_facts){.alert_sent = -1, .valid_from_s = INT64_MIN, .valid_until_s = INT64_MAX};
    if (attach(conn, err) != 0 || (host && set_host(conn, host, err) != 0)) {
        mu_tls_conn_free(conn);
        return -1;
    }
    *ret_conn = conn;
    return 0;
}

void mu_tls_conn_free(mu_tls_conn *conn)
{
    if (!conn)
        return;
    SSL_free(conn->ssl);
    mu_tls_verdict_free(&conn->verdict);
    mu_trace_free(conn->trace);
    sk_X509_pop_free(conn->facts.peer_chain, X509_free);
    free(conn->facts.doubts);
    free(conn->host);
    free(conn->ip);
    free(conn);
}

static mu_tls_status fail(mu_tls_conn *conn)
{
    conn->failed = true;
    mu_tls_verdict_fail(conn);
    return MU_TLS_FAILED;
}

/* After the handshake an end of the transport is an end, not a failure; whether it was a proper one, mu_tls_conn_truncated tells.
 */
static bool is_plain_end(const mu_tls_conn *conn)
{
    return conn->verdict.handshake_done && conn->eof && ERR_peek_error() == 0;
}

static mu_tls_status classify(mu_tls_conn *conn, int rc)
{
    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_NONE:
        return MU_TLS_OK;
    case SSL_ERROR_WANT_READ:
        return MU_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return MU_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        if (!conn->verdict.handshake_done)
            return fail(conn);
        conn->closed = true;
        return MU_TLS_CLOSED;
    default:
        if (!is_plain_end(conn))
            return fail(conn);
        /* TLS 1.3: the server has not said yes, and now it is gone. That is no proper end either. */
        if (!conn->verdict.confirmed)
            return fail(conn);
        conn->closed = conn->truncated = true;
        return MU_TLS_CLOSED;
    }
}

mu_tls_status mu_tls_handshake(mu_tls_conn *conn)
{
    if (conn->failed)
        return MU_TLS_FAILED;
    if (conn->verdict.handshake_done)
        return MU_TLS_OK;
    mu_ossl_clear();
    int rc = SSL_do_handshake(conn->ssl);
    mu_tls_status status = classify(conn, rc);
    if (status == MU_TLS_OK)
        mu_tls_verdict_done(conn);
    return status;
}

mu_tls_status mu_tls_read(mu_tls_conn *conn, void *data, size_t len, size_t *ret_len)
{
    mu_tls_status status = mu_tls_handshake(conn);
    if (status != MU_TLS_OK)
        return status;
    if (conn->closed)
        return MU_TLS_CLOSED;
    mu_ossl_clear();
    status = classify(conn, SSL_read_ex(conn->ssl, data, len, ret_len) ? 1 : 0);
    if (status == MU_TLS_OK) {
        conn->verdict.confirmed = true;
        conn->idle_bytes = 0;
    }
    return status;
}

/* The transport takes no more. What the peer said before it went is read: an alert ends in the verdict, data waits for mu_tls_read.
 */
static mu_tls_status after_broken_write(mu_tls_conn *conn)
{
    char byte;
    size_t got;
    mu_ossl_clear();
    mu_tls_status status = classify(conn, SSL_peek_ex(conn->ssl, &byte, 1, &got) ? 1 : 0);
    if (status == MU_TLS_OK)
        return MU_TLS_CLOSED;
    return status == MU_TLS_CLOSED || status == MU_TLS_FAILED ? status : fail(conn);
}

mu_tls_status mu_tls_write(mu_tls_conn *conn, const void *data, size_t len, size_t *ret_len)
{
    mu_tls_status status = mu_tls_handshake(conn);
    if (status != MU_TLS_OK)
        return status;
    mu_ossl_clear();
    status = classify(conn, SSL_write_ex(conn->ssl, data, len, ret_len) ? 1 : 0);
    return status == MU_TLS_OK && conn->write_errno ? after_broken_write(conn) : status;
}

mu_tls_status mu_tls_shutdown(mu_tls_conn *conn)
{
    if (conn->failed || conn->close_sent || !conn->verdict.handshake_done)
        return MU_TLS_OK;
    mu_ossl_clear();
    int rc = SSL_shutdown(conn->ssl);
    if (rc < 0 && SSL_get_error(conn->ssl, rc) == SSL_ERROR_WANT_WRITE)
        return MU_TLS_WANT_WRITE;
    conn->close_sent = true;
    mu_ossl_clear();
    return MU_TLS_OK;
}

bool mu_tls_conn_truncated(const mu_tls_conn *conn)
{
    return conn->truncated;
}

const mu_verdict *mu_tls_conn_verdict(mu_tls_conn *conn)
{
    return &conn->verdict;
}

X509 *mu_tls_conn_get0_peer_cert(mu_tls_conn *conn)
{
    return conn->facts.peer_chain ? sk_X509_value(conn->facts.peer_chain, 0) : SSL_get0_peer_certificate(conn->ssl);
}

STACK_OF(X509) * mu_tls_conn_get0_peer_chain(mu_tls_conn *conn)
{
    return conn->facts.peer_chain;
}

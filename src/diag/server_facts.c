#include "diag/server_facts.h"

#include "base/ossl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1u << 20) /* of a whole handshake; the longest lists of certificates and CAs need a third */

struct probe {
    const mu_tls_io *io;
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    size_t received;
    uint8_t first; /* byte received */
    int alert;     /* received; -1: none */
    bool done, ended;
    int io_errno;
    bool requested;
};

/* ---- OpenSSL's callbacks ---- */

/* Not an acceptance: the connection is closed before a byte of data is sent or read. */
static int look_only(X509_STORE_CTX *store_ctx, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store_ctx, X509_V_OK);
    return 1;
}

static int on_request(SSL *ssl, void *arg)
{
    struct probe *p = SSL_get_app_data(ssl);
    (void)arg;
    p->requested = true;
    return 1; /* and send none */
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct probe *p = SSL_get_app_data(ssl);
    if (where == SSL_CB_READ_ALERT)
        p->alert = value & 0xff;
}

/* ---- moving bytes ---- */

/* If it fails, the next read tells why. */
static void flush(struct probe *p)
{
    char *data;
    long len = BIO_get_mem_data(p->out, &data);
    ssize_t sent;
    for (; len > 0 && (sent = p->io->write(p->io->arg, data, (size_t)len)) > 0; len -= sent)
        data += sent;
    (void)BIO_reset(p->out);
}

static int fill(struct probe *p)
{
    uint8_t data[16384];
    ssize_t len = p->received < MAX_BYTES ? p->io->read(p->io->arg, data, sizeof data) : 0;
    if (len <= 0) {
        p->ended = len == 0;
        p->io_errno = len < 0 ? errno : 0;
        return -1;
    }
    if (p->received == 0)
        p->first = data[0];
    p->received += (size_t)len;
    return BIO_write(p->in, data, (int)len) == len ? 0 : -1;
}

static void shake_hands(struct probe *p)
{
    for (;;) {
        mu_ossl_clear();
        int rc = SSL_do_handshake(p->ssl), error = SSL_get_error(p->ssl, rc);
        /* A server that has refused may no longer read; what it said has been read. */
        flush(p);
        p->done = rc == 1;
        if (p->done || error != SSL_ERROR_WANT_READ || fill(p) != 0)
            break;
    }
    if (p->done) {
        SSL_shutdown(p->ssl);
        flush(p);
    }
}

/* ---- what came of it ---- */

/* change_cipher_spec, alert, handshake, application_data (RFC 8446 section 5.1). */
static bool is_record(uint8_t first)
{
    return first >= 20 && first <= 23;
}

static int explain(const struct probe *p, const char *where, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_escape_to(shown, where);
    if (p->received > 0 && !is_record(p->first))
        return mu_fail(err, MU_E_TLS_TO_PLAINTEXT_PORT, "\"%s\" does not answer in TLS", shown);
    if (p->alert >= 0)
        return mu_fail_by(err, MU_E_PEER_REFUSED, MU_BY_PEER, "\"%s\" refused: alert %s (%d)", shown, mu_alert_name(p->alert),
                          p->alert);
    if (p->io_errno == EAGAIN)
        return mu_fail_by(err, MU_E_HANDSHAKE_TIMEOUT, MU_BY_US, "\"%s\" did not finish the TLS handshake in time", shown);
    if (p->received >= MAX_BYTES)
        return mu_fail(err, MU_E_HANDSHAKE_MESSAGE_TOO_LARGE, "\"%s\" sends more than a handshake needs", shown);
    if (p->io_errno)
        return mu_fail_errno(err, MU_E_PEER_CLOSED, p->io_errno, "\"%s\" broke the connection", shown);
    if (p->ended)
        return mu_fail_by(err, MU_E_PEER_CLOSED, MU_BY_PEER, "\"%s\" closed the connection before its certificate came", shown);
    return mu_fail_ossl(err, MU_E_PROTOCOL_ERROR, "the handshake with \"%s\" failed", shown);
}

static void check_protocol(const struct probe *p, mu_server_facts *f)
{
    if (SSL_version(p->ssl) < TLS1_2_VERSION)
        mu_problems_add(&f->problems, MU_E_PROTOCOL_VERSION_MISMATCH, false, -1, "its highest version is %s", f->version);
    else if (SSL_version(p->ssl) == TLS1_2_VERSION && !SSL_get_secure_renegotiation_support(p->ssl))
        mu_problems_add(&f->problems, MU_E_LEGACY_RENEGOTIATION, false, -1, "it does not announce RFC 5746");
    if (!p->done && !(p->requested && p->alert >= 0)) {
        mu_err *reason = NULL;
        explain(p, f->where, &reason);
        mu_problems_add(&f->problems, reason->code, false, -1, "after its certificate the handshake failed: %s%s%s", reason->msg,
                        reason->detail ? ": " : "", reason->detail ? reason->detail : "");
        mu_err_free(reason);
    }
}

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void check_name(const char *host, mu_server_facts *f)
{
    bool ip = is_address(host);
    mu_err *err = NULL;
    if (mu_cert_check_name(f->chain.certs[0].cert, ip ? NULL : host, ip ? host : NULL, &err) != 0 &&
        !mu_problems_have(&f->problems, err->code))
        mu_problems_add(&f->problems, err->code, false, 0, "%s%s%s", err->msg, err->detail ? ": " : "",
                        err->detail ? err->detail : "");
    mu_err_free(err);
}

static int read_issuers(const struct probe *p, mu_server_facts *f, mu_err **err)
{
    const STACK_OF(X509_NAME) *names = p->requested ? SSL_get0_peer_CA_list(p->ssl) : NULL;
    for (int i = 0; i < sk_X509_NAME_num(names); i++) {
        char *name = mu_name_text(sk_X509_NAME_value(names, i));
        int rc = name ? mu_strlist_add(&f->issuers, name) : -1;
        free(name);
        if (rc != 0)
            return mu_fail_nomem(err);
    }
    return 0;
}

static char *copy(const char *text)
{
    return text ? mu_strdup(text) : NULL;
}

static int collect(const struct probe *p, const char *host, int64_t at_s, mu_server_facts *f, mu_err **err)
{
    const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(p->ssl);
    const SSL_CIPHER *cipher = SSL_get_current_cipher(p->ssl);
    if (sk_X509_num(chain) < 1) {
        explain(p, f->where, &f->err);
        return 0;
    }
    f->version = copy(SSL_get_version(p->ssl));
    f->cipher = copy(cipher ? SSL_CIPHER_standard_name(cipher) : NULL);
    f->group = copy(SSL_group_to_name(p->ssl, (int)SSL_get_negotiated_group(p->ssl)));
    f->cert_requested = p->requested;
    if (!f->version)
        return mu_fail_nomem(err);
    if (mu_chain_facts_read(chain, &f->chain, err) != 0 || read_issuers(p, f, err) != 0)
        return -1;
    check_protocol(p, f);
    mu_chain_problems(&f->chain, MU_ROLE_SERVER, at_s, &f->problems);
    check_name(host, f);
    return f->problems.failed ? mu_fail_nomem(err) : 0;
}

static SSL_CTX *make_context(OSSL_LIB_CTX *libctx)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(libctx, NULL, TLS_client_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | MU_OSSL_NO_CERT_COMPRESSION);
    SSL_CTX_set_max_cert_list(ctx, MAX_BYTES);
    SSL_CTX_set_cert_verify_callback(ctx, look_only, NULL);
    SSL_CTX_set_cert_cb(ctx, on_request, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    return ctx;
}

int mu_server_facts_read(OSSL_LIB_CTX *libctx, const mu_tls_io *io, const char *where, const char *host, int64_t at_s,
                         mu_server_facts *ret, mu_err **err)
{
    struct probe p = {.io = io, .alert = -1};
    int rc = -1;

    *ret = (mu_server_facts){.where = mu_strdup(where)};
    mu_ossl_clear();
    SSL_CTX *ctx = make_context(libctx);
    p.ssl = ctx ? SSL_new(ctx) : NULL;
    p.in = BIO_new(BIO_s_mem());
    p.out = BIO_new(BIO_s_mem());
    if (!ret->where || !p.ssl || !p.in || !p.out) {
        BIO_free(p.in);
        BIO_free(p.out);
        mu_fail_nomem(err);
        goto out;
    }
    BIO_set_mem_eof_return(p.in, -1);
    SSL_set_bio(p.ssl, p.in, p.out);
    SSL_set_app_data(p.ssl, &p);
    SSL_set_connect_state(p.ssl);
    if (!is_address(host) && !SSL_set_tlsext_host_name(p.ssl, host)) {
        mu_fail_ossl(&ret->err, MU_E_USAGE, "the name cannot be sent to a server");
        rc = 0;
        goto out;
    }
    shake_hands(&p);
    rc = collect(&p, host, at_s, ret, err);
out:
    SSL_free(p.ssl);
    SSL_CTX_free(ctx);
    mu_ossl_clear();
    return rc;
}

int mu_server_facts_unreachable(const char *where, mu_err *reason, mu_server_facts *ret, mu_err **err)
{
    *ret = (mu_server_facts){.where = mu_strdup(where), .err = reason};
    return ret->where ? 0 : mu_fail_nomem(err);
}

void mu_server_facts_done(mu_server_facts *facts)
{
    free(facts->where);
    free(facts->version);
    free(facts->cipher);
    free(facts->group);
    mu_err_free(facts->err);
    mu_chain_facts_done(&facts->chain);
    mu_strlist_free(&facts->issuers);
    mu_problems_free(&facts->problems);
    *facts = (mu_server_facts){0};
}

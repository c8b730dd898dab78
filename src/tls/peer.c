/* What OpenSSL calls during a handshake: the judge of the peer's certificate, and the witnesses. */
#include "tls/tls_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "tls/trace.h"

#include <openssl/err.h>
#include <stdlib.h>

enum { HANDSHAKE_SERVER_HELLO = 2, HANDSHAKE_SESSION_TICKET = 4, HANDSHAKE_CERTIFICATE = 11, HANDSHAKE_CERTIFICATE_REQUEST = 13 };

/* The client's hello or the server's: the peer speaks TLS. */
static bool is_peer_hello(mu_side side, uint8_t type)
{
    return side == MU_SIDE_CLIENT ? type == HANDSHAKE_SERVER_HELLO : type == 1;
}

void mu_tls_msg_cb(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
    mu_tls_conn *conn = SSL_get_app_data(ssl);
    const uint8_t *message = data;
    (void)version, (void)arg;
    if (conn && conn->trace)
        mu_trace_note(conn->trace, sent, type, message, len, SSL_version(ssl) == TLS1_3_VERSION);
    if (!conn || type != SSL3_RT_HANDSHAKE || len < 4)
        return;
    if (!sent && is_peer_hello(conn->ctx->side, message[0]))
        conn->facts.hello_read = true;
    if (!sent && message[0] == HANDSHAKE_CERTIFICATE_REQUEST)
        conn->facts.cert_requested = true;
    /* A server hands out tickets only after it has accepted the client's part of the handshake. */
    if (!sent && message[0] == HANDSHAKE_SESSION_TICKET && SSL_version(ssl) == TLS1_3_VERSION)
        conn->verdict.confirmed = true;
    /* Header, in TLS 1.3 an empty context, and an empty list are at most 8 bytes; any certificate is longer. */
    if (sent && message[0] == HANDSHAKE_CERTIFICATE) {
        conn->facts.own_cert_sent = len > 8;
        conn->facts.own_cert_empty = len <= 8;
    }
}

void mu_tls_info_cb(const SSL *ssl, int where, int value)
{
    mu_tls_conn *conn = SSL_get_app_data(ssl);
    if (conn && where == SSL_CB_WRITE_ALERT && (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
        conn->facts.alert_sent = value & 0xff;
}

/* ---- judging the peer ---- */

static mu_verify_params verify_params(const mu_tls_conn *conn, STACK_OF(X509) * sent)
{
    return (mu_verify_params){
        .libctx = conn->ctx->libctx,
        .trusted = conn->ctx->trust->certs,
        .untrusted = sent,
        .crls = conn->ctx->trust->crls,
        .purpose = conn->ctx->side == MU_SIDE_CLIENT ? MU_PURPOSE_SERVER : MU_PURPOSE_CLIENT,
        .rules = MU_RULES_OPENSSL,
        .host = conn->host,
        .ip = conn->ip,
        .at_s = conn->now_s,
        .max_depth = -1,
        .security_level = -1,
    };
}

int mu_tls_verify_cb(X509_STORE_CTX *store_ctx, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    mu_tls_conn *conn = SSL_get_app_data(ssl);
    mu_verify_params params = verify_params(conn, X509_STORE_CTX_get0_untrusted(store_ctx));
    mu_chain_verdict judged = {0};
    mu_err *err = NULL;

    (void)arg;
    sk_X509_pop_free(conn->facts.peer_chain, X509_free);
    conn->facts.peer_chain = X509_chain_up_ref(params.untrusted);
    /* No verdict is no acceptance. */
    conn->verdict.code = MU_E_INTERNAL;
    conn->verdict.x509_error = X509_V_ERR_UNSPECIFIED;
    if (mu_chain_verify(X509_STORE_CTX_get0_cert(store_ctx), &params, &judged, &err) == 0) {
        conn->verdict.code = judged.code;
        conn->verdict.depth = judged.depth;
        conn->verdict.x509_error = judged.x509_error;
        if (judged.code == MU_OK)
            mu_tls_note_validity(&conn->facts, judged.chain, conn->ctx->trust->crls);
        else if (judged.x509_error == X509_V_OK)
            conn->verdict.x509_error = X509_V_ERR_CERT_REJECTED;
        mu_tls_set_text(&conn->verdict.detail, judged.detail);
        mu_tls_set_text(&conn->verdict.hint, judged.hint);
        judged.detail = judged.hint = NULL;
    } else {
        mu_tls_set_text(&conn->verdict.detail, mu_strdup(err ? err->msg : ""));
    }
    conn->verdict.source = conn->ctx->trust->source;
    X509_STORE_CTX_set_error(store_ctx, conn->verdict.x509_error);
    mu_chain_verdict_done(&judged);
    mu_err_free(err);
    return conn->verdict.code == MU_OK;
}

/* ---- client: why our identity goes out, or not ---- */

/* As the JDK decides: some certificate of the chain was issued by a name on the list. */
static bool is_issuer_listed(const STACK_OF(X509_NAME) * names, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        for (int j = 0; j < sk_X509_NAME_num(names); j++)
            if (X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(chain, i)), sk_X509_NAME_value(names, j)) == 0)
                return true;
    return false;
}

/* The server's list of signature schemes has one for this type of key. */
static bool is_key_accepted(SSL *ssl, const EVP_PKEY *key)
{
    int count = SSL_get_shared_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL);
    int type = EVP_PKEY_get_base_id(key);
    if (count == 0 || type <= 0) /* nothing to compare */
        return true;
    for (int i = 0; i < count; i++) {
        int sign = NID_undef;
        SSL_get_shared_sigalgs(ssl, i, &sign, NULL, NULL, NULL, NULL);
        if (sign == type || (sign == EVP_PKEY_RSA_PSS && type == EVP_PKEY_RSA))
            return true;
    }
    return false;
}

static void add_doubts(mu_buf *note, mu_tls_conn *conn)
{
    char *own = mu_identity_doubts(conn->ctx->identity, MU_PURPOSE_CLIENT, conn->now_s);
    if (conn->facts.issuer_excluded)
        mu_buf_add_str(note, "; its issuer is not among the names that the server accepts");
    if (!is_key_accepted(conn->ssl, conn->ctx->identity->key))
        mu_buf_add_str(note, "; the server accepts no signature by this type of key");
    if (own && *own)
        mu_buf_addf(note, "; %s", own);
    free(own);
}

/*
 * Called when the server asks for a certificate. What the user configured is sent, also if it looks wrong: then the server says
 * what it thinks of it. A client that silently sends nothing, as a JVM does when the issuer is not listed, turns every fault into
 * certificate_required. What looks wrong is noted.
 */
int mu_tls_cert_cb(SSL *ssl, void *arg)
{
    mu_tls_conn *conn = SSL_get_app_data(ssl);
    const mu_identity *identity = conn->ctx->identity;
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
    mu_buf doubts;

    (void)arg;
    if (!identity)
        return 1;
    mu_buf_init(&doubts, MU_BUF_TEXT_MAX);
    conn->facts.issuer_excluded = sk_X509_NAME_num(names) > 0 && !is_issuer_listed(names, identity->chain);
    add_doubts(&doubts, conn);
    mu_tls_set_text(&conn->facts.doubts, mu_buf_steal(&doubts));
    return 1;
}

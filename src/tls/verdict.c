/* How a handshake ended, from OpenSSL's error queue and from what was seen on the way. */
#include "tls/alert.h"
#include "tls/tls_internal.h"

#include "base/ossl.h"
#include "base/text.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

void mu_tls_set_text(char **field, char *text)
{
    free(*field);
    *field = text;
}

void mu_tls_verdict_free(mu_verdict *v)
{
    char *texts[] = {v->peer_subject, v->peer_issuer, v->peer_serial, v->peer_names, v->identity_note, v->detail, v->hint, v->host};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
}

static const char *peer_name(const mu_tls_conn *conn)
{
    return conn->ctx->side == MU_SIDE_CLIENT ? "server" : "client";
}

/* ---- what is known in any case ---- */

static void fill_peer(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    X509 *cert = mu_tls_conn_get0_peer_cert(conn);
    if (!cert)
        return;
    mu_tls_set_text(&v->peer_subject, mu_name_text(X509_get_subject_name(cert)));
    mu_tls_set_text(&v->peer_issuer, mu_name_text(X509_get_issuer_name(cert)));
    mu_tls_set_text(&v->peer_serial, mu_cert_serial(cert));
    mu_tls_set_text(&v->peer_names, mu_cert_san_text(cert));
}

static char *identity_note(const mu_tls_conn *conn)
{
    const mu_identity *identity = conn->ctx->identity;
    const char *doubts = conn->facts.doubts ? conn->facts.doubts : "";
    if (!conn->facts.cert_requested)
        return identity && conn->facts.hello_read
                   ? mu_asprintf("the server did not ask for a certificate, %s was not used", identity->source)
                   : NULL;
    if (!identity)
        return mu_strdup("the server asked for a certificate, and no identity is configured");
    if (conn->facts.own_cert_sent)
        return mu_asprintf("the server asked for a certificate and was sent %s%s", identity->source, doubts);
    return mu_asprintf("the server asked for a certificate and was not sent %s%s", identity->source, doubts);
}

static void fill_common(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(conn->ssl);
    if (conn->facts.hello_read)
        v->version = SSL_get_version(conn->ssl);
    if (cipher) {
        v->cipher = SSL_CIPHER_standard_name(cipher);
        v->group = SSL_group_to_name(conn->ssl, (int)SSL_get_negotiated_group(conn->ssl));
    }
    v->cert_requested = conn->facts.cert_requested;
    v->identity_sent = conn->facts.own_cert_sent;
    fill_peer(conn);
    if (conn->ctx->side == MU_SIDE_CLIENT)
        mu_tls_set_text(&v->identity_note, identity_note(conn));
}

void mu_tls_verdict_done(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    fill_common(conn);
    v->code = MU_OK;
    v->handshake_done = true;
    /* In TLS 1.3 the server judges the client's certificate after the client is done; all others have heard the last word. */
    if (conn->ctx->side == MU_SIDE_SERVER || SSL_version(conn->ssl) != TLS1_3_VERSION)
        v->confirmed = true;
    if (conn->ctx->trust && mu_tls_conn_get0_peer_cert(conn))
        v->source = conn->ctx->trust->source;
}

/* ---- the peer refused: what can it have meant ---- */

static mu_alert_phase phase_of(const mu_tls_conn *conn)
{
    if (conn->facts.own_cert_sent)
        return MU_PHASE_CERT;
    return conn->ctx->side == MU_SIDE_CLIENT && conn->facts.own_cert_empty ? MU_PHASE_NO_CERT : MU_PHASE_HELLO;
}

static void promote(mu_verdict *v, mu_code code)
{
    size_t at = 0;
    while (at < v->candidate_count && v->candidates[at] != code)
        at++;
    if (at == v->candidate_count) {
        if (at == MU_MAX_CANDIDATES)
            at--;
        else
            v->candidate_count++;
    }
    memmove(v->candidates + 1, v->candidates, at * sizeof *v->candidates);
    v->candidates[0] = code;
}

static void decide(mu_verdict *v, mu_code code)
{
    v->candidates[0] = code;
    v->candidate_count = 1;
}

/* What we know of our own certificate moves to the front; where the alert says just that, it is the answer. */
static void weigh_own_cert(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    bool client = conn->ctx->side == MU_SIDE_CLIENT;
    X509 *own = conn->ctx->identity ? mu_identity_get0_cert(conn->ctx->identity) : NULL;
    bool vague =
        v->alert == SSL_AD_CERTIFICATE_UNKNOWN || v->alert == SSL_AD_BAD_CERTIFICATE || v->alert == SSL_AD_HANDSHAKE_FAILURE;

    if (!own || !conn->facts.own_cert_sent)
        return;
    if (conn->facts.issuer_excluded && (vague || v->alert == SSL_AD_UNKNOWN_CA))
        promote(v, MU_E_CLIENT_CA_NOT_TRUSTED);
    if (!(X509_get_key_usage(own) & KU_DIGITAL_SIGNATURE) && (vague || v->alert == SSL_AD_UNSUPPORTED_CERTIFICATE))
        promote(v, MU_E_KEY_USAGE_WRONG);
    if (!(X509_get_extended_key_usage(own) & ((client ? XKU_SSL_CLIENT : XKU_SSL_SERVER) | XKU_ANYEKU))) {
        mu_code code = client ? MU_E_EKU_MISSING_CLIENTAUTH : MU_E_EKU_MISSING_SERVERAUTH;
        if (v->alert == SSL_AD_UNSUPPORTED_CERTIFICATE)
            decide(v, code);
        else if (vague)
            promote(v, code);
    }
    if (conn->now_s < mu_cert_not_before_s(own) && vague)
        promote(v, MU_E_CERT_NOT_YET_VALID);
    if (conn->now_s > mu_cert_not_after_s(own)) {
        if (v->alert == SSL_AD_CERTIFICATE_EXPIRED)
            decide(v, MU_E_CERT_EXPIRED);
        else if (vague)
            promote(v, MU_E_CERT_EXPIRED);
    }
}

/* The name that the client asked for (SNI) against the names that our certificate has. Without one it came by address. */
static void weigh_own_names(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    const char *asked = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    mu_err *err = NULL;

    if (conn->ctx->side != MU_SIDE_SERVER || (v->alert != SSL_AD_CERTIFICATE_UNKNOWN && v->alert != SSL_AD_BAD_CERTIFICATE))
        return;
    if (asked && mu_cert_check_name(mu_identity_get0_cert(conn->ctx->identity), asked, NULL, &err) != 0)
        promote(v, err ? err->code : MU_E_HOSTNAME_MISMATCH);
    mu_err_free(err);
}

/* The note says the same and more, if there is one. */
static const char *when(const mu_tls_conn *conn, mu_alert_phase phase)
{
    return phase != MU_PHASE_HELLO && conn->verdict.identity_note ? conn->verdict.identity_note : mu_alert_phase_text(phase);
}

static void fail_by_peer(mu_tls_conn *conn, int alert)
{
    mu_verdict *v = &conn->verdict;
    mu_alert_phase phase = phase_of(conn);
    v->code = MU_E_PEER_REFUSED;
    v->by = MU_BY_PEER;
    v->alert = alert;
    v->alert_sent = false;
    v->depth = -1;
    v->x509_error = X509_V_OK;
    v->candidate_count = mu_alert_candidates(alert, v->side, phase, v->candidates);
    weigh_own_names(conn);
    weigh_own_cert(conn);
    if (conn->ctx->identity && conn->facts.own_cert_sent)
        v->source = conn->ctx->identity->source;
    mu_tls_set_text(&v->detail, mu_asprintf("received alert %s (%d), %s", mu_alert_name(alert), alert, when(conn, phase)));
}

/* ---- the peer went away without a word ---- */

static void fail_closed(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    mu_alert_phase phase = phase_of(conn);
    int errnum = conn->read_errno ? conn->read_errno : conn->write_errno;
    bool client = conn->ctx->side == MU_SIDE_CLIENT;

    v->code = MU_E_PEER_CLOSED;
    v->by = errnum ? MU_BY_OS : MU_BY_PEER;
    if (phase == MU_PHASE_NO_CERT)
        promote(v, MU_E_CLIENT_CERT_NOT_SENT);
    else if (phase == MU_PHASE_CERT && !v->confirmed)
        promote(v, client ? MU_E_CLIENT_CA_NOT_TRUSTED : MU_E_CA_NOT_TRUSTED);
    else if (!client && conn->first_len == 0)
        promote(v, MU_E_LB_HEALTH_CHECK);
    mu_tls_set_text(&v->detail, mu_asprintf("the %s %s without an alert%s%s%s, %s", peer_name(conn),
                                            errnum ? "broke the connection" : "closed the connection", errnum ? " (" : "",
                                            errnum ? strerror(errnum) : "", errnum ? ")" : "",
                                            v->confirmed ? "after the handshake" : when(conn, phase)));
}

/* ---- we refused ---- */

/* RFC 8446 5.1: content types 20 to 24, then a version whose first byte is 3. */
static bool is_plaintext(const mu_tls_conn *conn)
{
    bool record = conn->first[0] >= 20 && conn->first[0] <= 24 && (conn->first_len < 2 || conn->first[1] == 3);
    return conn->first_len > 0 && !conn->facts.hello_read && !record;
}

static void fail_plaintext(mu_tls_conn *conn)
{
    char *safe = mu_escape_dup(conn->first, conn->first_len);
    conn->verdict.code = conn->ctx->side == MU_SIDE_CLIENT ? MU_E_TLS_TO_PLAINTEXT_PORT : MU_E_PLAINTEXT_TO_TLS_PORT;
    mu_tls_set_text(&conn->verdict.detail,
                    mu_asprintf("the %s's first bytes are no TLS: \"%s\"", peer_name(conn), safe ? safe : ""));
    free(safe);
}

static void fail_flooded(mu_tls_conn *conn)
{
    conn->verdict.code = MU_E_PROTOCOL_ERROR;
    mu_tls_set_text(&conn->verdict.detail,
                    mu_asprintf("the %s sent %zu bytes that got %s no further", peer_name(conn), conn->idle_bytes,
                                conn->verdict.handshake_done ? "the connection" : "the handshake"));
}

static bool has_common_suite(SSL *ssl)
{
    STACK_OF(SSL_CIPHER) *offered = SSL_get_client_ciphers(ssl), *own = SSL_get_ciphers(ssl);
    for (int i = 0; i < sk_SSL_CIPHER_num(offered); i++)
        if (sk_SSL_CIPHER_find(own, (SSL_CIPHER *)sk_SSL_CIPHER_value(offered, i)) >= 0)
            return true;
    return false;
}

/* RFC 8422 5.1: in TLS 1.2 the client's groups hold for the curve of the certificate, too. */
static bool is_curve_shared(SSL *ssl)
{
    char name[64];
    size_t len;
    EVP_PKEY *key = SSL_get_privatekey(ssl);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || !EVP_PKEY_get_group_name(key, name, sizeof name, &len))
        return true;
    for (int i = 0, count = (int)SSL_get_shared_group(ssl, -1); i < count; i++)
        if (SSL_get_shared_group(ssl, i) == OBJ_txt2nid(name))
            return true;
    return false;
}

/* TLS 1.2 negotiates suite, group and type of key in one: tell apart which of them was missing. */
static mu_code no_shared_cipher(SSL *ssl)
{
    if (!has_common_suite(ssl))
        return MU_E_CIPHER_MISMATCH;
    return SSL_get_shared_group(ssl, -1) == 0 || !is_curve_shared(ssl) ? MU_E_NAMED_GROUP_MISMATCH : MU_E_CIPHER_KEYTYPE_MISMATCH;
}

static const struct {
    int reason;
    mu_code code;
} reasons[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, MU_E_CLIENT_CERT_NOT_SENT},
    {SSL_R_UNSUPPORTED_PROTOCOL, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_VERSION_TOO_LOW, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_VERSION_TOO_HIGH, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_WRONG_SSL_VERSION, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_WRONG_VERSION_NUMBER, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_UNKNOWN_PROTOCOL, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_INAPPROPRIATE_FALLBACK, MU_E_PROTOCOL_VERSION_MISMATCH},
    {SSL_R_NO_CIPHERS_AVAILABLE, MU_E_CIPHER_MISMATCH},
    {SSL_R_WRONG_CIPHER_RETURNED, MU_E_CIPHER_MISMATCH},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, MU_E_CIPHER_MISMATCH},
    {SSL_R_NO_SUITABLE_KEY_SHARE, MU_E_NAMED_GROUP_MISMATCH},
    {SSL_R_NO_SUITABLE_GROUPS, MU_E_NAMED_GROUP_MISMATCH},
    {SSL_R_WRONG_CURVE, MU_E_NAMED_GROUP_MISMATCH},
    {SSL_R_BAD_KEY_SHARE, MU_E_NAMED_GROUP_MISMATCH},
    {SSL_R_UNSUPPORTED_ELLIPTIC_CURVE, MU_E_NAMED_GROUP_MISMATCH},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, MU_E_SIGALG_MISMATCH},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, MU_E_SIGALG_MISMATCH},
    {SSL_R_WRONG_SIGNATURE_TYPE, MU_E_SIGALG_MISMATCH},
    {SSL_R_WRONG_CERTIFICATE_TYPE, MU_E_KEYTYPE_MISMATCH},
    {SSL_R_DH_KEY_TOO_SMALL, MU_E_DH_PARAMETERS_WEAK},
    {SSL_R_EE_KEY_TOO_SMALL, MU_E_WEAK_KEY_SIZE},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, MU_E_LEGACY_RENEGOTIATION},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, MU_E_HANDSHAKE_MESSAGE_TOO_LARGE},
    {SSL_R_BAD_SIGNATURE, MU_E_KEY_CERT_MISMATCH},
    {SSL_R_HTTP_REQUEST, MU_E_PLAINTEXT_TO_TLS_PORT},
    {SSL_R_HTTPS_PROXY_REQUEST, MU_E_PLAINTEXT_TO_TLS_PORT},
};

static mu_code code_from_reason(SSL *ssl, int reason)
{
    if (reason == SSL_R_NO_SHARED_CIPHER)
        return no_shared_cipher(ssl);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].reason == reason)
            return reasons[i].code;
    return MU_E_PROTOCOL_ERROR;
}

/* The earliest entry of libssl is the cause; what lies before it is noise from below. 0 if there is none. */
static int take_reason(void)
{
    int first = 0;
    unsigned long code;
    while ((code = ERR_get_error()) != 0)
        if (first == 0 && ERR_GET_LIB(code) == ERR_LIB_SSL)
            first = ERR_GET_REASON(code);
    return first;
}

static void fail_by_reason(mu_tls_conn *conn, int reason)
{
    mu_verdict *v = &conn->verdict;
    const char *text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, (unsigned)reason));
    v->code = code_from_reason(conn->ssl, reason);
    if (v->code == MU_E_CLIENT_CERT_NOT_SENT)
        mu_tls_set_text(&v->detail, mu_strdup("the client was asked for a certificate and sent none"));
    else
        mu_tls_set_text(&v->detail, mu_asprintf("OpenSSL: %s", text ? text : "no reason given"));
}

void mu_tls_verdict_fail(mu_tls_conn *conn)
{
    mu_verdict *v = &conn->verdict;
    int reason = take_reason();

    fill_common(conn);
    v->alert = conn->facts.alert_sent;
    v->alert_sent = v->alert >= 0;
    v->by = MU_BY_US;
    if (reason >= SSL_AD_REASON_OFFSET)
        fail_by_peer(conn, reason - SSL_AD_REASON_OFFSET);
    else if (v->code != MU_OK)
        return; /* mu_tls_verify_cb has judged */
    else if (is_plaintext(conn))
        fail_plaintext(conn);
    else if (conn->flooded)
        fail_flooded(conn);
    else if (reason != 0 && !conn->eof && !conn->read_errno)
        fail_by_reason(conn, reason);
    else
        fail_closed(conn);
}

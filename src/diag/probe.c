#include "diag/probe.h"

#include "base/clock.h"
#include "base/ossl.h"
#include "http/http.h"
#include "tls/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1u << 20) /* of a whole handshake; the longest lists of certificates and CAs need a third */
#define BODY_MAX_BYTES 8192
#define LARGE_BYTES 1600 /* more than a packet holds */

struct run {
    const mu_probe_plan *plan;
    mu_line *line;
    mu_tls_io io;
    mu_probe *probe;
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
};

/* ---- OpenSSL's callbacks ---- */

/* Not an acceptance: nothing is sent afterwards that anybody may not read, and nothing that comes is believed. */
static int look_only(X509_STORE_CTX *store_ctx, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store_ctx, X509_V_OK);
    return 1;
}

static bool has_scheme_for(SSL *ssl, const EVP_PKEY *key)
{
    int count = SSL_get_shared_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL), type = EVP_PKEY_get_base_id(key);
    for (int i = 0; i < count; i++) {
        int sign = NID_undef;
        SSL_get_shared_sigalgs(ssl, i, &sign, NULL, NULL, NULL, NULL);
        if (sign == type || (sign == EVP_PKEY_RSA_PSS && type == EVP_PKEY_RSA))
            return true;
    }
    return count == 0; /* nothing to compare */
}

static int on_request(SSL *ssl, void *arg)
{
    struct run *r = SSL_get_app_data(ssl);
    const mu_identity *identity = r->plan->identity;
    (void)arg;
    r->probe->requested = true;
    r->probe->key_accepted = identity && has_scheme_for(ssl, mu_identity_get0_key(identity));
    return 1;
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct run *r = SSL_get_app_data(ssl);
    if (where == SSL_CB_READ_ALERT && (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
        r->probe->alert = value & 0xff;
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
    struct run *r = SSL_get_app_data(ssl);
    const uint8_t *message = data;
    (void)version, (void)arg;
    if (r->probe->trace)
        mu_trace_note(r->probe->trace, sent, type, message, len, SSL_version(ssl) == TLS1_3_VERSION);
    if (type != SSL3_RT_HANDSHAKE || len < 4)
        return;
    if (sent && message[0] == SSL3_MT_CLIENT_HELLO && r->probe->sent_hello == 0)
        r->probe->sent_hello = len;
    else if (!sent && message[0] == SSL3_MT_SERVER_HELLO)
        r->probe->hello = true;
    else if (!sent && message[0] == SSL3_MT_NEWSESSION_TICKET && SSL_version(ssl) == TLS1_3_VERSION)
        r->probe->confirmed = true;
    else if (sent && message[0] == SSL3_MT_CERTIFICATE)
        r->probe->cert_sent = len > 8; /* header, context and an empty list */
}

/* An extension that no server knows (RFC 8701 section 2), and must pass over. */
static int add_filler(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *out_len, X509 *cert, size_t index,
                      int *alert, void *arg)
{
    static const unsigned char filler[LARGE_BYTES];
    (void)ssl, (void)type, (void)context, (void)cert, (void)index, (void)alert, (void)arg;
    *out = filler;
    *out_len = sizeof filler;
    return 1;
}

/* ---- what is offered ---- */

static const char *const all_groups[] = {
    "X25519", "P-256", "P-384", "P-521", "X448", "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM768", "MLKEM1024",
    "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1",
    "brainpoolP256r1tls13", "brainpoolP384r1tls13", "brainpoolP512r1tls13", "P-224", "P-192", "secp256k1",
};

static const char *const ordinary_sigalgs[] = {
    "ed25519", "ed448", "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512", "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384", "rsa_pkcs1_sha512", "mldsa44", "mldsa65", "mldsa87",
};

/* Those of the names that this library, or its policy, has. */
static int apply_known(SSL_CTX *ctx, int (*apply)(SSL_CTX *ctx, const char *list, mu_err **err), const char *const *names, size_t count,
                       mu_err **err)
{
    mu_buf list;
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < count; i++)
        if (apply(ctx, names[i], NULL) == 0)
            mu_buf_addf(&list, "%s%s", list.len ? ":" : "", names[i]);
    int rc = apply(ctx, mu_buf_text(&list), err);
    mu_buf_free(&list);
    return rc;
}

static int apply_plan(SSL_CTX *ctx, const mu_probe_plan *plan, mu_err **err)
{
    int rc = plan->wide & MU_WIDE_CIPHERS ? 0 : mu_tls_apply_ciphers(ctx, NULL, err);

    if (rc == 0 && plan->wide & MU_WIDE_CIPHERS && !SSL_CTX_set_cipher_list(ctx, "ALL:-aNULL:aNULL:eNULL"))
        rc = mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has no TLS 1.2 suites");
    if (rc == 0 && plan->wide & MU_WIDE_GROUPS)
        rc = apply_known(ctx, mu_tls_apply_groups, all_groups, sizeof all_groups / sizeof *all_groups, err);
    else if (rc == 0)
        rc = mu_tls_apply_groups(ctx, plan->groups, err);
    if (rc == 0 && !(plan->wide & MU_WIDE_SIGALGS))
        rc = apply_known(ctx, mu_tls_apply_sigalgs, ordinary_sigalgs, sizeof ordinary_sigalgs / sizeof *ordinary_sigalgs, err);
    SSL_CTX_set_min_proto_version(ctx, plan->min_version                ? plan->min_version
                                       : plan->wide & MU_WIDE_VERSIONS ? TLS1_VERSION
                                                                        : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
    mu_ossl_clear();
    return rc;
}

static SSL_CTX *make_context(OSSL_LIB_CTX *libctx, const mu_probe_plan *plan, mu_err **err)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(libctx, NULL, TLS_client_method());
    if (!ctx) {
        mu_fail_nomem(err);
        return NULL;
    }
    SSL_CTX_set_security_level(ctx, 0); /* what is weak is to be seen, not to be hidden behind a failure */
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | MU_OSSL_NO_CERT_COMPRESSION);
    SSL_CTX_set_max_cert_list(ctx, MAX_BYTES);
    SSL_CTX_set_cert_verify_callback(ctx, look_only, NULL);
    SSL_CTX_set_cert_cb(ctx, on_request, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_msg_callback(ctx, on_message);
    if (apply_plan(ctx, plan, err) == 0 &&
        (!plan->large || SSL_CTX_add_custom_ext(ctx, 0x3a3a, SSL_EXT_CLIENT_HELLO, add_filler, NULL, NULL, NULL, NULL)))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

bool mu_is_dns_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1;
}

/* The root stays at home, as it does with our client. */
static int use_identity(SSL *ssl, const mu_identity *identity)
{
    STACK_OF(X509) *own = mu_identity_get0_chain(identity), *rest = sk_X509_new_null();
    bool ready = rest != NULL;
    for (int i = 1; ready && i < sk_X509_num(own); i++)
        ready = mu_cert_is_self_signed(sk_X509_value(own, i)) || sk_X509_push(rest, sk_X509_value(own, i)) > 0;
    ready = ready && SSL_use_cert_and_key(ssl, sk_X509_value(own, 0), mu_identity_get0_key(identity), rest, 1);
    sk_X509_free(rest);
    return ready ? 0 : -1;
}

static int prepare(struct run *r, SSL_CTX *ctx, mu_err **err)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    r->ssl = SSL_new(ctx);
    r->in = BIO_new(BIO_s_mem());
    r->out = BIO_new(BIO_s_mem());
    if (!r->ssl || !r->in || !r->out) {
        BIO_free(r->in);
        BIO_free(r->out);
        return mu_fail_nomem(err);
    }
    BIO_set_mem_eof_return(r->in, -1);
    SSL_set_bio(r->ssl, r->in, r->out);
    if (!SSL_set_app_data(r->ssl, r))
        return mu_fail_nomem(err);
    SSL_set_connect_state(r->ssl);
    if (r->plan->alpn && SSL_set_alpn_protos(r->ssl, alpn, sizeof alpn - 1) != 0)
        return mu_fail_nomem(err);
    if (r->plan->sni && !SSL_set_tlsext_host_name(r->ssl, r->plan->sni))
        return mu_fail_ossl(err, MU_E_USAGE, "the name cannot be sent to a server");
    if (r->plan->identity && use_identity(r->ssl, r->plan->identity) != 0)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "%s cannot be used for TLS", mu_identity_source(r->plan->identity));
    return 0;
}

/* ---- moving bytes ---- */

/* If it fails, the next read tells why: a server that has refused may no longer read, and what it said is waiting. */
static void flush(struct run *r)
{
    char *data;
    long len = BIO_get_mem_data(r->out, &data);
    ssize_t sent;
    for (; len > 0 && (sent = r->io.write(r->io.arg, data, (size_t)len)) > 0; len -= sent)
        data += sent;
    (void)BIO_reset(r->out);
}

static int fill(struct run *r)
{
    mu_probe *p = r->probe;
    uint8_t data[16384];
    ssize_t len = p->received < MAX_BYTES ? r->io.read(r->io.arg, data, sizeof data) : 0;
    if (len <= 0) {
        p->timed_out = len < 0 && errno == EAGAIN;
        p->ended = len == 0;
        p->io_errno = len < 0 && errno != EAGAIN ? errno : 0;
        return -1;
    }
    if (p->received < sizeof p->first)
        memcpy(p->first + p->received, data, (size_t)len < sizeof p->first - p->received ? (size_t)len : sizeof p->first - p->received);
    p->received += (size_t)len;
    return BIO_write(r->in, data, (int)len) == len ? 0 : -1;
}

/* @return what SSL_get_error says when no more bytes can be had, or 0 when the call has succeeded */
static int drive(struct run *r, int (*call)(SSL *ssl))
{
    for (;;) {
        mu_ossl_clear();
        int rc = call(r->ssl), error = rc > 0 ? 0 : SSL_get_error(r->ssl, rc);
        flush(r);
        if (error != SSL_ERROR_WANT_READ || fill(r) != 0)
            return error;
    }
}

static void keep_error(struct run *r)
{
    if (r->probe->alert < 0 && !r->probe->ended && !r->probe->io_errno)
        mu_fail_ossl(&r->probe->broken, MU_E_PROTOCOL_ERROR, "its messages break the protocol");
}

/* ---- the answer ---- */

static void keep_body(void *arg, const void *data, size_t len)
{
    mu_probe *p = arg;
    size_t room = BODY_MAX_BYTES - p->body.len;
    mu_buf_add(&p->body, data, len < room ? len : room);
}

static char *copy(const char *text)
{
    return text ? mu_strdup(text) : NULL;
}

/* RFC 9110 section 5.6.7, the form that all servers send; 0 for any other. */
static int64_t parse_date(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second;
    char month[4], iso[40];
    const char *at;
    int64_t date_s = 0;
    if (!text || sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute, &second) != 6 ||
        !(at = strstr(months, month)) || (at - months) % 3 != 0)
        return 0;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, (int)(at - months) / 3 + 1, day, hour, minute, second);
    return mu_time_parse(iso, &date_s, NULL) == 0 ? date_s : 0;
}

static bool take_http(struct run *r, mu_http_parser *http, const uint8_t *data, size_t len)
{
    mu_probe *p = r->probe;
    mu_http_event event;
    do {
        size_t used = 0;
        event = mu_http_parse(http, data, len, &used);
        data += used;
        len -= used;
        if (event == MU_HTTP_HEAD) {
            p->status = mu_http_status(http);
            p->date_s = parse_date(mu_http_field(http, "Date"));
            p->seen_s = mu_now_s();
            p->server = copy(mu_http_field(http, "Server"));
            p->via = copy(mu_http_field(http, "Via"));
        }
    } while (event == MU_HTTP_HEAD);
    if (event == MU_HTTP_BAD && p->status == 0) {
        p->no_http = true;
        keep_body(p, data, len);
    }
    return event == MU_HTTP_MORE && p->body.len < BODY_MAX_BYTES;
}

static void converse(struct run *r)
{
    mu_probe *p = r->probe;
    mu_http_parser *http = mu_http_parser_new(MU_HTTP_RESPONSE, NULL, keep_body, p);
    uint8_t data[4096];
    size_t len;
    bool more = http != NULL;

    mu_line_within(r->line, r->plan->answer_ms);
    SSL_write(r->ssl, r->plan->request, (int)strlen(r->plan->request));
    flush(r);
    while (more) {
        mu_ossl_clear();
        if (SSL_read_ex(r->ssl, data, sizeof data, &len)) {
            p->confirmed = true;
            more = take_http(r, http, data, len);
        } else if (SSL_get_error(r->ssl, 0) != SSL_ERROR_WANT_READ || fill(r) != 0) {
            more = false;
        }
    }
    p->no_http = p->no_http || (p->status == 0 && http && !mu_http_is_idle(http));
    mu_http_parser_free(http);
}

/* ---- what came of it ---- */

static void collect(struct run *r)
{
    mu_probe *p = r->probe;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(r->ssl);
    const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(r->ssl);
    const char *group = SSL_group_to_name(r->ssl, (int)SSL_get_negotiated_group(r->ssl));
    EVP_PKEY *temp_key = NULL;

    p->version = p->hello ? SSL_version(r->ssl) : 0;
    p->version_name = p->hello ? SSL_get_version(r->ssl) : NULL;
    p->cipher = cipher ? SSL_CIPHER_standard_name(cipher) : NULL;
    snprintf(p->group, sizeof p->group, "%s", group ? group : "");
    p->chain = sk_X509_num(chain) > 0 ? X509_chain_up_ref((STACK_OF(X509) *)chain) : NULL;
    if (p->requested && sk_X509_NAME_num(SSL_get0_peer_CA_list(r->ssl)) > 0)
        p->issuers = sk_X509_NAME_deep_copy(SSL_get0_peer_CA_list(r->ssl), (X509_NAME * (*)(const X509_NAME *)) X509_NAME_dup,
                                            X509_NAME_free);
    p->renegotiation_secure = SSL_get_secure_renegotiation_support(r->ssl);
    SSL_get_peer_signature_nid(r->ssl, &p->sig_digest_nid);
    SSL_get_peer_signature_type_nid(r->ssl, &p->sig_nid);
    if (SSL_get_peer_tmp_key(r->ssl, &temp_key) && EVP_PKEY_get_base_id(temp_key) == EVP_PKEY_DH)
        p->temp_key_bits = EVP_PKEY_get_bits(temp_key);
    EVP_PKEY_free(temp_key);
}

int mu_probe_run(OSSL_LIB_CTX *libctx, mu_line *line, const mu_probe_plan *plan, mu_probe *ret, mu_err **err)
{
    struct run r = {.plan = plan, .line = line, .io = mu_line_io(line), .probe = ret};
    int rc = -1, error;

    *ret = (mu_probe){.alert = -1};
    mu_buf_init(&ret->body, BODY_MAX_BYTES);
    if (plan->trace && !(ret->trace = mu_trace_new(MU_SIDE_CLIENT, plan->identity ? mu_identity_source(plan->identity) : NULL, NULL)))
        return mu_fail_nomem(err);
    mu_ossl_clear();
    SSL_CTX *ctx = make_context(libctx, plan, err);
    if (ctx && prepare(&r, ctx, err) == 0) {
        error = drive(&r, SSL_do_handshake);
        ret->done = error == 0;
        ret->confirmed = ret->done && SSL_version(r.ssl) < TLS1_3_VERSION;
        if (error == SSL_ERROR_SSL)
            keep_error(&r);
        if (ret->done && plan->request)
            converse(&r);
        collect(&r);
        if (ret->done) {
            SSL_shutdown(r.ssl);
            flush(&r);
        }
        rc = 0;
    }
    SSL_free(r.ssl);
    SSL_CTX_free(ctx);
    mu_ossl_clear();
    return rc;
}

/* change_cipher_spec, alert, handshake, application_data (RFC 8446 section 5.1). */
bool mu_probe_is_plaintext(const mu_probe *probe)
{
    return probe->received > 0 && (probe->first[0] < 20 || probe->first[0] > 23);
}

int mu_probe_fail(const mu_probe *p, const char *where, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_escape_to(shown, where);
    if (mu_probe_is_plaintext(p))
        return mu_fail(err, MU_E_TLS_TO_PLAINTEXT_PORT, "\"%s\" does not answer in TLS", shown);
    if (p->alert >= 0)
        return mu_fail_by(err, MU_E_PEER_REFUSED, MU_BY_PEER, "\"%s\" refused: alert %s (%d)", shown, mu_alert_name(p->alert), p->alert);
    if (p->timed_out)
        return mu_fail_by(err, MU_E_HANDSHAKE_TIMEOUT, MU_BY_US, "\"%s\" did not finish the TLS handshake in time", shown);
    if (p->received >= MAX_BYTES)
        return mu_fail(err, MU_E_HANDSHAKE_MESSAGE_TOO_LARGE, "\"%s\" sends more than a handshake needs", shown);
    if (p->io_errno)
        return mu_fail_errno(err, MU_E_PEER_CLOSED, p->io_errno, "\"%s\" broke the connection", shown);
    if (p->ended)
        return mu_fail_by(err, MU_E_PEER_CLOSED, MU_BY_PEER, "\"%s\" closed the connection before its certificate came", shown);
    mu_fail(err, MU_E_PROTOCOL_ERROR, "the handshake with \"%s\" failed", shown);
    return p->broken && p->broken->detail ? mu_err_detail(err, "%s", p->broken->detail) : -1;
}

void mu_probe_done(mu_probe *probe)
{
    mu_err_free(probe->err);
    mu_err_free(probe->broken);
    mu_trace_free(probe->trace);
    sk_X509_pop_free(probe->chain, X509_free);
    sk_X509_NAME_pop_free(probe->issuers, X509_NAME_free);
    free(probe->server);
    free(probe->via);
    mu_buf_free(&probe->body);
    *probe = (mu_probe){.alert = -1};
}

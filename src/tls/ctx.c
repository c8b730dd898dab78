#include "tls/tls_internal.h"

#include "base/ossl.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5246 7.4.4 and RFC 8446 4.2.4: the list is a vector of less than 2^16 bytes, each name with a length of two. */
#define CA_LIST_MAX_BYTES 65535
/* Of a peer's Certificate message. A JVM takes 32 kB. The leaf goes into the session tickets, and one of more than 64 kB would make
   the handshake fail when it is over. */
#define CERT_LIST_MAX_BYTES 60000

static int apply_versions(SSL_CTX *ssl_ctx, const mu_tls_settings *settings, mu_err **err)
{
    int min = settings->min_version ? settings->min_version : TLS1_2_VERSION;
    int max = settings->max_version ? settings->max_version : TLS1_3_VERSION;
    if (min < TLS1_2_VERSION || max > TLS1_3_VERSION || min > max)
        return mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "TLS versions go from 1.2 to 1.3");
    if (!SSL_CTX_set_min_proto_version(ssl_ctx, min) || !SSL_CTX_set_max_proto_version(ssl_ctx, max))
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "these TLS versions cannot be used");
    return 0;
}

static void apply_policy(SSL_CTX *ssl_ctx)
{
    SSL_CTX_set_security_level(ssl_ctx, 2);
    SSL_CTX_clear_options(ssl_ctx,
                          SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     MU_OSSL_NO_CERT_COMPRESSION);
    SSL_CTX_set_max_cert_list(ssl_ctx, CERT_LIST_MAX_BYTES);
    SSL_CTX_set_max_early_data(ssl_ctx, 0);
    SSL_CTX_set_recv_max_early_data(ssl_ctx, 0);
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl_ctx, 1);
}

/* OpenSSL's queue says which rule of the security level an own certificate breaks. */
static int fail_identity(const mu_identity *identity, mu_err **err)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    mu_code code = MU_E_ALGORITHM_UNAVAILABLE;
    if (reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL)
        code = MU_E_WEAK_KEY_SIZE;
    else if (reason == SSL_R_CA_MD_TOO_WEAK)
        code = MU_E_WEAK_SIGNATURE_DIGEST;
    return mu_fail_ossl(err, code, "%s cannot be used for TLS", identity->source);
}

/* The root stays at home: whoever trusts it has it, nobody else believes it (RFC 8446 4.4.2). */
static int apply_identity(mu_tls_ctx *ctx, mu_err **err)
{
    int rc = 0;
    STACK_OF(X509) * chain;

    if (!ctx->identity)
        return ctx->side == MU_SIDE_SERVER
                   ? mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "a server needs a private key and a certificate")
                   : 0;
    chain = sk_X509_new_null();
    for (int i = 1; chain && i < sk_X509_num(ctx->identity->chain); i++) {
        X509 *cert = sk_X509_value(ctx->identity->chain, i);
        if (!mu_cert_is_self_signed(cert) && !sk_X509_push(chain, cert)) {
            sk_X509_free(chain);
            chain = NULL;
        }
    }
    mu_ossl_clear();
    if (!chain)
        rc = mu_fail_nomem(err);
    else if (!SSL_CTX_use_cert_and_key(ctx->ssl_ctx, mu_identity_get0_cert(ctx->identity), ctx->identity->key, chain, 1))
        rc = fail_identity(ctx->identity, err);
    sk_X509_free(chain);
    return rc;
}

/* For a pin its issuer: with the leaf's own subject in the list a JVM would send nothing. */
static X509_NAME *announced_name(const X509 *cert)
{
    return X509_NAME_dup(mu_cert_is_ca(cert) ? X509_get_subject_name(cert) : X509_get_issuer_name(cert));
}

static bool has_name(STACK_OF(X509_NAME) * names, const X509_NAME *name)
{
    for (int i = 0; i < sk_X509_NAME_num(names); i++)
        if (X509_NAME_cmp(sk_X509_NAME_value(names, i), name) == 0)
            return true;
    return false;
}

static int announce_issuers(mu_tls_ctx *ctx, mu_err **err)
{
    size_t total = 0;
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();

    for (int i = 0; names && i < sk_X509_num(ctx->trust->certs); i++) {
        X509_NAME *name = announced_name(sk_X509_value(ctx->trust->certs, i));
        bool known = name && has_name(names, name);
        if (name && !known)
            total += (size_t)i2d_X509_NAME(name, NULL) + 2;
        if (!name || known || !sk_X509_NAME_push(names, name))
            X509_NAME_free(name);
    }
    if (!names || total > CA_LIST_MAX_BYTES) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return !names ? mu_fail_nomem(err)
                      : mu_fail(err, MU_E_CA_LIST_TOO_LARGE,
                                "the names of %zu trusted certificates in \"%s\" do not fit into a handshake",
                                mu_trust_count(ctx->trust), ctx->trust->source);
    }
    SSL_CTX_set_client_CA_list(ctx->ssl_ctx, names);
    return 0;
}

static int apply_trust(mu_tls_ctx *ctx, mu_err **err)
{
    int mode = SSL_VERIFY_PEER;
    if (ctx->side == MU_SIDE_SERVER && ctx->client_auth == MU_CLIENT_AUTH_NONE) {
        SSL_CTX_set_verify(ctx->ssl_ctx, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    if (!ctx->trust || (ctx->side == MU_SIDE_SERVER && mu_trust_count(ctx->trust) == 0))
        return mu_fail(err, MU_E_TRUSTSTORE_EMPTY, "%s needs at least one trusted certificate to judge %s by",
                       ctx->side == MU_SIDE_SERVER ? "a server that asks for client certificates" : "a client",
                       ctx->side == MU_SIDE_SERVER ? "them" : "the server");
    if (ctx->client_auth == MU_CLIENT_AUTH_NEED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ctx->ssl_ctx, mode, NULL);
    SSL_CTX_set_cert_verify_callback(ctx->ssl_ctx, mu_tls_verify_cb, NULL);
    return ctx->side == MU_SIDE_SERVER ? announce_issuers(ctx, err) : 0;
}

/* RFC 7301 3.2: without a protocol in common a server refuses; a client that names none is served. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
                       void *arg)
{
    const mu_tls_ctx *ctx = arg;
    (void)ssl;
    for (unsigned i = 0; i < in_len; i += in[i] + 1u)
        if (in[i] == ctx->alpn[0] && i + ctx->alpn_len <= in_len && memcmp(in + i, ctx->alpn, ctx->alpn_len) == 0) {
            *out = in + i + 1;
            *out_len = in[i];
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int apply_alpn(mu_tls_ctx *ctx, const char *protocol, mu_err **err)
{
    size_t len = protocol ? strlen(protocol) : 0;
    if (!protocol)
        return apply_alpn(ctx, "http/1.1", err);
    if (len == 0 || len > 255)
        return mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "an application protocol has 1 to 255 bytes");
    ctx->alpn = malloc(len + 1);
    if (!ctx->alpn)
        return mu_fail_nomem(err);
    ctx->alpn[0] = (uint8_t)len;
    memcpy(ctx->alpn + 1, protocol, len);
    ctx->alpn_len = (unsigned)len + 1;
    if (ctx->side == MU_SIDE_SERVER)
        SSL_CTX_set_alpn_select_cb(ctx->ssl_ctx, select_alpn, ctx);
    else if (SSL_CTX_set_alpn_protos(ctx->ssl_ctx, ctx->alpn, ctx->alpn_len) != 0)
        return mu_fail_nomem(err);
    return 0;
}

static void log_key(const SSL *ssl, const char *line)
{
    const mu_tls_conn *conn = SSL_get_app_data(ssl);
    conn->ctx->key_log(conn->ctx->key_log_arg, line);
}

static int apply_settings(mu_tls_ctx *ctx, const mu_tls_settings *settings, mu_err **err)
{
    apply_policy(ctx->ssl_ctx);
    SSL_CTX_set_info_callback(ctx->ssl_ctx, mu_tls_info_cb);
    SSL_CTX_set_msg_callback(ctx->ssl_ctx, mu_tls_msg_cb);
    if ((ctx->key_log = settings->key_log)) {
        ctx->key_log_arg = settings->key_log_arg;
        SSL_CTX_set_keylog_callback(ctx->ssl_ctx, log_key);
    }
    if (ctx->side == MU_SIDE_CLIENT)
        SSL_CTX_set_cert_cb(ctx->ssl_ctx, mu_tls_cert_cb, NULL);
    return apply_versions(ctx->ssl_ctx, settings, err) != 0 || mu_tls_apply_ciphers(ctx->ssl_ctx, settings->ciphers, err) != 0 ||
                   mu_tls_apply_groups(ctx->ssl_ctx, settings->groups, err) != 0 ||
                   mu_tls_apply_sigalgs(ctx->ssl_ctx, settings->sigalgs, err) != 0 || apply_identity(ctx, err) != 0 ||
                   apply_trust(ctx, err) != 0 || apply_alpn(ctx, settings->alpn, err) != 0 || mu_tls_apply_resumption(ctx, err) != 0
               ? -1
               : 0;
}

int mu_tls_ctx_new(OSSL_LIB_CTX *libctx, mu_side side, mu_identity *identity, mu_trust *trust, const mu_tls_settings *settings,
                   mu_tls_ctx **ret_ctx, mu_err **err)
{
    static const mu_tls_settings defaults;
    mu_tls_ctx *ctx = calloc(1, sizeof *ctx);

    if (!ctx)
        return mu_fail_nomem(err);
    mu_ossl_clear();
    ctx->libctx = libctx;
    ctx->side = side;
    ctx->identity = mu_identity_ref(identity);
    ctx->trust = mu_trust_ref(trust);
    ctx->client_auth = side == MU_SIDE_SERVER && settings ? settings->client_auth : MU_CLIENT_AUTH_NONE;
    ctx->ssl_ctx = SSL_CTX_new_ex(libctx, NULL, side == MU_SIDE_SERVER ? TLS_server_method() : TLS_client_method());
    ctx->bio_method = mu_tls_bio_method();
    if (!ctx->ssl_ctx || !ctx->bio_method) {
        mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL cannot do TLS");
        mu_tls_ctx_free(ctx);
        return -1;
    }
    if (apply_settings(ctx, settings ? settings : &defaults, err) != 0) {
        mu_tls_ctx_free(ctx);
        return -1;
    }
    *ret_ctx = ctx;
    return 0;
}

void mu_tls_ctx_free(mu_tls_ctx *ctx)
{
    if (!ctx)
        return;
    SSL_CTX_free(ctx->ssl_ctx);
    BIO_meth_free(ctx->bio_method);
    mu_identity_free(ctx->identity);
    mu_trust_free(ctx->trust);
    free(ctx->alpn);
    free(ctx);
}

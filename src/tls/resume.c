/*
 * Session resumption, without weakening the gate.
 *
 * A resumed handshake shows no certificate, so nothing could be judged in it. What would be said about the client's chain is the
 * same as before as long as trust, CRLs and the demand for a certificate are the same, and no certificate or CRL of it has reached
 * its end. The first is bound by the session id context (a digest over all of that: a ticket from another configuration is not
 * accepted), the second by two times kept inside the encrypted ticket. Otherwise the client gets a full handshake, never an
 * acceptance. Tickets live in the clients; this side keeps no cache. Clients of ours do not resume.
 */
#include "tls/tls_internal.h"

#include "base/clock.h"

#include <openssl/evp.h>

#define TICKET_LIFETIME_S 3600

typedef struct window {
    int64_t from_s, until_s;
} window;

static int add_ticket_data(SSL *ssl, void *arg)
{
    const mu_tls_conn *conn = SSL_get_app_data(ssl);
    window w = {conn->facts.valid_from_s, conn->facts.valid_until_s};
    (void)arg;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &w, sizeof w);
}

static SSL_TICKET_RETURN judge_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
                                      SSL_TICKET_STATUS status, void *arg)
{
    mu_tls_conn *conn = SSL_get_app_data(ssl);
    void *data = NULL;
    size_t len = 0;
    window w;

    (void)name, (void)name_len, (void)arg;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (!SSL_SESSION_get0_ticket_appdata(session, &data, &len) || len != sizeof w)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    memcpy(&w, data, sizeof w);
    if (conn->now_s < w.from_s || conn->now_s > w.until_s)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    /* A ticket made from this session is bound as this one is. */
    conn->facts.valid_from_s = w.from_s;
    conn->facts.valid_until_s = w.until_s;
    return SSL_TICKET_RETURN_USE_RENEW;
}

static int digest_certs(EVP_MD_CTX *md, STACK_OF(X509) * certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        uint8_t *der = NULL;
        int len = i2d_X509(sk_X509_value(certs, i), &der);
        int ok = len > 0 && EVP_DigestUpdate(md, der, (size_t)len);
        OPENSSL_free(der);
        if (!ok)
            return 0;
    }
    return 1;
}

static int digest_crls(EVP_MD_CTX *md, STACK_OF(X509_CRL) * crls)
{
    for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
        uint8_t *der = NULL;
        int len = i2d_X509_CRL(sk_X509_CRL_value(crls, i), &der);
        int ok = len > 0 && EVP_DigestUpdate(md, der, (size_t)len);
        OPENSSL_free(der);
        if (!ok)
            return 0;
    }
    return 1;
}

static int digest_configuration(const mu_tls_ctx *ctx, uint8_t out[32])
{
    EVP_MD *sha256 = EVP_MD_fetch(ctx->libctx, "SHA256", NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t auth = (uint8_t)ctx->client_auth;
    int ok = sha256 && md && EVP_DigestInit_ex2(md, sha256, NULL) && EVP_DigestUpdate(md, &auth, 1) &&
             (!ctx->trust || (digest_certs(md, ctx->trust->certs) && digest_crls(md, ctx->trust->crls))) &&
             EVP_DigestFinal_ex(md, out, NULL);
    EVP_MD_CTX_free(md);
    EVP_MD_free(sha256);
    return ok;
}

int mu_tls_apply_resumption(mu_tls_ctx *ctx, mu_err **err)
{
    uint8_t digest[32];
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_OFF);
    if (ctx->side == MU_SIDE_CLIENT)
        return 0;
    SSL_CTX_set_timeout(ctx->ssl_ctx, TICKET_LIFETIME_S);
    if (!digest_configuration(ctx, digest) || !SSL_CTX_set_session_id_context(ctx->ssl_ctx, digest, sizeof digest) ||
        !SSL_CTX_set_num_tickets(ctx->ssl_ctx, 1) ||
        !SSL_CTX_set_session_ticket_cb(ctx->ssl_ctx, add_ticket_data, judge_ticket, NULL))
        return mu_fail_ossl(err, MU_E_INTERNAL, "session tickets cannot be set up");
    return 0;
}

void mu_tls_note_validity(mu_tls_facts *facts, STACK_OF(X509) * chain, STACK_OF(X509_CRL) * crls)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t from_s = mu_cert_not_before_s(sk_X509_value(chain, i)), until_s = mu_cert_not_after_s(sk_X509_value(chain, i));
        if (from_s > facts->valid_from_s)
            facts->valid_from_s = from_s;
        if (until_s < facts->valid_until_s)
            facts->valid_until_s = until_s;
    }
    for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(sk_X509_CRL_value(crls, i));
        int64_t until_s = next ? mu_time_from_asn1(next) : INT64_MAX;
        if (until_s < facts->valid_until_s)
            facts->valid_until_s = until_s;
    }
}

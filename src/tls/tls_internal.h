/** What the files of src/tls share. */
#ifndef MU_TLS_INTERNAL_H
#define MU_TLS_INTERNAL_H

#include "tls/names.h"
#include <mutual/tls.h>
#include <openssl/ssl.h>
#include <stdatomic.h>

struct mu_identity {
    atomic_int refs;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* leaf first */
    char *source;
};

struct mu_trust {
    atomic_int refs;
    STACK_OF(X509) * certs;    /* anchors and pins */
    STACK_OF(X509_CRL) * crls; /* NULL: revocation is not checked */
    char *source;
};

struct mu_tls_ctx {
    SSL_CTX *ssl_ctx;
    OSSL_LIB_CTX *libctx;
    BIO_METHOD *bio_method;
    mu_side side;
    mu_identity *identity;
    mu_trust *trust;
    mu_client_auth client_auth;
    uint8_t *alpn; /* one protocol with its length before it */
    unsigned alpn_len;
    void (*key_log)(void *arg, const char *line);
    void *key_log_arg;
};

/** What a connection has seen of the handshake, for the verdict. */
typedef struct mu_tls_facts {
    bool hello_read;                     /* the peer's hello has come */
    bool own_cert_sent;                  /* our Certificate message, with a certificate in it */
    bool own_cert_empty;                 /* our Certificate message, with none in it */
    bool cert_requested;                 /* client: CertificateRequest has come */
    bool issuer_excluded;                /* client: the server named issuers, and none is in our chain */
    char *doubts;                        /* client: what a server may dislike about our certificate, as "; it expired on …" */
    STACK_OF(X509) * peer_chain;         /* what the peer presented, leaf first */
    int alert_sent;                      /* -1: none */
    int64_t valid_from_s, valid_until_s; /* server: while the client's chain is accepted, for resumption */
} mu_tls_facts;

struct mu_tls_conn {
    mu_tls_ctx *ctx;
    SSL *ssl;
    mu_tls_io io;
    char *host, *ip; /* client: one of them, to be matched by the certificate */
    int64_t now_s;
    mu_verdict verdict;
    mu_tls_facts facts;
    struct mu_trace *trace; /* NULL: none is kept */
    uint8_t first[8]; /* the first bytes received, to recognise plaintext */
    size_t first_len;
    size_t idle_bytes; /* received since the last application data */
    bool flooded;      /* too many of them */
    bool eof;
    int read_errno, write_errno;
    bool closed, truncated, close_sent, failed;
};

/* identity.c: the same certificates in another library context; NULL on failure. */
X509 *mu_tls_clone_cert(const X509 *cert, OSSL_LIB_CTX *libctx);
STACK_OF(X509) * mu_tls_clone_certs(STACK_OF(X509) * certs, OSSL_LIB_CTX *libctx);

/* resume.c */
/** Stateless tickets, bound to the trust and to the dates of the chain that was accepted. */
int mu_tls_apply_resumption(mu_tls_ctx *ctx, mu_err **err);
/** Narrow the facts' validity to the time in which the verdict about this chain stays as it is. */
void mu_tls_note_validity(mu_tls_facts *facts, STACK_OF(X509) * chain, STACK_OF(X509_CRL) * crls);

/* io.c: the caller's transport as a BIO, whose data is the connection. */
BIO_METHOD *mu_tls_bio_method(void);

/* peer.c: the callbacks that watch and judge. */
int mu_tls_verify_cb(X509_STORE_CTX *store_ctx, void *arg);
int mu_tls_cert_cb(SSL *ssl, void *arg);
void mu_tls_info_cb(const SSL *ssl, int where, int value);
void mu_tls_msg_cb(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg);

/* verdict.c */
/** The handshake is complete: version, suite, group, peer. */
void mu_tls_verdict_done(mu_tls_conn *conn);
/** Something failed: find the cause in OpenSSL's queue and in what was seen. Empties the queue. */
void mu_tls_verdict_fail(mu_tls_conn *conn);
void mu_tls_verdict_free(mu_verdict *verdict);
void mu_tls_set_text(char **field, char *text);

#endif

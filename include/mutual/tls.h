/**
 * TLS 1.2 and 1.3 between two identities, and the verdict that a handshake ends in.
 *
 * An identity (who I am) and a trust (whom I accept) make a context; a context makes connections; a connection moves bytes through
 * two callbacks, so that it runs over a socket or between two buffers. Everything learnt on the way is in its verdict.
 *
 * The gate: a peer is accepted when mu_chain_verify, and so X509_verify_cert, says yes. Nothing turns a refusal into acceptance.
 *
 * Source: RFC 8446, RFC 5246; RFC 9525 for names. Renegotiation, compression and early data are off; security level 2.
 */
#ifndef MUTUAL_TLS_H
#define MUTUAL_TLS_H

#include <mutual/keystore.h>
#include <mutual/pki.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mu_side { MU_SIDE_CLIENT, MU_SIDE_SERVER } mu_side;

/* ---- identity: a private key with its chain. Immutable once made; references may be shared between threads. ---- */

typedef struct mu_identity mu_identity;

/**
 * Choose a key entry of a store: the one named, else the first that is fit for the purpose (EKU, keyUsage, dates), else the first.
 * @param alias NULL: choose
 * @param key_password NULL: the store's
 * @return 0, or -1 with MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_SERVER_ALIAS_NOT_FOUND, MU_E_STORE_SWAPPED, MU_E_KEY_PASSWORD_DIFFERS,
 *         MU_E_KEY_CERT_MISMATCH, MU_E_CHAIN_ORDER_WRONG
 */
MU_API int mu_identity_from_store(mu_store *store, const char *alias, const char *key_password, mu_purpose purpose, int64_t now_s,
                                  mu_identity **ret_identity, mu_err **err);
/** From parts; references are taken. chain[0] must belong to the key (MU_E_KEY_CERT_MISMATCH, MU_E_CHAIN_ORDER_WRONG).
 *  source: where it came from, for messages; copied. */
MU_API int mu_identity_new(EVP_PKEY *key, STACK_OF(X509) *chain, const char *source, mu_identity **ret_identity, mu_err **err);
/** The same identity with key and certificates in another library context. */
MU_API int mu_identity_clone(const mu_identity *identity, OSSL_LIB_CTX *libctx, mu_identity **ret_identity, mu_err **err);
MU_API mu_identity *mu_identity_ref(mu_identity *identity);
MU_API void mu_identity_free(mu_identity *identity);
MU_API X509 *mu_identity_get0_cert(const mu_identity *identity);
MU_API STACK_OF(X509) *mu_identity_get0_chain(const mu_identity *identity);
MU_API EVP_PKEY *mu_identity_get0_key(const mu_identity *identity);
/**
 * What a peer will look at and dislike in the certificate: dates, extendedKeyUsage, keyUsage, as "it expired on …; its
 * extendedKeyUsage lacks serverAuth"; "" if there is nothing. Owned by the caller (free); NULL when out of memory.
 */
MU_API char *mu_identity_doubts(const mu_identity *identity, mu_purpose purpose, int64_t now_s);
/** "client.p12, alias client": safe to show. */
MU_API const char *mu_identity_source(const mu_identity *identity);

/* ---- trust: anchors, pins and CRLs. Built by one thread, then immutable and shared by reference. ---- */

typedef struct mu_trust mu_trust;

/** @param source for messages ("client-trust.p12"); copied */
MU_API int mu_trust_new(const char *source, mu_trust **ret_trust, mu_err **err);
/**
 * Add what a JVM would trust in this store: every trusted entry, and the leaf of every key entry as a pin. A store with nothing but
 * key entries issued by somebody else is taken for a mistake.
 * @return 0, or -1 with MU_E_TRUSTSTORE_EMPTY, MU_E_STORE_SWAPPED, MU_E_P12_NO_JAVA_TRUST, MU_E_P12_READ_WITHOUT_PASSWORD
 */
MU_API int mu_trust_add_store(mu_trust *trust, const mu_store *store, mu_err **err);
/** A certificate that is a CA becomes an anchor, any other a pin. */
MU_API int mu_trust_add_cert(mu_trust *trust, X509 *cert, mu_err **err);
/** From then on every level of a chain needs a valid CRL (MU_E_CRL_UNAVAILABLE, MU_E_CRL_EXPIRED otherwise). */
MU_API int mu_trust_add_crl(mu_trust *trust, X509_CRL *crl, mu_err **err);
MU_API int mu_trust_clone(const mu_trust *trust, OSSL_LIB_CTX *libctx, mu_trust **ret_trust, mu_err **err);
MU_API mu_trust *mu_trust_ref(mu_trust *trust);
MU_API void mu_trust_free(mu_trust *trust);
MU_API size_t mu_trust_count(const mu_trust *trust);
/** Anchors and pins; CRLs, NULL if revocation is not checked. Borrowed. */
MU_API STACK_OF(X509) *mu_trust_get0_certs(const mu_trust *trust);
MU_API STACK_OF(X509_CRL) *mu_trust_get0_crls(const mu_trust *trust);
MU_API const char *mu_trust_source(const mu_trust *trust);

/* ---- context ---- */

typedef enum mu_client_auth { MU_CLIENT_AUTH_NONE, MU_CLIENT_AUTH_WANT, MU_CLIENT_AUTH_NEED } mu_client_auth;

/** All zero: the defaults. Lists are IANA names separated by ':' or ','; an unknown name is MU_E_CONFIG_INVALID. */
typedef struct mu_tls_settings {
    int min_version, max_version;  /* TLS1_2_VERSION, TLS1_3_VERSION; 0: from 1.2 to 1.3 */
    const char *groups;            /* NULL: X25519MLKEM768 where the library has it, X25519, P-256, P-384, P-521 */
    const char *sigalgs;           /* as "ecdsa_secp256r1_sha256" */
    const char *ciphers;           /* as "TLS_AES_128_GCM_SHA256", for both versions; NULL: AEAD suites with ECDHE */
    mu_client_auth client_auth;    /* servers */
    const char *alpn;              /* one protocol; NULL: "http/1.1" */
    /** The secrets of every connection, a line without its end in NSS's key log format; called by the connection's thread. NULL:
     * kept. */
    void (*key_log)(void *arg, const char *line);
    void *key_log_arg;
} mu_tls_settings;

typedef struct mu_tls_ctx mu_tls_ctx;

/**
 * References to identity and trust are taken. A client may have no identity (NULL); a server must have one.
 * A server that wants or needs client certificates must have at least one anchor or pin (MU_E_TRUSTSTORE_EMPTY); it announces its
 * anchors' subjects, and for a pin the leaf's issuer. A client must have a trust; with an empty one it refuses every server.
 * @param libctx the context that identity and trust were made in
 * @return 0, or -1 with MU_E_CONFIG_INVALID, MU_E_TRUSTSTORE_EMPTY, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_ALGORITHM_UNAVAILABLE,
 *         MU_E_WEAK_KEY_SIZE, MU_E_WEAK_SIGNATURE_DIGEST
 */
MU_API int mu_tls_ctx_new(OSSL_LIB_CTX *libctx, mu_side side, mu_identity *identity, mu_trust *trust,
                          const mu_tls_settings *settings, mu_tls_ctx **ret_ctx, mu_err **err);
MU_API void mu_tls_ctx_free(mu_tls_ctx *ctx);

/* ---- verdict ---- */

#define MU_MAX_CANDIDATES 8

/** What a handshake, and what followed it, ended in. Strings are escaped and safe to show; NULL when unknown. */
typedef struct mu_verdict {
    mu_code code;              /* MU_OK: accepted, as far as this side can know (see confirmed) */
    mu_by by;                  /* who refused */
    mu_side side;              /* which side we are */
    bool handshake_done;       /* our handshake is complete */
    bool confirmed;            /* the peer accepted us too: always in TLS 1.2; in TLS 1.3 after its data or a session ticket */
    int depth;                 /* of the certificate to blame; -1: none */
    int x509_error;            /* X509_V_ERR_…, X509_V_OK if none */
    int alert;                 /* TLS alert number, -1 if there was none */
    bool alert_sent;           /* we sent it; otherwise received */
    const char *version, *cipher, *group; /* "TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519"; static or owned by the verdict */
    char *host;                /* client: the name or address that the server had to prove */
    char *peer_subject, *peer_issuer, *peer_serial, *peer_names; /* of the certificate the peer presented */
    const char *source;        /* the store of ours that answered, or that lacks the answer */
    bool cert_requested;       /* client: the server asked for a certificate */
    bool identity_sent;        /* we presented a certificate */
    char *identity_note;       /* client: why our identity was, or was not, sent */
    char *detail;              /* one line of facts */
    char *hint;                /* NULL: the fix of the cause */
    mu_code candidates[MU_MAX_CANDIDATES]; /* if the peer refused: what the alert can mean here, most likely first */
    size_t candidate_count;
} mu_verdict;

/** "certificate_required" for 116; "unknown" for what has no name. */
MU_API const char *mu_alert_name(int alert);
/** -1 if there is none of that name. */
MU_API int mu_alert_from_name(const char *name);
/** The verdict as an error for printing: msg, detail, hint and code filled. @return -1, or 0 if code is MU_OK */
MU_API int mu_verdict_error(const mu_verdict *verdict, mu_err **err);
/**
 * The verdict as HttpsURLConnection on JDK 25 words it: simple class name and the first line of the message, as in
 * "SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required". For code MU_OK NULL.
 * Owned by the caller (free). Implemented in src/tls/jsse_text.c.
 */
MU_API char *mu_verdict_jsse_text(const mu_verdict *verdict);

/* ---- connection ---- */

/** Transport, given by the caller, as read(2) and write(2): bytes moved, 0 for end of stream (read), -1 with errno. */
typedef struct mu_tls_io {
    ssize_t (*read)(void *arg, void *data, size_t len);
    ssize_t (*write)(void *arg, const void *data, size_t len);
    void *arg;
} mu_tls_io;

/** A socket as transport (no SIGPIPE); *fd must outlive the connection. */
MU_API mu_tls_io mu_tls_io_socket(int *fd);

typedef enum mu_tls_status {
    MU_TLS_OK,
    MU_TLS_WANT_READ,  /* call again when the transport is readable */
    MU_TLS_WANT_WRITE, /* … writable */
    MU_TLS_CLOSED, /* the peer closed properly (close_notify), or the transport ended after the handshake (mu_tls_conn_truncated);
                      from mu_tls_write: the peer takes no more, but what it said before can be read */
    MU_TLS_FAILED  /* see the verdict; an alert, if due, has been handed to the transport */
} mu_tls_status;

typedef struct mu_tls_conn mu_tls_conn;

/**
 * @param host  client: the name or address to connect to: sent as SNI if it is a name, and required of the certificate;
 *              server: NULL
 * @param now_s the time to judge certificates by
 */
MU_API int mu_tls_conn_new(mu_tls_ctx *ctx, const mu_tls_io *io, const char *host, int64_t now_s, mu_tls_conn **ret_conn,
                           mu_err **err);
MU_API void mu_tls_conn_free(mu_tls_conn *conn);
MU_API mu_tls_status mu_tls_handshake(mu_tls_conn *conn);
/** *ret_len bytes were read when MU_TLS_OK is returned. Runs the handshake if it is not done. */
MU_API mu_tls_status mu_tls_read(mu_tls_conn *conn, void *data, size_t len, size_t *ret_len);
/** After a failed write the waiting alert, if any, is read into the verdict. */
MU_API mu_tls_status mu_tls_write(mu_tls_conn *conn, const void *data, size_t len, size_t *ret_len);
/** Sends close_notify, once. The caller then shuts the socket down for writing and drains it: no reset may overtake the alert. */
MU_API mu_tls_status mu_tls_shutdown(mu_tls_conn *conn);
/** True if the transport ended without the peer's close_notify: whatever was to end with the connection may be incomplete. */
MU_API bool mu_tls_conn_truncated(const mu_tls_conn *conn);
/** Borrowed until the connection is freed; kept up to date by every call above. */
MU_API const mu_verdict *mu_tls_conn_verdict(mu_tls_conn *conn);
/** The peer's leaf, borrowed; NULL if it presented none. */
MU_API X509 *mu_tls_conn_get0_peer_cert(mu_tls_conn *conn);
/** The chain the peer presented, leaf first, borrowed; NULL if none. */
MU_API STACK_OF(X509) *mu_tls_conn_get0_peer_chain(mu_tls_conn *conn);

#ifdef __cplusplus
}
#endif
#endif

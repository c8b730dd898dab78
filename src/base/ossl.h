/** OpenSSL's versions: every difference between 3.0 and 4.x that we meet is settled here and nowhere else. */
#ifndef MU_BASE_OSSL_H
#define MU_BASE_OSSL_H

#include <mutual/err.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>

/**
 * A new library context with the system's openssl.cnf loaded, so that FIPS and PKCS#11 providers stay in force.
 * OpenSSL keeps the file's ssl_conf section in process-wide variables: not while another thread is in here or in SSL_CTX_new.
 * @return 0, or -1 with MU_E_CONFIG_INVALID (the file is damaged or a section fails), MU_E_OUT_OF_MEMORY
 */
int mu_ossl_ctx_new(OSSL_LIB_CTX **ret_libctx, mu_err **err);
/**
 * A library context with the default and legacy providers, for RC2-40 and other old store algorithms only.
 * @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE (the legacy provider is not installed), MU_E_OUT_OF_MEMORY
 */
int mu_ossl_legacy_ctx_new(OSSL_LIB_CTX **ret_libctx, mu_err **err);
/** Empties the error queue: call before the call whose errors will be captured. */
void mu_ossl_clear(void);

/**
 * Options against compressed certificates (RFC 8879, OpenSSL 3.2 and later with zlib, brotli or zstd): they would have us unpack a
 * peer's bytes before anything about the peer is known.
 */
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
#define MU_OSSL_NO_CERT_COMPRESSION (SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION)
#else
#define MU_OSSL_NO_CERT_COMPRESSION 0
#endif

#endif

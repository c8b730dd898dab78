/** Algorithms under the names the JDK gives them, and which of them it calls weak. */
#ifndef MU_KEYTOOL_ALGORITHM_H
#define MU_KEYTOOL_ALGORITHM_H

#include "keytool/kt.h"

#include <openssl/evp.h>

#define MU_KT_ALGORITHM_MAX 128

typedef enum mu_kt_strength { MU_KT_STRONG, MU_KT_WEAK, MU_KT_DISABLED } mu_kt_strength;

/** "", " (weak)", " (disabled)" */
const char *mu_kt_strength_mark(mu_kt_strength strength);

/** "SHA384withRSA"; an algorithm the JDK has no name for is its dotted OID. */
void mu_kt_signature_name(const X509 *cert, char out[MU_KT_ALGORITHM_MAX]);
/** The same where the algorithm has a NID; an unknown one is "unknown". */
void mu_kt_signature_nid_name(int nid, char out[MU_KT_ALGORITHM_MAX]);
mu_kt_strength mu_kt_signature_strength(const char *name);

/** "3072-bit RSA key", "256-bit EC (secp256r1) key", "Ed25519 key". @param key NULL: OpenSSL cannot read what info holds */
void mu_kt_key_text(const EVP_PKEY *key, X509_PUBKEY *info, char out[MU_KT_ALGORITHM_MAX]);
mu_kt_strength mu_kt_key_strength(const EVP_PKEY *key);

/** What to sign with. */
typedef struct mu_kt_signing {
    char name[MU_KT_ALGORITHM_MAX]; /* as the JDK shows it */
    const char *digest;             /* NULL: the key's own */
    bool md2;                       /* MD2withRSA, which OpenSSL does not make: `digest` is another one, to be replaced (md2.h) */
    bool pss;                       /* RSASSA-PSS, MGF1 with the same digest, salt as long as it */
} mu_kt_signing;

/** -sigalg, or the JDK's default for this key. @return 0, or -1 after mu_kt_throw */
int mu_kt_signing_choose(mu_kt *kt, const char *name, EVP_PKEY *key, mu_kt_signing *ret);
/** A context that signs so. Owned by the caller (EVP_MD_CTX_free). */
int mu_kt_signing_begin(mu_kt *kt, const mu_kt_signing *signing, EVP_PKEY *key, EVP_MD_CTX **ret);

/** What can be said of -keyalg, -keysize and -groupname before anything else is looked at. @return 0, or -1 after mu_kt_throw */
int mu_kt_key_check(mu_kt *kt);
/** Whether there is such an algorithm. @return 0, or -1 after mu_kt_throw */
int mu_kt_key_known(mu_kt *kt);
/** The key that they ask for. @return 0, or -1 after mu_kt_throw */
int mu_kt_key_generate(mu_kt *kt, EVP_PKEY **ret_key);

/** A line for the warning block, unless strong. */
void mu_kt_warn_signature(mu_kt *kt, const char *label, const char *name, mu_kt_strength strength);
void mu_kt_warn_key(mu_kt *kt, const char *label, const char *key_text, mu_kt_strength strength);
/** How strong its signature of that name is: that of a trusted certificate (in the store or in cacerts) counts for nothing. */
mu_kt_strength mu_kt_cert_strength(const mu_kt *kt, const X509 *cert, const char *name);
/** Whether it says that it is for signing code: then SHA-1 in it is shown as disabled. */
bool mu_kt_signs_code(const X509 *cert);
/** Lines for the warning block about a certificate. */
void mu_kt_check_weak(mu_kt *kt, const char *label, const X509 *cert);
/** The same of one in a chain, under that very label. Only of the first one, unless it is a CA, is said whether it may sign code. */
void mu_kt_check_weak_detail(mu_kt *kt, const char *label, const STACK_OF(X509) *chain, int index);
/** The same of one in a chain: "<a> #1 of 2". */
void mu_kt_check_weak_at(mu_kt *kt, const char *label, const STACK_OF(X509) *chain, int index);
/** The same about a request. */
void mu_kt_check_weak_request(mu_kt *kt, const char *label, X509_REQ *req);
/** The same for a whole chain. */
void mu_kt_check_weak_chain(mu_kt *kt, const char *label, const STACK_OF(X509) *chain);
/** And for a secret key of that algorithm. */
void mu_kt_check_weak_secret(mu_kt *kt, const char *label, const char *algorithm);

#endif

/** Secret keys that -genseckey makes. */
#ifndef MU_KEYTOOL_SECRET_KEY_H
#define MU_KEYTOOL_SECRET_KEY_H

#include "keytool/kt.h"

/** One of the JDK's key generators. */
typedef struct mu_kt_secret_kind {
    const char *name, *other, *oid; /* other, oid "": none */
    long least, most, step;         /* its sizes in bits */
    const char *wrong;              /* exception and message about any other size */
    bool in_pkcs12;                 /* whether the JDK can put it there */
} mu_kt_secret_kind;

/** The longest key that is made, in bits. The JDK's HMAC keys have no limit; no key that protects anything is so long. */
#define MU_KT_SECRET_MAX_BITS 999999

/** By -keyalg, in any case, also as "OID.1.2.3" or "1.2.3"; NULL: there is none. */
const mu_kt_secret_kind *mu_kt_secret_kind_find(const char *name);
/**
 * Make a key. @param bits -1: what the JDK takes for DES and DESede, if -keyalg calls them so; in: -keysize, out: that of the key
 * @param ret_key owned by the caller (OPENSSL_clear_free)
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_secret_generate(mu_kt *kt, const mu_kt_secret_kind *kind, long *bits, uint8_t **ret_key, size_t *ret_len);

#endif

/** Java's DataInput and DataOutput over bytes, as far as its key stores need them. Source: java.io.DataInput. */
#ifndef MU_KEYSTORE_JAVA_DATA_H
#define MU_KEYSTORE_JAVA_DATA_H

#include "keystore_internal.h"

/** Bytes being read; every function moves pos on or fails with MU_E_STORE_DAMAGED and the offset. */
typedef struct mu_java_in {
    const uint8_t *data;
    size_t len, pos;
} mu_java_in;

/** Big-endian, of 1 to 8 bytes. */
int mu_java_number(mu_java_in *in, int bytes, uint64_t *ret, mu_err **err);
/** Borrowed from the input. */
int mu_java_bytes(mu_java_in *in, size_t len, mu_bytes *ret, mu_err **err);
/** Length in 4 bytes, then that many; borrowed. */
int mu_java_block(mu_java_in *in, mu_bytes *ret, mu_err **err);
/** Length in 2 bytes, then modified UTF-8, which is left as it is; borrowed. */
int mu_java_utf(mu_java_in *in, mu_bytes *ret, mu_err **err);
/** Modified UTF-8 to UTF-8; what has no meaning becomes U+FFFD. Owned by the caller (free); NULL out of memory. */
char *mu_java_utf_text(mu_bytes utf);
/** MU_E_STORE_DAMAGED with that text and the offset. */
int mu_java_damaged(const mu_java_in *in, mu_err **err, const char *text);

void mu_java_add_number(mu_buf *out, int bytes, uint64_t value);
void mu_java_add_block(mu_buf *out, const void *data, size_t len);
/** @return 0, or -1 with MU_E_USAGE if the text is longer than 65,535 bytes */
int mu_java_add_utf(mu_buf *out, const char *text, mu_err **err);

#endif

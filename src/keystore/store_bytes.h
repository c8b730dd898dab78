/** A store's file read once, and tried with one password after the other: a pipe has its bytes only once. */
#ifndef MU_KEYSTORE_STORE_BYTES_H
#define MU_KEYSTORE_STORE_BYTES_H

#include "base/file.h"

#include <mutual/keystore.h>

#define MU_STORE_MAX_BYTES ((size_t)64 << 20)

typedef struct mu_store_bytes {
    const char *path; /* borrowed */
    mu_buf data;
    mu_file_stamp stamp;
} mu_store_bytes;

/** @return 0, or -1 as mu_file_read; mu_store_bytes_done is due in any case */
int mu_store_bytes_read(const char *path, size_t max_bytes, mu_store_bytes *ret, mu_err **err);
/** As mu_store_open. */
int mu_store_bytes_open(OSSL_LIB_CTX *libctx, const mu_store_bytes *bytes, const mu_store_options *options, mu_store **ret_store,
                        mu_err **err);
void mu_store_bytes_done(mu_store_bytes *bytes);

#endif

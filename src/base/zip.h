/** Reading ZIP files: the entries of the central directory, stored or deflated. Source: PKWARE APPNOTE 4.3. No ZIP64, no
 * encryption. */
#ifndef MU_BASE_ZIP_H
#define MU_BASE_ZIP_H

#include "base/buf.h"

typedef struct mu_zip_entry {
    char *name; /* owned */
    size_t header, packed, size;
    unsigned method;
} mu_zip_entry;

typedef struct mu_zip {
    const uint8_t *data; /* borrowed */
    size_t len;
    mu_zip_entry *entries;
    size_t count;
} mu_zip;

/** @return 0, or -1 with MU_E_STORE_DAMAGED. *ret is to be released in any case (mu_zip_done) */
int mu_zip_open(const uint8_t *data, size_t len, mu_zip *ret, mu_err **err);
/** One entry's content. @param out begun with the most it may have. @return 0, or -1 with MU_E_STORE_DAMAGED,
 * MU_E_STORE_LIMIT_EXCEEDED */
int mu_zip_read(const mu_zip *zip, const mu_zip_entry *entry, mu_buf *out, mu_err **err);
/** The entry of that very name, or NULL. */
const mu_zip_entry *mu_zip_find(const mu_zip *zip, const char *name);
void mu_zip_done(mu_zip *zip);

#endif

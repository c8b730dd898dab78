/** Reading ZIP files: the entries of the central directory, stored or deflated. Source: PKWARE APPNOTE 4.3. No ZIP64, no encryption. */
#ifndef MU_KEYTOOL_ZIP_H
#define MU_KEYTOOL_ZIP_H

#include "base/buf.h"

typedef struct mu_kt_zip_entry {
    char *name; /* owned */
    size_t header, packed, size;
    unsigned method;
} mu_kt_zip_entry;

typedef struct mu_kt_zip {
    const uint8_t *data; /* borrowed */
    size_t len;
    mu_kt_zip_entry *entries;
    size_t count;
} mu_kt_zip;

/** @return 0, or -1 with MU_E_STORE_DAMAGED. *ret is to be released in any case (mu_kt_zip_done) */
int mu_kt_zip_open(const uint8_t *data, size_t len, mu_kt_zip *ret, mu_err **err);
/** One entry's content. @param out begun with the most it may have. @return 0, or -1 with MU_E_STORE_DAMAGED, MU_E_STORE_LIMIT_EXCEEDED */
int mu_kt_zip_read(const mu_kt_zip *zip, const mu_kt_zip_entry *entry, mu_buf *out, mu_err **err);
void mu_kt_zip_done(mu_kt_zip *zip);

#endif

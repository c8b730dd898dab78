/*
 * ZIP files: whatever is listed can be read, or says why not.
 * Covers: src/base/zip.c
 */
#include "base/fuzzing.h"
#include "base/zip.h"

#include <string.h>

#define MAX_BYTES 65536

static void read_entry(const mu_zip *zip, const mu_zip_entry *entry)
{
    mu_buf out;
    mu_err *err = NULL;
    mu_buf_init(&out, MAX_BYTES);
    int rc = mu_zip_read(zip, entry, &out, &err);
    FUZZ_REQUIRE((rc == 0) == (err == NULL));
    FUZZ_REQUIRE(out.len <= MAX_BYTES && (rc != 0 || out.len == entry->size));
    mu_buf_free(&out);
    mu_err_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mu_zip zip = {0};
    mu_err *err = NULL;
    int rc = mu_zip_open(data, size, &zip, &err);
    FUZZ_REQUIRE((rc == 0) == (err == NULL));
    for (size_t i = 0; rc == 0 && i < zip.count && i < 100; i++) {
        const mu_zip_entry *found = mu_zip_find(&zip, zip.entries[i].name);
        FUZZ_REQUIRE(found && found <= &zip.entries[i] && strcmp(found->name, zip.entries[i].name) == 0);
        read_entry(&zip, &zip.entries[i]);
    }
    FUZZ_REQUIRE(rc != 0 || !mu_zip_find(&zip, "no such/name"));
    mu_zip_done(&zip);
    mu_err_free(err);
    return 0;
}

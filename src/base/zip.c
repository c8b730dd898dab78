#include "base/zip.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define END_BYTES 22
#define CENTRAL_BYTES 46
#define LOCAL_BYTES 30
#define MAX_COMMENT 65535
#define STORED 0
#define DEFLATED 8

static unsigned two(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static size_t four(const uint8_t *p)
{
    return two(p) | (size_t)two(p + 2) << 16;
}

static bool has_mark(const uint8_t *p, char a, char b)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

/* The end record, before a comment of any length. */
static const uint8_t *find_end(const uint8_t *data, size_t len)
{
    for (size_t back = END_BYTES; back <= len && back <= END_BYTES + MAX_COMMENT; back++)
        if (has_mark(data + len - back, 5, 6))
            return data + len - back;
    return NULL;
}

static int damaged(mu_err **err, const char *what)
{
    return mu_fail(err, MU_E_STORE_DAMAGED, "the ZIP file is damaged: %s", what);
}

int mu_zip_open(const uint8_t *data, size_t len, mu_zip *ret, mu_err **err)
{
    const uint8_t *end = len >= END_BYTES ? find_end(data, len) : NULL;
    size_t count = end ? two(end + 10) : 0, at = end ? four(end + 16) : 0;

    *ret = (mu_zip){.data = data, .len = len};
    if (!end)
        return damaged(err, "it has no end");
    if (!(ret->entries = calloc(count + 1, sizeof *ret->entries)))
        return mu_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        mu_zip_entry *entry = &ret->entries[i];
        const uint8_t *p = data + at;
        if (at > len || len - at < CENTRAL_BYTES || !has_mark(p, 1, 2) || len - at - CENTRAL_BYTES < two(p + 28))
            return damaged(err, "its directory ends early");
        *entry = (mu_zip_entry){.method = two(p + 10), .packed = four(p + 20), .size = four(p + 24), .header = four(p + 42)};
        if (!(entry->name = mu_strndup((const char *)p + CENTRAL_BYTES, two(p + 28))))
            return mu_fail_nomem(err);
        ret->count++;
        at += CENTRAL_BYTES + two(p + 28) + two(p + 30) + two(p + 32);
    }
    return 0;
}

static int inflate_to(const uint8_t *data, size_t len, mu_buf *out, mu_err **err)
{
    uint8_t piece[16384];
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
    int rc = inflateInit2(&z, -MAX_WBITS);

    if (rc != Z_OK)
        return mu_fail_nomem(err);
    do {
        z.next_out = piece;
        z.avail_out = sizeof piece;
        rc = inflate(&z, Z_NO_FLUSH);
        mu_buf_add(out, piece, sizeof piece - z.avail_out);
    } while (rc == Z_OK && !out->failed);
    inflateEnd(&z);
    return rc == Z_STREAM_END || out->failed ? 0 : damaged(err, "an entry cannot be unpacked");
}

int mu_zip_read(const mu_zip *zip, const mu_zip_entry *entry, mu_buf *out, mu_err **err)
{
    const uint8_t *p = zip->data + entry->header;
    size_t left = entry->header <= zip->len ? zip->len - entry->header : 0, skip;
    int rc = 0;

    if (left < LOCAL_BYTES || !has_mark(p, 3, 4) || (skip = LOCAL_BYTES + two(p + 26) + two(p + 28)) > left ||
        entry->packed > left - skip)
        return damaged(err, "an entry ends early");
    if (entry->method == STORED)
        mu_buf_add(out, p + skip, entry->packed);
    else if (entry->method == DEFLATED)
        rc = inflate_to(p + skip, entry->packed, out, err);
    else
        rc = damaged(err, "an entry is packed in an unknown way");
    if (rc == 0 && out->failed)
        rc = mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "an entry of the ZIP file is too large");
    return rc == 0 && out->len != entry->size ? damaged(err, "an entry has another size than it says") : rc;
}

const mu_zip_entry *mu_zip_find(const mu_zip *zip, const char *name)
{
    for (size_t i = 0; i < zip->count; i++)
        if (strcmp(zip->entries[i].name, name) == 0)
            return &zip->entries[i];
    return NULL;
}

void mu_zip_done(mu_zip *zip)
{
    for (size_t i = 0; i < zip->count; i++)
        free(zip->entries[i].name);
    free(zip->entries);
    *zip = (mu_zip){0};
}

#include "keystore_internal.h"

/* One header. Tags of several bytes do not occur in stores. */
struct header {
    size_t header_len, len;
    bool constructed, indefinite, end; /* end: the end-of-contents octets */
};

static int damaged(size_t offset, const char *why, mu_err **err)
{
    mu_fail(err, MU_E_STORE_DAMAGED, "the encoding is broken: %s", why);
    return mu_err_detail(err, "at byte %zu", offset);
}

static int read_header(const uint8_t *data, size_t offset, size_t left, struct header *h, mu_err **err)
{
    const uint8_t *p = data + offset;
    if (left < 2)
        return damaged(offset, "it ends inside a header", err);
    if ((p[0] & 0x1f) == 0x1f)
        return damaged(offset, "unknown tag", err);
    *h = (struct header){.header_len = 2, .constructed = (p[0] & 0x20) != 0, .end = p[0] == 0 && p[1] == 0};
    if (p[1] == 0x80) {
        h->indefinite = true;
        return h->constructed ? 0 : damaged(offset, "indefinite length of a primitive", err);
    }
    if (p[1] < 0x80) {
        h->len = p[1];
    } else {
        size_t octets = p[1] & 0x7f;
        if (octets > left - 2)
            return damaged(offset, "it ends inside a length", err);
        for (size_t i = 0; i < octets; i++) {
            if (h->len > SIZE_MAX >> 9)
                return damaged(offset, "huge length", err);
            h->len = h->len << 8 | p[2 + i];
        }
        h->header_len += octets;
    }
    if (h->len > left - h->header_len) {
        damaged(offset, "an element is longer than what holds it", err);
        return mu_err_detail(err, "%zu bytes announced, %zu left", h->len, left - h->header_len);
    }
    return 0;
}

#define SCAN_DEPTH 256

int mu_ber_scan(const uint8_t *data, size_t len, int max_nesting, size_t *ret_len, mu_err **err)
{
    size_t end[SCAN_DEPTH]; /* of each open element; SIZE_MAX: indefinite */
    int depth = 0, limit = max_nesting < SCAN_DEPTH ? max_nesting : SCAN_DEPTH;
    size_t pos = 0, bound = len;
    do {
        struct header h = {0};
        if (read_header(data, pos, bound - pos, &h, err) != 0)
            return -1;
        pos += h.header_len;
        if (h.constructed) {
            if (depth == limit) {
                mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the encoding is nested more than %d levels deep", limit);
                return mu_err_detail(err, "at byte %zu", pos);
            }
            end[depth++] = h.indefinite ? SIZE_MAX : pos + h.len;
            bound = h.indefinite ? bound : pos + h.len;
        } else if (h.end && depth > 0 && end[depth - 1] == SIZE_MAX) {
            end[depth - 1] = pos;
        } else {
            pos += h.len;
        }
        while (depth > 0 && end[depth - 1] == pos)
            depth--;
        bound = len;
        for (int i = depth; i-- > 0 && bound == len;)
            bound = end[i] == SIZE_MAX ? len : end[i];
    } while (depth > 0);
    *ret_len = pos;
    return 0;
}

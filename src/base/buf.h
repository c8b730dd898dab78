/** Growing byte buffers with a maximum, so that nothing a peer sends can take all memory. */
#ifndef MU_BASE_BUF_H
#define MU_BASE_BUF_H

#include <mutual/err.h>
#include <stdint.h>

/** data is always NUL-terminated when not NULL; the NUL is not counted in len. A zeroed struct with max set is an empty buffer. */
typedef struct mu_buf {
    uint8_t *data;
    size_t len, cap, max;
    bool secret; /* wiped when grown and freed */
    bool failed; /* an addition did not fit or memory ran out: sticky, so that a run of additions is checked once */
} mu_buf;

#define MU_BUF_TEXT_MAX (16u << 20)

void mu_buf_init(mu_buf *buf, size_t max);
void mu_buf_init_secret(mu_buf *buf, size_t max);
void mu_buf_free(mu_buf *buf);
/** Length 0 again, memory kept (wiped if secret). */
void mu_buf_reset(mu_buf *buf);
void mu_buf_add(mu_buf *buf, const void *data, size_t len);
void mu_buf_add_str(mu_buf *buf, const char *text);
void mu_buf_add_byte(mu_buf *buf, uint8_t byte);
void mu_buf_addf(mu_buf *buf, const char *fmt, ...) MU_PRINTF(2, 3);
/** Drop the first len bytes. */
void mu_buf_consume(mu_buf *buf, size_t len);
/** The text, never NULL ("" when empty or failed). Borrowed. */
const char *mu_buf_text(const mu_buf *buf);
/** Take the memory (free); NULL if failed. An empty buffer gives "". The buffer is empty afterwards. */
char *mu_buf_steal(mu_buf *buf);

#endif

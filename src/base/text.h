/** Foreign text made safe, small string helpers, lists of strings. */
#ifndef MU_BASE_TEXT_H
#define MU_BASE_TEXT_H

#include "base/buf.h"

/**
 * Append foreign bytes as safe text: printable UTF-8 stays; control characters, DEL, C1, bidirectional and zero-width characters,
 * line separators, invalid UTF-8, quotes and backslash become \xHH, \u{H} or \" \\ . The result has no line break and can stand
 * between double quotes, in a log line and on a terminal. HTML and JSON have escapers of their own.
 */
void mu_escape(mu_buf *out, const void *text, size_t len);
/** The same into new memory (free); NULL when out of memory. */
char *mu_escape_dup(const void *text, size_t len);
/** The same of a string into out, for a message; what does not fit in ends in "...". @return out */
#define MU_SHOWN_SIZE 256
const char *mu_escape_to(char out[MU_SHOWN_SIZE], const char *text);

/**
 * One UTF-8 sequence (RFC 3629: shortest form, no surrogates, at most U+10FFFF) at the start of len > 0 bytes.
 * @return its length in bytes, or 0 if it is none
 */
size_t mu_utf8_decode(const uint8_t *text, size_t len, uint32_t *ret_point);

/** As strdup and asprintf, NULL when out of memory. */
char *mu_strdup(const char *text);
char *mu_strndup(const char *text, size_t len);
/** The host alone of "[::1]", "fe80::1%eth0", "name.": what a URL, an interface or DNS adds is left out. Owned; NULL: no memory. */
char *mu_bare_host(const char *host);
char *mu_asprintf(const char *fmt, ...) MU_PRINTF(1, 2);

bool mu_str_eq_nocase(const char *a, const char *b);
bool mu_str_has_prefix(const char *text, const char *prefix);
/** Whole decimal number within bounds. @return false if it is anything else */
bool mu_str_to_long(const char *text, long min, long max, long *ret);

/** Letters mistyped, left out, added or exchanged with the next, for "did you mean": 3 at most (more is reported as 4). */
int mu_str_distance(const char *a, const char *b);

/** A list of owned strings. A zeroed struct is empty. */
typedef struct mu_strlist {
    char **items;
    size_t count;
} mu_strlist;
/** Copies. @return 0, or -1 when out of memory */
int mu_strlist_add(mu_strlist *list, const char *text);
void mu_strlist_free(mu_strlist *list);

#endif

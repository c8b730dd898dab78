/**
 * Many phrases looked for at once (Aho and Corasick), by the letters and digits alone: upper and lower case are the same, and
 * whatever stands between words (spaces, line breaks, underscores, punctuation, colours, "\n" written out, foreign letters) is one
 * separator. So "self signed", SELF_SIGNED and "self-signed" are one phrase. A phrase that begins or ends with a separator wants one.
 */
#ifndef MU_DIAG_LOG_MATCH_H
#define MU_DIAG_LOG_MATCH_H

#include <mutual/err.h>
#include <stdint.h>

typedef struct mu_matcher mu_matcher;

/** Where a text that comes in pieces stands; begin with {.between = true}. */
typedef struct mu_match_state {
    uint16_t node;
    uint8_t escape; /* 0: none, 1: after ESC, 2: in a colour, 3: after a backslash */
    bool between;   /* a separator was the last */
    uint64_t count; /* letters, digits and separators so far, as phrases are counted by mu_match_length */
} mu_match_state;

/** @return NULL when out of memory */
mu_matcher *mu_matcher_new(void);
void mu_matcher_free(mu_matcher *matcher);
/** id is what mu_matcher_run will say; the same phrase may have several. @return 0, or -1 when out of memory or of its 65535 states */
int mu_matcher_add(mu_matcher *matcher, const char *phrase, size_t len, uint32_t id);
/** So many letters, digits and separators are a phrase. */
size_t mu_match_length(const mu_matcher *matcher, const char *phrase, size_t len);
/** After the last phrase, once. @return 0, or -1 when out of memory */
int mu_matcher_finish(mu_matcher *matcher);
/** end: offset in text just after the last byte of the phrase. */
typedef void mu_match_cb(void *arg, uint32_t id, size_t end);
void mu_matcher_run(const mu_matcher *matcher, mu_match_state *state, const uint8_t *text, size_t len, mu_match_cb *found, void *arg);

#endif

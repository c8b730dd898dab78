/* Between the files of the log reader. */
#ifndef MU_DIAG_LOG_INTERNAL_H
#define MU_DIAG_LOG_INTERNAL_H

#include "diag/log.h"
#include "diag/log_match.h"
#include "diag/log_rules.h"

#define MU_LOG_LINE_MAX 65536 /* a longer line is read in pieces of this length */
#define MU_LOG_FACTS_MAX 24   /* of one failure */
#define MU_LOG_FAILURES_MAX 32
#define MU_LOG_NEAR_LINES 40  /* so far around a failure its surroundings tell who prints */
#define MU_LOG_FAR_LINES 200  /* lines of one failure are closer than that: stack traces are long */

/* A fact, where it was seen first, and the odds that it was a client that printed it. */
typedef struct mu_log_seen {
    mu_fact fact;
    bool sent; /* an alert that was sent, not received */
    size_t source, line;
    const char *stack;
    double odds;
    char *quote; /* safe to show; owned */
} mu_log_seen;

typedef struct mu_log_failure {
    mu_log_seen facts[MU_LOG_FACTS_MAX];
    size_t count, times; /* times: how often its facts came again later */
    size_t last_source, last_line;
    bool general; /* nothing but MU_GENERAL so far */
} mu_log_failure;

typedef struct mu_log_source {
    char *name;
    mu_found_at side;
    double odds; /* that a client printed it, by all its words */
    size_t lines;
} mu_log_source;

/* A phrase found in the piece being read; begin and end are mu_match_state.count. */
typedef struct mu_log_match {
    const mu_says *says;
    mu_fact fact;
    bool sent;
    uint64_t begin, end;
    size_t end_byte;
} mu_log_match;
#define MU_LOG_MATCHES_MAX 64

struct mu_log {
    mu_matcher *matcher;
    mu_match_state state;
    uint32_t *progress; /* of each phrase of the table: parts found, and where the last one ended */
    uint64_t *progress_end;
    bool *printed; /* phrases that told who prints, once for each source */
    mu_log_source sources[MU_LOG_SOURCES_MAX];
    size_t source_count;
    mu_log_failure failures[MU_LOG_FAILURES_MAX];
    size_t failure_count, not_kept;
    mu_log_seen hints[MU_FACT_COUNT]; /* line 0: not seen */
    struct {
        size_t line;
        double odds;
    } recent[16]; /* what told lately who prints */
    size_t recent_next;
    struct {
        uint64_t end;
        uint32_t context;
    } alert; /* the last words that announce an alert's name */
    const mu_says *opened; /* its "[" ended the last line: is the "]" the next? NULL: none */
    mu_log_match matches[MU_LOG_MATCHES_MAX];
    size_t match_count;
    mu_buf pending;         /* a line that is not complete */
    const uint8_t *text;    /* the piece being read */
    size_t text_len, line;
    uint64_t offset;        /* of that piece in the source */
    bool skipping_break;
    int utf16;              /* 0: unknown, 1: no, 2: little, 3: big */
    int held;               /* the first byte of a pair, or -1 */
    bool failed;
};

/* log_read.c */
int mu_log_phrases(mu_log *log);
void mu_log_found(void *log, uint32_t id, size_t end);
/* At the end of a piece: what was found in it becomes facts, but for phrases that are only a part of a longer one. */
void mu_log_take_matches(mu_log *log);
/* At its beginning: whether it closes what the last one opened. */
void mu_log_take_opened(mu_log *log);
/* log_failure.c */
void mu_log_add_fact(mu_log *log, const mu_says *says, mu_fact fact, bool sent, size_t end);
void mu_log_add_odds(mu_log *log, double odds);
double mu_log_odds_of(mu_printer printer);
/* log_weigh.c */
typedef struct mu_log_weights {
    double of[MU_CODE_COUNT];
    double other; /* that it is none of them */
} mu_log_weights;
/* How a fact alone spreads over the causes, if a client printed it with that probability. */
void mu_log_spread(mu_fact fact, bool sent, double client, mu_log_weights *ret);
void mu_log_weigh(const mu_log *log, const mu_log_failure *failure, mu_log_weights *ret);
/* The probability that a client printed the facts of a failure that are in a source. */
double mu_log_client(const mu_log *log, const mu_log_failure *failure, size_t source);
/* log_quote.c */
/* The words around the end of a match: secrets masked, escaped, clipped. Owned; NULL when out of memory. */
char *mu_log_quote(const uint8_t *line, size_t len, size_t end);

#endif

/** The doctor's reader of logs: facts first, then rules that infer causes from them. Bounded memory, whatever is fed. */
#ifndef MU_DIAG_LOG_H
#define MU_DIAG_LOG_H

#include "diag/finding.h"

typedef struct mu_log mu_log;

/** @return NULL when out of memory */
mu_log *mu_log_new(void);
void mu_log_free(mu_log *log);

/** Another log begins: its lines count from 1. side: whose log it is, MU_AT_UNKNOWN to infer that from its words. @return 0, or -1
 * when out of memory or after MU_LOG_SOURCES_MAX logs */
#define MU_LOG_SOURCES_MAX 16
int mu_log_begin(mu_log *log, const char *name, mu_found_at side);
/** The next bytes: text of any kind, or not text at all. UTF-16 is known by its mark. */
void mu_log_feed(mu_log *log, const void *data, size_t len);
/** The last line need not end in a line break. */
void mu_log_end(mu_log *log);

/** What the logs tell, each failure with a number of its own; nothing recognised makes it undetermined. */
void mu_log_findings(const mu_log *log, mu_findings *findings);

/** The causes behind a line, likeliest first, without those that only an alert's name suggests. @return how many */
size_t mu_log_causes(const char *line, mu_code *out, size_t max);

#endif

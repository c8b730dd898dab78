/** The doctor's reader of logs (mutual/diag.h): facts first, then rules that infer causes from them. */
#ifndef MU_DIAG_LOG_H
#define MU_DIAG_LOG_H

#include "diag/finding.h"

/** What the logs tell, each failure with a number of its own; nothing recognised makes it undetermined. */
void mu_log_findings(const mu_log *log, mu_findings *findings);

/** The causes behind a line, likeliest first, without those that only an alert's name suggests. @return how many */
size_t mu_log_causes(const char *line, mu_code *out, size_t max);

#endif

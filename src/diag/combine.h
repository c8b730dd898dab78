/** What logs tell and what stores and servers show narrow each other down. */
#ifndef MU_DIAG_COMBINE_H
#define MU_DIAG_COMBINE_H

#include "diag/finding.h"

/**
 * The failures from number first on are those of logs. A candidate of theirs that another examiner has found is raised, one that an
 * examiner would have found and did not is lowered; a failure whose likeliest cause has been found becomes one with that finding.
 */
void mu_findings_combine(mu_findings *findings, size_t first);

#endif

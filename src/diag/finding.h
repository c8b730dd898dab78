/** What the doctor found: causes with their evidence, how sure they are, and what cures them. */
#ifndef MU_DIAG_FINDING_H
#define MU_DIAG_FINDING_H

#include "base/text.h"
#include <mutual/diag.h>

/** Texts are safe to show, and owned. */
typedef struct mu_finding {
    size_t failure; /* findings of one failure are alternatives, most likely first */
    mu_code code;
    bool warning;   /* works today or for some: does not make the verdict fail */
    mu_found_at side;
    mu_found_at refused_by; /* who said no; MU_AT_UNKNOWN also when nobody did */
    double confidence;      /* 0 to 1 */
    mu_strlist evidence;    /* a line each: facts, and where they were seen */
    char *fix;              /* NULL: the one of the cause */
    char *command;          /* to be pasted into a shell; NULL: none that we know to cure it */
    char *repaired;         /* what was done into which new file, so that it is gone; NULL: nothing, or it was of no use */
} mu_finding;

/** What two programs of one kind would do with what was given. */
typedef struct mu_prediction {
    const char *pair;       /* "mutual", "openssl", "jvm"; static */
    int version;            /* TLS1_2_VERSION, TLS1_3_VERSION */
    bool ok;
    mu_found_at refused_by; /* also a side that cannot even begin */
    mu_code code;           /* MU_OK if ok */
} mu_prediction;

/** mu_findings: a zeroed struct is empty. */
struct mu_findings {
    mu_finding *items;
    size_t count;
    mu_prediction *predictions;
    size_t prediction_count;
    size_t failures;                 /* numbers given out so far */
    bool looked_for[MU_CODE_COUNT];  /* an examiner would have found this cause, had it been there */
    bool undetermined;               /* something failed, or may have, and no cause can be named */
    mu_strlist notes;                /* what was looked at, and what could not be */
    mu_strlist written;              /* files that repair something, and how a program is told of them */
    mu_strlist use;
    struct mu_findings *after;       /* of the same stores, those files in place of the old ones; NULL: nothing was repaired */
    bool failed;                     /* memory ran out: sticky, checked once */
};

/** A new failure, with the number that its findings bear. */
size_t mu_findings_failure(mu_findings *findings);
/**
 * Add a cause of a failure. The returned finding is good until the next one is added, for mu_finding_evidence and the fields; when
 * memory runs out it is one that nobody sees, never NULL.
 */
mu_finding *mu_findings_add(mu_findings *findings, size_t failure, mu_code code, mu_found_at side, double confidence);
/** A line of facts; foreign text comes escaped. A line that is there already is not added again. */
void mu_finding_evidence(mu_findings *findings, mu_finding *finding, const char *fmt, ...) MU_PRINTF(3, 4);
/** The fix and the command, printf-like, replacing what was there. */
void mu_finding_fix(mu_findings *findings, mu_finding *finding, const char *fmt, ...) MU_PRINTF(3, 4);
void mu_finding_command(mu_findings *findings, mu_finding *finding, const char *fmt, ...) MU_PRINTF(3, 4);
void mu_findings_note(mu_findings *findings, const char *fmt, ...) MU_PRINTF(2, 3);
void mu_findings_predict(mu_findings *findings, const mu_prediction *prediction);
/** Append a word to a command line as a POSIX shell reads it: quoted if it has to be. */
void mu_shell_word(mu_buf *out, const char *word);

/** Order: failures with errors first, in the order they were begun; in each the most likely first. */
void mu_findings_rank(mu_findings *findings);
/** What they own. */
void mu_findings_free(mu_findings *findings);
/** What a finding owns. */
void mu_finding_done(mu_finding *finding);

/** "client", "server", "both", "unknown". */
const char *mu_found_at_name(mu_found_at side);

#endif

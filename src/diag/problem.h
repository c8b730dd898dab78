/** What is wrong with something that was looked at: causes with the facts that show them. */
#ifndef MU_DIAG_PROBLEM_H
#define MU_DIAG_PROBLEM_H

#include <mutual/err.h>

typedef struct mu_problem {
    mu_code code;
    bool warning; /* works for some, or today; otherwise peers refuse it */
    int depth;    /* of the certificate in its chain, 0 the leaf; -1: it is about the whole */
    char *detail; /* one line of facts, escaped; owned */
} mu_problem;

/** A zeroed struct is empty. */
typedef struct mu_problems {
    mu_problem *items;
    size_t count;
    bool failed; /* memory ran out: sticky, checked once */
} mu_problems;

void mu_problems_add(mu_problems *problems, mu_code code, bool warning, int depth, const char *fmt, ...) MU_PRINTF(5, 6);
bool mu_problems_have(const mu_problems *problems, mu_code code);
void mu_problems_free(mu_problems *problems);

#endif

/** What is wrong with a configuration file: everything, in one pass, each with its place. */
#ifndef MU_CONFIG_MISTAKES_H
#define MU_CONFIG_MISTAKES_H

#include <mutual/err.h>

typedef struct mu_mistake {
    size_t line, column; /* from 1 */
    char *text;          /* NULL: out of memory */
} mu_mistake;

#define MU_MISTAKES_MAX 100

/** file: its name as given, borrowed; the rest zeroed. */
typedef struct mu_mistakes {
    const char *file;
    mu_mistake list[MU_MISTAKES_MAX];
    size_t count, dropped; /* dropped: further ones */
} mu_mistakes;

/** Foreign text in it must be escaped. */
void mu_mistakes_add(mu_mistakes *problems, size_t line, size_t column, const char *fmt, ...) MU_PRINTF(4, 5);
/** The same of an error, which is freed. */
void mu_mistakes_add_err(mu_mistakes *problems, size_t line, size_t column, mu_err *err);
/**
 * @return 0 if there are none, else -1 with MU_E_CONFIG_INVALID: how many there are, and each as "FILE:LINE:COLUMN: …" in the
 * chain of its causes, in the order of the file
 */
int mu_mistakes_fail(mu_mistakes *problems, mu_err **err);
void mu_mistakes_done(mu_mistakes *problems);

#endif

/** Passwords in memory that is wiped, locked where possible and left out of core dumps. */
#ifndef MU_BASE_SECRET_H
#define MU_BASE_SECRET_H

#include <mutual/err.h>

/** value is NULL when there is none ("" is a password too). Set and cleared only by the functions below. */
typedef struct mu_secret {
    char *value;
} mu_secret;

/** Replaces what was there. NULL clears. @return 0, or -1 out of memory */
int mu_secret_set(mu_secret *secret, const char *value, size_t len, mu_err **err);
void mu_secret_clear(mu_secret *secret);
/** Once at the start of a program: no core dumps, not dumpable (builds with sanitizers stay dumpable). */
void mu_secret_process_init(void);

#endif

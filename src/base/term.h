/** The terminal: colour, width, progress, questions. Only for the layers that print. */
#ifndef MU_BASE_TERM_H
#define MU_BASE_TERM_H

#include "base/secret.h"
#include <stdio.h>

typedef enum mu_style { MU_STYLE_NONE, MU_STYLE_BOLD, MU_STYLE_DIM, MU_STYLE_GOOD, MU_STYLE_BAD, MU_STYLE_WARN } mu_style;

/** True on a terminal, unless NO_COLOR is set (and not empty) or TERM is "dumb". */
bool mu_term_has_colour(FILE *stream);
/** The escape sequence, or "" without colour; mu_style_off ends it. */
const char *mu_style_on(FILE *stream, mu_style style);
const char *mu_style_off(FILE *stream);
/** Columns of the terminal, 100 if it is none. */
int mu_term_columns(FILE *stream);

/** "making a 4096-bit RSA key …" on a terminal's stderr once it has taken more than half a second; cleared when done. Not nested;
 * what is borrowed until the end. */
void mu_progress_begin(const char *what);
void mu_progress_end(void);

/** Ask on /dev/tty with echo off. @return 0, or -1 with MU_E_USAGE (no terminal, or end of input) */
int mu_term_ask_secret(const char *prompt, mu_secret *ret_secret, mu_err **err);
/** The same on this terminal. */
int mu_term_ask_secret_on(int tty, const char *prompt, mu_secret *ret_secret, mu_err **err);

/**
 * How all commands tell a person about an error:
 *     client certificate refused: not valid for client authentication [eku-missing-clientauth]
 *       because: … [code]: …     (each failure underneath, with its facts)
 *       detail: …
 *       hint:   …                (the first hint of the chain, else the fix of the root cause)
 */
void mu_err_print(FILE *stream, const mu_err *err);

#endif

/** Where a password comes from: OpenSSL's forms. */
#ifndef MU_CONFIG_PASSWORD_H
#define MU_CONFIG_PASSWORD_H

#include "base/secret.h"

/**
 * Resolve "pass:VALUE", "env:NAME", "file:PATH" (first line), "fd:N" and "stdin" (their next line), "prompt"; anything else is the
 * value itself. NULL: MUTUAL_STORE_PASSWORD if set, else ask on a terminal. An environment variable that was used is overwritten in
 * place, so that it does not stay in /proc/PID/environ; its value is kept here, so that it may be named again.
 * @param what for the question and messages: "server.p12"
 * @return 0, or -1 with MU_E_USAGE (nothing to be had there) or, for a file, what mu_file_read says
 */
int mu_password_resolve(const char *spec, const char *what, mu_secret *ret_secret, mu_err **err);
/** The same for what is only now being made: a question on the terminal is asked twice. */
int mu_password_resolve_new(const char *spec, const char *what, mu_secret *ret_secret, mu_err **err);
/** Does that error of a store or key say that it needs a password, or another one? */
bool mu_password_is_wanted(const mu_err *err);
/** Wipe what was kept from variables: for programs that go on for long. The variables cannot be named again. */
void mu_password_forget(void);

#endif

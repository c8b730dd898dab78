/**
 * libmutual: mutual TLS that explains itself.
 *
 * What holds for the whole library:
 * - Pointers are not NULL unless the comment allows it. Every `_free` accepts NULL.
 * - Functions return 0 or -1, or a pointer or NULL. Outputs (`ret_…`) are touched only on success, *err only on failure.
 * - `_get0_` borrows (the callee keeps ownership), `_get1_` and `ret_…` give ownership to the caller, `_set1_` copies or takes a
 *   reference, `_set0_` takes ownership on success. OpenSSL's own types are used where OpenSSL has them.
 * - Nothing here prints, exits, installs signal handlers or changes process-wide settings.
 * - Threads: different objects may be used by different threads at once. One object must not, unless its comment allows it.
 *   An OSSL_LIB_CTX parameter names the library context that does the work; NULL is the default one.
 * - Text is UTF-8. Passwords are NUL-terminated UTF-8, borrowed for the call; NULL means "no password", which is not "".
 * - Times are seconds since 1970 (UTC) and named `…_s`. Functions that judge dates take the time, they never read the clock.
 * - Limits: nothing here fetches CRLs, OCSP answers or issuers from the network.
 */
#ifndef MUTUAL_MUTUAL_H
#define MUTUAL_MUTUAL_H

#include <mutual/diag.h>
#include <mutual/err.h>
#include <mutual/keystore.h>
#include <mutual/pki.h>
#include <mutual/tls.h>

#endif

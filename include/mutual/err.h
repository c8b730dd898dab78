/**
 * Errors and causes.
 *
 * Every function of libmutual that can fail takes `mu_err **err` as its last parameter. On failure it stores a new error
 * there, owned by the caller (mu_err_free); on success it leaves it untouched. `err` may be NULL: then the reason is dropped.
 * An error is a chain: each link adds context, the last link is the root.
 */
#ifndef MUTUAL_ERR_H
#define MUTUAL_ERR_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define MU_API __attribute__((visibility("default")))
#define MU_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define MU_USE_RESULT __attribute__((warn_unused_result))
#else
#define MU_API
#define MU_PRINTF(fmt, first)
#define MU_USE_RESULT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Cause codes: one code names one root cause. The list, with class, exit status, meaning and fix, is causes.def. */
typedef enum mu_code {
    MU_OK = 0,
#define MU_CAUSE(id, name, cls, exit_status, meaning, fix) MU_E_##id,
#include "causes.def"
#undef MU_CAUSE
    MU_CODE_COUNT
} mu_code;

/** What kind of thing is wrong. */
typedef enum mu_class {
    MU_CLASS_OTHER,
    MU_CLASS_USAGE,    /* options, configuration */
    MU_CLASS_STORE,    /* files, stores, keys, passwords */
    MU_CLASS_TRUST,    /* a certificate or chain that we refuse */
    MU_CLASS_PROTOCOL, /* versions, groups, ciphers, names in the handshake */
    MU_CLASS_PEER,     /* the peer refused */
    MU_CLASS_NETWORK   /* before or below TLS */
} mu_class;

/** Who refused. */
typedef enum mu_by {
    MU_BY_US,
    MU_BY_PEER,   /* an alert or an HTTP answer said so */
    MU_BY_OS,     /* a system call said so */
    MU_BY_CALLER  /* wrong arguments, options or configuration */
} mu_by;

typedef struct mu_err mu_err;
struct mu_err {
    mu_code code;
    mu_by by;
    char *msg;    /* what happened: one factual line, UTF-8, foreign text already escaped */
    char *detail; /* depth, subject, serial, alert, X509_V_ code, errno text, byte offset; never secrets; may be NULL */
    char *hint;   /* what to try; NULL means the fix of the cause */
    mu_err *cause; /* the failure underneath, owned; NULL at the root */
    const char *file; /* where in mutual, for bug reports */
    int line;
};

/** The contract name of a code, as "cert-expired"; "ok" for MU_OK. */
MU_API const char *mu_code_name(mu_code code);
/** The code with that name, or MU_OK if there is none. */
MU_API mu_code mu_code_from_name(const char *name);
/** One line: what the cause means. */
MU_API const char *mu_code_meaning(mu_code code);
/** One line: what usually cures it. */
MU_API const char *mu_code_fix(mu_code code);
MU_API mu_class mu_code_class(mu_code code);
/** The exit status of a command that ends with this cause: 1 other, 2 usage, 3 store, 4 refused by us, 5 by the peer, 6 network. */
MU_API int mu_code_exit_status(mu_code code);

/** Frees the whole chain. NULL and the static out-of-memory error are fine. */
MU_API void mu_err_free(mu_err *err);
/** The last link of the chain. */
MU_API const mu_err *mu_err_root(const mu_err *err);
/** True if this link or one below has that code. */
MU_API bool mu_err_has(const mu_err *err, mu_code code);

/**
 * Raise: store a new error in *err and return -1, so that a failure reads `return mu_fail(err, MU_E_..., "...")`.
 * An error that is already in *err is freed: use mu_wrap to keep it. If OpenSSL's queue says that memory ran out, that is the
 * error, whatever the caller took it for.
 */
#define mu_fail(err, code, ...) mu_err_raise((err), (code), MU_BY_US, __FILE__, __LINE__, __VA_ARGS__)
#define mu_fail_by(err, code, by, ...) mu_err_raise((err), (code), (by), __FILE__, __LINE__, __VA_ARGS__)
/** As mu_fail, by the operating system; detail is the text of `errnum` (an errno value). */
#define mu_fail_errno(err, code, errnum, ...) mu_err_raise_errno((err), (code), (errnum), __FILE__, __LINE__, __VA_ARGS__)
/** As mu_fail; moves OpenSSL's error queue into detail, earliest entry (the cause) first, and empties it. */
#define mu_fail_ossl(err, code, ...) mu_err_raise_ossl((err), (code), __FILE__, __LINE__, __VA_ARGS__)
/** Add context: a new error whose cause is the present *err. Returns -1. */
#define mu_wrap(err, code, ...) mu_err_wrap((err), (code), __FILE__, __LINE__, __VA_ARGS__)
/** Out of memory: a static error that needs no memory. Returns -1. */
#define mu_fail_nomem(err) mu_err_raise_nomem((err))

MU_API int mu_err_raise(mu_err **err, mu_code code, mu_by by, const char *file, int line, const char *fmt, ...) MU_PRINTF(6, 7);
MU_API int mu_err_raise_errno(mu_err **err, mu_code code, int errnum, const char *file, int line, const char *fmt, ...)
    MU_PRINTF(6, 7);
MU_API int mu_err_raise_ossl(mu_err **err, mu_code code, const char *file, int line, const char *fmt, ...) MU_PRINTF(5, 6);
MU_API int mu_err_wrap(mu_err **err, mu_code code, const char *file, int line, const char *fmt, ...) MU_PRINTF(5, 6);
MU_API int mu_err_raise_nomem(mu_err **err);
/** Hand on an error that was kept aside: *err becomes `reason`, which is freed if err is NULL. Returns -1. */
MU_API int mu_err_pass(mu_err **err, mu_err *reason);

/** Append to the detail of *err (separated by ", "). Nothing happens if err or *err is NULL. Returns -1, as mu_fail does. */
MU_API int mu_err_detail(mu_err **err, const char *fmt, ...) MU_PRINTF(2, 3);
/** Set the hint of *err. Returns -1. */
MU_API int mu_err_hint(mu_err **err, const char *fmt, ...) MU_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif

#include <mutual/err.h>

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct cause {
    const char *name;
    mu_class cls;
    int exit_status;
    const char *meaning, *fix;
};

static const struct cause causes[MU_CODE_COUNT] = {
    [MU_OK] = {"ok", MU_CLASS_OTHER, 0, "Nothing is wrong.", ""},
#define MU_CAUSE(id, name, cls, exit_status, meaning, fix) [MU_E_##id] = {name, MU_CLASS_##cls, exit_status, meaning, fix},
#include "causes.def"
#undef MU_CAUSE
};

/* Reporting that memory ran out must not need memory. */
static mu_err nomem = {
    .code = MU_E_OUT_OF_MEMORY, .by = MU_BY_OS, .msg = (char *)"out of memory", .file = __FILE__, .line = __LINE__};

static const struct cause *find(mu_code code)
{
    return &causes[(unsigned)code < MU_CODE_COUNT ? code : MU_E_INTERNAL];
}

const char *mu_code_name(mu_code code)
{
    return find(code)->name;
}

mu_code mu_code_from_name(const char *name)
{
    for (int i = 1; i < MU_CODE_COUNT; i++)
        if (strcasecmp(causes[i].name, name) == 0)
            return (mu_code)i;
    return MU_OK;
}

const char *mu_code_meaning(mu_code code)
{
    return find(code)->meaning;
}

const char *mu_code_fix(mu_code code)
{
    return find(code)->fix;
}

mu_class mu_code_class(mu_code code)
{
    return find(code)->cls;
}

int mu_code_exit_status(mu_code code)
{
    return find(code)->exit_status;
}

void mu_err_free(mu_err *err)
{
    while (err && err != &nomem) {
        mu_err *cause = err->cause;
        free(err->msg);
        free(err->detail);
        free(err->hint);
        free(err);
        err = cause;
    }
}

const mu_err *mu_err_root(const mu_err *err)
{
    while (err && err->cause)
        err = err->cause;
    return err;
}

bool mu_err_has(const mu_err *err, mu_code code)
{
    for (; err; err = err->cause)
        if (err->code == code)
            return true;
    return false;
}

int mu_err_pass(mu_err **err, mu_err *reason)
{
    mu_err_free(err ? *err : reason);
    if (err)
        *err = reason;
    return -1;
}

int mu_err_raise_nomem(mu_err **err)
{
    if (err) {
        mu_err_free(*err);
        *err = &nomem;
    }
    return -1;
}

/* Takes ownership of detail and cause. */
MU_PRINTF(8, 0)
static int store(mu_err **err, mu_code code, mu_by by, const char *file, int line, char *detail, mu_err *cause, const char *fmt,
                 va_list args)
{
    mu_err *e = calloc(1, sizeof *e);
    char *msg = NULL;

    if (!e || vasprintf(&msg, fmt, args) < 0) {
        free(e);
        free(detail);
        mu_err_free(cause);
        *err = &nomem;
        return -1;
    }
    *e = (mu_err){.code = code, .by = by, .msg = msg, .detail = detail, .cause = cause, .file = file, .line = line};
    *err = e;
    return -1;
}

/* Many functions of OpenSSL answer "no" when memory runs out, as if a key did not fit or a signature were wrong. */
static bool ossl_ran_out(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
           ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

/* What was in *err may be quoted by the arguments, so it is freed last. */
MU_PRINTF(7, 0)
static int replace(mu_err **err, mu_code code, mu_by by, const char *file, int line, char *detail, const char *fmt, va_list args)
{
    mu_err *old = *err;
    if (ossl_ran_out()) {
        ERR_clear_error();
        free(detail);
        *err = &nomem;
    } else
        store(err, code, by, file, line, detail, NULL, fmt, args);
    mu_err_free(old);
    return -1;
}

int mu_err_raise(mu_err **err, mu_code code, mu_by by, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    if (!err)
        return -1;
    va_start(args, fmt);
    replace(err, code, by, file, line, NULL, fmt, args);
    va_end(args);
    return -1;
}

int mu_err_raise_errno(mu_err **err, mu_code code, int errnum, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    if (!err)
        return -1;
    va_start(args, fmt);
    replace(err, code, MU_BY_OS, file, line, strdup(strerror(errnum)), fmt, args);
    va_end(args);
    return -1;
}

/* The earliest entry is the cause, what follows are the layers it passed through. NULL if there is no memory. */
static char *drain_ossl_queue(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *data;
    int flags;
    unsigned long code;
    bool first = true;

    if (!out) {
        ERR_clear_error();
        return NULL;
    }
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        const char *reason = ERR_reason_error_string(code);
        fprintf(out, "%s%s", first ? "OpenSSL: " : "; ", reason ? reason : "unknown error");
        if ((flags & ERR_TXT_STRING) && *data)
            fprintf(out, " (%s)", data);
        first = false;
    }
    if (first)
        fputs("OpenSSL gave no reason", out);
    fclose(out);
    return text;
}

int mu_err_raise_ossl(mu_err **err, mu_code code, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    if (!err) {
        ERR_clear_error();
        return -1;
    }
    char *detail = ossl_ran_out() ? NULL : drain_ossl_queue();
    va_start(args, fmt);
    replace(err, code, MU_BY_US, file, line, detail, fmt, args);
    va_end(args);
    return -1;
}

int mu_err_wrap(mu_err **err, mu_code code, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    if (!err)
        return -1;
    mu_err *cause = *err;
    *err = NULL;
    va_start(args, fmt);
    store(err, code, cause ? cause->by : MU_BY_US, file, line, NULL, cause, fmt, args);
    va_end(args);
    return -1;
}

MU_PRINTF(3, 0)
static void set_text(char **field, bool append, const char *fmt, va_list args)
{
    char *added = NULL, *joined = NULL;
    if (vasprintf(&added, fmt, args) < 0)
        return;
    if (append && *field) {
        if (asprintf(&joined, "%s, %s", *field, added) < 0)
            joined = NULL;
        free(added);
        if (!joined)
            return;
        added = joined;
    }
    free(*field);
    *field = added;
}

int mu_err_detail(mu_err **err, const char *fmt, ...)
{
    va_list args;
    if (err && *err && *err != &nomem) {
        va_start(args, fmt);
        set_text(&(*err)->detail, true, fmt, args);
        va_end(args);
    }
    return -1;
}

int mu_err_hint(mu_err **err, const char *fmt, ...)
{
    va_list args;
    if (err && *err && *err != &nomem) {
        va_start(args, fmt);
        set_text(&(*err)->hint, false, fmt, args);
        va_end(args);
    }
    return -1;
}

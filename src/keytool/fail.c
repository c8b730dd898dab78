#include "keytool/kt.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int mu_kt_throw(mu_kt *kt, mu_code code, const char *java_class, const char *fmt, ...)
{
    char *msg = NULL;
    va_list args;

    if (fmt) {
        va_start(args, fmt);
        if (vasprintf(&msg, fmt, args) < 0)
            msg = NULL;
        va_end(args);
    }
    free(kt->thrown);
    kt->thrown = mu_asprintf("%s%s%s", java_class, msg ? ": " : "", msg ? msg : "");
    if (!kt->err) {
        char *safe = mu_escape_dup(msg ? msg : java_class, strlen(msg ? msg : java_class));
        mu_fail(&kt->err, code, "%s", safe ? safe : "out of memory");
        free(safe);
    }
    free(msg);
    kt->status = 1;
    return -1;
}

int mu_kt_throw_err(mu_kt *kt, const char *java_class)
{
    const char *msg = kt->err && kt->err->msg ? kt->err->msg : "";
    return mu_kt_throw(kt, MU_E_INTERNAL, java_class, "%s", msg);
}

/* As java.io.File has it: one slash for several, none at the end. */
static char *plain_path(const char *path)
{
    char *plain = mu_strdup(path), *to = plain;
    for (const char *p = path; plain && *p; p++)
        if (*p != '/' || to == plain || to[-1] != '/')
            *to++ = *p;
    if (plain)
        *(to - (to > plain + 1 && to[-1] == '/')) = '\0';
    return plain;
}

int mu_kt_throw_file(mu_kt *kt, const char *path)
{
    struct stat st;
    mu_code code = kt->err ? mu_err_root(kt->err)->code : MU_E_INTERNAL;

    if (code != MU_E_STORE_NOT_FOUND && code != MU_E_FILE_PERMISSION)
        return mu_kt_throw_err(kt, MU_KT_IO);
    char *plain = plain_path(path);
    mu_kt_throw(kt, code, "java.io.FileNotFoundException", "%s (%s)", plain ? plain : path,
                code == MU_E_FILE_PERMISSION                      ? "Permission denied"
                : stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? "Is a directory"
                                                                  : "No such file or directory");
    free(plain);
    return -1;
}

int mu_kt_stop(mu_kt *kt, int status)
{
    kt->status = status;
    return -1;
}

void mu_kt_warn(mu_kt *kt, const char *fmt, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&line, fmt, args) >= 0 && mu_strlist_add(&kt->warnings, line) != 0)
        mu_fail_nomem(&kt->err);
    va_end(args);
    free(line);
}

void mu_kt_print_warnings(mu_kt *kt, bool before_question)
{
    if (kt->warnings.count > 0 && !mu_kt_is_set(kt, MU_KT_NO_WARN)) {
        fputs("\nWarning:\n", stderr);
        for (size_t i = 0; i < kt->warnings.count; i++) {
            mu_kt_show(stderr, kt->warnings.items[i]);
            fputc('\n', stderr);
        }
        if (before_question)
            fputc('\n', stderr);
    }
    mu_strlist_free(&kt->warnings);
}

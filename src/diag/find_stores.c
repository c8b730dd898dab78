#include "diag/find_stores.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 65536 /* of a file, by which it is judged: `openssl x509 -text` puts kilobytes before the PEM block */

struct walk {
    const mu_find_sink *sink;
    int files;
    bool full;
    uint8_t *head;
};

/* A line "-----BEGIN …" with a certificate or private key to follow: in a program's text it rarely begins a line. */
static bool has_pem_line(const char *text, size_t len)
{
    static const char *const labels[] = {"CERTIFICATE-----", "PRIVATE KEY-----", "PKCS7-----", "PKCS #7 SIGNED DATA-----",
                                         "CMS-----"};
    const char *end = text + len, *begin = text;
    for (; (begin = memmem(begin, (size_t)(end - begin), "-----BEGIN ", 11)) != NULL; begin += 11) {
        const char *eol = memchr(begin, '\n', (size_t)(end - begin));
        size_t line = (size_t)((eol ? eol : end) - begin);
        for (size_t i = 0; (begin == text || begin[-1] == '\n') && i < sizeof labels / sizeof *labels; i++)
            if (memmem(begin, line, labels[i], strlen(labels[i])))
                return true;
    }
    return false;
}

static bool is_store(const uint8_t *head, size_t len)
{
    bool binary = len > 0 && (head[0] == 0x30 || head[0] == 0xfe || head[0] == 0xce);
    return binary ? mu_store_detect(head, len) != MU_STORE_AUTO : has_pem_line((const char *)head, len);
}

/* What a person would call a store, so that one that may not be read is no secret. */
static bool is_store_name(const char *name)
{
    static const char *const endings[] = {".p12", ".pfx",        ".jks", ".jceks", ".ks",  ".keystore",
                                          ".truststore", ".pem", ".crt", ".cer",   ".der", ".key"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (mu_str_eq_nocase(dot, endings[i]))
            return true;
    return strcmp(name, "cacerts") == 0 || strcmp(name, "jssecacerts") == 0;
}

static int tell_unreadable(struct walk *w, const char *path, mu_code code, const char *why, int errnum, mu_err **err)
{
    mu_err *reason = NULL;
    char shown[MU_SHOWN_SIZE];
    if (errnum)
        mu_fail_errno(&reason, code, errnum, "\"%s\" %s", mu_escape_to(shown, path), why);
    else
        mu_fail(&reason, code, "\"%s\" %s", mu_escape_to(shown, path), why);
    return w->sink->unreadable(w->sink->arg, path, reason, err);
}

static int look_at_file(struct walk *w, const char *path, const char *name, mu_err **err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    ssize_t len = 0;
    size_t filled = 0;
    struct stat st;

    if (fd < 0 && errno == EACCES && is_store_name(name))
        return tell_unreadable(w, path, MU_E_FILE_PERMISSION, "may not be read", errno, err);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        const char *why = fd < 0 ? strerror(errno) : "not a regular file";
        if (fd >= 0)
            close(fd);
        return w->sink->other(w->sink->arg, path, why, err);
    }
    while (filled < HEAD_BYTES && (len = read(fd, w->head + filled, HEAD_BYTES - filled)) > 0)
        filled += (size_t)len;
    close(fd);
    if (len >= 0 && filled == 0 && is_store_name(name))
        return w->sink->store(w->sink->arg, path, err); /* what a failed write leaves behind: reading it tells */
    return is_store(w->head, filled) ? w->sink->store(w->sink->arg, path, err)
                                     : w->sink->other(w->sink->arg, path, "no store by its content", err);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk_folder(struct walk *w, const char *folder, int depth, mu_err **err);

static int look_at(struct walk *w, const char *path, const char *name, int depth, mu_err **err)
{
    struct stat own, target;
    if (lstat(path, &own) != 0 || stat(path, &target) != 0)
        return w->sink->other(w->sink->arg, path, strerror(errno), err);
    if (S_ISDIR(own.st_mode))
        return walk_folder(w, path, depth + 1, err);
    if (S_ISDIR(target.st_mode))
        return w->sink->other(w->sink->arg, path, "a link to a folder", err);
    if (++w->files > MU_FIND_MAX_FILES) {
        w->full = true;
        return tell_unreadable(w, path, MU_E_STORE_LIMIT_EXCEEDED, "and all after it were not looked at: too many files", 0, err);
    }
    return look_at_file(w, path, name, err);
}

static int walk_folder(struct walk *w, const char *folder, int depth, mu_err **err)
{
    struct dirent **names = NULL;
    int rc = 0;
    if (depth > MU_FIND_MAX_DEPTH)
        return tell_unreadable(w, folder, MU_E_STORE_LIMIT_EXCEEDED, "was not looked into: too deep", 0, err);
    int count = scandir(folder, &names, is_shown, by_name);
    if (count < 0)
        return tell_unreadable(w, folder, errno == EACCES ? MU_E_FILE_PERMISSION : MU_E_STORE_NOT_FOUND, "cannot be listed", errno,
                               err);
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/')
        end--;
    if (end == 1 && *folder == '/')
        end = 0;
    for (int i = 0; i < count; i++) {
        char *path = rc == 0 && !w->full ? mu_asprintf("%.*s/%s", (int)end, folder, names[i]->d_name) : NULL;
        if (path)
            rc = look_at(w, path, names[i]->d_name, depth, err);
        else if (rc == 0 && !w->full)
            rc = mu_fail_nomem(err);
        free(path);
        free(names[i]);
    }
    free(names);
    return rc;
}

int mu_find_stores(const char *folder, const mu_find_sink *sink, mu_err **err)
{
    struct walk w = {.sink = sink, .head = malloc(HEAD_BYTES)};
    int rc = w.head ? walk_folder(&w, folder, 0, err) : mu_fail_nomem(err);
    free(w.head);
    return rc;
}

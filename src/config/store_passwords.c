#include "config/store_passwords.h"

#include "base/file.h"
#include "config/password.h"

#include <fnmatch.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES (1u << 20)

static int add(mu_store_passwords *list, const char *pattern, size_t pattern_len, const char *spec, size_t spec_len, mu_err **err)
{
    mu_store_password *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return mu_fail_nomem(err);
    list->items = items;
    items[list->count] = (mu_store_password){.pattern = mu_strndup(pattern, pattern_len), .spec = mu_strndup(spec, spec_len)};
    list->count++;
    return items[list->count - 1].pattern && items[list->count - 1].spec ? 0 : mu_fail_nomem(err);
}

int mu_store_passwords_add(mu_store_passwords *list, const char *pattern, const char *spec, mu_err **err)
{
    return add(list, pattern, strlen(pattern), spec, strlen(spec), err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int read_line(mu_store_passwords *list, const char *line, size_t len, mu_err **err)
{
    size_t start = 0, end, value;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    while (start < len && is_blank(line[start]))
        start++;
    if (start == len || line[start] == '#')
        return 0;
    for (end = start; end < len && !is_blank(line[end]); end++)
        end += line[end] == '\\' && end + 1 < len;
    for (value = end; value < len && is_blank(line[value]); value++)
        ;
    if (value >= len || memchr(line, 0, len))
        return mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "a pattern, blanks and a password are expected");
    return add(list, line + start, end - start, line + value, len - value, err);
}

/* A password itself, not where to get it. */
static bool is_literal(const char *spec)
{
    return !mu_str_has_prefix(spec, "env:") && !mu_str_has_prefix(spec, "file:") && !mu_str_has_prefix(spec, "fd:") &&
           strcmp(spec, "stdin") != 0 && strcmp(spec, "prompt") != 0;
}

static void warn_if_exposed(const mu_store_passwords *list, size_t first, const char *path, const char *shown, mu_strlist *warnings)
{
    struct stat st;
    bool literal = false;
    for (size_t i = first; i < list->count; i++)
        literal |= is_literal(list->items[i].spec);
    if (!literal || !warnings || stat(path, &st) != 0 || !(st.st_mode & S_IROTH))
        return;
    char *text = mu_asprintf("everybody can read the passwords in \"%s\": chmod 600 it", shown);
    if (text)
        mu_strlist_add(warnings, text);
    free(text);
}

int mu_store_passwords_read(mu_store_passwords *list, const char *path, mu_strlist *warnings, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    size_t first = list->count, number = 0;
    mu_buf file;

    mu_escape_to(shown, path);
    mu_buf_init_secret(&file, MAX_BYTES);
    int rc = mu_file_read(path, MAX_BYTES, &file, NULL, err);
    const char *line = mu_buf_text(&file), *end = line + file.len;
    while (rc == 0 && line < end) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((eol ? eol : end) - line);
        number++;
        rc = read_line(list, line, len, err);
        if (rc != 0)
            mu_err_detail(err, "%s:%zu", shown, number);
        line += len + 1;
    }
    if (rc == 0)
        warn_if_exposed(list, first, path, shown, warnings);
    mu_buf_free(&file);
    return rc;
}

int mu_store_passwords_find(mu_store_passwords *list, const char *path, const char **ret_password, mu_err **err)
{
    const char *slash = strrchr(path, '/');
    *ret_password = NULL;
    for (size_t i = 0; i < list->count; i++) {
        mu_store_password *p = &list->items[i];
        if (fnmatch(p->pattern, slash && !strchr(p->pattern, '/') ? slash + 1 : path, 0) != 0)
            continue;
        if (!p->resolved && mu_password_resolve(p->spec, path, &p->value, err) != 0)
            return -1;
        p->resolved = true;
        *ret_password = p->value.value;
        return 0;
    }
    return 0;
}

void mu_store_passwords_free(mu_store_passwords *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mu_store_password *p = &list->items[i];
        free(p->pattern);
        if (p->spec)
            OPENSSL_cleanse(p->spec, strlen(p->spec));
        free(p->spec);
        mu_secret_clear(&p->value);
    }
    free(list->items);
    *list = (mu_store_passwords){0};
}

/* Source: java.io.StreamTokenizer (the words of a value); "${name}" as in java.security. */
#include "base/file.h"
#include "keytool/kt.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE_BYTES (1u << 20)

/* The value of "keytool.WHAT", or NULL. The last one wins. Owned by the caller. */
static char *find_value(const char *file, const char *what)
{
    mu_buf name, value;
    char *found = NULL;

    mu_buf_init(&name, MAX_FILE_BYTES);
    mu_buf_init_secret(&value, 4 * MAX_FILE_BYTES);
    while (what && mu_kt_properties_next(&file, &name, &value))
        if (mu_str_has_prefix(mu_buf_text(&name), "keytool.") && strcmp(mu_buf_text(&name) + 8, what) == 0) {
            mu_kt_wipe(found);
            found = mu_strdup(mu_buf_text(&value));
        }
    mu_buf_free(&name);
    mu_buf_free(&value);
    return found;
}

/* ---- its words ---- */

/* The system properties that have a meaning without a JVM. */
static char *system_property(const mu_kt *kt, const char *name)
{
    const char *given = mu_kt_property(kt, name);
    const struct passwd *user = getpwuid(getuid());

    if (given)
        return mu_strdup(given);
    if (strcmp(name, "/") == 0 || strcmp(name, "file.separator") == 0)
        return mu_strdup("/");
    if (strcmp(name, "user.home") == 0 && user)
        return mu_strdup(user->pw_dir);
    if (strcmp(name, "user.name") == 0 && user)
        return mu_strdup(user->pw_name);
    if (strcmp(name, "java.io.tmpdir") == 0)
        return mu_strdup("/tmp");
    return strcmp(name, "user.dir") == 0 ? getcwd(NULL, 0) : NULL;
}

/* Replace "${name}"; "${{…}}" and what has no end stay. */
static int expand(mu_kt *kt, const char *word, mu_buf *out)
{
    for (const char *p = word, *end; *p; p = end + 1) {
        const char *begin = strstr(p, "${");
        mu_buf_add(out, p, begin ? (size_t)(begin - p) : strlen(p));
        if (!begin)
            return 0;
        bool literal = begin[2] == '{';
        end = strstr(begin, literal ? "}}" : "}");
        if (!end) {
            mu_buf_add_str(out, begin);
            return 0;
        }
        end += literal;
        if (literal) {
            mu_buf_add(out, begin, (size_t)(end + 1 - begin));
            continue;
        }
        char *name = mu_strndup(begin + 2, (size_t)(end - begin - 2)), *value = name ? system_property(kt, name) : NULL;
        if (value)
            mu_buf_add_str(out, value);
        else
            mu_kt_throw(kt, MU_E_CONFIG_INVALID, "sun.security.util.PropertyExpander$ExpandException",
                        "unable to expand property %s", name ? name : "");
        free(name);
        mu_kt_wipe(value);
        if (kt->thrown)
            return -1;
    }
    return 0;
}

/* Words end at blanks, control characters and quotes; a quoted one at its quote or the line's end, with the escapes of C. */
static const char *take_word(const char *p, mu_buf *word)
{
    const char quote = *p == '"' || *p == '\'' ? *p++ : '\0';

    while (*p && (quote ? *p != quote && *p != '\n' && *p != '\r' : (unsigned char)*p > ' ' && *p != '"' && *p != '\'')) {
        if (quote && *p == '\\' && p[1])
            mu_kt_properties_char(&p, word);
        else
            mu_buf_add_byte(word, (uint8_t)*p++);
    }
    return quote && *p == quote ? p + 1 : p;
}

static int add_words(mu_kt *kt, const char *p, mu_strlist *words)
{
    mu_buf word, expanded;
    int rc = 0;

    mu_buf_init_secret(&word, MAX_FILE_BYTES);
    mu_buf_init_secret(&expanded, MAX_FILE_BYTES);
    while (rc == 0 && *(p += strspn(p, " \t\n\r\f\v"))) {
        mu_buf_reset(&word);
        mu_buf_reset(&expanded);
        p = take_word(p, &word);
        rc = expand(kt, mu_buf_text(&word), &expanded);
        if (rc == 0 && (expanded.failed || mu_strlist_add(words, mu_buf_text(&expanded)) != 0))
            rc = mu_fail_nomem(&kt->err);
    }
    mu_buf_free(&word);
    mu_buf_free(&expanded);
    return rc;
}

/* ---- both ---- */

static int add_both(mu_kt *kt, const char *file, mu_strlist *words)
{
    const mu_kt_command *command = kt->command;
    char *all = find_value(file, "all"), *own = find_value(file, command->name), *legacy = find_value(file, command->legacy);
    int rc = all ? add_words(kt, all, words) : 0;

    if (rc == 0 && own && legacy)
        rc = mu_kt_throw(kt, MU_E_CONFIG_INVALID, MU_KT_IO, "Cannot have both -%s and -%s as pre-configured options", command->name,
                         command->legacy);
    else if (rc == 0 && (own || legacy))
        rc = add_words(kt, own ? own : legacy, words);
    mu_kt_wipe(all);
    mu_kt_wipe(own);
    mu_kt_wipe(legacy);
    return rc;
}

int mu_kt_conf(mu_kt *kt, const char *path, mu_strlist *words)
{
    mu_strlist whole = {0};
    mu_buf file;
    int rc;

    mu_buf_init_secret(&file, MAX_FILE_BYTES);
    rc = mu_file_read(path, MAX_FILE_BYTES, &file, NULL, &kt->err) == 0 ? 0 : mu_kt_throw_file(kt, path);
    if (rc == 0)
        rc = add_both(kt, mu_buf_text(&file), &whole);
    for (size_t i = 0; rc == 0 && i < words->count; i++)
        if (mu_strlist_add(&whole, words->items[i]) != 0)
            rc = mu_fail_nomem(&kt->err);
    mu_strlist old = rc == 0 ? *words : whole;
    if (rc == 0)
        *words = whole;
    mu_kt_words_free(&old);
    mu_buf_free(&file);
    return rc;
}

#include "config/java_command.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1u << 20)

/* A word of the shell's. */
struct word {
    char *text;
    bool empty; /* a variable in it has no value */
};

struct splitter {
    const char *at;
    struct word *words;
    size_t count;
    bool unclosed, nomem, substitution;
};

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* The length of "NAME" in "NAME=VALUE", or 0. */
static size_t assignment(const char *word)
{
    size_t len = 0;
    while (is_name(word[len], len == 0))
        len++;
    return word[len] == '=' ? len : 0;
}

/* ---- splitting ---- */

static const char *variable(const struct splitter *s, const char *name, size_t len)
{
    for (size_t i = s->count; i-- > 0;)
        if (assignment(s->words[i].text) == len && memcmp(s->words[i].text, name, len) == 0)
            return s->words[i].text + len + 1;
    char *copy = mu_strndup(name, len);
    const char *value = copy ? getenv(copy) : NULL;
    free(copy);
    return value;
}

/* "$NAME", "${NAME}", "${NAME:-default}" without nesting; anything else stays as it is. */
static void add_variable(struct splitter *s, mu_buf *out, bool *empty)
{
    bool braces = s->at[1] == '{';
    const char *name = s->at + 1 + braces;
    size_t len = 0;
    while (is_name(name[len], len == 0))
        len++;
    const char *rest = name + len, *end = braces ? strchr(rest, '}') : rest;
    bool fallback = braces && end && rest[0] == ':' && rest[1] == '-';
    if (len == 0 || !end || (braces && rest != end && !fallback)) {
        s->substitution = s->substitution || s->at[1] == '(' || braces;
        mu_buf_add_byte(out, (uint8_t)*s->at++);
        return;
    }
    const char *value = variable(s, name, len);
    if (value && *value)
        mu_buf_add_str(out, value);
    else if (fallback)
        mu_buf_add(out, rest + 2, (size_t)(end - rest - 2));
    else
        *empty = true;
    s->at = end + braces;
}

static void add_quoted(struct splitter *s, mu_buf *out, bool *empty)
{
    char quote = *s->at++;
    while (*s->at && *s->at != quote) {
        if (quote == '"' && *s->at == '\\' && s->at[1] && strchr("\\\"$`\n", s->at[1])) {
            if (s->at[1] != '\n')
                mu_buf_add_byte(out, (uint8_t)s->at[1]);
            s->at += 2;
        } else if (quote == '"' && *s->at == '$') {
            add_variable(s, out, empty);
        } else {
            mu_buf_add_byte(out, (uint8_t)*s->at++);
        }
    }
    s->unclosed = s->unclosed || !*s->at;
    s->at += *s->at != '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_command(char c)
{
    return c && strchr(";&|<>()", c);
}

static void skip_blanks(struct splitter *s)
{
    while (is_blank(*s->at) || (*s->at == '\\' && (s->at[1] == '\n' || (s->at[1] == '\r' && s->at[2] == '\n'))))
        s->at += *s->at == '\\' ? 2 : 1;
}

static void add_word(struct splitter *s)
{
    struct word word = {0};
    mu_buf out;
    mu_buf_init_secret(&out, MAX_BYTES);
    mu_buf_add(&out, "", 0);
    while (*s->at && !is_blank(*s->at) && !ends_command(*s->at)) {
        if (*s->at == '\'' || *s->at == '"') {
            add_quoted(s, &out, &word.empty);
        } else if (*s->at == '\\' && s->at[1]) {
            if (s->at[1] != '\n')
                mu_buf_add_byte(&out, (uint8_t)s->at[1]);
            s->at += 2;
        } else if (*s->at == '$') {
            add_variable(s, &out, &word.empty);
        } else {
            mu_buf_add_byte(&out, (uint8_t)*s->at++);
        }
    }
    word.text = mu_buf_steal(&out);
    struct word *grown = word.text ? realloc(s->words, (s->count + 1) * sizeof *grown) : NULL;
    mu_buf_free(&out);
    if (!grown) {
        free(word.text);
        s->nomem = true;
        return;
    }
    s->words = grown;
    grown[s->count++] = word;
}

/* Also "C:\\jdk\\bin\\java.exe". */
static const char *base_name(const char *word)
{
    const char *slash = strrchr(word, '/'), *backslash = strrchr(word, '\\');
    return backslash && (!slash || backslash > slash) ? backslash + 1 : slash ? slash + 1 : word;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

/* before: the word before it, or "". "sudo -u java …" and "docker run --name java …" name something else so. */
static bool is_java(const char *word, const char *before)
{
    static const char *const names[] = {"java", "java.exe", "javaw", "javaw.exe", NULL};
    static const char *const takers[] = {"-u", "-g", "--user", "--group", "--name", "-h", "--hostname", "-w", "--workdir", NULL};
    return is_one_of(base_name(word), names) && !is_one_of(before, takers);
}

static void free_secret(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void forget_words(struct splitter *s)
{
    for (size_t i = 0; i < s->count; i++)
        free_secret(s->words[i].text);
    free(s->words);
    s->words = NULL;
    s->count = 0;
}

/* Words of the command with java in it; assignments of commands before it are forgotten with them. @return index of java, or -1 */
static long split(struct splitter *s)
{
    long java = -1;
    for (skip_blanks(s); *s->at && !s->nomem; skip_blanks(s)) {
        if (ends_command(*s->at) && java >= 0)
            break;
        if (ends_command(*s->at)) {
            forget_words(s);
            s->at++;
            continue;
        }
        add_word(s);
        if (java < 0 && s->count && is_java(s->words[s->count - 1].text, s->count > 1 ? s->words[s->count - 2].text : ""))
            java = (long)s->count - 1;
    }
    return java;
}

/* ---- the JVM's words ---- */

static int add_define(mu_java_command *c, const struct word *word, const char *from, mu_err **err)
{
    const char *name = word->text + 2, *equals = strchr(name, '=');
    mu_java_define *grown = realloc(c->defines, (c->count + 1) * sizeof *grown);
    if (!grown)
        return mu_fail_nomem(err);
    c->defines = grown;
    grown[c->count] = (mu_java_define){.name = equals ? mu_strndup(name, (size_t)(equals - name)) : mu_strdup(name),
                                       .value = mu_strdup(equals ? equals + 1 : ""), .from = from, .late = c->program != NULL,
                                       .empty = word->empty};
    c->count++;
    return grown[c->count - 1].name && grown[c->count - 1].value ? 0 : mu_fail_nomem(err);
}

/* What takes the next word with it. */
static bool takes_word(const char *word)
{
    static const char *const words[] = {"-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules",
                                        "--add-exports", "--add-opens", "--add-reads", "--limit-modules", "--patch-module", "--source",
                                        "--enable-native-access", "-d", "--describe-module"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int set_program(mu_java_command *c, const char *text, mu_err **err)
{
    return (c->program = mu_strdup(text)) ? 0 : mu_fail_nomem(err);
}

static int read_words(mu_java_command *c, const struct word *words, size_t count, const char *from, mu_err **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *word = words[i].text;
        bool names = strcmp(word, "-jar") == 0 || strcmp(word, "-m") == 0 || strcmp(word, "--module") == 0;
        if (strcmp(word, "-D") == 0 && !c->program) {
            free(c->after_nothing);
            rc = (c->after_nothing = mu_strdup(i + 1 < count ? words[i + 1].text : "")) ? 0 : mu_fail_nomem(err);
        } else if (mu_str_has_prefix(word, "-D"))
            rc = add_define(c, &words[i], from, err);
        else if (c->program)
            continue;
        else if (names && i + 1 < count)
            rc = set_program(c, words[++i].text, err);
        else if (takes_word(word))
            i++;
        else if (*word == '@')
            rc = mu_strlist_add(&c->not_read, word) == 0 ? 0 : mu_fail_nomem(err);
        else if (*word != '-')
            rc = set_program(c, word, err);
    }
    return rc;
}

/* A variable of options, if the command sets it. */
static int read_variable(mu_java_command *c, const struct splitter *s, size_t java, const char *name, mu_err **err)
{
    size_t len = strlen(name);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < java; i++) {
        const char *word = s->words[i].text;
        word += mu_str_has_prefix(word, "--env=") ? 6 : 0;
        if (assignment(word) != len || memcmp(word, name, len) != 0)
            continue;
        struct splitter inner = {.at = word + len + 1};
        while (skip_blanks(&inner), *inner.at && !inner.nomem)
            if (ends_command(*inner.at))
                inner.at++;
            else
                add_word(&inner);
        char *program = c->program; /* _JAVA_OPTIONS are the JVM's, wherever they stand */
        c->program = NULL;
        rc = read_words(c, inner.words, inner.count, name, err);
        free(c->program);
        c->program = program;
        forget_words(&inner);
    }
    return rc;
}

static int fail_no_java(mu_err **err)
{
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--command: there is no java in it");
    return mu_err_hint(err, "Give the line that starts the JVM, as ps shows it for a script, Maven or a container: "
                            "java -Djavax.net.ssl.… -jar app.jar");
}

static bool is_container(const struct splitter *s, size_t java)
{
    static const char *const names[] = {"docker", "podman", "nerdctl", "kubectl", NULL};
    for (size_t i = 0; i < java; i++)
        if (is_one_of(base_name(s->words[i].text), names))
            return true;
    return false;
}

int mu_java_command_read(const char *text, mu_java_command *ret, mu_err **err)
{
    struct splitter s = {.at = text};
    int rc = 0;
    *ret = (mu_java_command){0};
    long java = split(&s);
    if (s.nomem)
        rc = mu_fail_nomem(err);
    else if (s.unclosed)
        rc = mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--command: a quote in it does not end");
    else if (java < 0)
        rc = fail_no_java(err);
    ret->container = rc == 0 && is_container(&s, (size_t)java);
    if (rc == 0)
        rc = read_variable(ret, &s, (size_t)java, "JAVA_TOOL_OPTIONS", err);
    if (rc == 0)
        rc = read_variable(ret, &s, (size_t)java, "JDK_JAVA_OPTIONS", err);
    if (rc == 0)
        rc = read_words(ret, s.words + java + 1, s.count - (size_t)java - 1, NULL, err);
    if (rc == 0)
        rc = read_variable(ret, &s, (size_t)java, "_JAVA_OPTIONS", err);
    if (rc == 0 && s.substitution && mu_strlist_add(&ret->not_read, "$(…)") != 0)
        rc = mu_fail_nomem(err);
    forget_words(&s);
    return rc;
}

const mu_java_define *mu_java_command_find(const mu_java_command *command, const char *name)
{
    for (size_t i = command->count; i-- > 0;)
        if (!command->defines[i].late && strcmp(command->defines[i].name, name) == 0)
            return &command->defines[i];
    return NULL;
}

void mu_java_command_free(mu_java_command *command)
{
    for (size_t i = 0; i < command->count; i++) {
        free(command->defines[i].name);
        free_secret(command->defines[i].value);
    }
    free(command->defines);
    free(command->program);
    free(command->after_nothing);
    mu_strlist_free(&command->not_read);
    *command = (mu_java_command){0};
}

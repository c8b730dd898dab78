/* What a key comes to: the environment before the files, the last file before the first, placeholders replaced. */
#include "config/spring.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEPTH 16
#define MAX_STEPS 1000
#define MAX_BYTES 65536

/* "server.ssl.key-store" as SERVER_SSL_KEYSTORE or, as older versions had it, SERVER_SSL_KEY_STORE. */
static const char *from_variable(const char *name, bool dashes, char variable[MU_SHOWN_SIZE])
{
    size_t len = 0;
    for (const char *p = name; *p; p++) {
        char c = *p;
        if (len + 1 >= MU_SHOWN_SIZE)
            return NULL;
        if ((c == '-' && !dashes) || c == ']')
            continue;
        variable[len++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
    variable[len] = '\0';
    return getenv(variable);
}

static const mu_spring_prop *find(const mu_spring *spring, const char *key)
{
    for (size_t i = spring->count; i-- > 0;) {
        const mu_spring_prop *prop = &spring->props[i];
        size_t len = strlen(key);
        if (prop->active && strncmp(prop->key, key, len) == 0 && (!prop->key[len] || prop->key[len] == '['))
            return prop;
    }
    return NULL;
}

/* ---- placeholders ---- */

struct expansion {
    const mu_spring *spring;
    mu_buf *out;
    char *unresolved; /* the first one */
    bool endless;     /* they lead back to themselves, or nest deeper than any that are meant */
    int steps;        /* placeholders replaced so far: a hostile file could nest them without end */
};

static void expand(struct expansion *e, const char *text, size_t len, int depth);

/* Exactly so named, or in canonical form (lower case), which is what Spring Boot relaxes. */
static const mu_spring_prop *find_named(const mu_spring *spring, const char *name)
{
    const mu_spring_prop *found = NULL;
    char *key = strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") ? NULL : mu_spring_relaxed(name);
    for (size_t i = spring->count; !found && i-- > 0;)
        if (spring->props[i].active &&
            (strcmp(spring->props[i].name, name) == 0 || (key && strcmp(spring->props[i].key, key) == 0)))
            found = &spring->props[i];
    free(key);
    return found;
}

static bool add_from_process(mu_buf *out, const char *name)
{
    char variable[MU_SHOWN_SIZE], folder[4096];
    const char *value = getenv(name);
    if (!value && !(value = from_variable(name, true, variable)))
        value = strcmp(name, "user.home") == 0 ? getenv("HOME") : strcmp(name, "java.io.tmpdir") == 0 ? "/tmp" : NULL;
    if (!value && strcmp(name, "user.dir") == 0)
        value = getcwd(folder, sizeof folder);
    if (value)
        mu_buf_add_str(out, value);
    return value;
}

/* The ":" between name and default that is not inside another placeholder. */
static const char *find_default(const char *text, size_t len)
{
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        if (text[i] == ':' && depth == 0)
            return text + i;
    }
    return NULL;
}

/* text: between "${" and "}". */
static void expand_one(struct expansion *e, const char *text, size_t len, int depth)
{
    const char *colon = find_default(text, len);
    mu_buf name, *out = e->out;
    mu_buf_init_secret(&name, MAX_BYTES);
    e->out = &name;
    expand(e, text, colon ? (size_t)(colon - text) : len, depth + 1);
    e->out = out;
    const mu_spring_prop *prop = find_named(e->spring, mu_buf_text(&name));
    if (add_from_process(out, mu_buf_text(&name))) {
        ;
    } else if (prop) {
        expand(e, prop->value, strlen(prop->value), depth + 1);
    } else if (colon) {
        expand(e, colon + 1, len - (size_t)(colon + 1 - text), depth + 1);
    } else {
        if (!e->unresolved)
            e->unresolved = mu_escape_dup(mu_buf_text(&name), name.len);
        mu_buf_add_str(out, "${");
        mu_buf_add(out, text, len);
        mu_buf_add_str(out, "}");
    }
    mu_buf_free(&name);
}

static size_t placeholder_len(const char *text, size_t len)
{
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        if (text[i] == '}' && depth == 0)
            return i + 1;
    }
    return 0;
}

static void expand(struct expansion *e, const char *text, size_t len, int depth)
{
    for (size_t i = 0; i < len && !e->out->failed;) {
        bool begins = text[i] == '$' && i + 1 < len && text[i + 1] == '{', deep = depth >= MAX_DEPTH || e->steps >= MAX_STEPS;
        e->endless = e->endless || (begins && deep);
        size_t inner = begins && !deep ? placeholder_len(text + i, len - i) : 0;
        e->steps += begins;
        if (inner)
            expand_one(e, text + i + 2, inner - 3, depth);
        else
            mu_buf_add_byte(e->out, (uint8_t)text[i]);
        i += inner ? inner : 1;
    }
}

/* ---- values ---- */

/* A list in YAML or with [N]: its items, in the order of the file. */
static void join_items(const mu_spring *spring, const mu_spring_prop *last, const char *key, mu_buf *out)
{
    for (size_t i = 0; i < spring->count; i++) {
        const mu_spring_prop *prop = &spring->props[i];
        if (prop->document != last->document || !mu_str_has_prefix(prop->key, key) || prop->key[strlen(key)] != '[')
            continue;
        mu_buf_add_str(out, out->len ? "," : "");
        mu_buf_add_str(out, prop->value);
    }
}

static char *place_of(const mu_spring_prop *prop)
{
    char shown[MU_SHOWN_SIZE];
    return mu_asprintf("%s:%zu", mu_escape_to(shown, prop->file), prop->line);
}

int mu_spring_get(const mu_spring *spring, const char *name, mu_spring_value *ret, mu_err **err)
{
    char variable[MU_SHOWN_SIZE], *key = mu_spring_relaxed(name);
    const char *set = from_variable(name, false, variable);
    mu_buf raw, out;
    struct expansion e = {.spring = spring, .out = &out};
    int rc = 0;

    *ret = (mu_spring_value){0};
    if (!set)
        set = from_variable(name, true, variable);
    ret->prop = set || !key ? NULL : find(spring, key);
    mu_buf_init_secret(&raw, MAX_BYTES);
    mu_buf_init_secret(&out, MAX_BYTES);
    mu_buf_add(&out, "", 0);
    if (ret->prop && ret->prop->key[strlen(key)] == '[')
        join_items(spring, ret->prop, key, &raw);
    else
        mu_buf_add_str(&raw, set ? set : ret->prop ? ret->prop->value : "");
    if (set || ret->prop) {
        expand(&e, mu_buf_text(&raw), raw.len, 0);
        bool too_long = raw.failed || out.failed;
        ret->endless = too_long || e.endless;
        ret->text = ret->endless ? mu_strdup("(too long)") : mu_buf_steal(&out);
        if (ret->endless && !e.unresolved)
            e.unresolved = mu_strdup("(too long)");
        ret->unresolved = e.unresolved;
        ret->where = set ? mu_asprintf("the environment variable %s", variable) : place_of(ret->prop);
    }
    if (!key || ((set || ret->prop) && (!ret->text || !ret->where)))
        rc = mu_fail_nomem(err);
    mu_buf_free(&raw);
    mu_buf_free(&out);
    free(key);
    return rc;
}

void mu_spring_value_free(mu_spring_value *value)
{
    if (value->text)
        OPENSSL_cleanse(value->text, strlen(value->text));
    free(value->text);
    free(value->where);
    free(value->unresolved);
    *value = (mu_spring_value){0};
}

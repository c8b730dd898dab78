/* YAML as Spring Boot flattens it: paths with dots and [N], values as SnakeYAML (YAML 1.1) and then Java print them. */
#include "config/spring.h"
#include "config/yaml.h"

#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const char *bool_text(const char *text)
{
    static const char *const words[] = {"yes", "true", "on", "no", "false", "off"};
    char title[8];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(title, sizeof title, "%c%s", words[i][0] - 'a' + 'A', words[i] + 1);
        bool upper = mu_str_eq_nocase(text, words[i]) && strpbrk(text, "abcdefghijklmnopqrstuvwxyz") == NULL;
        if (strcmp(text, words[i]) == 0 || strcmp(text, title) == 0 || upper)
            return i < 3 ? "true" : "false";
    }
    return NULL;
}

/* 0b, 0x, octal, underscores, base 60. @return NULL: no integer, or one too large to be a secret's disguise */
static char *int_text(const char *text)
{
    char digits[64];
    size_t count = 0;
    bool minus = *text == '-';
    const char *p = text + (minus || *text == '+');
    unsigned long long value = 0;

    for (; *p && count < sizeof digits - 1; p++)
        if (*p != '_')
            digits[count++] = *p;
    digits[count] = '\0';
    if (*p || count == 0 || digits[0] < '0' || digits[0] > '9' || text[minus || *text == '+'] == '_')
        return NULL;
    int base = digits[0] != '0' || !digits[1] ? 10 : digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
    char *rest = digits + (base == 16 || base == 2 ? 2 : 0);
    errno = 0;
    if (OPENSSL_hexchar2int((unsigned char)*rest) < 0)
        return NULL;
    value = strtoull(rest, &rest, base);
    while (base == 10 && digits[0] != '0' && *rest == ':' && rest[1] >= '0' && rest[1] <= '9') {
        const char *colon = rest;
        unsigned long part = strtoul(rest + 1, &rest, 10);
        if (part > 59 || rest > colon + 3)
            return NULL;
        value = value * 60 + part;
    }
    return *rest || errno ? NULL : mu_asprintf("%s%llu", minus && value ? "-" : "", value);
}

/* Double.toString: the shortest digits that mean the same, plain between 10^-3 and 10^7. */
static char *double_text(double value)
{
    char digits[40], *e;
    int precision = 0;
    if (value == 0 || !isfinite(value))
        return value == 0 ? mu_asprintf("%.1f", value) : mu_strdup(value < 0 ? "-Infinity" : "Infinity");
    do
        snprintf(digits, sizeof digits, "%.*e", precision, value);
    while (strtod(digits, NULL) != value && ++precision < 17);
    e = strchr(digits, 'e');
    int exponent = atoi(e + 1);
    if (exponent >= -3 && exponent < 7)
        return mu_asprintf("%.*f", precision - exponent > 1 ? precision - exponent : 1, value);
    *e = '\0';
    return mu_asprintf("%s%sE%d", digits, precision == 0 ? ".0" : "", exponent);
}

static char *float_text(const char *text)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF"}, *const nan[] = {".nan", ".NaN", ".NAN"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text + (*text == '-' || *text == '+'), infinite[i]) == 0)
            return mu_strdup(*text == '-' ? "-Infinity" : "Infinity");
        if (strcmp(text, nan[i]) == 0)
            return mu_strdup("NaN");
    }
    static const char pattern[] =
        "^[-+]?([0-9][0-9_]*\\.[0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\\.[0-9][0-9_]*([eE][-+]?[0-9]+)?)$";
    char plain[64], *out = plain;
    regex_t expression;
    bool fits = false;
    if (strlen(text) < sizeof plain && regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) == 0) {
        fits = regexec(&expression, text, 0, NULL, 0) == 0;
        regfree(&expression);
    }
    for (const char *p = text; fits && *p; p++)
        if (*p != '_')
            *out++ = *p;
    *out = '\0';
    return fits ? double_text(strtod(plain, NULL)) : NULL;
}

/* What the binder gets to see. @return owned; NULL: out of memory */
static char *java_text(const mu_yaml *node)
{
    const char *word = node->plain ? bool_text(node->text) : NULL;
    if (mu_yaml_is_null(node) && (mu_str_has_prefix(node->text, "null") || !strpbrk(node->text + (*node->text == 'N'), "NUL") ||
                                  strcmp(node->text, "NULL") == 0))
        return mu_strdup("");
    if (word || !node->plain || !strpbrk(node->text, "0123456789."))
        return mu_strdup(word ? word : node->text);
    char *number = int_text(node->text);
    if (!number)
        number = float_text(node->text);
    return number ? number : mu_strdup(node->text);
}

static int add_text(const mu_spring_target *target, const mu_yaml *node, const char *path, mu_err **err)
{
    char *text = java_text(node);
    bool same = text && (strcmp(text, node->text) == 0 || !*text);
    int rc = text ? mu_spring_add(target, path, text, same ? NULL : node->text, node->line, err) : mu_fail_nomem(err);
    free(text);
    return rc;
}

static int flatten(const mu_spring_target *target, const mu_yaml *node, const char *path, const mu_yaml *over, mu_err **err);

static int flatten_item(const mu_spring_target *target, const mu_yaml *item, const char *path, size_t index, mu_err **err)
{
    const char *dot = *path && item->key && item->key[0] != '[' ? "." : "";
    char *name = item->key ? mu_asprintf("%s%s%s", path, dot, item->key) : mu_asprintf("%s[%zu]", path, index);
    int rc = name ? flatten(target, item, name, NULL, err) : mu_fail_nomem(err);
    free(name);
    return rc;
}

/* "<<: *base" or a list of maps: what the map does not say itself. Of several maps the first one wins, so it is added last. */
static int merge(const mu_spring_target *target, const mu_yaml *merged, const char *path, const mu_yaml *over, mu_err **err)
{
    int rc = 0;
    if (merged->kind == MU_YAML_MAP)
        return flatten(target, merged, path, over, err);
    for (size_t i = merged->count; rc == 0 && i-- > 0;)
        if (merged->items[i]->kind == MU_YAML_MAP)
            rc = flatten(target, merged->items[i], path, over, err);
    return rc;
}

static bool is_merge(const mu_yaml *item)
{
    return item->key && strcmp(item->key, "<<") == 0;
}

/* over: the map into which this one is merged; its own keys win, whole subtrees of them. */
static int flatten(const mu_spring_target *target, const mu_yaml *node, const char *path, const mu_yaml *over, mu_err **err)
{
    int rc = 0;
    if (node->kind == MU_YAML_TEXT)
        return add_text(target, node, path, err);
    if (node->count == 0)
        return mu_spring_add(target, path, "", NULL, node->line, err);
    for (size_t i = 0; rc == 0 && i < node->count; i++)
        if (is_merge(node->items[i]))
            rc = merge(target, node->items[i], path, node, err);
    for (size_t i = 0; rc == 0 && i < node->count; i++)
        if (!is_merge(node->items[i]) && !(over && node->items[i]->key && mu_yaml_get(over, node->items[i]->key)))
            rc = flatten_item(target, node->items[i], path, i, err);
    return rc;
}

int mu_spring_yaml_parse(mu_spring_target *target, const uint8_t *data, size_t len, mu_err **err)
{
    mu_yaml **roots;
    size_t count;
    int rc = mu_yaml_parse_documents(data, len, target->mistakes, &roots, &count, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (rc == 0 && roots[i]->kind != MU_YAML_TEXT)
            rc = flatten(target, roots[i], "", NULL, err);
        target->document++;
        mu_yaml_free(roots[i]);
    }
    free(roots);
    return rc;
}

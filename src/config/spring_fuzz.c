/*
 * Spring Boot's files: .yml if the input begins with "Y", else .properties; the rest of the line is a name to be looked up.
 * Covers: src/config/spring_properties.c src/config/spring_yaml.c src/config/spring_value.c src/config/spring_profile.c src/config/yaml.c
 */
#include "base/fuzzing.h"
#include "config/spring.h"

#include <string.h>

static void parse(const uint8_t *data, size_t size, bool yaml, mu_spring *ret)
{
    *ret = (mu_spring){.mistakes = calloc(1, sizeof *ret->mistakes)};
    FUZZ_REQUIRE(ret->mistakes && mu_strlist_add(&ret->files, "fuzz") == 0 && mu_strlist_add(&ret->profiles, "a") == 0);
    ret->mistakes->file = ret->files.items[0];
    mu_spring_target target = {ret, ret->files.items[0], ret->mistakes, 0};
    FUZZ_REQUIRE((yaml ? mu_spring_yaml_parse : mu_spring_properties_parse)(&target, data, size, NULL) == 0);
}

/* What was read as .properties: every character as \uXXXX. The reader's output is UTF-8 of at most three bytes a character. */
static void write_text(mu_buf *out, const char *text)
{
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : 3;
        unsigned point = len == 1 ? p[0] : len == 2 ? (p[0] & 31u) << 6 | (p[1] & 63u) : (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
        mu_buf_addf(out, "\\u%04x", point);
        p += len;
    }
}

static void read_again(const mu_spring *spring)
{
    mu_spring again;
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < spring->count; i++) {
        write_text(&out, spring->props[i].name);
        mu_buf_add_str(&out, "=");
        write_text(&out, spring->props[i].value);
        mu_buf_add_str(&out, "\n");
    }
    FUZZ_REQUIRE(!out.failed);
    parse((const uint8_t *)mu_buf_text(&out), out.len, false, &again);
    FUZZ_REQUIRE(again.count == spring->count && again.mistakes->count == 0);
    for (size_t i = 0; i < again.count; i++)
        FUZZ_REQUIRE(strcmp(again.props[i].name, spring->props[i].name) == 0 && strcmp(again.props[i].value, spring->props[i].value) == 0);
    mu_spring_free(&again);
    mu_buf_free(&out);
}

static void look_up(const mu_spring *spring, const char *name)
{
    mu_spring_value value;
    FUZZ_REQUIRE(mu_spring_get(spring, name, &value, NULL) == 0);
    FUZZ_REQUIRE(!value.text == !value.where);
    if (value.text && value.prop && !value.prop->plain)
        (void)mu_spring_profile_fits(value.text, &spring->profiles);
    mu_spring_value_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    mu_spring spring;
    if (!newline)
        return 0;
    bool yaml = data[0] == 'Y';
    char *name = mu_strndup((const char *)data + 1, newline == data ? 0 : (size_t)(newline - data) - 1);
    FUZZ_REQUIRE(name);
    parse(newline + 1, size - (size_t)(newline + 1 - data), yaml, &spring);
    for (size_t i = 0; i < spring.count; i++) {
        char *key = mu_spring_relaxed(spring.props[i].name);
        FUZZ_REQUIRE(key && strcmp(key, spring.props[i].key) == 0 && spring.props[i].line > 0);
        free(key);
    }
    if (!yaml)
        read_again(&spring);
    look_up(&spring, name);
    look_up(&spring, "server.ssl.key-store");
    for (size_t i = 0; i < spring.count && i < 20; i++)
        look_up(&spring, spring.props[i].name);
    mu_spring_free(&spring);
    free(name);
    return 0;
}

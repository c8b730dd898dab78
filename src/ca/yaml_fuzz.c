/*
 * services.yaml: the YAML, which means the same when it is written again, and the services in it.
 * Covers: src/config/yaml.c src/ca/services.c
 */
#include "base/fuzzing.h"
#include "base/text.h"
#include "ca/services.h"
#include "config/yaml.h"

#include <string.h>

/* Escaped beyond ASCII: an escape may stand for characters that YAML does not take as they are. */
static void write_text(mu_buf *out, const char *text)
{
    mu_buf_add_str(out, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        unsigned more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3, point = more ? *c & (0x3f >> more) : *c;
        for (c++; more > 0; more--)
            point = point << 6 | (*c++ & 0x3f);
        mu_buf_addf(out, "\\U%08x", point);
    }
    mu_buf_add_str(out, "\"");
}

static void write_node(mu_buf *out, const mu_yaml *node)
{
    bool map = node->kind == MU_YAML_MAP;
    if (node->kind == MU_YAML_TEXT) {
        write_text(out, node->text);
        return;
    }
    mu_buf_add_str(out, map ? "{" : "[");
    for (size_t i = 0; i < node->count; i++) {
        if (map) {
            mu_buf_add_str(out, "? ");
            write_text(out, node->items[i]->key);
            mu_buf_add_str(out, " : ");
        }
        write_node(out, node->items[i]);
        mu_buf_add_str(out, ", ");
    }
    mu_buf_add_str(out, map ? "}" : "]");
}

static bool is_same(const mu_yaml *a, const mu_yaml *b)
{
    bool same = a->kind == b->kind && a->count == b->count && (a->kind != MU_YAML_TEXT || strcmp(a->text, b->text) == 0);
    for (size_t i = 0; same && i < a->count; i++)
        same = (a->kind != MU_YAML_MAP || strcmp(a->items[i]->key, b->items[i]->key) == 0) && is_same(a->items[i], b->items[i]);
    return same;
}

static void yaml(const uint8_t *data, size_t size)
{
    mu_mistakes problems = {.file = "fuzz"};
    mu_yaml *root = NULL, *again = NULL;
    FUZZ_REQUIRE(mu_yaml_parse(data, size, &problems, &root, NULL) == 0 && (root || problems.count));
    if (problems.count == 0) {
        mu_buf out;
        mu_buf_init(&out, MU_YAML_MAX_BYTES);
        write_node(&out, root);
        FUZZ_REQUIRE(mu_yaml_parse(out.data, out.len, &problems, &again, NULL) == 0 && problems.count == 0 && is_same(root, again));
        mu_buf_free(&out);
    }
    mu_mistakes_done(&problems);
    mu_yaml_free(root);
    mu_yaml_free(again);
}

static void services(const uint8_t *data, size_t size)
{
    mu_ca_services read = {0};
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_ca_services_parse("folder/services.yaml", data, size, &read, &err) == 0) == (err == NULL));
    FUZZ_REQUIRE((read.count > 0) == (err == NULL) && (!err || err->code == MU_E_CONFIG_INVALID));
    for (size_t i = 0; i < read.count; i++) {
        const mu_ca_service *s = &read.items[i];
        FUZZ_REQUIRE(s->wanted.subject && s->days > 0 && (s->names || s->wanted.profile == MU_PROFILE_CLIENT));
        FUZZ_REQUIRE(mu_ca_outputs_check(&s->outputs, NULL) == 0);
    }
    mu_ca_services_done(&read);
    mu_err_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    yaml(data, size);
    services(data, size);
    return 0;
}

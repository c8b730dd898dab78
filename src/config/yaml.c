#include "config/yaml.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct loader {
    yaml_parser_t parser;
    mu_mistakes *problems;
    size_t nodes, depth;
    bool failed; /* the rest cannot be read */
    bool nomem;
};

static int stop(struct loader *l, yaml_mark_t at, const char *why)
{
    mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "%s", why);
    l->failed = true;
    return -1;
}

/* libyaml's words are fixed text, not the file's. */
static int next(struct loader *l, yaml_event_t *event)
{
    if (yaml_parser_parse(&l->parser, event))
        return 0;
    l->nomem = l->parser.error == YAML_MEMORY_ERROR;
    return stop(l, l->parser.problem_mark, l->parser.problem ? l->parser.problem : "this cannot be read");
}

static void refuse_properties(struct loader *l, yaml_mark_t at, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "anchors are not allowed: write the value where it belongs");
    if (tag)
        mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "tags are not allowed");
}

static mu_yaml *new_node(struct loader *l, mu_yaml_kind kind, yaml_mark_t at)
{
    if (++l->nodes > MU_YAML_MAX_NODES) {
        stop(l, at, "this is more than a file of this kind may hold");
        return NULL;
    }
    mu_yaml *node = calloc(1, sizeof *node);
    if (!node) {
        l->failed = l->nomem = true;
        return NULL;
    }
    *node = (mu_yaml){.kind = kind, .line = at.line + 1, .column = at.column + 1};
    return node;
}

static mu_yaml *read_text(struct loader *l, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    mu_yaml *node = new_node(l, MU_YAML_TEXT, event->start_mark);
    refuse_properties(l, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
    if (strlen(value) != event->data.scalar.length)
        mu_mistakes_add(l->problems, event->start_mark.line + 1, event->start_mark.column + 1, "a NUL character is not allowed");
    if (node && !(node->text = mu_strdup(value)))
        l->failed = l->nomem = true;
    if (node)
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static int append(struct loader *l, mu_yaml *node, mu_yaml *item)
{
    if ((node->count & (node->count - 1)) == 0) { /* at powers of two */
        mu_yaml **grown = realloc(node->items, (node->count ? 2 * node->count : 1) * sizeof *grown);
        if (!grown) {
            mu_yaml_free(item);
            l->failed = l->nomem = true;
            return -1;
        }
        node->items = grown;
    }
    node->items[node->count++] = item;
    return 0;
}

static mu_yaml *read_node(struct loader *l, const yaml_event_t *event);

static void read_list(struct loader *l, mu_yaml *node)
{
    yaml_event_t event;
    while (!l->failed && next(l, &event) == 0) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        mu_yaml *item = end ? NULL : read_node(l, &event);
        yaml_event_delete(&event);
        if (end || (item && append(l, node, item) != 0))
            return;
    }
}

/* Moves the key's text into its value. */
static void read_value(struct loader *l, mu_yaml *node, mu_yaml *key)
{
    yaml_event_t event;
    if (l->failed || next(l, &event) != 0)
        return;
    mu_yaml *value = read_node(l, &event);
    yaml_event_delete(&event);
    if (!value)
        return;
    if (!key || key->kind != MU_YAML_TEXT) {
        if (key)
            mu_mistakes_add(l->problems, key->line, key->column, "a key must be text, not %s", mu_yaml_describe(key));
        mu_yaml_free(value);
        return;
    }
    if (key->plain && strcmp(key->text, "<<") == 0)
        mu_mistakes_add(l->problems, key->line, key->column, "merge keys are not allowed: use the section \"defaults\"");
    value->key = key->text;
    key->text = NULL;
    value->key_line = key->line;
    value->key_column = key->column;
    append(l, node, value);
}

static int by_key(const void *a, const void *b)
{
    const mu_yaml *x = *(mu_yaml *const *)a, *y = *(mu_yaml *const *)b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->key_line != y->key_line ? (x->key_line > y->key_line) - (x->key_line < y->key_line)
                                                      : (x->key_column > y->key_column) - (x->key_column < y->key_column);
}

/* Sorted, because comparing all pairs of a hostile file's keys would take hours. */
static void refuse_duplicates(struct loader *l, const mu_yaml *node)
{
    mu_yaml **sorted = malloc((node->count ? node->count : 1) * sizeof *sorted);
    char shown[MU_SHOWN_SIZE];
    if (!sorted) {
        l->failed = l->nomem = true;
        return;
    }
    if (node->count)
        memcpy(sorted, node->items, node->count * sizeof *sorted);
    qsort(sorted, node->count, sizeof *sorted, by_key);
    for (size_t i = 1; i < node->count; i++)
        if (strcmp(sorted[i]->key, sorted[i - 1]->key) == 0)
            mu_mistakes_add(l->problems, sorted[i]->key_line, sorted[i]->key_column,
                            "\"%s\" stands here a second time; before in line %zu",
                            mu_escape_to(shown, sorted[i]->key), sorted[i - 1]->key_line);
    free(sorted);
}

static void read_map(struct loader *l, mu_yaml *node)
{
    yaml_event_t event;
    while (!l->failed && next(l, &event) == 0) {
        bool end = event.type == YAML_MAPPING_END_EVENT;
        mu_yaml *key = end ? NULL : read_node(l, &event);
        yaml_event_delete(&event);
        if (end)
            break;
        read_value(l, node, key);
        mu_yaml_free(key);
    }
    if (!l->failed)
        refuse_duplicates(l, node);
}

static mu_yaml *read_collection(struct loader *l, const yaml_event_t *event)
{
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    mu_yaml *node;
    if (l->depth == MU_YAML_MAX_DEPTH) {
        stop(l, event->start_mark, "this is nested too deeply");
        return NULL;
    }
    if (!(node = new_node(l, list ? MU_YAML_LIST : MU_YAML_MAP, event->start_mark)))
        return NULL;
    refuse_properties(l, event->start_mark, list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor,
                      list ? event->data.sequence_start.tag : event->data.mapping_start.tag);
    l->depth++;
    (list ? read_list : read_map)(l, node);
    l->depth--;
    return node;
}

static mu_yaml *read_node(struct loader *l, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return read_text(l, event);
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        return read_collection(l, event);
    mu_mistakes_add(l->problems, event->start_mark.line + 1, event->start_mark.column + 1,
                    "aliases are not allowed: write the value where it belongs");
    return NULL; /* nothing else can stand here */
}

static mu_yaml *read_document(struct loader *l)
{
    yaml_event_t event;
    mu_yaml *root = NULL;
    bool end = false;
    for (int documents = 0; !end && !l->failed && next(l, &event) == 0;) {
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents == 2)
            stop(l, event.start_mark, "a second document is not allowed");
        else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
                 event.type != YAML_DOCUMENT_END_EVENT && !end)
            root = read_node(l, &event);
        yaml_event_delete(&event);
    }
    return root;
}

int mu_yaml_parse(const uint8_t *data, size_t len, mu_mistakes *problems, mu_yaml **ret_root, mu_err **err)
{
    struct loader l = {.problems = problems};
    if (!yaml_parser_initialize(&l.parser))
        return mu_fail_nomem(err);
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, data, len);
    mu_yaml *root = read_document(&l);
    yaml_parser_delete(&l.parser);
    if (!l.nomem && !root && problems->count == 0)
        mu_mistakes_add(problems, 1, 1, "the file is empty");
    if (l.nomem) {
        mu_yaml_free(root);
        return mu_fail_nomem(err);
    }
    *ret_root = root;
    return 0;
}

void mu_yaml_free(mu_yaml *node)
{
    for (size_t i = 0; node && i < node->count; i++)
        mu_yaml_free(node->items[i]);
    if (node) {
        free(node->items);
        free(node->text);
        free(node->key);
    }
    free(node);
}

const mu_yaml *mu_yaml_get(const mu_yaml *map, const char *key)
{
    for (size_t i = 0; map && map->kind == MU_YAML_MAP && i < map->count; i++)
        if (strcmp(map->items[i]->key, key) == 0)
            return map->items[i];
    return NULL;
}

bool mu_yaml_is_null(const mu_yaml *node)
{
    return node->kind == MU_YAML_TEXT && node->plain &&
           (!*node->text || strcmp(node->text, "~") == 0 || mu_str_eq_nocase(node->text, "null"));
}

const char *mu_yaml_describe(const mu_yaml *node)
{
    if (mu_yaml_is_null(node))
        return "nothing";
    return node->kind == MU_YAML_TEXT ? "text" : node->kind == MU_YAML_LIST ? "a list" : "a map";
}

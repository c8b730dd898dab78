#include "config/yaml.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define LENIENT_MAX_DEPTH 64
#define LENIENT_MAX_NODES 20000 /* with the copies that aliases make */
#define TAG_PREFIX "tag:yaml.org,2002:"

/* What an anchor marks, as a copy: the marked node may be a key, or dropped as a mistake. */
struct anchor {
    char *name;
    mu_yaml *node;
};

struct loader {
    yaml_parser_t parser;
    mu_mistakes *problems;
    size_t nodes, depth;
    bool lenient;
    struct anchor *anchors;
    size_t anchor_count;
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
    if (l->lenient && tag && !mu_str_has_prefix((const char *)tag, TAG_PREFIX) && strcmp((const char *)tag, "!") != 0)
        mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "a tag that Spring Boot does not know");
    if (l->lenient)
        return;
    if (anchor)
        mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "anchors are not allowed: write the value where it belongs");
    if (tag)
        mu_mistakes_add(l->problems, at.line + 1, at.column + 1, "tags are not allowed");
}

static mu_yaml *new_node(struct loader *l, mu_yaml_kind kind, yaml_mark_t at)
{
    if (++l->nodes > (l->lenient ? LENIENT_MAX_NODES : MU_YAML_MAX_NODES)) {
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
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
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
    if (key->plain && strcmp(key->text, "<<") == 0 && !l->lenient)
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
        if (strcmp(sorted[i]->key, sorted[i - 1]->key) == 0 && !(l->lenient && strcmp(sorted[i]->key, "<<") == 0))
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
    if (l->depth == (l->lenient ? LENIENT_MAX_DEPTH : MU_YAML_MAX_DEPTH)) {
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

/* ---- anchors ---- */

static mu_yaml *copy_node(struct loader *l, const mu_yaml *from, yaml_mark_t at)
{
    mu_yaml *node = new_node(l, from->kind, at);
    if (!node)
        return NULL;
    node->line = from->line;
    node->column = from->column;
    node->plain = from->plain;
    if (from->text && !(node->text = mu_strdup(from->text)))
        l->failed = l->nomem = true;
    for (size_t i = 0; i < from->count && !l->failed; i++) {
        mu_yaml *item = copy_node(l, from->items[i], at);
        if (item && from->items[i]->key && !(item->key = mu_strdup(from->items[i]->key)))
            l->failed = l->nomem = true;
        if (item) {
            item->key_line = from->items[i]->key_line;
            item->key_column = from->items[i]->key_column;
            append(l, node, item);
        }
    }
    return node;
}

/* An anchor is known once what it marks is complete, so nothing can contain itself. */
static void add_anchor(struct loader *l, const yaml_char_t *name, const mu_yaml *node, yaml_mark_t at)
{
    struct anchor *grown = realloc(l->anchors, (l->anchor_count + 1) * sizeof *grown);
    if (!grown) {
        l->failed = l->nomem = true;
        return;
    }
    l->anchors = grown;
    struct anchor *added = &l->anchors[l->anchor_count++];
    *added = (struct anchor){mu_strdup((const char *)name), copy_node(l, node, at)};
    if (!added->name)
        l->failed = l->nomem = true;
}

static void forget_anchors(struct loader *l)
{
    for (size_t i = 0; i < l->anchor_count; i++) {
        free(l->anchors[i].name);
        mu_yaml_free(l->anchors[i].node);
    }
    free(l->anchors);
    l->anchors = NULL;
    l->anchor_count = 0;
}

static mu_yaml *read_alias(struct loader *l, const yaml_event_t *event)
{
    if (!l->lenient) {
        mu_mistakes_add(l->problems, event->start_mark.line + 1, event->start_mark.column + 1,
                        "aliases are not allowed: write the value where it belongs");
        return NULL;
    }
    for (size_t i = l->anchor_count; i-- > 0;)
        if (l->anchors[i].name && l->anchors[i].node && strcmp(l->anchors[i].name, (const char *)event->data.alias.anchor) == 0)
            return copy_node(l, l->anchors[i].node, event->start_mark);
    stop(l, event->start_mark, "an alias whose anchor is not there");
    return NULL;
}

/* Nothing but these four can stand where a value is expected. */
static mu_yaml *read_node(struct loader *l, const yaml_event_t *event)
{
    bool text = event->type == YAML_SCALAR_EVENT, list = event->type == YAML_SEQUENCE_START_EVENT;
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(l, event);
    mu_yaml *node = text ? read_text(l, event) : read_collection(l, event);
    const yaml_char_t *anchor = text   ? event->data.scalar.anchor
                                : list ? event->data.sequence_start.anchor
                                       : event->data.mapping_start.anchor;
    if (l->lenient && node && anchor)
        add_anchor(l, anchor, node, event->start_mark);
    return node;
}

/* ---- documents ---- */

static int add_root(struct loader *l, mu_yaml *root, mu_yaml ***roots, size_t *count)
{
    mu_yaml **grown = root ? realloc(*roots, (*count + 1) * sizeof *grown) : NULL;
    if (root && !grown) {
        mu_yaml_free(root);
        l->failed = l->nomem = true;
    }
    if (!grown)
        return -1;
    *roots = grown;
    grown[(*count)++] = root;
    return 0;
}

static void read_stream(struct loader *l, mu_yaml ***roots, size_t *count)
{
    yaml_event_t event;
    bool end = false;
    for (int documents = 0; !end && !l->failed && next(l, &event) == 0;) {
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents == 2 && !l->lenient)
            stop(l, event.start_mark, "a second document is not allowed");
        else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
                 event.type != YAML_DOCUMENT_END_EVENT && !end)
            add_root(l, read_node(l, &event), roots, count);
        if (event.type == YAML_DOCUMENT_END_EVENT)
            forget_anchors(l);
        yaml_event_delete(&event);
    }
    forget_anchors(l);
}

static void free_roots(mu_yaml **roots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mu_yaml_free(roots[i]);
    free(roots);
}

static int parse(const uint8_t *data, size_t len, bool lenient, mu_mistakes *problems, mu_yaml ***ret_roots, size_t *ret_count,
                 mu_err **err)
{
    struct loader l = {.problems = problems, .lenient = lenient};
    *ret_roots = NULL;
    *ret_count = 0;
    if (!yaml_parser_initialize(&l.parser))
        return mu_fail_nomem(err);
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, data, len);
    read_stream(&l, ret_roots, ret_count);
    yaml_parser_delete(&l.parser);
    if (!l.nomem)
        return 0;
    free_roots(*ret_roots, *ret_count);
    *ret_roots = NULL;
    *ret_count = 0;
    return mu_fail_nomem(err);
}

int mu_yaml_parse_documents(const uint8_t *data, size_t len, mu_mistakes *problems, mu_yaml ***ret_roots, size_t *ret_count,
                            mu_err **err)
{
    return parse(data, len, true, problems, ret_roots, ret_count, err);
}

int mu_yaml_parse(const uint8_t *data, size_t len, mu_mistakes *problems, mu_yaml **ret_root, mu_err **err)
{
    mu_yaml **roots;
    size_t count;
    if (parse(data, len, false, problems, &roots, &count, err) != 0)
        return -1;
    if (count == 0 && problems->count == 0)
        mu_mistakes_add(problems, 1, 1, "the file is empty");
    *ret_root = count > 0 ? roots[0] : NULL;
    free(roots);
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

/**
 * YAML as maps, lists and text. Strictly: one document; anchors, aliases, tags, merge keys, further documents, keys that are no
 * text and duplicate keys are mistakes, because each lets a file mean something else than its reader sees.
 *
 * Source: YAML 1.1 as libyaml reads it. Bounds: MU_YAML_MAX_BYTES, nodes and depth, so that a hostile file costs little.
 */
#ifndef MU_CONFIG_YAML_H
#define MU_CONFIG_YAML_H

#include "config/mistakes.h"
#include <stdint.h>

#define MU_YAML_MAX_BYTES (4u << 20)
#define MU_YAML_MAX_NODES 200000
#define MU_YAML_MAX_DEPTH 16

typedef enum mu_yaml_kind { MU_YAML_TEXT, MU_YAML_LIST, MU_YAML_MAP } mu_yaml_kind;

typedef struct mu_yaml mu_yaml;
struct mu_yaml {
    mu_yaml_kind kind;
    size_t line, column; /* from 1 */
    char *text;          /* TEXT: no NUL inside */
    bool plain;          /* TEXT: not quoted, so "~", "true" or "1" may have been meant as something else */
    char *key;           /* of an item of a map */
    size_t key_line, key_column;
    mu_yaml **items; /* LIST, MAP: in the order of the file */
    size_t count;
};

/**
 * Read a document. What is wrong goes to problems, and reading goes on where it can.
 * @param ret_root NULL if nothing could be read (then there is a problem); mu_yaml_free
 * @return 0, or -1 with MU_E_OUT_OF_MEMORY
 */
int mu_yaml_parse(const uint8_t *data, size_t len, mu_mistakes *problems, mu_yaml **ret_root, mu_err **err);
/**
 * Leniently, as SnakeYAML reads Spring's files: any number of documents; an alias is a copy of what its anchor marks; "<<" stays an
 * item of its map; YAML's own tags are allowed. Duplicate keys are mistakes there, too.
 * @param ret_roots one for each document that is not empty, owned by the caller as the array is (free)
 * @return as above
 */
int mu_yaml_parse_documents(const uint8_t *data, size_t len, mu_mistakes *problems, mu_yaml ***ret_roots, size_t *ret_count,
                            mu_err **err);
void mu_yaml_free(mu_yaml *node);

/** The item of a map, or NULL. */
const mu_yaml *mu_yaml_get(const mu_yaml *map, const char *key);
/** "a map", "a list", "text", "nothing": for messages. */
const char *mu_yaml_describe(const mu_yaml *node);
/** Text that says "nothing": empty, "~" or "null" without quotes. */
bool mu_yaml_is_null(const mu_yaml *node);

#endif

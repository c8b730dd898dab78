#include "diag/log_match.h"

#include <stdlib.h>
#include <string.h>

/* Classes of bytes: 0 separates, 1 to 36 digits and letters; the others are looked at one by one. */
enum { CLASSES = 37, NOTHING = 37, ESCAPE, BACKSLASH };
enum { AFTER_ESC = 1, IN_COLOUR, AFTER_BACKSLASH };

struct output {
    uint32_t id;
    uint32_t next; /* index + 1 of the next phrase that ends here */
};

struct mu_matcher {
    uint16_t (*next)[CLASSES];
    uint32_t *first_output; /* of a node: index + 1 */
    uint16_t *shorter;      /* the longest proper end of this node's text that is a node */
    struct output *outputs;
    size_t nodes, room, output_count;
    uint8_t classes[256];
};

mu_matcher *mu_matcher_new(void)
{
    mu_matcher *matcher = calloc(1, sizeof *matcher);
    if (!matcher)
        return NULL;
    for (int c = '0'; c <= '9'; c++)
        matcher->classes[c] = (uint8_t)(1 + c - '0');
    for (int c = 0; c < 26; c++)
        matcher->classes['a' + c] = matcher->classes['A' + c] = (uint8_t)(11 + c);
    matcher->classes[0] = NOTHING; /* UTF-16 without a mark */
    matcher->classes[0x1b] = ESCAPE;
    matcher->classes['\\'] = BACKSLASH;
    return matcher;
}

void mu_matcher_free(mu_matcher *matcher)
{
    if (!matcher)
        return;
    free(matcher->next);
    free(matcher->first_output);
    free(matcher->shorter);
    free(matcher->outputs);
    free(matcher);
}

static bool resize(void **memory, size_t count, size_t size)
{
    void *grown = reallocarray(*memory, count, size);
    *memory = grown ? grown : *memory;
    return grown != NULL;
}

/* @return the index of a new node, or -1 */
static int add_node(mu_matcher *m)
{
    if (m->nodes == m->room) {
        size_t room = m->room ? 2 * m->room : 1024;
        if (m->room > UINT16_MAX || !resize((void **)&m->next, room, sizeof *m->next) ||
            !resize((void **)&m->first_output, room, sizeof *m->first_output))
            return -1;
        m->room = room;
    }
    memset(m->next[m->nodes], 0, sizeof *m->next);
    m->first_output[m->nodes] = 0;
    return (int)m->nodes++;
}

size_t mu_match_length(const mu_matcher *m, const char *phrase, size_t len)
{
    size_t count = 0;
    bool between = false;
    for (size_t i = 0; i < len; i++) {
        int c = m->classes[(uint8_t)phrase[i]];
        bool separates = c == 0 || c >= CLASSES;
        count += !(separates && between);
        between = separates;
    }
    return count;
}

int mu_matcher_add(mu_matcher *m, const char *phrase, size_t len, uint32_t id)
{
    int node = m->nodes ? 0 : add_node(m);
    bool between = false;
    for (size_t i = 0; i < len && node >= 0; i++) {
        int c = m->classes[(uint8_t)phrase[i]];
        c = c < CLASSES ? c : 0;
        if (c == 0 && between)
            continue;
        between = c == 0;
        if (!m->next[node][c]) {
            int added = add_node(m);
            if (added < 0)
                return -1;
            m->next[node][c] = (uint16_t)added;
        }
        node = m->next[node][c];
    }
    if (node <= 0 || !resize((void **)&m->outputs, m->output_count + 1, sizeof *m->outputs))
        return -1;
    m->outputs[m->output_count] = (struct output){id, m->first_output[node]};
    m->first_output[node] = (uint32_t)++m->output_count;
    return 0;
}

/* A node's own phrases, then those of its shorter ends: the two lists are joined where the first one ends. */
static void join_outputs(mu_matcher *m, size_t node)
{
    uint32_t *end = &m->first_output[node];
    while (*end)
        end = &m->outputs[*end - 1].next;
    *end = m->first_output[m->shorter[node]];
}

int mu_matcher_finish(mu_matcher *m)
{
    uint16_t *queue = calloc(m->nodes, sizeof *queue);
    size_t count = 0;
    m->shorter = calloc(m->nodes, sizeof *m->shorter);
    if (!queue || !m->shorter) {
        free(queue);
        return -1;
    }
    for (int c = 0; c < CLASSES; c++)
        if (m->next[0][c])
            queue[count++] = m->next[0][c];
    for (size_t i = 0; i < count; i++) {
        size_t node = queue[i];
        join_outputs(m, node);
        for (int c = 0; c < CLASSES; c++) {
            uint16_t below = m->next[node][c], other = m->next[m->shorter[node]][c];
            if (below) {
                m->shorter[below] = other;
                queue[count++] = below;
            } else {
                m->next[node][c] = other;
            }
        }
    }
    free(queue);
    return 0;
}

/* ESC [ 3 1 m is nothing at all; "\n" and "\t" written out separate; any other backslash separates too. */
static int special(const mu_matcher *m, mu_match_state *state, uint8_t byte)
{
    int c = m->classes[byte];
    if (c == ESCAPE) {
        state->escape = AFTER_ESC;
        return NOTHING;
    }
    if (c == BACKSLASH) {
        state->escape = AFTER_BACKSLASH;
        return 0;
    }
    if (state->escape == AFTER_ESC || state->escape == IN_COLOUR) {
        bool goes_on = (byte == '[' && state->escape == AFTER_ESC) || (byte >= '0' && byte <= '9') || byte == ';';
        state->escape = goes_on ? IN_COLOUR : 0;
        return NOTHING;
    }
    state->escape = 0;
    return byte == 'n' || byte == 't' || byte == 'r' ? 0 : c;
}

void mu_matcher_run(const mu_matcher *m, mu_match_state *state, const uint8_t *text, size_t len, mu_match_cb *found, void *arg)
{
    for (size_t i = 0; i < len; i++) {
        int c = m->classes[text[i]];
        if (c > NOTHING || state->escape)
            c = special(m, state, text[i]);
        if (c == NOTHING || (c == 0 && state->between))
            continue;
        state->between = c == 0;
        state->count++;
        state->node = m->next[state->node][c];
        for (uint32_t o = m->first_output[state->node]; o; o = m->outputs[o - 1].next)
            found(arg, m->outputs[o - 1].id, i + 1);
    }
}

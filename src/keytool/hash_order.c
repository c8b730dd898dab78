/* java.util.Hashtable: in which order it gives back what was put into it. Source: OpenJDK's Hashtable, String.hashCode. */
#include "keytool/kt.h"

#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

struct node {
    uint32_t hash;
    size_t next;
};

struct table {
    struct node *nodes; /* one for each entry, in the store's order */
    size_t *heads, size;
};

/* Over the units of UTF-16. */
static uint32_t hash_of(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t left = strlen(text), n;
    uint32_t hash = 0, point;

    for (; left > 0 && (n = mu_utf8_decode(p, left, &point)) > 0; p += n, left -= n) {
        if (point >= 0x10000)
            hash = hash * 31 + (0xd800 + ((point - 0x10000) >> 10));
        hash = hash * 31 + (point >= 0x10000 ? 0xdc00 + (point & 0x3ff) : point);
    }
    return hash & 0x7fffffff;
}

static void link_node(struct table *table, size_t node)
{
    size_t *head = &table->heads[table->nodes[node].hash % table->size];
    table->nodes[node].next = *head;
    *head = node;
}

static int resize(struct table *table, size_t size)
{
    struct table old = *table;
    size_t next;

    if (!(table->heads = malloc(size * sizeof *table->heads)))
        return -1;
    table->size = size;
    for (size_t i = 0; i < size; i++)
        table->heads[i] = NONE;
    for (size_t i = old.heads ? old.size : 0; i-- > 0;)
        for (size_t node = old.heads[i]; node != NONE; node = next) {
            next = old.nodes[node].next;
            link_node(table, node);
        }
    free(old.heads);
    return 0;
}

/* A table that was used before has kept its size. */
static int fill(struct table *table, size_t count)
{
    for (size_t i = 0; i < table->size; i++)
        table->heads[i] = NONE;
    for (size_t i = 0; i < count; i++) {
        if (i >= table->size * 3 / 4 && resize(table, table->size * 2 + 1) != 0)
            return -1;
        link_node(table, i);
    }
    return 0;
}

static int enumerate(const mu_store *store, bool read_twice, mu_entry **ret)
{
    size_t count = mu_store_count(store), n = 0;
    struct table table = {.nodes = calloc(count + 1, sizeof *table.nodes)};
    int rc = table.nodes && resize(&table, 11) == 0 ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < count; i++)
        table.nodes[i].hash = hash_of(mu_entry_alias(mu_store_entry(store, i)));
    if (rc == 0)
        rc = fill(&table, count);
    if (rc == 0 && read_twice)
        rc = fill(&table, count);
    for (size_t i = table.size; rc == 0 && i-- > 0;)
        for (size_t node = table.heads[i]; node != NONE; node = table.nodes[node].next)
            ret[n++] = mu_store_entry(store, node);
    free(table.heads);
    free(table.nodes);
    return rc;
}

int mu_kt_hash_order(const mu_store *store, bool read_twice, mu_entry ***ret, mu_err **err)
{
    size_t count = mu_store_count(store);
    bool in_file_order = mu_store_get_type(store) == MU_STORE_PKCS12;

    if (!(*ret = calloc(count + 1, sizeof **ret)))
        return mu_fail_nomem(err);
    for (size_t i = 0; in_file_order && i < count; i++)
        (*ret)[i] = mu_store_entry(store, i);
    return in_file_order || enumerate(store, read_twice, *ret) == 0 ? 0 : mu_fail_nomem(err);
}

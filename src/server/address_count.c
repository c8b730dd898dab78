#include "server/server_internal.h"

#include <stdlib.h>
#include <string.h>

struct address_count {
    address_count *next;
    unsigned char key[16];
    long count;
};

/* Where the count of that address is, or would be. Nobody gains by collisions: no chain is longer than there are connections. */
static address_count **find(address_counts *counts, const mu_address *address, unsigned char key[16])
{
    unsigned hash = 0;
    address_count **at;

    mu_address_host_key(address, key);
    for (int i = 0; i < 16; i++)
        hash = hash * 31 + key[i];
    at = &counts->buckets[(hash ^ hash >> 8) % 256];
    while (*at && memcmp((*at)->key, key, 16) != 0)
        at = &(*at)->next;
    return at;
}

bool address_count_add(address_counts *counts, const mu_address *address, long max)
{
    unsigned char key[16];
    address_count **at;

    if (mu_address_is_unix(address))
        return true;
    at = find(counts, address, key);
    if (!*at) {
        if (!(*at = calloc(1, sizeof **at)))
            return false;
        memcpy((*at)->key, key, 16);
    }
    if ((*at)->count == max)
        return false;
    (*at)->count++;
    return true;
}

void address_count_remove(address_counts *counts, const mu_address *address)
{
    unsigned char key[16];
    address_count **at, *gone;

    if (mu_address_is_unix(address) || !*(at = find(counts, address, key)) || --(*at)->count > 0)
        return;
    gone = *at;
    *at = gone->next;
    free(gone);
}

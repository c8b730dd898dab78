#include "report/expiry.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "report/words.h"

#include <stdlib.h>

int mu_expiry_add(mu_expiry *expiry, const char *where, const char *alias, const mu_chain_facts *chain, int64_t at_s, long days,
                  mu_err **err)
{
    for (size_t i = 0; days >= 0 && i < chain->count; i++) {
        if (chain->certs[i].not_after_s > at_s + (int64_t)days * 86400)
            continue;
        mu_expiring *items = realloc(expiry->items, (expiry->count + 1) * sizeof *items);
        if (!items)
            return mu_fail_nomem(err);
        expiry->items = items;
        items[expiry->count++] = (mu_expiring){where, alias, &chain->certs[i], (int)i};
    }
    return 0;
}

int mu_expiry_add_store(mu_expiry *expiry, const mu_store_facts *store, int64_t at_s, long days, mu_err **err)
{
    for (size_t i = 0; i < store->count; i++)
        if (mu_expiry_add(expiry, store->path, store->entries[i].alias, &store->entries[i].chain, at_s, days, err) != 0)
            return -1;
    return mu_expiry_add(expiry, store->path, NULL, &store->loose, at_s, days, err);
}

void mu_expiry_print(FILE *stream, const mu_expiry *expiry, int64_t at_s)
{
    char where[MU_SHOWN_SIZE], alias[MU_SHOWN_SIZE], until[32], days[64];
    for (size_t i = 0; i < expiry->count; i++) {
        const mu_expiring *e = &expiry->items[i];
        fprintf(stream, "%s: %s%s%s, until %.10s (%s)\n", mu_escape_to(where, e->where),
                e->alias ? mu_escape_to(alias, e->alias) : "", e->alias ? ": " : "", e->cert->subject,
                mu_time_text(e->cert->not_after_s, until),
                mu_days_text(e->cert->not_after_s, at_s, days));
    }
}

json_t *mu_expiry_json(const mu_expiry *expiry, int64_t at_s)
{
    char until[32];
    json_t *list = json_array();
    for (size_t i = 0; i < expiry->count; i++) {
        const mu_expiring *e = &expiry->items[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:i, s:o, s:s, s:I}", "path", mu_json_text(e->where), "alias",
                                              mu_json_text(e->alias), "depth", e->depth, "subject", mu_json_text(e->cert->subject),
                                              "notAfter", mu_time_text(e->cert->not_after_s, until), "daysLeft",
                                              (json_int_t)mu_days_left(e->cert->not_after_s, at_s)));
    }
    return list;
}

void mu_expiry_done(mu_expiry *expiry)
{
    free(expiry->items);
    *expiry = (mu_expiry){0};
}

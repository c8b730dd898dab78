#include "report/store_tree.h"

#include "base/term.h"
#include "report/words.h"

#include <inttypes.h>
#include <stdlib.h>

int mu_store_table_begin(mu_table *table)
{
    static const char *const head[] = {"STORE", "ALIAS", "KIND",  "SUBJECT",         "FOR",
                                       "KEY",   "DAYS",  "CHAIN", "JVM PICKS IT AS", "PROBLEMS"};
    int rc = 0;
    table->columns = sizeof head / sizeof *head;
    for (size_t i = 0; rc == 0 && i < table->columns; i++)
        rc = mu_table_add(table, head[i]);
    return rc;
}

static bool told_before(const mu_problems *problems, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (problems->items[j].code == problems->items[i].code)
            return true;
    return false;
}

static void add_codes(mu_buf *out, const mu_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!told_before(problems, i))
            mu_buf_addf(out, "%s%s", out->len ? " " : "", mu_code_name(problems->items[i].code));
}

/* The last column may be as wide as it needs to be. */
static int add_row(mu_table *table, const char *const cells[], size_t count, const mu_problems *own, const mu_problems *whole)
{
    mu_buf codes;
    int rc = 0;
    mu_buf_init(&codes, MU_BUF_TEXT_MAX);
    add_codes(&codes, own);
    if (whole)
        add_codes(&codes, whole);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = mu_table_add(table, cells[i]);
    if (rc == 0)
        rc = mu_strlist_add(&table->cells, codes.len ? mu_buf_text(&codes) : "-");
    mu_buf_free(&codes);
    return rc;
}

/* Of all certificates of the entry, the one that ends first. */
static int64_t ends_s(const mu_chain_facts *chain)
{
    int64_t ends = INT64_MAX;
    for (size_t i = 0; i < chain->count; i++)
        if (chain->certs[i].not_after_s < ends)
            ends = chain->certs[i].not_after_s;
    return ends;
}

static int add_entry(mu_table *table, const char *store, const mu_entry_facts *e, const mu_problems *whole, int64_t at_s)
{
    char alias[MU_SHOWN_SIZE], days[32], jvm[96], chain[MU_SHOWN_SIZE];
    const mu_cert_facts *leaf = e->chain.count > 0 ? e->chain.certs : NULL;
    snprintf(days, sizeof days, "%" PRId64, leaf ? mu_days_left(ends_s(&e->chain), at_s) : 0);
    snprintf(chain, sizeof chain, "lacks %s", leaf && e->chain.missing ? e->chain.missing : "");
    const char *cells[] = {
        store, mu_escape_to(alias, e->alias), mu_entry_kind_word(e->kind), leaf ? leaf->subject : "-",
        leaf ? mu_cert_use_word(leaf) : "-", leaf ? leaf->key : "-", leaf ? days : "-",
        e->kind != MU_ENTRY_KEY || !leaf ? "-" : e->chain.complete ? "complete" : chain, *mu_jvm_text(e, jvm) ? jvm : "-",
    };
    return add_row(table, cells, sizeof cells / sizeof *cells, &e->problems, whole);
}

int mu_store_table_add(mu_table *table, const mu_store_facts *store, int64_t at_s)
{
    char shown[MU_SHOWN_SIZE];
    int rc = 0;
    mu_escape_to(shown, store->path);
    if (store->err || store->count == 0) {
        mu_problem problem = {.code = store->err ? store->err->code : MU_OK};
        mu_problems unreadable = {.items = &problem, .count = 1};
        const char *cells[] = {shown, "-", store->err ? "unreadable" : "-", "-", "-", "-", "-", "-", "-"};
        return add_row(table, cells, sizeof cells / sizeof *cells, store->err ? &unreadable : &store->problems, NULL);
    }
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        rc = add_entry(table, shown, &store->entries[i], i == 0 ? &store->problems : NULL, at_s);
    return rc;
}

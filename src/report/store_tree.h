/** Stores for people: everything as a tree, or a row an entry. */
#ifndef MU_REPORT_STORE_TREE_H
#define MU_REPORT_STORE_TREE_H

#include "diag/store_facts.h"
#include "report/table.h"

void mu_store_tree_print(FILE *stream, const mu_store_facts *store, int64_t at_s);
/** The certificates of a chain, each below the one that it vouches for. indent: spaces before each line. */
void mu_chain_tree_print(FILE *stream, const mu_chain_facts *chain, int64_t at_s, int indent);
/** A line for each, with the fix below it. */
void mu_problems_print(FILE *stream, const mu_problems *problems, int indent);

/** The head of the table, before any store. @return 0, or -1 out of memory */
int mu_store_table_begin(mu_table *table);
/** A row for each entry; one for a store that has none or could not be read. @return 0, or -1 out of memory */
int mu_store_table_add(mu_table *table, const mu_store_facts *store, int64_t at_s);

#endif

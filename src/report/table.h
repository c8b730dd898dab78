/** Columns as wide as their cells. */
#ifndef MU_REPORT_TABLE_H
#define MU_REPORT_TABLE_H

#include "base/text.h"
#include <stdio.h>

#define MU_CELL_COLUMNS 40 /* what is longer ends in "…" */

typedef struct mu_table {
    size_t columns;
    mu_strlist cells; /* row by row, the first row is the head */
} mu_table;

/** Text of the first `columns` characters, with "…" if that is not all. Owned by the caller (free); NULL when out of memory. */
char *mu_clip(const char *text, size_t columns);
/** Foreign text comes escaped. @return 0, or -1 out of memory */
int mu_table_add(mu_table *table, const char *text);
void mu_table_print(FILE *stream, const mu_table *table);

#endif

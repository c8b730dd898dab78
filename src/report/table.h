/** Plain tables: columns aligned, cut to the terminal's width. */
#ifndef MU_REPORT_TABLE_H
#define MU_REPORT_TABLE_H

#include <mutual/err.h>
#include <stdio.h>

typedef struct mu_table mu_table;

/** @param headings count of them, copied. @return NULL when out of memory */
mu_table *mu_table_new(const char *const *headings, size_t count);
void mu_table_free(mu_table *table);
/** One row: as many cells as there are headings, copied, already escaped; NULL is an empty cell. @return 0, or -1 when out of memory */
int mu_table_add(mu_table *table, const char *const *cells);
/**
 * Two blanks between columns. On a terminal that is too narrow the widest columns are cut (a cut cell ends in "…"); into files and
 * pipes everything is written whole.
 */
void mu_table_print(FILE *stream, const mu_table *table);

#endif

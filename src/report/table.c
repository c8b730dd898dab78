#include "report/table.h"

#include "base/term.h"

#include <stdlib.h>
#include <string.h>

/* Characters, not bytes; for the scripts that names are mostly written in also columns of a terminal. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

char *mu_clip(const char *text, size_t columns)
{
    size_t width = 0;
    const char *end = text;
    if (width_of(text) <= columns)
        return mu_strdup(text);
    for (; *end; end++) {
        bool starts = ((unsigned char)*end & 0xc0) != 0x80;
        if (starts && width == columns - 1)
            break;
        width += starts;
    }
    return mu_asprintf("%.*s…", (int)(end - text), text);
}

int mu_table_add(mu_table *table, const char *text)
{
    char *clipped = mu_clip(text, MU_CELL_COLUMNS);
    int rc = clipped ? mu_strlist_add(&table->cells, clipped) : -1;
    free(clipped);
    return rc;
}

static size_t column_width(const mu_table *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->cells.count; i += table->columns)
        if (width_of(table->cells.items[i]) > width)
            width = width_of(table->cells.items[i]);
    return width;
}

void mu_table_print(FILE *stream, const mu_table *table)
{
    size_t *widths = calloc(table->columns, sizeof *widths);
    for (size_t column = 0; widths && column < table->columns; column++)
        widths[column] = column_width(table, column);
    for (size_t i = 0; i < table->cells.count; i++) {
        const char *cell = table->cells.items[i];
        bool last = i % table->columns == table->columns - 1;
        if (i == 0)
            fputs(mu_style_on(stream, MU_STYLE_BOLD), stream);
        fprintf(stream, "%s%*s", cell, last || !widths ? 0 : (int)(widths[i % table->columns] - width_of(cell)) + 2, "");
        if (i == table->columns - 1)
            fputs(mu_style_off(stream), stream);
        if (last)
            fputc('\n', stream);
    }
    free(widths);
}

#include "report/table.h"

#include "base/term.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GAP 2
#define COLUMN_MIN 8

struct mu_table {
    size_t columns;
    mu_strlist cells; /* row by row, the headings first */
};

mu_table *mu_table_new(const char *const *headings, size_t count)
{
    mu_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->columns = count;
    if (mu_table_add(table, headings) < 0) {
        mu_table_free(table);
        return NULL;
    }
    return table;
}

void mu_table_free(mu_table *table)
{
    if (table)
        mu_strlist_free(&table->cells);
    free(table);
}

int mu_table_add(mu_table *table, const char *const *cells)
{
    for (size_t i = 0; i < table->columns; i++)
        if (mu_strlist_add(&table->cells, cells[i] ? cells[i] : "") < 0)
            return -1;
    return 0;
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int total_of(const int *widths, size_t count)
{
    int total = 0;
    for (size_t i = 0; i < count; i++)
        total += widths[i] + (i ? GAP : 0);
    return total;
}

static void measure(const mu_table *table, int *widths)
{
    for (size_t i = 0; i < table->cells.count; i++) {
        int width = width_of(table->cells.items[i]), *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
}

/* Always from the widest column, so that short ones stay whole. */
static void shrink(int *widths, size_t count, int available)
{
    while (total_of(widths, count) > available) {
        size_t widest = 0;
        for (size_t i = 1; i < count; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= COLUMN_MIN)
            break;
        widths[widest]--;
    }
}

static void print_cell(FILE *stream, const char *text, int width, bool last)
{
    int own = width_of(text), shown = own > width ? width - 1 : own;
    for (int i = 0; *text && (i < shown || ((unsigned char)*text & 0xc0) == 0x80); text++) {
        putc(*text, stream);
        i += ((unsigned char)text[1] & 0xc0) != 0x80;
    }
    if (own > width)
        fputs("…", stream);
    if (!last)
        fprintf(stream, "%*s", (own > width ? 0 : width - own) + GAP, "");
}

void mu_table_print(FILE *stream, const mu_table *table)
{
    int *widths = calloc(table->columns, sizeof *widths);
    if (!widths)
        return;
    measure(table, widths);
    if (isatty(fileno(stream)))
        shrink(widths, table->columns, mu_term_columns(stream));
    for (size_t i = 0; i < table->cells.count; i++) {
        bool last = (i + 1) % table->columns == 0;
        if (i == 0)
            fputs(mu_style_on(stream, MU_STYLE_BOLD), stream);
        print_cell(stream, table->cells.items[i], widths[i % table->columns], last);
        if (i + 1 == table->columns)
            fputs(mu_style_off(stream), stream);
        if (last)
            fputs("\n", stream);
    }
    free(widths);
}

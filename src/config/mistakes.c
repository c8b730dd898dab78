#include "config/mistakes.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void mu_mistakes_add(mu_mistakes *p, size_t line, size_t column, const char *fmt, ...)
{
    va_list args;
    char text[1024];
    if (p->count == MU_MISTAKES_MAX) {
        p->dropped++;
        return;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    p->list[p->count++] = (mu_mistake){line, column, mu_strdup(text)};
}

void mu_mistakes_add_err(mu_mistakes *p, size_t line, size_t column, mu_err *err)
{
    mu_mistakes_add(p, line, column, "%s%s%s", err->msg, err->hint ? ": " : "", err->hint ? err->hint : "");
    mu_err_free(err);
}

static int by_place(const void *a, const void *b)
{
    const mu_mistake *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

int mu_mistakes_fail(mu_mistakes *p, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_err *chain = NULL;
    size_t all = p->count + p->dropped;

    if (all == 0)
        return 0;
    mu_escape_to(shown, p->file);
    qsort(p->list, p->count, sizeof *p->list, by_place);
    for (size_t i = p->count; i-- > 0;) {
        const mu_mistake *one = &p->list[i];
        const char *text = one->text ? one->text : "out of memory";
        if (chain)
            mu_wrap(&chain, MU_E_CONFIG_INVALID, "%s:%zu:%zu: %s", shown, one->line, one->column, text);
        else
            mu_fail_by(&chain, MU_E_CONFIG_INVALID, MU_BY_CALLER, "%s:%zu:%zu: %s", shown, one->line, one->column, text);
    }
    mu_wrap(&chain, MU_E_CONFIG_INVALID, "%s has %zu mistake%s%s", shown, all, all == 1 ? "" : "s",
            p->dropped ? ", of which the first are told" : "");
    mu_err_hint(&chain, "Nothing was done. Mend them and run it again.");
    return mu_err_pass(err, chain);
}

void mu_mistakes_done(mu_mistakes *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->list[i].text);
    p->count = p->dropped = 0;
}

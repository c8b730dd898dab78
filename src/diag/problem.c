#include "diag/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void mu_problems_add(mu_problems *problems, mu_code code, bool warning, int depth, const char *fmt, ...)
{
    mu_problem *items = realloc(problems->items, (problems->count + 1) * sizeof *items);
    char *detail = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&detail, fmt, args) < 0)
        detail = NULL;
    va_end(args);
    if (items)
        problems->items = items;
    if (!items || !detail) {
        free(detail);
        problems->failed = true;
        return;
    }
    items[problems->count++] = (mu_problem){code, warning, depth, detail};
}

bool mu_problems_have(const mu_problems *problems, mu_code code)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == code)
            return true;
    return false;
}

void mu_problems_free(mu_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free(problems->items[i].detail);
    free(problems->items);
    *problems = (mu_problems){0};
}

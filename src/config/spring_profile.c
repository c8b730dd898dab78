/* Profile expressions: names with !, &, | and parentheses; commas mean "or". Source: Spring, Profiles.of, and the on-profile key.
 */
#include "config/spring.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

struct expression {
    const char *at;
    const mu_strlist *active;
    int depth;
    bool wrong;
};

static bool either(struct expression *e);

static bool is_active(const struct expression *e, const char *name, size_t len)
{
    for (size_t i = 0; i < e->active->count; i++)
        if (strlen(e->active->items[i]) == len && memcmp(e->active->items[i], name, len) == 0)
            return true;
    return false;
}

static void skip_blanks(struct expression *e)
{
    e->at += strspn(e->at, " \t");
}

static bool one(struct expression *e)
{
    bool value = false;
    skip_blanks(e);
    e->wrong = e->wrong || ++e->depth > MAX_DEPTH;
    if (e->wrong) {
        return false;
    } else if (*e->at == '!') {
        e->at++;
        value = !one(e);
    } else if (*e->at == '(') {
        e->at++;
        value = either(e);
        e->wrong = e->wrong || *e->at != ')';
        e->at += *e->at == ')';
    } else {
        size_t len = strcspn(e->at, " \t!&|(),");
        value = is_active(e, e->at, len);
        e->wrong = len == 0;
        e->at += len;
    }
    e->depth--;
    skip_blanks(e);
    return value;
}

static bool all(struct expression *e)
{
    bool value = one(e);
    while (*e->at == '&') {
        e->at++;
        value = one(e) && value;
    }
    return value;
}

static bool either(struct expression *e)
{
    bool value = all(e);
    while (*e->at == '|' || *e->at == ',') {
        e->at++;
        value = all(e) || value;
    }
    return value;
}

int mu_spring_profile_fits(const char *expression, const mu_strlist *active)
{
    struct expression e = {.at = expression, .active = active};
    bool value = either(&e);
    return e.wrong || *e.at ? -1 : value;
}

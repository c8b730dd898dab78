#include "diag/log_rules.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

const mu_fact_info *mu_fact_info_of(mu_fact fact)
{
    static const mu_fact_info facts[] = {
#define FACT(id, kind, meaning, apart) {#id, MU_##kind, meaning, apart},
#include "diag/rules/all.def"
    };
    return &facts[fact];
}

const mu_says *mu_says_table(size_t *ret_count)
{
    static const mu_says says[] = {
#define SAYS(fact, stack, printer, text) {stack, text, MU_FACT_##fact, MU_##printer, -1, MU_ALERT_NONE},
#define PRINTS(stack, printer, text) {stack, text, MU_FACT_COUNT, MU_##printer, -1, MU_ALERT_NONE},
#define ALERT_AS(number, direction, stack, printer, text) {stack, text, MU_FACT_COUNT, MU_##printer, number, MU_ALERT_##direction},
#include "diag/rules/all.def"
    };
    *ret_count = COUNT(says);
    return says;
}

const mu_means *mu_means_table(size_t *ret_count)
{
    static const mu_means means[] = {
#define MEANS(code, fact, printer, percent) {MU_E_##code, MU_FACT_##fact, MU_##printer, percent},
#include "diag/rules/all.def"
    };
    *ret_count = COUNT(means);
    return means;
}

bool mu_fact_refines(mu_fact fact, mu_fact general)
{
    static const struct {
        mu_fact fact, general;
    } refines[] = {
#define REFINES(fact, general) {MU_FACT_##fact, MU_FACT_##general},
#include "diag/rules/all.def"
    };
    for (size_t i = 0; i < COUNT(refines); i++)
        if (refines[i].fact == fact && refines[i].general == general)
            return true;
    return false;
}

const mu_raises *mu_raises_table(size_t *ret_count)
{
    static const mu_raises raises[] = {
#define RAISES(code, hint, factor) {MU_E_##code, MU_FACT_##hint, factor},
#include "diag/rules/all.def"
    };
    *ret_count = COUNT(raises);
    return raises;
}

mu_fact mu_alert_fact(int alert)
{
    switch (alert) {
#define ALERT(number, fact)                                                                                                         \
    case number:                                                                                                                    \
        return MU_FACT_##fact;
#include "diag/rules/all.def"
    default:
        return MU_FACT_COUNT;
    }
}

static const struct {
    mu_code code;
    mu_fix_at side;
    bool warning;
} causes[] = {
#define CAUSE(code, side, severity) {MU_E_##code, MU_FIX_##side, MU_SEVERITY_##severity},
#define MU_SEVERITY_ERROR false
#define MU_SEVERITY_WARNING true
#include "diag/rules/all.def"
};

mu_fix_at mu_cause_side(mu_code code)
{
    for (size_t i = 0; i < COUNT(causes); i++)
        if (causes[i].code == code)
            return causes[i].side;
    return MU_FIX_UNKNOWN;
}

bool mu_cause_is_warning(mu_code code)
{
    for (size_t i = 0; i < COUNT(causes); i++)
        if (causes[i].code == code)
            return causes[i].warning;
    return false;
}

/**
 * What programs print and what it means: the tables of src/diag/rules, one file for each theme. A row stands under the
 * cause that it is about, so that a cause is added, or taught another stack's words, in one place.
 *
 *   FACT(id, kind, "meaning", "how to tell its causes apart" or NULL)   what a line can say
 *   SAYS(fact, "stack", printer, "phrase")      how a stack says it; "part*part" for parts that follow each other closely;
 *                                               only letters and digits count, but at its end [], '' and <> mean that nothing is there
 *   ALERT_AS(number, direction, "stack", printer, "phrase")   how a stack names an alert in words of its own
 *   CAUSE(code, whose configuration is to be changed, severity)
 *   MEANS(code, fact, printer, percent)         of 100 failures of which that is printed on that side, so many have this cause
 *   REFINES(fact, general)     with fact in the same failure, general says hardly anything more: it is the same, told less exactly
 *   RAISES(code, hint, factor)                  so many times likelier (below 1: less likely) if this was seen as well
 */
#ifndef MU_DIAG_LOG_RULES_H
#define MU_DIAG_LOG_RULES_H

#include "diag/finding.h"

/** Whose words the line is, and how sure that is. */
typedef enum mu_printer { MU_ANY, MU_CLIENT, MU_MAYBE_CLIENT, MU_MAYBE_SERVER, MU_SERVER } mu_printer;

typedef enum mu_fact_kind {
    MU_TRIGGER, /* something failed, and this is what */
    MU_GENERAL, /* something failed; what it is, other lines tell better */
    MU_HINT     /* no failure by itself, but it tells causes apart */
} mu_fact_kind;

typedef enum mu_fact {
#define FACT(id, kind, meaning, apart) MU_FACT_##id,
#include "diag/rules/all.def"
    MU_FACT_COUNT
} mu_fact;

typedef struct mu_fact_info {
    const char *name;
    mu_fact_kind kind;
    const char *meaning;
    const char *apart; /* NULL: there is nothing to add */
} mu_fact_info;
const mu_fact_info *mu_fact_info_of(mu_fact fact);

typedef enum mu_alert_direction { MU_ALERT_NONE, MU_ALERT_RECEIVED, MU_ALERT_SENT } mu_alert_direction;

/** A phrase and what it stands for. */
typedef struct mu_says {
    const char *stack, *text;
    mu_fact fact;       /* MU_FACT_COUNT: it only tells who prints, or is about an alert */
    mu_printer printer;
    int alert;          /* -1: none */
    mu_alert_direction direction;
} mu_says;
const mu_says *mu_says_table(size_t *ret_count);

typedef struct mu_means {
    mu_code code;
    mu_fact fact;
    mu_printer printer;
    int percent;
} mu_means;
const mu_means *mu_means_table(size_t *ret_count);

/** Whether a fact says more exactly what another one says. */
bool mu_fact_refines(mu_fact fact, mu_fact general);

typedef struct mu_raises {
    mu_code code;
    mu_fact hint;
    double factor;
} mu_raises;
const mu_raises *mu_raises_table(size_t *ret_count);

/** The fact that an alert is; MU_FACT_COUNT if none. */
mu_fact mu_alert_fact(int alert);
/** Whose store or configuration a cause asks to be changed. */
typedef enum mu_fix_at { MU_FIX_UNKNOWN, MU_FIX_CLIENT, MU_FIX_SERVER, MU_FIX_BOTH, MU_FIX_REFUSED, MU_FIX_PRINTER } mu_fix_at;
mu_fix_at mu_cause_side(mu_code code);
/** Works today or for some. */
bool mu_cause_is_warning(mu_code code);

#endif

#include "diag/combine.h"

#include <stdlib.h>

/* So many times likelier: nothing is certain, as the stores of today need not be those of the log. */
#define FOUND 25
#define NOT_FOUND 0.1

static bool may_be_one(const mu_finding *a, const mu_finding *b)
{
    return a->code == b->code && !a->warning && !b->warning &&
           (a->side == b->side || a->side == MU_AT_UNKNOWN || b->side == MU_AT_UNKNOWN);
}

/* What another examiner found that is this candidate of a log. */
static mu_finding *found_elsewhere(const mu_findings *findings, const mu_finding *candidate, size_t first)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].failure < first && may_be_one(&findings->items[i], candidate))
            return &findings->items[i];
    return NULL;
}

static void weigh(const mu_findings *findings, size_t failure, size_t first)
{
    double other = 1, sum = 0;
    for (size_t i = 0; i < findings->count; i++) {
        mu_finding *finding = &findings->items[i];
        if (finding->failure != failure)
            continue;
        other -= finding->confidence;
        finding->confidence *= found_elsewhere(findings, finding, first)     ? FOUND
                               : findings->looked_for[finding->code] ? NOT_FOUND
                                                                     : 1;
        sum += finding->confidence;
    }
    sum += other > 0 ? other : 0;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].failure == failure)
            findings->items[i].confidence /= sum;
}

static mu_finding *likeliest(const mu_findings *findings, size_t failure)
{
    mu_finding *best = NULL;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].failure == failure && (!best || findings->items[i].confidence > best->confidence))
            best = &findings->items[i];
    return best;
}

static void remove_failure(mu_findings *findings, size_t failure)
{
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].failure == failure)
            mu_finding_done(&findings->items[i]);
        else
            findings->items[kept++] = findings->items[i];
    findings->count = kept;
}

void mu_findings_combine(mu_findings *findings, size_t first)
{
    for (size_t failure = first; failure < findings->failures; failure++) {
        weigh(findings, failure, first);
        const mu_finding *best = likeliest(findings, failure);
        mu_finding *found = best ? found_elsewhere(findings, best, first) : NULL;
        if (!found)
            continue;
        for (size_t i = 0; i < best->evidence.count; i++)
            mu_finding_evidence(findings, found, "%s", best->evidence.items[i]);
        remove_failure(findings, failure);
    }
}

/* What facts say together about causes: each fact spreads its weight over them, hints make some likelier. */
#include "diag/log_internal.h"

#include "tls/alert.h"

#include <math.h>
#include <string.h>

#define FLOOR 0.02          /* what a fact leaves to causes that it does not speak of */
#define GENERAL_WEIGHT 0.15 /* how much a general line counts against one that says what happened */
#define SENT_WEIGHT 0.4     /* an alert that was sent repeats what was said before it, less exactly */

void mu_log_spread(mu_fact fact, bool sent, double client, mu_log_weights *ret)
{
    size_t count;
    const mu_means *means = mu_means_table(&count);
    double q = sent ? 1 - client : client, sum = 0;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < count; i++) {
        double share = means[i].printer == MU_CLIENT ? q : means[i].printer == MU_SERVER ? 1 - q : 1;
        if (means[i].fact == fact)
            ret->of[means[i].code] += share * means[i].percent / 100;
    }
    for (int c = 0; c < MU_CODE_COUNT; c++)
        sum += ret->of[c];
    for (int c = 0; c < MU_CODE_COUNT && sum > 1; c++)
        ret->of[c] /= sum;
    ret->other = sum < 1 ? 1 - sum : 0;
}

/* Another fact of the failure says the same more exactly. */
static bool is_refined(const mu_log_failure *failure, mu_fact fact)
{
    for (size_t i = 0; i < failure->count; i++)
        if (mu_fact_refines(failure->facts[i].fact, fact))
            return true;
    return false;
}

static double weight_of(const mu_log_failure *failure, const mu_log_seen *seen)
{
    if (seen->sent)
        return SENT_WEIGHT;
    if (is_refined(failure, seen->fact))
        return GENERAL_WEIGHT;
    return mu_fact_info_of(seen->fact)->kind == MU_GENERAL && !failure->general ? GENERAL_WEIGHT : 1;
}

/* Hints multiply, and bring causes in that no line named. */
static void apply_hints(const mu_log *log, mu_log_weights *weights)
{
    size_t count;
    const mu_raises *raises = mu_raises_table(&count);
    for (size_t i = 0; i < count; i++)
        if (log->hints[raises[i].hint].line > 0)
            weights->of[raises[i].code] *= raises[i].factor;
}

static bool touched(const mu_log *log, const mu_log_weights *seen, int code)
{
    size_t count;
    const mu_raises *raises = mu_raises_table(&count);
    if (seen->of[code] > 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if ((int)raises[i].code == code && raises[i].factor > 1 && log->hints[raises[i].hint].line > 0)
            return true;
    return false;
}

void mu_log_weigh(const mu_log *log, const mu_log_failure *failure, mu_log_weights *ret)
{
    mu_log_weights seen = {0};
    double sum;
    for (int c = 0; c < MU_CODE_COUNT; c++)
        ret->of[c] = 1;
    ret->other = 1;
    for (size_t i = 0; i < failure->count; i++) {
        mu_log_weights spread;
        const mu_log_seen *fact = &failure->facts[i];
        double weight = weight_of(failure, fact);
        mu_log_spread(fact->fact, fact->sent, mu_log_client(log, failure, fact->source), &spread);
        for (int c = 0; c < MU_CODE_COUNT; c++) {
            ret->of[c] *= pow(spread.of[c] + FLOOR, weight);
            seen.of[c] += spread.of[c];
        }
        ret->other *= pow(spread.other + FLOOR, weight);
    }
    apply_hints(log, ret);
    sum = ret->other;
    for (int c = 0; c < MU_CODE_COUNT; c++) {
        ret->of[c] = touched(log, &seen, c) ? ret->of[c] : 0;
        sum += ret->of[c];
    }
    for (int c = 0; c < MU_CODE_COUNT; c++)
        ret->of[c] /= sum;
    ret->other /= sum;
}

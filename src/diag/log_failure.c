/* Facts become failures: what belongs together, what came again, and who prints. */
#include "diag/log_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARED 0.08 /* so much of two spreads has to be the same for them to be about one failure */

double mu_log_odds_of(mu_printer printer)
{
    static const double odds[] = {[MU_ANY] = 1, [MU_CLIENT] = 40, [MU_MAYBE_CLIENT] = 4, [MU_MAYBE_SERVER] = 1 / 4.0, [MU_SERVER] = 1 / 40.0};
    return odds[printer];
}

static double bounded(double odds, double most)
{
    return odds > most ? most : odds < 1 / most ? 1 / most : odds;
}

double mu_log_client(const mu_log *log, const mu_log_failure *failure, size_t source)
{
    double odds = 1.8; /* more people read logs of clients */
    if (log->sources[source].side == MU_AT_CLIENT || log->sources[source].side == MU_AT_SERVER)
        odds = log->sources[source].side == MU_AT_CLIENT ? 100 : 0.01;
    else
        for (size_t i = 0; i < failure->count; i++)
            if (failure->facts[i].source == source)
                odds *= bounded(failure->facts[i].odds, 60);
    if (odds < 6 && odds > 1 / 6.0)
        odds *= bounded(sqrt(log->sources[source].odds), 10);
    odds = bounded(odds, 100);
    return odds / (1 + odds);
}

static mu_log_failure *last_failure(mu_log *log)
{
    return log->failure_count > 0 ? &log->failures[log->failure_count - 1] : NULL;
}

static bool is_near(const mu_log *log, const mu_log_failure *failure, size_t lines)
{
    return failure && failure->last_source == log->source_count - 1 && log->line <= failure->last_line + lines;
}

void mu_log_add_odds(mu_log *log, double odds)
{
    mu_log_failure *failure = last_failure(log);
    if (odds == 1)
        return;
    log->recent[log->recent_next].line = log->line;
    log->recent[log->recent_next].odds = odds;
    log->recent_next = (log->recent_next + 1) % (sizeof log->recent / sizeof *log->recent);
    if (is_near(log, failure, MU_LOG_NEAR_LINES)) {
        double *last = &failure->facts[failure->count - 1].odds;
        *last = bounded(*last * odds, 60);
    }
}

/* What was said just before about who prints. */
static double odds_around(const mu_log *log)
{
    double odds = 1;
    for (size_t i = 0; i < sizeof log->recent / sizeof *log->recent; i++)
        if (log->recent[i].line > 0 && log->recent[i].line + MU_LOG_NEAR_LINES >= log->line)
            odds *= log->recent[i].odds;
    return bounded(odds, 60);
}

static double shared(const mu_log_weights *a, const mu_log_weights *b)
{
    double sum = 0;
    for (int c = 0; c < MU_CODE_COUNT; c++)
        sum += a->of[c] < b->of[c] ? a->of[c] : b->of[c];
    return sum;
}

/* "	at …", "Caused by: …", "  detail": more of the line before. */
static bool goes_on(const mu_log *log)
{
    static const char *const words[] = {"Caused by", "caused by", "... ", "Suppressed"};
    if (log->text_len == 0 || log->text[0] == ' ' || log->text[0] == '\t')
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (log->text_len > strlen(words[i]) && memcmp(log->text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static bool has_fact(const mu_log_failure *failure, mu_fact fact, bool sent)
{
    for (size_t i = 0; i < failure->count; i++)
        if (failure->facts[i].fact == fact && failure->facts[i].sent == sent)
            return true;
    return false;
}

/* Of the same failure: the same line, or one near it that can have the same cause. */
static bool belongs(const mu_log *log, const mu_log_failure *failure, mu_fact fact, bool sent)
{
    bool other_source = failure->last_source != log->source_count - 1;
    mu_log_weights of_failure, of_fact;
    if (!other_source && !is_near(log, failure, MU_LOG_FAR_LINES))
        return false;
    if (!other_source && (log->line == failure->last_line || (goes_on(log) && log->line <= failure->last_line + MU_LOG_NEAR_LINES)))
        return true;
    if (!other_source && (failure->general || mu_fact_info_of(fact)->kind == MU_GENERAL))
        return true;
    mu_log_weigh(log, failure, &of_failure);
    mu_log_spread(fact, sent, 0.5, &of_fact);
    return shared(&of_failure, &of_fact) >= SHARED;
}

static mu_log_failure *failure_for(mu_log *log, mu_fact fact, bool sent)
{
    for (size_t i = log->failure_count; i > 0; i--)
        if (has_fact(&log->failures[i - 1], fact, sent) &&
            (log->failures[i - 1].count == 1 || i == log->failure_count || mu_fact_info_of(fact)->kind == MU_TRIGGER))
            return &log->failures[i - 1];
    for (size_t i = log->failure_count; i > 0 && i + 4 > log->failure_count; i--)
        if (belongs(log, &log->failures[i - 1], fact, sent))
            return &log->failures[i - 1];
    if (log->failure_count == MU_LOG_FAILURES_MAX) {
        log->not_kept++;
        return NULL;
    }
    log->failures[log->failure_count] = (mu_log_failure){.general = true};
    return &log->failures[log->failure_count++];
}

static mu_log_seen seen_here(mu_log *log, const mu_says *says, mu_fact fact, bool sent, size_t end)
{
    mu_log_seen seen = {.fact = fact, .sent = sent, .source = log->source_count - 1, .line = log->line, .stack = says->stack};
    seen.odds = bounded(odds_around(log) * mu_log_odds_of(says->printer), 60);
    while (end > 0 && isspace(log->text[end - 1]))
        end--;
    seen.quote = mu_log_quote(log->text, log->text_len, end);
    log->failed = log->failed || !seen.quote;
    return seen;
}

void mu_log_add_fact(mu_log *log, const mu_says *says, mu_fact fact, bool sent, size_t end)
{
    mu_fact_kind kind = mu_fact_info_of(fact)->kind;
    if (kind == MU_HINT) {
        if (log->hints[fact].line == 0)
            log->hints[fact] = seen_here(log, says, fact, sent, end);
        mu_log_add_odds(log, mu_log_odds_of(says->printer));
        return;
    }
    mu_log_failure *failure = failure_for(log, fact, sent);
    if (!failure)
        return;
    if (has_fact(failure, fact, sent))
        failure->times += log->line != failure->last_line;
    else if (failure->count < MU_LOG_FACTS_MAX)
        failure->facts[failure->count++] = seen_here(log, says, fact, sent, end);
    failure->general = failure->general && kind == MU_GENERAL;
    failure->last_source = log->source_count - 1;
    failure->last_line = log->line;
}

/* Phrases that were found become facts: those of several parts, and alerts by name and number. */
#include "diag/log_internal.h"

#include "tls/alert.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_WITHIN 300 /* bytes from the end of a part to the end of the next */

/* What the matcher says: which kind, which row, which part of it. */
enum { SAYS = 0, ALERT_NAME = 1u << 30, ALERT_CONTEXT = 2u << 30, KIND = 3u << 30 };
#define PART_BITS 3

/* Words that announce an alert: its name follows within so many bytes, or its number. */
static const struct context {
    mu_says says;
    size_t within;
    bool number;
} contexts[] = {
#define ALERT_NEAR(direction, within, stack, printer, text)                                                                        \
    {{stack, text, MU_FACT_COUNT, MU_##printer, -1, MU_ALERT_##direction}, within, false},
#define ALERT_NUMBER(direction, stack, printer, text)                                                                               \
    {{stack, text, MU_FACT_COUNT, MU_##printer, -1, MU_ALERT_##direction}, 24, true},
#include "diag/rules/alert_words.def"
};

/* "a*b" as two phrases. */
static int add_parts(mu_log *log, const char *text, uint32_t row)
{
    uint32_t part = 0;
    for (const char *end; *text; text = *end ? end + 1 : end, part++) {
        end = text + strcspn(text, "*");
        if (mu_matcher_add(log->matcher, text, (size_t)(end - text), SAYS | row << PART_BITS | part) != 0)
            return -1;
    }
    return 0;
}

/* "unknown ca", and as UnknownCA. */
static int add_alert_name(mu_log *log, const mu_alert_info *alert)
{
    char joined[40];
    size_t len = 0;
    for (const char *p = alert->name; *p; p++)
        if (*p != '_')
            joined[len++] = *p;
    if (mu_matcher_add(log->matcher, alert->name, strlen(alert->name), ALERT_NAME | (uint32_t)alert->alert) != 0)
        return -1;
    return strchr(alert->name, '_') ? mu_matcher_add(log->matcher, joined, len, ALERT_NAME | (uint32_t)alert->alert) : 0;
}

int mu_log_phrases(mu_log *log)
{
    size_t rows, alerts;
    const mu_says *says = mu_says_table(&rows);
    const mu_alert_info *alert = mu_alert_table(&alerts);
    int rc = (log->matcher = mu_matcher_new()) ? 0 : -1;

    log->progress = calloc(rows, sizeof *log->progress);
    log->progress_end = calloc(rows, sizeof *log->progress_end);
    log->printed = calloc(rows, sizeof *log->printed);
    if (!log->progress || !log->progress_end || !log->printed)
        return -1;
    for (size_t i = 0; i < rows && rc == 0; i++)
        rc = add_parts(log, says[i].text, (uint32_t)i);
    for (size_t i = 0; i < alerts && rc == 0; i++)
        rc = add_alert_name(log, &alert[i]);
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts && rc == 0; i++)
        rc = mu_matcher_add(log->matcher, contexts[i].says.text, strlen(contexts[i].says.text), ALERT_CONTEXT | (uint32_t)i);
    return rc == 0 ? mu_matcher_finish(log->matcher) : -1;
}

/* Hints are no other way of saying what failed, so they hide nothing. */
static bool is_hint(const mu_log_match *match)
{
    return mu_fact_info_of(match->fact)->kind == MU_HINT;
}

static bool is_part_of_other(const mu_log *log, const mu_log_match *match)
{
    for (size_t i = 0; i < log->match_count; i++) {
        const mu_log_match *other = &log->matches[i];
        if (!is_hint(other) && other->begin <= match->begin && other->end >= match->end && other->end - other->begin > match->end - match->begin)
            return true;
    }
    return false;
}

/* The bare name of an alert beside words that say which way it went: "{tls_alert,{unknown_ca,"... generated CLIENT ALERT". */
static bool is_name_of_sent(const mu_log *log, const mu_log_match *match)
{
    if (match->sent || *match->says->stack || match->says->direction == MU_ALERT_NONE)
        return false;
    for (size_t i = 0; i < log->match_count; i++)
        if (log->matches[i].sent && log->matches[i].fact == match->fact)
            return true;
    return false;
}

void mu_log_take_matches(mu_log *log)
{
    for (size_t i = 0; i < log->match_count; i++) {
        const mu_log_match *match = &log->matches[i];
        if (is_hint(match) || (!is_part_of_other(log, match) && !is_name_of_sent(log, match)))
            mu_log_add_fact(log, match->says, match->fact, match->sent, match->end_byte);
    }
    log->match_count = 0;
}

static void add_match(mu_log *log, const mu_says *says, mu_fact fact, bool sent, size_t length, size_t end)
{
    if (fact == MU_FACT_COUNT)
        return;
    if (log->match_count == MU_LOG_MATCHES_MAX)
        mu_log_take_matches(log);
    log->matches[log->match_count++] = (mu_log_match){says, fact, sent, log->state.count - length, log->state.count, end};
}

static void add_alert(mu_log *log, const mu_says *says, int alert, mu_alert_direction direction, size_t length, size_t end)
{
    add_match(log, says, mu_alert_fact(alert), direction == MU_ALERT_SENT, length, end);
}

static size_t skip(const mu_log *log, size_t at, const char *these)
{
    while (at < log->text_len && log->text[at] && strchr(these, log->text[at]))
        at++;
    return at;
}

/* A phrase that ends in "[]" or "''" wants nothing between them, which the matcher does not see: for it both are separators. When the
 * line ends after the first of them, the next line tells. */
static bool is_empty_where_asked(mu_log *log, const mu_says *says, const char *part, size_t len, size_t end)
{
    const char *pair = len > 2 ? part + len - 2 : "";
    if (strcmp(pair, "[]") != 0 && strcmp(pair, "''") != 0 && strcmp(pair, "<>") != 0)
        return true;
    end = skip(log, end - 1, *pair == '\'' ? " :=" : " :=\"");
    if (end >= log->text_len || log->text[end] != *pair)
        return false;
    end = skip(log, end + 1, " \t\r\n");
    log->opened = end == log->text_len ? says : NULL;
    return end < log->text_len && log->text[end] == pair[1];
}

void mu_log_take_opened(mu_log *log)
{
    size_t start = skip(log, 0, " \t\r\n");
    const mu_says *says = log->opened;
    log->opened = NULL;
    if (says && start < log->text_len && log->text[start] == says->text[strlen(says->text) - 1])
        mu_log_add_fact(log, says, says->fact, false, start + 1);
}

static void found_says(mu_log *log, uint32_t row, uint32_t part, size_t end)
{
    size_t rows;
    const mu_says *says = &mu_says_table(&rows)[row];
    uint64_t at = log->offset + end;
    const char *rest = says->text, *last = rest;

    if (part > 0 && (log->progress[row] != part || at > log->progress_end[row] + PARTS_WITHIN))
        return;
    log->progress[row] = part + 1;
    log->progress_end[row] = at;
    for (uint32_t i = 0; i <= part && rest; i++) {
        last = rest;
        rest = strchr(rest, '*') ? strchr(rest, '*') + 1 : NULL;
    }
    if (rest)
        return; /* more has to follow */
    log->progress[row] = 0;
    if (!is_empty_where_asked(log, says, last, strlen(last), end))
        return;
    size_t length = mu_match_length(log->matcher, last, strlen(last));
    if (says->alert >= 0) {
        add_alert(log, says, says->alert, says->direction, length, end);
    } else if (says->fact != MU_FACT_COUNT) {
        add_match(log, says, says->fact, false, length, end);
    } else if (!log->printed[row]) {
        log->sources[log->source_count - 1].odds *= mu_log_odds_of(says->printer);
        log->printed[row] = true;
        mu_log_add_odds(log, mu_log_odds_of(says->printer));
    } else {
        mu_log_add_odds(log, mu_log_odds_of(says->printer));
    }
}

/* "alert number 42", "fatal alert code is 46". */
static void found_context(mu_log *log, uint32_t index, size_t end)
{
    const struct context *context = &contexts[index];
    if (!log->alert.context || log->alert.end != log->offset + end) /* of two that end here the longer is told first */
        log->alert.context = index + 1;
    log->alert.end = log->offset + end;
    if (!context->number)
        return;
    size_t i = end;
    int number = 0, digits = 0;
    while (i < log->text_len && i < end + 3 && !isdigit(log->text[i]))
        i++;
    for (; i < log->text_len && isdigit(log->text[i]) && digits < 4; i++, digits++)
        number = 10 * number + log->text[i] - '0';
    if (digits > 0 && digits < 4)
        add_alert(log, &context->says, number, context->says.direction, 1, end);
}

/* What was announced hides the rule for the name that stands alone, which has an edge on both sides. */
static void found_alert_name(mu_log *log, int alert, size_t end)
{
    const struct context *context = log->alert.context ? &contexts[log->alert.context - 1] : NULL;
    uint64_t start = log->offset + end - strlen(mu_alert_name(alert));
    if (!context || start > log->alert.end + context->within || mu_alert_fact(alert) == MU_FACT_COUNT)
        return;
    add_alert(log, &context->says, alert, context->says.direction, strlen(mu_alert_name(alert)) + 2, end);
    log->matches[log->match_count - 1].end++;
}

void mu_log_found(void *arg, uint32_t id, size_t end)
{
    mu_log *log = arg;
    uint32_t rest = id & ~(uint32_t)KIND;
    if ((id & KIND) == SAYS)
        found_says(log, rest >> PART_BITS, rest & ((1u << PART_BITS) - 1), end);
    else if ((id & KIND) == ALERT_NAME)
        found_alert_name(log, (int)rest, end);
    else
        found_context(log, rest, end);
}

#include "diag/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mu_finding nobody_sees; /* stands in when memory runs out; nothing is ever written to it that is owned */

size_t mu_findings_failure(mu_findings *findings)
{
    return findings->failures++;
}

mu_finding *mu_findings_add(mu_findings *findings, size_t failure, mu_code code, mu_found_at side, double confidence)
{
    mu_finding *items = realloc(findings->items, (findings->count + 1) * sizeof *items);
    if (!items) {
        findings->failed = true;
        return &nobody_sees;
    }
    findings->items = items;
    items[findings->count] = (mu_finding){.failure = failure, .code = code, .side = side, .confidence = confidence};
    return &items[findings->count++];
}

static char *MU_PRINTF(2, 0) format(mu_findings *findings, const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) >= 0)
        return text;
    findings->failed = true;
    return NULL;
}

/* Takes the text. */
static void add_line(mu_findings *findings, mu_strlist *list, char *text)
{
    bool known = false;
    for (size_t i = 0; text && i < list->count; i++)
        known = known || strcmp(list->items[i], text) == 0;
    if (text && !known && mu_strlist_add(list, text) != 0)
        findings->failed = true;
    free(text);
}

void mu_finding_evidence(mu_findings *findings, mu_finding *finding, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (finding != &nobody_sees)
        add_line(findings, &finding->evidence, format(findings, fmt, args));
    va_end(args);
}

void mu_findings_note(mu_findings *findings, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_line(findings, &findings->notes, format(findings, fmt, args));
    va_end(args);
}

void mu_finding_fix(mu_findings *findings, mu_finding *finding, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (finding != &nobody_sees) {
        free(finding->fix);
        finding->fix = format(findings, fmt, args);
    }
    va_end(args);
}

void mu_finding_command(mu_findings *findings, mu_finding *finding, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (finding != &nobody_sees) {
        free(finding->command);
        finding->command = format(findings, fmt, args);
    }
    va_end(args);
}

void mu_findings_predict(mu_findings *findings, const mu_prediction *prediction)
{
    mu_prediction *items = realloc(findings->predictions, (findings->prediction_count + 1) * sizeof *items);
    if (!items) {
        findings->failed = true;
        return;
    }
    findings->predictions = items;
    items[findings->prediction_count++] = *prediction;
}

void mu_shell_word(mu_buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@%+,";
    if (*word && strspn(word, plain) == strlen(word)) {
        mu_buf_add_str(out, word);
        return;
    }
    mu_buf_add_str(out, "'");
    for (; *word; word++)
        if (*word == '\'')
            mu_buf_add_str(out, "'\\''");
        else
            mu_buf_add_byte(out, (uint8_t)*word);
    mu_buf_add_str(out, "'");
}

static bool has_error(const mu_findings *findings, size_t failure)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].failure == failure && !findings->items[i].warning)
            return true;
    return false;
}

static bool goes_before(const mu_findings *findings, const mu_finding *a, const mu_finding *b)
{
    if (a->failure == b->failure)
        return a->confidence > b->confidence;
    bool a_error = has_error(findings, a->failure), b_error = has_error(findings, b->failure);
    return a_error != b_error ? a_error : a->failure < b->failure;
}

/* By insertion: there are few, and what is equal keeps its order. */
void mu_findings_rank(mu_findings *findings)
{
    for (size_t i = 1; i < findings->count; i++)
        for (size_t j = i; j > 0 && goes_before(findings, &findings->items[j], &findings->items[j - 1]); j--) {
            mu_finding swapped = findings->items[j];
            findings->items[j] = findings->items[j - 1];
            findings->items[j - 1] = swapped;
        }
}

mu_doctor_verdict mu_findings_verdict(const mu_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (!findings->items[i].warning)
            return MU_DOCTOR_FAIL;
    return findings->undetermined ? MU_DOCTOR_UNKNOWN : MU_DOCTOR_OK;
}

void mu_finding_done(mu_finding *finding)
{
    mu_strlist_free(&finding->evidence);
    free(finding->fix);
    free(finding->command);
    free(finding->repaired);
}

void mu_findings_free(mu_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        mu_finding_done(&findings->items[i]);
    free(findings->items);
    free(findings->predictions);
    mu_strlist_free(&findings->notes);
    mu_strlist_free(&findings->written);
    mu_strlist_free(&findings->use);
    if (findings->after)
        mu_findings_free(findings->after);
    free(findings->after);
    *findings = (mu_findings){0};
}

const char *mu_found_at_name(mu_found_at side)
{
    static const char *const names[] = {"unknown", "client", "server", "both"};
    return names[side];
}

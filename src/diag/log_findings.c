/* Failures become findings. */
#include "diag/log_internal.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_CAUSES 6
#define SHOWN_FROM 0.03
#define SURE_SIDE 0.75 /* from here on it counts as known who printed a line */

static mu_found_at other(mu_found_at side)
{
    return side == MU_AT_CLIENT ? MU_AT_SERVER : side == MU_AT_SERVER ? MU_AT_CLIENT : side;
}

/* Who printed the failure, as far as that is known. */
static mu_found_at printer_of(const mu_log *log, const mu_log_failure *failure)
{
    double client = mu_log_client(log, failure, failure->facts[0].source);
    return client >= SURE_SIDE ? MU_AT_CLIENT : client <= 1 - SURE_SIDE ? MU_AT_SERVER : MU_AT_UNKNOWN;
}

static bool is_alert(mu_fact fact)
{
    for (int alert = 0; alert < 256; alert++)
        if (mu_alert_fact(alert) == fact)
            return true;
    return false;
}

/* Who said no: the peer if an alert came, else whoever printed that a certificate is wrong. */
static mu_found_at refused_by(const mu_log *log, const mu_log_failure *failure, mu_code code)
{
    mu_found_at printer = printer_of(log, failure);
    for (size_t i = 0; i < failure->count; i++)
        if (is_alert(failure->facts[i].fact) && !failure->facts[i].sent)
            return other(printer);
    return mu_code_class(code) == MU_CLASS_TRUST ? printer : MU_AT_UNKNOWN;
}

static void set_sides(const mu_log *log, const mu_log_failure *failure, mu_finding *finding)
{
    finding->refused_by = refused_by(log, failure, finding->code);
    switch (mu_cause_side(finding->code)) {
    case MU_FIX_CLIENT:
        finding->side = MU_AT_CLIENT;
        break;
    case MU_FIX_SERVER:
        finding->side = MU_AT_SERVER;
        break;
    case MU_FIX_BOTH:
        finding->side = MU_AT_BOTH;
        break;
    case MU_FIX_REFUSED:
        finding->side = other(finding->refused_by);
        break;
    case MU_FIX_PRINTER:
        finding->side = printer_of(log, failure);
        break;
    case MU_FIX_UNKNOWN:
        break;
    }
}

static void add_evidence(const mu_log *log, mu_findings *findings, mu_finding *finding, const mu_log_seen *seen)
{
    mu_finding_evidence(findings, finding, "%s:%zu: \"%s\": %s%s", log->sources[seen->source].name, seen->line,
                        seen->quote ? seen->quote : "", mu_fact_info_of(seen->fact)->meaning,
                        seen->sent ? " (sent to the other side)" : "");
}

static void add_all_evidence(const mu_log *log, const mu_log_failure *failure, mu_findings *findings, mu_finding *finding)
{
    size_t count;
    const mu_raises *raises = mu_raises_table(&count);
    for (size_t i = 0; i < failure->count; i++) {
        mu_log_weights spread;
        mu_log_spread(failure->facts[i].fact, failure->facts[i].sent, 0.5, &spread);
        if (spread.of[finding->code] > 0)
            add_evidence(log, findings, finding, &failure->facts[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (raises[i].code == finding->code && raises[i].factor > 1 && log->hints[raises[i].hint].line > 0)
            add_evidence(log, findings, finding, &log->hints[raises[i].hint]);
}

/* The likeliest cause that was not taken yet; MU_OK when none is worth telling. */
static mu_code take_likeliest(mu_log_weights *weights, double *ret_confidence)
{
    int best = MU_OK;
    for (int c = 1; c < MU_CODE_COUNT; c++)
        if (weights->of[c] > weights->of[best])
            best = c;
    *ret_confidence = weights->of[best];
    weights->of[best] = 0;
    return *ret_confidence < SHOWN_FROM ? MU_OK : (mu_code)best;
}

static void add_notes(const mu_log *log, const mu_log_failure *failure, mu_findings *findings)
{
    for (size_t i = 0; i < failure->count; i++) {
        const char *apart = mu_fact_info_of(failure->facts[i].fact)->apart;
        if (apart && !failure->facts[i].sent)
            mu_findings_note(findings, "%s:%zu can have several causes. %s", log->sources[failure->facts[i].source].name,
                             failure->facts[i].line, apart);
    }
}

static void add_failure(const mu_log *log, const mu_log_failure *failure, mu_findings *findings)
{
    mu_log_weights weights;
    double confidence, first = 0;
    size_t number = 0;
    mu_code code;

    mu_log_weigh(log, failure, &weights);
    weights.of[MU_OK] = 0;
    for (int i = 0; i < SHOWN_CAUSES && (code = take_likeliest(&weights, &confidence)) != MU_OK; i++) {
        if (i == 0) {
            number = mu_findings_failure(findings);
            first = confidence;
        }
        mu_finding *finding = mu_findings_add(findings, number, code, MU_AT_UNKNOWN, confidence);
        finding->warning = mu_cause_is_warning(code);
        set_sides(log, failure, finding);
        add_all_evidence(log, failure, findings, finding);
        if (failure->times > 0 && i == 0)
            mu_finding_evidence(findings, finding, "%zu more lines say the same", failure->times);
    }
    if (first < MU_CONFIDENT)
        add_notes(log, failure, findings);
}

/* How much a failure says: what happened, or only an alert, or nothing but general words. */
enum told { TOLD_EXACTLY, TOLD_BY_ALERT, TOLD_GENERALLY };

static enum told told_how(const mu_log_failure *failure)
{
    if (failure->general)
        return TOLD_GENERALLY;
    for (size_t i = 0; i < failure->count; i++)
        if (!is_alert(failure->facts[i].fact) && mu_fact_info_of(failure->facts[i].fact)->kind == MU_TRIGGER)
            return TOLD_EXACTLY;
    return TOLD_BY_ALERT;
}

/* The only failure that says what happened; NULL if there is none or there are several. */
static const mu_log_failure *only_exact(const mu_log *log)
{
    const mu_log_failure *only = NULL;
    for (size_t i = 0; i < log->failure_count; i++)
        if (told_how(&log->failures[i]) == TOLD_EXACTLY) {
            if (only)
                return NULL;
            only = &log->failures[i];
        }
    return only;
}

/* What says most comes first. With the logs of both sides, an alert in the one is the echo of what the other says. */
void mu_log_findings(const mu_log *log, mu_findings *findings)
{
    size_t before = findings->count;
    const mu_log_failure *exact = only_exact(log);
    for (int told = TOLD_EXACTLY; told <= TOLD_GENERALLY; told++)
        for (size_t i = 0; i < log->failure_count; i++) {
            const mu_log_failure *failure = &log->failures[i];
            if (told_how(failure) != (enum told)told)
                continue;
            if (told == TOLD_BY_ALERT && exact && findings->count > before && failure->facts[0].source != exact->facts[0].source)
                for (size_t j = 0; j < failure->count; j++)
                    add_evidence(log, findings, &findings->items[before], &failure->facts[j]);
            else
                add_failure(log, failure, findings);
        }
    if (findings->count == before)
        findings->undetermined = true;
    for (size_t i = 0; i < log->source_count; i++)
        mu_findings_note(findings, "log %s: %zu lines", log->sources[i].name, log->sources[i].lines);
    if (log->not_kept > 0)
        mu_findings_note(findings, "%zu lines more tell of further failures; only %d are kept apart", log->not_kept, MU_LOG_FAILURES_MAX);
    findings->failed = findings->failed || log->failed;
}

/* The first failure that is more than the name of an alert. */
static const mu_log_failure *first_told(const mu_log *log)
{
    for (size_t i = 0; i < log->failure_count; i++)
        for (size_t j = 0; j < log->failures[i].count; j++)
            if (!is_alert(log->failures[i].facts[j].fact))
                return &log->failures[i];
    return NULL;
}

size_t mu_log_causes(const char *line, mu_code *out, size_t max)
{
    size_t count = 0;
    double confidence;
    mu_log_weights weights;
    const mu_log_failure *failure;
    mu_log *log = mu_log_new();
    if (log && mu_log_begin(log, "", MU_AT_UNKNOWN) == 0) {
        mu_log_feed(log, line, strlen(line));
        mu_log_end(log);
        if ((failure = first_told(log))) {
            mu_log_weigh(log, failure, &weights);
            weights.of[MU_OK] = 0;
            while (count < max && (out[count] = take_likeliest(&weights, &confidence)) != MU_OK)
                count++;
        }
    }
    mu_log_free(log);
    return count;
}

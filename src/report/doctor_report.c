#include "report/doctor_report.h"

#include "base/json.h"
#include "base/term.h"

#include <openssl/tls1.h>
#include <string.h>

static const char *const verdicts[] = {[MU_DOCTOR_OK] = "ok", [MU_DOCTOR_FAIL] = "fail", [MU_DOCTOR_UNKNOWN] = "unknown"};

static const char *fix_of(const mu_finding *finding)
{
    return finding->fix ? finding->fix : mu_code_fix(finding->code);
}

static bool is_first(const mu_findings *findings, size_t i)
{
    return i == 0 || findings->items[i].failure != findings->items[i - 1].failure;
}

/* ---- for people ---- */

static void print_verdict(FILE *stream, const mu_findings *findings)
{
    mu_doctor_verdict verdict = mu_findings_verdict(findings);
    const mu_finding *first = findings->count > 0 ? &findings->items[0] : NULL;
    mu_style style = verdict == MU_DOCTOR_OK ? MU_STYLE_GOOD : verdict == MU_DOCTOR_FAIL ? MU_STYLE_BAD : MU_STYLE_WARN;

    fprintf(stream, "%s%s%s", mu_style_on(stream, style), verdicts[verdict], mu_style_off(stream));
    if (verdict == MU_DOCTOR_FAIL) {
        fprintf(stream, ": %s%s", first->confidence < MU_CONFIDENT ? "perhaps " : "", mu_code_name(first->code));
        if (first->refused_by == MU_AT_CLIENT || first->refused_by == MU_AT_SERVER)
            fprintf(stream, "; the %s refuses the %s", mu_found_at_name(first->refused_by),
                    first->refused_by == MU_AT_CLIENT ? "server" : "client");
        if (first->side != MU_AT_UNKNOWN)
            fprintf(stream, "; to be changed: %s", first->side == MU_AT_BOTH ? "both sides" : mu_found_at_name(first->side));
    } else if (verdict == MU_DOCTOR_UNKNOWN) {
        fputs(": what was given does not tell the cause", stream);
    } else {
        fputs(findings->count > 0 ? ": with warnings" : ": nothing is wrong with what was given", stream);
    }
    fputc('\n', stream);
}

static const char *sure_word(double confidence)
{
    return confidence >= 0.95 ? "certain" : confidence >= MU_CONFIDENT ? "likely" : confidence >= 0.4 ? "possible" : "less likely";
}

static bool has_line(const mu_strlist *lines, const char *line)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->items[i], line) == 0)
            return true;
    return false;
}

/* first: of the failure; what shows it is not said again with its alternatives. */
static void print_finding(FILE *stream, const mu_finding *finding, const mu_finding *first)
{
    int shown = 0;
    fprintf(stream, "%s%s%s%s (%s%s)\n  %s\n", finding == first ? "\n" : "  or: ", mu_style_on(stream, finding->warning ? MU_STYLE_WARN : MU_STYLE_BAD),
            mu_code_name(finding->code), mu_style_off(stream), finding->warning ? "warning, " : "", sure_word(finding->confidence),
            mu_code_meaning(finding->code));
    for (size_t i = 0; i < finding->evidence.count; i++)
        if (finding == first || !has_line(&first->evidence, finding->evidence.items[i]))
            fprintf(stream, "  %s%s\n", shown++ == 0 ? "evidence: " : "          ", finding->evidence.items[i]);
    fprintf(stream, "  fix:      %s\n", fix_of(finding));
    if (finding->command)
        fprintf(stream, "  command:  %s\n", finding->command);
    if (finding->repaired)
        fprintf(stream, "  %srepaired%s: %s\n", mu_style_on(stream, MU_STYLE_GOOD), mu_style_off(stream), finding->repaired);
}

static bool is_same(const mu_prediction *a, const mu_prediction *b)
{
    return a->ok == b->ok && (a->ok || (a->refused_by == b->refused_by && a->code == b->code));
}

static void print_predictions(FILE *stream, const mu_findings *findings)
{
    for (size_t i = 0; i < findings->prediction_count; i++) {
        const mu_prediction *p = &findings->predictions[i], *next = i + 1 < findings->prediction_count ? p + 1 : NULL;
        bool both = next && strcmp(next->pair, p->pair) == 0 && is_same(p, next);
        fprintf(stream, "%s%s with %s, TLS %s: ", i == 0 ? "\npeers:     " : "           ", p->pair, p->pair,
                both ? "1.2 and 1.3" : p->version == TLS1_3_VERSION ? "1.3" : "1.2");
        if (p->ok)
            fputs("both accept\n", stream);
        else
            fprintf(stream, "the %s refuses (%s)\n", mu_found_at_name(p->refused_by), mu_code_name(p->code));
        i += both;
    }
}

/* What the new files are worth, and how they come into use. */
static void print_repaired(FILE *stream, const mu_findings *findings)
{
    const mu_findings *after = findings->after;
    if (!after)
        return;
    fprintf(stream, "\nwith these: the stores %s", mu_findings_verdict(after) == MU_DOCTOR_OK ? "are ok" : "still have");
    for (size_t i = 0; i < after->count; i++)
        fprintf(stream, "%s %s%s (%s)", i > 0 ? "," : mu_findings_verdict(after) == MU_DOCTOR_OK ? ", with" : "",
                after->items[i].warning ? "the warning " : "", mu_code_name(after->items[i].code), mu_found_at_name(after->items[i].side));
    fputc('\n', stream);
    for (size_t i = 0; i < findings->use.count; i++)
        fprintf(stream, "%s%s\n", i == 0 ? "use:        " : "            ", findings->use.items[i]);
}

void mu_doctor_print(FILE *stream, const mu_findings *findings)
{
    const mu_finding *first = NULL;
    print_verdict(stream, findings);
    for (size_t i = 0; i < findings->count; i++)
        print_finding(stream, &findings->items[i], first = is_first(findings, i) ? &findings->items[i] : first);
    for (size_t i = 0; i < findings->notes.count; i++)
        fprintf(stream, "%s%s\n", i == 0 ? "\nlooked at: " : "           ", findings->notes.items[i]);
    print_predictions(stream, findings);
    print_repaired(stream, findings);
}

/* ---- for programs ---- */

static json_t *lines_json(const mu_strlist *lines)
{
    json_t *list = json_array();
    for (size_t i = 0; i < lines->count; i++)
        json_array_append_new(list, mu_json_text(lines->items[i]));
    return list;
}

static json_t *finding_json(const mu_finding *f)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:f, s:o, s:o, s:o, s:o}", "failure", (int)f->failure + 1, "code", mu_code_name(f->code),
                     "severity", f->warning ? "warning" : "error", "side", mu_found_at_name(f->side), "refusedBy",
                     mu_found_at_name(f->refused_by), "confidence", f->confidence, "evidence", lines_json(&f->evidence), "fix",
                     mu_json_text(fix_of(f)), "command", mu_json_text(f->command), "repaired", mu_json_text(f->repaired));
}

static json_t *prediction_json(const mu_prediction *p)
{
    return json_pack("{s:b, s:s?, s:s?}", "ok", p->ok, "refusedBy", p->ok ? NULL : mu_found_at_name(p->refused_by), "code",
                     p->ok ? NULL : mu_code_name(p->code));
}

/* By pair the answer for TLS 1.3, and below it the one for 1.2 where that differs. */
static json_t *predictions_json(const mu_findings *findings)
{
    json_t *pairs = json_object();
    for (size_t i = 0; i < findings->prediction_count; i++) {
        const mu_prediction *p = &findings->predictions[i], *older = NULL;
        for (size_t j = 0; j < findings->prediction_count; j++)
            if (strcmp(findings->predictions[j].pair, p->pair) == 0 && findings->predictions[j].version < p->version)
                older = &findings->predictions[j];
        json_t *pair = prediction_json(p);
        if (older && !is_same(older, p))
            json_object_set_new(pair, "TLSv1.2", prediction_json(older));
        json_object_set_new(pairs, p->pair, pair); /* 1.3 comes after 1.2 and takes its place */
    }
    return pairs;
}

/* Of what is left, the short form; null if nothing was repaired. */
static json_t *repaired_json(const mu_findings *findings)
{
    const mu_findings *after = findings->after;
    json_t *list = json_array();
    for (size_t i = 0; after && i < after->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "code", mu_code_name(after->items[i].code), "severity",
                                              after->items[i].warning ? "warning" : "error", "side",
                                              mu_found_at_name(after->items[i].side)));
    if (!after) {
        json_decref(list);
        return json_null();
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "verdict", verdicts[mu_findings_verdict(after)], "findings", list, "predictions",
                     predictions_json(after), "files", lines_json(&findings->written), "use", lines_json(&findings->use));
}

json_t *mu_doctor_json(const mu_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(list, finding_json(&findings->items[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "verdict", verdicts[mu_findings_verdict(findings)], "findings", list, "notes",
                     lines_json(&findings->notes), "predictions", predictions_json(findings), "repaired", repaired_json(findings));
}

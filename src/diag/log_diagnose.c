#include "diag/log.h"

#include <stdlib.h>

mu_findings *mu_log_diagnose(const mu_log *log)
{
    mu_findings *findings = calloc(1, sizeof *findings);
    if (!findings)
        return NULL;
    mu_log_findings(log, findings);
    mu_findings_rank(findings);
    if (findings->failed) {
        mu_findings_release(findings);
        return NULL;
    }
    return findings;
}

bool mu_findings_view(const mu_findings *findings, size_t i, mu_finding_view *ret)
{
    if (i >= findings->count)
        return false;
    const mu_finding *finding = &findings->items[i];
    *ret = (mu_finding_view){
        .failure = finding->failure,
        .code = finding->code,
        .warning = finding->warning,
        .side = finding->side,
        .refused_by = finding->refused_by,
        .confidence = finding->confidence,
        .evidence = (const char *const *)finding->evidence.items,
        .evidence_count = finding->evidence.count,
        .fix = finding->fix ? finding->fix : mu_code_fix(finding->code),
        .command = finding->command,
    };
    return true;
}

void mu_findings_release(mu_findings *findings)
{
    if (findings)
        mu_findings_free(findings);
    free(findings);
}

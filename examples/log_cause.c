/* The cause behind a log: log_cause < application.log */
#include <mutual/diag.h>

#include <stdio.h>

static void print(const mu_finding_view *finding)
{
    printf("%s (%.0f %%)\n", mu_code_name(finding->code), finding->confidence * 100);
    for (size_t i = 0; i < finding->evidence_count; i++)
        printf("  %s\n", finding->evidence[i]);
    printf("  fix: %s\n", finding->fix);
}

int main(void)
{
    static const char *const verdicts[] = {"ok", "fail", "unknown"};
    char piece[4096];
    size_t len;
    mu_finding_view finding;
    mu_log *log = mu_log_new();

    if (!log || mu_log_begin(log, "standard input", MU_AT_UNKNOWN) != 0)
        return 1;
    while ((len = fread(piece, 1, sizeof piece, stdin)) > 0)
        mu_log_feed(log, piece, len);
    mu_log_end(log);

    mu_findings *findings = mu_log_diagnose(log);
    mu_log_free(log);
    if (!findings)
        return 1;
    puts(verdicts[mu_findings_verdict(findings)]);
    for (size_t i = 0; mu_findings_view(findings, i, &finding); i++)
        print(&finding);
    mu_findings_release(findings);
    return 0;
}

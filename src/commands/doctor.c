#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/doctor.h"
#include "report/doctor_report.h"

#define O(member) offsetof(mu_doctor_options, member)
static const mu_opt options_table[] = {
    {"at", 0, MU_OPT_TEXT, O(at), "TIME",
     "Judge by this time (2026-11-23, 2026-11-23T16:10:00Z, seconds since 1970); the default is now.", 0, 0},
    MU_OPT_JSON(mu_doctor_options),
    {0},
};

static const mu_example examples[] = {
    {NULL, NULL},
};

/* Each examiner looks only at what it was given. */
static int examine(const mu_doctor_options *o, mu_findings *findings, mu_err **err)
{
    int64_t at_s = mu_now_s();
    if (o->at && mu_time_parse(o->at, &at_s, err) != 0)
        return -1;
    (void)findings;
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "nothing to examine was given");
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    static const int statuses[] = {[MU_DOCTOR_OK] = 0, [MU_DOCTOR_FAIL] = 4, [MU_DOCTOR_UNKNOWN] = 1};
    const mu_doctor_options *o = options;
    mu_findings findings = {0};
    mu_err *err = NULL;
    int status;
    (void)command, (void)args;

    if (examine(o, &findings, &err) != 0 || (findings.failed && mu_fail_nomem(&err))) {
        status = mu_cli_fail(o->json, err);
    } else {
        mu_findings_rank(&findings);
        status = statuses[mu_findings_verdict(&findings)];
        if (!o->json)
            mu_doctor_print(stdout, &findings);
        else if (mu_json_print(stdout, mu_doctor_json(&findings), &err) != 0)
            status = mu_cli_fail(false, err);
    }
    mu_findings_free(&findings);
    return status;
}

const mu_command mu_command_doctor = {
    .name = "doctor",
    .summary = "which side refused, why, and what fixes it",
    .synopsis = "[options]",
    .description = "Exit status: 0 nothing is wrong, 4 something is, 1 the cause is not known.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(mu_doctor_options),
    .run = run,
};

/** What the doctor found, for people and for programs. */
#ifndef MU_REPORT_DOCTOR_REPORT_H
#define MU_REPORT_DOCTOR_REPORT_H

#include "diag/finding.h"
#include <jansson.h>
#include <stdio.h>

/** The verdict in a line, then each failure: its cause, evidence, fix and command, and what else it could be. Ranked before. */
void mu_doctor_print(FILE *stream, const mu_findings *findings);
/** As described in docs/doctor.md. New reference. */
json_t *mu_doctor_json(const mu_findings *findings);

#endif

/** The doctor's look at a live server. */
#ifndef MU_COMMANDS_DOCTOR_LIVE_H
#define MU_COMMANDS_DOCTOR_LIVE_H

#include "commands/doctor.h"

/** @return 0, or -1 with MU_E_USAGE or out of memory; what is wrong with the stores or the server is among the findings */
int mu_doctor_live(const mu_doctor_options *options, int64_t at_s, mu_findings *findings, mu_err **err);

#endif

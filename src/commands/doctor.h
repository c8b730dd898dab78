/** What `mutual doctor` was told to look at; each examiner is a file of its own. */
#ifndef MU_COMMANDS_DOCTOR_H
#define MU_COMMANDS_DOCTOR_H

#include "cli/opt.h"
#include "diag/finding.h"

typedef struct mu_doctor_options {
    char *at;
    bool json;
} mu_doctor_options;

#endif

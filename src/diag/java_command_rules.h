/** What is wrong with a JVM's command line, as far as TLS is concerned, before any store is opened. */
#ifndef MU_DIAG_JAVA_COMMAND_RULES_H
#define MU_DIAG_JAVA_COMMAND_RULES_H

#include "config/java_command.h"
#include "config/settings.h"
#include "diag/finding.h"

/**
 * Misspelt, misplaced and repeated properties, missing files and passwords, protocols.
 * @param ret_stores the client's stores that are there to be opened; owned by the caller (mu_store_settings_free)
 * @return 0, or -1 out of memory
 */
int mu_java_command_check(const mu_java_command *command, mu_findings *findings, mu_store_settings *ret_stores, mu_err **err);

#endif

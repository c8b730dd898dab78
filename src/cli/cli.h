/** From main() to a command, and from an error to an exit status. */
#ifndef MU_CLI_CLI_H
#define MU_CLI_CLI_H

#include "cli/opt.h"
#include <stdio.h>

/**
 * Run the command that argv names (argv[0] is the program; called "keytool", it is that command).
 * @param commands ended by NULL
 * @return the exit status; 1 instead of 0 if standard output could not be written
 */
int mu_cli_main(const mu_command *const *commands, int argc, char **argv);

/**
 * How a command ends with an error: told on standard error, or with json as {"error": …} on standard output. Frees err.
 * @return the exit status of its cause
 */
int mu_cli_fail(bool json, mu_err *err);

/**
 * Start OpenSSL, or end the process with MU_E_OUT_OF_MEMORY: without memory for its start OpenSSL 3.0 crashes later, and 3.5 waits
 * for itself for ever, since it starts once more to report that. From then on its allocations are watched.
 */
void mu_cli_start_openssl(void);
/**
 * Has OpenSSL asked for memory that there was not, in any thread? Many of its functions answer "no" then, as to a signature that
 * does not fit, and say nothing of memory. Only the program watches; libmutual leaves its caller's allocator alone.
 */
bool mu_cli_memory_ran_out(void);
/** If so, *err becomes the consequence of MU_E_OUT_OF_MEMORY. */
void mu_cli_blame_memory(mu_err **err);

/**
 * The command named by words, as {"ca", "issue"}; `*ret_used` of them were used. A command without run and run_raw only groups
 * others.
 * @return NULL if the first word names none
 */
const mu_command *mu_cli_find(const mu_command *const *commands, const char *const *words, size_t count, size_t *ret_used);
/** As "unknown command", naming the nearest. @return -1 with MU_E_USAGE */
int mu_cli_fail_unknown(const mu_command *const *commands, const char *parent, const char *word, mu_err **err);

/** All commands, exit statuses, where to read on. */
void mu_help_overview(FILE *stream, const mu_command *const *commands);
void mu_help_command(FILE *stream, const mu_command *command);

/** Manual pages in roff: mutual(1) with exit statuses, causes and variables, and mutual-NAME(1) of a command with all below it. */
void mu_man_overview(FILE *stream, const mu_command *const *commands);
void mu_man_command(FILE *stream, const mu_command *command);

/** A script for bash that completes commands, options, choices and files. */
void mu_completion_bash(FILE *stream, const mu_command *const *commands);

/** The exit statuses of all commands: status 0 to MU_EXIT_STATUS_COUNT - 1. */
#define MU_EXIT_STATUS_COUNT 7
const char *mu_exit_status_meaning(int status);

/** Environment variables that every command obeys; ended by name == NULL. */
typedef struct mu_env_variable {
    const char *name, *meaning;
} mu_env_variable;
extern const mu_env_variable mu_env_variables[];

#endif

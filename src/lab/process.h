/** Runs this program as a child, as a user would type it: the lab shows commands and then runs exactly those. */
#ifndef MU_LAB_PROCESS_H
#define MU_LAB_PROCESS_H

#include "base/text.h"

/** A running command: both streams are collected, bounded. */
typedef struct mu_process mu_process;

/**
 * Start a command line. Words are split at blanks, "…" quotes; the first word, "mutual", is this program.
 * @param dir the folder it runs in
 */
int mu_process_start(const char *command, const char *dir, mu_process **ret_process, mu_err **err);
/**
 * Wait until a line of its output (stdout or stderr) holds `text`, or it ends, or the time is over.
 * @return the line (owned by the caller, free), or NULL
 */
char *mu_process_wait_line(mu_process *process, const char *text, int timeout_ms);
/** Wait for its end, reading on; after timeout_ms it is killed. @return the exit status, 128 + the signal, or -1 (killed by us) */
int mu_process_wait(mu_process *process, int timeout_ms);
/** Ask it to stop (SIGTERM) and wait for the end. @return as mu_process_wait */
int mu_process_stop(mu_process *process);
/** What it has written so far; borrowed. */
const char *mu_process_stdout(const mu_process *process);
const char *mu_process_stderr(const mu_process *process);
/** Drop what it has written so far, so that the next line waited for is a new one. */
void mu_process_forget(mu_process *process);
/** Kills it if it still runs. */
void mu_process_free(mu_process *process);
/** Become that command (exec): returns only on failure. */
int mu_process_become(const char *command, const char *dir, mu_err **err);

#endif

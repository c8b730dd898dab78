/** --key-log: the secrets of connections in a file, in the format that Wireshark reads. Whoever has it can decrypt what it logs. */
#ifndef MU_CONFIG_KEY_LOG_H
#define MU_CONFIG_KEY_LOG_H

#include "base/text.h"
#include <stdatomic.h>

typedef struct mu_key_log {
    int fd;            /* -1: none */
    atomic_int errnum; /* of a line that could not be written; 0: none */
} mu_key_log;

/**
 * Open for appending; made with mode 0600, and a file that others may read is made so, too. A line of warning says what that means.
 * @param path NULL: none
 * @return 0, or -1 with MU_E_FILE_PERMISSION and the like; ret_log->fd is then -1
 */
int mu_key_log_open(const char *path, mu_key_log *ret_log, mu_strlist *warnings, mu_err **err);
/** For mu_tls_settings.key_log: one line in one write, so that threads do not mix theirs. */
void mu_key_log_line(void *log, const char *line);
/** @return 0, or -1 with MU_E_WRITE_FAILED if a line is missing */
int mu_key_log_close(mu_key_log *log, mu_err **err);

#endif

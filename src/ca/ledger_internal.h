/** Between the files of the ledger. */
#ifndef MU_CA_LEDGER_INTERNAL_H
#define MU_CA_LEDGER_INTERNAL_H

#include "base/text.h"
#include "ca/ledger.h"

#include <sqlite3.h>

struct mu_ledger {
    sqlite3 *db;
    char *file;               /* its path */
    char path[MU_SHOWN_SIZE]; /* the same escaped, for messages */
    int lock_fd;              /* see ledger_owner.c; -1 until the first reservation */
    int64_t owner;            /* of our reservations; 0 until then */
    bool folder_synced;       /* after a commit of ours */
};

/** What SQLite just said, as an error of ours. Returns -1. */
int mu_ledger_fail(mu_ledger *ledger, const char *doing, mu_err **err);
int mu_ledger_execute(mu_ledger *ledger, const char *sql, const char *doing, mu_err **err);
int mu_ledger_prepare(mu_ledger *ledger, const char *sql, sqlite3_stmt **ret_stmt, mu_err **err);
/** NULL binds NULL; text must live until the statement is finalized. */
void mu_ledger_bind_text(sqlite3_stmt *stmt, int index, const char *text);
/** Run the statement to its end and finalize it; what it committed is durable. *ret_changes: how many rows it changed. */
int mu_ledger_finish(mu_ledger *ledger, sqlite3_stmt *stmt, int *ret_changes, mu_err **err);

/** Become somebody whom others can see to be alive. Does nothing the second time. @return 0, or -1 with MU_E_WRITE_FAILED … */
int mu_ledger_own(mu_ledger *ledger, mu_err **err);
/** After a commit: sync the folder, so that the log that it went to has a durable name. Does nothing once that was done. */
int mu_ledger_sync_folder(mu_ledger *ledger, mu_err **err);
/** Mark what the dead left reserved as abandoned. */
int mu_ledger_settle(mu_ledger *ledger, mu_err **err);

#endif

/* The file: its schema, opening and closing it, and SQLite's errors as ours. */
#include "base/file.h"
#include "ca/ledger_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x6d75434c /* "muCL" */
#define SCHEMA_VERSION 2
#define BUSY_TIMEOUT_MS 10000

/*
 * UNIQUE (serial, issuer) is also the index by serial; alias, what is pending and what is revoked have their own, so that nothing a
 * command does grows with the ledger. An imported row may have no certificate: another product's index knew its serial alone.
 */
static const char schema[] =
    "CREATE TABLE certificate ("
    "  id INTEGER PRIMARY KEY,"
    "  issuer TEXT NOT NULL,"
    "  serial TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('reserved', 'abandoned', 'issued', 'imported')),"
    "  profile TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  names TEXT NOT NULL,"
    "  alias TEXT,"
    "  not_before_s INTEGER NOT NULL,"
    "  not_after_s INTEGER NOT NULL,"
    "  reserved_s INTEGER NOT NULL,"
    "  issued_s INTEGER,"
    "  owner INTEGER,"
    "  tbs BLOB,"
    "  certificate BLOB,"
    "  revoked_s INTEGER,"
    "  reason INTEGER,"
    "  UNIQUE (serial, issuer),"
    "  CHECK (state NOT IN ('reserved', 'abandoned') OR (tbs IS NOT NULL AND certificate IS NULL)),"
    "  CHECK ((state = 'reserved') = (owner IS NOT NULL)),"
    "  CHECK (state != 'issued' OR certificate IS NOT NULL),"
    "  CHECK ((state = 'issued') = (issued_s IS NOT NULL)),"
    "  CHECK ((revoked_s IS NULL) = (reason IS NULL)),"
    "  CHECK (state != 'reserved' OR revoked_s IS NULL)"
    ") STRICT;"
    "CREATE INDEX certificate_alias ON certificate (alias) WHERE alias IS NOT NULL;"
    "CREATE INDEX certificate_pending ON certificate (owner) WHERE owner IS NOT NULL;"
    "CREATE INDEX certificate_revoked ON certificate (issuer, id) WHERE revoked_s IS NOT NULL;"
    "CREATE TABLE authority ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE,"
    "  certificate_id INTEGER NOT NULL UNIQUE REFERENCES certificate (id),"
    "  keyless INTEGER NOT NULL DEFAULT 0,"
    "  crl_number INTEGER NOT NULL DEFAULT 0,"
    "  crl_s INTEGER NOT NULL DEFAULT 0"
    ") STRICT;";

int mu_ledger_fail(mu_ledger *ledger, const char *doing, mu_err **err)
{
    int code = sqlite3_errcode(ledger->db) & 0xff, errnum = sqlite3_system_errno(ledger->db);
    mu_code cause = code == SQLITE_BUSY || code == SQLITE_LOCKED      ? MU_E_STORE_LOCKED
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? MU_E_STORE_DAMAGED
                    : code == SQLITE_PERM || code == SQLITE_AUTH || code == SQLITE_READONLY ? MU_E_FILE_PERMISSION
                    : code == SQLITE_CANTOPEN   ? mu_file_write_code(errnum)
                    : code == SQLITE_CONSTRAINT ? MU_E_INTERNAL
                    : code == SQLITE_NOMEM      ? MU_E_OUT_OF_MEMORY
                                                : MU_E_WRITE_FAILED;
    if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR) /* for others the number is an older one */
        mu_fail_errno(err, cause, errnum, "cannot %s \"%s\"", doing, ledger->path);
    else
        mu_fail(err, cause, "cannot %s \"%s\"", doing, ledger->path);
    return mu_err_detail(err, "SQLite: %s", sqlite3_errmsg(ledger->db));
}

int mu_ledger_execute(mu_ledger *ledger, const char *sql, const char *doing, mu_err **err)
{
    return sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : mu_ledger_fail(ledger, doing, err);
}

static int pragma_int(mu_ledger *ledger, const char *sql, int *ret, mu_err **err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = -1;
    if (sqlite3_prepare_v2(ledger->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        *ret = sqlite3_column_int(stmt, 0);
        rc = 0;
    } else {
        mu_ledger_fail(ledger, "read", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/*
 * Write-ahead log and synchronous=FULL: each commit is on the disk when it returns, and `list` never waits for `issue`. (A rollback
 * journal with FULL may come back after a power cut, because its removal is not synced, and undo the last commit.) EXTRA would add
 * nothing to that. A commit whose sync failed is an error; the log's index does not know its frames, so the next writer writes them
 * anew instead of trusting what the kernel may have dropped. What SQLite does not look at is whether the *folder* could be synced
 * after the log was made in it: mu_ledger_reserve does that itself.
 */
static int connect_to(const char *path, mu_ledger **ret_ledger, mu_err **err)
{
    mu_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        return mu_fail_nomem(err);
    ledger->lock_fd = -1;
    mu_escape_to(ledger->path, path);
    if (!(ledger->file = mu_strdup(path))) {
        mu_fail_nomem(err);
        goto fail;
    }
    if (sqlite3_open_v2(path, &ledger->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        mu_ledger_fail(ledger, "open", err);
        goto fail;
    }
    /* When it cannot open for writing SQLite opens for reading, whatever the reason: right only for who may not write. */
    if (sqlite3_db_readonly(ledger->db, "main") == 1 && access(path, W_OK) == 0) {
        mu_fail(err, MU_E_WRITE_FAILED, "cannot open \"%s\" for writing", ledger->path);
        goto fail;
    }
    sqlite3_busy_timeout(ledger->db, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(ledger->db, 1);
    if (mu_ledger_execute(ledger, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;", "open",
                          err) != 0)
        goto fail;
    *ret_ledger = ledger;
    return 0;
fail:
    mu_ledger_close(ledger);
    return -1;
}

/* SQLite would create the file with the umask's mode; its companions (-wal, -shm) take the mode from it. */
static int create_file(const char *path, mu_err **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char shown[MU_SHOWN_SIZE];
    int rc = 0;

    mu_escape_to(shown, path);
    if (fd < 0 && errno == EEXIST)
        rc = mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is a ledger already: \"%s\"", shown);
    else if (fd < 0)
        rc = mu_fail_errno(err, errno == EACCES ? MU_E_FILE_PERMISSION : MU_E_WRITE_FAILED, errno, "cannot create \"%s\"", shown);
    else if (fchmod(fd, 0600) != 0)
        rc = mu_fail_errno(err, MU_E_WRITE_FAILED, errno, "cannot set the mode of \"%s\"", shown);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Beside what is left of a failed attempt nobody could try again. */
static void remove_files(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *name = mu_asprintf("%s%s", path, suffixes[i]);
        if (name)
            unlink(name);
        free(name);
    }
}

int mu_ledger_create(const char *path, mu_ledger **ret_ledger, mu_err **err)
{
    mu_ledger *ledger = NULL;
    char *ids = mu_asprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", APPLICATION_ID, SCHEMA_VERSION);
    int rc = ids ? create_file(path, err) : mu_fail_nomem(err);
    bool made = rc == 0;

    if (rc == 0 && (rc = connect_to(path, &ledger, err)) == 0)
        rc = mu_ledger_execute(ledger, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", "set up", err) != 0 ||
                     mu_ledger_execute(ledger, schema, "set up", err) != 0 || mu_ledger_execute(ledger, ids, "set up", err) != 0
                 ? -1
                 : 0;
    free(ids);
    if (rc == 0) {
        *ret_ledger = ledger;
        return 0;
    }
    mu_ledger_close(ledger);
    if (made)
        remove_files(path);
    return rc;
}

int mu_ledger_open(const char *path, mu_ledger **ret_ledger, mu_err **err)
{
    mu_ledger *ledger = NULL;
    int id = 0, version = 0, changes = 0;

    if (access(path, F_OK) != 0) {
        char shown[MU_SHOWN_SIZE];
        mu_escape_to(shown, path);
        if (errno != ENOENT && errno != ENOTDIR)
            return mu_fail_errno(err, mu_file_write_code(errno), errno, "may not use the CA ledger \"%s\"", shown);
        mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errno, "there is no CA ledger \"%s\"", shown);
        return mu_err_hint(err, "Create a CA with: mutual ca init --ca DIR");
    }
    if (connect_to(path, &ledger, err) != 0)
        return -1;
    if (pragma_int(ledger, "PRAGMA application_id", &id, err) == 0 &&
        pragma_int(ledger, "PRAGMA user_version", &version, err) == 0 &&
        pragma_int(ledger, "PRAGMA schema_version", &changes, err) == 0) {
        if (id == APPLICATION_ID && version == SCHEMA_VERSION) {
            /* Nothing depends on this: if it cannot be written now, the rows stay reserved and the next start tries again. */
            mu_ledger_settle(ledger, NULL);
            *ret_ledger = ledger;
            return 0;
        }
        if (changes == 0) {
            mu_fail(err, MU_E_STORE_NOT_FOUND, "the CA ledger \"%s\" is not finished: it is empty", ledger->path);
            mu_err_hint(err, MU_LEDGER_UNFINISHED_HINT);
        } else {
            mu_fail(err, MU_E_STORE_WRONG_TYPE, "\"%s\" is no CA ledger of this version of mutual", ledger->path);
            mu_err_detail(err, "application id %d, version %d", id, version);
        }
    }
    mu_ledger_close(ledger);
    return -1;
}

void mu_ledger_close(mu_ledger *ledger)
{
    if (!ledger)
        return;
    sqlite3_close(ledger->db);
    if (ledger->lock_fd >= 0)
        close(ledger->lock_fd); /* what is still reserved is nobody's from now on */
    free(ledger->file);
    free(ledger);
}

int mu_ledger_prepare(mu_ledger *ledger, const char *sql, sqlite3_stmt **ret_stmt, mu_err **err)
{
    return sqlite3_prepare_v2(ledger->db, sql, -1, ret_stmt, NULL) == SQLITE_OK ? 0 : mu_ledger_fail(ledger, "read", err);
}

void mu_ledger_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

int mu_ledger_finish(mu_ledger *ledger, sqlite3_stmt *stmt, int *ret_changes, mu_err **err)
{
    int rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : mu_ledger_fail(ledger, "write to", err);
    *ret_changes = sqlite3_changes(ledger->db);
    sqlite3_finalize(stmt);
    return rc == 0 && sqlite3_get_autocommit(ledger->db) ? mu_ledger_sync_folder(ledger, err) : rc;
}

#include "ca/ledger.h"
#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x6d75434c /* "muCL" */
#define SCHEMA_VERSION 1
#define BUSY_TIMEOUT_MS 10000

struct mu_ledger {
    sqlite3 *db;
    char path[MU_SHOWN_SIZE]; /* escaped, for messages */
};

static const char schema[] =
    "CREATE TABLE certificate ("
    "  id INTEGER PRIMARY KEY,"
    "  issuer TEXT NOT NULL,"
    "  serial TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('reserved', 'issued')),"
    "  profile TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  names TEXT NOT NULL,"
    "  alias TEXT,"
    "  not_before_s INTEGER NOT NULL,"
    "  not_after_s INTEGER NOT NULL,"
    "  reserved_s INTEGER NOT NULL,"
    "  issued_s INTEGER,"
    "  tbs BLOB NOT NULL,"
    "  certificate BLOB,"
    "  UNIQUE (issuer, serial),"
    "  CHECK ((state = 'issued') = (certificate IS NOT NULL)),"
    "  CHECK ((state = 'issued') = (issued_s IS NOT NULL))"
    ") STRICT;"
    "CREATE TABLE authority ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE,"
    "  certificate_id INTEGER NOT NULL UNIQUE REFERENCES certificate (id)"
    ") STRICT;";

static int fail_sqlite(mu_ledger *ledger, const char *doing, mu_err **err)
{
    int code = sqlite3_errcode(ledger->db) & 0xff;
    mu_code cause = code == SQLITE_BUSY || code == SQLITE_LOCKED      ? MU_E_STORE_LOCKED
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? MU_E_STORE_DAMAGED
                    : code == SQLITE_PERM || code == SQLITE_AUTH || code == SQLITE_READONLY || code == SQLITE_CANTOPEN
                        ? MU_E_FILE_PERMISSION
                    : code == SQLITE_CONSTRAINT ? MU_E_INTERNAL
                    : code == SQLITE_NOMEM      ? MU_E_OUT_OF_MEMORY
                                                : MU_E_WRITE_FAILED;
    mu_fail(err, cause, "cannot %s \"%s\"", doing, ledger->path);
    return mu_err_detail(err, "SQLite: %s", sqlite3_errmsg(ledger->db));
}

static int execute(mu_ledger *ledger, const char *sql, const char *doing, mu_err **err)
{
    return sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sqlite(ledger, doing, err);
}

static int pragma_int(mu_ledger *ledger, const char *sql, int *ret, mu_err **err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = -1;
    if (sqlite3_prepare_v2(ledger->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        *ret = sqlite3_column_int(stmt, 0);
        rc = 0;
    } else {
        fail_sqlite(ledger, "read", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/*
 * Write-ahead log and synchronous=FULL: each commit is on the disk when it returns, and `list` never waits for `issue`. (A rollback
 * journal with FULL may come back after a power cut, because its removal is not synced, and undo the last commit.)
 */
static int connect(const char *path, mu_ledger **ret_ledger, mu_err **err)
{
    mu_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        return mu_fail_nomem(err);
    mu_escape_to(ledger->path, path);
    if (sqlite3_open_v2(path, &ledger->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fail_sqlite(ledger, "open", err);
        goto fail;
    }
    sqlite3_busy_timeout(ledger->db, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(ledger->db, 1);
    if (execute(ledger, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;", "open", err) != 0)
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
    static const char *const suffixes[] = {"", "-wal", "-shm"};
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

    if (rc == 0 && (rc = connect(path, &ledger, err)) == 0)
        rc = execute(ledger, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", "set up", err) != 0 ||
                     execute(ledger, schema, "set up", err) != 0 || execute(ledger, ids, "set up", err) != 0
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
    int id = 0, version = 0;

    if (access(path, F_OK) != 0) {
        char shown[MU_SHOWN_SIZE];
        mu_escape_to(shown, path);
        if (errno != ENOENT && errno != ENOTDIR)
            return mu_fail_errno(err, mu_file_write_code(errno), errno, "may not use the CA ledger \"%s\"", shown);
        mu_fail_errno(err, MU_E_STORE_NOT_FOUND, errno, "there is no CA ledger \"%s\"", shown);
        return mu_err_hint(err, "Create a CA with: mutual ca init --ca DIR");
    }
    if (connect(path, &ledger, err) != 0)
        return -1;
    if (pragma_int(ledger, "PRAGMA application_id", &id, err) == 0 &&
        pragma_int(ledger, "PRAGMA user_version", &version, err) == 0) {
        if (id == APPLICATION_ID && version == SCHEMA_VERSION) {
            *ret_ledger = ledger;
            return 0;
        }
        mu_fail(err, MU_E_STORE_WRONG_TYPE, "\"%s\" is no CA ledger of this version of mutual", ledger->path);
        mu_err_detail(err, "application id %d, version %d", id, version);
    }
    mu_ledger_close(ledger);
    return -1;
}

void mu_ledger_close(mu_ledger *ledger)
{
    if (!ledger)
        return;
    sqlite3_close(ledger->db);
    free(ledger);
}

/* ---- writing ---- */

/* Runs the statement to its end and finalizes it. *ret_changes: how many rows it changed. */
static int finish(mu_ledger *ledger, sqlite3_stmt *stmt, int *ret_changes, mu_err **err)
{
    int rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fail_sqlite(ledger, "write to", err);
    *ret_changes = sqlite3_changes(ledger->db);
    sqlite3_finalize(stmt);
    return rc;
}

static int prepare(mu_ledger *ledger, const char *sql, sqlite3_stmt **ret_stmt, mu_err **err)
{
    return sqlite3_prepare_v2(ledger->db, sql, -1, ret_stmt, NULL) == SQLITE_OK ? 0 : fail_sqlite(ledger, "read", err);
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

int mu_ledger_reserve(mu_ledger *ledger, const mu_ledger_row *row, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (prepare(ledger, "INSERT INTO certificate (issuer, serial, state, profile, subject, names, alias, not_before_s, not_after_s,"
                        " reserved_s, tbs) VALUES (?1, ?2, 'reserved', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", &stmt, err) != 0)
        return -1;
    bind_text(stmt, 1, row->issuer);
    bind_text(stmt, 2, row->serial);
    bind_text(stmt, 3, row->profile);
    bind_text(stmt, 4, row->subject);
    bind_text(stmt, 5, row->names);
    bind_text(stmt, 6, row->alias);
    sqlite3_bind_int64(stmt, 7, row->not_before_s);
    sqlite3_bind_int64(stmt, 8, row->not_after_s);
    sqlite3_bind_int64(stmt, 9, row->reserved_s);
    sqlite3_bind_blob64(stmt, 10, row->der, row->der_len, SQLITE_STATIC);
    return finish(ledger, stmt, &changes, err);
}

static int confirm_row(mu_ledger *ledger, const char *issuer, const char *serial, const uint8_t *der, int len, int64_t now_s,
                       mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (prepare(ledger, "UPDATE certificate SET state = 'issued', certificate = ?3, issued_s = ?4"
                        " WHERE issuer = ?1 AND serial = ?2 AND state = 'reserved'", &stmt, err) != 0)
        return -1;
    bind_text(stmt, 1, issuer);
    bind_text(stmt, 2, serial);
    sqlite3_bind_blob(stmt, 3, der, len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, now_s);
    if (finish(ledger, stmt, &changes, err) != 0)
        return -1;
    return changes == 1 ? 0 : mu_fail(err, MU_E_INTERNAL, "serial %s was not reserved in \"%s\"", serial, ledger->path);
}

static int add_authority(mu_ledger *ledger, const char *name, const char *issuer, const char *serial, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (prepare(ledger, "INSERT INTO authority (name, certificate_id)"
                        " SELECT ?1, id FROM certificate WHERE issuer = ?2 AND serial = ?3", &stmt, err) != 0)
        return -1;
    bind_text(stmt, 1, name);
    bind_text(stmt, 2, issuer);
    bind_text(stmt, 3, serial);
    return finish(ledger, stmt, &changes, err);
}

int mu_ledger_confirm(mu_ledger *ledger, const char *issuer, const X509 *cert, int64_t now_s, const char *authority_name,
                      mu_err **err)
{
    char *serial = mu_cert_serial(cert);
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der), rc = serial && len > 0 ? 0 : mu_fail_nomem(err);

    if (rc == 0 && (rc = execute(ledger, "BEGIN IMMEDIATE", "write to", err)) == 0) {
        rc = confirm_row(ledger, issuer, serial, der, len, now_s, err);
        if (rc == 0 && authority_name)
            rc = add_authority(ledger, authority_name, issuer, serial, err);
        if (rc == 0)
            rc = execute(ledger, "COMMIT", "write to", err);
        if (rc != 0)
            execute(ledger, "ROLLBACK", "write to", NULL);
    }
    OPENSSL_free(der);
    free(serial);
    return rc;
}

/* ---- reading ---- */

static int read_authority(OSSL_LIB_CTX *libctx, sqlite3_stmt *stmt, mu_ledger_authority *out, mu_err **err)
{
    const unsigned char *der = sqlite3_column_blob(stmt, 2);
    mu_profile profile;
    X509 *cert = X509_new_ex(libctx, NULL);
    char *name = mu_strdup((const char *)sqlite3_column_text(stmt, 0));

    if (mu_profile_parse((const char *)sqlite3_column_text(stmt, 1), &profile, err) != 0 ||
        !d2i_X509(&cert, &der, sqlite3_column_bytes(stmt, 2)) || !name) {
        X509_free(cert);
        free(name);
        return mu_fail(err, MU_E_STORE_DAMAGED, "the ledger has an authority that cannot be read");
    }
    *out = (mu_ledger_authority){name, profile, cert};
    return 0;
}

int mu_ledger_authorities(mu_ledger *ledger, OSSL_LIB_CTX *libctx, mu_ledger_authority **ret_list, size_t *ret_count, mu_err **err)
{
    mu_ledger_authority *list = NULL, *grown;
    size_t count = 0;
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE;
    int rc = prepare(ledger, "SELECT a.name, c.profile, c.certificate FROM authority a"
                             " JOIN certificate c ON c.id = a.certificate_id ORDER BY a.id", &stmt, err);

    while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!(grown = realloc(list, (count + 1) * sizeof *list))) {
            rc = mu_fail_nomem(err);
        } else {
            list = grown;
            if ((rc = read_authority(libctx, stmt, &list[count], err)) == 0)
                count++;
        }
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = fail_sqlite(ledger, "read", err);
    sqlite3_finalize(stmt);
    if (rc == 0) {
        *ret_list = list;
        *ret_count = count;
        return 0;
    }
    while (count > 0)
        mu_ledger_authority_done(&list[--count]);
    free(list);
    return -1;
}

void mu_ledger_authority_done(mu_ledger_authority *authority)
{
    free(authority->name);
    X509_free(authority->cert);
}

/* "45:4E:0A" and "0454e0a" are the serial 454e0a of the ledger. NULL when out of memory. */
static char *serial_of(const char *text)
{
    char *serial = mu_strdup(text), *out = serial;
    while (serial && *text == '0' && text[1])
        text++;
    for (; serial && *text; text++)
        if (*text != ':')
            *out++ = (char)tolower((unsigned char)*text);
    if (serial)
        *out = '\0';
    return serial;
}

static void read_row(sqlite3_stmt *stmt, mu_ledger_row *row)
{
    *row = (mu_ledger_row){
        .issuer = (const char *)sqlite3_column_text(stmt, 0),
        .serial = (const char *)sqlite3_column_text(stmt, 1),
        .state = (const char *)sqlite3_column_text(stmt, 2),
        .profile = (const char *)sqlite3_column_text(stmt, 3),
        .subject = (const char *)sqlite3_column_text(stmt, 4),
        .names = (const char *)sqlite3_column_text(stmt, 5),
        .alias = (const char *)sqlite3_column_text(stmt, 6),
        .not_before_s = sqlite3_column_int64(stmt, 7),
        .not_after_s = sqlite3_column_int64(stmt, 8),
        .reserved_s = sqlite3_column_int64(stmt, 9),
        .der = sqlite3_column_blob(stmt, 10),
        .der_len = (size_t)sqlite3_column_bytes(stmt, 10),
    };
}

#define COLUMNS "issuer, serial, state, profile, subject, names, alias, not_before_s, not_after_s, reserved_s, certificate"

int mu_ledger_each(mu_ledger *ledger, const char *which, int (*each)(void *arg, const mu_ledger_row *row), void *arg, mu_err **err)
{
    sqlite3_stmt *stmt = NULL;
    char *serial = serial_of(which ? which : "");
    int rc = serial ? 0 : mu_fail_nomem(err), step = SQLITE_DONE;

    if (rc == 0)
        rc = prepare(ledger, which ? "SELECT " COLUMNS " FROM certificate WHERE serial = ?1 OR alias = ?2"
                                     " ORDER BY serial = ?1 DESC, id DESC LIMIT 1"
                                   : "SELECT " COLUMNS " FROM certificate ORDER BY id", &stmt, err);
    if (rc == 0 && which) {
        bind_text(stmt, 1, serial);
        bind_text(stmt, 2, which);
    }
    while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        mu_ledger_row row;
        read_row(stmt, &row);
        rc = each(arg, &row);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = fail_sqlite(ledger, "read", err);
    sqlite3_finalize(stmt);
    free(serial);
    return rc;
}

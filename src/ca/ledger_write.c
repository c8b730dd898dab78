/* Entering things: reservations, certificates, authorities, revocations, CRL numbers. */
#include "ca/ledger_internal.h"

#include <stdlib.h>
#include <string.h>

static void bind_row(sqlite3_stmt *stmt, const mu_ledger_row *row)
{
    mu_ledger_bind_text(stmt, 1, row->issuer);
    mu_ledger_bind_text(stmt, 2, row->serial);
    mu_ledger_bind_text(stmt, 3, row->profile);
    mu_ledger_bind_text(stmt, 4, row->subject);
    mu_ledger_bind_text(stmt, 5, row->names);
    mu_ledger_bind_text(stmt, 6, row->alias);
    sqlite3_bind_int64(stmt, 7, row->not_before_s);
    sqlite3_bind_int64(stmt, 8, row->not_after_s);
    sqlite3_bind_int64(stmt, 9, row->reserved_s);
    if (row->der)
        sqlite3_bind_blob64(stmt, 10, row->der, row->der_len, SQLITE_STATIC);
}

int mu_ledger_reserve(mu_ledger *ledger, const mu_ledger_row *row, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;

    if (mu_ledger_own(ledger, err) != 0 ||
        mu_ledger_prepare(ledger,
                          "INSERT INTO certificate (issuer, serial, state, profile, subject, names, alias, not_before_s,"
                          " not_after_s, reserved_s, tbs, owner) VALUES (?1, ?2, 'reserved', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                          &stmt, err) != 0)
        return -1;
    bind_row(stmt, row);
    sqlite3_bind_int64(stmt, 11, ledger->owner);
    return mu_ledger_finish(ledger, stmt, &changes, err);
}

int mu_ledger_begin(mu_ledger *ledger, mu_err **err)
{
    return mu_ledger_execute(ledger, "BEGIN IMMEDIATE", "write to", err);
}

int mu_ledger_end(mu_ledger *ledger, int rc, mu_err **err)
{
    if (rc == 0)
        rc = mu_ledger_execute(ledger, "COMMIT", "write to", err);
    if (rc != 0)
        mu_ledger_execute(ledger, "ROLLBACK", "write to", NULL);
    return rc == 0 ? mu_ledger_sync_folder(ledger, err) : -1;
}

static int confirm_row(mu_ledger *ledger, const char *issuer, const char *serial, const uint8_t *der, int len, int64_t now_s,
                       mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "UPDATE certificate SET state = 'issued', owner = NULL, certificate = ?3, issued_s = ?4"
                                  " WHERE issuer = ?1 AND serial = ?2 AND owner = ?5", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, issuer);
    mu_ledger_bind_text(stmt, 2, serial);
    sqlite3_bind_blob(stmt, 3, der, len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, now_s);
    sqlite3_bind_int64(stmt, 5, ledger->owner);
    if (mu_ledger_finish(ledger, stmt, &changes, err) != 0)
        return -1;
    return changes == 1 ? 0 : mu_fail(err, MU_E_INTERNAL, "serial %s was not reserved in \"%s\"", serial, ledger->path);
}

int mu_ledger_confirm(mu_ledger *ledger, const char *issuer, const X509 *cert, int64_t now_s, const char *authority_name,
                      mu_err **err)
{
    char *serial = mu_cert_serial(cert);
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der), rc = serial && len > 0 ? 0 : mu_fail_nomem(err);

    if (rc == 0 && (rc = mu_ledger_begin(ledger, err)) == 0) {
        rc = confirm_row(ledger, issuer, serial, der, len, now_s, err);
        if (rc == 0 && authority_name)
            rc = mu_ledger_add_authority(ledger, authority_name, issuer, serial, false, err);
        rc = mu_ledger_end(ledger, rc, err);
    }
    OPENSSL_free(der);
    free(serial);
    return rc;
}

int mu_ledger_add(mu_ledger *ledger, const mu_ledger_row *row, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(
            ledger,
            "INSERT INTO certificate (issuer, serial, state, profile, subject, names, alias, not_before_s,"
            " not_after_s, reserved_s, certificate, issued_s, revoked_s, reason) VALUES (?1, ?2, CASE WHEN ?10 IS NULL"
            " THEN 'imported' ELSE 'issued' END, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, CASE WHEN ?10 IS NULL THEN NULL"
            " ELSE ?9 END, ?11, ?12) ON CONFLICT (serial, issuer) DO UPDATE SET revoked_s = coalesce(revoked_s,"
            " excluded.revoked_s), reason = coalesce(reason, excluded.reason)",
            &stmt, err) != 0)
        return -1;
    bind_row(stmt, row);
    if (row->revoked_s) {
        sqlite3_bind_int64(stmt, 11, row->revoked_s);
        sqlite3_bind_int(stmt, 12, row->reason);
    }
    return mu_ledger_finish(ledger, stmt, &changes, err);
}

int mu_ledger_add_authority(mu_ledger *ledger, const char *name, const char *issuer, const char *serial, bool keyless, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "INSERT INTO authority (name, certificate_id, keyless)"
                                  " SELECT ?1, id, ?4 FROM certificate WHERE issuer = ?2 AND serial = ?3", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, name);
    mu_ledger_bind_text(stmt, 2, issuer);
    mu_ledger_bind_text(stmt, 3, serial);
    sqlite3_bind_int(stmt, 4, keyless);
    if (mu_ledger_finish(ledger, stmt, &changes, err) != 0)
        return -1;
    return changes == 1 ? 0 : mu_fail(err, MU_E_INTERNAL, "serial %s is not in \"%s\"", serial, ledger->path);
}

int mu_ledger_set_keyed(mu_ledger *ledger, const char *authority, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "UPDATE authority SET keyless = 0 WHERE name = ?1", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, authority);
    return mu_ledger_finish(ledger, stmt, &changes, err);
}

int mu_ledger_revoke(mu_ledger *ledger, const char *issuer, const char *serial, int64_t revoked_s, int reason, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "UPDATE certificate SET revoked_s = ?3, reason = ?4 WHERE serial = ?2 AND issuer = ?1"
                                  " AND state != 'reserved'", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, issuer);
    mu_ledger_bind_text(stmt, 2, serial);
    if (revoked_s) {
        sqlite3_bind_int64(stmt, 3, revoked_s);
        sqlite3_bind_int(stmt, 4, reason);
    }
    if (mu_ledger_finish(ledger, stmt, &changes, err) != 0)
        return -1;
    return changes == 1 ? 0 : mu_fail(err, MU_E_INTERNAL, "serial %s is not in \"%s\"", serial, ledger->path);
}

int mu_ledger_raise_crl_number(mu_ledger *ledger, const char *authority, int64_t number, mu_err **err)
{
    sqlite3_stmt *stmt;
    int changes;
    if (mu_ledger_prepare(ledger, "UPDATE authority SET crl_number = max(crl_number, ?2) WHERE name = ?1", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, authority);
    sqlite3_bind_int64(stmt, 2, number);
    return mu_ledger_finish(ledger, stmt, &changes, err);
}

static int read_crl_number(mu_ledger *ledger, const char *authority, int64_t *ret_number, int64_t *ret_last_s, mu_err **err)
{
    sqlite3_stmt *stmt;
    int rc = -1;
    if (mu_ledger_prepare(ledger, "SELECT crl_number, crl_s FROM authority WHERE name = ?1", &stmt, err) != 0)
        return -1;
    mu_ledger_bind_text(stmt, 1, authority);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *ret_number = sqlite3_column_int64(stmt, 0);
        *ret_last_s = sqlite3_column_int64(stmt, 1);
        rc = 0;
    } else {
        mu_ledger_fail(ledger, "read", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

int mu_ledger_crl_number(mu_ledger *ledger, const char *authority, int64_t *ret_number, mu_err **err)
{
    int64_t last_s;
    return read_crl_number(ledger, authority, ret_number, &last_s, err);
}

int mu_ledger_next_crl(mu_ledger *ledger, const char *authority, int64_t now_s, int64_t *ret_number, int64_t *ret_last_s,
                       mu_err **err)
{
    int64_t number = 0, last_s = 0;
    sqlite3_stmt *stmt;
    int changes, rc;

    if (mu_ledger_begin(ledger, err) != 0)
        return -1;
    rc = read_crl_number(ledger, authority, &number, &last_s, err);
    if (rc == 0 && (rc = mu_ledger_prepare(ledger, "UPDATE authority SET crl_number = ?2, crl_s = ?3 WHERE name = ?1", &stmt,
                                           err)) == 0) {
        mu_ledger_bind_text(stmt, 1, authority);
        sqlite3_bind_int64(stmt, 2, number + 1);
        sqlite3_bind_int64(stmt, 3, now_s);
        rc = mu_ledger_finish(ledger, stmt, &changes, err);
    }
    if ((rc = mu_ledger_end(ledger, rc, err)) == 0) {
        *ret_number = number + 1;
        *ret_last_s = last_s;
    }
    return rc;
}

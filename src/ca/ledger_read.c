/* Looking things up. */
#include "ca/ledger_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
    *out = (mu_ledger_authority){name, profile, cert, sqlite3_column_int(stmt, 3) != 0, sqlite3_column_int(stmt, 4) != 0};
    return 0;
}

int mu_ledger_authorities(mu_ledger *ledger, OSSL_LIB_CTX *libctx, mu_ledger_authority **ret_list, size_t *ret_count, mu_err **err)
{
    mu_ledger_authority *list = NULL, *grown;
    size_t count = 0;
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE;
    int rc = mu_ledger_prepare(ledger, "SELECT a.name, c.profile, c.certificate, a.keyless, c.revoked_s IS NOT NULL"
                                       " FROM authority a JOIN certificate c ON c.id = a.certificate_id ORDER BY a.id", &stmt, err);

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
        rc = mu_ledger_fail(ledger, "read", err);
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

char *mu_ledger_serial(const char *text)
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
        .revoked_s = sqlite3_column_int64(stmt, 11),
        .reason = sqlite3_column_int(stmt, 12),
    };
}

#define SELECT_ROWS                                                                                                                \
    "SELECT issuer, serial, state, profile, subject, names, alias, not_before_s, not_after_s, reserved_s, certificate, revoked_s," \
    " reason FROM certificate "

/* Runs the statement and finalizes it. */
static int walk(mu_ledger *ledger, sqlite3_stmt *stmt, int (*each)(void *arg, const mu_ledger_row *row), void *arg, mu_err **err)
{
    int rc = 0, step = SQLITE_DONE;
    while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        mu_ledger_row row;
        read_row(stmt, &row);
        rc = each(arg, &row);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = mu_ledger_fail(ledger, "read", err);
    sqlite3_finalize(stmt);
    return rc;
}

int mu_ledger_each(mu_ledger *ledger, const char *which, int (*each)(void *arg, const mu_ledger_row *row), void *arg, mu_err **err)
{
    sqlite3_stmt *stmt = NULL;
    char *serial = mu_ledger_serial(which ? which : "");
    int rc = serial ? 0 : mu_fail_nomem(err);

    if (rc == 0)
        rc = mu_ledger_prepare(ledger, which ? SELECT_ROWS "WHERE serial = ?1 OR alias = ?2"
                                                           " ORDER BY serial = ?1 DESC, id DESC LIMIT 1"
                                             : SELECT_ROWS "ORDER BY id", &stmt, err);
    if (rc == 0 && which) {
        mu_ledger_bind_text(stmt, 1, serial);
        mu_ledger_bind_text(stmt, 2, which);
    }
    if (rc == 0)
        rc = walk(ledger, stmt, each, arg, err);
    free(serial);
    return rc;
}

/* Only the conditions that are asked for, so that the indexes fit. */
static const char *compose(const mu_ledger_filter *filter, mu_buf *sql)
{
    mu_buf_init(sql, 4096);
    mu_buf_add_str(sql, SELECT_ROWS "WHERE true");
    if (filter->serial)
        mu_buf_add_str(sql, " AND serial = ?1");
    if (filter->alias)
        mu_buf_add_str(sql, " AND alias = ?2");
    if (filter->issuer)
        mu_buf_add_str(sql, " AND issuer = ?3");
    if (filter->revoked_ending_s)
        mu_buf_add_str(sql, " AND revoked_s IS NOT NULL AND not_after_s >= ?4");
    if (filter->unconfirmed)
        mu_buf_add_str(sql, " AND state IN ('reserved', 'abandoned')");
    mu_buf_add_str(sql, " ORDER BY id");
    return mu_buf_text(sql);
}

int mu_ledger_each_of(mu_ledger *ledger, const mu_ledger_filter *filter, int (*each)(void *arg, const mu_ledger_row *row),
                      void *arg, mu_err **err)
{
    sqlite3_stmt *stmt = NULL;
    char *serial = mu_ledger_serial(filter->serial ? filter->serial : "");
    mu_buf sql;
    int rc = mu_ledger_prepare(ledger, compose(filter, &sql), &stmt, err);

    if (rc == 0 && !serial) {
        sqlite3_finalize(stmt);
        rc = mu_fail_nomem(err);
    }
    if (rc == 0) { /* what the text does not name cannot be bound, and need not */
        mu_ledger_bind_text(stmt, 1, serial);
        mu_ledger_bind_text(stmt, 2, filter->alias);
        mu_ledger_bind_text(stmt, 3, filter->issuer);
        sqlite3_bind_int64(stmt, 4, filter->revoked_ending_s);
        rc = walk(ledger, stmt, each, arg, err);
    }
    mu_buf_free(&sql);
    free(serial);
    return rc;
}

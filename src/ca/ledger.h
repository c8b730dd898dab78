/**
 * The ledger: what a CA was asked to sign, and what came of it. One SQLite file (ledger.db) in the CA's folder.
 *
 * A certificate is entered in two steps, each durable before the next: reserved (serial and the bytes to be signed), then issued
 * (with the certificate). So no certificate can exist that the ledger does not know: after a crash in between, the row says what
 * may have been signed.
 */
#ifndef MU_CA_LEDGER_H
#define MU_CA_LEDGER_H

#include <mutual/pki.h>

typedef struct mu_ledger mu_ledger;

/** An authority of this folder: "root", and intermediates by name. */
typedef struct mu_ledger_authority {
    char *name;
    mu_profile profile;
    X509 *cert;
} mu_ledger_authority;

/** One row. Text is escaped as mu_name_text and mu_san_text do; alias is as the user gave it. */
typedef struct mu_ledger_row {
    const char *issuer;     /* name of the authority; a root is its own */
    const char *serial;     /* as mu_cert_serial */
    const char *state;      /* "reserved" or "issued" */
    const char *profile;    /* as mu_profile_name */
    const char *subject, *names;
    const char *alias;      /* NULL: none */
    int64_t not_before_s, not_after_s, reserved_s;
    const uint8_t *der;     /* the certificate; NULL while reserved */
    size_t der_len;
} mu_ledger_row;

/**
 * Create the file, readable by its owner only whatever the umask.
 * @return 0, or -1 with MU_E_USAGE (there is one), MU_E_WRITE_FAILED, MU_E_FILE_PERMISSION
 */
int mu_ledger_create(const char *path, mu_ledger **ret_ledger, mu_err **err);
/** @return 0, or -1 with MU_E_STORE_NOT_FOUND, MU_E_FILE_PERMISSION, MU_E_STORE_DAMAGED, MU_E_STORE_WRONG_TYPE (other version) */
int mu_ledger_open(const char *path, mu_ledger **ret_ledger, mu_err **err);
void mu_ledger_close(mu_ledger *ledger);

/**
 * Enter what will be signed; committed when this returns. Text that is NULL in row stays NULL.
 * @param row issuer, serial, profile, subject, names, alias, dates and reserved_s are used; der: tbsCertificate
 * @return 0, or -1 with MU_E_STORE_LOCKED (another process writes for longer than 10 s), MU_E_WRITE_FAILED,
 *         MU_E_INTERNAL (this issuer has used the serial)
 */
int mu_ledger_reserve(mu_ledger *ledger, const mu_ledger_row *row, mu_err **err);
/**
 * Enter the signed certificate; committed when this returns.
 * @param authority_name not NULL: the certificate becomes an authority of this folder, in the same transaction
 * @return 0, or -1 as mu_ledger_reserve; MU_E_INTERNAL if there is no such reservation
 */
int mu_ledger_confirm(mu_ledger *ledger, const char *issuer, const X509 *cert, int64_t now_s, const char *authority_name,
                      mu_err **err);

/** All authorities, oldest first. Free each with mu_ledger_authority_done, and the array (free). */
int mu_ledger_authorities(mu_ledger *ledger, OSSL_LIB_CTX *libctx, mu_ledger_authority **ret_list, size_t *ret_count, mu_err **err);
void mu_ledger_authority_done(mu_ledger_authority *authority);

/**
 * Call `each` for the rows in the order of entry; what the row points to is valid during the call. A result other than 0 ends the
 * walk.
 * @param which NULL: all; else the row with that serial (any case, colons allowed), or the newest with that alias
 * @return what `each` returned last, or 0, or -1 with an error
 */
int mu_ledger_each(mu_ledger *ledger, const char *which, int (*each)(void *arg, const mu_ledger_row *row), void *arg, mu_err **err);

#endif

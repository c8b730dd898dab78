/**
 * The ledger: what a CA was asked to sign, and what came of it. One SQLite file (ledger.db) in the CA's folder.
 *
 * A certificate is entered in two steps, each durable before the next: reserved (serial and the bytes to be signed), then issued
 * (with the certificate). So no certificate can exist that the ledger does not know: after a crash in between, the row says what
 * may have been signed. Whoever opens the ledger next marks such a row as abandoned: it is never handed out, its serial never used
 * again. Rows of processes that are still alive are left alone (ledger_owner.c).
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
    bool keyless; /* its key is elsewhere and was never here */
    bool revoked;
} mu_ledger_authority;

/** One row. Text is escaped as mu_name_text and mu_san_text do; alias is as the user gave it. */
typedef struct mu_ledger_row {
    const char *issuer;     /* name of the authority; a root is its own */
    const char *serial;     /* as mu_cert_serial */
    const char *state;      /* "reserved", "abandoned" (settled after a crash), "issued", "imported" (without its certificate) */
    const char *profile;    /* as mu_profile_name; "other" for what was imported and is none of these */
    const char *subject, *names;
    const char *alias;      /* NULL: none */
    int64_t not_before_s, not_after_s, reserved_s; /* not_before_s 0: not known (imported) */
    const uint8_t *der;     /* the certificate; NULL if there is none */
    size_t der_len;
    int64_t revoked_s;      /* 0: not revoked */
    int reason;             /* then RFC 5280 5.3.1's number */
} mu_ledger_row;

/**
 * Create the file, readable by its owner only whatever the umask.
 * @return 0, or -1 with MU_E_USAGE (there is one), MU_E_WRITE_FAILED, MU_E_FILE_PERMISSION
 */
int mu_ledger_create(const char *path, mu_ledger **ret_ledger, mu_err **err);

#define MU_LEDGER_UNFINISHED_HINT "If mutual ca init was interrupted: remove the folder and run that again."
/**
 * @return 0, or -1 with MU_E_STORE_NOT_FOUND (also of one that was only begun), MU_E_FILE_PERMISSION, MU_E_WRITE_FAILED,
 *         MU_E_STORE_DAMAGED, MU_E_STORE_WRONG_TYPE (other version)
 */
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

/** A transaction around several of the following. @return 0, or -1 as mu_ledger_reserve */
int mu_ledger_begin(mu_ledger *ledger, mu_err **err);
/** Commit if rc is 0, else undo. @return 0, or -1 */
int mu_ledger_end(mu_ledger *ledger, int rc, mu_err **err);

/** Enter what another product issued: der is the certificate, or NULL; reserved_s is when it was issued, as far as that is known.
 * If the row is there already, the most that happens to it is that it becomes revoked. Fails as mu_ledger_reserve. */
int mu_ledger_add(mu_ledger *ledger, const mu_ledger_row *row, mu_err **err);
/** Make an entered certificate an authority of this folder. */
int mu_ledger_add_authority(mu_ledger *ledger, const char *name, const char *issuer, const char *serial, bool keyless,
                            mu_err **err);
/** Its key has come after all. */
int mu_ledger_set_keyed(mu_ledger *ledger, const char *authority, mu_err **err);

/** Revoke, or with revoked_s 0 take that back (certificateHold). MU_E_INTERNAL if there is no such row, or it is reserved. */
int mu_ledger_revoke(mu_ledger *ledger, const char *issuer, const char *serial, int64_t revoked_s, int reason, mu_err **err);
/** Draw the next CRL number, durably: it is never drawn again. *ret_last_s: when the one before was drawn, 0 if never. */
int mu_ledger_next_crl(mu_ledger *ledger, const char *authority, int64_t now_s, int64_t *ret_number, int64_t *ret_last_s,
                       mu_err **err);
/** The last number drawn, 0 if none. */
int mu_ledger_crl_number(mu_ledger *ledger, const char *authority, int64_t *ret_number, mu_err **err);
/** Never again a number up to this one. */
int mu_ledger_raise_crl_number(mu_ledger *ledger, const char *authority, int64_t number, mu_err **err);

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

/** "45:4E:0A" and "0454e0a" are the ledger's serial 454e0a. New memory (free); NULL when out of memory. */
char *mu_ledger_serial(const char *text);

/** All that is set must hold. */
typedef struct mu_ledger_filter {
    const char *serial, *alias, *issuer;
    int64_t revoked_ending_s; /* not 0: revoked, and not expired before this time */
    bool unconfirmed;         /* reserved or abandoned */
} mu_ledger_filter;
/** As mu_ledger_each, oldest first. */
int mu_ledger_each_of(mu_ledger *ledger, const mu_ledger_filter *filter, int (*each)(void *arg, const mu_ledger_row *row),
                      void *arg, mu_err **err);

#endif

/**
 * A certificate authority in a folder: a root, intermediates below it, and the ledger of everything they issued.
 *
 *     DIR/ledger.db            see ledger.h
 *     DIR/root.crt, root.key   the root; its key PKCS #8, encrypted unless it was asked for otherwise
 *     DIR/NAME.crt, NAME.key   an intermediate
 *
 * The folder has mode 0700, its files 0600, whatever the umask. A key may be taken away (kept offline) while it is not needed; the
 * certificates are read from the ledger, their files are copies for people.
 */
#ifndef MU_CA_CA_H
#define MU_CA_CA_H

#include "base/buf.h"
#include "ca/ledger.h"

typedef struct mu_ca mu_ca;

#define MU_CA_KEY_ITERATIONS 600000 /* PBKDF2-HMAC-SHA-256 over the passphrase of a CA key (OWASP's floor since 2023) */
#define MU_CA_BACKDATE_S 300        /* clocks differ */

typedef struct mu_ca_authority_options {
    const char *name;        /* "root" for mu_ca_init; of an intermediate: letters, digits, ".", "-", "_" */
    const X509_NAME *subject;
    mu_key_spec key;
    int days;
    const char *password;    /* to encrypt the key with; NULL: it is stored as it is */
    int64_t now_s;
} mu_ca_authority_options;

/**
 * Make the folder (or use an empty one) and a root in it.
 * @return 0 with an open and unlocked CA, or -1 with MU_E_USAGE (there is a CA, or something else, in the folder; an empty
 *         password), MU_E_STORE_NOT_FOUND (the folder above does not exist; an interrupted attempt is in it),
 *         MU_E_FILE_PERMISSION, MU_E_WRITE_FAILED, or as mu_cert_prepare
 */
int mu_ca_init(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_authority_options *options, mu_ca **ret_ca, mu_err **err);

/** @return 0, or -1 with MU_E_STORE_NOT_FOUND (no CA there), MU_E_FILE_PERMISSION, MU_E_STORE_DAMAGED, MU_E_STORE_WRONG_TYPE */
int mu_ca_open(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, mu_err **err);
/** Keys are wiped with it. */
void mu_ca_close(mu_ca *ca);

/** Borrowed until an authority is added. */
X509 *mu_ca_root(const mu_ca *ca);
/** The certificate of an authority by name, borrowed likewise; NULL if there is none. */
X509 *mu_ca_find(const mu_ca *ca, const char *name);
mu_ledger *mu_ca_ledger(const mu_ca *ca);

/**
 * Who issues a leaf: `wanted`, or without one the newest intermediate that may issue for that profile and is valid at now_s, else
 * the root.
 * @param wanted NULL: choose
 * @param ret_name borrowed until an authority is added
 * @return 0, or -1 with MU_E_USAGE (there is no authority of that name)
 */
int mu_ca_choose_issuer(const mu_ca *ca, const char *wanted, mu_profile profile, int64_t now_s, const char **ret_name,
                        mu_err **err);

/** Is that authority's key encrypted, and not unlocked yet? @return 0, or -1 with MU_E_STORE_NOT_FOUND (its file was taken away) */
int mu_ca_is_locked(const mu_ca *ca, const char *authority, bool *ret_locked, mu_err **err);
/**
 * Read an authority's key, for everything it signs until mu_ca_close. Does nothing if that was done before.
 * @param password NULL: none (enough if the key is not encrypted)
 * @return 0, or -1 with MU_E_STORE_WRONG_PASSWORD, MU_E_PEM_KEY_ENCRYPTED (a password is needed), MU_E_STORE_NOT_FOUND,
 *         MU_E_FILE_PERMISSION, MU_E_KEY_CERT_MISMATCH, MU_E_PEM_GARBAGE
 */
int mu_ca_unlock(mu_ca *ca, const char *authority, const char *password, mu_err **err);

/** Make an intermediate below the root, which must be unlocked. client_only: it may issue for clients alone. */
int mu_ca_add_intermediate(mu_ca *ca, const mu_ca_authority_options *options, bool client_only, mu_err **err);

/**
 * Make a key, and a request for its certificate that somebody else signs: the root's folder, or another product. The folder is made
 * if it is not there; the request stays in it as NAME.csr until mu_ca_import brings the certificate.
 * @param ret_pem an initialised buffer for the request
 * @return 0, or -1 as mu_ca_init; MU_E_USAGE if the name is taken
 */
int mu_ca_make_request(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_authority_options *options, mu_buf *ret_pem,
                       mu_err **err);

/** An authority that comes from elsewhere. All pointers are borrowed for the call; what is not there is NULL or 0. */
typedef struct mu_ca_incoming {
    const STACK_OF(X509) *certs; /* the authority's and all above it, up to the root, in any order */
    EVP_PKEY *key;               /* NULL: a request of ours waits for the certificate, or the key stays elsewhere */
    const char *name;            /* of an intermediate without a request; NULL: "intermediate". A root is "root" */
    const char *password;        /* to encrypt the key with */
    const char *index, *index_path; /* OpenSSL's index.txt: its text, and its name for messages */
    const char *certs_dir;       /* where SERIAL.pem of the index are */
    STACK_OF(X509_CRL) *crls;    /* published lists: what they revoke, and their numbers, are taken over */
    int64_t crl_number;          /* the last that was used */
    int64_t now_s;
} mu_ca_incoming;

/**
 * Take over an authority, and what it did so far; all or nothing. The folder is made if it is not there. What is there already is
 * completed, so it can be repeated.
 * @param ret_name of the authority, in new memory (free)
 * @return 0, or -1 with MU_E_KEY_CERT_MISMATCH, MU_E_CHAIN_MISSING_INTERMEDIATE (no path to a root), MU_E_ISSUER_NOT_A_CA,
 *         MU_E_SIGNATURE_INVALID (a list of somebody else), MU_E_STORE_DAMAGED (index; with the line), MU_E_USAGE (another
 *         root, name taken, nothing new), or as mu_ca_init
 */
int mu_ca_import(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_incoming *what, mu_ca **ret_ca, char **ret_name, mu_err **err);

/** What to certify. All pointers are borrowed for the call. */
typedef struct mu_ca_request {
    const char *issuer;         /* as mu_ca_choose_issuer gave it; must be unlocked */
    mu_profile profile;         /* server, client or peer */
    const X509_NAME *subject;
    const GENERAL_NAMES *names; /* NULL: none */
    EVP_PKEY *public_key;
    const char *alias;          /* for the ledger; NULL: none */
    int64_t now_s;
    int days;                   /* from now_s; the certificate is backdated by MU_CA_BACKDATE_S and never outlives its issuer */
    int64_t not_before_s, not_after_s; /* not both 0: used instead of days (the lab makes an expired certificate this way) */
    /** Called with the signed certificate before it is confirmed, to write what can still be thrown away; a failure (-1 with an
     * error) leaves it reserved. NULL: not wanted */
    int (*before_confirm)(void *arg, X509 *cert, mu_err **err);
    void *arg;
} mu_ca_request;

/**
 * Certify a key: lint, reserve in the ledger, sign, confirm in the ledger, and only then hand out.
 * @return 0, or -1 with what the lint found, MU_E_STORE_LOCKED, MU_E_WRITE_FAILED, MU_E_PEM_KEY_ENCRYPTED (issuer not unlocked)
 */
int mu_ca_issue(mu_ca *ca, const mu_ca_request *request, X509 **ret_cert, mu_err **err);

/**
 * Revoke what the ledger has under issuer and serial. Doing the same again changes nothing. certificateHold can become another
 * reason, or end (removeFromCRL); every other revocation is final. Nobody hears of it before the next list, see mu_ca_crl.
 * @param ret_since_s when it was revoked: now_s, or earlier if it was already
 * @return 0, or -1 with MU_E_USAGE (no such certificate, the root, still being issued, revoked for another reason)
 */
int mu_ca_revoke(mu_ca *ca, const char *issuer, const char *serial, int reason, int64_t now_s, int64_t *ret_since_s, mu_err **err);
/** Who of our authorities signed it? If the ledger does not know the certificate (it is older), it is entered. *ret_issuer is
 * borrowed.
 * @return 0, or -1 with MU_E_USAGE (none of our authorities signed it) */
int mu_ca_adopt(mu_ca *ca, X509 *cert, const char **ret_issuer, mu_err **err);

/**
 * Hold the folder against other processes that make authorities or lists, until mu_ca_unhold or mu_ca_close: so a list with a lower
 * number never replaces one with a higher.
 */
int mu_ca_hold(mu_ca *ca, mu_err **err);
void mu_ca_unhold(mu_ca *ca);
/**
 * The revocation list of an authority, which must be unlocked: under a number that was never used before, also across crashes.
 * Lists what is revoked and has not expired, and for one list more what has (RFC 5280 3.3). (X509_CRL_free)
 * @return 0, or -1 with MU_E_PEM_KEY_ENCRYPTED, MU_E_KEY_USAGE_WRONG (it may not sign lists), MU_E_WRITE_FAILED, MU_E_STORE_LOCKED
 */
int mu_ca_crl(mu_ca *ca, const char *authority, int days, int64_t now_s, X509_CRL **ret_crl, mu_err **err);

/** The authorities in the order they were made, the root first; NULL past the end. Borrowed likewise. */
const mu_ledger_authority *mu_ca_authority(const mu_ca *ca, size_t index);
/** The private key of an unlocked authority, borrowed; NULL if it is locked. */
EVP_PKEY *mu_ca_key(const mu_ca *ca, const char *authority);
/** Is the authority's key in the folder, or unlocked? */
bool mu_ca_has_key(const mu_ca *ca, const char *authority);
/** DIR/NAME.SUFFIX in new memory (free); NULL when out of memory. */
char *mu_ca_path(const mu_ca *ca, const char *name, const char *suffix);

/** The certificate (of a leaf or an authority) and the authorities above it, itself first, the root last. Owned by the caller
 * (OSSL_STACK_OF_X509_free). */
int mu_ca_chain(const mu_ca *ca, X509 *cert, STACK_OF(X509) **ret_chain, mu_err **err);

/** Such a chain in PEM, as a server sends it: without the root. Owned by the caller (OPENSSL_free). */
int mu_ca_sent_pem(const STACK_OF(X509) *chain, char **ret_pem, mu_err **err);

#endif

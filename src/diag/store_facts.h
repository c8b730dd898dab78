/** Everything about one store and its entries, as data. */
#ifndef MU_DIAG_STORE_FACTS_H
#define MU_DIAG_STORE_FACTS_H

#include "diag/cert_facts.h"
#include "diag/jvm_alias.h"

typedef struct mu_entry_facts {
    char *alias; /* as stored: escape it before showing */
    mu_entry_kind kind;
    int64_t created_ms; /* -1: the format keeps none */
    bool java_hidden;
    mu_protection protection; /* of its private or secret key */
    mu_chain_facts chain;
    bool server[2], client[2]; /* a JVM picks it, by mu_jvm_manager, among the keys of its type */
    mu_problems problems;
} mu_entry_facts;

typedef struct mu_store_facts {
    char *path;  /* as given: escape it before showing */
    mu_err *err; /* why it could not be read; NULL: it was. Nothing below is filled then */
    mu_store_type type;
    mu_protection mac, cert_protection;
    bool skipped; /* read without the password: encrypted parts are missing */
    mu_entry_facts *entries;
    size_t count;
    mu_chain_facts loose; /* in no particular order; complete and missing mean nothing */
    mu_problems problems; /* of the store as a whole */
} mu_store_facts;

/**
 * Read what a store holds. No key is decrypted unless check_keys: then each one is, under the store's password, and one that does
 * not open or does not belong to its certificate is a problem of its entry.
 * @return 0, or -1 out of memory; mu_store_facts_done is due in any case
 */
int mu_store_facts_read(mu_store *store, const char *path, int64_t at_s, bool check_keys, mu_store_facts *ret, mu_err **err);
/** A store that could not be read. Takes the reason. @return as above */
int mu_store_facts_unreadable(const char *path, mu_err *reason, mu_store_facts *ret, mu_err **err);
/** How to open a store whose password may not be known. */
typedef struct mu_store_access {
    OSSL_LIB_CTX *libctx;
    struct mu_store_passwords *passwords; /* config/store_passwords.h */
    bool ask;                             /* on a terminal, if one is needed and none is known */
    bool check_keys;
    int64_t at_s;
} mu_store_access;

/**
 * Open a store and read what it holds; one that cannot be opened is a fact, too (err). What needs no password is read without one.
 * "changeit" is tried for the JDK's own cacerts only (…/lib/security/cacerts and jssecacerts).
 * @return 0, or -1 out of memory or as mu_store_passwords_find; mu_store_facts_done is due in any case
 */
int mu_store_facts_open(const mu_store_access *access, const char *path, mu_store_facts *ret, mu_err **err);
void mu_store_facts_done(mu_store_facts *facts);

#endif

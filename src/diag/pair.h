/**
 * The stores of a server and of its client, and what becomes of them when the two meet.
 *
 * Facts first (mu_pair_read), then rules (mu_pair_examine): what is wrong with each file, with each identity, with each direction
 * of trust; then the real handshake in memory, and what peers would do that judge otherwise.
 */
#ifndef MU_DIAG_PAIR_H
#define MU_DIAG_PAIR_H

#include "base/secret.h"
#include "config/settings.h"
#include "diag/finding.h"
#include "diag/store_facts.h"
#include "tls/trace.h"
#include <mutual/tls.h>

/** A file as it was named; all pointers but the owned ones below are borrowed from the settings. */
typedef struct mu_given {
    const char *path;        /* NULL: not given */
    const char *spec, *type; /* password and declared type as given */
    mu_found_at at;          /* whose it is */
    bool keys;               /* a key store, otherwise a trust store */
    mu_secret password;
    char shown[MU_SHOWN_SIZE];
    mu_store *store; /* NULL: not read */
    mu_err *err;     /* why not */
    mu_store_facts facts;
} mu_given;

typedef struct mu_pair_side {
    mu_found_at at;
    const mu_store_settings *settings;
    mu_given keys, trusts;
    mu_secret key_password; /* the key's own, if one was given */

    size_t entry;           /* index of the key entry that is meant; meaningless without chain */
    mu_identity *identity;  /* NULL: none, or it cannot be used */
    mu_err *identity_err;   /* why not */
    STACK_OF(X509) * chain; /* of the entry as stored, leaf first, also if its key cannot be used; NULL: none */
    char *source;           /* "server.p12, alias server" */

    mu_trust *trust; /* NULL: none, or it cannot be used */
    mu_err *trust_err;
    STACK_OF(X509) * anchors; /* what a JVM would trust there; never NULL */
} mu_pair_side;

typedef struct mu_pair {
    OSSL_LIB_CTX *libctx;
    const char *host; /* NULL: names are not checked */
    int64_t at_s;
    mu_trace_fn on_trace; /* each handshake as the side saw it that refused, else the client; NULL: no traces are kept */
    void *on_trace_arg;
    const char *server_trust_alias, *client_trust_alias; /* entries that their trust stores have to have; NULL: none */
    mu_pair_side server, client;
} mu_pair;

/**
 * Read what the settings name; what cannot be read is a fact. A password that is not given is MUTUAL_STORE_PASSWORD, else asked for
 * on a terminal, else none.
 * @param pair libctx, host and at_s are set
 * @return 0, or -1: out of memory, a password's source that gives none; mu_pair_done is due in any case
 */
int mu_pair_read(mu_pair *pair, const mu_store_settings *server, const mu_store_settings *client, mu_err **err);
void mu_pair_done(mu_pair *pair);

/** All of the following. @return 0, or -1 out of memory */
int mu_pair_examine(const mu_pair *pair, mu_findings *findings, mu_err **err);

/** pair_files.c: files that cannot be read or are not what they were given for; keys and aliases. */
void mu_pair_check_files(const mu_pair *pair, mu_findings *findings);
/** pair_path.c: everything that is wrong on the way from one side's certificate to what the other side trusts. */
int mu_pair_check_paths(const mu_pair *pair, mu_findings *findings, mu_err **err);
/** pair_handshake.c: the handshake in memory, TLS 1.2 and 1.3; a refusal that the findings do not explain is one more. */
int mu_pair_shake_hands(const mu_pair *pair, mu_findings *findings, mu_err **err);
/** pair_predict.c: what OpenSSL's programs and JVMs would do with these stores; where they refuse and we do not, it is a finding.
 */
int mu_pair_predict(const mu_pair *pair, mu_findings *findings, mu_err **err);
/** pair_commands.c: the commands that cure what can be cured with what lies in the files. */
void mu_pair_add_commands(const mu_pair *pair, mu_findings *findings);
/**
 * The chain of a side as it could be, from its leaf upwards, of everything that the four files have; with whole, NULL unless it
 * ends in a root. (sk_X509_pop_free)
 */
STACK_OF(X509) * mu_pair_built_chain(const mu_pair *pair, const mu_pair_side *side, bool whole);
/** Which of the side's files a finding of this pair is about. */
const mu_given *mu_pair_file_of(const mu_pair_side *side, const mu_finding *finding);
/** The only private key of a key store that lacks the alias asked for, which it could have; NULL: there is no such. */
mu_entry *mu_pair_only_key(const mu_pair_side *side);

/** Every certificate in the four files, once; NULL out of memory. (sk_X509_pop_free) */
STACK_OF(X509) * mu_pair_certs(const mu_pair *pair);

#endif

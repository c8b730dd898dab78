/** A service that a CA issues for: what its certificate says, what it gets on disk, and whether something is to be done for it. */
#ifndef MU_CA_SERVICE_H
#define MU_CA_SERVICE_H

#include "ca/outputs.h"

/**
 * The subject of a certificate: what name says, or without one CN= the first dns name, as people expect to read it, else the alias
 * (nobody verifies it).
 * @param name, names may be NULL
 * @return 0, or -1 as mu_name_parse
 */
int mu_ca_subject(const char *name, const GENERAL_NAMES *names, const char *alias, X509_NAME **ret_subject, mu_err **err);

/** A new key of the same kind as that of a certificate. @return 0, or -1 with MU_E_USAGE (no kind that is made here) */
int mu_ca_key_spec_of(const X509 *cert, mu_key_spec *ret_spec, mu_err **err);

#define MU_CA_DEFAULT_DAYS 365
#define MU_CA_RENEW_DEFAULT_DAYS 30

/** What a certificate should be. Pointers are borrowed. */
typedef struct mu_ca_wanted {
    const char *alias;
    mu_profile profile;
    const X509_NAME *subject;
    const GENERAL_NAMES *names; /* NULL: none */
    mu_key_spec key;
    const char *issuer; /* NULL: any authority of this CA */
} mu_ca_wanted;

typedef enum mu_ca_action {
    MU_CA_KEEP,    /* everything is as it should be */
    MU_CA_RESTORE, /* the certificate is good, but a file is missing or holds another one */
    MU_CA_ISSUE    /* a new certificate is due */
} mu_ca_action;

typedef struct mu_ca_due {
    mu_ca_action action;
    char why[512];         /* for people, escaped */
    X509 *leaf;            /* what is there, borrowed from the outputs; NULL: none */
    const char *issuer;    /* of leaf; borrowed from the CA */
    mu_profile profile;    /* of leaf */
    bool revoked;
    char *alias;           /* of leaf in the ledger; may be NULL */
} mu_ca_due;

/**
 * What the ledger knows of the certificate that the outputs hold; leaf is NULL if they hold none.
 * @param alias that it must have in the ledger; NULL: any
 * @return 0, or -1 as mu_ca_outputs_leaf, with MU_E_USAGE (this CA did not issue it) or MU_E_DUPLICATE_ALIAS (it is another's)
 */
int mu_ca_due_look(mu_ca *ca, const char *alias, mu_ca_outputs *outputs, mu_ca_due *ret_due, mu_err **err);
void mu_ca_due_done(mu_ca_due *due);
/**
 * Decide what is to be done. Due is a certificate that is missing, revoked, expired, expires within renew_within_s, or says
 * something else than is wanted; a shorter or longer lifetime alone is not a reason.
 * @param due as mu_ca_due_look filled it; gets action and why
 * @param renew_within_s negative: 30 days, or a third of the lifetime if that is less
 */
int mu_ca_due_decide(mu_ca *ca, const mu_ca_wanted *wanted, mu_ca_outputs *outputs, int64_t now_s, int64_t renew_within_s,
                     mu_ca_due *due, mu_err **err);

#endif

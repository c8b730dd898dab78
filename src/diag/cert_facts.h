/** Everything about one certificate, and what is wrong with it whoever looks. */
#ifndef MU_DIAG_CERT_FACTS_H
#define MU_DIAG_CERT_FACTS_H

#include "diag/problem.h"
#include <mutual/pki.h>

/** Texts are escaped and owned, and never NULL. */
typedef struct mu_cert_facts {
    X509 *cert; /* a reference */
    char *subject, *issuer, *names, *key_usage, *ext_usage;
    char *key;       /* "256-bit EC (secp256r1)" */
    char *signature; /* "ecdsa-with-SHA256" */
    int64_t not_before_s, not_after_s;
    bool ca, self_signed;
    bool server, client; /* extendedKeyUsage allows it, or is absent */
} mu_cert_facts;

/** A chain as it was found, leaf first. */
typedef struct mu_chain_facts {
    mu_cert_facts *certs;
    size_t count;
    bool complete;       /* ends in a self-signed certificate */
    const char *missing; /* the issuer that would come next; NULL if complete or empty; borrowed from certs */
} mu_chain_facts;

/** @param certs NULL: an empty chain. @return 0, or -1 out of memory; mu_chain_facts_done is due in any case */
int mu_chain_facts_read(const STACK_OF(X509) *certs, mu_chain_facts *ret, mu_err **err);
void mu_chain_facts_done(mu_chain_facts *chain);

/** What a chain is for. */
typedef enum mu_chain_role {
    MU_ROLE_IDENTITY, /* of a private key: of a server, of a client or both */
    MU_ROLE_SERVER,   /* presented by a server */
    MU_ROLE_ANCHOR    /* trusted */
} mu_chain_role;

/** Dates, keys, digests, extensions of every certificate; usage and names of the leaf; and whether the chain holds together. */
void mu_chain_problems(const mu_chain_facts *chain, mu_chain_role role, int64_t at_s, mu_problems *problems);

/** Whole days from at_s to not_after_s; negative once it has expired. */
int64_t mu_days_left(int64_t not_after_s, int64_t at_s);

#endif

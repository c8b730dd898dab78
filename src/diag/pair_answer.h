/** How a handshake between two programs of one kind would end. */
#ifndef MU_DIAG_PAIR_ANSWER_H
#define MU_DIAG_PAIR_ANSWER_H

#include "diag/pair.h"

struct mu_pair_answer {
    mu_found_at refused_by; /* MU_AT_UNKNOWN: both accept */
    mu_code code;
};

static inline struct mu_pair_answer mu_pair_refuse(mu_found_at by, mu_code code)
{
    return (struct mu_pair_answer){by, code};
}

/** pair_openssl.c: s_server and s_client in TLS 1.3; all four files could be read. @return 0, or -1 out of memory */
int mu_pair_ask_openssl(const mu_pair *pair, const mu_findings *findings, struct mu_pair_answer *ret, mu_err **err);
/** What the library says of one side's chain and the other's certificates; partial: with -partial_chain. @return as above */
int mu_pair_openssl_says(const mu_pair *pair, const mu_pair_side *from, const mu_pair_side *to, bool partial, mu_code *ret,
                         mu_err **err);
/** The same in TLS 1.2, given the answer for 1.3. */
struct mu_pair_answer mu_pair_openssl_12(const mu_pair *pair, const mu_findings *findings, struct mu_pair_answer since_13);

#endif

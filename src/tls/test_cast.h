/** The cast of the tests of tls: identities good and bad, trusts right and wrong, and what a handshake between two must end in. */
#ifndef MU_TLS_TEST_CAST_H
#define MU_TLS_TEST_CAST_H

#include "tls/testing.h"
#include <openssl/ssl.h>

enum who {
    NOBODY,
    GOOD,
    EXPIRED,
    NOT_YET,
    WRONG_EKU,
    OTHER_CA,
    SELF_SIGNED,
    SECOND,
    VIA_INTERMEDIATE,
    LEAF_ONLY,
    WITH_RSA,
    WHO_COUNT
};
enum whom { ROOT, OTHER_ROOT, PIN, INTERMEDIATE, NO_ONE, WITH_CRL, WHOM_COUNT };

/** By the side they belong to. */
extern mu_identity *identities[2][WHO_COUNT];
extern mu_trust *trusts[2][WHOM_COUNT];

/** For cmocka_run_group_tests. */
int cast_set_up(void **state);
int cast_tear_down(void **state);

typedef struct setup {
    enum who client, server;
    enum whom client_trusts, server_trusts;
    const char *host;
    mu_client_auth auth;
} setup;

extern const setup healthy;

/** Connect and run; duo_free. */
void open_duo(duo *d, const setup *s, mu_tls_settings client, mu_tls_settings server);
void open_version(duo *d, const setup *s, int version);

typedef struct refusal {
    mu_side by;
    mu_code code;
    int depth;
    int alert12, alert13;
} refusal;

void assert_accepted(duo *d, int version, bool with_cert);
void assert_refused(duo *d, const refusal *r, int version);
bool has_candidate(const mu_verdict *v, mu_code code);
/** The same under both versions. */
void check_accepted(const setup *s, bool with_cert);
void check_refusal(const setup *s, const refusal *r);

#endif

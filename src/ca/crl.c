/* Revocation lists of an authority. */
#include "ca/ca_internal.h"

struct filling {
    X509_CRL *crl;
    mu_err **err;
};

static int add_row(void *arg, const mu_ledger_row *row)
{
    struct filling *f = arg;
    return mu_crl_add(f->crl, row->serial, row->revoked_s, row->reason, f->err);
}

/* RFC 5280 4.2.1.3: without keyUsage everything is allowed. */
static int check_may_sign(const mu_ledger_authority *authority, mu_err **err)
{
    if (X509_get_key_usage(authority->cert) & KU_CRL_SIGN)
        return 0;
    mu_fail(err, MU_E_KEY_USAGE_WRONG, "the certificate of \"%s\" does not allow it to sign revocation lists", authority->name);
    return mu_err_hint(err, "It needs keyUsage cRLSign; verifiers would refuse the list.");
}

/* The number is drawn before anything is signed, and what is listed is read after that: a higher number never lists less. */
int mu_ca_crl(mu_ca *ca, const char *authority, int days, int64_t now_s, X509_CRL **ret_crl, mu_err **err)
{
    int i = mu_ca_index(ca, authority);
    int64_t number, last_s;
    struct filling f = {.err = err};

    if (i < 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no such authority");
    if (!ca->keys[i])
        return mu_fail(err, MU_E_PEM_KEY_ENCRYPTED, "the key of \"%s\" has not been unlocked", authority);
    if (check_may_sign(&ca->authorities[i], err) != 0 ||
        mu_ledger_next_crl(ca->ledger, authority, now_s, &number, &last_s, err) != 0)
        return -1;
    /* RFC 5280 3.3: an entry stays until it has been in one list issued after the certificate's end. */
    const mu_ledger_filter filter = {.issuer = authority, .revoked_ending_s = last_s && last_s < now_s ? last_s : now_s};
    if (mu_crl_new(ca->libctx, ca->authorities[i].cert, number, now_s, now_s + (int64_t)days * 86400, &f.crl, err) == 0 &&
        mu_ledger_each_of(ca->ledger, &filter, add_row, &f, err) == 0 &&
        mu_crl_sign(ca->libctx, f.crl, ca->keys[i], err) == 0) {
        *ret_crl = f.crl;
        return 0;
    }
    X509_CRL_free(f.crl);
    return -1;
}

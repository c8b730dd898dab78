/* Issuing: lint, reserve, sign, confirm, hand out. */
#include "base/text.h"
#include "ca/ca_internal.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>

static int reserve(mu_ca *ca, const mu_ca_request *request, const X509 *cert, mu_profile profile, mu_err **err)
{
    uint8_t *tbs = NULL;
    int len = mu_cert_tbs(cert, &tbs, err);
    if (len < 0)
        return -1;
    char *serial = mu_cert_serial(cert), *subject = mu_name_text(X509_get_subject_name(cert)), *names = mu_cert_san_text(cert);
    mu_ledger_row row = {.issuer = request->issuer, .serial = serial, .profile = mu_profile_name(profile), .subject = subject,
                         .names = names, .alias = request->alias, .not_before_s = mu_cert_not_before_s(cert),
                         .not_after_s = mu_cert_not_after_s(cert), .reserved_s = request->now_s, .der = tbs,
                         .der_len = (size_t)len};
    int rc = serial && subject && names ? mu_ledger_reserve(ca->ledger, &row, err) : mu_fail_nomem(err);
    free(serial);
    free(subject);
    free(names);
    OPENSSL_free(tbs);
    return rc;
}

int mu_ca_certify(mu_ca *ca, const mu_ca_request *request, EVP_PKEY *issuer_key, const mu_cert_spec *spec,
                  const char *authority_name, X509 **ret_cert, mu_err **err)
{
    X509 *cert = NULL;
    if (mu_cert_prepare(ca->libctx, spec, &cert, err) != 0)
        return -1;
    if (reserve(ca, request, cert, spec->profile, err) != 0 || mu_cert_sign(ca->libctx, cert, issuer_key, err) != 0 ||
        (request->before_confirm && request->before_confirm(request->arg, cert, err) != 0) ||
        mu_ledger_confirm(ca->ledger, request->issuer, cert, request->now_s, authority_name, err) != 0) {
        X509_free(cert);
        return -1;
    }
    *ret_cert = cert;
    return 0;
}

int64_t mu_ca_start_s(const X509 *issuer, int64_t now_s)
{
    int64_t earliest_s = mu_cert_not_before_s(issuer), start_s = now_s - MU_CA_BACKDATE_S;
    return start_s < earliest_s ? earliest_s : start_s;
}

int mu_ca_issue(mu_ca *ca, const mu_ca_request *request, X509 **ret_cert, mu_err **err)
{
    int i = mu_ca_index(ca, request->issuer);
    bool dated = request->not_before_s != 0 || request->not_after_s != 0;

    if (i < 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no such authority");
    if (!ca->keys[i])
        return mu_fail(err, MU_E_PEM_KEY_ENCRYPTED, "the key of \"%s\" has not been unlocked", request->issuer);
    X509 *issuer = ca->authorities[i].cert;
    if (!dated && mu_cert_not_after_s(issuer) <= request->now_s) {
        mu_fail(err, MU_E_CERT_EXPIRED, "the issuer's certificate has expired");
        return mu_err_detail(err, "authority \"%s\"", request->issuer);
    }
    if (ca->authorities[i].revoked) {
        mu_fail(err, MU_E_CERT_REVOKED, "the issuer's certificate has been revoked");
        return mu_err_detail(err, "authority \"%s\"", request->issuer);
    }
    mu_cert_spec spec = {.profile = request->profile, .subject = request->subject, .public_key = request->public_key,
                         .names = request->names, .issuer = issuer, .issuer_key = ca->keys[i],
                         .not_before_s = dated ? request->not_before_s : mu_ca_start_s(issuer, request->now_s),
                         .not_after_s = dated ? request->not_after_s : request->now_s + (int64_t)request->days * 86400,
                         .pathlen = -1};
    return mu_ca_certify(ca, request, ca->keys[i], &spec, NULL, ret_cert, err);
}

int mu_ca_chain(const mu_ca *ca, X509 *cert, STACK_OF(X509) **ret_chain, mu_err **err)
{
    STACK_OF(X509) *authorities = sk_X509_new_null(), *chain = NULL;
    int rc = authorities ? 0 : mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < ca->count; i++)
        if (!sk_X509_push(authorities, ca->authorities[i].cert))
            rc = mu_fail_nomem(err);
    if (rc == 0)
        rc = mu_chain_build(cert, authorities, &chain, err);
    /* Without memory the search ends as if there were no issuer. By address: X509_cmp takes anything for equal when it cannot hash.
     */
    if (rc == 0 && sk_X509_value(chain, sk_X509_num(chain) - 1) != mu_ca_root(ca))
        rc = mu_fail(err, MU_E_INTERNAL, "the certificates from this one up to the CA's root cannot be found");
    if (rc == 0)
        *ret_chain = chain;
    else
        sk_X509_pop_free(chain, X509_free);
    sk_X509_free(authorities);
    return rc;
}

int mu_ca_sent_pem(const STACK_OF(X509) *chain, char **ret_pem, mu_err **err)
{
    STACK_OF(X509) *sent = sk_X509_dup(chain);
    if (!sent)
        return mu_fail_nomem(err);
    sk_X509_pop(sent); /* the root: peers have it, or must not believe it */
    int rc = mu_certs_pem(sent, ret_pem, err);
    sk_X509_free(sent);
    return rc;
}

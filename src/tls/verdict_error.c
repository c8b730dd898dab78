/* The verdict as an error for people. */
#include "base/buf.h"
#include "base/text.h"
#include "tls/alert.h"

#include <openssl/x509_vfy.h>
#include <stdlib.h>

/* What follows "server certificate refused: ". */
static const struct {
    mu_code code;
    const char *phrase;
} phrases[] = {
    {MU_E_CLIENT_CERT_NOT_SENT, "none was sent"},
    {MU_E_CA_NOT_TRUSTED, "its issuer is not trusted"},
    {MU_E_CLIENT_CA_NOT_TRUSTED, "its issuer is not trusted"},
    {MU_E_CHAIN_MISSING_INTERMEDIATE, "an intermediate certificate is missing"},
    {MU_E_INTERMEDIATE_ONLY_ANCHOR, "only an intermediate of its chain is trusted"},
    {MU_E_SELF_SIGNED, "it is self-signed and not trusted"},
    {MU_E_CA_REGENERATED, "a CA of the same name, with another key, is trusted"},
    {MU_E_CERT_EXPIRED, "expired"},
    {MU_E_CERT_NOT_YET_VALID, "not yet valid"},
    {MU_E_SAN_MISSING, "it has no subjectAltName"},
    {MU_E_IP_SAN_MISSING, "the address is not among its names"},
    {MU_E_HOSTNAME_MISMATCH, "the host is not among its names"},
    {MU_E_EKU_MISSING_CLIENTAUTH, "not valid for client authentication"},
    {MU_E_EKU_MISSING_SERVERAUTH, "not valid for server authentication"},
    {MU_E_EKU_CA_CHAIN, "a CA above it does not allow this purpose"},
    {MU_E_CA_USED_AS_LEAF, "it is a CA"},
    {MU_E_PATHLEN_EXCEEDED, "the path is longer than a CA allows"},
    {MU_E_NAME_CONSTRAINTS, "a name lies outside what its CA may issue"},
    {MU_E_UNKNOWN_CRITICAL_EXTENSION, "it has an unknown critical extension"},
    {MU_E_WEAK_SIGNATURE_DIGEST, "signed with a weak digest"},
    {MU_E_WEAK_KEY_SIZE, "the key is too short"},
    {MU_E_CERT_REVOKED, "revoked"},
    {MU_E_CRL_EXPIRED, "the CRL is out of date"},
    {MU_E_CRL_UNAVAILABLE, "there is no CRL of its issuer"},
    {MU_E_PIN_MISMATCH, "another certificate of this issuer is trusted, not this one"},
    {MU_E_SIGNATURE_INVALID, "a signature in its chain is wrong"},
    {MU_E_ISSUER_NOT_A_CA, "its issuer is no CA"},
    {MU_E_KEY_USAGE_WRONG, "keyUsage does not allow it"},
};

static const char *find_phrase(mu_code code)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].code == code)
            return phrases[i].phrase;
    return NULL;
}

static void raise_message(const mu_verdict *v, mu_err **err)
{
    const char *peer = v->side == MU_SIDE_CLIENT ? "server" : "client";
    const char *phrase = find_phrase(v->code);
    if (v->code == MU_E_PEER_REFUSED)
        mu_fail_by(err, v->code, v->by, "the %s refused: %s", peer, mu_alert_name(v->alert));
    else if (v->code == MU_E_PEER_CLOSED)
        mu_fail_by(err, v->code, v->by, "the %s closed the connection", peer);
    else if (phrase)
        mu_fail_by(err, v->code, v->by, "%s certificate refused: %s", peer, phrase);
    else
        mu_fail_by(err, v->code, v->by, "TLS with the %s failed: %s", peer, mu_code_meaning(v->code));
}

static void add_facts(const mu_verdict *v, mu_err **err)
{
    if (v->detail && *v->detail)
        mu_err_detail(err, "%s", v->detail);
    if (v->source && v->by == MU_BY_US && mu_code_class(v->code) == MU_CLASS_TRUST)
        mu_err_detail(err, "judged by %s", v->source);
    if (v->alert_sent)
        mu_err_detail(err, "sent alert %s (%d)", mu_alert_name(v->alert), v->alert);
}

/* One candidate is the cause as far as we can know, and its fix is the hint; several are listed. */
static void add_hint(const mu_verdict *v, mu_err **err)
{
    const char *peer = v->side == MU_SIDE_CLIENT ? "server" : "client";
    mu_buf list;

    if (v->hint) {
        mu_err_hint(err, "%s", v->hint);
        return;
    }
    if (v->candidate_count == 1)
        mu_err_hint(err, "%s: %s", mu_code_name(v->candidates[0]), mu_code_fix(v->candidates[0]));
    if (v->candidate_count < 2)
        return;
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < v->candidate_count; i++)
        mu_buf_addf(&list, "%s%s", i ? ", " : "", mu_code_name(v->candidates[i]));
    mu_err_hint(err, "only the %s knows; likely, in this order: %s", peer, mu_buf_text(&list));
    mu_buf_free(&list);
}

int mu_verdict_error(const mu_verdict *verdict, mu_err **err)
{
    if (verdict->code == MU_OK)
        return 0;
    raise_message(verdict, err);
    add_facts(verdict, err);
    add_hint(verdict, err);
    return -1;
}

#include "diag/cert_facts.h"

#include "base/text.h"
#include "pki/print.h"

#include <openssl/objects.h>
#include <stdlib.h>

int64_t mu_days_left(int64_t not_after_s, int64_t at_s)
{
    const int64_t day_s = 86400;
    if (not_after_s == INT64_MAX || not_after_s == INT64_MIN)
        return not_after_s / day_s;
    int64_t left_s = not_after_s - at_s;
    return left_s >= 0 ? left_s / day_s : -((-left_s + day_s - 1) / day_s);
}

static char *signature_text(const X509 *cert)
{
    char oid[80];
    const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(cert);
    const ASN1_OBJECT *type;
    X509_ALGOR_get0(&type, NULL, NULL, algorithm);
    int nid = OBJ_obj2nid(type);
    if (nid == NID_undef)
        OBJ_obj2txt(oid, sizeof oid, type, 1);
    return mu_strdup(nid == NID_undef ? oid : OBJ_nid2ln(nid));
}

static int read_cert(X509 *cert, mu_cert_facts *ret, mu_err **err)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    uint32_t usage = X509_get_extended_key_usage(cert); /* all bits set if there is none */

    X509_up_ref(cert);
    *ret = (mu_cert_facts){
        .cert = cert,
        .subject = mu_name_text(X509_get_subject_name(cert)),
        .issuer = mu_name_text(X509_get_issuer_name(cert)),
        .names = mu_cert_san_text(cert),
        .key_usage = mu_cert_key_usage_text(cert),
        .ext_usage = mu_cert_ext_usage_text(cert),
        .key = key ? mu_key_describe(key) : mu_strdup("unreadable key"),
        .signature = signature_text(cert),
        .not_before_s = mu_cert_not_before_s(cert),
        .not_after_s = mu_cert_not_after_s(cert),
        .ca = mu_cert_is_ca(cert),
        .self_signed = mu_cert_is_self_signed(cert),
        .server = (usage & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0,
        .client = (usage & (XKU_SSL_CLIENT | XKU_ANYEKU)) != 0,
    };
    return ret->subject && ret->issuer && ret->names && ret->key_usage && ret->ext_usage && ret->key && ret->signature
               ? 0
               : mu_fail_nomem(err);
}

int mu_chain_facts_read(const STACK_OF(X509) *certs, mu_chain_facts *ret, mu_err **err)
{
    int count = certs ? sk_X509_num(certs) : 0;
    *ret = (mu_chain_facts){.certs = calloc((size_t)count + 1, sizeof *ret->certs)};
    if (!ret->certs)
        return mu_fail_nomem(err);
    for (int i = 0; i < count; i++) {
        ret->count++;
        if (read_cert(sk_X509_value(certs, i), &ret->certs[i], err) != 0)
            return -1;
    }
    const mu_cert_facts *top = count > 0 ? &ret->certs[count - 1] : NULL;
    ret->complete = top && top->self_signed;
    ret->missing = top && !top->self_signed ? top->issuer : NULL;
    return 0;
}

void mu_chain_facts_done(mu_chain_facts *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        mu_cert_facts *c = &chain->certs[i];
        char *texts[] = {c->subject, c->issuer, c->names, c->key_usage, c->ext_usage, c->key, c->signature};
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
            free(texts[j]);
        X509_free(c->cert);
    }
    free(chain->certs);
    *chain = (mu_chain_facts){0};
}

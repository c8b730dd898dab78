#include "base/ossl.h"
#include "keytool/algorithm.h"
#include "keytool/reply.h"

#include <mutual/pki.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

const char *mu_kt_alias_of_cert(const mu_store *store, const X509 *cert)
{
    for (size_t i = 0; store && i < mu_store_count(store); i++) {
        const X509 *other = mu_kt_entry_cert(mu_store_entry(store, i));
        if (other && X509_cmp(other, cert) == 0)
            return mu_entry_java_alias(mu_store_entry(store, i));
    }
    return NULL;
}

bool mu_kt_signed_by(X509 *cert, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool yes = X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 && key && X509_verify(cert, key) == 1;
    mu_ossl_clear();
    return yes;
}

/* A chain as it grows, from the certificate upwards, with the warning label of each. */
struct search {
    const mu_store *stores[2];
    X509 *path[MAX_DEPTH];
    char *labels[MAX_DEPTH];
    int depth;
};

static bool in_path(const struct search *s, const X509 *cert)
{
    for (int i = 0; i < s->depth; i++)
        if (X509_cmp(s->path[i], cert) == 0)
            return true;
    return false;
}

/* Depth first, first fit, as the JDK; loops end here. @return 1 found, 0 not, -1 out of memory */
static int climb(struct search *s, X509 *cert, char *label)
{
    if (!label)
        return -1;
    if (s->depth == MAX_DEPTH || in_path(s, cert)) {
        free(label);
        return 0;
    }
    s->path[s->depth] = cert;
    s->labels[s->depth++] = label;
    if (mu_kt_signed_by(cert, cert))
        return 1;
    for (int from = 0; from < 2; from++)
        for (size_t i = 0; s->stores[from] && i < mu_store_count(s->stores[from]); i++) {
            X509 *issuer = mu_kt_entry_cert(mu_store_entry(s->stores[from], i));
            if (!issuer || !mu_kt_signed_by(cert, issuer))
                continue;
            const char *alias = mu_entry_java_alias(mu_store_entry(s->stores[from], i));
            int rc = climb(s, issuer, mu_asprintf(from ? "Issuer <%s> in cacerts" : "Issuer <%s>", alias));
            if (rc != 0)
                return rc;
        }
    free(s->labels[--s->depth]);
    return 0;
}

int mu_kt_chain_establish(mu_kt *kt, X509 *cert, STACK_OF(X509) **ret_chain)
{
    struct search s = {.stores = {kt->store, kt->cacerts}};
    STACK_OF(X509) *chain = NULL;
    int found = climb(&s, cert, mu_strdup("The input"));

    if (found > 0 && !(chain = sk_X509_new_null()))
        found = -1;
    for (int i = s.depth; found > 0 && i-- > 0;) /* the JDK finds fault from the top */
        mu_kt_check_weak(kt, s.labels[i], s.path[i]);
    for (int i = 0; found > 0 && i < s.depth; i++)
        if (!X509_add_cert(chain, s.path[i], X509_ADD_FLAG_UP_REF))
            found = -1;
    for (int i = 0; i < s.depth; i++)
        free(s.labels[i]);
    if (found < 0) {
        sk_X509_pop_free(chain, X509_free);
        return mu_fail_nomem(&kt->err);
    }
    *ret_chain = chain;
    return 0;
}

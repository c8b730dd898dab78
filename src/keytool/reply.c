/* A CA's reply to a certificate request: one certificate, or a chain in any order. */
#include "keytool/reply.h"
#include "keytool/algorithm.h"
#include "keytool/print.h"

#include <mutual/pki.h>
#include <stdlib.h>
#include <string.h>

static bool same_key(const X509 *a, const X509 *b)
{
    EVP_PKEY *x = X509_get0_pubkey(a), *y = X509_get0_pubkey(b);
    return x && y && EVP_PKEY_eq(x, y) == 1;
}

static int from_one(mu_kt *kt, X509 *own, X509 *reply, STACK_OF(X509) **ret_chain)
{
    int rc;

    if (!same_key(own, reply))
        return mu_kt_throw(kt, MU_E_KEY_CERT_MISMATCH, MU_KT_EXCEPTION, "Public keys in reply and keystore don't match");
    if (X509_cmp(own, reply) == 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Certificate reply and certificate in keystore are identical");
    rc = mu_kt_chain_establish(kt, reply, ret_chain);
    if (rc == 0 && !*ret_chain) {
        mu_fail(&kt->err, MU_E_REPLY_CHAIN_INCOMPLETE, "no chain leads from the reply to a self-signed certificate");
        mu_err_hint(&kt->err, "Import the issuing CA's certificates first, or pass the reply as one file with its whole chain.");
        rc = mu_kt_throw(kt, MU_E_REPLY_CHAIN_INCOMPLETE, MU_KT_EXCEPTION, "Failed to establish chain from reply");
    }
    return rc;
}

static void swap(STACK_OF(X509) *certs, int a, int b)
{
    X509 *kept = sk_X509_value(certs, a);
    (void)sk_X509_set(certs, a, sk_X509_value(certs, b));
    (void)sk_X509_set(certs, b, kept);
}

/* Several chains one after the other hold some certificates more than once. */
static void drop_repeated(STACK_OF(X509) *certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        for (int later = sk_X509_num(certs) - 1; later > i; later--)
            if (X509_cmp(sk_X509_value(certs, i), sk_X509_value(certs, later)) == 0)
                X509_free(sk_X509_delete(certs, later));
}

/* The certificate with our key first, then each one's issuer. */
static int order(mu_kt *kt, const char *alias, const X509 *own, STACK_OF(X509) *certs)
{
    int count = sk_X509_num(certs), leaf = 0;

    while (leaf < count && !same_key(own, sk_X509_value(certs, leaf)))
        leaf++;
    if (leaf == count)
        return mu_kt_throw(kt, MU_E_KEY_CERT_MISMATCH, MU_KT_EXCEPTION, "Certificate reply does not contain public key for <%s>",
                           alias);
    swap(certs, 0, leaf);
    for (int i = 1; i < count; i++) {
        int issuer = i;
        while (issuer < count && !mu_kt_signed_by(sk_X509_value(certs, i - 1), sk_X509_value(certs, issuer)))
            issuer++;
        if (issuer == count && i == count - 1) /* the JDK notices this one only when it stores the chain */
            return mu_kt_throw(kt, MU_E_REPLY_CHAIN_INCOMPLETE, MU_KT_STORE_FAULT, "Certificate chain is not valid");
        if (issuer == count)
            return mu_kt_throw(kt, MU_E_REPLY_CHAIN_INCOMPLETE, MU_KT_EXCEPTION, "Incomplete certificate chain in reply");
        swap(certs, i, issuer);
    }
    return 0;
}

/* Who in a store vouches for the top of the reply: that certificate itself, or its issuer. @return NULL: nobody */
static X509 *signer_in(const mu_store *store, X509 *top, const char **ret_alias)
{
    if (store && (*ret_alias = mu_kt_alias_of_cert(store, top)) != NULL)
        return top;
    for (size_t i = 0; store && i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        X509 *cert = mu_kt_entry_cert(entry);
        if (cert && mu_kt_signed_by(top, cert)) {
            *ret_alias = mu_entry_java_alias(entry);
            return cert;
        }
    }
    return NULL;
}

static int ask_about_top(mu_kt *kt, const X509 *top, bool *ret_yes)
{
    fputs("\nTop-level certificate in reply:\n\n", stderr);
    mu_kt_print_cert(kt, stdout, top);
    fflush(stdout);
    fputs("\n... is not trusted. ", stderr);
    mu_kt_print_warnings(kt, true);
    return mu_kt_ask_yes(kt, "Install reply anyway? [no]:  ", ret_yes);
}

/* @param ret_yes false: the user does not want it */
static int trust_top(mu_kt *kt, STACK_OF(X509) *certs, bool *ret_yes)
{
    X509 *top = sk_X509_value(certs, sk_X509_num(certs) - 1), *root;
    const char *alias = NULL;
    bool from_cacerts = false;
    int rc = 0;

    *ret_yes = true;
    root = signer_in(kt->store, top, &alias);
    if (!root && (root = signer_in(kt->cacerts, top, &alias)) != NULL)
        from_cacerts = true;
    if (!root) {
        rc = ask_about_top(kt, top, ret_yes);
    } else if (root != top) {
        char *label = mu_asprintf("Issuer <%s>%s", alias, from_cacerts ? " in cacerts" : "");
        if (!label || !X509_add_cert(certs, root, X509_ADD_FLAG_UP_REF))
            rc = mu_fail_nomem(&kt->err);
        else
            mu_kt_check_weak(kt, label, root);
        free(label);
    }
    return rc;
}

static int from_many(mu_kt *kt, const char *alias, const X509 *own, STACK_OF(X509) *certs, bool *ret_yes)
{
    mu_kt_check_weak_chain(kt, "Reply", certs);
    drop_repeated(certs);
    if (order(kt, alias, own, certs) != 0)
        return -1;
    *ret_yes = true;
    return mu_kt_is_set(kt, MU_KT_NO_PROMPT) ? 0 : trust_top(kt, certs, ret_yes);
}

static int read_certs(mu_kt *kt, const uint8_t *data, size_t len, STACK_OF(X509) **ret_certs)
{
    if (len == 0)
        return mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_EXCEPTION, "Reply has no certificates");
    if (mu_certs_parse(kt->libctx, data, len, ret_certs, &kt->err) != 0)
        return mu_kt_throw(kt, MU_E_PEM_GARBAGE, "java.security.cert.CertificateException", "No certificate data found");
    if (sk_X509_num(*ret_certs) == 0)
        return mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_EXCEPTION, "Reply has no certificates");
    return 0;
}

int mu_kt_reply_install(mu_kt *kt, const char *alias, const uint8_t *data, size_t len, bool *ret_done)
{
    STACK_OF(X509) *certs = NULL, *chain = NULL;
    mu_entry *entry = mu_store_find(kt->store, alias);
    EVP_PKEY *key = NULL;
    X509 *own;
    int rc = -1;

    *ret_done = false;
    if (mu_kt_store_key(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key) != 0)
        goto out;
    own = sk_X509_value(mu_entry_get0_chain(entry), 0);
    if (!own) {
        mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "%s has no public key (certificate)", alias);
        goto out;
    }
    if (read_certs(kt, data, len, &certs) != 0)
        goto out;
    if (sk_X509_num(certs) == 1) {
        rc = from_one(kt, own, sk_X509_value(certs, 0), &chain);
        *ret_done = rc == 0;
    } else {
        rc = from_many(kt, alias, own, certs, ret_done);
    }
    if (rc == 0 && *ret_done && mu_entry_set_chain(entry, chain ? chain : certs, kt->now_ms, &kt->err) != 0)
        rc = mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
out:
    EVP_PKEY_free(key);
    sk_X509_pop_free(certs, X509_free);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

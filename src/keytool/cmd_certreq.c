/* Source: RFC 2986 (PKCS #10), RFC 2985 5.4.2 (extensionRequest). */
#include "base/ossl.h"
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/dname.h"
#include "keytool/ext.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static int build(mu_kt *kt, EVP_PKEY *key, const X509_NAME *subject, STACK_OF(X509_EXTENSION) *extensions, X509_REQ **ret_req)
{
    mu_kt_signing signing;
    EVP_MD_CTX *ctx = NULL;
    X509_REQ *req = NULL;
    int rc = -1;

    if (mu_kt_signing_choose(kt, mu_kt_get(kt, MU_KT_SIG_ALG), key, &signing) != 0 ||
        mu_kt_signing_begin(kt, &signing, key, &ctx) != 0)
        return -1;
    mu_ossl_clear();
    req = X509_REQ_new_ex(kt->libctx, NULL);
    if (req && X509_REQ_set_version(req, X509_REQ_VERSION_1) && X509_REQ_set_subject_name(req, subject) &&
        X509_REQ_set_pubkey(req, key) && X509_REQ_add_extensions(req, extensions) && X509_REQ_sign_ctx(req, ctx) > 0) {
        *ret_req = req;
        req = NULL;
        rc = 0;
    } else {
        mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make the certificate request");
        mu_kt_throw_err(kt, MU_KT_IO);
    }
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(req);
    return rc;
}

static int write_request(mu_kt *kt, X509_REQ *req)
{
    unsigned char *der = NULL;
    int len = i2d_X509_REQ(req, &der);
    int rc = len > 0 ? mu_kt_output_der(kt, mu_kt_get(kt, MU_KT_FILE), "NEW CERTIFICATE REQUEST", der, (size_t)len)
                     : mu_fail_nomem(&kt->err);
    OPENSSL_free(der);
    return rc;
}

int mu_kt_certreq(mu_kt *kt)
{
    const char *alias = mu_kt_alias(kt), *dname = mu_kt_get(kt, MU_KT_DNAME), *file = mu_kt_get(kt, MU_KT_FILE);
    EVP_PKEY *key = NULL;
    X509_NAME *subject = NULL;
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    X509_REQ *req = NULL;
    const X509 *cert = NULL;
    int rc = -1;

    if (mu_kt_store_open(kt) != 0 || mu_kt_store_key(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &key) != 0)
        goto out;
    cert = sk_X509_value(mu_entry_get0_chain(mu_store_find(kt->store, alias)), 0);
    if (!cert) {
        mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "%s has no public key (certificate)", alias);
        goto out;
    }
    if (mu_kt_ext_build(kt, key, NULL, &extensions) != 0 || (dname && mu_kt_dname_parse(kt, dname, &subject) != 0) ||
        build(kt, key, subject ? subject : X509_get_subject_name(cert), extensions, &req) != 0 || write_request(kt, req) != 0)
        goto out;
    if (mu_kt_is_set(kt, MU_KT_VERBOSE) && file) {
        mu_kt_say_file("Certification request stored in file", file);
        fputs("Submit this to your CA\n", stderr);
    }
    mu_kt_check_weak_request(kt, "The generated certificate request", req);
    rc = 0;
out:
    EVP_PKEY_free(key);
    X509_NAME_free(subject);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(req);
    return rc;
}

/* A key pair with a self-signed certificate, or one signed by -signer: version 3, no basicConstraints unless asked for. */
#include "base/ossl.h"
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/ext.h"

#include <openssl/bn.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_BYTES 8
#define DAY_S 86400
#define MAX_DAYS 3650000

/* What one run makes. signer_*: borrowed or NULL. */
struct job {
    const char *alias;
    int64_t start_s;
    long days;
    X509_NAME *subject;
    EVP_PKEY *key, *signer_key;
    X509 *signer_cert;
    STACK_OF(X509_EXTENSION) *extensions;
    mu_kt_signing signing;
    STACK_OF(X509) *chain;
};

static int parse_days(mu_kt *kt, long *ret_days)
{
    const char *text = mu_kt_get(kt, MU_KT_VALIDITY);

    *ret_days = 90;
    if (text && !mu_str_to_long(text, INT64_MIN / 2, INT64_MAX / 2, ret_days))
        return mu_kt_throw(kt, MU_E_USAGE, "java.lang.NumberFormatException", "For input string: \"%s\"", text);
    if (*ret_days <= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Validity must be greater than zero");
    if (*ret_days > MAX_DAYS)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "a certificate cannot be valid for %ld days", *ret_days);
    return 0;
}

static int check_arguments(mu_kt *kt, struct job *job)
{
    if (!mu_kt_is_set(kt, MU_KT_KEY_ALG))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "The -keyalg option must be specified.");
    if (mu_store_find(kt->store, job->alias))
        return mu_kt_throw(kt, MU_E_DUPLICATE_ALIAS, MU_KT_EXCEPTION, "Key pair not generated, alias <%s> already exists",
                           job->alias);
    return 0;
}

static int load_signer(mu_kt *kt, struct job *job)
{
    const char *signer = mu_kt_get(kt, MU_KT_SIGNER);
    if (!signer)
        return 0;
    if (mu_kt_store_key(kt, signer, mu_kt_get(kt, MU_KT_SIGNER_KEY_PASS), &job->signer_key) != 0)
        return -1;
    job->signer_cert = sk_X509_value(mu_entry_get0_chain(mu_store_find(kt->store, signer)), 0);
    if (!job->signer_cert)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no certificate", signer);
    return 0;
}

/* RFC 5280 4.1.2.2 asks for a positive number; eight random bytes as the JDK takes. */
static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool ok = RAND_bytes(bytes, sizeof bytes) == 1 && (number = BN_bin2bn(bytes, sizeof bytes, NULL)) != NULL &&
              (!BN_is_zero(number) || BN_one(number)) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_extensions(X509 *cert, const STACK_OF(X509_EXTENSION) *list)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
        if (!X509_add_ext(cert, sk_X509_EXTENSION_value(list, i), -1))
            return false;
    return true;
}

/* authorityKeyIdentifier sorts after the other 2.5.29 extensions; only a certificate of a signer has it. */
static bool add_authority_id(X509 *cert, X509 *signer)
{
    const ASN1_OCTET_STRING *id = signer ? X509_get0_subject_key_id(signer) : NULL;
    AUTHORITY_KEYID *aki = id ? AUTHORITY_KEYID_new() : NULL;
    bool ok = !id ||
              (aki && (aki->keyid = ASN1_OCTET_STRING_dup(id)) && X509_add1_ext_i2d(cert, NID_authority_key_identifier, aki, 0, 0));
    AUTHORITY_KEYID_free(aki);
    return ok;
}

static int build(mu_kt *kt, const struct job *job, X509 **ret_cert)
{
    const X509_NAME *issuer = job->signer_cert ? X509_get_subject_name(job->signer_cert) : job->subject;
    X509 *cert = X509_new_ex(kt->libctx, NULL);
    EVP_MD_CTX *ctx = NULL;

    mu_ossl_clear();
    if (mu_kt_signing_begin(kt, &job->signing, job->signer_key ? job->signer_key : job->key, &ctx) != 0)
        goto out;
    if (!cert || !X509_set_version(cert, X509_VERSION_3) || !set_serial(cert) || !X509_set_subject_name(cert, job->subject) ||
        !X509_set_issuer_name(cert, issuer) || !ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)job->start_s) ||
        !ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(job->start_s + job->days * DAY_S)) || !X509_set_pubkey(cert, job->key) ||
        !add_extensions(cert, job->extensions) || !add_authority_id(cert, job->signer_cert) || X509_sign_ctx(cert, ctx) <= 0) {
        mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make the certificate");
        mu_kt_throw_err(kt, "java.security.cert.CertificateException");
        goto out;
    }
    EVP_MD_CTX_free(ctx);
    *ret_cert = cert;
    return 0;
out:
    EVP_MD_CTX_free(ctx);
    X509_free(cert);
    return -1;
}

/* The new certificate, then the signer's chain. */
static int make_chain(mu_kt *kt, struct job *job)
{
    X509 *cert = NULL;
    const STACK_OF(X509) *rest =
        job->signer_cert ? mu_entry_get0_chain(mu_store_find(kt->store, mu_kt_get(kt, MU_KT_SIGNER))) : NULL;

    if (build(kt, job, &cert) != 0)
        return -1;
    job->chain = sk_X509_new_null();
    if (!job->chain || !sk_X509_push(job->chain, cert)) {
        X509_free(cert);
        return mu_fail_nomem(&kt->err);
    }
    for (int i = 0; rest && i < sk_X509_num(rest); i++)
        if (!X509_add_cert(job->chain, sk_X509_value(rest, i), X509_ADD_FLAG_UP_REF))
            return mu_fail_nomem(&kt->err);
    return 0;
}

static void announce(const mu_kt *kt, const struct job *job)
{
    char key[MU_KT_ALGORITHM_MAX];
    mu_kt_key_text(job->key, NULL, key);
    fprintf(stderr, "Generating %s pair and ", key);
    if (job->signer_cert) {
        fprintf(stderr, "a certificate (%s) issued by <", job->signing.name);
        mu_kt_show(stderr, mu_kt_get(kt, MU_KT_SIGNER));
        fputs("> ", stderr);
    } else {
        fprintf(stderr, "self-signed certificate (%s) ", job->signing.name);
    }
    fprintf(stderr, "with a validity of %ld days\n\tfor: ", job->days);
    mu_kt_dname_show(stderr, job->subject);
    fputc('\n', stderr);
}

static int generate(mu_kt *kt, struct job *job)
{
    const char *dname = mu_kt_get(kt, MU_KT_DNAME);

    if (check_arguments(kt, job) != 0 || load_signer(kt, job) != 0 ||
        (dname ? mu_kt_dname_parse(kt, dname, &job->subject) : mu_kt_dname_ask(kt, &job->subject)) != 0 ||
        mu_kt_start_date(kt, mu_kt_get(kt, MU_KT_START_DATE), &job->start_s) != 0 || mu_kt_key_generate(kt, &job->key) != 0 ||
        mu_kt_signing_choose(kt, mu_kt_get(kt, MU_KT_SIG_ALG), job->signer_key ? job->signer_key : job->key, &job->signing) != 0 ||
        mu_kt_ext_build(kt, job->key, &job->extensions) != 0 || make_chain(kt, job) != 0)
        return -1;
    announce(kt, job);
    mu_kt_check_weak(kt, "The generated certificate", sk_X509_value(job->chain, 0), false);
    if (mu_store_set_key(kt->store, job->alias, job->key, job->chain, kt->now_ms, &kt->err) != 0)
        return mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return mu_kt_store_save(kt, "");
}

int mu_kt_genkeypair(mu_kt *kt)
{
    struct job job = {.alias = mu_kt_alias(kt)};
    int rc = parse_days(kt, &job.days);

    if (rc == 0)
        rc = mu_kt_store_open(kt);
    if (rc == 0)
        rc = generate(kt, &job);
    X509_NAME_free(job.subject);
    EVP_PKEY_free(job.key);
    EVP_PKEY_free(job.signer_key);
    sk_X509_EXTENSION_pop_free(job.extensions, X509_EXTENSION_free);
    sk_X509_pop_free(job.chain, X509_free);
    return rc;
}

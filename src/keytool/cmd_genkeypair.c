/* A key pair with a self-signed certificate, or one signed by -signer: version 3, no basicConstraints unless asked for. */
#include "keytool/cert_make.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/ext.h"
#include "keytool/number.h"

#include <stdlib.h>
#include <string.h>

/* What one run makes. */
struct job {
    const char *alias;
    int64_t start_s;
    X509_NAME *subject;
    EVP_PKEY *key, *signer_key;
    X509 *signer_cert; /* borrowed; NULL: the key signs its own */
    STACK_OF(X509_EXTENSION) *extensions;
    mu_kt_signing signing;
    STACK_OF(X509) *chain;
};

static int check_arguments(mu_kt *kt, struct job *job)
{
    if (mu_kt_key_check(kt) != 0)
        return -1;
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
    return mu_kt_signer(kt, signer, mu_kt_get(kt, MU_KT_SIGNER_KEY_PASS), &job->signer_key, &job->signer_cert);
}

/* The new certificate, then the signer's chain. */
static int make_chain(mu_kt *kt, struct job *job)
{
    const mu_kt_new_cert what = {.subject = job->subject,
                                 .key = job->key,
                                 .issuer = job->signer_cert,
                                 .signer_key = job->signer_key,
                                 .signing = job->signing,
                                 .start_s = job->start_s,
                                 .extensions = job->extensions};
    X509 *cert = NULL;
    const STACK_OF(X509) *rest =
        job->signer_cert ? mu_entry_get0_chain(mu_store_find(kt->store, mu_kt_get(kt, MU_KT_SIGNER))) : NULL;

    if (mu_kt_cert_make(kt, &what, &cert) != 0)
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
    char key[MU_KT_ALGORITHM_MAX], days[32];
    mu_kt_key_text(job->key, NULL, key);
    fprintf(stderr, "Generating %s pair and ", key);
    if (job->signer_cert) {
        fprintf(stderr, "a certificate (%s) issued by <", job->signing.name);
        mu_kt_show(stderr, mu_kt_get(kt, MU_KT_SIGNER));
        fputs("> ", stderr);
    } else {
        fprintf(stderr, "self-signed certificate (%s) ", job->signing.name);
    }
    fprintf(stderr, "with a validity of %s days\n\tfor: ", mu_kt_count_text((unsigned long)kt->days, days));
    mu_kt_dname_show(stderr, job->subject);
    fputc('\n', stderr);
}

static int generate(mu_kt *kt, struct job *job)
{
    const char *dname = mu_kt_get(kt, MU_KT_DNAME), *sig_alg = mu_kt_get(kt, MU_KT_SIG_ALG);
    mu_kt_ext_sources from = {0};

    if (check_arguments(kt, job) != 0 || load_signer(kt, job) != 0 || mu_kt_key_known(kt) != 0 ||
        (dname ? mu_kt_dname_parse(kt, dname, &job->subject) : mu_kt_dname_ask(kt, &job->subject)) != 0 ||
        mu_kt_key_generate(kt, &job->key) != 0)
        return -1;
    from.issuer = job->signer_cert;
    if (!job->signer_key)
        EVP_PKEY_up_ref(job->signer_key = job->key);
    if ((!sig_alg && mu_kt_signing_choose(kt, NULL, job->signer_key, &job->signing) != 0) ||
        mu_kt_ext_build(kt, job->key, &from, &job->extensions) != 0 ||
        mu_kt_start_date(kt, mu_kt_get(kt, MU_KT_START_DATE), &job->start_s) != 0 ||
        (sig_alg && mu_kt_signing_choose(kt, sig_alg, job->signer_key, &job->signing) != 0) || make_chain(kt, job) != 0)
        return -1;
    announce(kt, job);
    mu_kt_check_weak_chain(kt, "The generated certificate", job->chain);
    if (mu_store_set_key(kt->store, job->alias, job->key, job->chain, kt->now_ms, &kt->err) != 0)
        return mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return mu_kt_protect_key(kt, job->alias) == 0 ? mu_kt_store_save(kt, "") : -1;
}

int mu_kt_genkeypair(mu_kt *kt)
{
    struct job job = {.alias = mu_kt_alias(kt)};
    int rc = mu_kt_store_open(kt);

    if (rc == 0)
        rc = generate(kt, &job);
    X509_NAME_free(job.subject);
    EVP_PKEY_free(job.key);
    EVP_PKEY_free(job.signer_key);
    sk_X509_EXTENSION_pop_free(job.extensions, X509_EXTENSION_free);
    sk_X509_pop_free(job.chain, X509_free);
    return rc;
}

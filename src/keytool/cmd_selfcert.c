/* A new self-signed certificate for a key, with the extensions of the old one: an old command that the JDK no longer lists. */
#include "keytool/cert_make.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/ext.h"
#include "keytool/print.h"

#include <stdlib.h>

/* What one run makes. */
struct job {
    EVP_PKEY *key;
    X509 *old; /* borrowed */
    X509_NAME *subject;
    STACK_OF(X509_EXTENSION) *extensions;
    X509 *cert;
};

static int make(mu_kt *kt, const char *alias, struct job *job)
{
    const char *dname = mu_kt_get(kt, MU_KT_DNAME);
    mu_kt_new_cert what = {0};
    mu_kt_ext_sources from = {0};

    if (mu_kt_store_key(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &job->key) != 0 ||
        mu_kt_signing_choose(kt, mu_kt_get(kt, MU_KT_SIG_ALG), job->key, &what.signing) != 0)
        return -1;
    job->old = mu_kt_entry_cert(mu_store_find(kt->store, alias));
    if (!job->old)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "%s has no public key", alias);
    from.existing = X509_get0_extensions(job->old);
    if (mu_kt_start_date(kt, mu_kt_get(kt, MU_KT_START_DATE), &what.start_s) != 0 ||
        (dname && mu_kt_dname_parse(kt, dname, &job->subject) != 0) ||
        mu_kt_ext_build(kt, job->key, &from, &job->extensions) != 0)
        return -1;
    what.subject = job->subject ? job->subject : X509_get_subject_name(job->old);
    what.key = what.signer_key = job->key;
    what.extensions = job->extensions;
    return mu_kt_cert_make(kt, &what, &job->cert);
}

static int install(mu_kt *kt, const char *alias, X509 *cert)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    int rc = chain && sk_X509_push(chain, cert) ? 0 : mu_fail_nomem(&kt->err);

    if (rc == 0 && mu_entry_set_chain(mu_store_find(kt->store, alias), chain, kt->now_ms, &kt->err) != 0)
        rc = mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    sk_X509_free(chain);
    return rc;
}

/* Under -v the certificate is told of. */
static int save(mu_kt *kt, const X509 *cert)
{
    char *text = NULL;
    size_t len;
    FILE *memory = mu_kt_is_set(kt, MU_KT_VERBOSE) ? open_memstream(&text, &len) : NULL;
    int rc;

    if (memory) {
        fputs("New certificate (self-signed):\n", memory);
        mu_kt_print_cert(kt, memory, cert);
        fclose(memory);
    }
    rc = mu_kt_store_save(kt, text ? text : "");
    free(text);
    return rc;
}

int mu_kt_selfcert(mu_kt *kt)
{
    const char *alias = mu_kt_alias(kt);
    struct job job = {0};
    int rc = mu_kt_store_open(kt);

    if (rc == 0)
        rc = make(kt, alias, &job);
    if (rc == 0)
        rc = install(kt, alias, job.cert);
    if (rc == 0)
        rc = save(kt, job.cert);
    EVP_PKEY_free(job.key);
    X509_NAME_free(job.subject);
    sk_X509_EXTENSION_pop_free(job.extensions, X509_EXTENSION_free);
    X509_free(job.cert);
    return rc;
}

/* A certificate for somebody else's request, signed by a key of the store, with the signer's chain but for its root. */
#include "base/ossl.h"
#include "keytool/cert_make.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/dname.h"
#include "keytool/ext.h"
#include "keytool/print.h"
#include "keytool/reply.h"

#include <mutual/pki.h>
#include <stdlib.h>
#include <string.h>

/* What one run makes. */
struct job {
    X509_REQ *request;
    X509_NAME *subject; /* -dname; NULL: the request's */
    EVP_PKEY *signer_key;
    X509 *signer_cert; /* borrowed */
    STACK_OF(X509_EXTENSION) *requested, *extensions;
    X509 *cert;
};

/* The JDK reads PEM only, and finds nothing in anything else. */
static int parse_request(mu_kt *kt, const mu_buf *input, X509_REQ **ret)
{
    bool pem = input->len > 0 && memmem(input->data, input->len, "-----BEGIN", 10);
    int rc = pem ? mu_csr_read(kt->libctx, input->data, input->len, ret, &kt->err) : -1;

    if (!pem)
        mu_fail(&kt->err, MU_E_PEM_GARBAGE, "there is no PEM certificate request in the input");
    if (rc == 0)
        return 0;
    mu_code code = mu_err_root(kt->err)->code;
    if (mu_err_has(kt->err, MU_E_SIGNATURE_INVALID))
        return mu_kt_throw(kt, code, "java.security.SignatureException", "Invalid PKCS #10 signature");
    if (code == MU_E_PEM_GARBAGE)
        return mu_kt_throw(kt, code, MU_KT_IO, "Too short");
    return mu_kt_throw(kt, code, "java.io.EOFException", "not enough content");
}

static int make(mu_kt *kt, const mu_buf *input, struct job *job)
{
    const char *alias = mu_kt_alias(kt), *dname = mu_kt_get(kt, MU_KT_DNAME);
    mu_kt_new_cert what = {0};
    mu_kt_ext_sources from = {0};

    if (!mu_kt_store_entry(kt, alias) || mu_kt_start_date(kt, mu_kt_get(kt, MU_KT_START_DATE), &what.start_s) != 0 ||
        mu_kt_signer(kt, alias, mu_kt_get(kt, MU_KT_KEY_PASS), &job->signer_key, &job->signer_cert) != 0 ||
        parse_request(kt, input, &job->request) != 0 || (dname && mu_kt_dname_parse(kt, dname, &job->subject) != 0))
        return -1;
    what.key = X509_REQ_get0_pubkey(job->request);
    from.issuer = job->signer_cert;
    job->requested = X509_REQ_get_extensions(job->request);
    from.requested = sk_X509_EXTENSION_num(job->requested) > 0 ? job->requested : NULL;
    if (mu_kt_ext_build(kt, what.key, &from, &job->extensions) != 0 ||
        mu_kt_signing_choose(kt, mu_kt_get(kt, MU_KT_SIG_ALG), job->signer_key, &what.signing) != 0)
        return -1;
    what.subject = job->subject ? job->subject : X509_REQ_get_subject_name(job->request);
    what.issuer = job->signer_cert;
    what.signer_key = job->signer_key;
    what.extensions = job->extensions;
    return mu_kt_cert_make(kt, &what, &job->cert);
}

static void write_one(const mu_kt *kt, FILE *out, X509 *cert)
{
    if (mu_kt_is_set(kt, MU_KT_RFC))
        mu_kt_print_pem(out, cert);
    else
        mu_kt_print_der(out, cert);
}

static int write_all(mu_kt *kt, const struct job *job)
{
    STACK_OF(X509) *chain = mu_entry_get0_chain(mu_store_find(kt->store, mu_kt_alias(kt)));
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    int rc = -1;

    if (memory) {
        write_one(kt, memory, job->cert);
        for (int i = 0; i < sk_X509_num(chain); i++)
            if (!mu_kt_signed_by(sk_X509_value(chain, i), sk_X509_value(chain, i)))
                write_one(kt, memory, sk_X509_value(chain, i));
        rc = fclose(memory) == 0 ? 0 : -1;
    }
    rc = rc == 0 ? mu_kt_output(kt, mu_kt_get(kt, MU_KT_OUT_FILE), text, len) : mu_fail_nomem(&kt->err);
    free(text);
    return rc;
}

int mu_kt_gencert(mu_kt *kt)
{
    struct job job = {0};
    mu_buf input;
    int rc = mu_kt_store_open(kt);

    mu_buf_init(&input, MU_KT_INPUT_MAX);
    if (rc == 0)
        rc = mu_kt_input(kt, mu_kt_get(kt, MU_KT_IN_FILE), &input);
    if (rc == 0)
        rc = make(kt, &input, &job);
    if (rc == 0)
        rc = write_all(kt, &job);
    if (rc == 0) {
        mu_kt_check_weak_request(kt, "The certificate request", job.request);
        mu_kt_check_weak_chain(kt, "The issuer", mu_entry_get0_chain(mu_store_find(kt->store, mu_kt_alias(kt))));
        mu_kt_check_weak(kt, "The generated certificate", job.cert);
    }
    X509_REQ_free(job.request);
    X509_NAME_free(job.subject);
    EVP_PKEY_free(job.signer_key);
    sk_X509_EXTENSION_pop_free(job.requested, X509_EXTENSION_free);
    sk_X509_EXTENSION_pop_free(job.extensions, X509_EXTENSION_free);
    X509_free(job.cert);
    mu_buf_free(&input);
    return rc;
}

#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/print.h"
#include "keytool/reply.h"

#include <mutual/pki.h>
#include <stdlib.h>
#include <string.h>

/* The whole question: warnings first, so that the answer can take them into account. */
static int ask(mu_kt *kt, const X509 *cert, const char *question, bool *ret_yes)
{
    mu_kt_check_weak(kt, "The input", cert);
    fflush(stdout);
    mu_kt_print_warnings(kt, true);
    return mu_kt_ask_yes(kt, question, ret_yes);
}

static int ask_present(mu_kt *kt, const X509 *cert, const char *where, const char *alias, const char *question, bool *ret_yes)
{
    fprintf(stderr, "Certificate already exists in %s under alias <", where);
    mu_kt_show(stderr, alias);
    fputs(">\n", stderr);
    return ask(kt, cert, question, ret_yes);
}

static int ask_unknown(mu_kt *kt, const X509 *cert, bool *ret_yes)
{
    mu_kt_print_cert(kt, stdout, cert);
    return ask(kt, cert, "Trust this certificate? [no]:  ", ret_yes);
}

/* Is it to be trusted? What is there already, is self-signed or has no chain is the user's to decide. */
static int decide(mu_kt *kt, X509 *cert, bool *ret_yes)
{
    const char *alias = mu_kt_alias_of_cert(kt->store, cert);
    STACK_OF(X509) *chain = NULL;

    if (alias)
        return ask_present(kt, cert, "keystore", alias, "Do you still want to add it? [no]:  ", ret_yes);
    if (mu_kt_signed_by(cert, cert)) {
        alias = mu_kt_alias_of_cert(kt->cacerts, cert);
        if (alias)
            return ask_present(kt, cert, "system-wide CA keystore", alias,
                               "Do you still want to add it to your own keystore? [no]:  ", ret_yes);
        return ask_unknown(kt, cert, ret_yes);
    }
    if (mu_kt_chain_establish(kt, cert, &chain) != 0)
        return -1;
    *ret_yes = chain != NULL;
    sk_X509_pop_free(chain, X509_free);
    return *ret_yes ? 0 : ask_unknown(kt, cert, ret_yes);
}

/* @param ret_done false: the user said no */
static int add_trusted(mu_kt *kt, const char *alias, const mu_buf *input, bool *ret_done)
{
    STACK_OF(X509) *certs = NULL;
    X509 *cert;
    int rc;

    *ret_done = true;
    if (mu_store_find(kt->store, alias))
        return mu_kt_throw(kt, MU_E_DUPLICATE_ALIAS, MU_KT_EXCEPTION, "Certificate not imported, alias <%s> already exists", alias);
    if (input->len == 0 || mu_certs_parse(kt->libctx, input->data, input->len, &certs, &kt->err) != 0 || sk_X509_num(certs) == 0) {
        sk_X509_pop_free(certs, X509_free);
        return mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_EXCEPTION, "Input not an X.509 certificate");
    }
    cert = sk_X509_value(certs, 0);
    if (mu_kt_is_set(kt, MU_KT_NO_PROMPT)) {
        mu_kt_check_weak(kt, "The input", cert);
        rc = 0;
    } else {
        rc = decide(kt, cert, ret_done);
    }
    if (rc == 0 && *ret_done && mu_store_set_trusted(kt->store, alias, cert, kt->now_ms, &kt->err) != 0)
        rc = mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    sk_X509_pop_free(certs, X509_free);
    return rc;
}

static int import(mu_kt *kt, const char *alias, const mu_buf *input)
{
    const mu_entry *entry = mu_store_find(kt->store, alias);
    bool is_reply = entry && mu_entry_get_kind(entry) == MU_ENTRY_KEY, done = false;

    if (entry && mu_entry_get_kind(entry) == MU_ENTRY_SECRET) /* as the JDK: nothing to do, and no word about it */
        return 0;
    if ((is_reply ? mu_kt_reply_install(kt, alias, input->data, input->len, &done) : add_trusted(kt, alias, input, &done)) != 0)
        return -1;
    if (done)
        return mu_kt_store_save(kt, is_reply ? "Certificate reply was installed in keystore\n" : "Certificate was added to keystore\n");
    fputs(is_reply ? "Certificate reply was not installed in keystore\n" : "Certificate was not added to keystore\n", stderr);
    return 0;
}

int mu_kt_importcert(mu_kt *kt)
{
    int rc = mu_kt_store_open(kt);
    mu_buf input;

    mu_buf_init(&input, MU_KT_INPUT_MAX);
    if (rc == 0)
        rc = mu_kt_input(kt, mu_kt_get(kt, MU_KT_FILE), &input);
    if (rc == 0)
        rc = import(kt, mu_kt_alias(kt), &input);
    mu_buf_free(&input);
    return rc;
}

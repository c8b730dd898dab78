/* mutual ca sign: a certificate for a key that somebody else keeps. */
#include "base/file.h"
#include "base/ossl.h"
#include "cli/cli.h"
#include "commands/ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CSR_MAX_BYTES (1u << 20)

struct sign_options {
    mu_ca_leaf_options leaf;
    char *csr, *out;
    bool san_from_csr;
};

static int read_csr(const char *path, X509_REQ **ret_csr, mu_err **err)
{
    mu_buf data;
    mu_buf_init(&data, CSR_MAX_BYTES);
    int rc = mu_file_read(path, CSR_MAX_BYTES, &data, NULL, err);
    if (rc == 0)
        rc = mu_csr_read(NULL, data.data ? data.data : (const uint8_t *)"", data.len, ret_csr, err);
    mu_buf_free(&data);
    return rc;
}

/*
 * The names to certify: --san, and the request's own only on demand, because whoever wrote the request chose them. They go through
 * the same parser, so that nothing but well-formed dns, ip, uri and email names is signed.
 */
static int choose_names(const struct sign_options *o, const GENERAL_NAMES *asked, GENERAL_NAMES **ret_names, mu_err **err)
{
    char *from_csr = o->san_from_csr && asked ? mu_san_text(asked) : NULL;
    const char *san = o->leaf.san ? o->leaf.san : "";
    char *text = mu_asprintf("%s%s%s", san, *san && from_csr ? "," : "", from_csr ? from_csr : "");
    int rc = text ? 0 : mu_fail_nomem(err);
    if (rc == 0 && *text)
        rc = mu_san_parse(text, ret_names, err);
    free(from_csr);
    free(text);
    return rc;
}

/* What the request asked for and does not get: a profile decides all extensions. */
static void tell_dropped(const X509_REQ *csr, const GENERAL_NAMES *asked, bool names_taken)
{
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions((X509_REQ *)csr); /* const from 4.0 */
    for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++) {
        const ASN1_OBJECT *type = X509_EXTENSION_get_object(sk_X509_EXTENSION_value(exts, i));
        char name[80];
        if (OBJ_obj2nid(type) == NID_subject_alt_name)
            continue;
        OBJ_obj2txt(name, sizeof name, type, 0);
        fprintf(stderr, "note: not taken from the request: extension %s (the profile decides)\n", name);
    }
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    mu_ossl_clear();
    char *names = asked && !names_taken ? mu_san_text(asked) : NULL;
    if (names)
        fprintf(stderr, "note: not taken from the request: names %s (--san-from-csr takes them)\n", names);
    free(names);
}

static int sign(const struct sign_options *o, mu_ca **ret_ca, mu_err **err)
{
    mu_ca_request request = {0};
    X509_REQ *csr = NULL;
    GENERAL_NAMES *asked = NULL, *names = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *chain = NULL;
    int rc = -1;

    if (read_csr(o->csr, &csr, err) != 0)
        return -1;
    asked = mu_csr_names(csr);
    if (choose_names(o, asked, &names, err) != 0 || mu_ca_leaf_begin(&o->leaf, ret_ca, &request, err) != 0)
        goto out;
    request.subject = X509_REQ_get_subject_name(csr);
    request.public_key = X509_REQ_get0_pubkey(csr);
    request.names = names;
    if (mu_ca_issue(*ret_ca, &request, &cert, err) != 0) {
        if (asked && !names && mu_err_has(*err, MU_E_SAN_MISSING))
            mu_err_hint(err, "The request has names: take them with --san-from-csr, or give others with --san.");
        goto out;
    }
    tell_dropped(csr, asked, o->san_from_csr);
    if (mu_ca_chain(*ret_ca, cert, &chain, err) == 0 && (rc = mu_ca_write_sent(o->out, chain, err)) == 0)
        mu_ca_leaf_tell(o->out ? stdout : stderr, &request, cert);
out:
    sk_X509_pop_free(chain, X509_free);
    X509_free(cert);
    GENERAL_NAMES_free(names);
    GENERAL_NAMES_free(asked);
    X509_REQ_free(csr);
    return rc;
}

static int run_sign(const mu_command *command, void *options, const mu_strlist *args)
{
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    const struct sign_options *o = options;
    int rc;
    (void)command;
    (void)args;

    if (o->csr)
        rc = sign(o, &ca, &err);
    else
        rc = mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "--csr FILE is missing");
    mu_ca_close(ca);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

static const mu_opt table[] = {
    {"csr", 0, MU_OPT_TEXT, offsetof(struct sign_options, csr), "FILE", "The certificate request (PEM or DER).", 0, 0},
    MU_OPT_CA_LEAF(struct sign_options, MU_CA_SIGN_PROFILES),
    {"san-from-csr", 0, MU_OPT_FLAG, offsetof(struct sign_options, san_from_csr), NULL,
     "Certify the names that the request asks for, in addition to --san.", 0, 0},
    {"out", 'o', MU_OPT_TEXT, offsetof(struct sign_options, out), "FILE",
     "Where to write the certificate, with the intermediates below the root; the default is standard output.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"a server's request",
     "mutual ca sign --csr server.csr --profile server --san dns:server.example,ip:127.0.0.1 --out server.crt"},
    {"a client's", "mutual ca sign --csr client.csr --profile client --days 90 --out client.crt"},
    {"an intermediate's, from another folder or product", "mutual ca sign --csr issuing.csr --profile intermediate --out issuing.crt"},
    {0},
};

const mu_command mu_command_ca_sign = {
    .name = "ca sign",
    .summary = "sign a certificate request",
    .synopsis = "--csr FILE [options]",
    .description = "Takes subject and public key from the request, checks that it is signed with that key, and decides everything "
                   "else itself: extensions by the profile, names by --san. What the request asked for and did not get is said on "
                   "standard error.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct sign_options),
    .run = run_sign,
};

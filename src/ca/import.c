/* Authorities that were made elsewhere, or certified elsewhere for a key made here. One folder holds one hierarchy, under one root.
 */
#include "base/file.h"
#include "base/ossl.h"
#include "base/text.h"
#include "ca/ca_internal.h"

#include <dirent.h>
#include <mutual/keystore.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CSR_MAX_BYTES (1u << 20)

static int fail_usage(const char *what, const char *hint, mu_err **err)
{
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", what);
    return mu_err_hint(err, "%s", hint);
}

/* ---- a request for somebody else to sign ---- */

static int request_pem(mu_ca *ca, const mu_ca_authority_options *options, EVP_PKEY *key, mu_buf *out, mu_err **err)
{
    X509_REQ *csr = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    int rc = bio ? mu_csr_build(ca->libctx, key, options->subject, NULL, &csr, err) : mu_fail_nomem(err);
    if (rc == 0) {
        long len = PEM_write_bio_X509_REQ(bio, csr) ? BIO_get_mem_data(bio, &text) : 0;
        mu_buf_add(out, text, (size_t)len);
        rc = len > 0 && !out->failed ? 0 : mu_fail_nomem(err);
    }
    X509_REQ_free(csr);
    BIO_free(bio);
    return rc;
}

static bool is_waiting(const mu_ca *ca, const char *name)
{
    char *path = mu_ca_path(ca, name, "csr");
    bool waiting = path && access(path, F_OK) == 0;
    free(path);
    return waiting;
}

int mu_ca_check_new_name(const mu_ca *ca, const char *name, mu_err **err)
{
    if (mu_ca_index(ca, name) >= 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has an authority \"%s\" already", name);
    if (!is_waiting(ca, name))
        return 0;
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a request for \"%s\" waits for its certificate", name);
    return mu_err_hint(err, "Import that (mutual ca import), use another name, or remove %s.csr if it will never come.", name);
}

/* The key first: a request whose key is lost would be signed for nothing. */
int mu_ca_make_request(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_authority_options *options, mu_buf *ret_pem, mu_err **err)
{
    mu_ca *ca = NULL;
    EVP_PKEY *key = NULL;
    int rc = -1;

    if (mu_ca_check_options(options, err) != 0 || mu_ca_open_or_make(libctx, dir, &ca, err) != 0)
        return -1;
    if (mu_ca_check_new_name(ca, options->name, err) == 0 && mu_key_generate(libctx, &options->key, &key, err) == 0 &&
        request_pem(ca, options, key, ret_pem, err) == 0 && mu_ca_write_key(ca, options->name, options->password, key, err) == 0)
        rc = mu_ca_write_file(ca, options->name, "csr", false, mu_buf_text(ret_pem), err);
    EVP_PKEY_free(key);
    mu_ca_close(ca);
    return rc;
}

/* ---- what comes in ---- */

/* Does this waiting request have the certificate's key? */
static bool fits(const char *path, const X509 *cert)
{
    mu_buf data;
    X509_REQ *csr = NULL;
    mu_buf_init(&data, CSR_MAX_BYTES);
    bool same = mu_file_read(path, CSR_MAX_BYTES, &data, NULL, NULL) == 0 &&
                mu_csr_read(NULL, data.data, data.len, &csr, NULL) == 0 &&
                EVP_PKEY_eq(X509_REQ_get0_pubkey(csr), X509_get0_pubkey(cert)) == 1;
    X509_REQ_free(csr);
    mu_buf_free(&data);
    return same;
}

/* The name of the request that one of the certificates answers, in new memory; NULL if there is none. */
static char *find_request(const mu_ca *ca, const STACK_OF(X509) *certs, X509 **ret_cert)
{
    DIR *dir = opendir(ca->dir);
    const struct dirent *entry;
    char *name = NULL;
    while (dir && !name && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name);
        char *path = len > 4 && strcmp(entry->d_name + len - 4, ".csr") == 0 ? mu_asprintf("%s/%s", ca->dir, entry->d_name) : NULL;
        for (int i = 0; path && !name && i < sk_X509_num(certs); i++)
            if (fits(path, *ret_cert = sk_X509_value(certs, i)))
                name = mu_strndup(entry->d_name, len - 4);
        free(path);
    }
    if (dir)
        closedir(dir);
    return name;
}

static X509 *cert_of_key(const STACK_OF(X509) *certs, const EVP_PKEY *key)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (mu_key_check_pair(sk_X509_value(certs, i), key, NULL) == 0)
            return sk_X509_value(certs, i);
    return NULL;
}

struct incoming {
    mu_ca *ca;
    const mu_ca_incoming *what;
    X509 *cert; /* of the authority, borrowed */
    char *name;
    bool keyed, waiting;
    STACK_OF(X509) *chain;
};

static int choose(struct incoming *in, mu_err **err)
{
    const mu_ca_incoming *what = in->what;
    in->cert = sk_X509_value(what->certs, 0);
    if (what->key && !(in->cert = cert_of_key(what->certs, what->key)))
        return mu_fail(err, MU_E_KEY_CERT_MISMATCH, "none of the certificates belongs to the private key");
    if (!what->key && (in->name = find_request(in->ca, what->certs, &in->cert)))
        in->waiting = true;
    else if (!what->key)
        in->cert = sk_X509_value(what->certs, 0);
    if (!in->cert)
        return mu_fail(err, MU_E_PEM_GARBAGE, "there is no certificate to import");
    in->keyed = what->key || in->waiting;
    bool root = mu_cert_is_self_signed(in->cert);
    if (!in->name && !(in->name = mu_strdup(root ? "root" : what->name ? what->name : "intermediate")))
        return mu_fail_nomem(err);
    return mu_ca_check_options(&(mu_ca_authority_options){.name = in->name, .password = what->password}, err);
}

static int build_chain(struct incoming *in, mu_err **err)
{
    STACK_OF(X509) *pool = sk_X509_dup(in->what->certs);
    int rc = pool ? 0 : mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < in->ca->count; i++)
        if (!sk_X509_push(pool, in->ca->authorities[i].cert))
            rc = mu_fail_nomem(err);
    if (rc == 0)
        rc = mu_chain_build(in->cert, pool, &in->chain, err);
    sk_X509_free(pool);
    return rc;
}

static int check_chain(const struct incoming *in, mu_err **err)
{
    int count = sk_X509_num(in->chain);
    X509 *top = sk_X509_value(in->chain, count - 1);
    for (int i = 0; i < count; i++)
        if (!mu_cert_is_ca(sk_X509_value(in->chain, i)))
            return mu_fail(err, MU_E_ISSUER_NOT_A_CA, "that certificate is no CA's, so nothing can be issued from it");
    if (!mu_cert_is_self_signed(top)) {
        mu_fail(err, MU_E_CHAIN_MISSING_INTERMEDIATE, "the certificates between this authority and its root are not all there");
        return mu_err_hint(err, "Name the files of all authorities above it too, up to the self-signed root.");
    }
    if (in->ca->count > 0 && X509_cmp(top, mu_ca_root(in->ca)) != 0)
        return fail_usage("it is below another root than the one of this folder", "Give it a folder of its own: --ca DIR", err);
    return 0;
}

static const char *name_of(const mu_ca *ca, const X509 *cert)
{
    for (size_t i = 0; i < ca->count; i++)
        if (X509_cmp(ca->authorities[i].cert, cert) == 0)
            return ca->authorities[i].name;
    return NULL;
}

/* From the root down, so that each issuer has a name before what it issued. */
static int enter_chain(struct incoming *in, mu_err **err)
{
    char *issuer = NULL;
    int rc = 0;
    for (int i = sk_X509_num(in->chain) - 1; rc == 0 && i >= 0; i--) {
        X509 *cert = sk_X509_value(in->chain, i);
        const char *known = name_of(in->ca, cert);
        bool self = X509_cmp(cert, in->cert) == 0;
        char *name = known          ? mu_strdup(known)
                     : self         ? mu_strdup(in->name)
                     : issuer == NULL ? mu_strdup("root")
                                    : mu_asprintf("%s-above-%d", in->name, i);
        char *serial = mu_cert_serial(cert);
        if (!name || !serial)
            rc = mu_fail_nomem(err);
        else if (!known && !(self && in->waiting))
            rc = mu_ca_check_new_name(in->ca, name, err);
        if (rc == 0 && !known && (rc = mu_ca_enter(in->ca, issuer ? issuer : name, cert, name, 0, 0, err)) == 0)
            rc = mu_ledger_add_authority(in->ca->ledger, name, issuer ? issuer : name, serial, !(self && in->keyed), err);
        if (rc == 0 && known && self && in->keyed)
            rc = mu_ledger_set_keyed(in->ca->ledger, name, err);
        free(serial);
        free(issuer);
        issuer = name;
    }
    free(issuer);
    return rc;
}

static int enter(struct incoming *in, mu_err **err)
{
    if (mu_ledger_begin(in->ca->ledger, err) != 0)
        return -1;
    int rc = enter_chain(in, err);
    if (rc == 0)
        rc = mu_ca_import_history(in->ca, in->name, in->cert, in->what, err);
    return mu_ledger_end(in->ca->ledger, rc, err);
}

/* The key is there before its certificate is entered, and the request is taken away last: interrupted anywhere, it can be repeated.
 */
static int take_in(struct incoming *in, mu_err **err)
{
    const char *known = name_of(in->ca, in->cert);
    if (known && strcmp(known, in->name) != 0) {
        free(in->name);
        if (!(in->name = mu_strdup(known)))
            return mu_fail_nomem(err);
    }
    if (known && !in->keyed && !in->what->index && sk_X509_CRL_num(in->what->crls) < 1)
        return fail_usage("this folder has that authority already", "mutual ca list shows all.", err);
    if (!known && !in->waiting && mu_ca_check_new_name(in->ca, in->name, err) != 0) /* a request's key must not be replaced */
        return -1;
    if (in->what->key && !(known && mu_ca_has_key(in->ca, known)) &&
        mu_ca_write_key(in->ca, in->name, in->what->password, in->what->key, err) != 0)
        return -1;
    if (enter(in, err) != 0 || mu_ca_reload(in->ca, err) != 0 || mu_ca_write_certs(in->ca, err) != 0)
        return -1;
    char *path = in->waiting ? mu_ca_path(in->ca, in->name, "csr") : NULL;
    if (path)
        unlink(path);
    free(path);
    return 0;
}

int mu_ca_import(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_incoming *what, mu_ca **ret_ca, char **ret_name, mu_err **err)
{
    struct incoming in = {.what = what};
    int rc = -1;
    if (mu_ca_open_or_make(libctx, dir, &in.ca, err) == 0 && choose(&in, err) == 0 && build_chain(&in, err) == 0 &&
        check_chain(&in, err) == 0)
        rc = take_in(&in, err);
    sk_X509_pop_free(in.chain, X509_free);
    if (rc == 0) {
        mu_ca_unhold(in.ca);
        *ret_ca = in.ca;
        *ret_name = in.name;
        return 0;
    }
    free(in.name);
    mu_ca_close(in.ca);
    return -1;
}

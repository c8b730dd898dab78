#include "ca/outputs_internal.h"

#include "base/text.h"
#include "config/password.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_KEY_ITERATIONS 600000 /* of a PEM key with a password, as for the CA's own keys */
#define PEM_MAX_BYTES (1u << 20)

static int fail_usage(mu_err **err, const char *what)
{
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", what);
}

int mu_ca_outputs_check(const mu_ca_outputs_spec *spec, mu_err **err)
{
    if (!spec->key_store && !spec->certificate_private_key && !spec->certificate)
        return fail_usage(err, "say where the key goes: key-store, or certificate and certificate-private-key");
    if (!spec->certificate != !spec->certificate_private_key)
        return fail_usage(err, "certificate and certificate-private-key belong together");
    if (spec->key_password && !spec->certificate_private_key)
        return fail_usage(err, "key-password is for certificate-private-key; in a store the key has the store's password");
    return 0;
}

/* Claimed first, then read: what was read stays what is there. */
static int claim(const mu_ca_outputs *o, const char *path, size_t *ret_index, mu_err **err)
{
    return o->set ? mu_file_set_claim(o->set, path, ret_index, err) : 0;
}

static int open_store(mu_ca_outputs *o, struct mu_store_output *s, const char *path, const char *type_name, const char *password,
                      mu_err **err)
{
    mu_store_type type = MU_STORE_PKCS12;
    if (!path)
        return 0;
    if ((type_name && mu_store_type_parse(type_name, &type, err) != 0) || claim(o, path, &s->index, err) != 0)
        return -1;
    s->path = path;
    s->existed = access(path, F_OK) == 0;
    if ((type != MU_STORE_PEM || password) &&
        (s->existed ? mu_password_resolve : mu_password_resolve_new)(password, path, &s->password, err) != 0)
        return -1;
    const mu_store_options options = {.type = type_name ? type : MU_STORE_AUTO, .password = s->password.value};
    return s->existed ? mu_store_open(NULL, path, &options, &s->store, err) : mu_store_new(NULL, type, &s->store, err);
}

static int open_pem(mu_ca_outputs *o, struct mu_pem_output *p, const char *path, mu_err **err)
{
    if (!path)
        return 0;
    mu_buf_init_secret(&p->content, PEM_MAX_BYTES + 1);
    p->path = path;
    if (claim(o, path, &p->index, err) != 0)
        return -1;
    return access(path, F_OK) == 0 ? mu_file_read(path, PEM_MAX_BYTES, &p->content, &p->stamp, err) : 0;
}

/* This is the order of the renames too: where a key lies alone comes last, so that an interrupted set shows in its pair. */
static int open_all(mu_ca_outputs *o, mu_err **err)
{
    const mu_ca_outputs_spec *s = o->spec;
    if (open_store(o, &o->key_store, s->key_store, s->key_store_type, s->key_store_password, err) != 0 ||
        open_store(o, &o->trust_store, s->trust_store, s->trust_store_type, s->trust_store_password, err) != 0 ||
        open_pem(o, &o->trust_certificate, s->trust_certificate, err) != 0 ||
        open_pem(o, &o->certificate, s->certificate, err) != 0 ||
        open_pem(o, &o->private_key, s->certificate_private_key, err) != 0)
        return -1;
    if (!s->key_password)
        return 0;
    return (o->private_key.stamp.exists ? mu_password_resolve : mu_password_resolve_new)(
        s->key_password, s->certificate_private_key, &o->key_password, err);
}

int mu_ca_outputs_open(const mu_ca *ca, const mu_ca_outputs_spec *spec, bool claim_files, mu_ca_outputs **ret_outputs, mu_err **err)
{
    mu_ca_outputs *o = calloc(1, sizeof *o);
    int rc = -1;
    if (!o || (claim_files && !(o->set = mu_file_set_new()))) {
        free(o);
        return mu_fail_nomem(err);
    }
    o->spec = spec;
    o->anchor_alias = spec->trust_authority ? spec->trust_authority : "root";
    if (!(o->anchor = mu_ca_find(ca, o->anchor_alias)))
        fail_usage(err, "trust-authority names no authority of this CA");
    else if (mu_ca_outputs_check(spec, err) == 0 && (rc = open_all(o, err)) == 0)
        *ret_outputs = o;
    if (rc != 0)
        mu_ca_outputs_free(o);
    return rc;
}

static void store_done(struct mu_store_output *s)
{
    mu_store_free(s->store);
    mu_secret_clear(&s->password);
}

void mu_ca_outputs_free(mu_ca_outputs *o)
{
    if (!o)
        return;
    store_done(&o->key_store);
    store_done(&o->trust_store);
    mu_buf_free(&o->certificate.content);
    mu_buf_free(&o->private_key.content);
    mu_buf_free(&o->trust_certificate.content);
    mu_secret_clear(&o->key_password);
    sk_X509_pop_free(o->pem_certs, X509_free);
    EVP_PKEY_free(o->pem_key);
    mu_file_set_free(o->set);
    free(o);
}

static int fail_taken(const char *alias, const char *path, mu_err **err)
{
    char shown_alias[MU_SHOWN_SIZE], shown_path[MU_SHOWN_SIZE];
    return mu_fail(err, MU_E_DUPLICATE_ALIAS, "\"%s\" has an entry \"%s\" already", mu_escape_to(shown_path, path),
                   mu_escape_to(shown_alias, alias));
}

int mu_ca_outputs_require_new(mu_ca_outputs *o, mu_err **err)
{
    o->adds = true;
    if (o->key_store.store && mu_store_find(o->key_store.store, o->spec->alias))
        return fail_taken(o->spec->alias, o->key_store.path, err);
    if (o->trust_store.store && mu_store_find(o->trust_store.store, o->anchor_alias) && !mu_ca_outputs_trusts(o))
        return fail_taken(o->anchor_alias, o->trust_store.path, err);
    return o->private_key.stamp.exists ? fail_usage(err, "the file for the private key exists already") : 0;
}

/* ---- writing ---- */

static int write_store(mu_ca_outputs *o, struct mu_store_output *s, mu_err **err)
{
    const mu_store_write_options options = {.password = s->password.value};
    return mu_store_save_in(s->store, o->set, s->index, &options, err);
}

/* Takes the PEM text. */
static int write_pem(mu_ca_outputs *o, const struct mu_pem_output *p, char *pem, bool secret, mu_err **err)
{
    const mu_file_replace_options options = {.new_mode = mu_file_mode(secret), .stamp = &p->stamp};
    int rc = mu_file_set_write(o->set, p->index, pem, strlen(pem), &options, err);
    OPENSSL_clear_free(pem, strlen(pem));
    return rc;
}

static int write_pems(mu_ca_outputs *o, EVP_PKEY *key, const STACK_OF(X509) *chain, mu_err **err)
{
    char *pem;
    if (o->trust_certificate.path &&
        (mu_cert_pem(o->anchor, &pem, err) != 0 || write_pem(o, &o->trust_certificate, pem, false, err) != 0))
        return -1;
    if (o->certificate.path &&
        (mu_ca_sent_pem(chain, &pem, err) != 0 || write_pem(o, &o->certificate, pem, false, err) != 0))
        return -1;
    return o->private_key.path && (mu_key_pem(NULL, key, o->key_password.value, PEM_KEY_ITERATIONS, &pem, err) != 0 ||
                                   write_pem(o, &o->private_key, pem, true, err) != 0)
               ? -1
               : 0;
}

static int write_all(mu_ca_outputs *o, EVP_PKEY *key, STACK_OF(X509) *chain, int64_t now_s, mu_err **err)
{
    const mu_entry *entry = o->adds ? NULL : mu_ca_outputs_entry(o);
    const char *alias = entry ? mu_entry_alias(entry) : o->spec->alias;
    if (o->key_store.store && (mu_store_set_key(o->key_store.store, alias, key, chain, now_s * 1000, err) != 0 ||
                               write_store(o, &o->key_store, err) != 0))
        return -1;
    if (o->trust_store.store && !mu_ca_outputs_trusts(o) &&
        (mu_store_set_trusted(o->trust_store.store, o->anchor_alias, o->anchor, now_s * 1000, err) != 0 ||
         write_store(o, &o->trust_store, err) != 0))
        return -1;
    return write_pems(o, key, chain, err);
}

struct delivery {
    mu_ca *ca;
    const mu_ca_request *request;
    mu_ca_outputs *outputs;
};

static int write_issued(void *arg, X509 *cert, mu_err **err)
{
    const struct delivery *d = arg;
    STACK_OF(X509) *chain = NULL;
    int rc = mu_ca_chain(d->ca, cert, &chain, err);
    if (rc == 0)
        rc = write_all(d->outputs, d->request->public_key, chain, d->request->now_s, err);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

int mu_ca_deliver(mu_ca *ca, const mu_ca_request *request, mu_ca_outputs *o, X509 **ret_cert, mu_err **err)
{
    struct delivery delivery = {ca, request, o};
    mu_ca_request with_files = *request;
    mu_err *reason = NULL;
    X509 *cert = NULL;

    with_files.before_confirm = write_issued;
    with_files.arg = &delivery;
    if (mu_ca_issue(ca, &with_files, &cert, err) != 0)
        return -1;
    if (mu_file_set_commit(o->set, &reason) == 0) {
        *ret_cert = cert;
        return 0;
    }
    /* Between a check of all files and a rename: somebody who takes no locks, or the disk. */
    char *serial = mu_cert_serial(cert);
    mu_code code = reason->code;
    mu_err_pass(err, reason);
    mu_wrap(err, code, "certificate %s is in the ledger, but its files are not all in place", serial ? serial : "?");
    free(serial);
    X509_free(cert);
    return -1;
}

int mu_ca_redeliver(mu_ca_outputs *o, EVP_PKEY *key, STACK_OF(X509) *chain, int64_t now_s, mu_err **err)
{
    return write_all(o, key, chain, now_s, err) != 0 || mu_file_set_commit(o->set, err) != 0 ? -1 : 0;
}

/* mutual ca import */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/cert_files.h"
#include "config/password.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX_MAX_BYTES (256u << 20)

struct import_options {
    char *ca, *ca_password, *name, *key_password, *index, *certificates, *crl_number;
    mu_strlist crl;
    bool no_encryption;
};

struct reading {
    const struct import_options *o;
    mu_ca_incoming in;
    STACK_OF(X509) *certs;
    EVP_PKEY *key;
    mu_buf index;
    char *beside; /* the certificates' folder, if it was found */
};

static int add_certs(struct reading *r, STACK_OF(X509) *more, mu_err **err)
{
    return X509_add_certs(r->certs, more, X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP) == 1 ? 0 : mu_fail_nomem(err);
}

static int take_key(struct reading *r, mu_entry *entry, const char *path, mu_err **err)
{
    mu_secret password = {0};
    mu_err *first = NULL;
    if (r->key)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is more than one private key in these files");
    int rc = mu_entry_get1_key(entry, NULL, &r->key, &first);
    if (rc != 0 && !mu_password_is_wanted(first))
        return mu_err_pass(err, first);
    mu_err_free(first);
    if (rc != 0 && (rc = mu_password_resolve(r->o->key_password, path, &password, err)) == 0)
        rc = mu_entry_get1_key(entry, password.value, &r->key, err);
    mu_secret_clear(&password);
    return rc;
}

static int open_store(const struct reading *r, const char *path, mu_store **ret_store, mu_err **err)
{
    mu_store_options options = {0};
    mu_secret password = {0};
    int rc = mu_store_open(NULL, path, &options, ret_store, err);
    if (rc != 0 || mu_store_get_type(*ret_store) == MU_STORE_PEM)
        return rc;
    mu_store_free(*ret_store); /* again with a password: without one a store's content is neither complete nor checked */
    *ret_store = NULL;
    if ((rc = mu_password_resolve(r->o->key_password, path, &password, err)) == 0) {
        options.password = password.value;
        rc = mu_store_open(NULL, path, &options, ret_store, err);
    }
    mu_secret_clear(&password);
    return rc;
}

static int read_file(struct reading *r, const char *path, mu_err **err)
{
    mu_store *store = NULL;
    int rc = open_store(r, path, &store, err);
    for (size_t i = 0; rc == 0 && i < mu_store_count(store); i++) {
        mu_entry *entry = mu_store_entry(store, i);
        if (mu_entry_get_kind(entry) == MU_ENTRY_KEY)
            rc = take_key(r, entry, path, err);
        if (rc == 0 && mu_entry_get_kind(entry) != MU_ENTRY_SECRET)
            rc = add_certs(r, mu_entry_get0_chain(entry), err);
    }
    if (rc == 0)
        rc = add_certs(r, mu_store_get0_loose_certs(store), err);
    mu_store_free(store);
    return rc;
}

/* "crlnumber" and "newcerts" as openssl ca has them, "certs_by_serial" as easy-rsa. New memory; NULL if it is not there. */
static char *find_beside(const char *index, const char *name)
{
    const char *slash = strrchr(index, '/');
    char *path = mu_asprintf("%.*s%s", slash ? (int)(slash - index + 1) : 0, index, name);
    if (path && access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* The file holds the next number, in hex. */
static int read_crl_number(struct reading *r, const char *path, mu_err **err)
{
    char shown[MU_SHOWN_SIZE], *end;
    mu_buf text;
    mu_buf_init(&text, 64);
    int rc = mu_file_read(path, 64, &text, NULL, err);
    long long next = rc == 0 ? strtoll(mu_buf_text(&text), &end, 16) : 0;
    if (rc == 0 && (next < 1 || end == mu_buf_text(&text) || end[strspn(end, " \r\n")] != '\0' || next == INT64_MAX)) {
        mu_fail(err, MU_E_STORE_DAMAGED, "\"%s\" holds no CRL number", mu_escape_to(shown, path));
        rc = mu_err_hint(err, "It is a hexadecimal number on a line of its own, at most 7ffffffffffffffe.");
    }
    r->in.crl_number = next - 1;
    mu_buf_free(&text);
    return rc;
}

static int read_index(struct reading *r, mu_err **err)
{
    const struct import_options *o = r->o;
    if (mu_file_read(o->index, INDEX_MAX_BYTES, &r->index, NULL, err) != 0)
        return -1;
    r->in.index = mu_buf_text(&r->index);
    r->in.index_path = o->index;
    if (!o->certificates && !(r->beside = find_beside(o->index, "newcerts")))
        r->beside = find_beside(o->index, "certs_by_serial");
    r->in.certs_dir = o->certificates ? o->certificates : r->beside;
    char *number = o->crl_number ? NULL : find_beside(o->index, "crlnumber");
    int rc = number ? read_crl_number(r, number, err) : 0;
    free(number);
    return rc;
}

static int read_all(struct reading *r, const mu_strlist *args, mu_err **err)
{
    const struct import_options *o = r->o;
    if (!r->certs || !r->in.crls)
        return mu_fail_nomem(err);
    if (o->certificates && !o->index)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--certificates goes with --index");
    for (size_t i = 0; i < args->count; i++)
        if (read_file(r, args->items[i], err) != 0)
            return -1;
    for (size_t i = 0; i < o->crl.count; i++)
        if (mu_crl_files_read(NULL, o->crl.items[i], r->in.crls, err) != 0)
            return -1;
    return (o->index && read_index(r, err) != 0) || (o->crl_number && read_crl_number(r, o->crl_number, err) != 0) ? -1 : 0;
}

static void tell(const mu_ca *ca, const char *name)
{
    char *subject = mu_name_text(X509_get_subject_name(mu_ca_find(ca, name)));
    int64_t number = 0;
    mu_ledger_crl_number(mu_ca_ledger(ca), name, &number, NULL);
    printf("%s: %s\n  private key  %s\n  next CRL     %lld\n", name, subject ? subject : "?",
           mu_ca_has_key(ca, name) ? "here" : "stays elsewhere", (long long)number + 1);
    free(subject);
}

static int import(struct reading *r, const mu_strlist *args, mu_ca **ret_ca, mu_err **err)
{
    const char *dir = r->o->ca ? r->o->ca : MU_CA_DEFAULT_DIR;
    mu_secret password = {0};
    char *name = NULL;
    int rc = read_all(r, args, err);
    if (rc == 0 && r->key)
        rc = mu_ca_command_key_password(dir, r->o->ca_password, r->o->no_encryption, &password, err);
    r->in.certs = r->certs;
    r->in.key = r->key;
    r->in.name = r->o->name;
    r->in.password = password.value;
    r->in.now_s = mu_now_s();
    if (rc == 0 && (rc = mu_ca_import(NULL, dir, &r->in, ret_ca, &name, err)) == 0)
        tell(*ret_ca, name);
    free(name);
    mu_secret_clear(&password);
    return rc;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct reading r = {.o = options, .certs = sk_X509_new_null(), .in = {.crls = sk_X509_CRL_new_null()}};
    mu_ca *ca = NULL;
    mu_err *err = NULL;
    (void)command;

    mu_buf_init(&r.index, INDEX_MAX_BYTES);
    int rc = import(&r, args, &ca, &err);
    mu_ca_close(ca);
    mu_buf_free(&r.index);
    free(r.beside);
    EVP_PKEY_free(r.key);
    sk_X509_pop_free(r.certs, X509_free);
    sk_X509_CRL_pop_free(r.in.crls, X509_CRL_free);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

#define AT(field) offsetof(struct import_options, field)
static const mu_opt table[] = {
    MU_OPT_CA_DIR(struct import_options, ca),
    {"name", 0, MU_OPT_TEXT, AT(name), "NAME", "What an intermediate is called in this folder; the default is intermediate.", 0, 0},
    {"key-password", 0, MU_OPT_SECRET, AT(key_password), "P", "Password of the store or key that is read: " MU_OPT_PASSWORD_FORMS, 0, 0},
    {"index", 0, MU_OPT_TEXT, AT(index), "FILE",
     "OpenSSL's index.txt, also easy-rsa's: serials and revocations; crlnumber beside it counts.", 0, 0},
    {"certificates", 0, MU_OPT_TEXT, AT(certificates), "DIR",
     "Where the index's certificates SERIAL.pem are; the default is newcerts or certs_by_serial beside it.", 0, 0},
    {"crl", 0, MU_OPT_LIST, AT(crl), "FILE|DIR", "Published lists: their revocations and number. May be repeated.", 0, 0},
    {"crl-number", 0, MU_OPT_TEXT, AT(crl_number), "FILE", "OpenSSL's crlnumber: the next number, in hex.", 0, 0},
    MU_OPT_CA_PASSWORD(struct import_options, ca_password),
    {"no-encryption", 0, MU_OPT_FLAG, AT(no_encryption), NULL, "Store the private key unencrypted.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"the certificate for a request of ours (mutual ca intermediate --csr)", "mutual ca import issuing.crt root.crt"},
    {"a CA made with openssl ca", "mutual ca import demoCA/cacert.pem demoCA/private/cakey.pem --index demoCA/index.txt"},
    {"easy-rsa's", "mutual ca import pki/ca.crt pki/private/ca.key --index pki/index.txt --crl pki/crl.pem"},
    {"from PKCS12", "mutual ca import ca.p12 --key-password file:p12.pass"},
    {0},
};

const mu_command mu_command_ca_import = {
    .name = "ca import",
    .summary = "take over an authority from elsewhere, or the certificate for a request",
    .synopsis = "FILE… [options]",
    .description =
        "Reads certificates and at most one private key from PEM, DER or PKCS12 files. With a key the authority is taken over, into "
        "a new folder or an existing one; without one, the certificate is that of a request made by mutual ca intermediate --csr, or "
        "of an authority whose key stays elsewhere. All certificates up to the root have to be there; a folder has one root.\n\n"
        "With --index or --crl the lists of this CA go on where the former ones ended. All is taken over, or nothing.",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct import_options),
    .min_args = 1,
    .max_args = -1,
    .run = run,
};

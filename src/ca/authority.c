/* Making authorities: the root of a new folder, and intermediates below it. */
#include "base/file.h"
#include "base/text.h"
#include "ca/ca_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_dir(const char *dir, int errnum, const char *doing, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    return mu_fail_errno(err, mu_file_write_code(errnum), errnum, "cannot %s \"%s\"", doing, mu_escape_to(shown, dir));
}

/* There is a ledger: of a CA, or of one that somebody began, which mu_ca_open tells apart. */
static int fail_existing(const char *dir, mu_err **err)
{
    mu_ca *ca = NULL;
    mu_err *why = NULL;
    char shown[MU_SHOWN_SIZE];
    if (mu_ca_open(NULL, dir, &ca, &why) != 0 && why->code == MU_E_STORE_NOT_FOUND)
        return mu_err_pass(err, why);
    mu_err_free(why);
    mu_ca_close(ca);
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is a CA in \"%s\" already", mu_escape_to(shown, dir));
    return mu_err_hint(err, "Name another folder with --ca.");
}

static int require_empty(const char *dir, mu_err **err)
{
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    bool has_ledger = false, empty = true;
    char shown[MU_SHOWN_SIZE];

    if (!stream)
        return fail_dir(dir, errno, "read the folder", err);
    while ((entry = readdir(stream))) {
        empty = empty && entry->d_name[0] == '.';
        has_ledger = has_ledger || strcmp(entry->d_name, "ledger.db") == 0;
    }
    closedir(stream);
    if (empty || has_ledger)
        return empty ? 0 : fail_existing(dir, err);
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "the folder \"%s\" is not empty", mu_escape_to(shown, dir));
    return mu_err_hint(err, "Name another folder with --ca.");
}

/* One process at a time makes authorities in a folder: names and key files belong together. The lock ends with the descriptor. */
int mu_ca_hold(mu_ca *ca, mu_err **err)
{
    int fd = open(ca->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_dir(ca->dir, errno, "open the folder", err);
    if (flock(fd, LOCK_EX) != 0) {
        close(fd);
        return fail_dir(ca->dir, errno, "lock the folder", err);
    }
    ca->lock_fd = fd;
    return 0;
}

void mu_ca_unhold(mu_ca *ca)
{
    if (ca->lock_fd >= 0)
        close(ca->lock_fd);
    ca->lock_fd = -1;
}

/* mkdir obeys the umask, so the mode is set afterwards; a folder that was there before was empty and becomes ours. */
static int make_dir(mu_ca *ca, mu_err **err)
{
    if (mkdir(ca->dir, 0700) != 0 && errno != EEXIST)
        return fail_dir(ca->dir, errno, "make the folder", err);
    if (mu_ca_hold(ca, err) != 0 || require_empty(ca->dir, err) != 0)
        return -1;
    return fchmod(ca->lock_fd, 0700) == 0 ? 0 : fail_dir(ca->dir, errno, "set the mode of the folder", err);
}

int mu_ca_check_options(const mu_ca_authority_options *options, mu_err **err)
{
    const char *c = options->name;
    while (isalnum((unsigned char)*c) || *c == '-' || *c == '_' || (*c == '.' && c > options->name))
        c++;
    if (*c || c == options->name || c - options->name > 64) {
        mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "an authority's name has 1 to 64 letters, digits, \".\", \"-\" and \"_\"");
        return mu_err_hint(err, "It becomes a file name: NAME.crt and NAME.key.");
    }
    if (options->password && *options->password == '\0')
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "an empty passphrase protects nothing");
    return 0;
}

/* Replaces what an interrupted attempt left: no certificate was ever issued for it, or the name would be in the ledger. */
int mu_ca_write_file(const mu_ca *ca, const char *name, const char *suffix, bool secret, const char *text, mu_err **err)
{
    char *path = mu_ca_path(ca, name, suffix);
    const mu_file_replace_options options = {.new_mode = mu_file_mode(secret)};
    int rc = path ? mu_file_replace(path, text, strlen(text), &options, err) : mu_fail_nomem(err);
    free(path);
    return rc;
}

int mu_ca_write_key(const mu_ca *ca, const char *name, const char *password, EVP_PKEY *key, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_key_pem(ca->libctx, key, password, MU_CA_KEY_ITERATIONS, &pem, err);
    if (rc == 0)
        rc = mu_ca_write_file(ca, name, "key", true, pem, err);
    OPENSSL_clear_free(pem, pem ? strlen(pem) : 0);
    return rc;
}

static int write_cert(const mu_ca *ca, const char *name, X509 *cert, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_cert_pem(cert, &pem, err);
    if (rc == 0)
        rc = mu_ca_write_file(ca, name, "crt", false, pem, err);
    OPENSSL_free(pem);
    return rc;
}

int mu_ca_write_certs(const mu_ca *ca, mu_err **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ca->count; i++) {
        char *path = mu_ca_path(ca, ca->authorities[i].name, "crt");
        if (!path)
            rc = mu_fail_nomem(err);
        else if (access(path, F_OK) != 0)
            rc = write_cert(ca, ca->authorities[i].name, ca->authorities[i].cert, err);
        free(path);
    }
    return rc;
}

/* The key is on the disk before its certificate can exist. spec needs profile, issuer, issuer_key (NULL both: self-signed). */
static int make_authority(mu_ca *ca, const mu_ca_authority_options *options, mu_cert_spec *spec, const char *issuer, mu_err **err)
{
    const mu_ca_request request = {.issuer = issuer, .alias = options->name, .now_s = options->now_s};
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    int rc = -1;

    if (mu_key_generate(ca->libctx, &options->key, &key, err) != 0)
        return -1;
    spec->subject = options->subject;
    spec->public_key = key;
    spec->not_after_s = options->now_s + (int64_t)options->days * 86400;
    spec->pathlen = -1;
    if (!spec->issuer)
        spec->issuer_key = key;
    if (mu_ca_write_key(ca, options->name, options->password, key, err) != 0 ||
        mu_ca_certify(ca, &request, spec->issuer_key, spec, options->name, &cert, err) != 0 ||
        mu_ca_reload(ca, err) != 0 || mu_ca_write_certs(ca, err) != 0)
        goto out;
    ca->keys[ca->count - 1] = key;
    key = NULL;
    rc = 0;
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

int mu_ca_open_or_make(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, mu_err **err)
{
    mu_ca *ca = NULL;
    char *path = NULL;
    int rc = mu_ca_new(libctx, dir, &ca, &path, err);

    if (rc == 0 && access(path, F_OK) != 0 && errno == ENOENT)
        rc = make_dir(ca, err) == 0 ? mu_ledger_create(path, &ca->ledger, err) : -1;
    else if (rc == 0)
        rc = mu_ledger_open(path, &ca->ledger, err) == 0 && mu_ca_hold(ca, err) == 0 ? mu_ca_reload(ca, err) : -1;
    free(path);
    if (rc == 0)
        *ret_ca = ca;
    else
        mu_ca_close(ca);
    return rc;
}

int mu_ca_init(OSSL_LIB_CTX *libctx, const char *dir, const mu_ca_authority_options *options, mu_ca **ret_ca, mu_err **err)
{
    mu_cert_spec spec = {.profile = MU_PROFILE_ROOT, .not_before_s = options->now_s - MU_CA_BACKDATE_S};
    mu_ca *ca = NULL;
    char *path = NULL;
    int rc = -1;

    if (mu_ca_check_options(options, err) != 0 || mu_ca_new(libctx, dir, &ca, &path, err) != 0)
        return -1;
    if (make_dir(ca, err) != 0 || mu_ledger_create(path, &ca->ledger, err) != 0 ||
        make_authority(ca, options, &spec, options->name, err) != 0)
        goto out;
    mu_ca_unhold(ca);
    *ret_ca = ca;
    ca = NULL;
    rc = 0;
out:
    free(path);
    mu_ca_close(ca);
    return rc;
}

int mu_ca_add_intermediate(mu_ca *ca, const mu_ca_authority_options *options, bool client_only, mu_err **err)
{
    mu_cert_spec spec = {.profile = client_only ? MU_PROFILE_CLIENT_INTERMEDIATE : MU_PROFILE_INTERMEDIATE};
    int rc = -1;

    if (mu_ca_check_options(options, err) != 0)
        return -1;
    if (!ca->keys[0])
        return mu_fail(err, MU_E_PEM_KEY_ENCRYPTED, "the key of the root has not been unlocked");
    if (mu_ca_hold(ca, err) != 0 || mu_ca_reload(ca, err) != 0)
        goto out;
    if (mu_ca_check_new_name(ca, options->name, err) != 0)
        goto out;
    spec.issuer = mu_ca_root(ca);
    spec.issuer_key = ca->keys[0];
    spec.not_before_s = mu_ca_start_s(spec.issuer, options->now_s);
    rc = make_authority(ca, options, &spec, ca->authorities[0].name, err);
out:
    mu_ca_unhold(ca);
    return rc;
}

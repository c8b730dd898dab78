/* The folder: opening it, and the keys in it. */
#include "base/file.h"
#include "base/text.h"
#include "ca/ca_internal.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX (64u << 10)

char *mu_ca_path(const mu_ca *ca, const char *name, const char *suffix)
{
    return mu_asprintf("%s/%s.%s", ca->dir, name, suffix);
}

int mu_ca_index(const mu_ca *ca, const char *name)
{
    for (size_t i = 0; i < ca->count; i++)
        if (strcmp(ca->authorities[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void free_authorities(mu_ledger_authority *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mu_ledger_authority_done(&list[i]);
    free(list);
}

int mu_ca_reload(mu_ca *ca, mu_err **err)
{
    mu_ledger_authority *list = NULL;
    size_t count = 0;
    if (mu_ledger_authorities(ca->ledger, ca->libctx, &list, &count, err) != 0)
        return -1;
    /* Authorities are only ever added, at the end: what was unlocked keeps its place. */
    EVP_PKEY **keys = realloc(ca->keys, (count ? count : 1) * sizeof *keys);
    if (!keys) {
        free_authorities(list, count);
        return mu_fail_nomem(err);
    }
    for (size_t i = ca->count; i < count; i++)
        keys[i] = NULL;
    free_authorities(ca->authorities, ca->count);
    ca->keys = keys;
    ca->authorities = list;
    ca->count = count;
    return 0;
}

int mu_ca_new(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, char **ret_ledger_path, mu_err **err)
{
    mu_ca *ca = calloc(1, sizeof *ca);
    char *path = NULL;

    if (ca) {
        ca->libctx = libctx;
        ca->lock_fd = -1;
        if ((ca->dir = mu_strdup(dir)))
            path = mu_ca_path(ca, "ledger", "db");
    }
    if (!path) {
        mu_ca_close(ca);
        return mu_fail_nomem(err);
    }
    *ret_ca = ca;
    *ret_ledger_path = path;
    return 0;
}

int mu_ca_open(OSSL_LIB_CTX *libctx, const char *dir, mu_ca **ret_ca, mu_err **err)
{
    mu_ca *ca = NULL;
    char *path = NULL;
    int rc = -1;

    if (mu_ca_new(libctx, dir, &ca, &path, err) != 0)
        return -1;
    if (mu_ledger_open(path, &ca->ledger, err) != 0 || mu_ca_reload(ca, err) != 0)
        goto out;
    if (ca->count == 0) {
        char shown[MU_SHOWN_SIZE];
        mu_fail(err, MU_E_STORE_NOT_FOUND, "the CA in \"%s\" is not finished: it has no root", mu_escape_to(shown, dir));
        mu_err_hint(err, "If a request from it is being signed elsewhere: mutual ca import the certificate and its root. "
                         MU_LEDGER_UNFINISHED_HINT);
        goto out;
    }
    mu_ca_write_certs(ca, NULL); /* copies for people: who cannot write may still read */
    *ret_ca = ca;
    ca = NULL;
    rc = 0;
out:
    free(path);
    mu_ca_close(ca);
    return rc;
}

void mu_ca_close(mu_ca *ca)
{
    if (!ca)
        return;
    for (size_t i = 0; i < ca->count; i++)
        EVP_PKEY_free(ca->keys[i]);
    free(ca->keys);
    free_authorities(ca->authorities, ca->count);
    mu_ledger_close(ca->ledger);
    if (ca->lock_fd >= 0)
        close(ca->lock_fd);
    free(ca->dir);
    free(ca);
}

X509 *mu_ca_root(const mu_ca *ca)
{
    return ca->authorities[0].cert;
}

X509 *mu_ca_find(const mu_ca *ca, const char *name)
{
    int i = mu_ca_index(ca, name);
    return i < 0 ? NULL : ca->authorities[i].cert;
}

const mu_ledger_authority *mu_ca_authority(const mu_ca *ca, size_t index)
{
    return index < ca->count ? &ca->authorities[index] : NULL;
}

EVP_PKEY *mu_ca_key(const mu_ca *ca, const char *authority)
{
    int i = mu_ca_index(ca, authority);
    return i < 0 ? NULL : ca->keys[i];
}

bool mu_ca_has_key(const mu_ca *ca, const char *authority)
{
    int i = mu_ca_index(ca, authority);
    char *path = i >= 0 && !ca->keys[i] ? mu_ca_path(ca, authority, "key") : NULL;
    bool has = i >= 0 && (ca->keys[i] || (path && access(path, F_OK) == 0));
    free(path);
    return has;
}

mu_ledger *mu_ca_ledger(const mu_ca *ca)
{
    return ca->ledger;
}

/* Authorities are issued by the root alone: ours have path length 0. */
static bool may_issue(const mu_ledger_authority *authority, mu_profile profile, int64_t now_s)
{
    if (authority->keyless || authority->revoked || profile == MU_PROFILE_INTERMEDIATE || profile == MU_PROFILE_CLIENT_INTERMEDIATE)
        return false;
    bool fits = authority->profile == MU_PROFILE_INTERMEDIATE ||
                (authority->profile == MU_PROFILE_CLIENT_INTERMEDIATE && profile == MU_PROFILE_CLIENT);
    return fits && mu_cert_not_before_s(authority->cert) <= now_s && now_s < mu_cert_not_after_s(authority->cert);
}

int mu_ca_choose_issuer(const mu_ca *ca, const char *wanted, mu_profile profile, int64_t now_s, const char **ret_name, mu_err **err)
{
    size_t chosen = 0;
    if (wanted) {
        int i = mu_ca_index(ca, wanted);
        if (i < 0) {
            char shown[MU_SHOWN_SIZE];
            mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no authority \"%s\"", mu_escape_to(shown, wanted));
            return mu_err_hint(err, "mutual ca list shows them.");
        }
        chosen = (size_t)i;
    } else {
        for (size_t i = ca->count; i-- > 1 && chosen == 0;)
            if (may_issue(&ca->authorities[i], profile, now_s))
                chosen = i;
    }
    *ret_name = ca->authorities[chosen].name;
    return 0;
}

/* ---- keys ---- */

static int read_key_file(const mu_ca *ca, const char *authority, mu_buf *out, mu_err **err)
{
    char *path = mu_ca_path(ca, authority, "key");
    int rc = path ? mu_file_read(path, KEY_FILE_MAX, out, NULL, err) : mu_fail_nomem(err);
    free(path);
    return rc;
}

static bool is_encrypted(const mu_buf *pem)
{
    return strstr(mu_buf_text(pem), "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL;
}

int mu_ca_is_locked(const mu_ca *ca, const char *authority, bool *ret_locked, mu_err **err)
{
    mu_buf pem;
    int i = mu_ca_index(ca, authority), rc = 0;
    bool locked = false;

    if (i < 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no such authority");
    mu_buf_init_secret(&pem, KEY_FILE_MAX + 1);
    if (!ca->keys[i] && (rc = read_key_file(ca, authority, &pem, err)) == 0)
        locked = is_encrypted(&pem);
    mu_buf_free(&pem);
    if (rc == 0)
        *ret_locked = locked;
    return rc;
}

static int parse_key(mu_ca *ca, const char *authority, const mu_buf *pem, const char *password, EVP_PKEY **ret_key, mu_err **err)
{
    mu_err *inner = NULL;
    if (mu_key_parse(ca->libctx, pem->data, pem->len, password, ret_key, &inner) == 0)
        return 0;
    bool wrong = password && mu_err_has(inner, MU_E_PEM_KEY_ENCRYPTED);
    mu_code code = inner->code;
    mu_err_pass(err, inner);
    if (!wrong)
        return mu_wrap(err, code, "cannot read the key of \"%s\"", authority);
    mu_wrap(err, MU_E_STORE_WRONG_PASSWORD, "the passphrase does not open the key of \"%s\"", authority);
    return mu_err_hint(err, "Give the passphrase that the CA was made with: --ca-password.");
}

int mu_ca_unlock(mu_ca *ca, const char *authority, const char *password, mu_err **err)
{
    mu_buf pem;
    EVP_PKEY *key = NULL;
    int i = mu_ca_index(ca, authority), rc;

    if (i < 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "this CA has no such authority");
    if (ca->keys[i])
        return 0;
    mu_buf_init_secret(&pem, KEY_FILE_MAX + 1);
    if ((rc = read_key_file(ca, authority, &pem, err)) == 0 && (rc = parse_key(ca, authority, &pem, password, &key, err)) == 0)
        rc = mu_key_check_pair(ca->authorities[i].cert, key, err);
    mu_buf_free(&pem);
    if (rc == 0)
        ca->keys[i] = key;
    else
        EVP_PKEY_free(key);
    return rc;
}

#include "diag/pair_dir.h"

#include "base/secret.h"
#include "config/password.h"
#include "diag/find_stores.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERVER_KEYS, SERVER_TRUST, CLIENT_KEYS, CLIENT_TRUST, ROLES };

static const char *const role_names[ROLES] = {"the server's key store", "the server's trust store", "the client's key store",
                                              "the client's trust store"};

struct file {
    char *path;
    const char *name;
    mu_store *store; /* opened when its content is asked for */
    bool taken;
};

struct folder {
    const char *path;
    struct file *files;
    size_t count;
    char **places[ROLES]; /* of the settings */
    mu_strlist *owned;
};

/* ---- the files ---- */

static int on_store(void *arg, const char *path, mu_err **err)
{
    struct folder *f = arg;
    const char *name = strrchr(path, '/');
    size_t len = strlen(f->path);
    while (len > 1 && f->path[len - 1] == '/')
        len--;
    if (!name || (size_t)(name - path) > len)
        return 0; /* of a folder below */
    struct file *files = realloc(f->files, (f->count + 1) * sizeof *files);
    char *copy = mu_strdup(path);
    if (files)
        f->files = files;
    if (!files || !copy) {
        free(copy);
        return mu_fail_nomem(err);
    }
    files[f->count++] = (struct file){.path = copy, .name = copy + (name - path) + 1};
    return 0;
}

/* One that may not be read is taken by its name, and told when it is opened. */
static int on_unreadable(void *arg, const char *path, mu_err *reason, mu_err **err)
{
    mu_err_free(reason);
    return on_store(arg, path, err);
}

/* ---- by name ---- */

static int role_by_name(const char *name)
{
    bool server = strcasestr(name, "server"), client = strcasestr(name, "client");
    return server == client ? -1 : (server ? SERVER_KEYS : CLIENT_KEYS) + (strcasestr(name, "trust") != NULL);
}

/* server.p12 rather than server.crt, and rather than server-old.p12. */
static size_t rank_name(const char *name)
{
    static const char *const endings[] = {".p12", ".pfx", ".jks", ".jceks", ".keystore", ".truststore", ".pem"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return i * 1000 + strlen(name);
    return 100000 + strlen(name);
}

/* A link that leads nowhere counts by its name, too. */
static int on_other(void *arg, const char *path, const char *why, mu_err **err)
{
    const char *name = strrchr(path, '/');
    (void)why;
    bool meant = name && role_by_name(name + 1) >= 0 && rank_name(name + 1) < 100000;
    return meant && access(path, F_OK) != 0 ? on_store(arg, path, err) : 0;
}

static struct file *find_by_name(struct folder *f, int role)
{
    struct file *best = NULL;
    for (size_t i = 0; i < f->count; i++)
        if (role_by_name(f->files[i].name) == role && (!best || rank_name(f->files[i].name) < rank_name(best->name)))
            best = &f->files[i];
    return best;
}

/* ---- by content ---- */

static X509 *first_of(const mu_store *store, mu_entry_kind kind)
{
    for (size_t i = 0; store && i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        if (mu_entry_get_kind(entry) == kind && sk_X509_num(mu_entry_get0_chain(entry)) > 0)
            return sk_X509_value(mu_entry_get0_chain(entry), 0);
    }
    return NULL;
}

/* The leaf of the other side's key store was issued by what this one trusts. */
static bool trusts_peer(const struct folder *f, const mu_store *store, int role)
{
    const char *keys = *f->places[role == SERVER_TRUST ? CLIENT_KEYS : SERVER_KEYS];
    for (size_t i = 0; keys && i < f->count; i++) {
        X509 *leaf = strcmp(f->files[i].path, keys) == 0 ? first_of(f->files[i].store, MU_ENTRY_KEY) : NULL;
        STACK_OF(X509) *chain = NULL, *pool = sk_X509_new_null();
        for (size_t j = 0; pool && leaf && j < mu_store_count(store); j++)
            X509_add_certs(pool, mu_entry_get0_chain(mu_store_entry(store, j)), X509_ADD_FLAG_UP_REF);
        bool fits = leaf && pool && mu_chain_build(leaf, pool, &chain, NULL) == 0 && sk_X509_num(chain) > 1;
        sk_X509_pop_free(chain, X509_free);
        sk_X509_pop_free(pool, X509_free);
        if (leaf)
            return fits;
    }
    return true; /* nobody to ask */
}

static bool fits(const struct folder *f, const struct file *file, int role)
{
    X509 *leaf = first_of(file->store, MU_ENTRY_KEY);
    uint32_t wanted = XKU_ANYEKU | (role == SERVER_KEYS ? XKU_SSL_SERVER : XKU_SSL_CLIENT);
    if (role == SERVER_KEYS || role == CLIENT_KEYS)
        return leaf && (X509_get_extended_key_usage(leaf) & wanted);
    return !leaf && first_of(file->store, MU_ENTRY_TRUSTED) && trusts_peer(f, file->store, role);
}

static struct file *find_by_content(struct folder *f, int role)
{
    for (size_t i = 0; i < f->count; i++)
        if (!f->files[i].taken && role_by_name(f->files[i].name) < 0 && fits(f, &f->files[i], role))
            return &f->files[i];
    for (size_t i = 0; (role == SERVER_TRUST || role == CLIENT_TRUST) && i < f->count; i++)
        if (role_by_name(f->files[i].name) < 0 && fits(f, &f->files[i], role))
            return &f->files[i]; /* one trust store for both */
    return NULL;
}

static void open_all(OSSL_LIB_CTX *libctx, struct folder *f, const char *password)
{
    const mu_store_options options = {.password = password};
    for (size_t i = 0; i < f->count; i++)
        mu_store_open(libctx, f->files[i].path, &options, &f->files[i].store, NULL);
}

/* ---- both ---- */

static int take(struct folder *f, int role, struct file *file, const char *how, mu_findings *findings, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    if (!file || *f->places[role])
        return 0;
    file->taken = true;
    mu_findings_note(findings, "%s: %s, by its %s", role_names[role], mu_escape_to(shown, file->path), how);
    if (mu_strlist_add(f->owned, file->path) != 0)
        return mu_fail_nomem(err);
    *f->places[role] = f->owned->items[f->owned->count - 1];
    return 0;
}

static int assign(OSSL_LIB_CTX *libctx, struct folder *f, const char *password, mu_findings *findings, mu_err **err)
{
    static const int order[ROLES] = {SERVER_KEYS, CLIENT_KEYS, SERVER_TRUST, CLIENT_TRUST};
    bool all = true;
    for (int role = 0; role < ROLES; role++) {
        if (take(f, role, find_by_name(f, role), "name", findings, err) != 0)
            return -1;
        all = all && *f->places[role];
    }
    if (all)
        return 0;
    open_all(libctx, f, password);
    for (int i = 0; i < ROLES; i++)
        if (take(f, order[i], find_by_content(f, order[i]), "content", findings, err) != 0)
            return -1;
    bool any = false;
    for (int role = 0; role < ROLES; role++)
        any = any || *f->places[role];
    if (!any) {
        char shown[MU_SHOWN_SIZE];
        return mu_fail(err, MU_E_STORE_NOT_FOUND, "no store of a server or client is in \"%s\"", mu_escape_to(shown, f->path));
    }
    for (int role = 0; role < ROLES; role++)
        if (!*f->places[role])
            mu_findings_note(findings, "%s: nothing in that folder looks like it", role_names[role]);
    return 0;
}

int mu_pair_dir_find(OSSL_LIB_CTX *libctx, const char *folder, const char *password, mu_store_settings *server,
                     mu_store_settings *client, mu_strlist *owned, mu_findings *findings, mu_err **err)
{
    struct folder f = {.path = folder,
                       .owned = owned,
                       .places = {&server->key_store, &server->trust_store, &client->key_store, &client->trust_store}};
    const mu_find_sink sink = {on_store, on_unreadable, on_other, &f};
    mu_secret secret = {0};
    struct stat st;
    char shown[MU_SHOWN_SIZE];
    int rc = 0;

    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return mu_fail(err, MU_E_STORE_NOT_FOUND, "there is no folder \"%s\"", mu_escape_to(shown, folder));
    rc = mu_find_stores(folder, &sink, err);

    if (rc == 0 && password)
        rc = mu_password_resolve(password, folder, &secret, err);
    else if (rc == 0 && getenv("MUTUAL_STORE_PASSWORD"))
        rc = mu_password_resolve("env:MUTUAL_STORE_PASSWORD", folder, &secret, err);
    if (rc == 0)
        rc = assign(libctx, &f, secret.value, findings, err);
    for (size_t i = 0; i < f.count; i++) {
        mu_store_free(f.files[i].store);
        free(f.files[i].path);
    }
    free(f.files);
    mu_secret_clear(&secret);
    return rc;
}

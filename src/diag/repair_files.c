#include "diag/repair_files.h"

#include "base/file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* They are read again to be judged, which a pipe does not allow. A file inside a JAR is no file of its own. */
static int check_regular(const mu_given *given, mu_err **err)
{
    struct stat st;
    if (stat(given->path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is no regular file: --fix has to read it more than once",
                          given->shown);
    return 0;
}

int mu_repair_files_gather(mu_repair_files *files, mu_pair *pair, mu_err **err)
{
    mu_given *given[MU_REPAIR_FILES] = {&pair->server.keys, &pair->server.trusts, &pair->client.keys, &pair->client.trusts};
    for (size_t i = 0; i < MU_REPAIR_FILES; i++) {
        mu_repair_file *file = &files->items[i];
        *file = (mu_repair_file){.given = given[i]->path ? given[i] : NULL, .owner = i};
        if (file->given && check_regular(file->given, err) != 0)
            return -1;
        for (size_t k = 0; file->given && k < i && file->owner == i; k++)
            if (files->items[k].given && strcmp(files->items[k].given->path, file->given->path) == 0)
                file->owner = k;
    }
    return 0;
}

mu_repair_file *mu_repair_files_of(mu_repair_files *files, const mu_given *given)
{
    for (size_t i = 0; i < MU_REPAIR_FILES; i++)
        if (files->items[i].given == given)
            return &files->items[files->items[i].owner];
    return NULL;
}

/* ---- new files ---- */

static int encode(mu_repair_file *file, mu_err **err)
{
    const mu_store_write_options how = {.password = file->given->password.value, .renew_protection = file->renew_protection};
    char *pem = NULL;
    if (!file->certs)
        return mu_store_encode(file->given->store, &how, &file->data, &file->len, err);
    if (mu_certs_pem(file->certs, &pem, err) != 0)
        return -1;
    file->data = (uint8_t *)pem;
    file->len = strlen(pem);
    return 0;
}

/* "trust.p12"; of another type now: "trust.jks". */
static char *new_name(const mu_repair_file *file)
{
    static const char *const endings[] = {[MU_STORE_PKCS12] = "p12", [MU_STORE_JKS] = "jks", [MU_STORE_JCEKS] = "jceks"};
    const char *slash = strrchr(file->given->path, '/'), *base = slash ? slash + 1 : file->given->path, *dot = strrchr(base, '.');
    mu_store_type type = mu_store_get_type(file->given->store);
    if (type == file->given->facts.type || type == MU_STORE_PEM)
        return mu_strdup(base);
    return mu_asprintf("%.*s.%s", (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base)), base, endings[type]);
}

static bool is_taken(const mu_repair_files *files, const char *path)
{
    for (size_t i = 0; i < MU_REPAIR_FILES; i++)
        if (files->items[i].path && strcmp(files->items[i].path, path) == 0)
            return true;
    return false;
}

static int name_file(mu_repair_files *files, mu_repair_file *file, mu_err **err)
{
    char *name = new_name(file), *path = name ? mu_asprintf("%s/%s", files->folder, name) : NULL;
    char shown[MU_SHOWN_SIZE];
    struct stat st;
    if (path && is_taken(files, path)) {
        free(path);
        path = mu_asprintf("%s/%s-%s", files->folder, mu_found_at_name(file->given->at), name);
    }
    free(name);
    if (!path)
        return mu_fail_nomem(err);
    if (lstat(path, &st) == 0 || is_taken(files, path)) {
        mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is there already, and --fix writes new files only",
                   mu_escape_to(shown, path));
        free(path);
        return mu_err_hint(err, "Name another folder, or move that file away.");
    }
    file->path = path;
    return 0;
}

static bool holds_secret(const mu_repair_file *file)
{
    for (size_t i = 0; !file->certs && i < mu_store_count(file->given->store); i++)
        if (mu_entry_get_kind(mu_store_entry(file->given->store, i)) != MU_ENTRY_TRUSTED)
            return true;
    return false;
}

/* All or none. */
static int write_files(mu_repair_files *files, mu_err **err)
{
    const mu_file_stamp absent = {.exists = false};
    mu_file_set *set = mu_file_set_new();
    size_t index;
    int rc = set ? 0 : mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < MU_REPAIR_FILES; i++) {
        const mu_repair_file *file = &files->items[i];
        if (file->path && (rc = mu_file_set_claim(set, file->path, &index, err)) == 0)
            rc = mu_file_set_write(set, index, file->data, file->len,
                                   &(mu_file_replace_options){.new_mode = mu_file_mode(holds_secret(file)), .stamp = &absent}, err);
    }
    if (rc == 0)
        rc = mu_file_set_commit(set, err);
    for (size_t i = 0; rc == 0 && i < MU_REPAIR_FILES; i++)
        files->items[i].written = files->items[i].path != NULL;
    mu_file_set_free(set);
    return rc;
}

static int make_folder(mu_repair_files *files, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    files->made_folder = mkdir(files->folder, 0777) == 0;
    if (files->made_folder || errno == EEXIST)
        return 0;
    return mu_fail_errno(err, mu_file_write_code(errno), errno, "cannot make the folder \"%s\"",
                         mu_escape_to(shown, files->folder));
}

int mu_repair_files_write(mu_repair_files *files, mu_findings *findings, mu_err **err)
{
    bool any = false;
    for (size_t i = 0; i < MU_REPAIR_FILES; i++) {
        mu_repair_file *file = &files->items[i];
        mu_err *reason = NULL;
        if (!file->changed || file->spoilt)
            continue;
        if (encode(file, &reason) != 0) {
            file->spoilt = true;
            mu_findings_note(findings, "not repaired: %s: %s", file->given->shown, mu_err_root(reason)->msg);
            mu_err_free(reason);
        } else if (name_file(files, file, err) != 0) {
            return -1;
        }
        any = any || file->path;
    }
    return !any ? 0 : make_folder(files, err) == 0 ? write_files(files, err) : -1;
}

void mu_repair_file_drop(mu_repair_file *file)
{
    if (file->written)
        unlink(file->path);
    file->written = false;
    free(file->path);
    file->path = NULL;
}


void mu_repair_files_done(mu_repair_files *files, bool keep)
{
    bool any = false;
    for (size_t i = 0; i < MU_REPAIR_FILES; i++) {
        mu_repair_file *file = &files->items[i];
        if (!keep)
            mu_repair_file_drop(file);
        any = any || file->written;
        sk_X509_pop_free(file->certs, X509_free);
        OPENSSL_clear_free(file->data, file->len);
        free(file->path);
    }
    if (files->made_folder && !any)
        rmdir(files->folder);
}

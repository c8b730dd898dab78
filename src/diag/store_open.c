#include "diag/store_facts.h"

#include "base/text.h"
#include "config/password.h"
#include "config/store_passwords.h"
#include "keystore/store_bytes.h"

#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_jdk_cacerts(const char *path)
{
    return ends_with(path, "/lib/security/cacerts") || ends_with(path, "/lib/security/jssecacerts");
}

static int try(const mu_store_access *access, const mu_store_bytes *bytes, const char *password, mu_store **store, mu_err **reason)
{
    mu_store_options options = {.password = password};
    mu_err_free(*reason);
    *reason = NULL;
    mu_store_free(*store);
    *store = NULL;
    return mu_store_bytes_open(access->libctx, bytes, &options, store, reason);
}

/* A person who named the file is asked; what could be seen without is kept if there is no answer. */
static void ask(const mu_store_access *access, const mu_store_bytes *bytes, mu_store **store, mu_err **reason)
{
    mu_secret password = {0};
    bool wanted = *store ? mu_store_has_skipped(*store) : mu_password_is_wanted(*reason);
    if (access->ask && wanted && mu_password_resolve("prompt", bytes->path, &password, NULL) == 0)
        try(access, bytes, password.value, store, reason);
    mu_secret_clear(&password);
}

int mu_store_facts_open(const mu_store_access *access, const char *path, mu_store_facts *ret, mu_err **err)
{
    const char *password = NULL;
    mu_store_bytes bytes;
    mu_store *store = NULL;
    mu_err *reason = NULL;

    *ret = (mu_store_facts){0};
    if (mu_store_passwords_find(access->passwords, path, &password, err) != 0)
        return -1;
    if (mu_store_bytes_read(path, MU_STORE_MAX_BYTES, &bytes, &reason) != 0) {
        store = NULL;
    } else if (password) {
        try(access, &bytes, password, &store, &reason);
    } else if (!is_jdk_cacerts(path) || try(access, &bytes, "changeit", &store, &reason) != 0) {
        try(access, &bytes, NULL, &store, &reason);
        ask(access, &bytes, &store, &reason);
    }
    mu_store_bytes_done(&bytes);
    int rc = store ? mu_store_facts_read(store, path, access->at_s, access->check_keys, ret, err)
                   : mu_store_facts_unreadable(path, reason, ret, err);
    mu_store_free(store);
    return rc;
}

#include "cli/cli.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_bool ran_out;
static bool starting;

static void give_up(void)
{
    mu_err *err = NULL;
    mu_fail_nomem(&err);
    _exit(mu_cli_fail(false, err));
}

static void *watched(void *p, size_t len)
{
    if (!p && len) {
        ran_out = true;
        if (starting)
            give_up();
    }
    return p;
}

static void *watched_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return watched(malloc(len), len);
}

static void *watched_realloc(void *old, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return watched(realloc(old, len), len);
}

static void watched_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void mu_cli_start_openssl(void)
{
    starting = true;
    CRYPTO_set_mem_functions(watched_malloc, watched_realloc, watched_free);
    if (!OSSL_LIB_CTX_get0_global_default())
        give_up();
    starting = false;
}

bool mu_cli_memory_ran_out(void)
{
    return ran_out;
}

void mu_cli_blame_memory(mu_err **err)
{
    if (!ran_out || mu_err_has(*err, MU_E_OUT_OF_MEMORY))
        return;
    mu_wrap(err, MU_E_OUT_OF_MEMORY, "memory ran out meanwhile");
    mu_err_hint(err, "%s", mu_code_fix(MU_E_OUT_OF_MEMORY)); /* not that of the consequence */
}

#include "base/secret.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/*
 * Pages of our own rather than OpenSSL's secure heap: once that is initialised, every ephemeral key of every handshake is allocated
 * from it too, which puts one lock on the path of all connections and lets many of them exhaust it.
 */
struct page {
    size_t size;
    char value[];
};

static struct page *page_of(const char *value)
{
    return (struct page *)(void *)((char *)value - offsetof(struct page, value));
}

static struct page *page_new(size_t len)
{
    size_t size = sizeof(struct page) + len + 1;
    struct page *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    (void)mlock(page, size); /* RLIMIT_MEMLOCK may be used up: a password that could be swapped is still better than none */
#ifdef MADV_DONTDUMP
    (void)madvise(page, size, MADV_DONTDUMP);
#endif
    page->size = size;
    return page;
}

int mu_secret_set(mu_secret *secret, const char *value, size_t len, mu_err **err)
{
    struct page *page = NULL;
    if (value) {
        if (!(page = page_new(len)))
            return mu_fail_nomem(err);
        memcpy(page->value, value, len);
    }
    mu_secret_clear(secret); /* only now: value may be the old one */
    secret->value = page ? page->value : NULL;
    return 0;
}

void mu_secret_clear(mu_secret *secret)
{
    if (secret->value) {
        struct page *page = page_of(secret->value);
        size_t size = page->size;
        OPENSSL_cleanse(page, size);
        munmap(page, size);
    }
    secret->value = NULL;
}

void mu_secret_process_init(void)
{
/* LeakSanitizer attaches to the process at its end, which a process that is not dumpable forbids. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
#endif
}

/*
 * A library to be preloaded: the allocation whose number the test has written into a shared file fails, once. It counts all
 * allocations of the process, and those of the program itself (not of its libraries) that live on: they are the program's to free.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* Shared with the test: 64 bits each. */
struct control {
    uint64_t count;  /* allocations so far */
    uint64_t fail;   /* the number of the one that fails; 0: none */
    uint64_t failed; /* how many have */
    int64_t own;     /* live allocations of the program itself */
    uint64_t record; /* write the numbers of those that have a new call stack into PATH.sites */
};

#define SLOTS (1u << 20)
#define PLACES 4099 /* of the program that allocate: some hundreds */
#define REMOVED ((void *)1)
#define FRAMES 40
#define FRAMES_OF_A_SITE 16

static struct control *control;
static char trace_path[4096];
static int sites_fd = -1;
static uint64_t seen[SLOTS];
static uintptr_t text_begin, text_end;
static void *own[SLOTS];
static volatile char busy;

static void lock(void)
{
    while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE))
        ;
}

static void unlock(void)
{
    __atomic_clear(&busy, __ATOMIC_RELEASE);
}

static size_t slot_of(const void *p)
{
    return ((uintptr_t)p >> 4) * 2654435761u % SLOTS;
}

static int is_program(const void *address)
{
    return (uintptr_t)address >= text_begin && (uintptr_t)address < text_end;
}

/* The program's own: asked for by it and for it, not for OpenSSL, whose allocations go through functions of the program. Who calls a
 * place is looked at once. */
static int is_own(const void *caller)
{
    static struct {
        const void *caller;
        int own;
    } places[PLACES];
    size_t i = (uintptr_t)caller % PLACES;
    void *frames[6]; /* of this library, the caller, and who called it */
    int count, frame = 0, own;

    if (!is_program(caller))
        return 0;
    lock();
    while (places[i].caller && places[i].caller != caller)
        i = (i + 1) % PLACES;
    if (!places[i].caller) {
        count = backtrace(frames, 6);
        while (frame < count && frames[frame] != caller)
            frame++;
        places[i].own = frame + 1 >= count || is_program(frames[frame + 1]);
        places[i].caller = caller;
    }
    own = places[i].own;
    unlock();
    return own;
}

static void remember(void *p, const void *caller)
{
    if (!control || !p || !is_own(caller))
        return;
    lock();
    size_t i = slot_of(p);
    while (own[i] && own[i] != REMOVED)
        i = (i + 1) % SLOTS;
    own[i] = p;
    control->own++;
    unlock();
}

static void forget(const void *p)
{
    if (!control || !p)
        return;
    lock();
    for (size_t i = slot_of(p); own[i]; i = (i + 1) % SLOTS)
        if (own[i] == p) {
            own[i] = REMOVED;
            control->own--;
            break;
        }
    unlock();
}

/* Where: for the test's report. */
static void tell(const char *what)
{
    void *frames[FRAMES];
    int fd = open(trace_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dprintf(fd, "%s\n", what);
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), fd);
    close(fd);
}

static void crashed(int number)
{
    tell("crash");
    signal(number, SIG_DFL);
    raise(number);
}

static void record(uint64_t number)
{
    void *frames[FRAMES_OF_A_SITE];
    uint64_t hash = 14695981039346656037u;
    int count = backtrace(frames, FRAMES_OF_A_SITE);
    for (int i = 0; i < count; i++)
        hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
    size_t slot = hash % SLOTS;
    while (seen[slot] && seen[slot] != hash)
        slot = (slot + 1) % SLOTS;
    if (!seen[slot])
        dprintf(sites_fd, "%llu\n", (unsigned long long)number);
    seen[slot] = hash;
}

static int fails(void)
{
    static __thread int inside;
    uint64_t number = control && !inside ? __atomic_add_fetch(&control->count, 1, __ATOMIC_RELAXED) : 0;

    if (sites_fd >= 0 && number) {
        inside = 1;
        record(number);
        inside = 0;
    }
    if (!number || number != control->fail)
        return 0;
    control->failed++;
    inside = 1;
    tell("failed");
    inside = 0;
    errno = ENOMEM;
    return 1;
}

static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
            text_begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            text_end = text_begin + info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the first one is the program */
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ALLOC_FAIL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *frame;

    if (fd < 0)
        return;
    backtrace(&frame, 1); /* loads libgcc, which allocates */
    snprintf(trace_path, sizeof trace_path, "%s.trace", path);
    dl_iterate_phdr(find_program, NULL);
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        return;
    control = shared;
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    signal(SIGABRT, crashed);
    if (control->record) {
        char name[4096 + 8];
        snprintf(name, sizeof name, "%s.sites", path);
        sites_fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
}

void *malloc(size_t size)
{
    void *p = fails() ? NULL : __libc_malloc(size);
    remember(p, __builtin_return_address(0));
    return p;
}

void *calloc(size_t count, size_t size)
{
    void *p = fails() ? NULL : __libc_calloc(count, size);
    remember(p, __builtin_return_address(0));
    return p;
}

void *realloc(void *old, size_t size)
{
    void *p;
    if (fails())
        return NULL;
    forget(old);
    p = __libc_realloc(old, size);
    remember(p, __builtin_return_address(0));
    return p;
}

void free(void *p)
{
    forget(p);
    __libc_free(p);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    return !fails() && (*ret = __libc_memalign(alignment, size)) ? 0 : ENOMEM;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *p = fails() ? NULL : __libc_malloc(size);
    remember(p, __builtin_return_address(0));
    return p ? memcpy(p, text, size) : NULL;
}

char *strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *p = fails() ? NULL : __libc_malloc(len + 1);
    remember(p, __builtin_return_address(0));
    if (p)
        *(char *)mempcpy(p, text, len) = 0;
    return p;
}

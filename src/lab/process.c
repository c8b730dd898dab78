#include "lab/process.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 20)

struct mu_process {
    pid_t pid; /* 0 once it has been waited for */
    int status;
    int fds[2]; /* its stdout and stderr, -1 at end of stream */
    mu_buf out[2];
};

/* "mutual get \"a b\"" into words; the quotes are the only syntax that the lab's commands need. */
static int split_words(const char *command, mu_strlist *words)
{
    mu_buf word;
    bool quoted = false, begun = false;
    int rc = 0;

    mu_buf_init(&word, 4096);
    for (const char *p = command;; p++) {
        if (*p == '\0' || (*p == ' ' && !quoted)) {
            if (begun && mu_strlist_add(words, mu_buf_text(&word)) < 0)
                rc = -1;
            mu_buf_reset(&word);
            begun = false;
            if (*p == '\0')
                break;
        } else {
            begun = true;
            if (*p == '"')
                quoted = !quoted;
            else
                mu_buf_add_byte(&word, (uint8_t)*p);
        }
    }
    if (word.failed)
        rc = -1;
    mu_buf_free(&word);
    return rc;
}

static int own_path(char path[PATH_MAX], mu_err **err)
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (len <= 0)
        return mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot find this program's own path");
    path[len] = '\0';
    return 0;
}

/* In the child, or in a process that gives itself up: nothing may be returned to the caller's code. */
static void exec_words(const char *path, const mu_strlist *words, const char *dir)
{
    char **argv = calloc(words->count + 1, sizeof *argv);
    if (!argv || chdir(dir) < 0)
        return;
    memcpy(argv, words->items, words->count * sizeof *argv);
    execv(path, argv);
}

static int open_pipes(int out[2], int errors[2], mu_err **err)
{
    if (pipe2(out, O_CLOEXEC) < 0)
        return mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot make a pipe");
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int saved = errno;
        close(out[0]);
        close(out[1]);
        return mu_fail_errno(err, MU_E_INTERNAL, saved, "cannot make a pipe");
    }
    return 0;
}

static int launch(mu_process *process, const char *path, const mu_strlist *words, const char *dir, mu_err **err)
{
    int out[2], errors[2];
    if (open_pipes(out, errors, err) < 0)
        return -1;
    process->pid = fork();
    if (process->pid == 0) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(errors[1], STDERR_FILENO);
        exec_words(path, words, dir);
        _exit(127);
    }
    close(out[1]);
    close(errors[1]);
    process->fds[0] = out[0];
    process->fds[1] = errors[0];
    if (process->pid < 0) {
        process->pid = 0;
        return mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot start a process");
    }
    return 0;
}

int mu_process_start(const char *command, const char *dir, mu_process **ret_process, mu_err **err)
{
    mu_process *process = calloc(1, sizeof *process);
    mu_strlist words = {0};
    char path[PATH_MAX];
    int rc = -1;

    if (!process)
        return mu_fail_nomem(err);
    process->fds[0] = process->fds[1] = -1;
    mu_buf_init(&process->out[0], OUTPUT_MAX);
    mu_buf_init(&process->out[1], OUTPUT_MAX);
    if (split_words(command, &words) < 0)
        mu_fail_nomem(err);
    else if (own_path(path, err) == 0)
        rc = launch(process, path, &words, dir, err);
    mu_strlist_free(&words);
    if (rc < 0)
        mu_process_free(process);
    else
        *ret_process = process;
    return rc;
}

/* Read what there is, waiting at most timeout_ms for something. @return false at the end of both streams */
static bool collect(mu_process *process, int timeout_ms)
{
    struct pollfd polls[2];
    nfds_t count = 0;
    for (int i = 0; i < 2; i++)
        if (process->fds[i] >= 0)
            polls[count++] = (struct pollfd){.fd = process->fds[i], .events = POLLIN};
    if (count == 0)
        return false;
    if (poll(polls, count, timeout_ms) <= 0)
        return true;
    for (int i = 0; i < 2; i++) {
        char chunk[4096];
        bool ready = false;
        for (nfds_t k = 0; k < count; k++)
            ready |= polls[k].fd == process->fds[i] && polls[k].revents;
        if (!ready)
            continue;
        ssize_t got = read(process->fds[i], chunk, sizeof chunk);
        if (got > 0) {
            mu_buf_add(&process->out[i], chunk, (size_t)got);
        } else if (got == 0 || errno != EINTR) {
            close(process->fds[i]);
            process->fds[i] = -1;
        }
    }
    return true;
}

static char *find_line(const mu_buf *buf, const char *text)
{
    const char *hit = strstr(mu_buf_text(buf), text);
    if (!hit || !strchr(hit, '\n'))
        return NULL;
    const char *begin = hit;
    while (begin > mu_buf_text(buf) && begin[-1] != '\n')
        begin--;
    return mu_strndup(begin, (size_t)(strchr(hit, '\n') - begin));
}

char *mu_process_wait_line(mu_process *process, const char *text, int timeout_ms)
{
    const int64_t end_ms = mu_mono_ms() + timeout_ms;
    for (;;) {
        for (int i = 0; i < 2; i++) {
            char *line = find_line(&process->out[i], text);
            if (line)
                return line;
        }
        int64_t left_ms = end_ms - mu_mono_ms();
        if (left_ms <= 0 || !collect(process, (int)left_ms))
            return NULL;
    }
}

int mu_process_wait(mu_process *process, int timeout_ms)
{
    const int64_t end_ms = mu_mono_ms() + timeout_ms;
    bool killed = false;
    int status;

    if (process->pid == 0)
        return process->status;
    while (collect(process, (int)(end_ms - mu_mono_ms() > 0 ? end_ms - mu_mono_ms() : 0))) {
        if (mu_mono_ms() >= end_ms && !killed) {
            kill(process->pid, SIGKILL);
            killed = true;
        }
    }
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    process->pid = 0;
    process->status = killed ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return process->status;
}

int mu_process_stop(mu_process *process)
{
    if (process->pid > 0)
        kill(process->pid, SIGTERM);
    return mu_process_wait(process, 10000);
}

const char *mu_process_stdout(const mu_process *process)
{
    return mu_buf_text(&process->out[0]);
}

const char *mu_process_stderr(const mu_process *process)
{
    return mu_buf_text(&process->out[1]);
}

void mu_process_forget(mu_process *process)
{
    mu_buf_reset(&process->out[0]);
    mu_buf_reset(&process->out[1]);
}

void mu_process_free(mu_process *process)
{
    if (!process)
        return;
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    for (int i = 0; i < 2; i++) {
        if (process->fds[i] >= 0)
            close(process->fds[i]);
        mu_buf_free(&process->out[i]);
    }
    free(process);
}

int mu_process_become(const char *command, const char *dir, mu_err **err)
{
    mu_strlist words = {0};
    char path[PATH_MAX];

    if (own_path(path, err) < 0)
        return -1;
    if (split_words(command, &words) < 0)
        return mu_fail_nomem(err);
    exec_words(path, &words, dir);
    mu_strlist_free(&words);
    return mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot run \"%s\"", command);
}

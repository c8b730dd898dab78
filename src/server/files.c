#include "server/files.h"

#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *type_of(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"}, {"htm", "text/html; charset=utf-8"}, {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"}, {"mjs", "text/javascript; charset=utf-8"}, {"json", "application/json"},
        {"txt", "text/plain; charset=utf-8"}, {"md", "text/plain; charset=utf-8"}, {"xml", "application/xml"},
        {"svg", "image/svg+xml"}, {"png", "image/png"}, {"jpg", "image/jpeg"}, {"jpeg", "image/jpeg"}, {"gif", "image/gif"},
        {"webp", "image/webp"}, {"ico", "image/x-icon"}, {"pdf", "application/pdf"}, {"wasm", "application/wasm"},
        {"woff2", "font/woff2"}, {"pem", "application/x-pem-file"}, {"crt", "application/x-x509-ca-cert"},
        {"crl", "application/pkix-crl"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (mu_str_eq_nocase(dot + 1, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The next component, decoded. @return its length; 0 at the end of the path; -1: no path; -2: no file can have that name */
static int next_name(const char **path, char out[256])
{
    int len = 0;

    while (**path == '/')
        ++*path;
    for (; **path && **path != '/' && **path != '?'; ++*path) {
        int c = (unsigned char)**path;
        if (c == '%') {
            int high = hex((*path)[1]), low = high < 0 ? -1 : hex((*path)[2]);
            if (low < 0 || (c = high * 16 + low) == 0)
                return -1;
            *path += 2;
        }
        if (len == 255 || c == '/')
            return -2;
        out[len++] = (char)c;
    }
    out[len] = 0;
    return out[0] == '.' ? -2 : len;
}

static int status_of_errno(void)
{
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
        return 500;
    default:
        return 404;
    }
}

/* Replaces *fd by what `name` is in it. O_NONBLOCK: a FIFO must not hold the worker. */
static int descend(int *fd, const char *name)
{
    int next = openat(*fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (next < 0)
        return status_of_errno();
    close(*fd);
    *fd = next;
    return 200;
}

static int check_regular(int fd, const char *name, mu_served_file *ret_file)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 404;
    *ret_file = (mu_served_file){fd, (uint64_t)st.st_size, type_of(name)};
    return 200;
}

int mu_served_file_open(int root_fd, const char *target, mu_served_file *ret_file)
{
    char name[256], last[256] = "";
    int len, status = 200, fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
    size_t path_len = strcspn(target, "?");
    bool folder = path_len > 0 && target[path_len - 1] == '/';
    struct stat st;

    if (fd < 0)
        return status_of_errno();
    while (status == 200 && (len = next_name(&target, name)) != 0) {
        status = len == -1 ? 400 : len == -2 ? 404 : descend(&fd, name);
        memcpy(last, name, sizeof last);
    }
    if (status == 200 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        strcpy(last, "index.html");
        status = descend(&fd, last);
    } else if (status == 200 && folder)
        status = 404;
    if (status == 200)
        status = check_regular(fd, last, ret_file);
    if (status != 200)
        close(fd);
    return status;
}

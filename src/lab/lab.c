/* The order of the lab: files, four runs, faults and cures, and at the end, if asked, the healthy server. */
#include "lab/lab_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUIDE_PORT 8443

char *mu_lab_expand(const mu_lab *lab, const char *command)
{
    const bool ec = strcmp(lab->options->key_algorithm, "EC") == 0;
    char port[16];
    const struct {
        const char *name, *value;
    } words[] = {{"{root}", ec ? "EC:P-256" : "RSA:4096"},
                 {"{openssl}", ec ? "-newkey ec -pkeyopt ec_paramgen_curve:P-256" : "-newkey rsa:4096"},
                 {"{key}", ec ? "-keyalg EC -groupname secp256r1" : "-keyalg RSA -keysize 2048"},
                 {"{port}", port}};
    const size_t count = sizeof words / sizeof words[0];
    mu_buf out;

    snprintf(port, sizeof port, "%d", lab->port);
    mu_buf_init(&out, 8192);
    while (*command) {
        size_t i = 0;
        while (i < count && !mu_str_has_prefix(command, words[i].name))
            i++;
        if (i < count) {
            mu_buf_add_str(&out, words[i].value);
            command += strlen(words[i].name);
        } else {
            mu_buf_add_byte(&out, (uint8_t)*command++);
        }
    }
    char *text = mu_buf_steal(&out);
    mu_buf_free(&out);
    return text;
}

/* The port to use: the one given, else the guide's, else (when that is taken) one that is free right now. */
static int choose_port(int wanted, int *ret_port, mu_err **err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = -1;

    if (fd < 0)
        return mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot make a socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    address.sin_port = htons((uint16_t)(wanted ? wanted : GUIDE_PORT));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        rc = 0;
    } else if (wanted) {
        mu_fail_errno(err, errno == EADDRINUSE ? MU_E_PORT_IN_USE : MU_E_INTERNAL, errno, "cannot use 127.0.0.1:%d", wanted);
    } else {
        address.sin_port = 0;
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
            rc = 0;
        else
            mu_fail_errno(err, MU_E_INTERNAL, errno, "there is no free port on 127.0.0.1");
    }
    if (rc == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        *ret_port = ntohs(address.sin_port);
    close(fd);
    return rc;
}

static int run_all(mu_lab *lab, mu_err **err)
{
    mu_lab_say_begin(lab);
    if (mu_lab_make_files(lab, err) < 0 || mu_lab_four_runs(lab, err) < 0)
        return -1;
    /* A healthy set-up comes first: faults planted in a broken one would prove nothing. */
    return lab->failed_count ? 0 : mu_lab_faults(lab, err);
}

static int serve_on(mu_lab *lab, mu_err **err)
{
    char *pattern = mu_asprintf("mutual serve --listen 127.0.0.1:{port} --key-store server.p12 --trust-store server-trust.p12%s",
                                lab->options->trace);
    char *command = pattern ? mu_lab_expand(lab, pattern) : NULL;
    free(pattern);
    if (!command)
        return mu_fail_nomem(err);
    fflush(stdout);
    int rc = mu_process_become(command, lab->options->dir, err);
    free(command);
    return rc;
}

int mu_lab_run(const mu_lab_options *options, mu_err **err)
{
    mu_lab lab = {.options = options, .steps = json_array()};
    int rc = -1;

    if (!lab.steps)
        return mu_fail_nomem(err);
    /* For the children: serve and get read it, keytool is given -storepass as the JDK's is. */
    setenv("MUTUAL_STORE_PASSWORD", MU_LAB_PASSWORD, 1);
    if (choose_port(options->port, &lab.port, err) == 0 && run_all(&lab, err) == 0) {
        rc = mu_lab_say_end(&lab, err);
        if (rc == 0 && lab.failed_count)
            rc = mu_fail(err, MU_E_LAB_UNEXPECTED, "%d of the lab's %d runs did not come out as they should", lab.failed_count,
                         lab.run_count);
        if (rc == 0 && options->serve)
            rc = serve_on(&lab, err);
    }
    json_decref(lab.steps);
    return rc;
}

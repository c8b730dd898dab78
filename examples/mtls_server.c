/* Step 5 of the guide on libmutual: an HTTPS server that requires a client certificate and answers "OK".
 * Build: cc mtls_server.c $(pkg-config --cflags --libs mutual) -o mtls_server. Run it in the folder with the four stores. */
#include <arpa/inet.h>
#include <mutual/mutual.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int fail(mu_err *err)
{
    int status = mu_code_exit_status(err->code);
    fprintf(stderr, "%s [%s]\n", err->msg, mu_code_name(err->code));
    mu_err_free(err);
    return status;
}

static int load(mu_identity **identity, mu_trust **trust, mu_err **err)
{
    const mu_store_options options = {.password = "changeit"};
    mu_store *keys = NULL, *anchors = NULL;
    int rc = -1;
    if (mu_store_open(NULL, "server.p12", &options, &keys, err) == 0 &&
        mu_identity_from_store(keys, NULL, NULL, MU_PURPOSE_SERVER, time(NULL), identity, err) == 0 &&
        mu_store_open(NULL, "server-trust.p12", &options, &anchors, err) == 0 && mu_trust_new("server-trust.p12", trust, err) == 0)
        rc = mu_trust_add_store(*trust, anchors, err);
    mu_store_free(keys);
    mu_store_free(anchors);
    return rc;
}

static void serve(mu_tls_ctx *ctx, int fd)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
    const mu_tls_io io = mu_tls_io_socket(&fd);
    mu_tls_conn *conn = NULL;
    mu_err *err = NULL;
    char request[8192 + 1] = "";
    size_t got = 0, n;
    if (mu_tls_conn_new(ctx, &io, NULL, time(NULL), &conn, &err) < 0)
        exit(fail(err));
    while (!strstr(request, "\r\n\r\n") && got < sizeof request - 1 &&
           mu_tls_read(conn, request + got, sizeof request - 1 - got, &n) == MU_TLS_OK)
        request[got += n] = '\0';
    if (strstr(request, "\r\n\r\n"))
        mu_tls_write(conn, answer, sizeof answer - 1, &n);
    if (mu_verdict_error(mu_tls_conn_verdict(conn), &err) < 0)
        fail(err);
    mu_tls_shutdown(conn);
    shutdown(fd, SHUT_WR); /* and drain: closing with unread bytes would send a reset that overtakes the alert */
    for (int i = 0; i < 100 && recv(fd, request, sizeof request, 0) > 0; i++)
        ;
    mu_tls_conn_free(conn);
}

int main(void)
{
    const mu_tls_settings settings = {.client_auth = MU_CLIENT_AUTH_NEED}; /* setNeedClientAuth(true) */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8443), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    mu_identity *identity = NULL;
    mu_trust *trust = NULL;
    mu_tls_ctx *ctx = NULL;
    mu_err *err = NULL;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (load(&identity, &trust, &err) < 0 || mu_tls_ctx_new(NULL, MU_SIDE_SERVER, identity, trust, &settings, &ctx, &err) < 0)
        return fail(err);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0)
        return perror("127.0.0.1:8443"), 1;
    printf("mTLS server listening on https://127.0.0.1:8443/\n");
    fflush(stdout);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
        serve(ctx, fd);
        close(fd);
    }
}

/* Step 7 of the guide on libmutual: the client configured by nothing but the javax.net.ssl properties, given as for java.
 * Build: cc mtls_client_props.c $(pkg-config --cflags --libs mutual) -o mtls_client_props. Run it in the folder with the stores. */
#include <arpa/inet.h>
#include <mutual/mutual.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The value of -Djavax.net.ssl.NAME=VALUE, or NULL. */
static const char *property(char **argv, const char *name)
{
    char prefix[64];
    int len = snprintf(prefix, sizeof prefix, "-Djavax.net.ssl.%s=", name);
    while (*argv && strncmp(*argv, prefix, (size_t)len) != 0)
        argv++;
    return *argv ? *argv + len : NULL;
}

static int load(char **argv, mu_identity **identity, mu_trust **trust, mu_err **err)
{
    const char *key_store = property(argv, "keyStore"), *trust_store = property(argv, "trustStore");
    const mu_store_options key_options = {.password = property(argv, "keyStorePassword")};
    const mu_store_options trust_options = {.password = property(argv, "trustStorePassword")};
    mu_store *keys = NULL, *anchors = NULL;
    int rc = -1; /* without trustStore the default roots decide */
    if (mu_store_open(NULL, trust_store ? trust_store : "/etc/ssl/certs/ca-certificates.crt", &trust_options, &anchors, err) == 0 &&
        mu_trust_new(mu_store_path(anchors), trust, err) == 0 && mu_trust_add_store(*trust, anchors, err) == 0 &&
        (!key_store || (mu_store_open(NULL, key_store, &key_options, &keys, err) == 0 &&
                        mu_identity_from_store(keys, NULL, NULL, MU_PURPOSE_CLIENT, time(NULL), identity, err) == 0)))
        rc = 0;
    mu_store_free(keys);
    mu_store_free(anchors);
    return rc;
}

static int get(mu_tls_conn *conn)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char answer[1024] = "", *failure;
    size_t got = 0, n;
    if (mu_tls_handshake(conn) == MU_TLS_OK)
        mu_tls_write(conn, request, sizeof request - 1, &n);
    while (got < sizeof answer - 1 && mu_tls_read(conn, answer + got, sizeof answer - 1 - got, &n) == MU_TLS_OK)
        answer[got += n] = '\0';
    failure = mu_verdict_jsse_text(mu_tls_conn_verdict(conn)); /* NULL if all is well */
    printf(failure ? "FAILED: %s\n" : "HTTP status: %.3s\n", failure ? failure : answer + strcspn(answer, " ") + 1);
    free(failure);
    return failure != NULL;
}

int main(int argc, char **argv)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8443), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    mu_identity *identity = NULL;
    mu_trust *trust = NULL;
    mu_tls_ctx *ctx = NULL;
    mu_tls_conn *conn = NULL;
    mu_err *err = NULL;
    int rc, fd = socket(AF_INET, SOCK_STREAM, 0);
    const mu_tls_io io = mu_tls_io_socket(&fd);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return perror("FAILED: 127.0.0.1:8443"), 6;
    if (load(argv + (argc > 0), &identity, &trust, &err) < 0 ||
        mu_tls_ctx_new(NULL, MU_SIDE_CLIENT, identity, trust, &(mu_tls_settings){0}, &ctx, &err) < 0 ||
        mu_tls_conn_new(ctx, &io, "127.0.0.1", time(NULL), &conn, &err) < 0) {
        fprintf(stderr, "%s [%s]\n", err->msg, mu_code_name(err->code));
        rc = mu_code_exit_status(err->code);
    } else {
        rc = get(conn);
    }
    mu_tls_conn_free(conn);
    mu_tls_ctx_free(ctx);
    mu_identity_free(identity);
    mu_trust_free(trust);
    mu_err_free(err);
    return rc;
}

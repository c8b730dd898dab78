/* Step 6 of the guide on libmutual: a client that trusts client-trust.p12 and, with "with-client-key", proves itself by client.p12.
 * Build: cc mtls_client.c $(pkg-config --cflags --libs mutual) -o mtls_client. Run it in the folder with the four stores. */
#include <arpa/inet.h>
#include <mutual/mutual.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int load(bool with_key, mu_identity **identity, mu_trust **trust, mu_err **err)
{
    const mu_store_options options = {.password = "changeit"};
    mu_store *keys = NULL, *anchors = NULL;
    int rc = -1;
    if (mu_store_open(NULL, "client-trust.p12", &options, &anchors, err) == 0 &&
        mu_trust_new("client-trust.p12", trust, err) == 0 && mu_trust_add_store(*trust, anchors, err) == 0 &&
        (!with_key || (mu_store_open(NULL, "client.p12", &options, &keys, err) == 0 &&
                       mu_identity_from_store(keys, NULL, NULL, MU_PURPOSE_CLIENT, time(NULL), identity, err) == 0)))
        rc = 0;
    mu_store_free(keys);
    mu_store_free(anchors);
    return rc;
}

static int get(mu_tls_conn *conn)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char answer[1024] = "", *text;
    size_t got = 0, n;
    int status;
    if (mu_tls_handshake(conn) == MU_TLS_OK)
        mu_tls_write(conn, request, sizeof request - 1, &n);
    /* TLS 1.3: the server judges us after our handshake is done; its refusal arrives on this read. */
    while (got < sizeof answer - 1 && mu_tls_read(conn, answer + got, sizeof answer - 1 - got, &n) == MU_TLS_OK)
        answer[got += n] = '\0';
    if (sscanf(answer, "HTTP/1.%*d %3d", &status) == 1) {
        printf("HTTP status: %d\n", status);
        return 0;
    }
    text = mu_verdict_jsse_text(mu_tls_conn_verdict(conn));
    printf("FAILED: %s\n", text);
    free(text);
    return 1;
}

int main(int argc, char **argv)
{
    const mu_tls_settings settings = {0};
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
    if (load(argc > 1 && strcmp(argv[1], "with-client-key") == 0, &identity, &trust, &err) < 0 ||
        mu_tls_ctx_new(NULL, MU_SIDE_CLIENT, identity, trust, &settings, &ctx, &err) < 0 ||
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

#include "client/fetch.h"
#include "keytool/printcert.h"

#include <stdlib.h>

/* With nobody trusted the handshake ends as soon as the chain is there, and that is all that is wanted. */
static int fetch_chain(OSSL_LIB_CTX *libctx, const mu_url *url, STACK_OF(X509) **ret_chain, mu_err **err)
{
    const mu_fetch_options options = {.max_time_ms = 30000};
    mu_trust *trust = NULL;
    mu_tls_ctx *ctx = NULL;
    mu_fetch fetch = {.fd = -1};
    mu_err *refused = NULL;
    const STACK_OF(X509) *chain = NULL;
    int rc = -1;

    if (mu_trust_new("nobody", &trust, err) == 0 && mu_tls_ctx_new(libctx, MU_SIDE_CLIENT, NULL, trust, NULL, &ctx, err) == 0) {
        rc = mu_fetch_run(ctx, url, &options, &fetch, &refused);
        chain = fetch.conn ? mu_tls_conn_get0_peer_chain(fetch.conn) : NULL;
        *ret_chain = sk_X509_num(chain) > 0 ? X509_chain_up_ref((STACK_OF(X509) *)chain) : NULL;
        mu_fetch_done(&fetch);
        if (*ret_chain) {
            mu_err_free(refused);
            rc = 0;
        } else {
            rc = rc == 0 ? mu_fail_nomem(err) : mu_err_pass(err, refused);
        }
    }
    mu_tls_ctx_free(ctx);
    mu_trust_free(trust);
    return rc;
}

int mu_kt_server_chain(mu_kt *kt, const char *server, STACK_OF(X509) **ret_chain)
{
    char *text = mu_asprintf("https://%s", server);
    mu_url url = {0};
    int rc = text ? mu_url_parse(text, &url, &kt->err) : mu_fail_nomem(&kt->err);

    if (rc == 0)
        rc = fetch_chain(kt->libctx, &url, ret_chain, &kt->err);
    mu_url_done(&url);
    free(text);
    return rc;
}

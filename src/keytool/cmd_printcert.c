#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/print.h"
#include "keytool/printcert.h"

void mu_kt_printcert_one(const mu_kt *kt, const X509 *cert)
{
    if (mu_kt_is_set(kt, MU_KT_RFC))
        mu_kt_print_pem(stdout, cert);
    else
        mu_kt_print_cert(kt, stdout, cert);
}

static int print_file(mu_kt *kt)
{
    STACK_OF(X509) *certs = NULL;
    mu_buf input;
    int rc;

    mu_buf_init(&input, MU_KT_INPUT_MAX);
    rc = mu_kt_input(kt, mu_kt_get(kt, MU_KT_FILE), &input);
    if (rc == 0 && input.len > 0 && mu_certs_parse(kt->libctx, input.data, input.len, &certs, &kt->err) != 0)
        rc = mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_EXCEPTION, "Failed to parse input");
    else if (rc == 0 && sk_X509_num(certs) <= 0)
        rc = mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_EXCEPTION, "Empty input");
    for (int i = 0, count = sk_X509_num(certs); rc == 0 && i < count; i++) {
        if (count > 1)
            printf("Certificate[%d]:\n", i + 1);
        mu_kt_printcert_one(kt, sk_X509_value(certs, i));
        if (i < count - 1)
            putchar('\n');
        mu_kt_check_weak_at(kt, "The certificate", certs, i);
    }
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&input);
    return rc;
}

static int print_server(mu_kt *kt, const char *server)
{
    STACK_OF(X509) *chain = NULL;

    if (mu_kt_server_chain(kt, server, &chain) != 0)
        return mu_kt_throw(kt, MU_E_NETWORK_TIMEOUT, MU_KT_EXCEPTION, "No certificate from the SSL server");
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (!mu_kt_is_set(kt, MU_KT_RFC))
            printf("Certificate #%d\n====================================\n", i);
        mu_kt_printcert_one(kt, sk_X509_value(chain, i));
        if (!mu_kt_is_set(kt, MU_KT_RFC))
            putchar('\n');
        mu_kt_check_weak_at(kt, "The certificate", chain, i);
    }
    sk_X509_pop_free(chain, X509_free);
    return 0;
}

int mu_kt_printcert(mu_kt *kt)
{
    if (mu_kt_store_open(kt) != 0)
        return -1;
    if (mu_kt_is_set(kt, MU_KT_JAR_FILE))
        return mu_kt_printcert_jar(kt, mu_kt_get(kt, MU_KT_JAR_FILE));
    if (mu_kt_is_set(kt, MU_KT_SSL_SERVER))
        return print_server(kt, mu_kt_get(kt, MU_KT_SSL_SERVER));
    return print_file(kt);
}

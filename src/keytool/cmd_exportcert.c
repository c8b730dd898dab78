#include "keytool/algorithm.h"
#include "keytool/commands.h"

static int write_cert(mu_kt *kt, const X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    const char *label = mu_kt_is_set(kt, MU_KT_RFC) ? "CERTIFICATE" : NULL;
    int rc = len > 0 ? mu_kt_output_der(kt, mu_kt_get(kt, MU_KT_FILE), label, der, (size_t)len) : mu_fail_nomem(&kt->err);
    OPENSSL_free(der);
    return rc;
}

int mu_kt_exportcert(mu_kt *kt)
{
    const char *alias = mu_kt_alias(kt), *file = mu_kt_get(kt, MU_KT_FILE);
    const mu_entry *entry;
    const X509 *cert;

    if (mu_kt_store_open(kt) != 0 || !(entry = mu_kt_store_entry(kt, alias)))
        return -1;
    cert = mu_kt_entry_cert(entry);
    if (!cert)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no certificate", alias);
    if (write_cert(kt, cert) != 0)
        return -1;
    mu_kt_check_weak(kt, "The certificate", cert);
    if (file)
        mu_kt_say_file("Certificate stored in file", file);
    return 0;
}

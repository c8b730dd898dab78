#include "ca/service.h"

#include <string.h>

int mu_ca_subject(const char *name, const GENERAL_NAMES *names, const char *alias, X509_NAME **ret_subject, mu_err **err)
{
    const ASN1_STRING *dns = NULL;
    int type;
    if (name)
        return mu_name_parse(name, ret_subject, err);
    for (int n = 0; n < sk_GENERAL_NAME_num(names) && !dns; n++) {
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, n), &type);
        dns = type == GEN_DNS ? value : NULL;
    }
    const unsigned char *cn = dns ? ASN1_STRING_get0_data(dns) : (const unsigned char *)alias;
    int len = dns ? ASN1_STRING_length(dns) : (int)strlen(alias);
    X509_NAME *subject = X509_NAME_new();
    if (!subject || !X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING, cn, len, -1, 0)) {
        X509_NAME_free(subject);
        return mu_fail_nomem(err);
    }
    *ret_subject = subject;
    return 0;
}

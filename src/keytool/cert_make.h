/** New certificates: of genkeypair, gencert. */
#ifndef MU_KEYTOOL_CERT_MAKE_H
#define MU_KEYTOOL_CERT_MAKE_H

#include "keytool/algorithm.h"

#define MU_KT_DAY_S 86400

/** What it says and who signs it. All borrowed. */
typedef struct mu_kt_new_cert {
    const X509_NAME *subject;
    EVP_PKEY *key;                                 /* the one that is certified */
    const X509 *issuer;                            /* NULL: it signs itself */
    EVP_PKEY *signer_key;
    mu_kt_signing signing;
    int64_t start_s;
    const STACK_OF(X509_EXTENSION) *extensions;
} mu_kt_new_cert;

/** Private key and first certificate of an entry; *ret_cert is borrowed from the store. @return 0, or -1 after mu_kt_throw */
int mu_kt_signer(mu_kt *kt, const char *alias, const char *password, EVP_PKEY **ret_key, X509 **ret_cert);
/** Version 3, a random serial number, valid for kt->days. Owned by the caller. @return 0, or -1 after mu_kt_throw */
int mu_kt_cert_make(mu_kt *kt, const mu_kt_new_cert *what, X509 **ret_cert);

#endif

/** Certificates signed with MD2withRSA. */
#ifndef MU_KEYTOOL_MD2_H
#define MU_KEYTOOL_MD2_H

#include "keytool/kt.h"

#include <openssl/x509.h>

#define MU_KT_MD2_LEN 16

void mu_kt_md2(const uint8_t *data, size_t len, uint8_t out[MU_KT_MD2_LEN]);
/** Sign anew a certificate that this RSA key has just signed with another digest. false: OpenSSL's queue says why. */
bool mu_kt_md2_sign(const mu_kt *kt, X509 *cert, EVP_PKEY *key);

#endif

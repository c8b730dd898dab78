/** Certificates as keytool prints them. Foreign text in them comes out without control characters. */
#ifndef MU_KEYTOOL_PRINT_H
#define MU_KEYTOOL_PRINT_H

#include "keytool/kt.h"

#include <openssl/x509v3.h>

/** The block of -list -v: owner, issuer, …, extensions. */
void mu_kt_print_cert(const mu_kt *kt, FILE *out, const X509 *cert);
/** "-----BEGIN CERTIFICATE-----…", lines end in CR LF as the JDK's do. */
void mu_kt_print_pem(FILE *out, const X509 *cert);
/** The bytes themselves. */
void mu_kt_print_der(FILE *out, const X509 *cert);
/** The same for any DER under any label. */
void mu_kt_print_pem_block(FILE *out, const char *label, const uint8_t *der, size_t len);
/** "\nTITLE\n\n#1: ObjectId: …", each extension followed by an empty line; in the JDK's order: by its name for the kind. */
void mu_kt_print_extensions(FILE *out, const char *title, const STACK_OF(X509_EXTENSION) *list);
/** "\nTITLE: 2\nINDENT[1]: ObjectId: …", as in a CRL and its entries. */
void mu_kt_print_crl_extensions(FILE *out, const char *title, const char *indent, const STACK_OF(X509_EXTENSION) *list);
/** What follows the ObjectId line. @return false: this does not parse as that kind */
bool mu_kt_print_extension_body(FILE *out, int nid, const uint8_t *der, size_t len);
/** The JDK's name of a kind of extension, by which it is sorted; NULL: unknown to it. */
const char *mu_kt_extension_name(int nid);
/** "0000: 78 EE 84 7A …   x..z" lines. */
void mu_kt_print_dump(FILE *out, const uint8_t *data, size_t len);
/** The whole CRL but for who vouches for it. */
void mu_kt_print_crl(FILE *out, const X509_CRL *crl);
/** "45:4E:…", SHA-256 or SHA1 of the certificate. */
void mu_kt_print_fingerprint(FILE *out, const X509 *cert, const EVP_MD *digest);

#endif

/*
 * Certificates and CRLs in DER as keytool prints them: no control character of theirs comes through.
 * Covers: src/keytool/print_cert.c src/keytool/print_ext.c src/keytool/print_exts.c src/keytool/print_names.c
 *         src/keytool/print_crl.c src/keytool/print_policy.c src/keytool/show.c
 */
#include "base/fuzzing.h"
#include "keytool/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *p = data;
    X509 *cert = d2i_X509(NULL, &p, (long)size);
    X509_CRL *crl = cert ? NULL : (p = data, d2i_X509_CRL(NULL, &p, (long)size));
    const mu_kt kt = {0};
    char *text = NULL;
    size_t len;
    if (!cert && !crl)
        return 0;
    FILE *out = open_memstream(&text, &len);
    if (cert)
        mu_kt_print_cert(&kt, out, cert);
    else
        mu_kt_print_crl(out, crl);
    fclose(out);
    for (size_t i = 0; i < len; i++)
        FUZZ_REQUIRE((uint8_t)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
    free(text);
    X509_free(cert);
    X509_CRL_free(crl);
    return 0;
}

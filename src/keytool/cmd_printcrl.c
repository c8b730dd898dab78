#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/print.h"
#include "keytool/reply.h"

#define STARS "*******************************************\n"

/* @return who signed it, or NULL */
static const mu_entry *find_signer(const mu_store *store, X509_CRL *crl)
{
    for (size_t i = 0; store && i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        const X509 *cert = mu_kt_entry_cert(entry);
        EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
        if (key && X509_NAME_cmp(X509_get_subject_name(cert), X509_CRL_get_issuer(crl)) == 0 && X509_CRL_verify(crl, key) == 1)
            return entry;
    }
    return NULL;
}

static void say_verified(mu_kt *kt, const mu_entry *signer, const char *where, const char *algorithm)
{
    const X509 *cert = mu_kt_entry_cert(signer);
    mu_kt_strength strength = mu_kt_key_strength(X509_get0_pubkey(cert));
    char key[MU_KT_ALGORITHM_MAX];

    mu_kt_key_text(X509_get0_pubkey(cert), X509_get_X509_PUBKEY(cert), key);
    fputs("Verified by ", stdout);
    mu_kt_show(stdout, mu_entry_java_alias(signer));
    printf(" in %s with a %s%s\n", where, key, mu_kt_strength_mark(strength));
    mu_kt_warn_signature(kt, "The CRL", algorithm, mu_kt_signature_strength(algorithm));
    mu_kt_warn_key(kt, "The CRL", key, strength);
}

static void judge(mu_kt *kt, X509_CRL *crl)
{
    const mu_entry *signer = find_signer(kt->cacerts, crl);
    bool by_cacerts = signer != NULL;
    char algorithm[MU_KT_ALGORITHM_MAX];

    mu_kt_signature_nid_name(X509_CRL_get_signature_nid(crl), algorithm);
    if (signer || (signer = find_signer(kt->store, crl))) {
        say_verified(kt, signer, by_cacerts ? "cacerts" : "keystore", algorithm);
        return;
    }
    fputs(STARS, stdout);
    puts(mu_kt_is_set(kt, MU_KT_TRUST_CA_CERTS)
             ? "WARNING: not verified. Make sure -keystore is correct."
             : "WARNING: not verified. Make sure -keystore is correct or specify -trustcacerts.");
    fputs(STARS "\n\n", stdout);
    mu_kt_warn_signature(kt, "The CRL", algorithm, mu_kt_signature_strength(algorithm));
}

static void print(mu_kt *kt, X509_CRL *crl)
{
    unsigned char *der = NULL;
    int len = mu_kt_is_set(kt, MU_KT_RFC) ? i2d_X509_CRL(crl, &der) : 0;

    if (len > 0)
        mu_kt_print_pem_block(stdout, "X509 CRL", der, (size_t)len);
    else
        mu_kt_print_crl(stdout, crl);
    OPENSSL_free(der);
    judge(kt, crl);
}

int mu_kt_printcrl(mu_kt *kt)
{
    STACK_OF(X509_CRL) *crls = NULL;
    mu_buf input;
    int rc = mu_kt_store_open(kt);

    mu_buf_init(&input, MU_KT_INPUT_MAX);
    if (rc == 0)
        rc = mu_kt_input(kt, mu_kt_get(kt, MU_KT_FILE), &input);
    if (rc == 0 && input.len > 0 && mu_crls_parse(kt->libctx, input.data, input.len, &crls, &kt->err) != 0)
        rc = mu_kt_throw(kt, MU_E_PEM_GARBAGE, "java.security.cert.CRLException", "No CRL data found");
    for (int i = 0; rc == 0 && i < sk_X509_CRL_num(crls); i++)
        print(kt, sk_X509_CRL_value(crls, i));
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    mu_buf_free(&input);
    return rc;
}

/* Source: RFC 2986; the JDK reads what stands between two lines that begin with "-----". */
#include "base/ossl.h"
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/dname.h"
#include "keytool/print.h"

#include <mutual/pki.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static void print_attribute(const X509_ATTRIBUTE *attribute)
{
    char oid[MU_KT_ALGORITHM_MAX];
    const ASN1_OBJECT *object = X509_ATTRIBUTE_get0_object((X509_ATTRIBUTE *)attribute);

    OBJ_obj2txt(oid, sizeof oid, object, 1);
    printf("Attribute: %s\n", oid);
    const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type((X509_ATTRIBUTE *)attribute, 0);
    fputs(OBJ_obj2nid(object) == NID_pkcs9_challengePassword ? "ChallengePassword: " : "value: ", stdout);
    if (value && value->type != V_ASN1_OBJECT && value->type != V_ASN1_BOOLEAN && value->type != V_ASN1_NULL)
        mu_kt_show_bytes(stdout, ASN1_STRING_get0_data(value->value.asn1_string),
                         (size_t)ASN1_STRING_length(value->value.asn1_string));
    putchar('\n');
}

static void print_attributes(X509_REQ *req)
{
    STACK_OF(X509_EXTENSION) *extensions;

    for (int i = 0; i < X509_REQ_get_attr_count(req); i++) {
        const X509_ATTRIBUTE *attribute = X509_REQ_get_attr(req, i);
        if (OBJ_obj2nid(X509_ATTRIBUTE_get0_object((X509_ATTRIBUTE *)attribute)) != NID_ext_req) {
            print_attribute(attribute);
            continue;
        }
        extensions = X509_REQ_get_extensions(req);
        mu_kt_print_extensions(stdout, "Extension Request:", extensions);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    }
}

static void print(mu_kt *kt, X509_REQ *req)
{
    char signature[MU_KT_ALGORITHM_MAX], key[MU_KT_ALGORITHM_MAX];
    EVP_PKEY *public_key = X509_REQ_get0_pubkey(req);

    mu_kt_signature_nid_name(X509_REQ_get_signature_nid(req), signature);
    mu_kt_key_text(public_key, X509_REQ_get_X509_PUBKEY(req), key);
    fputs("PKCS #10 Certificate Request (Version 1.0)\nSubject: ", stdout);
    mu_kt_dname_show(stdout, X509_REQ_get_subject_name(req));
    printf("\nFormat: X.509\nPublic Key: %s%s\nSignature algorithm: %s%s\n", key,
           mu_kt_strength_mark(mu_kt_key_strength(public_key)), signature, mu_kt_strength_mark(mu_kt_signature_strength(signature)));
    print_attributes(req);
    mu_kt_check_weak_request(kt, "The certificate request", req);
}

/* The JDK does not look at what the lines say between which the request stands. */
static int parse_any_block(mu_kt *kt, const mu_buf *input, X509_REQ **ret_req)
{
    char *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    BIO *bio = BIO_new_mem_buf(input->data, (int)input->len);
    int rc = bio && PEM_read_bio(bio, &label, &header, &der, &len) == 1 ? mu_csr_read(kt->libctx, der, (size_t)len, ret_req, NULL) : -1;

    mu_ossl_clear();
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)len);
    BIO_free(bio);
    return rc;
}

static int parse(mu_kt *kt, const mu_buf *input, X509_REQ **ret_req)
{
    if (!strstr(mu_buf_text(input), "-----"))
        return mu_kt_throw(kt, MU_E_PEM_GARBAGE, MU_KT_IO, "Too short");
    if (mu_csr_read(kt->libctx, input->data, input->len, ret_req, &kt->err) == 0)
        return 0;
    if (mu_err_has(kt->err, MU_E_PEM_GARBAGE) && parse_any_block(kt, input, ret_req) == 0) {
        mu_err_free(kt->err);
        kt->err = NULL;
        return 0;
    }
    if (mu_err_has(kt->err, MU_E_SIGNATURE_INVALID))
        return mu_kt_throw(kt, MU_E_SIGNATURE_INVALID, "java.security.SignatureException", "Invalid PKCS #10 signature");
    return mu_kt_throw_err(kt, MU_KT_IO);
}

int mu_kt_printcertreq(mu_kt *kt)
{
    X509_REQ *req = NULL;
    mu_buf input;
    int rc;

    mu_buf_init(&input, MU_KT_INPUT_MAX);
    rc = mu_kt_input(kt, mu_kt_get(kt, MU_KT_FILE), &input);
    if (rc == 0 && (rc = parse(kt, &input, &req)) == 0)
        print(kt, req);
    X509_REQ_free(req);
    mu_buf_free(&input);
    return rc;
}

/*
 * Judges chains in bulk for test_verify.py: one JSON object a line on standard input, one verdict a line on standard output.
 * Spawning a sanitized program for each of thousands of cases would take the better part of the suite's time.
 *
 * {"certs": [leaf, untrusted…], "trusted": […], "purpose": "server|client|any", "rules": "openssl|strict|jsse",
 *  "host": …, "ip": …, "at": seconds, "max_depth": N}; certificates and CRLs are base64 DER. A line without "certs" has "untrusted"
 * and "crls" for all that follow.
 */
#include <mutual/pki.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned char *decode(const json_t *text, long *ret_len)
{
    size_t len = json_string_length(text);
    unsigned char *der = malloc(len + 1);
    int got = EVP_DecodeBlock(der, (const unsigned char *)json_string_value(text), (int)len);

    *ret_len = got;
    for (size_t i = len; i > 0 && json_string_value(text)[i - 1] == '='; i--)
        --*ret_len;
    return der;
}

static X509 *read_cert(const json_t *text)
{
    long len;
    unsigned char *der = decode(text, &len);
    const unsigned char *at = der;
    X509 *cert = len > 0 ? d2i_X509(NULL, &at, len) : NULL;
    free(der);
    return cert;
}

static X509_CRL *read_crl(const json_t *text)
{
    long len;
    unsigned char *der = decode(text, &len);
    const unsigned char *at = der;
    X509_CRL *crl = len > 0 ? d2i_X509_CRL(NULL, &at, len) : NULL;
    free(der);
    return crl;
}

/* False if one of them is no certificate: then there is nothing to judge. */
static bool read_certs(const json_t *list, size_t first, STACK_OF(X509) *certs)
{
    bool ok = true;
    for (size_t i = first; i < json_array_size(list); i++) {
        X509 *cert = read_cert(json_array_get(list, i));
        ok = ok && cert;
        if (cert)
            sk_X509_push(certs, cert);
    }
    return ok;
}

static int choice(const json_t *value, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (json_is_string(value) && strcmp(json_string_value(value), names[i]) == 0)
            return i;
    return 0;
}

static void judge(const json_t *in, X509 *leaf, const mu_verify_params *params)
{
    mu_chain_verdict verdict;
    mu_err *err = NULL;
    clock_t start = clock();
    json_t *out;

    if (mu_chain_verify(leaf, params, &verdict, &err) != 0) {
        out = json_pack("{s:s, s:s}", "code", "error", "detail", err->msg);
        mu_err_free(err);
    } else {
        out = json_pack("{s:s, s:i, s:i, s:i, s:s*, s:f}", "code", mu_code_name(verdict.code), "depth", verdict.depth, "error",
                        verdict.x509_error, "count", sk_X509_num(verdict.chain), "detail", verdict.detail, "ms",
                        (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
        mu_chain_verdict_done(&verdict);
    }
    json_object_set(out, "id", json_object_get(in, "id"));
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
}

static STACK_OF(X509) *common_certs;
static STACK_OF(X509_CRL) *common_crls;

static bool read_crls(const json_t *list, STACK_OF(X509_CRL) *crls)
{
    bool ok = true;
    for (size_t i = 0; i < json_array_size(list); i++) {
        X509_CRL *crl = read_crl(json_array_get(list, i));
        ok = ok && crl;
        if (crl)
            sk_X509_CRL_push(crls, crl);
    }
    return ok;
}

static void run(const json_t *in)
{
    static const char *const purposes[] = {"any", "server", "client", NULL}, *const rules[] = {"openssl", "strict", "jsse", NULL};
    mu_verify_params params = {.max_depth = -1, .security_level = -1};
    const json_t *certs = json_object_get(in, "certs");
    STACK_OF(X509) *trusted = sk_X509_new_null(), *untrusted = sk_X509_new_null();
    X509 *leaf = read_cert(json_array_get(certs, 0));

    params.purpose = (mu_purpose)choice(json_object_get(in, "purpose"), purposes);
    params.rules = (mu_rules)choice(json_object_get(in, "rules"), rules);
    params.host = json_string_value(json_object_get(in, "host"));
    params.ip = json_string_value(json_object_get(in, "ip"));
    params.at_s = json_integer_value(json_object_get(in, "at"));
    if (json_is_integer(json_object_get(in, "max_depth")))
        params.max_depth = (int)json_integer_value(json_object_get(in, "max_depth"));
    params.trusted = trusted;
    params.untrusted = untrusted;
    params.crls = common_crls;
    X509_add_certs(untrusted, common_certs, X509_ADD_FLAG_UP_REF);
    if (read_certs(json_object_get(in, "trusted"), 0, trusted) && read_certs(certs, 1, untrusted) && leaf)
        judge(in, leaf, &params);
    else
        printf("{\"code\":\"unreadable\"}\n");
    X509_free(leaf);
    sk_X509_pop_free(trusted, X509_free);
    sk_X509_pop_free(untrusted, X509_free);
}

static void set_common(const json_t *in)
{
    common_certs = sk_X509_new_null();
    common_crls = sk_X509_CRL_new_null();
    if (!read_certs(json_object_get(in, "untrusted"), 0, common_certs) || !read_crls(json_object_get(in, "crls"), common_crls))
        exit(1);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) > 0) {
        json_t *in = json_loads(line, 0, NULL);
        if (json_object_get(in, "certs"))
            run(in);
        else
            set_common(in);
        json_decref(in);
    }
    free(line);
    sk_X509_pop_free(common_certs, X509_free);
    sk_X509_CRL_pop_free(common_crls, X509_CRL_free);
    return 0;
}

/* IANA's names of groups, signature schemes and cipher suites, in OpenSSL's terms. */
#include "tls/tls_internal.h"

#include "base/ossl.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Tried one after the other: a library that lacks one group refuses the whole list. */
static const char *const default_groups[] = {"X25519MLKEM768:X25519:P-256:P-384:P-521", "X25519:P-256:P-384:P-521",
                                             "P-256:P-384:P-521"};

/* RFC 8446 4.2.7 and the registry; groups not listed here have the same name in both worlds. */
static const char *const group_names[][2] = {
    {"secp256r1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}, {"x25519", "X25519"}, {"x448", "X448"},
};

static bool is_separator(char c)
{
    return c == ':' || c == ',' || c == ' ';
}

/* The next name of the list into `out` (at most 63 bytes, longer ones are cut and so unknown). false at the end. */
static bool next_name(const char **list, char out[64])
{
    size_t len = 0;
    while (**list && is_separator(**list))
        (*list)++;
    for (; **list && !is_separator(**list); (*list)++)
        if (len < 63)
            out[len++] = **list;
    out[len] = '\0';
    return len > 0;
}

static int fail_unknown(const char *kind, const char *name, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "unknown %s \"%s\"", kind, mu_escape_to(shown, name));
    mu_ossl_clear();
    return mu_err_hint(err, "Use names of the IANA registry that this OpenSSL has, separated by ':' or ','.");
}

static const char *group_in_openssl(const char *name)
{
    for (size_t i = 0; i < sizeof group_names / sizeof *group_names; i++)
        if (mu_str_eq_nocase(group_names[i][0], name))
            return group_names[i][1];
    return name;
}

static void join(mu_buf *list, const char *name)
{
    if (list->len)
        mu_buf_add_byte(list, ':');
    mu_buf_add_str(list, name);
}

int mu_tls_apply_groups(SSL_CTX *ssl_ctx, const char *groups, mu_err **err)
{
    int rc = 0;
    mu_buf list;
    char name[64];

    mu_ossl_clear();
    for (size_t i = 0; !groups && i < sizeof default_groups / sizeof *default_groups; i++)
        if (SSL_CTX_set1_groups_list(ssl_ctx, default_groups[i])) {
            mu_ossl_clear();
            return 0;
        }
    if (!groups)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has none of our key exchange groups");
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    while (rc == 0 && next_name(&groups, name)) {
        if (!SSL_CTX_set1_groups_list(ssl_ctx, group_in_openssl(name)))
            rc = fail_unknown("group", name, err);
        join(&list, group_in_openssl(name));
    }
    if (rc == 0 && !SSL_CTX_set1_groups_list(ssl_ctx, mu_buf_text(&list)))
        rc = mu_fail_ossl(err, MU_E_CONFIG_INVALID, "the list of groups is not usable");
    mu_buf_free(&list);
    return rc;
}

int mu_tls_apply_sigalgs(SSL_CTX *ssl_ctx, const char *sigalgs, mu_err **err)
{
    int rc = 0;
    mu_buf list;
    char name[64];

    if (!sigalgs)
        return 0;
    mu_ossl_clear();
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    while (rc == 0 && next_name(&sigalgs, name)) {
        if (!SSL_CTX_set1_sigalgs_list(ssl_ctx, name))
            rc = fail_unknown("signature scheme", name, err);
        join(&list, name);
    }
    if (rc == 0 && !SSL_CTX_set1_sigalgs_list(ssl_ctx, mu_buf_text(&list)))
        rc = mu_fail_ossl(err, MU_E_CONFIG_INVALID, "the list of signature schemes is not usable");
    mu_buf_free(&list);
    return rc;
}

/* AEAD with forward secrecy. RFC 9325 section 4.2. */
static const char default_tls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
static const char default_tls13[] = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char all_tls13[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

static const SSL_CIPHER *find_cipher(STACK_OF(SSL_CIPHER) * all, const char *iana)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
        const char *name = SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(all, i));
        if (name && strcmp(name, iana) == 0)
            return sk_SSL_CIPHER_value(all, i);
    }
    return NULL;
}

/* Sorts the names into what OpenSSL keeps apart: TLS 1.3 suites by IANA name, older ones by its own. */
static int split_ciphers(STACK_OF(SSL_CIPHER) * all, const char *ciphers, mu_buf *tls13, mu_buf *tls12, mu_err **err)
{
    char name[64];
    while (next_name(&ciphers, name)) {
        const SSL_CIPHER *cipher = find_cipher(all, name);
        if (!cipher)
            return fail_unknown("cipher suite", name, err);
        bool is_tls13 = SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any;
        join(is_tls13 ? tls13 : tls12, SSL_CIPHER_get_name(cipher));
    }
    return tls13->failed || tls12->failed ? mu_fail_nomem(err) : 0;
}

/* A version without a suite is not offered at all, instead of failing later. */
static int apply_lists(SSL_CTX *ssl_ctx, const char *tls13, const char *tls12, mu_err **err)
{
    int min = (int)SSL_CTX_get_min_proto_version(ssl_ctx), max = (int)SSL_CTX_get_max_proto_version(ssl_ctx);
    if (!*tls13 && max == TLS1_3_VERSION)
        max = TLS1_2_VERSION;
    if (!*tls12 && min == TLS1_2_VERSION)
        min = TLS1_3_VERSION;
    if (min > max)
        return mu_fail_by(err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "no cipher suite is left for the TLS versions that are enabled");
    if (!SSL_CTX_set_ciphersuites(ssl_ctx, tls13) || !SSL_CTX_set_cipher_list(ssl_ctx, *tls12 ? tls12 : default_tls12) ||
        !SSL_CTX_set_min_proto_version(ssl_ctx, min) || !SSL_CTX_set_max_proto_version(ssl_ctx, max))
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "these cipher suites cannot be used");
    return 0;
}

int mu_tls_apply_ciphers(SSL_CTX *ssl_ctx, const char *ciphers, mu_err **err)
{
    int rc = -1;
    mu_buf tls13, tls12;

    mu_ossl_clear();
    if (!ciphers)
        return apply_lists(ssl_ctx, default_tls13, default_tls12, err);
    mu_buf_init(&tls13, MU_BUF_TEXT_MAX);
    mu_buf_init(&tls12, MU_BUF_TEXT_MAX);
    /* All that the library knows, to look names up in; replaced below. */
    if (!SSL_CTX_set_ciphersuites(ssl_ctx, all_tls13) && !SSL_CTX_set_ciphersuites(ssl_ctx, default_tls13))
        rc = mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has no TLS 1.3 suites");
    else if (!SSL_CTX_set_cipher_list(ssl_ctx, "ALL"))
        rc = mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has no TLS 1.2 suites");
    else if (split_ciphers(SSL_CTX_get_ciphers(ssl_ctx), ciphers, &tls13, &tls12, err) == 0)
        rc = apply_lists(ssl_ctx, mu_buf_text(&tls13), mu_buf_text(&tls12), err);
    mu_buf_free(&tls13);
    mu_buf_free(&tls12);
    return rc;
}

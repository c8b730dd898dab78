/* Versions and cipher suites as Java and its Tomcat take them. */
#include "config/spring.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

bool mu_spring_protocol_known(const char *name)
{
    static const char *const names[] = {"TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3", "SSLv2Hello"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

int mu_spring_protocol_version(const char *name)
{
    return strcmp(name, "TLSv1.3") == 0 ? TLS1_3_VERSION : strcmp(name, "TLSv1.2") == 0 ? TLS1_2_VERSION : 0;
}

static const char *find_suite(STACK_OF(SSL_CIPHER) *ciphers, const char *name)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *standard = SSL_CIPHER_standard_name(cipher);
        if (standard && (strcmp(standard, name) == 0 || strcmp(SSL_CIPHER_get_name(cipher), name) == 0))
            return standard;
    }
    return NULL;
}

int mu_spring_suites(const char *list, mu_buf *ret_known, mu_strlist *ret_unknown, mu_err **err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    char *copy = mu_strdup(list), *rest = copy;
    int rc = ctx && copy && SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0") ? 0 : mu_fail_nomem(err);
    for (char *word = copy ? strtok_r(copy, ":, \t", &rest) : NULL; word && rc == 0; word = strtok_r(NULL, ":, \t", &rest)) {
        const char *name = find_suite(SSL_CTX_get_ciphers(ctx), word);
        if (name)
            mu_buf_addf(ret_known, "%s%s", ret_known->len ? ":" : "", name);
        else if (mu_strlist_add(ret_unknown, word) != 0)
            rc = mu_fail_nomem(err);
    }
    SSL_CTX_free(ctx);
    free(copy);
    return rc == 0 && ret_known->failed ? mu_fail_nomem(err) : rc;
}

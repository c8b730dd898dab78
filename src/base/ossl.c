#include "base/ossl.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>

int mu_ossl_ctx_new(OSSL_LIB_CTX **ret_libctx, mu_err **err)
{
    OSSL_LIB_CTX *libctx;

    ERR_clear_error();
    if (!(libctx = OSSL_LIB_CTX_new()))
        return mu_fail_ossl(err, MU_E_OUT_OF_MEMORY, "cannot make an OpenSSL library context");
    /* As OpenSSL does for its default context (no file is fine), but a file it cannot obey is not passed over in silence: it may be
       the one that demands FIPS. */
    if (CONF_modules_load_file_ex(libctx, NULL, NULL, CONF_MFLAGS_DEFAULT_SECTION | CONF_MFLAGS_IGNORE_MISSING_FILE) <= 0) {
        mu_fail_ossl(err, MU_E_CONFIG_INVALID, "OpenSSL cannot do what its configuration file says");
        mu_err_hint(err, "look at openssl.cnf (its folder: openssl version -d, or the variable OPENSSL_CONF)");
        OSSL_LIB_CTX_free(libctx);
        return -1;
    }
    *ret_libctx = libctx;
    return 0;
}

/* Providers that a configuration activates are released with their context; those of OSSL_PROVIDER_load are not. */
static bool activate_legacy(OSSL_LIB_CTX *libctx)
{
    static const char text[] =
        "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n";
    BIO *in = BIO_new_mem_buf(text, -1);
    CONF *conf = NCONF_new_ex(libctx, NULL);
    bool ok = in && conf && NCONF_load_bio(conf, in, NULL) > 0 && CONF_modules_load(conf, NULL, 0) > 0 &&
              OSSL_PROVIDER_available(libctx, "legacy"); /* 3.0 loads what it can and says yes */
    NCONF_free(conf);
    BIO_free(in);
    return ok;
}

int mu_ossl_legacy_ctx_new(OSSL_LIB_CTX **ret_libctx, mu_err **err)
{
    OSSL_LIB_CTX *libctx;

    ERR_clear_error();
    if (!(libctx = OSSL_LIB_CTX_new()))
        return mu_fail_ossl(err, MU_E_OUT_OF_MEMORY, "cannot make an OpenSSL library context");
    if (!activate_legacy(libctx)) {
        mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "OpenSSL's legacy provider cannot be loaded");
        mu_err_hint(err, "install it (Debian 13 and later: openssl-provider-legacy)");
        OSSL_LIB_CTX_free(libctx);
        return -1;
    }
    *ret_libctx = libctx;
    return 0;
}

void mu_ossl_clear(void)
{
    ERR_clear_error();
}

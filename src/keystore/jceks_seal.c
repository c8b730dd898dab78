/*
 * A secret key in JCEKS: the serialised key, encrypted, in a serialised SealedObject.
 * Source: OpenJDK com/sun/crypto/provider/KeyProtector.java.
 */
#include "java_serial.h"

#define ALGORITHM "PBEWithMD5AndTripleDES"

static int open_sealed(mu_bytes sealed, mu_java_sealed *ret, mu_err **err)
{
    mu_java_in in = {.data = sealed.data, .len = sealed.len};
    if (mu_java_sealed_read(&in, ret, err) != 0)
        return -1;
    if (ret->seal_algorithm.len == strlen(ALGORITHM) && memcmp(ret->seal_algorithm.data, ALGORITHM, strlen(ALGORITHM)) == 0)
        return 0;
    return mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "a secret key is not sealed with " ALGORITHM);
}

mu_protection mu_jceks_seal_describe(mu_bytes sealed)
{
    mu_protection ret = {.present = true};
    mu_java_sealed parts;
    PBEPARAM *param = NULL;
    if (open_sealed(sealed, &parts, NULL) == 0 && mu_sun_params(parts.params, &param, NULL) == 0) {
        snprintf(ret.algorithm, sizeof ret.algorithm, ALGORITHM);
        ret.iterations = mu_asn1_long(param->iter);
    }
    PBEPARAM_free(param);
    return ret;
}

int mu_jceks_unseal(mu_crypt *crypt, mu_bytes sealed, const char *password, bool charge, char **ret_algorithm, mu_bytes *ret_key,
                    mu_err **err)
{
    mu_java_sealed parts;
    mu_java_secret secret;
    mu_bytes clear = {NULL, 0};
    char *algorithm = NULL;
    if (open_sealed(sealed, &parts, err) != 0 || mu_jceks_decrypt(crypt, parts.params, password, parts.content, charge,
                                                                  MU_E_KEY_PASSWORD_DIFFERS, &clear, err) != 0)
        return -1;
    mu_java_in in = {.data = clear.data, .len = clear.len};
    int rc = mu_java_secret_read(&in, &secret, err);
    /* a wrong password passes the padding 1 time in 256 */
    if (rc != 0 && (clear.len < 4 || memcmp(clear.data, "\xac\xed\x00\x05", 4) != 0))
        mu_wrap(err, MU_E_KEY_PASSWORD_DIFFERS, "the password does not decrypt it");
    if (rc == 0)
        rc = (algorithm = mu_java_utf_text(secret.algorithm)) ? mu_bytes_set(ret_key, secret.key.data, secret.key.len, err)
                                                              : mu_fail_nomem(err);
    if (rc == 0)
        *ret_algorithm = algorithm;
    else
        free(algorithm);
    mu_bytes_clear(&clear);
    return rc;
}

int mu_jceks_seal(mu_crypt *crypt, long iterations, const char *password, const char *algorithm, mu_bytes key, mu_bytes *ret,
                  mu_err **err)
{
    mu_bytes params = {NULL, 0}, content = {NULL, 0};
    mu_buf clear, out;
    mu_buf_init_secret(&clear, key.len + MU_BUF_TEXT_MAX);
    mu_buf_init(&out, key.len + 2 * MU_BUF_TEXT_MAX);
    int rc = mu_java_secret_write(&clear, algorithm, key, err);
    if (rc == 0)
        rc = mu_jceks_encrypt(crypt, iterations, password, (mu_bytes){clear.data, clear.len}, &params, &content, err);
    if (rc == 0)
        rc = mu_java_sealed_write(&out, params, content, ALGORITHM, err);
    if (rc == 0)
        rc = out.failed ? mu_fail_nomem(err) : mu_bytes_set(ret, out.data, out.len, err);
    mu_bytes_clear(&params);
    mu_bytes_clear(&content);
    mu_buf_free(&clear);
    mu_buf_free(&out);
    return rc;
}

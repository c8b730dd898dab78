#include "keystore_internal.h"

#include <limits.h>
#include <openssl/pem.h>

static int give_password(char *buf, int size, int writing, void *password)
{
    size_t len = strlen(password);
    (void)writing;
    if (len > (size_t)size)
        return -1;
    memcpy(buf, password, len);
    return (int)len;
}

static int no_password(mu_err **err)
{
    return mu_fail(err, MU_E_PEM_KEY_ENCRYPTED, "the private key is encrypted, and there is no password");
}

/* Proc-Type: 4,ENCRYPTED: one round of MD5, nothing to bound. Bytes are decrypted in place. */
static int decrypt_traditional(const mu_pem_block *block, const char *password, mu_bytes *ret, mu_err **err)
{
    EVP_CIPHER_INFO info;
    mu_ossl_clear();
    if (!PEM_get_EVP_CIPHER_INFO(block->headers, &info))
        return mu_fail_ossl(err, MU_E_PEM_GARBAGE, "the headers of an encrypted key make no sense");
    if (!password)
        return no_password(err);
    if (mu_bytes_set(ret, block->der.data, block->der.len, err) != 0)
        return -1;
    long len = (long)ret->len;
    if (PEM_do_header(&info, ret->data, &len, give_password, (void *)(uintptr_t)password)) {
        ret->len = (size_t)len; /* what is left behind it is padding */
        return 0;
    }
    mu_bytes_clear(ret);
    return mu_fail_ossl(err, MU_E_PEM_KEY_ENCRYPTED, "the password does not decrypt the private key");
}

static int decode(mu_crypt *crypt, mu_bytes der, mu_code code, const char *what, EVP_PKEY **ret, mu_err **err)
{
    mu_ossl_clear();
    EVP_PKEY *key = mu_key_from_der(crypt->libctx, der.data, der.len);
    if (!key)
        return mu_fail_ossl(err, code, "%s", what);
    mu_ossl_clear(); /* the decoders leave their failed attempts behind */
    *ret = key;
    return 0;
}

static bool is_shrouded(mu_bytes der)
{
    const unsigned char *p = der.data;
    X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)der.len);
    bool yes = sig && p == der.data + der.len;
    X509_SIG_free(sig);
    mu_ossl_clear();
    return yes;
}

static int shrouded_key(mu_crypt *crypt, mu_bytes der, const char *password, bool charge, EVP_PKEY **ret, mu_err **err)
{
    mu_bytes p8 = {NULL, 0};
    if (!password)
        return no_password(err);
    if (mu_p8_unshroud(crypt, der, password, charge, MU_E_PEM_KEY_ENCRYPTED, &p8, err) != 0)
        return -1;
    int rc = decode(crypt, p8, MU_E_STORE_DAMAGED, "the private key is decrypted, but cannot be decoded", ret, err);
    mu_bytes_clear(&p8);
    return rc;
}

int mu_pem_block_key(mu_crypt *crypt, const mu_pem_block *block, const char *password, bool charge, EVP_PKEY **ret, mu_err **err)
{
    mu_bytes der = {NULL, 0};
    if (strcmp(block->label, "OPENSSH PRIVATE KEY") == 0) {
        mu_fail(err, MU_E_PEM_GARBAGE, "this is a key in OpenSSH's own format");
        return mu_err_hint(err, "ssh-keygen -p -m PKCS8 -f FILE converts it in place");
    }
    if (strcmp(block->label, "ENCRYPTED PRIVATE KEY") == 0)
        return shrouded_key(crypt, block->der, password, charge, ret, err);
    if (!strstr(block->headers, "ENCRYPTED"))
        return decode(crypt, block->der, MU_E_PEM_GARBAGE, "the private key cannot be decoded", ret, err);
    if (decrypt_traditional(block, password, &der, err) != 0)
        return -1;
    /* the padding of a wrong password passes once in a while */
    int rc = decode(crypt, der, MU_E_PEM_KEY_ENCRYPTED, "the password does not decrypt the private key", ret, err);
    mu_bytes_clear(&der);
    return rc;
}

int mu_key_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, const char *password, EVP_PKEY **ret_key, mu_err **err)
{
    mu_crypt crypt = {.libctx = libctx, .iterations_left = MU_MAX_ITERATIONS};
    mu_pem_block block;
    size_t pos = 0;
    int rc = -1, found;
    bool pem = mu_pem_has_block(data, len);
    if (mu_pem_check_text(data, len, err) != 0)
        return -1;
    if (!pem) {
        mu_bytes der = {(uint8_t *)(uintptr_t)data, len};
        rc = is_shrouded(der) ? shrouded_key(&crypt, der, password, true, ret_key, err)
                              : decode(&crypt, der, MU_E_PEM_GARBAGE, "this is no private key, neither PEM nor DER", ret_key, err);
        mu_crypt_done(&crypt);
        return rc;
    }
    while ((found = mu_pem_next(data, len, &pos, &block, err)) == 1) {
        bool key = mu_pem_is_key(&block);
        if (key)
            rc = mu_pem_block_key(&crypt, &block, password, true, ret_key, err);
        mu_pem_block_done(&block);
        if (key)
            break;
    }
    if (found == 0)
        mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "there is no private key in this PEM");
    mu_crypt_done(&crypt);
    return rc;
}

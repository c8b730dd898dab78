/* RFC 1319 (MD2) under RSASSA-PKCS1-v1_5 (RFC 8017 9.2): what OpenSSL no longer makes and the JDK's keytool does when told to. */
#include "keytool/md2.h"

#include <openssl/rsa.h>
#include <string.h>

#define BLOCK 16
#define ROUNDS 18

/* The digits of pi, as a permutation. */
static const uint8_t table[256] = {
    41,  46,  67,  201, 162, 216, 124, 1,   61,  54,  84,  161, 236, 240, 6,   19,  98,  167, 5,   243, 192, 199, 115, 140, 152, 147,
    43,  217, 188, 76,  130, 202, 30,  155, 87,  60,  253, 212, 224, 22,  103, 66,  111, 24,  138, 23,  229, 18,  190, 78,  196, 214,
    218, 158, 222, 73,  160, 251, 245, 142, 187, 47,  238, 122, 169, 104, 121, 145, 21,  178, 7,   63,  148, 194, 16,  137, 11,  34,
    95,  33,  128, 127, 93,  154, 90,  144, 50,  39,  53,  62,  204, 231, 191, 247, 151, 3,   255, 25,  48,  179, 72,  165, 181, 209,
    215, 94,  146, 42,  172, 86,  170, 198, 79,  184, 56,  210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4,   241, 69,  157,
    112, 89,  100, 113, 135, 32,  134, 91,  207, 101, 230, 45,  168, 2,   27,  96,  37,  173, 174, 176, 185, 246, 28,  70,  97,  105,
    52,  64,  126, 15,  85,  71,  163, 35,  221, 81,  175, 58,  195, 92,  249, 206, 186, 197, 234, 38,  44,  83,  13,  110, 133, 40,
    132, 9,   211, 223, 205, 244, 65,  129, 77,  82,  106, 220, 55,  200, 108, 193, 171, 250, 36,  225, 123, 8,   12,  189, 177, 74,
    120, 136, 149, 139, 227, 99,  232, 109, 233, 203, 213, 254, 59,  0,   29,  57,  242, 239, 183, 14,  102, 88,  208, 228, 166, 119,
    114, 248, 235, 117, 75,  10,  49,  68,  80,  180, 143, 237, 31,  26,  219, 153, 141, 51,  159, 17,  131, 20,
};

struct state {
    uint8_t x[3 * BLOCK], sum[BLOCK];
};

static void add_block(struct state *s, const uint8_t block[BLOCK])
{
    uint8_t last = s->sum[BLOCK - 1], t = 0;

    for (int i = 0; i < BLOCK; i++) {
        last = s->sum[i] ^= table[block[i] ^ last];
        s->x[BLOCK + i] = block[i];
        s->x[2 * BLOCK + i] = block[i] ^ s->x[i];
    }
    for (int round = 0; round < ROUNDS; t = (uint8_t)(t + round++))
        for (int k = 0; k < 3 * BLOCK; k++)
            t = s->x[k] ^= table[t];
}

void mu_kt_md2(const uint8_t *data, size_t len, uint8_t out[MU_KT_MD2_LEN])
{
    struct state s = {{0}, {0}};
    uint8_t end[BLOCK];
    size_t rest = len % BLOCK;

    for (size_t at = 0; at + BLOCK <= len; at += BLOCK)
        add_block(&s, data + at);
    memset(end, (int)(BLOCK - rest), sizeof end);
    if (rest)
        memcpy(end, data + len - rest, rest);
    add_block(&s, end);
    memcpy(end, s.sum, sizeof end);
    add_block(&s, end);
    memcpy(out, s.x, MU_KT_MD2_LEN);
}

/* DigestInfo and RSA. *ret of *ret_len bytes: OPENSSL_free */
static bool sign(const mu_kt *kt, EVP_PKEY *key, const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len)
{
    uint8_t info[18 + MU_KT_MD2_LEN] = {0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x02, 0x05, 0x00, 0x04, 0x10};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(kt->libctx, key, NULL);

    mu_kt_md2(data, len, info + 18);
    *ret = NULL;
    bool ok = ctx && EVP_PKEY_sign_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
              EVP_PKEY_sign(ctx, NULL, ret_len, info, sizeof info) > 0 && (*ret = OPENSSL_malloc(*ret_len)) != NULL &&
              EVP_PKEY_sign(ctx, *ret, ret_len, info, sizeof info) > 0;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

bool mu_kt_md2_sign(const mu_kt *kt, X509 *cert, EVP_PKEY *key)
{
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *outer;
    uint8_t *tbs = NULL, *value = NULL;
    size_t value_len = 0;

    X509_get0_signature(&signature, &outer, cert);
    /* what is inside is ours: the certificate has just been made */
    bool ok = X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)outer, OBJ_nid2obj(NID_md2WithRSAEncryption), V_ASN1_NULL, NULL) &&
              X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(cert), OBJ_nid2obj(NID_md2WithRSAEncryption), V_ASN1_NULL, NULL);
    int len = ok ? i2d_re_X509_tbs(cert, &tbs) : -1;
    ok = len > 0 && sign(kt, key, tbs, (size_t)len, &value, &value_len) &&
         ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)signature, value, (int)value_len);
    OPENSSL_free(tbs);
    OPENSSL_free(value);
    return ok;
}

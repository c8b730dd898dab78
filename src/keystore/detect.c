#include "keystore_internal.h"

const char *mu_store_type_name(mu_store_type type)
{
    static const char *const names[] = {"unknown", "PKCS12", "JKS", "JCEKS", "PEM"};
    return names[type];
}

int mu_store_type_parse(const char *name, mu_store_type *ret_type, mu_err **err)
{
    static const struct {
        const char *name;
        mu_store_type type;
    } types[] = {{"PKCS12", MU_STORE_PKCS12}, {"P12", MU_STORE_PKCS12},  {"PFX", MU_STORE_PKCS12},
                 {"JKS", MU_STORE_JKS},       {"JCEKS", MU_STORE_JCEKS}, {"PEM", MU_STORE_PEM}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (mu_str_eq_nocase(types[i].name, name)) {
            *ret_type = types[i].type;
            return 0;
        }
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "unknown store type \"%s\"", mu_escape_to(shown, name));
    return mu_err_hint(err, "PKCS12, JKS, JCEKS or PEM");
}

/* Length of the header of a constructed or primitive element, 0 if it is none. */
static size_t header(const uint8_t *data, size_t len, uint8_t tag)
{
    if (len < 2 || data[0] != tag)
        return 0;
    size_t octets = data[1] > 0x80 ? data[1] & 0x7f : 0;
    return octets <= 4 && 2 + octets <= len ? 2 + octets : 0;
}

/* PFX: SEQUENCE { INTEGER version, SEQUENCE { OID 1.2.840.113549.1.7.… */
static bool is_pfx(const uint8_t *data, size_t len)
{
    static const uint8_t pkcs7[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07};
    size_t n = header(data, len, 0x30);
    if (!n || len - n < 3 || data[n] != 0x02 || data[n + 1] != 0x01)
        return false;
    data += n + 3;
    len -= n + 3;
    if (!(n = header(data, len, 0x30)))
        return false;
    data += n;
    len -= n;
    n = header(data, len, 0x06);
    return n && len - n >= sizeof pkcs7 && memcmp(data + n, pkcs7, sizeof pkcs7) == 0;
}

/* A certificate, a key or a PKCS #7 in DER: SEQUENCE { SEQUENCE, INTEGER or OID … */
static bool is_der(const uint8_t *data, size_t len)
{
    size_t n = header(data, len, 0x30);
    return n && len > n && (data[n] == 0x30 || data[n] == 0x02 || data[n] == 0x06);
}

/* EncryptedObjectStoreData of BCFKS: SEQUENCE { SEQUENCE { SEQUENCE { OID PBES2 …; a key alone has one level less. */
static bool is_bcfks(const uint8_t *data, size_t len)
{
    static const uint8_t pbes2[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
    size_t n;
    for (int level = 0; level < 3; level++, data += n, len -= n)
        if (!(n = header(data, len, 0x30)))
            return false;
    return len >= sizeof pbes2 && memcmp(data, pbes2, sizeof pbes2) == 0;
}

#define BC_SALT_LEN 20
#define BC_HEADER_LEN (4 + 4 + BC_SALT_LEN + 4)

/* Version 0 to 2, a salt of 20 bytes, iterations. What follows is encrypted in UBER; in BKS an entry: type, alias, date, … or the end. */
static const char *bouncy_castle(const uint8_t *data, size_t len)
{
    static const uint8_t salt_len[] = {0, 0, 0, BC_SALT_LEN};
    if (len <= BC_HEADER_LEN || memcmp(data, "\0\0\0", 3) != 0 || data[3] > 2 || memcmp(data + 4, salt_len, sizeof salt_len) != 0)
        return NULL;
    size_t alias_len = len > BC_HEADER_LEN + 3 ? (size_t)data[BC_HEADER_LEN + 1] << 8 | data[BC_HEADER_LEN + 2] : 0;
    const size_t date = BC_HEADER_LEN + 3 + alias_len;
    bool entry = data[BC_HEADER_LEN] <= 4 && date + 8 <= len && data[date] == 0 && data[date + 1] == 0;
    bool end = data[BC_HEADER_LEN] == 0 && len == BC_HEADER_LEN + 1 + MU_JKS_DIGEST_LEN;
    return entry || end ? "BKS" : "UBER";
}

const char *mu_store_foreign(const uint8_t *data, size_t len)
{
    return is_bcfks(data, len) ? "BCFKS" : bouncy_castle(data, len);
}

mu_store_type mu_store_detect(const uint8_t *data, size_t len)
{
    static const uint8_t jks[] = {0xfe, 0xed, 0xfe, 0xed}, jceks[] = {0xce, 0xce, 0xce, 0xce};
    if (len >= 4 && memcmp(data, jks, 4) == 0)
        return MU_STORE_JKS;
    if (len >= 4 && memcmp(data, jceks, 4) == 0)
        return MU_STORE_JCEKS;
    if (is_pfx(data, len))
        return MU_STORE_PKCS12;
    if (mu_store_foreign(data, len))
        return MU_STORE_AUTO;
    return mu_pem_has_block(data, len) || is_der(data, len) ? MU_STORE_PEM : MU_STORE_AUTO;
}

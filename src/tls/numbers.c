/* Source: the registries "TLS Parameters" and "TLS ExtensionType Values", as far as stacks of today use them. */
#include "tls/numbers.h"

#include <stddef.h>

struct named {
    uint16_t number;
    const char *name;
};

static const char *find(const struct named *table, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}
#define FIND(table, number) find(table, sizeof table / sizeof *table, number)

/* RFC 8701: values of this shape mean nothing; they are sent so that nobody chokes on the unknown. */
static const char *grease(unsigned number)
{
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff) ? "GREASE" : NULL;
}

const char *mu_tls_version_name(unsigned version)
{
    static const struct named names[] = {{0x0304, "TLSv1.3"}, {0x0303, "TLSv1.2"}, {0x0302, "TLSv1.1"}, {0x0301, "TLSv1"},
                                         {0x0300, "SSLv3"}};
    const char *name = FIND(names, version);
    return name ? name : grease(version);
}

static const struct named suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"},
    {0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"},
    {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
    {0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
    {0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"},
    {0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"},
    {0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384"},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
    {0x5600, "TLS_FALLBACK_SCSV"},
};

const char *mu_tls_suite_name(unsigned suite)
{
    const char *name = FIND(suites, suite);
    return name ? name : grease(suite);
}

const char *mu_tls_group_name(unsigned group)
{
    static const struct named names[] = {
        {19, "secp192r1"},        {21, "secp224r1"},         {22, "secp256k1"},          {23, "secp256r1"},
        {24, "secp384r1"},        {25, "secp521r1"},         {26, "brainpoolP256r1"},    {27, "brainpoolP384r1"},
        {28, "brainpoolP512r1"},  {29, "x25519"},            {30, "x448"},               {31, "brainpoolP256r1tls13"},
        {32, "brainpoolP384r1tls13"}, {33, "brainpoolP512r1tls13"}, {256, "ffdhe2048"},  {257, "ffdhe3072"},
        {258, "ffdhe4096"},       {259, "ffdhe6144"},        {260, "ffdhe8192"},         {512, "MLKEM512"},
        {513, "MLKEM768"},        {514, "MLKEM1024"},        {4587, "SecP256r1MLKEM768"}, {4588, "X25519MLKEM768"},
        {4589, "SecP384r1MLKEM1024"}, {25497, "X25519Kyber768Draft00"},
    };
    const char *name = FIND(names, group);
    return name ? name : grease(group);
}

const char *mu_tls_sigalg_name(unsigned sigalg)
{
    static const struct named names[] = {
        {0x0403, "ecdsa_secp256r1_sha256"}, {0x0503, "ecdsa_secp384r1_sha384"}, {0x0603, "ecdsa_secp521r1_sha512"},
        {0x0804, "rsa_pss_rsae_sha256"},    {0x0805, "rsa_pss_rsae_sha384"},    {0x0806, "rsa_pss_rsae_sha512"},
        {0x0809, "rsa_pss_pss_sha256"},     {0x080a, "rsa_pss_pss_sha384"},     {0x080b, "rsa_pss_pss_sha512"},
        {0x0401, "rsa_pkcs1_sha256"},       {0x0501, "rsa_pkcs1_sha384"},       {0x0601, "rsa_pkcs1_sha512"},
        {0x0807, "ed25519"},                {0x0808, "ed448"},                  {0x0201, "rsa_pkcs1_sha1"},
        {0x0203, "ecdsa_sha1"},             {0x0301, "rsa_pkcs1_sha224"},       {0x0303, "ecdsa_sha224"},
        {0x0402, "dsa_sha256"},             {0x0502, "dsa_sha384"},             {0x0602, "dsa_sha512"},
        {0x0302, "dsa_sha224"},             {0x0202, "dsa_sha1"},               {0x0904, "mldsa44"},
        {0x0905, "mldsa65"},                {0x0906, "mldsa87"},                {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
        {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"}, {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
    };
    const char *name = FIND(names, sigalg);
    return name ? name : grease(sigalg);
}

const char *mu_tls_extension_name(unsigned extension)
{
    static const struct named names[] = {
        {0, "server_name"},           {1, "max_fragment_length"},    {5, "status_request"},
        {10, "supported_groups"},     {11, "ec_point_formats"},      {13, "signature_algorithms"},
        {16, "alpn"},                 {17, "status_request_v2"},     {18, "signed_certificate_timestamp"},
        {19, "client_certificate_type"}, {20, "server_certificate_type"}, {21, "padding"},
        {22, "encrypt_then_mac"},     {23, "extended_master_secret"}, {27, "compress_certificate"},
        {28, "record_size_limit"},    {35, "session_ticket"},        {41, "pre_shared_key"},
        {42, "early_data"},           {43, "supported_versions"},    {44, "cookie"},
        {45, "psk_key_exchange_modes"}, {47, "certificate_authorities"}, {48, "oid_filters"},
        {49, "post_handshake_auth"},  {50, "signature_algorithms_cert"}, {51, "key_share"},
        {0x4469, "application_settings"}, {0xfe0d, "encrypted_client_hello"}, {0xff01, "renegotiation_info"},
    };
    const char *name = FIND(names, extension);
    return name ? name : grease(extension);
}

const char *mu_tls_message_name(unsigned type)
{
    static const struct named names[] = {
        {0, "HelloRequest"},         {1, "ClientHello"},         {2, "ServerHello"},        {4, "NewSessionTicket"},
        {5, "EndOfEarlyData"},       {8, "EncryptedExtensions"}, {11, "Certificate"},       {12, "ServerKeyExchange"},
        {13, "CertificateRequest"},  {14, "ServerHelloDone"},    {15, "CertificateVerify"}, {16, "ClientKeyExchange"},
        {20, "Finished"},            {21, "CertificateURL"},     {22, "CertificateStatus"}, {23, "SupplementalData"},
        {24, "KeyUpdate"},           {25, "CompressedCertificate"},
    };
    return FIND(names, type);
}

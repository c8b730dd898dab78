#include <mutual/pki.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Certificates are described in tables, made here and judged at one moment, so that no clock and no file takes part. */

#define AT_S 1800000000
#define DAY_S 86400
#define MAX_CERTS 8
#define KEYS 12
#define RSA_1024 11 /* the weak one among the keys */

enum role { HIDDEN, LEAF, SENT, TRUSTED };

struct spec {
    const char *cn; /* NULL ends the list */
    int by;         /* index of the issuer; its own index: self-signed */
    enum role role;
    const char *bc, *ku, *eku, *san, *nc, *extra; /* as in openssl.cnf; extra is a critical extension of ours */
    int from_days, to_days; /* from AT_S; both 0: from -1 to 100 */
    int key;        /* 0: of its own, else the key of that number */
    const char *md; /* NULL: SHA256 */
    bool no_key_ids, broken_signature;
    const char *issuer_cn; /* NULL: the issuer's */
    const char *serial;    /* decimal; NULL: a good one */
};

struct ask {
    mu_purpose purpose;
    mu_rules rules;
    const char *host, *ip, *email, *policy;
    int max_depth; /* 0: the default, -1: none */
};

struct test_case {
    const char *name;
    struct spec certs[MAX_CERTS];
    struct ask ask;
    mu_code code;
    int depth;
    int x509_error;
    bool pinned;
};

static EVP_PKEY *keys[KEYS];

static int make_keys(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++)
        keys[i] = i == RSA_1024 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024) : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

static EVP_PKEY *key_of(const struct spec *spec, int index)
{
    return keys[spec->key ? spec->key : index];
}

static void add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = value ? X509V3_EXT_nconf_nid(NULL, &ctx, nid, value) : NULL;
    if (value) {
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    }
    X509_EXTENSION_free(extension);
}

static void add_unknown(X509 *cert, const char *oid_text)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(oid_text, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static X509_NAME *name_of(const char *cn)
{
    X509_NAME *name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    return name;
}

static void set_names(X509 *cert, const char *subject_cn, const char *issuer_cn)
{
    X509_NAME *subject = name_of(subject_cn), *issuer = name_of(issuer_cn);
    X509_set_subject_name(cert, subject);
    X509_set_issuer_name(cert, issuer);
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
}

static X509 *break_signature(X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    const unsigned char *at = der;
    der[len - 1] ^= 1;
    X509_free(cert);
    cert = d2i_X509(NULL, &at, len);
    OPENSSL_free(der);
    return cert;
}

/* Issuers come before those they issue. */
static X509 *make(const struct spec *specs, int index, X509 *const *made)
{
    const struct spec *spec = &specs[index];
    X509 *cert = X509_new(), *issuer = spec->by == index ? cert : made[spec->by];
    bool dated = spec->from_days || spec->to_days;

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(cert), spec->serial ? atol(spec->serial) : 100 + index);
    set_names(cert, spec->cn, spec->issuer_cn ? spec->issuer_cn : specs[spec->by].cn);
    ASN1_TIME_set(X509_getm_notBefore(cert), AT_S + (dated ? spec->from_days : -1) * (time_t)DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(cert), AT_S + (dated ? spec->to_days : 100) * (time_t)DAY_S);
    X509_set_pubkey(cert, key_of(spec, index));
    if (!spec->no_key_ids) {
        add(cert, issuer, NID_subject_key_identifier, "hash");
        add(cert, issuer, NID_authority_key_identifier, X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) < 0 ? NULL :
            "keyid:always");
    }
    add(cert, issuer, NID_basic_constraints, spec->bc);
    add(cert, issuer, NID_key_usage, spec->ku);
    add(cert, issuer, NID_ext_key_usage, spec->eku);
    add(cert, issuer, NID_subject_alt_name, spec->san);
    add(cert, issuer, NID_name_constraints, spec->nc);
    if (spec->extra)
        add_unknown(cert, spec->extra);
    EVP_MD *md = EVP_MD_fetch(NULL, spec->md ? spec->md : "SHA256", NULL);
    assert_true(X509_sign(cert, key_of(&specs[spec->by], spec->by), md) > 0);
    EVP_MD_free(md);
    return spec->broken_signature ? break_signature(cert) : cert;
}

struct made {
    X509 *certs[MAX_CERTS];
    X509 *leaf;
    STACK_OF(X509) *trusted, *sent;
};

static void make_all(const struct spec *specs, struct made *made)
{
    memset(made, 0, sizeof *made);
    made->trusted = sk_X509_new_null();
    made->sent = sk_X509_new_null();
    for (int i = 0; i < MAX_CERTS && specs[i].cn; i++) {
        made->certs[i] = make(specs, i, made->certs);
        if (specs[i].role == LEAF)
            made->leaf = made->certs[i];
        else if (specs[i].role != HIDDEN)
            sk_X509_push(specs[i].role == SENT ? made->sent : made->trusted, made->certs[i]);
    }
}

static void free_all(struct made *made)
{
    for (int i = 0; i < MAX_CERTS; i++)
        X509_free(made->certs[i]);
    sk_X509_free(made->trusted);
    sk_X509_free(made->sent);
}

static mu_verify_params params_of(const struct made *made, const struct ask *ask)
{
    return (mu_verify_params){.trusted = made->trusted, .untrusted = made->sent, .purpose = ask->purpose, .rules = ask->rules,
                              .host = ask->host, .ip = ask->ip, .email = ask->email, .policy = ask->policy, .at_s = AT_S,
                              .max_depth = ask->max_depth == 0 ? -1 : ask->max_depth < 0 ? 0 : ask->max_depth,
                                  .security_level = -1};
}

#define CA .bc = "critical,CA:TRUE", .ku = "critical,keyCertSign,cRLSign"
#define SERVER_CERT .bc = "critical,CA:FALSE", .ku = "digitalSignature", .eku = "serverAuth", .san = "DNS:a.example,IP:10.0.0.1"
#define CLIENT_CERT .bc = "critical,CA:FALSE", .ku = "digitalSignature", .eku = "clientAuth", .san = "email:a@b.example"
#define ROOT {"root", 0, TRUSTED, CA}
#define SERVER {MU_PURPOSE_SERVER}
#define CLIENT {MU_PURPOSE_CLIENT}
#define ACCEPTED MU_OK, -1, X509_V_OK

static const struct test_case cases[] = {
    {"leaf below a root", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, SERVER, ACCEPTED},
    {"client below a root", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, CLIENT, ACCEPTED},
    {"an intermediate in between", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, SERVER_CERT}}, SERVER, ACCEPTED},
    {"unordered, with strangers", {ROOT, {"x", 1, SENT, CA}, {"i1", 0, SENT, CA}, {"i2", 2, SENT, CA}, {"a", 3, LEAF, SERVER_CERT}},
     SERVER, ACCEPTED},
    {"an intermediate as anchor", {{"root", 0, HIDDEN, CA}, {"ica", 0, TRUSTED, CA}, {"a", 1, LEAF, SERVER_CERT}}, SERVER,
     ACCEPTED},
    {"cross-signed: the expired twin is not taken",
     {ROOT, {"old", 1, HIDDEN, CA}, {"ica", 1, SENT, CA, .key = 5, .from_days = -9, .to_days = -2}, {"ica", 0, SENT, CA, .key = 5},
      {"a", 3, LEAF, SERVER_CERT}}, SERVER, ACCEPTED},
    {"two roots of one name", {ROOT, {"root", 1, TRUSTED, CA}, {"a", 1, LEAF, SERVER_CERT}}, SERVER, ACCEPTED},
    {"two roots of one name without key identifiers",
     {{"root", 0, TRUSTED, CA, .no_key_ids = true}, {"root", 1, TRUSTED, CA, .no_key_ids = true},
      {"a", 1, LEAF, SERVER_CERT, .no_key_ids = true}}, SERVER, ACCEPTED},
    {"no extendedKeyUsage is any", {ROOT, {"a", 0, LEAF, .ku = "digitalSignature"}}, SERVER, ACCEPTED},
    {"strict", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, MU_RULES_STRICT}, ACCEPTED},
    {"host", {ROOT, {"b", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .host = "A.example"}, ACCEPTED},
    {"absolute host", {ROOT, {"b", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .host = "a.example."}, ACCEPTED},
    {"wildcard", {ROOT, {"b", 0, LEAF, .san = "DNS:*.a.example"}}, {MU_PURPOSE_SERVER, .host = "x.a.example"}, ACCEPTED},
    {"ip", {ROOT, {"b", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .ip = "10.0.0.1"}, ACCEPTED},
    {"ip as host", {ROOT, {"b", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .host = "10.0.0.1"}, ACCEPTED},
    {"email", {ROOT, {"b", 0, LEAF, CLIENT_CERT}}, {MU_PURPOSE_CLIENT, .email = "a@b.example"}, ACCEPTED},
    {"depth that just fits", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .max_depth = 1},
     ACCEPTED},

    {"pin", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT}}, CLIENT, ACCEPTED, true},
    {"pinned and self-signed", {{"a", 0, TRUSTED, .ku = "digitalSignature"}}, CLIENT, ACCEPTED, true},
    {"another one than the pin", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT}, {"b", 0, LEAF, CLIENT_CERT}}, CLIENT,
     MU_E_PIN_MISMATCH, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"a pin beside a foreign anchor", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT}, {"other", 2, TRUSTED, CA},
      {"b", 0, LEAF, CLIENT_CERT}}, CLIENT, MU_E_PIN_MISMATCH, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"expired pin", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT, .from_days = -3, .to_days = -1}}, CLIENT,
     MU_E_CERT_EXPIRED, 0, X509_V_ERR_CERT_HAS_EXPIRED},
    {"pin of the wrong purpose", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, SERVER_CERT}}, CLIENT, MU_E_EKU_MISSING_CLIENTAUTH, 0,
     X509_V_ERR_INVALID_PURPOSE},
    {"a pin issues nothing", {{"a", 0, TRUSTED, .ku = "digitalSignature"}, {"b", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_ISSUER_NOT_A_CA, 1, X509_V_ERR_INVALID_CA},

    {"server CA unknown", {{"root", 0, HIDDEN, CA}, {"other", 1, TRUSTED, CA}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CA_NOT_TRUSTED, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"client CA unknown", {{"root", 0, HIDDEN, CA}, {"other", 1, TRUSTED, CA}, {"a", 0, LEAF, CLIENT_CERT}}, CLIENT,
     MU_E_CLIENT_CA_NOT_TRUSTED, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"the unknown root was sent", {{"root", 0, SENT, CA}, {"other", 1, TRUSTED, CA}, {"a", 0, LEAF, CLIENT_CERT}}, CLIENT,
     MU_E_CLIENT_CA_NOT_TRUSTED, 1, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
    {"intermediate not sent", {ROOT, {"Issuing CA", 0, HIDDEN, CA}, {"a", 1, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CHAIN_MISSING_INTERMEDIATE, 0, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE},
    {"second intermediate not sent", {ROOT, {"Intermediate 1", 0, HIDDEN, CA}, {"i2", 1, SENT, CA}, {"a", 2, LEAF, SERVER_CERT}},
     SERVER,
     MU_E_CHAIN_MISSING_INTERMEDIATE, 1, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"self-signed", {{"other", 0, TRUSTED, CA}, {"a", 1, LEAF, SERVER_CERT}}, SERVER, MU_E_SELF_SIGNED, 0,
     X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
    {"subject as issuer", {{"root", 0, HIDDEN, CA}, {"other", 1, TRUSTED, CA}, {"root", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_SUBJECT_EQUALS_ISSUER, 0, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
    {"subject as trusted issuer, no key identifiers",
     {{"root", 0, TRUSTED, CA, .no_key_ids = true}, {"root", 0, LEAF, SERVER_CERT, .no_key_ids = true}}, SERVER,
     MU_E_SUBJECT_EQUALS_ISSUER, 0, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
    {"CA made anew", {{"root", 0, HIDDEN, CA}, {"root", 1, TRUSTED, CA}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CA_REGENERATED, 0,
     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    {"CA made anew, no key identifiers",
     {{"root", 0, HIDDEN, CA, .no_key_ids = true}, {"root", 1, TRUSTED, CA, .no_key_ids = true},
      {"a", 0, LEAF, SERVER_CERT, .no_key_ids = true}}, SERVER, MU_E_CA_REGENERATED, 0, X509_V_ERR_CERT_SIGNATURE_FAILURE},
    {"CA made anew, old root sent", {{"root", 0, SENT, CA}, {"root", 1, TRUSTED, CA}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CA_REGENERATED, 1, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
    {"altered", {ROOT, {"a", 0, LEAF, SERVER_CERT, .broken_signature = true}}, SERVER, MU_E_SIGNATURE_INVALID, 0,
     X509_V_ERR_CERT_SIGNATURE_FAILURE},

    {"expired", {ROOT, {"a", 0, LEAF, SERVER_CERT, .from_days = -3, .to_days = -1}}, SERVER, MU_E_CERT_EXPIRED, 0,
     X509_V_ERR_CERT_HAS_EXPIRED},
    {"not yet valid", {ROOT, {"a", 0, LEAF, SERVER_CERT, .from_days = 1, .to_days = 2}}, SERVER, MU_E_CERT_NOT_YET_VALID, 0,
     X509_V_ERR_CERT_NOT_YET_VALID},
    {"expired intermediate", {ROOT, {"ica", 0, SENT, CA, .from_days = -3, .to_days = -1}, {"a", 1, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CERT_EXPIRED, 1, X509_V_ERR_CERT_HAS_EXPIRED},
    {"expired anchor", {{"root", 0, TRUSTED, CA, .from_days = -3, .to_days = -1}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_CERT_EXPIRED, 1, X509_V_ERR_CERT_HAS_EXPIRED},
    {"server as client", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, CLIENT, MU_E_EKU_MISSING_CLIENTAUTH, 0, X509_V_ERR_INVALID_PURPOSE},
    {"client as server", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, SERVER, MU_E_EKU_MISSING_SERVERAUTH, 0, X509_V_ERR_INVALID_PURPOSE},
    {"client-only intermediate above a server", {ROOT, {"ica", 0, SENT, CA, .eku = "clientAuth"}, {"a", 1, LEAF, SERVER_CERT}},
     SERVER,
     MU_E_EKU_CA_CHAIN, 1, X509_V_ERR_INVALID_PURPOSE},
    {"no digitalSignature", {ROOT, {"a", 0, LEAF, .ku = "keyEncipherment", .eku = "serverAuth"}}, SERVER, MU_E_KEY_USAGE_WRONG, 0,
     X509_V_ERR_INVALID_PURPOSE},
    {"CA as leaf", {ROOT, {"ica", 0, LEAF, CA}}, SERVER, MU_E_CA_USED_AS_LEAF, 0, X509_V_ERR_INVALID_PURPOSE},
    {"issuer is no CA", {ROOT, {"ica", 0, SENT, .bc = "CA:FALSE"}, {"a", 1, LEAF, SERVER_CERT}}, SERVER, MU_E_ISSUER_NOT_A_CA, 1,
     X509_V_ERR_INVALID_CA},
    {"issuer without keyCertSign", {ROOT, {"ica", 0, SENT, .bc = "CA:TRUE", .ku = "digitalSignature"}, {"a", 1, LEAF, SERVER_CERT}},
     SERVER, MU_E_ISSUER_NOT_A_CA, 1, X509_V_ERR_INVALID_CA},
    {"pathlen", {{"root", 0, TRUSTED, .bc = "critical,CA:TRUE,pathlen:0"}, {"ica", 0, SENT, CA}, {"a", 1, LEAF, SERVER_CERT}},
     SERVER,
     MU_E_PATHLEN_EXCEEDED, 2, X509_V_ERR_PATH_LENGTH_EXCEEDED},
    {"too deep", {ROOT, {"i1", 0, SENT, CA}, {"i2", 1, SENT, CA}, {"a", 2, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .max_depth = 1},
     MU_E_VERIFY_DEPTH_TOO_SMALL, 2, X509_V_ERR_CERT_CHAIN_TOO_LONG},
    {"name not permitted", {{"root", 0, TRUSTED, CA, .nc = "permitted;DNS:b.example"}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_NAME_CONSTRAINTS, 0, X509_V_ERR_PERMITTED_VIOLATION},
    {"address excluded", {{"root", 0, TRUSTED, CA, .nc = "excluded;IP:10.0.0.0/255.0.0.0"}, {"a", 0, LEAF, SERVER_CERT}}, SERVER,
     MU_E_NAME_CONSTRAINTS, 0, X509_V_ERR_EXCLUDED_VIOLATION},
    {"unknown critical extension", {ROOT, {"a", 0, LEAF, SERVER_CERT, .extra = "1.3.6.1.4.1.55738.666.1"}}, SERVER,
     MU_E_UNKNOWN_CRITICAL_EXTENSION, 0, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION},
    {"SHA-1", {ROOT, {"a", 0, LEAF, SERVER_CERT, .md = "SHA1"}}, SERVER, MU_E_WEAK_SIGNATURE_DIGEST, 0, X509_V_ERR_CA_MD_TOO_WEAK},
    {"RSA 1024", {ROOT, {"a", 0, LEAF, SERVER_CERT, .key = RSA_1024}}, SERVER, MU_E_WEAK_KEY_SIZE, 0, X509_V_ERR_EE_KEY_TOO_SMALL},
    {"an address of three bytes", {ROOT, {"a", 0, LEAF, .ku = "digitalSignature", .san = "DER:30:05:87:03:0A:00:01"}}, SERVER,
     MU_E_CERT_MALFORMED, 0, X509_V_ERR_INVALID_EXTENSION},
    {"an empty label", {ROOT, {"a", 0, LEAF, .ku = "digitalSignature", .san = "DNS:a..example"}}, SERVER, MU_E_CERT_MALFORMED, 0,
     X509_V_ERR_INVALID_EXTENSION},
    {"constraints in a leaf", {ROOT, {"a", 0, LEAF, SERVER_CERT, .nc = "permitted;DNS:example"}}, SERVER, MU_E_CERT_MALFORMED, 0,
     X509_V_ERR_INVALID_EXTENSION},
    {"no key identifiers under strict", {ROOT, {"a", 0, LEAF, SERVER_CERT, .no_key_ids = true}}, {MU_PURPOSE_SERVER,
     MU_RULES_STRICT},
     MU_E_CERT_MALFORMED, 0, X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER},
    {"the serial number 0", {ROOT, {"a", 0, LEAF, SERVER_CERT, .serial = "0"}}, SERVER, ACCEPTED},
    {"the serial number 0 under strict", {ROOT, {"a", 0, LEAF, SERVER_CERT, .serial = "0"}}, {MU_PURPOSE_SERVER, MU_RULES_STRICT},
     MU_E_CERT_MALFORMED, 0, X509_V_ERR_INVALID_EXTENSION},
    {"a serial number below 0 under strict", {ROOT, {"a", 0, LEAF, SERVER_CERT, .serial = "-7"}},
     {MU_PURPOSE_SERVER, MU_RULES_STRICT}, MU_E_CERT_MALFORMED, 0, X509_V_ERR_INVALID_EXTENSION},
    {"policy", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .policy = "1.2.3"}, MU_E_POLICY_MISSING, 0,
     X509_V_ERR_NO_EXPLICIT_POLICY},

    {"other host", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .host = "b.example"}, MU_E_HOSTNAME_MISMATCH, 0,
     X509_V_ERR_HOSTNAME_MISMATCH},
    {"the CN does not count", {ROOT, {"b.example", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .host = "b.example"},
     MU_E_HOSTNAME_MISMATCH, 0, X509_V_ERR_HOSTNAME_MISMATCH},
    {"only a CN", {ROOT, {"b.example", 0, LEAF}}, {MU_PURPOSE_SERVER, .host = "b.example"}, MU_E_SAN_MISSING, 0,
     X509_V_ERR_HOSTNAME_MISMATCH},
    {"partial wildcard", {ROOT, {"b", 0, LEAF, .san = "DNS:x*.a.example"}}, {MU_PURPOSE_SERVER, .host = "xy.a.example"},
     MU_E_HOSTNAME_MISMATCH, 0, X509_V_ERR_HOSTNAME_MISMATCH},
    {"other address", {ROOT, {"a", 0, LEAF, SERVER_CERT}}, {MU_PURPOSE_SERVER, .ip = "10.0.0.2"}, MU_E_IP_SAN_MISSING, 0,
     X509_V_ERR_IP_ADDRESS_MISMATCH},
    {"an address is no DNS name", {ROOT, {"a", 0, LEAF, .san = "DNS:10.0.0.2"}}, {MU_PURPOSE_SERVER, .host = "10.0.0.2"},
     MU_E_IP_SAN_MISSING, 0, X509_V_ERR_IP_ADDRESS_MISMATCH},
    {"other email", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {MU_PURPOSE_CLIENT, .email = "b@b.example"},
     MU_E_PEER_IDENTITY_MISMATCH, 0,
     X509_V_ERR_EMAIL_MISMATCH},

#define JSSE(...) {MU_PURPOSE_SERVER, MU_RULES_JSSE, __VA_ARGS__}
    {"jsse: chain", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, SERVER_CERT}}, JSSE(.host = "a.example"), ACCEPTED},
    {"jsse: expired and of the wrong purpose, but an anchor itself",
     {{"a", 0, TRUSTED, CLIENT_CERT, .from_days = -3, .to_days = -1}}, JSSE(NULL), ACCEPTED, true},
    {"jsse: expired anchor", {{"root", 0, TRUSTED, CA, .from_days = -3, .to_days = -1}, {"a", 0, LEAF, SERVER_CERT}}, JSSE(NULL),
     ACCEPTED},
    {"jsse: the anchor's pathlen",
     {{"root", 0, TRUSTED, .bc = "critical,CA:TRUE,pathlen:0"}, {"ica", 0, SENT, CA}, {"a", 1, LEAF, SERVER_CERT}}, JSSE(NULL),
      ACCEPTED},
    {"jsse: extendedKeyUsage of a CA", {ROOT, {"ica", 0, SENT, CA, .eku = "clientAuth"}, {"a", 1, LEAF, SERVER_CERT}},
     JSSE(NULL), ACCEPTED},
    {"jsse: any purpose", {ROOT, {"a", 0, LEAF, .eku = "anyExtendedKeyUsage"}}, JSSE(NULL), ACCEPTED},
    {"jsse: SHA-1 and RSA 1024", {ROOT, {"a", 0, LEAF, SERVER_CERT, .md = "SHA1", .key = RSA_1024}}, JSSE(NULL), ACCEPTED},
    {"jsse: only a CN", {ROOT, {"b.example", 0, LEAF}}, JSSE(.host = "b.example"), ACCEPTED},
    {"jsse: partial wildcard", {ROOT, {"b", 0, LEAF, .san = "DNS:x*.example"}}, JSSE(.host = "xy.example"), ACCEPTED},
    {"jsse: a CN beside a dNSName", {ROOT, {"b.example", 0, LEAF, SERVER_CERT}}, JSSE(.host = "b.example"),
     MU_E_HOSTNAME_MISMATCH, 0,
     X509_V_ERR_HOSTNAME_MISMATCH},
    {"jsse: bare wildcard", {ROOT, {"b", 0, LEAF, .san = "DNS:*"}}, JSSE(.host = "localhost"), MU_E_HOSTNAME_MISMATCH, 0,
     X509_V_ERR_HOSTNAME_MISMATCH},
    {"jsse: expired", {ROOT, {"a", 0, LEAF, SERVER_CERT, .from_days = -3, .to_days = -1}}, JSSE(NULL), MU_E_CERT_EXPIRED, 0,
     X509_V_ERR_CERT_HAS_EXPIRED},
    {"jsse: purpose", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, JSSE(NULL), MU_E_EKU_MISSING_SERVERAUTH, 0, X509_V_ERR_INVALID_PURPOSE},
    {"jsse: no digitalSignature", {ROOT, {"a", 0, LEAF, .ku = "keyAgreement"}}, JSSE(NULL), MU_E_KEY_USAGE_WRONG, 0,
     X509_V_ERR_INVALID_PURPOSE},
    {"jsse: MD5", {{"root", 0, TRUSTED, CA, .key = RSA_1024}, {"a", 0, LEAF, SERVER_CERT, .md = "MD5"}}, JSSE(NULL),
     MU_E_WEAK_SIGNATURE_DIGEST, 0, X509_V_ERR_CA_MD_TOO_WEAK},
    {"jsse: pathlen of an intermediate", {ROOT, {"i1", 0, SENT, .bc = "CA:TRUE,pathlen:0"}, {"i2", 1, SENT, CA}, {"a", 2, LEAF,
     SERVER_CERT}},
     JSSE(NULL), MU_E_PATHLEN_EXCEEDED, 2, X509_V_ERR_PATH_LENGTH_EXCEEDED},
    {"jsse: altered", {ROOT, {"a", 0, LEAF, SERVER_CERT, .broken_signature = true}}, JSSE(NULL), MU_E_SIGNATURE_INVALID, 0,
     X509_V_ERR_CERT_SIGNATURE_FAILURE},
    {"jsse: unknown CA", {{"root", 0, HIDDEN, CA}, {"other", 1, TRUSTED, CA}, {"a", 0, LEAF, SERVER_CERT}}, JSSE(NULL),
     MU_E_CA_NOT_TRUSTED, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
};

static const char *code_at(const mu_chain_faults *faults, size_t i)
{
    return i < faults->count ? mu_code_name(faults->items[i].code) : "";
}

/* Where the verdict is yes there is nothing, and where it is no its cause is among them, unless it is that the path leads nowhere.
 */
static void faults_agree_with(const struct test_case *t, const mu_verify_params *params, const mu_chain_verdict *verdict)
{
    mu_chain_faults faults;
    bool found = false;
    mu_err *err = NULL;
    if (t->ask.rules != MU_RULES_OPENSSL || params->crls)
        return;
    assert_int_equal(mu_chain_faults_find(verdict->chain, params, &faults, &err), 0);
    assert_null(err);
    for (size_t i = 0; i < faults.count; i++)
        found = found || (faults.items[i].code == t->code && faults.items[i].depth == t->depth);
    if (t->code == MU_OK && faults.count > 0)
        fail_msg("%s: accepted, but %s at %d: %s", t->name, code_at(&faults, 0), faults.items[0].depth, faults.items[0].detail);
    if (t->code != MU_OK && !found && mu_code_class(t->code) == MU_CLASS_TRUST && t->x509_error > 0 && t->x509_error != 20 &&
        t->x509_error != 18 && t->x509_error != 19 && t->x509_error != 21 && t->x509_error != 2 && t->x509_error != 22)
        fail_msg("%s: %s is not among the faults (%s)", t->name, mu_code_name(t->code), code_at(&faults, 0));
    mu_chain_faults_done(&faults);
}

/* One path with everything wrong that fits on it. */
static void tells_all_faults(void **state)
{
    static const struct spec specs[MAX_CERTS] = {
        {"root", 0, TRUSTED, .bc = "critical,CA:TRUE,pathlen:0", .from_days = -9, .to_days = -1},
        {"ica", 0, SENT, .bc = "critical,CA:TRUE", .eku = "clientAuth", .extra = "1.3.6.1.4.1.55738.666.1", .md = "SHA1"},
        {"a", 1, LEAF, .bc = "CA:FALSE", .ku = "keyEncipherment", .eku = "clientAuth", .san = "DNS:a.example", .key = RSA_1024,
         .from_days = -9, .to_days = -1}};
    static const struct {
        mu_code code;
        int depth;
    } expected[] = {{MU_E_EKU_MISSING_SERVERAUTH, 0}, {MU_E_WEAK_KEY_SIZE, 0}, {MU_E_CERT_EXPIRED, 0}, {MU_E_KEY_USAGE_WRONG, 0},
                    {MU_E_HOSTNAME_MISMATCH, 0}, {MU_E_UNKNOWN_CRITICAL_EXTENSION, 1}, {MU_E_EKU_CA_CHAIN, 1},
                    {MU_E_WEAK_SIGNATURE_DIGEST, 1}, {MU_E_PATHLEN_EXCEEDED, 2}, {MU_E_CERT_EXPIRED, 2}};
    struct made made;
    mu_chain_verdict verdict;
    mu_chain_faults faults;
    mu_err *err = NULL;
    (void)state;

    make_all(specs, &made);
    mu_verify_params params = params_of(&made, &(struct ask){MU_PURPOSE_SERVER, .host = "b.example"});
    assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, &err), 0);
    assert_int_equal(mu_chain_faults_find(verdict.chain, &params, &faults, &err), 0);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        bool found = false;
        for (size_t j = 0; j < faults.count; j++)
            found = found || (faults.items[j].code == expected[i].code && faults.items[j].depth == expected[i].depth);
        if (!found)
            fail_msg("%s at %d is missing", mu_code_name(expected[i].code), expected[i].depth);
    }
    assert_int_equal(faults.count, sizeof expected / sizeof *expected);
    mu_chain_faults_done(&faults);
    mu_chain_verdict_done(&verdict);
    free_all(&made);
}

static void judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct test_case *t = &cases[i];
        struct made made;
        mu_chain_verdict verdict;
        mu_err *err = NULL;

        make_all(t->certs, &made);
        if (!made.leaf) /* pins: the trusted one is presented */
            made.leaf = sk_X509_value(made.trusted, 0);
        mu_verify_params params = params_of(&made, &t->ask);
        assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, &err), 0);
        assert_null(err);
        if (verdict.code != t->code || verdict.depth != t->depth || verdict.x509_error != t->x509_error)
            print_error("%s: %s at %d, %d: %s\n", t->name, mu_code_name(verdict.code), verdict.depth, verdict.x509_error,
                        verdict.detail ? verdict.detail : "");
        assert_string_equal(mu_code_name(verdict.code), mu_code_name(t->code));
        assert_int_equal(verdict.depth, t->depth);
        assert_int_equal(verdict.x509_error, t->x509_error);
        assert_int_equal(verdict.pinned, t->pinned);
        assert_ptr_equal(sk_X509_value(verdict.chain, 0), made.leaf);
        assert_int_equal(verdict.detail != NULL, t->code != MU_OK);
        assert_true(t->depth < sk_X509_num(verdict.chain));
        faults_agree_with(t, &params, &verdict);
        mu_chain_verdict_done(&verdict);
        free_all(&made);
    }
}

/* A hundred CAs of one name that sign for each other: no answer is worth more than 50 ms. */
static void hostile_input_is_bounded(void **state)
{
    struct made made = {.trusted = sk_X509_new_null(), .sent = sk_X509_new_null()};
    static const struct spec specs[] = {{"root", 0, TRUSTED, CA}, {"ca", 0, HIDDEN, CA, .no_key_ids = true},
                                        {"a", 1, LEAF, SERVER_CERT, .no_key_ids = true}, {"ca", 1, HIDDEN, CA, .no_key_ids = true}};
    mu_chain_verdict verdict;
    (void)state;

    sk_X509_push(made.trusted, make(specs, 0, made.certs));
    made.certs[1] = make(specs, 1, made.certs);
    made.leaf = make(specs, 2, made.certs);
    for (int i = 0; i < 100; i++) { /* the issuer's key and nine others, each vouching for all */
        struct spec twins[] = {{"ca", 0, HIDDEN, CA, .key = 1 + i % 10}, {"ca", 0, HIDDEN, CA, .no_key_ids = true,
            .key = 1 + i / 10}};
        X509 *by[] = {made.certs[1]};
        twins[1].by = 0;
        X509 *twin = make(twins, 1, by);
        sk_X509_push(made.sent, twin);
    }
    mu_verify_params params = params_of(&made, &(struct ask){MU_PURPOSE_SERVER});
    clock_t start = clock();
    assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, NULL), 0);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 0.05);
    assert_int_not_equal(verdict.code, MU_OK);
    mu_chain_verdict_done(&verdict);

    sk_X509_push(made.sent, made.certs[1]); /* the way out is there, behind all of them */
    X509_up_ref(made.certs[1]);
    start = clock();
    assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, NULL), 0);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 0.05);
    mu_chain_verdict_done(&verdict);
    X509_free(made.certs[1]);
    X509_free(made.leaf);
    sk_X509_pop_free(made.sent, X509_free);
    sk_X509_pop_free(made.trusted, X509_free);
}

static void detail_is_one_escaped_line(void **state)
{
    static const struct spec specs[] = {{"root", 0, HIDDEN, CA}, {"x\r\n\x1b[31m\"<b>", 0, LEAF, SERVER_CERT}, {"o", 2, TRUSTED,
        CA}, {NULL}};
    struct made made;
    mu_chain_verdict verdict;
    (void)state;

    make_all(specs, &made);
    mu_verify_params params = params_of(&made, &(struct ask){MU_PURPOSE_SERVER, .host = "a\n"});
    assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, NULL), 0);
    assert_int_equal(verdict.code, MU_E_CA_NOT_TRUSTED);
    assert_non_null(strstr(verdict.detail, "depth 0, subject \"CN=x"));
    assert_non_null(strstr(verdict.detail, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY (20)"));
    assert_non_null(verdict.hint);
    for (const char *at = verdict.detail; *at; at++)
        assert_true((unsigned char)*at >= ' ');
    mu_chain_verdict_done(&verdict);
    free_all(&made);
}

static void refuses_wrong_parameters(void **state)
{
    struct made made;
    mu_chain_verdict verdict;
    mu_err *err = NULL;
    (void)state;

    make_all((struct spec[]){ROOT, {"a", 0, LEAF, SERVER_CERT}, {NULL}}, &made);
    mu_verify_params params = params_of(&made, &(struct ask){MU_PURPOSE_SERVER, .policy = "not an OID"});
    assert_int_equal(mu_chain_verify(made.leaf, &params, &verdict, &err), -1);
    assert_int_equal(err->code, MU_E_USAGE);
    mu_err_free(err);
    free_all(&made);
}

/* ---- revocation ---- */

static X509_CRL *make_crl(X509 *issuer, EVP_PKEY *key, X509 *revoked, int next_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *last = ASN1_TIME_set(NULL, AT_S - 10 * DAY_S), *next = ASN1_TIME_set(NULL, AT_S + next_days * DAY_S);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer));
    X509_CRL_set1_lastUpdate(crl, last);
    X509_CRL_set1_nextUpdate(crl, next);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)X509_get0_serialNumber(revoked));
        X509_REVOKED_set_revocationDate(entry, last);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_CRL_sign(crl, key, EVP_sha256());
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return crl;
}

struct crl_spec {
    int by, revoked, next_days; /* revoked 0: none */
    int key;                    /* 0: the issuer's */
};

static const struct crl_case {
    const char *name;
    struct spec certs[MAX_CERTS];
    struct crl_spec crls[3]; /* next_days 0 ends */
    mu_code code;
    int depth, x509_error;
} crl_cases[] = {
    {"not listed", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {{0, 0, 5}}, ACCEPTED},
    {"listed", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {{0, 1, 5}}, MU_E_CERT_REVOKED, 0, X509_V_ERR_CERT_REVOKED},
    {"no CRL", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {{0}}, MU_E_CRL_UNAVAILABLE, 0, X509_V_ERR_UNABLE_TO_GET_CRL},
    {"stale", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {{0, 0, -1}}, MU_E_CRL_EXPIRED, 0, X509_V_ERR_CRL_HAS_EXPIRED},
    {"signed by another", {ROOT, {"a", 0, LEAF, CLIENT_CERT}}, {{0, 0, 5, 4}}, MU_E_CRL_UNAVAILABLE, 0,
     X509_V_ERR_CRL_SIGNATURE_FAILURE},
    {"every level", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, CLIENT_CERT}}, {{0, 0, 5}, {1, 0, 5}}, ACCEPTED},
    {"none for the intermediate's level", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, CLIENT_CERT}}, {{1, 0, 5}},
     MU_E_CRL_UNAVAILABLE, 1, X509_V_ERR_UNABLE_TO_GET_CRL},
    {"revoked intermediate", {ROOT, {"ica", 0, SENT, CA}, {"a", 1, LEAF, CLIENT_CERT}}, {{0, 1, 5}, {1, 0, 5}},
     MU_E_CERT_REVOKED, 1,
     X509_V_ERR_CERT_REVOKED},
    {"intermediate as anchor", {{"root", 0, HIDDEN, CA}, {"ica", 0, TRUSTED, CA}, {"a", 1, LEAF, CLIENT_CERT}}, {{1, 0, 5}},
     ACCEPTED},
    {"listed below an intermediate as anchor", {{"root", 0, HIDDEN, CA}, {"ica", 0, TRUSTED, CA}, {"a", 1, LEAF, CLIENT_CERT}},
     {{1, 2, 5}}, MU_E_CERT_REVOKED, 0, X509_V_ERR_CERT_REVOKED},
    {"revoked between leaf and such an anchor",
     {{"root", 0, HIDDEN, CA}, {"i1", 0, TRUSTED, CA}, {"i2", 1, SENT, CA}, {"a", 2, LEAF, CLIENT_CERT}}, {{1, 2, 5}, {2, 0, 5}},
     MU_E_CERT_REVOKED, 1, X509_V_ERR_CERT_REVOKED},
    {"revoked anchor", {{"root", 0, HIDDEN, CA}, {"ica", 0, TRUSTED, CA}, {"a", 1, LEAF, CLIENT_CERT}}, {{0, 1, 5}, {1, 0, 5}},
     MU_E_CERT_REVOKED, 1, X509_V_ERR_CERT_REVOKED},
    {"pin", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT}}, {{0, 0, 5}}, ACCEPTED},
    {"revoked pin", {{"root", 0, HIDDEN, CA}, {"a", 0, TRUSTED, CLIENT_CERT}}, {{0, 1, 5}}, MU_E_CERT_REVOKED, 0,
     X509_V_ERR_CERT_REVOKED},
};

static void judges_revocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof crl_cases / sizeof *crl_cases; i++) {
        const struct crl_case *t = &crl_cases[i];
        struct made made;
        mu_chain_verdict verdict;

        make_all(t->certs, &made);
        mu_verify_params params = params_of(&made, &(struct ask){MU_PURPOSE_CLIENT});
        params.crls = sk_X509_CRL_new_null();
        for (int j = 0; j < 3 && t->crls[j].next_days; j++) {
            const struct crl_spec *c = &t->crls[j];
            sk_X509_CRL_push(params.crls, make_crl(made.certs[c->by], keys[c->key ? c->key : c->by],
                                                   c->revoked ? made.certs[c->revoked] : NULL, c->next_days));
        }
        X509 *leaf = made.leaf ? made.leaf : sk_X509_value(made.trusted, 0);
        assert_int_equal(mu_chain_verify(leaf, &params, &verdict, NULL), 0);
        if (verdict.code != t->code || verdict.depth != t->depth)
            print_error("%s: %s at %d: %s\n", t->name, mu_code_name(verdict.code), verdict.depth, verdict.detail ?
                verdict.detail : "");
        assert_string_equal(mu_code_name(verdict.code), mu_code_name(t->code));
        assert_int_equal(verdict.depth, t->depth);
        assert_int_equal(verdict.x509_error, t->x509_error);
        mu_chain_verdict_done(&verdict);
        sk_X509_CRL_pop_free(params.crls, X509_CRL_free);
        free_all(&made);
    }
}

/* ---- the rest of the section ---- */

static void checks_names(void **state)
{
    struct made made;
    mu_err *err = NULL;
    (void)state;

    make_all((struct spec[]){ROOT, {"a", 0, LEAF, SERVER_CERT}, {"b", 0, HIDDEN}, {NULL}}, &made);
    assert_int_equal(mu_cert_check_name(made.leaf, "a.example", NULL, &err), 0);
    assert_int_equal(mu_cert_check_name(made.leaf, NULL, "10.0.0.1", &err), 0);
    assert_null(err);
    static const struct { int cert; const char *host, *ip; mu_code code; } wrong[] = {
        {1, "b.example", NULL, MU_E_HOSTNAME_MISMATCH}, {1, NULL, "10.0.0.2", MU_E_IP_SAN_MISSING}, {1, NULL, "nonsense",
         MU_E_IP_SAN_MISSING},
        {2, "b", NULL, MU_E_SAN_MISSING}, {2, NULL, "::1", MU_E_IP_SAN_MISSING}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(mu_cert_check_name(made.certs[wrong[i].cert], wrong[i].host, wrong[i].ip, &err), -1);
        assert_string_equal(mu_code_name(err->code), mu_code_name(wrong[i].code));
        assert_non_null(strstr(err->detail, wrong[i].cert == 1 ? "dns:a.example" : "no subjectAltName"));
        mu_err_free(err);
        err = NULL;
    }
    free_all(&made);
}

static void builds_in_order(void **state)
{
    struct made made;
    STACK_OF(X509) *chain = NULL;
    (void)state;

    make_all((struct spec[]){ROOT, {"ica", 0, SENT, CA}, {"ica", 2, SENT, CA, .no_key_ids = true}, {"a", 1, LEAF, SERVER_CERT},
        {NULL}}, &made);
    sk_X509_unshift(made.sent, made.certs[0]);
    sk_X509_push(made.sent, made.leaf);
    assert_int_equal(mu_chain_build(made.leaf, made.sent, &chain, NULL), 0);
    assert_int_equal(sk_X509_num(chain), 3);
    assert_ptr_equal(sk_X509_value(chain, 0), made.leaf);
    assert_ptr_equal(sk_X509_value(chain, 1), made.certs[1]);
    assert_ptr_equal(sk_X509_value(chain, 2), made.certs[0]);
    sk_X509_pop_free(chain, X509_free);
    assert_int_equal(mu_chain_build(made.certs[0], NULL, &chain, NULL), 0);
    assert_int_equal(sk_X509_num(chain), 1);
    sk_X509_pop_free(chain, X509_free);
    free_all(&made);
}

static void names_codes(void **state)
{
    (void)state;
    assert_int_equal(mu_code_from_x509(X509_V_OK, 0, MU_PURPOSE_SERVER), MU_OK);
    assert_int_equal(mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, 0, MU_PURPOSE_CLIENT), MU_E_EKU_MISSING_CLIENTAUTH);
    assert_int_equal(mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, 0, MU_PURPOSE_SERVER), MU_E_EKU_MISSING_SERVERAUTH);
    assert_int_equal(mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, 1, MU_PURPOSE_SERVER), MU_E_EKU_CA_CHAIN);
    assert_int_equal(mu_code_from_x509(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, MU_PURPOSE_CLIENT),
        MU_E_CLIENT_CA_NOT_TRUSTED);
    assert_int_equal(mu_code_from_x509(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, MU_PURPOSE_SERVER), MU_E_CA_NOT_TRUSTED);
    for (int i = 1; i < 200; i++) /* nothing that OpenSSL says is taken for a yes */
        assert_int_not_equal(mu_code_from_x509(i, 0, MU_PURPOSE_ANY), MU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges), cmocka_unit_test(tells_all_faults), cmocka_unit_test(hostile_input_is_bounded),
        cmocka_unit_test(detail_is_one_escaped_line),
        cmocka_unit_test(refuses_wrong_parameters), cmocka_unit_test(judges_revocation), cmocka_unit_test(checks_names),
        cmocka_unit_test(builds_in_order),  cmocka_unit_test(names_codes),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

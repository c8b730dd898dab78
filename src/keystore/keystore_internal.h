/** Inside the keystore layer: what stores and entries consist of, and the steps that reading and writing are made of. */
#ifndef MU_KEYSTORE_INTERNAL_H
#define MU_KEYSTORE_INTERNAL_H

#include "base/buf.h"
#include "base/file.h"
#include "base/ossl.h"
#include "base/secret.h"
#include "base/text.h"
#include <mutual/keystore.h>
#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

typedef struct mu_bytes {
    uint8_t *data; /* OPENSSL_malloc */
    size_t len;
} mu_bytes;

/** Wipes. */
void mu_bytes_clear(mu_bytes *bytes);
int mu_bytes_set(mu_bytes *bytes, const void *data, size_t len, mu_err **err);
/** The content octets of an ASN.1 string; borrowed. */
mu_bytes mu_bytes_of(const ASN1_STRING *string);

/**
 * Walk the encoding without decoding it: lengths that fit, at most max_nesting levels, indefinite lengths that end.
 * @param ret_len the length of the first element; what follows is not looked at
 * @return 0, or -1 with MU_E_STORE_DAMAGED (offset in detail) or MU_E_STORE_LIMIT_EXCEEDED
 */
int mu_ber_scan(const uint8_t *data, size_t len, int max_nesting, size_t *ret_len, mu_err **err);

/* ---- protection ---- */

#define MU_MAX_ITERATIONS 5000000 /* of one derivation, as in the JDK */
#define MU_DEFAULT_ITERATIONS 10000
#define MU_SALT_LEN 20
#define MU_MAX_SALT_LEN 1024

/** What may still be spent on one file, and where its cryptography is done. */
typedef struct mu_crypt {
    OSSL_LIB_CTX *libctx;
    OSSL_LIB_CTX *legacy; /* RC2, RC4 and DES: made when one of them is met */
    uint64_t iterations_left;
} mu_crypt;

void mu_crypt_done(mu_crypt *crypt);
/** Refuse what would cost too much, before it is done; 0 or less is damage. */
int mu_crypt_charge(mu_crypt *crypt, long iterations, const char *what, mu_err **err);
/** The value, or -1 if it is negative, and LONG_MAX if it is too long for a long. */
long mu_asn1_long(const ASN1_INTEGER *number);

/** Password based encryption, as an AlgorithmIdentifier describes it. */
typedef struct mu_pbe {
    int scheme;      /* NID_pbes2, or one of PKCS #12's or PKCS #5 version 1's own */
    int cipher, prf; /* NIDs; prf for PBES2 only */
    long iterations;
    bool legacy; /* needs the legacy provider */
    bool bmp;    /* password as BMPString (PKCS #12's own schemes) */
    mu_store_type sun; /* JKS or JCEKS: the JDK's protection of keys in these, nothing else then counts but iterations; else AUTO */
} mu_pbe;

/** What is written unless asked otherwise. */
extern const mu_pbe mu_pbe_default;
/** @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE, MU_E_STORE_DAMAGED, MU_E_STORE_LIMIT_EXCEEDED (salt) */
int mu_pbe_inspect(const X509_ALGOR *algor, mu_pbe *ret, mu_err **err);
/** The cipher of a scheme that is not PBES2, and what follows from both. */
void mu_pbe_set_cipher(mu_pbe *pbe, int cipher);
/** "PBEWithSHA1AndDESede", its OID, "PBEWithHmacSHA256AndAES_256" …, in any case, with the default iterations. */
bool mu_pbe_by_name(const char *name, mu_pbe *ret);
/** "PBES2 AES-256-CBC HmacSHA256", and its iterations. */
mu_protection mu_pbe_describe(const mu_pbe *pbe);
/**
 * @param charge false if this very part has been paid for before
 * @param wrong  the code for a password that does not fit
 * @return 0, or -1 with `wrong`, and as mu_pbe_inspect
 */
int mu_pbe_decrypt(mu_crypt *crypt, const X509_ALGOR *algor, const char *password, const ASN1_OCTET_STRING *data, bool charge,
                   mu_code wrong, mu_bytes *ret, mu_err **err);
/** With fresh salt and IV. */
int mu_pbe_encrypt(mu_crypt *crypt, const mu_pbe *pbe, const char *password, const void *data, size_t len, X509_ALGOR **ret_algor,
                   mu_bytes *ret, mu_err **err);

/* ---- the JDK's own protections, in JKS and JCEKS; called through mu_pbe_… where an AlgorithmIdentifier says which ---- */

#define MU_JKS_DIGEST_LEN 20
#define MU_SUN_SALT_LEN 8

/** Which of the two an AlgorithmIdentifier names; AUTO: neither. */
mu_store_type mu_sun_protection(const X509_ALGOR *algor);
int mu_sun_inspect(const X509_ALGOR *algor, mu_pbe *ret, mu_err **err);
int mu_sun_decrypt(mu_crypt *crypt, const X509_ALGOR *algor, const char *password, mu_bytes data, bool charge, mu_code wrong,
                   mu_bytes *ret, mu_err **err);
int mu_sun_encrypt(mu_crypt *crypt, const mu_pbe *pbe, const char *password, mu_bytes data, X509_ALGOR **ret_algor, mu_bytes *ret,
                   mu_err **err);
/** PBEWithMD5AndTripleDES with its parameters in DER. */
int mu_jceks_decrypt(mu_crypt *crypt, mu_bytes params, const char *password, mu_bytes data, bool charge, mu_code wrong,
                     mu_bytes *ret, mu_err **err);
int mu_jceks_encrypt(mu_crypt *crypt, long iterations, const char *password, mu_bytes data, mu_bytes *ret_params, mu_bytes *ret,
                     mu_err **err);
/** Salt and iterations; MU_E_STORE_DAMAGED if they are none. */
int mu_sun_params(mu_bytes der, PBEPARAM **ret, mu_err **err);
/** SHA-1 of password, a constant and the content. */
int mu_jks_digest(mu_crypt *crypt, const char *password, mu_bytes content, uint8_t out[MU_JKS_DIGEST_LEN], mu_err **err);

/**
 * The forms in which a password may have entered PKCS #12's own derivation. RFC 7292 B.1: no bytes and "" (two zero bytes) are
 * different keys, and both exist for an empty password. JDK 25 keeps the low 7 bits of each UTF-8 byte.
 */
#define MU_MAX_FORMS 2
typedef struct mu_forms {
    const char *text[MU_MAX_FORMS]; /* NULL: no bytes at all */
    int len[MU_MAX_FORMS];
    int count;
    char *owned;
} mu_forms;
int mu_forms_init(mu_forms *forms, const char *password, mu_err **err);
void mu_forms_done(mu_forms *forms);

/* ---- PKCS #12 structures (RFC 7292 section 4), read as BER, written as DER ---- */

typedef struct { /* ContentInfo; CertBag and SecretBag have the same shape */
    ASN1_OBJECT *type;
    ASN1_TYPE *content;
} MU_CONTENT;

typedef struct {
    ASN1_OBJECT *type;
    X509_ALGOR *algor;
    ASN1_OCTET_STRING *data;
} MU_ENCRYPTED_CONTENT;

typedef struct {
    ASN1_INTEGER *version;
    MU_ENCRYPTED_CONTENT *content;
} MU_ENCRYPTED_DATA;

typedef struct {
    ASN1_OBJECT *type;
    ASN1_TYPE *value;
    STACK_OF(X509_ATTRIBUTE) * attrs;
} MU_BAG;

typedef struct {
    X509_SIG *digest; /* DigestInfo has the shape of X509_SIG */
    ASN1_OCTET_STRING *salt;
    ASN1_INTEGER *iterations;
} MU_MAC;

typedef struct {
    ASN1_INTEGER *version;
    MU_CONTENT *authsafe;
    MU_MAC *mac;
} MU_PFX;

DECLARE_ASN1_ITEM(MU_CONTENT)
DECLARE_ASN1_ITEM(MU_ENCRYPTED_CONTENT)
DECLARE_ASN1_ITEM(MU_ENCRYPTED_DATA)
DECLARE_ASN1_ITEM(MU_BAG)
DECLARE_ASN1_ITEM(MU_MAC)
DECLARE_ASN1_ITEM(MU_PFX)

/** Decode with an item; NULL and MU_E_STORE_DAMAGED if it does not fit. */
void *mu_item_read(const ASN1_ITEM *item, mu_bytes bytes, const char *what, mu_err **err);
int mu_item_write(const void *value, const ASN1_ITEM *item, mu_bytes *ret, mu_err **err);

/** How the integrity of a PKCS #12 file is protected. */
typedef struct mu_mac {
    bool present;
    bool pbmac1;
    int digest; /* NID; for PBMAC1 of the HMAC */
    int prf;    /* PBMAC1: NID of the HMAC of PBKDF2 */
    long iterations;
} mu_mac;

extern const mu_mac mu_mac_default;
/** @return 0, or -1 with MU_E_STORE_WRONG_PASSWORD, MU_E_STORE_DAMAGED, MU_E_STORE_LIMIT_EXCEEDED or MU_E_ALGORITHM_UNAVAILABLE */
int mu_mac_inspect(const MU_MAC *mac, mu_mac *ret, mu_err **err);
int mu_mac_check(mu_crypt *crypt, const MU_MAC *mac, const char *password, mu_bytes content, mu_err **err);
int mu_mac_make(mu_crypt *crypt, const mu_mac *how, const char *password, mu_bytes content, MU_MAC **ret, mu_err **err);
/** "HmacPBESHA256", "PBEWithHmacSHA256" (PBMAC1) or "NONE", in any case, with the default iterations. */
bool mu_mac_by_name(const char *name, mu_mac *ret);
/** What the options ask for, or the default. @return 0, or -1 with MU_E_ALGORITHM_UNAVAILABLE: nothing is called so */
int mu_pbe_choose(const char *name, int iterations, const mu_store_write_options *options, mu_pbe *ret, mu_err **err);
int mu_mac_choose(const mu_store_write_options *options, mu_mac *ret, mu_err **err);
/** "HmacSHA256", and its iterations. */
mu_protection mu_mac_describe(const mu_mac *mac);

/* ---- the model ---- */

/** A certificate as it stood in the file. Chains and trusted entries refer to it by its X509. */
typedef struct mu_cert_item {
    X509 *cert;
    STACK_OF(X509_ATTRIBUTE) * attrs;
    mu_bytes id;  /* localKeyID, or the JDK's pseudo id "01" */
    char *folded; /* friendlyName in lower case; NULL: none */
    bool trusted, in_chain, loose;
} mu_cert_item;

/** Something kept only to be written back: a bag or a PEM block. */
typedef struct mu_kept {
    mu_bytes raw;
    bool encrypted; /* stood in the encrypted part */
} mu_kept;

typedef enum mu_key_form {
    MU_KEY_CLEAR,      /* entry->key holds it */
    MU_KEY_SHROUDED,   /* EncryptedPrivateKeyInfo in entry->payload */
    MU_KEY_PLAIN,      /* PKCS #8, not encrypted, in entry->payload */
    MU_KEY_TRADITIONAL /* a PEM block with Proc-Type in entry->payload */
} mu_key_form;

struct mu_entry {
    mu_store *store;
    mu_entry_kind kind;
    char *alias;
    char *folded;
    unsigned long hash; /* of folded */
    int64_t created_ms;
    STACK_OF(X509) * chain;
    bool java_hidden;
    bool paid;           /* its iterations have been charged */
    bool encrypted_part; /* secret: stood in the encrypted part */
    mu_key_form form;
    EVP_PKEY *key;
    mu_bytes payload; /* as form says; of a secret entry, if it was read, its whole bag or sealed object */
    char *algorithm;  /* of a secret entry that was set, as secret */
    mu_bytes secret;
    mu_secret password; /* what a key that is not encrypted yet will be encrypted under; none: the store's */
    mu_bytes pem;     /* PEM: the block as it stood in the file, NUL not counted */
    mu_bytes id;      /* localKeyID */
    STACK_OF(X509_ATTRIBUTE) * attrs;
};

struct mu_store {
    mu_crypt crypt;
    mu_store_type type;
    bool mismatch, skipped;
    char *path;
    mu_file_stamp stamp;
    mu_secret password;
    mu_store_limits limits;
    char *protection;
    mu_entry **entries;
    size_t count, cap;
    uint32_t *slots; /* hash table: position + 1 of the entry, 0: free; at least twice as many as entries */
    size_t slot_count;
    mu_cert_item **items;
    size_t item_count, item_cap;
    mu_kept *kept;
    size_t kept_count;
    STACK_OF(X509) * loose;
    mu_mac mac;
    mu_pbe cert_pbe;
    bool certs_plain, certs_encrypted; /* how certificates stood in the file; both false: there were none */
    bool was_read;
    long unnamed; /* names given to entries without one */
    STACK_OF(X509) * known; /* borrowed; read back: a certificate with the bytes of one of these is that one */
    int known_next;
};

mu_store *mu_store_alloc(OSSL_LIB_CTX *libctx, mu_store_type type, const mu_store_limits *limits);
mu_entry *mu_entry_new(mu_store *store, mu_entry_kind kind, const char *alias);
void mu_entry_free(mu_entry *entry);
/** Takes the entry, also on failure. An older entry of that alias gives way, the new one takes its place: as in the JDK. */
int mu_store_put(mu_store *store, mu_entry *entry, mu_err **err);
/** The same, but only the very same alias gives way: for formats in which case may tell entries apart. */
int mu_store_put_exact(mu_store *store, mu_entry *entry, mu_err **err);
/** To be called when entries went, moved or got another alias. */
int mu_store_reindex(mu_store *store, mu_err **err);
/** A new entry; MU_E_DUPLICATE_ALIAS if the alias belongs to an entry of another kind. */
mu_entry *mu_entry_new_like(mu_store *store, mu_entry_kind kind, const char *alias, int64_t created_ms, mu_err **err);
/** Its own, or the other. */
const char *mu_entry_password(const mu_entry *entry, const char *otherwise);
mu_entry *mu_store_find_folded(const mu_store *store, const char *folded);
int mu_store_keep(mu_store *store, mu_bytes raw, bool encrypted, mu_err **err);
/** Takes a reference to the certificate; the item is owned by the store. */
mu_cert_item *mu_store_add_item(mu_store *store, X509 *cert);
mu_cert_item *mu_store_item_of(const mu_store *store, const X509 *cert);
/** MU_E_STORE_LIMIT_EXCEEDED if the file holds more than it may. */
int mu_store_check_entries(const mu_store *store, size_t more, mu_err **err);
/** Remakes the list of loose certificates from the items. */
int mu_store_list_loose(mu_store *store, mu_err **err);
/** What entries have now is no longer loose: it is written with them. */
int mu_store_settle_loose(mu_store *store, const STACK_OF(X509) * certs, mu_err **err);
const char *mu_store_next_name(mu_store *store, char out[32]);

/* ---- aliases ---- */

/** Lower case as Java's String.toLowerCase(Locale.ENGLISH). Owned by the caller (free). */
char *mu_alias_fold(const char *alias);
unsigned long mu_alias_hash(const char *folded);
/** BMPString to UTF-8; what has no meaning becomes U+FFFD. Owned by the caller (free). */
char *mu_bmp_text(const uint8_t *data, size_t len);

/* ---- certificates ---- */

X509 *mu_cert_from_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len);
/** As the JDK: issuers by name, and by key identifier where both have one; ends at a self-issued certificate or a loop. */
int mu_items_chain(mu_store *store, X509 *leaf, STACK_OF(X509) * *ret_chain, mu_err **err);
/** Give every key entry its chain, then tell loose certificates from the others. */
int mu_items_match(mu_store *store, mu_err **err);

/* ---- attributes of bags ---- */

const ASN1_TYPE *mu_attr_value(const STACK_OF(X509_ATTRIBUTE) * attrs, const char *oid);
/** Alias and id; both NULL or empty if absent. */
int mu_attrs_read(const STACK_OF(X509_ATTRIBUTE) * attrs, char **ret_name, mu_bytes *ret_id, bool *ret_trusted, mu_err **err);
/** A new set: name, id and trust as given (NULL: none), then everything foreign in `base`. */
int mu_attrs_make(const STACK_OF(X509_ATTRIBUTE) * base, const char *name, const mu_bytes *id, bool trusted,
                  STACK_OF(X509_ATTRIBUTE) * *ret, mu_err **err);
STACK_OF(X509_ATTRIBUTE) * mu_attrs_dup(const STACK_OF(X509_ATTRIBUTE) * attrs);
void mu_attrs_free(STACK_OF(X509_ATTRIBUTE) * attrs);

/* ---- keys ---- */

/** From unencrypted DER: PKCS #8, PKCS #1, SEC 1. */
EVP_PKEY *mu_key_from_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len);
/** Is that the key's certificate? */
bool mu_cert_belongs(const X509 *cert, const EVP_PKEY *key);
int mu_key_to_p8(const EVP_PKEY *key, mu_bytes *ret, mu_err **err);
/** EncryptedPrivateKeyInfo of PKCS #8 bytes. */
int mu_p8_shroud(mu_crypt *crypt, const mu_pbe *pbe, const char *password, mu_bytes p8, mu_bytes *ret, mu_err **err);
int mu_p8_unshroud(mu_crypt *crypt, mu_bytes shrouded, const char *password, bool charge, mu_code wrong, mu_bytes *ret,
                   mu_err **err);
/** The entry's key as PKCS #8, under its present protection. */
int mu_entry_p8(mu_entry *entry, const char *password, mu_bytes *ret, mu_err **err);

/* ---- formats ---- */

int mu_p12_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err);
/** The name of a store format that is known but not read ("BKS", "UBER", "BCFKS"), or NULL. */
const char *mu_store_foreign(const uint8_t *data, size_t len);
int mu_p12_safe_read(mu_store *store, mu_bytes safe, bool encrypted, mu_err **err);
/** The bag of a secret entry and what is in it; the caller frees both. NULL and MU_E_STORE_DAMAGED if it cannot be decoded. */
MU_BAG *mu_p12_secret_open(mu_bytes raw, MU_CONTENT **ret_content, mu_err **err);
/** Is it the JDK's secret bag: the type is the OID of a shrouded key, the content an EncryptedPrivateKeyInfo in an OCTET STRING? */
bool mu_p12_secret_shrouded(const MU_CONTENT *content);
/** The secret key in a bag. @return 0, or -1 with MU_E_KEY_PASSWORD_DIFFERS, MU_E_ALGORITHM_UNAVAILABLE (not the JDK's form) */
int mu_p12_secret_read(mu_crypt *crypt, mu_bytes raw, const char *password, bool charge, char **ret_algorithm, mu_bytes *ret_key,
                       mu_err **err);
/** MU_E_ALGORITHM_UNAVAILABLE if the algorithm has no OID, and so no place in PKCS12. */
int mu_p12_secret_check(const char *algorithm, mu_err **err);
/** The content of a secret bag. Errors as mu_p12_secret_check. */
int mu_p12_secret_write(mu_crypt *crypt, const mu_pbe *pbe, const char *password, const char *algorithm, mu_bytes key, mu_bytes *ret,
                        mu_err **err);
/** Put every key and secret under another password; all or nothing. */
int mu_p12_reprotect(mu_store *store, const mu_pbe *pbe, const char *password, mu_err **err);
int mu_p12_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err);
/** JKS and JCEKS; store->type says what may be in it. Without a password the digest is not looked at. */
int mu_jks_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err);
int mu_jks_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err);
/** A secret key in JCEKS. Errors as mu_p12_secret_read. */
int mu_jceks_unseal(mu_crypt *crypt, mu_bytes sealed, const char *password, bool charge, char **ret_algorithm, mu_bytes *ret_key,
                    mu_err **err);
int mu_jceks_seal(mu_crypt *crypt, long iterations, const char *password, const char *algorithm, mu_bytes key, mu_bytes *ret,
                  mu_err **err);
mu_protection mu_jceks_seal_describe(mu_bytes sealed);
int mu_pem_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err);
int mu_pem_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err);

/** One "-----BEGIN …" block. */
typedef struct mu_pem_block {
    char label[64];
    char *headers; /* NUL-terminated, "" if none; owned */
    mu_bytes der;
    const uint8_t *raw; /* in the input */
    size_t raw_len;
} mu_pem_block;

void mu_pem_block_done(mu_pem_block *block);
/** @param pos  where to go on, 0 at first. @return 1 with a block, 0 at the end, -1 with MU_E_PEM_GARBAGE */
int mu_pem_next(const uint8_t *data, size_t len, size_t *pos, mu_pem_block *ret, mu_err **err);
/** MU_E_PEM_GARBAGE for UTF-16 and empty input. */
int mu_pem_check_text(const uint8_t *data, size_t len, mu_err **err);
bool mu_pem_has_block(const uint8_t *data, size_t len);
bool mu_pem_is_key(const mu_pem_block *block);
bool mu_pem_is_cert(const mu_pem_block *block);
/** The key of a block. @return 0, or -1 with MU_E_PEM_KEY_ENCRYPTED and as mu_key_parse */
int mu_pem_block_key(mu_crypt *crypt, const mu_pem_block *block, const char *password, bool charge, EVP_PKEY **ret, mu_err **err);
/** Appends a block. */
int mu_pem_add(mu_buf *out, const char *label, const uint8_t *der, size_t len, mu_err **err);

#endif

/**
 * Stores: PKCS #12, JKS, JCEKS and PEM behind one model.
 *
 * A store holds entries in file order, each with an alias: a private key with its certificate chain, a trusted certificate, or a
 * secret key. Keys stay encrypted until they are asked for.
 *
 * Source: RFC 7292 (PKCS #12), RFC 8018 (PKCS #5), RFC 9879 (PBMAC1), RFC 7468 (PEM); what the JDK adds is described at each
 * function.
 */
#ifndef MUTUAL_KEYSTORE_H
#define MUTUAL_KEYSTORE_H

#include <mutual/err.h>
#include <openssl/x509.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mu_store mu_store;
typedef struct mu_entry mu_entry;

typedef enum mu_store_type { MU_STORE_AUTO, MU_STORE_PKCS12, MU_STORE_JKS, MU_STORE_JCEKS, MU_STORE_PEM } mu_store_type;
typedef enum mu_entry_kind { MU_ENTRY_KEY, MU_ENTRY_TRUSTED, MU_ENTRY_SECRET } mu_entry_kind;

/** "PKCS12", "JKS", "JCEKS", "PEM". */
MU_API const char *mu_store_type_name(mu_store_type type);
/** Any case; "P12" and "PFX" are PKCS12. @return 0, or -1 with MU_E_USAGE */
MU_API int mu_store_type_parse(const char *name, mu_store_type *ret_type, mu_err **err);
/** What the first bytes say, whatever the file is called; MU_STORE_AUTO if nothing fits. */
MU_API mu_store_type mu_store_detect(const uint8_t *data, size_t len);

/** Bounds on hostile input. Zero in a field means its default. */
typedef struct mu_store_limits {
    size_t max_bytes; /* of the file: 64 MiB */
    int max_entries;  /* entries and loose certificates: 100,000 */
    int max_nesting;  /* of the encoding: 64 */
    uint64_t
        max_kdf_iterations; /* summed over MAC, bags and keys: 10,000,000; a single count over 5,000,000 is refused as by the JDK */
} mu_store_limits;

typedef struct mu_store_options {
    mu_store_type type;   /* declared type; AUTO: by content. A wrong one is no failure, see mu_store_type_mismatch */
    const char *password; /* of the store; NULL: none: integrity is not checked, encrypted certificates are left out */
    mu_store_limits limits;
} mu_store_options;

/**
 * Read a store from bytes.
 * @param options NULL: all defaults, no password
 * @return 0, or -1 with MU_E_STORE_DAMAGED (detail gives the byte offset where known), MU_E_STORE_WRONG_PASSWORD (wrong password or
 *         altered file: a MAC cannot tell which), MU_E_STORE_WRONG_TYPE (not a store, or Bouncy Castle's), MU_E_STORE_LIMIT_EXCEEDED,
 *         MU_E_ALGORITHM_UNAVAILABLE, MU_E_P12_LEGACY_RC2 (RC2 needed and no legacy
 *         provider), MU_E_PEM_GARBAGE
 *
 * PKCS #12 is read as the JDK reads it: an alias is the friendlyName, missing ones become "1", "2" …, the later of two equal
 * aliases wins, chains follow localKeyID, then names; but see mu_entry_get1_key. What follows the PFX is ignored.
 *
 * JKS and JCEKS: source is OpenJDK's JavaKeyStore and JceKeyStore. Of Java's serialisation only sealed secret keys are read. Aliases
 * keep the case they have in the file (CaseExactJKS is the same format). JKS
 * that is declared as JCEKS becomes JCEKS, as in the JDK. What follows the digest is ignored.
 *
 * PEM and DER: every private key is a key entry ("1", "2" …; a single one goes by the file's name, without its suffix). Without a
 * key all certificates are trusted entries; beside a key those outside its chain are loose. An encrypted key is not decrypted yet.
 */
MU_API int mu_store_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, const mu_store_options *options,
                          mu_store **ret_store, mu_err **err);

/** The same from a file. Adds MU_E_STORE_NOT_FOUND and MU_E_FILE_PERMISSION; remembers the file for mu_store_save. */
MU_API int mu_store_open(OSSL_LIB_CTX *libctx, const char *path, const mu_store_options *options, mu_store **ret_store,
                         mu_err **err);

/** An empty store; MU_STORE_AUTO: PKCS12. @return 0, or -1 with MU_E_OUT_OF_MEMORY */
MU_API int mu_store_new(OSSL_LIB_CTX *libctx, mu_store_type type, mu_store **ret_store, mu_err **err);
MU_API void mu_store_free(mu_store *store);

/** The real type of the file. */
MU_API mu_store_type mu_store_get_type(const mu_store *store);
/** True if the file was declared as something else than it is. */
MU_API bool mu_store_type_mismatch(const mu_store *store);
/** Where it was read from, or "" (borrowed). */
MU_API const char *mu_store_path(const mu_store *store);
/** True if encrypted parts were left out for want of a password (PKCS12 read with none). */
MU_API bool mu_store_has_skipped(const mu_store *store);
/** Certificates that are neither trusted nor in the chain of a key; written back with the store. PKCS12: those without the JDK's
 * trust attribute, which a JVM does not see (MU_E_P12_NO_JAVA_TRUST). */
MU_API STACK_OF(X509) * mu_store_get0_loose_certs(const mu_store *store);
/** Human facts about protection, as "MAC HmacSHA256 10000 iterations; certificates PBES2 AES-256-CBC …" (borrowed, never NULL). */
MU_API const char *mu_store_protection(const mu_store *store);

/** How a part of a store is protected; read from the file, nothing is decrypted or computed for it. */
typedef struct mu_protection {
    bool present;       /* there is a MAC; it is encrypted */
    char algorithm[80]; /* "HmacSHA256", "PBMAC1 HmacSHA256", "PBES2 AES-256-CBC HmacSHA256", "PBE-SHA1-3DES"; "": none or unknown */
    long iterations;    /* of its key derivation; 0: none or unknown */
} mu_protection;

/** The integrity of the whole file. */
MU_API mu_protection mu_store_get_mac(const mu_store *store);
/** The part with the certificates; of several encrypted parts the last one. */
MU_API mu_protection mu_store_get_cert_protection(const mu_store *store);
/** The entry's private or secret key; absent for trusted entries. */
MU_API mu_protection mu_entry_get_protection(const mu_entry *entry);

/* ---- entries ---- */

MU_API size_t mu_store_count(const mu_store *store);
/** In file order; borrowed until the store changes. NULL past the end. */
MU_API mu_entry *mu_store_entry(const mu_store *store, size_t index);
/** Aliases compare without case, as in the JDK; of several that differ in it the very one is found, if it is there. NULL if there is none. */
MU_API mu_entry *mu_store_find(const mu_store *store, const char *alias);

MU_API mu_entry_kind mu_entry_get_kind(const mu_entry *entry);
/** UTF-8; of a trusted entry as stored (the JDK lists it in lower case), of others lower-cased; escape it before showing. */
MU_API const char *mu_entry_alias(const mu_entry *entry);
/** The same in lower case, as the JDK knows every entry. */
MU_API const char *mu_entry_java_alias(const mu_entry *entry);
/** Milliseconds since 1970; -1 if the format keeps no date for this entry. */
MU_API int64_t mu_entry_created_ms(const mu_entry *entry);
/** Leaf first; a trusted entry has one certificate; may be empty, never NULL for key and trusted entries; borrowed. */
MU_API STACK_OF(X509) * mu_entry_get0_chain(const mu_entry *entry);
/** PKCS12: a private key that a JVM would not see: not encrypted, or a further one without localKeyID. */
MU_API bool mu_entry_java_hidden(const mu_entry *entry);
/**
 * Decrypt the private key. Its certificate is then known for certain: if the chain does not begin with it (files without localKeyID
 * let the JDK attach a wrong one), the chain is built anew from the store's certificates, so ask for the key before the chain.
 * @param password the key's own; NULL: the store's
 * @return 0, or -1 with MU_E_KEY_PASSWORD_DIFFERS, MU_E_KEYSTORE_NO_PRIVATE_KEY (not a key entry), MU_E_KEY_CERT_MISMATCH (there is
 * a chain, but none of the store's certificates belongs to the key), MU_E_STORE_LIMIT_EXCEEDED, MU_E_ALGORITHM_UNAVAILABLE,
 *         MU_E_STORE_DAMAGED; from PEM MU_E_PEM_KEY_ENCRYPTED (no or wrong password)
 */
MU_API int mu_entry_get1_key(mu_entry *entry, const char *password, EVP_PKEY **ret_key, mu_err **err);

/**
 * Decrypt a secret key.
 * @param password      the key's own; NULL: the store's
 * @param ret_algorithm as Java calls it ("AES", "HmacSHA256"), an OID if it has no name; owned by the caller (free)
 * @param ret_key       owned by the caller (OPENSSL_clear_free)
 * @return 0, or -1 with MU_E_KEY_PASSWORD_DIFFERS, MU_E_KEYSTORE_NO_PRIVATE_KEY (not a secret entry), MU_E_STORE_LIMIT_EXCEEDED,
 *         MU_E_ALGORITHM_UNAVAILABLE (also a form that the JDK does not write), MU_E_STORE_DAMAGED
 */
MU_API int mu_entry_get1_secret(mu_entry *entry, const char *password, char **ret_algorithm, uint8_t **ret_key, size_t *ret_len,
                                mu_err **err);

/* ---- changes ---- */

/**
 * Add or replace a key entry: alias lower-cased, chain leaf first. Fails with MU_E_KEY_CERT_MISMATCH, and with MU_E_DUPLICATE_ALIAS
 * if the alias belongs to an entry of another kind. The key is encrypted under the store's password when it is written.
 * @param created_ms for the entry's date: pass the clock's value; -1: no date
 */
MU_API int mu_store_set_key(mu_store *store, const char *alias, EVP_PKEY *key, STACK_OF(X509) * chain, int64_t created_ms,
                            mu_err **err);
/**
 * Give a key entry another chain, leaf first. The key is written back as it is: under its own password if it has one. Ask for
 * the key first (mu_entry_get1_key), it settles which certificate is its own; MU_E_KEY_CERT_MISMATCH if the new leaf has another key.
 */
MU_API int mu_entry_set_chain(mu_entry *entry, STACK_OF(X509) * chain, int64_t created_ms, mu_err **err);
/**
 * Add or replace a secret key; PKCS12 and JCEKS only (MU_E_STORE_WRONG_TYPE). In PKCS12 the algorithm must have an OID in the JDK
 * (MU_E_ALGORITHM_UNAVAILABLE).
 */
MU_API int mu_store_set_secret(mu_store *store, const char *alias, const char *algorithm, const uint8_t *key, size_t len,
                               int64_t created_ms, mu_err **err);
/**
 * Put a private or secret key under a password of its own, from the next write on. In PKCS12 only JVM programs can use such a key.
 * @param old      its present one; NULL: the store's; of no account for a key that has just been set
 * @param password NULL: the store's, whichever it will be
 * @return 0, or -1 as mu_entry_get1_key and mu_entry_get1_secret
 */
MU_API int mu_entry_set_password(mu_entry *entry, const char *old, const char *password, mu_err **err);
/** Add or replace a trusted certificate. MU_E_DUPLICATE_ALIAS as above. */
MU_API int mu_store_set_trusted(mu_store *store, const char *alias, X509 *cert, int64_t created_ms, mu_err **err);
/**
 * Make every loose certificate a trusted entry, as a JVM wants it marked, under its friendlyName, or else "ca".
 * @return 0, or -1 out of memory
 */
MU_API int mu_store_trust_loose(mu_store *store, int64_t created_ms, mu_err **err);
/** An alias that is free: the one wanted, or that with "-2", "-3" … behind it. Owned (free); NULL: out of memory. */
MU_API char *mu_store_free_alias(const mu_store *store, const char *wanted);
/** Give an entry another alias (lower-cased but for a trusted one); all else stays. @return 0, or -1 with MU_E_DUPLICATE_ALIAS */
MU_API int mu_entry_rename(mu_entry *entry, const char *alias, int64_t created_ms, mu_err **err);
/** @return 0, or -1 with MU_E_SERVER_ALIAS_NOT_FOUND */
MU_API int mu_store_delete(mu_store *store, const char *alias, mu_err **err);

/** How to write. Zero values are the defaults: PBES2 AES-256-CBC, PBKDF2 HMAC-SHA-256, 10,000 iterations, MAC HMAC-SHA-256 10,000.
 * A store that was read keeps its own certificate and MAC protection unless `renew_protection`. */
typedef struct mu_store_write_options {
    const char *password; /* NULL keeps the one it was opened with; a new PKCS12 without keys is then written password-less, as the
                             JDK's cacerts. Another one: the store has it from then on, and in PKCS12 keys and secrets are encrypted anew; in JKS
                             and JCEKS they stay under theirs, as in the JDK */
    bool renew_protection; /* PKCS12 and PEM */
    bool keep_key_passwords; /* PKCS12: keys and secrets stay under the old password, for a JVM that takes the file for a JKS */
    bool pbmac1;    /* PKCS12: MAC as RFC 9879 */
    int iterations; /* 0: 10,000, in JCEKS 200,000; 1 to 5,000,000 */
    /* PKCS12, in the JDK's words ("PBEWithSHA1AndDESede", "HmacPBESHA1"); NULL: the default. Certificates and MAC may be "NONE". */
    const char *key_algorithm, *cert_algorithm, *mac_algorithm;
    int key_iterations, cert_iterations, mac_iterations; /* 0: as `iterations` */
} mu_store_write_options;

/** Can keys and certificates of a PKCS12 be encrypted with what the JDK calls so? "NONE" is none of these. */
MU_API bool mu_store_knows_protection(const char *name);
/** Is that a MAC of a PKCS12, or "NONE"? */
MU_API bool mu_store_knows_mac(const char *name);

/**
 * The store's bytes in its own type. What was not understood (secret bags, foreign attributes, loose certificates) is written back
 * unchanged. Wipe with OPENSSL_cleanse and release with OPENSSL_free.
 */
MU_API int mu_store_encode(mu_store *store, const mu_store_write_options *options, uint8_t **ret_data, size_t *ret_len,
                           mu_err **err);

/**
 * Write to a file: encoded, written beside it, synced, read back and compared, renamed, directory synced. Refuses with
 * MU_E_STORE_CHANGED if the file is no longer the one this store was read from (or appeared meanwhile), MU_E_STORE_LOCKED,
 * MU_E_WRITE_FAILED, MU_E_FILE_PERMISSION; the old file is then untouched. Under another path than the store's own nothing may be
 * there yet. A new file that holds a key is 0600, otherwise 0666 less umask. Saved again, the store expects what it wrote itself.
 */
MU_API int mu_store_save(mu_store *store, const char *path, const mu_store_write_options *options, mu_err **err);

/* ---- PEM ---- */

/** All CRLs in a PEM file's bytes (also in PKCS #7), or the one in DER. @return 0, or -1 with MU_E_PEM_GARBAGE or
 * MU_E_STORE_DAMAGED */
MU_API int mu_crls_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509_CRL) * *ret_crls, mu_err **err);
/** All certificates in a PEM or DER file's bytes, in order (also PKCS #7). @return 0, or -1 with MU_E_PEM_GARBAGE or
 * MU_E_STORE_DAMAGED */
MU_API int mu_certs_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509) * *ret_certs, mu_err **err);
/**
 * The first private key in PEM or DER bytes (PKCS #8, PKCS #1, SEC 1, encrypted or not). Iterations of an encrypted key are bounded
 * as in a store. @return 0, or -1 with MU_E_PEM_GARBAGE, MU_E_PEM_KEY_ENCRYPTED (no or wrong password),
 * MU_E_KEYSTORE_NO_PRIVATE_KEY
 */
MU_API int mu_key_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, const char *password, EVP_PKEY **ret_key,
                        mu_err **err);
/** "-----BEGIN CERTIFICATE-----…", each certificate in turn. Owned by the caller (OPENSSL_free). */
MU_API int mu_certs_pem(const STACK_OF(X509) * certs, char **ret_pem, mu_err **err);
/** The same of one certificate. */
MU_API int mu_cert_pem(X509 *cert, char **ret_pem, mu_err **err);
/** "-----BEGIN X509 CRL-----…". Owned by the caller (OPENSSL_free). */
MU_API int mu_crl_pem(X509_CRL *crl, char **ret_pem, mu_err **err);
/** PKCS #8; encrypted (PBES2 AES-256-CBC, PBKDF2 HMAC-SHA-256) if password is not NULL. Release with OPENSSL_clear_free. */
MU_API int mu_key_pem(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *password, int iterations, char **ret_pem, mu_err **err);

#ifdef __cplusplus
}
#endif
#endif

/** Which entry of a key store a JVM presents. */
#ifndef MU_DIAG_JVM_ALIAS_H
#define MU_DIAG_JVM_ALIAS_H

#include <mutual/keystore.h>

/** ssl.KeyManagerFactory.algorithm: SunX509 is the default, PKIX the other one. */
typedef enum mu_jvm_manager { MU_JVM_SUNX509, MU_JVM_PKIX } mu_jvm_manager;

/** The choice among the keys of one type, before a peer's list of issuers and a server name narrow it; -1: none. */
typedef struct mu_jvm_choice {
    const char *key_type;    /* "RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA": static */
    long server[2], client[2]; /* index of the entry, by mu_jvm_manager */
} mu_jvm_choice;

#define MU_JVM_KEY_TYPES 5

/**
 * The choices for each type of key that the store has, in the order above. A JVM does not read PEM: then there is none.
 *
 * Source: JDK 17 to 25. SunX509KeyManagerImpl takes the first in HashMap's order of the aliases, whatever dates and usages say;
 * X509KeyManagerImpl the first that passes extendedKeyUsage, keyUsage and dates, else the best of the rest, in the order of
 * KeyStore.aliases(): the file's in PKCS12, Hashtable's in JKS and JCEKS. An EC server has to have keyAgreement there. Not
 * followed: buckets with eight and more aliases, which become trees.
 * @return 0, or -1 out of memory
 */
int mu_jvm_choices(const mu_store *store, int64_t at_s, mu_jvm_choice ret[MU_JVM_KEY_TYPES], size_t *ret_count, mu_err **err);

/**
 * The entry that a JVM of default settings (SunX509) presents to another JVM, which takes all types of keys.
 * @param issuers whose subjects the peer named as issuers that it accepts; empty or NULL: it named none
 * @param ret_index of the entry; -1: none
 * @return 0, or -1 out of memory
 */
int mu_jvm_pick(const mu_store *store, const STACK_OF(X509) *issuers, long *ret_index, mu_err **err);

#endif

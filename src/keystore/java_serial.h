/**
 * The three Java objects that a JCEKS store may hold, and nothing else of Java's serialisation: no other class, no other field, no
 * graph. Source: Java Object Serialization Specification, chapter 6; fields and ids as in OpenJDK's SealedObjectForKeyProtector,
 * SealedObject, SecretKeySpec and KeyRep.
 */
#ifndef MU_KEYSTORE_JAVA_SERIAL_H
#define MU_KEYSTORE_JAVA_SERIAL_H

#include "java_data.h"

/** javax.crypto.SealedObject; borrowed from the input. */
typedef struct mu_java_sealed {
    mu_bytes params, content, params_algorithm, seal_algorithm;
} mu_java_sealed;

/** SecretKeySpec, or a KeyRep of a secret key in raw form; borrowed from the input. */
typedef struct mu_java_secret {
    mu_bytes algorithm, key;
} mu_java_secret;

/** @return 0, or -1 with MU_E_STORE_DAMAGED, or MU_E_ALGORITHM_UNAVAILABLE for another class. What follows is not looked at. */
int mu_java_sealed_read(mu_java_in *in, mu_java_sealed *ret, mu_err **err);
int mu_java_secret_read(mu_java_in *in, mu_java_secret *ret, mu_err **err);

/** Byte by byte as the JDK writes them. */
int mu_java_sealed_write(mu_buf *out, mu_bytes params, mu_bytes content, const char *algorithm, mu_err **err);
int mu_java_secret_write(mu_buf *out, const char *algorithm, mu_bytes key, mu_err **err);

#endif

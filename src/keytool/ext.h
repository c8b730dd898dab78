/** The -ext grammar: NAME[:critical][=VALUE]. */
#ifndef MU_KEYTOOL_EXT_H
#define MU_KEYTOOL_EXT_H

#include "keytool/kt.h"

#include <openssl/x509v3.h>

/**
 * Make the extensions that kt->ext asks for, a later one replacing an earlier one of the same kind, and subjectKeyIdentifier of
 * that key unless it was among them; in ascending string order of the OID, as the JDK writes them.
 * @param ret owned by the caller (sk_X509_EXTENSION_pop_free)
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_ext_build(mu_kt *kt, EVP_PKEY *public_key, STACK_OF(X509_EXTENSION) **ret);

/**
 * Which of these names is meant: the very name, else by its beginning or its initials ("kCS": keyCertSign), else the same without
 * regard to case.
 * @param names ended by NULL; "" never matches
 * @param ret_index -1: none of them
 * @return 0, or -1 after mu_kt_throw (ambiguous)
 */
int mu_kt_one_of(mu_kt *kt, const char *word, const char *const *names, int *ret_index);

/** "dns:a.b,ip:10.0.0.1". @param ext the whole option, for messages; wildcard: DNS names may begin with "*." */
int mu_kt_general_names(mu_kt *kt, const char *ext, const char *value, bool wildcard, GENERAL_NAMES **ret);
/** One of them. */
int mu_kt_general_name(mu_kt *kt, const char *type, const char *value, bool wildcard, GENERAL_NAME **ret);

/** Split as Java's String.split: trailing empty parts are dropped. */
int mu_kt_split(mu_kt *kt, const char *text, char separator, mu_strlist *ret_parts);

#endif

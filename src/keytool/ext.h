/** The -ext grammar: NAME[:critical][=VALUE]. */
#ifndef MU_KEYTOOL_EXT_H
#define MU_KEYTOOL_EXT_H

#include "keytool/kt.h"

#include <openssl/x509v3.h>

/** What the extensions of a certificate come from besides -ext. All may be NULL. */
typedef struct mu_kt_ext_sources {
    const X509 *issuer;                          /* authorityKeyIdentifier names its key, unless that is the same key */
    const STACK_OF(X509_EXTENSION) *existing;    /* are kept */
    const STACK_OF(X509_EXTENSION) *requested;   /* of a request: what -ext honored=… says of them */
} mu_kt_ext_sources;

/**
 * Make the extensions of a certificate or request: subjectKeyIdentifier of that key, what comes from the sources (NULL: none), and
 * what -ext asks for, each replacing an earlier one of the same kind; in ascending string order of the OID, as the JDK writes them.
 * @param ret owned by the caller (sk_X509_EXTENSION_pop_free)
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_ext_build(mu_kt *kt, EVP_PKEY *public_key, const mu_kt_ext_sources *from, STACK_OF(X509_EXTENSION) **ret);

/** Put one in its place, instead of one of the same kind. Takes ownership of ext, also when it fails. */
int mu_kt_ext_put(mu_kt *kt, STACK_OF(X509_EXTENSION) *list, X509_EXTENSION *ext);
/** Add what one -ext option asks for; "honored" is none of that. @param all the whole option */
int mu_kt_ext_add(mu_kt *kt, const char *all, STACK_OF(X509_EXTENSION) *list);
/** Take over what -ext honored=… says. */
int mu_kt_ext_honor(mu_kt *kt, const STACK_OF(X509_EXTENSION) *requested, STACK_OF(X509_EXTENSION) *list);

/** Which kind of extension a word names. @param ret_kind place in the JDK's list; 7: CRLDistributionPoints; -1: none of them */
int mu_kt_ext_kind(mu_kt *kt, const char *word, int *ret_kind);
/** A dotted OID, or NULL; owned by the caller. */
ASN1_OBJECT *mu_kt_ext_oid(const char *text);
/** What the JDK says of a text that is no OID. Returns -1. */
int mu_kt_ext_throw_oid(mu_kt *kt, const char *text);

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

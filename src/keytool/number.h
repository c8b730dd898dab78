/** Numbers on the command line, with Java's words for what is none. */
#ifndef MU_KEYTOOL_NUMBER_H
#define MU_KEYTOOL_NUMBER_H

#include "keytool/kt.h"

#include <openssl/asn1.h>

/** As java.text.MessageFormat writes a number: "3,650". @return out */
const char *mu_kt_count_text(unsigned long number, char out[32]);
/** As Integer.parseInt. @return 0, or -1 after mu_kt_throw */
int mu_kt_parse_int(mu_kt *kt, const char *text, long *ret);
/** As Long.parseLong, but for the first and last few. */
int mu_kt_parse_long(mu_kt *kt, const char *text, long *ret);
/** As new BigInteger. @param ret NULL before; owned by the caller (ASN1_INTEGER_free) @return 0, or -1 after mu_kt_throw */
int mu_kt_parse_integer(mu_kt *kt, const char *text, ASN1_INTEGER **ret);

#endif

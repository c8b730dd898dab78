/** Distinguished names as the JDK reads and prints them. */
#ifndef MU_KEYTOOL_DNAME_H
#define MU_KEYTOOL_DNAME_H

#include "keytool/kt.h"

/** Parse -dname text (mu_name_parse_lenient); a failure gets the JDK's words. */
int mu_kt_dname_parse(mu_kt *kt, const char *text, X509_NAME **ret_name);
/** "CN=a, O=\"b, c\"": reverse DER order, the JDK's keywords and quoting, foreign control characters escaped. */
void mu_kt_dname_show(FILE *out, const X509_NAME *name);
/** The same as new memory (free); NULL when out of memory. */
char *mu_kt_dname_text(const X509_NAME *name);
/** The questions of genkeypair without -dname. */
int mu_kt_dname_ask(mu_kt *kt, X509_NAME **ret_name);

#endif

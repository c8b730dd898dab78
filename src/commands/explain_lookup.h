/** What a word or a line of text names: alerts, X.509 codes, causes. */
#ifndef MU_COMMANDS_EXPLAIN_LOOKUP_H
#define MU_COMMANDS_EXPLAIN_LOOKUP_H

#include "tls/alert.h"

#define MU_EXPLAINED_MAX 16
#define MU_X509_CODES_MAX 8

typedef enum mu_explained_kind { MU_EXPLAINED_ALERT, MU_EXPLAINED_X509, MU_EXPLAINED_CAUSE } mu_explained_kind;

typedef struct mu_explained {
    mu_explained_kind kind;
    int number; /* of the alert, X509_V_ERR_…, or mu_code */
} mu_explained;

/**
 * The whole text as a name, number or error text; if it is none, each word of it that is a name, and error texts that occur in it.
 * @return how many were found, each once
 */
size_t mu_explain_find(const char *text, mu_explained out[MU_EXPLAINED_MAX]);

/** The causes an X.509 code stands for: at the leaf or above, of a client or a server, and others behind it. @return how many */
size_t mu_explain_x509_codes(int x509_error, mu_code out[MU_X509_CODES_MAX]);
/** How to tell these causes apart, or NULL if there is one only. */
const char *mu_explain_x509_apart(int x509_error);
/** explain_all.c: every cause, in Markdown, to standard output. */
void mu_explain_print_all(void);
/** May a side that received the alert suppose this cause? */
bool mu_explain_alert_can_mean(int alert, mu_code code);

#endif

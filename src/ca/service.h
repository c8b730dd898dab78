/** A service that a CA issues for: what its certificate says, and what it gets on disk. */
#ifndef MU_CA_SERVICE_H
#define MU_CA_SERVICE_H

#include "ca/outputs.h"

/**
 * The subject of a certificate: what name says, or without one CN= the first dns name, as people expect to read it, else the alias
 * (nobody verifies it).
 * @param name, names may be NULL
 * @return 0, or -1 as mu_name_parse
 */
int mu_ca_subject(const char *name, const GENERAL_NAMES *names, const char *alias, X509_NAME **ret_subject, mu_err **err);

#endif

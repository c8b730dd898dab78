/** How the value of one kind of extension is printed, after its ObjectId line: print_ext.c has the table. */
#ifndef MU_KEYTOOL_PRINT_KINDS_H
#define MU_KEYTOOL_PRINT_KINDS_H

#include "keytool/print.h"

/** value is what OpenSSL decodes that nid's extension to. */
typedef void mu_kt_print_kind(FILE *out, int nid, void *value);

/* ---- print_names.c ---- */

mu_kt_print_kind mu_kt_print_alternative_names, mu_kt_print_access, mu_kt_print_points, mu_kt_print_issuing_point,
    mu_kt_print_cert_issuer, mu_kt_print_name_constraints;
void mu_kt_print_oid(FILE *out, const ASN1_OBJECT *oid);
/** "DNSName: a, URIName: b" */
void mu_kt_print_names(FILE *out, const GENERAL_NAMES *names);

/* ---- print_policy.c ---- */

mu_kt_print_kind mu_kt_print_policies, mu_kt_print_policy_mappings, mu_kt_print_policy_constraints, mu_kt_print_inhibit_any;

/* ---- print_ext.c ---- */

/** The labels of the bits that are set, a line each. @param labels ended by NULL; "" has no label */
void mu_kt_print_bits(FILE *out, const ASN1_BIT_STRING *bits, const char *const *labels, const char *indent);

#endif

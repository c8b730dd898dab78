/** What the files of `mutual ca` share. */
#ifndef MU_COMMANDS_CA_H
#define MU_COMMANDS_CA_H

#include "base/secret.h"
#include "ca/outputs.h"
#include "cli/opt.h"

#include <stdio.h>

extern const mu_command mu_command_ca_crl, mu_command_ca_export, mu_command_ca_import, mu_command_ca_renew, mu_command_ca_revoke;
extern const mu_command mu_command_ca_init, mu_command_ca_intermediate, mu_command_ca_sign, mu_command_ca_issue, mu_command_ca_list,
    mu_command_ca_show;

#define MU_CA_DEFAULT_DIR "mutual-ca"

/** Rows that all or several of the commands have; S is the options struct, F its member. */
#define MU_OPT_CA_DIR(S, F) {"ca", 0, MU_OPT_TEXT, offsetof(S, F), "DIR", "The CA's folder; the default is mutual-ca.", 0, 0}
#define MU_OPT_CA_PASSWORD(S, F)                                                                                                   \
    {"ca-password", 0, MU_OPT_SECRET, offsetof(S, F), "P", "Passphrase of the CA's keys: " MU_OPT_PASSWORD_FORMS, 0, 0}

/** dir NULL: the default. */
int mu_ca_command_open(const char *dir, mu_ca **ret_ca, mu_err **err);
/** Unlock an authority's key, asking for its passphrase only if it is encrypted. *ret_password (may be NULL) gets the one used. */
int mu_ca_command_unlock(mu_ca *ca, const char *authority, const char *spec, mu_secret *ret_password, mu_err **err);
/** "RSA" alone means 4096 bits for an authority. NULL: RSA:4096. */
int mu_ca_command_key_spec(const char *text, mu_key_spec *ret_spec, mu_err **err);

/**
 * The passphrase for a key that is to be stored in that folder: the one of the keys that are there (none if they have none), else a
 * new one, unless no_encryption. NULL in ret_password: none.
 */
int mu_ca_command_key_password(const char *dir, const char *spec, bool no_encryption, mu_secret *ret_password, mu_err **err);

/* ---- sign and issue ---- */

typedef struct mu_ca_leaf_options {
    char *ca, *ca_password, *issuer, *san, *alias;
    int profile; /* index into MU_CA_SIGN_PROFILES, which begins with MU_CA_LEAF_PROFILES */
    long days;
} mu_ca_leaf_options;

#define MU_CA_LEAF_PROFILES "server|client|peer"
#define MU_CA_SIGN_PROFILES MU_CA_LEAF_PROFILES "|intermediate|client-intermediate"

/** S is an options struct with a mu_ca_leaf_options named leaf. */
#define MU_OPT_CA_LEAF(S, PROFILES)                                                                                                    \
    MU_OPT_CA_DIR(S, leaf.ca), MU_OPT_CA_PASSWORD(S, leaf.ca_password),                                                            \
    {"issuer", 0, MU_OPT_TEXT, offsetof(S, leaf.issuer), "NAME",                                                                   \
     "Which authority issues: root or an intermediate; the default is the newest that fits, else root.", 0, 0},                    \
    {"profile", 0, MU_OPT_CHOICE, offsetof(S, leaf.profile), PROFILES,                                                  \
     "What the certificate is for; the default is server.", 0, 0},                                                                 \
    {"san", 0, MU_OPT_TEXT, offsetof(S, leaf.san), "NAMES",                                                                        \
     "Subject alternative names: dns:NAME,ip:ADDRESS,uri:URI,email:ADDRESS; a server needs one.", 0, 0},                           \
    {"days", 0, MU_OPT_NUMBER, offsetof(S, leaf.days), "N",                                                                        \
     "Days that it is valid, never longer than its issuer; the default is 365, of an intermediate 1825.", 1, 36500},                                        \
    {"alias", 0, MU_OPT_TEXT, offsetof(S, leaf.alias), "ALIAS", "Its name in the ledger and in stores.", 0, 0}

/** Open the CA, choose the issuer and unlock it. *ret_ca is the caller's even on failure (may be NULL). */
int mu_ca_leaf_begin(const mu_ca_leaf_options *o, mu_ca **ret_ca, mu_ca_request *request, mu_err **err);
/** The files that issue and renew write. */
typedef struct mu_ca_files_options {
    char *key_store, *key_store_password, *key_store_type;
    char *trust_store, *trust_store_password, *trust_store_type, *trust_authority;
    char *certificate, *certificate_private_key, *key_password, *trust_certificate;
} mu_ca_files_options;

#define MU_OPT_CA_FILE(S, name, kind, field, arg, help) {name, 0, kind, offsetof(S, files.field), arg, help, 0, 0}
/** S is an options struct with a mu_ca_files_options named files. */
#define MU_OPT_CA_FILES(S)                                                                                                         \
    MU_OPT_CA_FILE(S, "key-store", MU_OPT_TEXT, key_store, "FILE",                                                                 \
                   "Store for the private key and its chain; an existing one gets one entry more."),                               \
    MU_OPT_CA_FILE(S, "key-store-password", MU_OPT_SECRET, key_store_password, "P", "Its password: " MU_OPT_PASSWORD_FORMS),       \
    MU_OPT_CA_FILE(S, "key-store-type", MU_OPT_TEXT, key_store_type, "TYPE", "PKCS12 (the default), JKS, JCEKS or PEM."),          \
    MU_OPT_CA_FILE(S, "trust-store", MU_OPT_TEXT, trust_store, "FILE",                                                             \
                   "Store for the certificate to trust; an existing one gets one entry more."),                                    \
    MU_OPT_CA_FILE(S, "trust-store-password", MU_OPT_SECRET, trust_store_password, "P", "Its password, in the same forms."),       \
    MU_OPT_CA_FILE(S, "trust-store-type", MU_OPT_TEXT, trust_store_type, "TYPE", "PKCS12 (the default), JKS, JCEKS or PEM."),      \
    MU_OPT_CA_FILE(S, "trust-authority", MU_OPT_TEXT, trust_authority, "NAME",                                                     \
                   "Which authority to trust: root (the default) or an intermediate."),                                            \
    MU_OPT_CA_FILE(S, "certificate", MU_OPT_TEXT, certificate, "FILE", "PEM file for the certificate and its intermediates."),     \
    MU_OPT_CA_FILE(S, "certificate-private-key", MU_OPT_TEXT, certificate_private_key, "FILE", "PEM file for the private key."),   \
    MU_OPT_CA_FILE(S, "key-password", MU_OPT_SECRET, key_password, "P",                                                            \
                   "Encrypts that PEM key; without it the key is not encrypted."),                                                 \
    MU_OPT_CA_FILE(S, "trust-certificate", MU_OPT_TEXT, trust_certificate, "FILE", "PEM file for the certificate to trust.")

mu_ca_outputs_spec mu_ca_files_spec(const mu_ca_files_options *files, const char *alias);
/** Alias and files, a line each. */
void mu_ca_files_tell(const mu_ca_outputs_spec *spec);

/** To a file, or to standard output if path is NULL. */
int mu_ca_write_pem(const char *path, const char *pem, mu_err **err);
/** A chain that ends in the root as a server sends it: without that. */
int mu_ca_write_sent(const char *path, const STACK_OF(X509) *chain, mu_err **err);
void mu_ca_leaf_tell(FILE *stream, const mu_ca_request *request, const X509 *cert);

#endif

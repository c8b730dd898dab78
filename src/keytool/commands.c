#include "keytool/commands.h"

#define PROVIDERS MU_KT_PROVIDER_NAME, MU_KT_ADD_PROVIDER, MU_KT_PROVIDER_CLASS, MU_KT_PROVIDER_PATH

#define STORE MU_KT_KEY_STORE, MU_KT_STORE_PASS, MU_KT_STORE_TYPE
#define CACERTS_STORE MU_KT_KEY_STORE, MU_KT_CA_CERTS, MU_KT_STORE_PASS, MU_KT_STORE_TYPE
#define TAIL PROVIDERS, MU_KT_VERBOSE, MU_KT_PROTECTED, MU_KT_SLOT_COUNT

static const mu_kt_slot certreq_usage[] = {MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_FILE, MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_DNAME,
                                           MU_KT_EXT, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, TAIL};
static const mu_kt_slot changealias_usage[] = {MU_KT_ALIAS, MU_KT_DEST_ALIAS, MU_KT_KEY_PASS, CACERTS_STORE, TAIL};
static const mu_kt_slot delete_usage[] = {MU_KT_ALIAS, CACERTS_STORE, TAIL};
static const mu_kt_slot list_usage[] = {MU_KT_RFC, MU_KT_ALIAS, CACERTS_STORE, TAIL};
static const mu_kt_slot exportcert_usage[] = {MU_KT_RFC, MU_KT_ALIAS, MU_KT_FILE, CACERTS_STORE, TAIL};
static const mu_kt_slot gencert_usage[] = {MU_KT_RFC, MU_KT_IN_FILE, MU_KT_OUT_FILE, MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_DNAME,
                                           MU_KT_START_DATE, MU_KT_EXT, MU_KT_VALIDITY, MU_KT_KEY_PASS, STORE, TAIL};
static const mu_kt_slot gencrl_usage[] = {MU_KT_RFC, MU_KT_FILE, MU_KT_ID, MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_KEY_PASS, STORE, TAIL};
static const mu_kt_slot genkeypair_usage[] = {
    MU_KT_ALIAS, MU_KT_KEY_ALG, MU_KT_KEY_SIZE, MU_KT_GROUP_NAME, MU_KT_SIG_ALG, MU_KT_DNAME, MU_KT_START_DATE, MU_KT_EXT,
    MU_KT_VALIDITY, MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_SIGNER, MU_KT_SIGNER_KEY_PASS, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, TAIL};
static const mu_kt_slot secret_usage[] = {MU_KT_ALIAS, MU_KT_KEY_PASS, MU_KT_KEY_ALG, MU_KT_KEY_SIZE, STORE, TAIL};
static const mu_kt_slot importcert_usage[] = {MU_KT_NO_PROMPT, MU_KT_TRUST_CA_CERTS, MU_KT_PROTECTED, MU_KT_ALIAS, MU_KT_FILE,
                                              MU_KT_KEY_PASS, CACERTS_STORE, PROVIDERS, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot importkeystore_usage[] = {
    MU_KT_SRC_KEY_STORE, MU_KT_KEY_STORE, MU_KT_SRC_STORE_TYPE, MU_KT_STORE_TYPE, MU_KT_SRC_STORE_PASS, MU_KT_STORE_PASS,
    MU_KT_SRC_PROTECTED, MU_KT_PROTECTED, MU_KT_SRC_PROVIDER_NAME, MU_KT_PROVIDER_NAME, MU_KT_ALIAS, MU_KT_DEST_ALIAS,
    MU_KT_SRC_KEY_PASS, MU_KT_DEST_KEY_PASS, MU_KT_NO_PROMPT, MU_KT_ADD_PROVIDER, MU_KT_PROVIDER_CLASS, MU_KT_PROVIDER_PATH,
    MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot keyclone_usage[] = {MU_KT_ALIAS, MU_KT_DEST_ALIAS, MU_KT_KEY_PASS, MU_KT_NEW_PASS, MU_KT_STORE_TYPE,
                                            MU_KT_KEY_STORE, MU_KT_STORE_PASS, PROVIDERS, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot keypasswd_usage[] = {MU_KT_ALIAS, MU_KT_KEY_PASS, MU_KT_NEW_PASS, STORE, PROVIDERS, MU_KT_VERBOSE,
                                             MU_KT_SLOT_COUNT};
static const mu_kt_slot printcert_usage[] = {MU_KT_RFC, MU_KT_FILE, MU_KT_SSL_SERVER, MU_KT_JAR_FILE, STORE, MU_KT_TRUST_CA_CERTS,
                                             TAIL};
static const mu_kt_slot printcertreq_usage[] = {MU_KT_FILE, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot printcrl_usage[] = {MU_KT_FILE, STORE, MU_KT_TRUST_CA_CERTS, TAIL};
static const mu_kt_slot selfcert_usage[] = {MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_DNAME, MU_KT_START_DATE, MU_KT_EXT, MU_KT_VALIDITY,
                                            MU_KT_KEY_PASS, MU_KT_STORE_TYPE, MU_KT_KEY_STORE, MU_KT_STORE_PASS, PROVIDERS,
                                            MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot storepasswd_usage[] = {MU_KT_NEW_PASS, CACERTS_STORE, PROVIDERS, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot showinfo_usage[] = {MU_KT_TLS, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot version_usage[] = {MU_KT_SLOT_COUNT};

/* In the JDK's order. */
const mu_kt_command mu_kt_commands[] = {
    {"certreq", NULL, "Generates a certificate request", "output file name", certreq_usage, MU_KT_CHANGES, false, mu_kt_certreq},
    {"changealias", NULL, "Changes an entry's alias", NULL, changealias_usage, MU_KT_CHANGES, false, mu_kt_changealias},
    {"delete", NULL, "Deletes an entry", NULL, delete_usage, MU_KT_CHANGES, false, mu_kt_delete},
    {"exportcert", "export", "Exports certificate", "output file name", exportcert_usage, MU_KT_READS, false, mu_kt_exportcert},
    {"genkeypair", "genkey", "Generates a key pair", NULL, genkeypair_usage, MU_KT_CREATES, false, mu_kt_genkeypair},
    {"genseckey", NULL, "Generates a secret key", NULL, secret_usage, MU_KT_CREATES, false, mu_kt_genseckey},
    {"gencert", NULL, "Generates certificate from a certificate request", NULL, gencert_usage, MU_KT_READS, false, mu_kt_gencert},
    {"importcert", "import", "Imports a certificate or a certificate chain", "input file name", importcert_usage, MU_KT_CREATES,
     false, mu_kt_importcert},
    {"importpass", "importpassword", "Imports a password", NULL, secret_usage, MU_KT_CREATES, false, mu_kt_importpass},
    {"importkeystore", NULL, "Imports one or all entries from another keystore", NULL, importkeystore_usage, MU_KT_CREATES, false,
     mu_kt_importkeystore},
    {"keypasswd", NULL, "Changes the key password of an entry", NULL, keypasswd_usage, MU_KT_CHANGES, false, mu_kt_keypasswd},
    {"list", NULL, "Lists entries in a keystore", NULL, list_usage, MU_KT_READS, false, mu_kt_list},
    {"printcert", NULL, "Prints the content of a certificate", "input file name", printcert_usage, MU_KT_MAY_READ, false,
     mu_kt_printcert},
    {"printcertreq", NULL, "Prints the content of a certificate request", "input file name", printcertreq_usage, MU_KT_NO_STORE,
     false, mu_kt_printcertreq},
    {"printcrl", NULL, "Prints the content of a CRL file", "input file name", printcrl_usage, MU_KT_MAY_READ, false,
     mu_kt_printcrl},
    {"storepasswd", NULL, "Changes the store password of a keystore", NULL, storepasswd_usage, MU_KT_CHANGES, false,
     mu_kt_storepasswd},
    {"showinfo", NULL, "Displays security-related information", NULL, showinfo_usage, MU_KT_NO_STORE, false, mu_kt_showinfo},
    {"version", NULL, "Prints the program version", NULL, version_usage, MU_KT_NO_STORE, false, mu_kt_version},
    {"keyclone", NULL, "Clones a key entry", NULL, keyclone_usage, MU_KT_CHANGES, true, mu_kt_keyclone},
    {"selfcert", NULL, "Generates a self-signed certificate", NULL, selfcert_usage, MU_KT_CHANGES, true, mu_kt_selfcert},
    {"gencrl", NULL, "Generates CRL", "output file name", gencrl_usage, MU_KT_READS, true, mu_kt_gencrl},
    {NULL, NULL, NULL, NULL, NULL, MU_KT_NO_STORE, true, NULL},
};

#include "keytool/commands.h"

#define PROVIDERS MU_KT_PROVIDER_NAME, MU_KT_ADD_PROVIDER, MU_KT_PROVIDER_CLASS, MU_KT_PROVIDER_PATH

static const mu_kt_slot certreq_usage[] = {
    MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_FILE, MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_DNAME, MU_KT_EXT, MU_KT_STORE_PASS,
    MU_KT_STORE_TYPE, PROVIDERS, MU_KT_VERBOSE, MU_KT_PROTECTED, MU_KT_SLOT_COUNT};
static const mu_kt_slot genkeypair_usage[] = {
    MU_KT_ALIAS, MU_KT_KEY_ALG, MU_KT_KEY_SIZE, MU_KT_GROUP_NAME, MU_KT_SIG_ALG, MU_KT_DNAME, MU_KT_START_DATE, MU_KT_EXT,
    MU_KT_VALIDITY, MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_SIGNER, MU_KT_SIGNER_KEY_PASS, MU_KT_STORE_PASS, MU_KT_STORE_TYPE,
    PROVIDERS, MU_KT_VERBOSE, MU_KT_PROTECTED, MU_KT_SLOT_COUNT};
static const mu_kt_slot gencert_usage[] = {
    MU_KT_RFC, MU_KT_IN_FILE, MU_KT_OUT_FILE, MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_DNAME, MU_KT_START_DATE, MU_KT_EXT, MU_KT_VALIDITY,
    MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, PROVIDERS, MU_KT_VERBOSE, MU_KT_PROTECTED,
    MU_KT_SLOT_COUNT};
static const mu_kt_slot gencrl_usage[] = {
    MU_KT_RFC, MU_KT_FILE, MU_KT_ID, MU_KT_ALIAS, MU_KT_SIG_ALG, MU_KT_KEY_PASS, MU_KT_KEY_STORE, MU_KT_STORE_PASS,
    MU_KT_STORE_TYPE, PROVIDERS, MU_KT_VERBOSE, MU_KT_PROTECTED, MU_KT_SLOT_COUNT};
static const mu_kt_slot importcert_usage[] = {
    MU_KT_NO_PROMPT, MU_KT_TRUST_CA_CERTS, MU_KT_PROTECTED, MU_KT_ALIAS, MU_KT_FILE, MU_KT_KEY_PASS, MU_KT_KEY_STORE,
    MU_KT_CA_CERTS, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, PROVIDERS, MU_KT_VERBOSE, MU_KT_SLOT_COUNT};
static const mu_kt_slot list_usage[] = {
    MU_KT_RFC, MU_KT_ALIAS, MU_KT_KEY_STORE, MU_KT_CA_CERTS, MU_KT_STORE_PASS, MU_KT_STORE_TYPE, PROVIDERS, MU_KT_VERBOSE,
    MU_KT_PROTECTED, MU_KT_SLOT_COUNT};

const mu_kt_command mu_kt_commands[] = {
    {"certreq", NULL, "Generates a certificate request", "output file name", certreq_usage, false, false, mu_kt_certreq},
    {"genkeypair", "genkey", "Generates a key pair", NULL, genkeypair_usage, true, false, mu_kt_genkeypair},
    {"gencert", NULL, "Generates certificate from a certificate request", NULL, gencert_usage, false, false, mu_kt_gencert},
    {"gencrl", NULL, "Generates CRL", "output file name", gencrl_usage, false, false, mu_kt_gencrl},
    {"importcert", "import", "Imports a certificate or a certificate chain", "input file name", importcert_usage, true, false,
     mu_kt_importcert},
    {"list", NULL, "Lists entries in a keystore", NULL, list_usage, false, true, mu_kt_list},
    {NULL, NULL, NULL, NULL, NULL, false, false, NULL},
};

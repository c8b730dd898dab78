#include "keytool/options.h"

#include <ctype.h>

#define FLAG(name, slot, help) {name, MU_KT_##slot, MU_KT_FLAG, false, "", help}
#define TEXT(name, slot, arg, help) {name, MU_KT_##slot, MU_KT_TEXT, false, arg, help}
#define PASSWORD(name, slot, help) {name, MU_KT_##slot, MU_KT_PASSWORD, false, "<arg>", help}
#define REPEATABLE(name, slot, kind, arg, help) {name, MU_KT_##slot, MU_KT_##kind, true, arg, help}
#define SYNONYM(name, slot, kind) {name, MU_KT_##slot, MU_KT_##kind, false, NULL, NULL}

static const mu_kt_option options[] = {
    TEXT("alias", ALIAS, "<alias>", "alias name of the entry to process"),
    FLAG("cacerts", CA_CERTS, "access the cacerts keystore"),
    TEXT("destalias", DEST_ALIAS, "<alias>", "destination alias"),
    TEXT("dname", DNAME, "<name>", "distinguished name"),
    REPEATABLE("ext", EXT, LIST, "<value>", "X.509 extension"),
    TEXT("file", FILE, "<file>", "file name"),
    TEXT("groupname", GROUP_NAME, "<name>", "Group name. For example, an Elliptic Curve name."),
    REPEATABLE("id", ID, LIST, "<id:reason>", "Serial ID of cert to revoke"),
    TEXT("infile", IN_FILE, "<file>", "input file name"),
    TEXT("jarfile", JAR_FILE, "<file>", "signed jar file"),
    TEXT("keyalg", KEY_ALG, "<alg>", "key algorithm name"),
    PASSWORD("keypass", KEY_PASS, "key password"),
    TEXT("keysize", KEY_SIZE, "<size>", "key bit size"),
    TEXT("keystore", KEY_STORE, "<keystore>", "keystore name"),
    PASSWORD("new", NEW_PASS, "new password"),
    FLAG("noprompt", NO_PROMPT, "do not prompt"),
    TEXT("outfile", OUT_FILE, "<file>", "output file name"),
    FLAG("protected", PROTECTED, "password through protected mechanism"),
    TEXT("providername", PROVIDER_NAME, "<name>", "provider name"),
    REPEATABLE("addprovider", ADD_PROVIDER, PROVIDER, "<name>", "add security provider by name (e.g. SunPKCS11)"),
    REPEATABLE("providerclass", PROVIDER_CLASS, PROVIDER, "<class>", "add security provider by fully-qualified class name"),
    TEXT("providerpath", PROVIDER_PATH, "<list>", "provider classpath"),
    FLAG("rfc", RFC, "output in RFC style"),
    TEXT("sigalg", SIG_ALG, "<alg>", "signature algorithm name"),
    TEXT("signer", SIGNER, "<alias>", "signer alias"),
    PASSWORD("signerkeypass", SIGNER_KEY_PASS, "signer key password"),
    TEXT("sslserver", SSL_SERVER, "<server[:port]>", "SSL server host and port"),
    TEXT("startdate", START_DATE, "<date>", "certificate validity start date/time"),
    PASSWORD("storepass", STORE_PASS, "keystore password"),
    TEXT("storetype", STORE_TYPE, "<type>", "keystore type"),
    FLAG("tls", TLS, "Displays TLS configuration information"),
    FLAG("trustcacerts", TRUST_CA_CERTS, "trust certificates from cacerts"),
    FLAG("v", VERBOSE, "verbose output"),
    TEXT("validity", VALIDITY, "<days>", "validity number of days"),

    /* of -importkeystore; "dest…" and -srcalias are other names for options above */
    PASSWORD("destkeypass", DEST_KEY_PASS, "destination key password"),
    TEXT("destkeystore", KEY_STORE, "<keystore>", "destination keystore name"),
    FLAG("destprotected", PROTECTED, "destination keystore password protected"),
    TEXT("destprovidername", PROVIDER_NAME, "<name>", "destination keystore provider name"),
    PASSWORD("deststorepass", STORE_PASS, "destination keystore password"),
    TEXT("deststoretype", STORE_TYPE, "<type>", "destination keystore type"),
    TEXT("srcalias", ALIAS, "<alias>", "source alias"),
    PASSWORD("srckeypass", SRC_KEY_PASS, "source key password"),
    TEXT("srckeystore", SRC_KEY_STORE, "<keystore>", "source keystore name"),
    FLAG("srcprotected", SRC_PROTECTED, "source keystore password protected"),
    TEXT("srcprovidername", SRC_PROVIDER_NAME, "<name>", "source keystore provider name"),
    PASSWORD("srcstorepass", SRC_STORE_PASS, "source keystore password"),
    TEXT("srcstoretype", SRC_STORE_TYPE, "<type>", "source keystore type"),

    SYNONYM("conf", CONF, TEXT),
    SYNONYM("debug", DEBUG, FLAG),
    SYNONYM("nowarn", NO_WARN, FLAG),
    SYNONYM("dest", DEST_ALIAS, TEXT),
    {"provider", MU_KT_PROVIDER_CLASS, MU_KT_PROVIDER, true, NULL, NULL},
    {NULL, 0, 0, false, NULL, NULL},
};

bool mu_kt_same_name(const char *word, const char *name)
{
    for (;; word++, name++) {
        while (*word == '-')
            word++;
        while (*name == '-')
            name++;
        if (tolower((unsigned char)*word) != tolower((unsigned char)*name))
            return false;
        if (!*word)
            return true;
    }
}

const mu_kt_option *mu_kt_option_find(const char *word)
{
    for (const mu_kt_option *o = options; o->name; o++)
        if (mu_kt_same_name(word, o->name))
            return o;
    return NULL;
}

const mu_kt_option *mu_kt_option_of(mu_kt_slot slot, bool of_import)
{
    const mu_kt_option *found = NULL;
    for (const mu_kt_option *o = options; o->name; o++)
        if (o->slot == slot && o->arg && (!found || of_import))
            found = o;
    return found;
}

/*
 * -addprovider, -providerclass, -providername. A provider of the JDK is accepted where it would change nothing; what it alone could
 * do, and every other one, is Java code that is not here.
 */
#include "keytool/kt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELDS 3 /* of each provider in kt->providers: how it is named (a slot), its name, "=" and its argument or nothing */

static const struct {
    const char *name, *class_name;
} jdk_providers[] = {{"SUN", "sun.security.provider.Sun"},
                     {"SunRsaSign", "sun.security.rsa.SunRsaSign"},
                     {"SunEC", "sun.security.ec.SunEC"},
                     {"SunJSSE", "sun.security.ssl.SunJSSE"},
                     {"SunJCE", "com.sun.crypto.provider.SunJCE"},
                     {"SunJGSS", "sun.security.jgss.SunProvider"},
                     {"SunSASL", "com.sun.security.sasl.Provider"},
                     {"XMLDSig", "org.jcp.xml.dsig.internal.dom.XMLDSigRI"},
                     {"SunPCSC", "sun.security.smartcardio.SunPCSC"},
                     {"JdkLDAP", "sun.security.provider.certpath.ldap.JdkLDAP"},
                     {"JdkSASL", "com.sun.security.sasl.gsskerb.JdkSASL"},
                     {"SunPKCS11", "sun.security.pkcs11.SunPKCS11"}};

#define COUNT (sizeof jdk_providers / sizeof *jdk_providers)

int mu_kt_provider_add(mu_kt *kt, mu_kt_slot option, const char *name, const char *arg)
{
    char *argument = mu_asprintf("%s%s", arg ? "=" : "", arg ? arg : "");
    int rc = argument && mu_strlist_add(&kt->providers, option == MU_KT_PROVIDER_CLASS ? "class" : "name") == 0 &&
                     mu_strlist_add(&kt->providers, name) == 0 && mu_strlist_add(&kt->providers, argument) == 0
                 ? 0
                 : mu_fail_nomem(&kt->err);
    free(argument);
    return rc;
}

static bool is_jdks(bool by_class, const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(by_class ? jdk_providers[i].class_name : jdk_providers[i].name, name) == 0)
            return true;
    return false;
}

static int not_found(mu_kt *kt, bool by_class, const char *name)
{
    const char *path = mu_kt_get(kt, MU_KT_PROVIDER_PATH);
    char shown[MU_SHOWN_SIZE];

    mu_fail_by(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, MU_BY_CALLER, "the provider \"%s\" is Java code, which is not run here",
               mu_escape_to(shown, name));
    if (path && by_class)
        mu_err_detail(&kt->err, "-providerpath %s was not looked at", mu_escape_to(shown, path));
    mu_err_hint(&kt->err, "Leave the option out for stores in files; for a token or another provider use the JDK's keytool.");
    return by_class ? mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_EXCEPTION, "Provider \"%s\" not found", name)
                    : mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_EXCEPTION, "Provider named \"%s\" not found", name);
}

int mu_kt_providers_check(mu_kt *kt)
{
    for (size_t i = 0; i < kt->providers.count; i += FIELDS) {
        bool by_class = strcmp(kt->providers.items[i], "class") == 0, configured = *kt->providers.items[i + 2];
        const char *name = kt->providers.items[i + 1];
        if (!is_jdks(by_class, name) || (configured && strstr(name, "PKCS11")))
            return not_found(kt, by_class, name);
        if (configured)
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_UNSUPPORTED, "configure is not supported");
    }
    return 0;
}

/* SUN holds PKCS12 and JKS, SunJCE JCEKS; with another one the JDK finds no store of that type. */
int mu_kt_provider_name_check(mu_kt *kt)
{
    const char *name = mu_kt_get(kt, MU_KT_PROVIDER_NAME), *type = mu_kt_get(kt, MU_KT_STORE_TYPE);
    bool jceks = type && strcasecmp(type, "JCEKS") == 0;

    if (!name || strcasecmp(name, jceks ? "SunJCE" : "SUN") == 0)
        return 0;
    for (size_t i = 0; i < COUNT; i++)
        if (strcasecmp(jdk_providers[i].name, name) == 0)
            return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT, "%s not found", type ? type : "pkcs12");
    return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchProviderException", "no such provider: %s", name);
}

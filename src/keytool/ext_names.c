/* General names in -ext values. Source: RFC 5280 4.2.1.6; the syntax checks and their words are the JDK's. */
#include "base/ossl.h"
#include "keytool/ext.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RETHROWN MU_KT_RUNTIME ": java.io.IOException"

static const char *dns_fault(const char *name, bool wildcard)
{
    size_t len = strlen(name);
    if (len == 0)
        return "DNSName must not be null or empty";
    if (strchr(name, ' '))
        return "DNSName with blank components is not permitted";
    if (name[0] == '.' || name[len - 1] == '.')
        return "DNSName may not begin or end with a .";
    for (const char *p = name; *p; p++) {
        if (*p == '.' && p[1] == '.')
            return "DNSName with empty components are not permitted";
        bool begins = p == name || p[-1] == '.';
        if (begins && wildcard && p == name && p[0] == '*' && p[1] == '.')
            continue;
        if (begins && !isalnum((unsigned char)*p))
            return wildcard ? "DNSName components must begin with a letter, digit, or the first component can have only a wildcard "
                              "character *"
                            : "DNSName components must begin with a letter or digit";
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
            return "DNSName components must consist of letters, digits, and hyphens";
    }
    return NULL;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    return true;
}

static int set_text(mu_kt *kt, GENERAL_NAME *name, int type, const char *value)
{
    ASN1_IA5STRING *text = NULL;
    if (!*value || !is_ascii(value))
        return mu_kt_throw(kt, MU_E_USAGE, RETHROWN, "\"%s\" must be printable ASCII", value);
    text = ASN1_IA5STRING_new();
    if (!text || !ASN1_STRING_set(text, value, -1)) {
        ASN1_IA5STRING_free(text);
        return mu_fail_nomem(&kt->err);
    }
    GENERAL_NAME_set0_value(name, type, text);
    return 0;
}

static int set_uri(mu_kt *kt, GENERAL_NAME *name, const char *value)
{
    size_t scheme = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    if (strpbrk(value, " \"<>\\^`{|}"))
        return mu_kt_throw(kt, MU_E_USAGE, RETHROWN, "invalid URI name:%s", value);
    if (scheme == 0 || !isalpha((unsigned char)value[0]) || value[scheme] != ':')
        return mu_kt_throw(kt, MU_E_USAGE, RETHROWN, "URI name must include scheme:%s", value);
    return set_text(kt, name, GEN_URI, value);
}

/* The JDK would ask DNS about a host name here: a certificate must not depend on who answers. */
static int set_address(mu_kt *kt, GENERAL_NAME *name, const char *value)
{
    unsigned char bytes[16];
    int len = inet_pton(AF_INET, value, bytes) == 1 ? 4 : inet_pton(AF_INET6, value, bytes) == 1 ? 16 : 0;
    ASN1_OCTET_STRING *address = NULL;

    if (len == 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME ": java.net.UnknownHostException", "%s: Name or service not known", value);
    address = ASN1_OCTET_STRING_new();
    if (!address || !ASN1_OCTET_STRING_set(address, bytes, len)) {
        ASN1_OCTET_STRING_free(address);
        return mu_fail_nomem(&kt->err);
    }
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    return 0;
}

static int set_oid(mu_kt *kt, GENERAL_NAME *name, const char *value)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(value, 1);
    mu_ossl_clear();
    if (!oid)
        return mu_kt_throw(kt, MU_E_USAGE, RETHROWN,
                           "Unable to create OIDName: java.io.IOException: ObjectIdentifier() -- Invalid format: "
                           "java.lang.NumberFormatException: For input string: \"%.*s\"",
                           (int)strcspn(value, "."), value);
    GENERAL_NAME_set0_value(name, GEN_RID, oid);
    return 0;
}

int mu_kt_general_name(mu_kt *kt, const char *type, const char *value, bool wildcard, GENERAL_NAME **ret)
{
    static const char *const types[] = {"EMAIL", "URI", "DNS", "IP", "OID", NULL};
    GENERAL_NAME *name = NULL;
    const char *fault;
    int which, rc = -1;

    if (mu_kt_one_of(kt, type, types, &which) != 0)
        return -1;
    if (which < 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Unrecognized GeneralName type: %s", type);
    if (which == 2 && (fault = dns_fault(value, wildcard)) != NULL)
        return mu_kt_throw(kt, MU_E_USAGE, RETHROWN, "%s", fault);
    if (!(name = GENERAL_NAME_new()))
        return mu_fail_nomem(&kt->err);
    switch (which) {
    case 0: rc = *value ? set_text(kt, name, GEN_EMAIL, value)
                        : mu_kt_throw(kt, MU_E_USAGE, RETHROWN, "RFC822Name may not be null or empty"); break;
    case 1: rc = set_uri(kt, name, value); break;
    case 2: rc = set_text(kt, name, GEN_DNS, value); break;
    case 3: rc = set_address(kt, name, value); break;
    default: rc = set_oid(kt, name, value); break;
    }
    if (rc == 0)
        *ret = name;
    else
        GENERAL_NAME_free(name);
    return rc;
}

static int add_item(mu_kt *kt, const char *ext, char *item, bool wildcard, GENERAL_NAMES *names)
{
    char *colon = strchr(item, ':');
    GENERAL_NAME *name = NULL;

    if (!colon)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Illegal item %s in %s", item, ext);
    *colon = '\0';
    if (mu_kt_general_name(kt, item, colon + 1, wildcard, &name) != 0)
        return -1;
    if (!sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAME_free(name);
        return mu_fail_nomem(&kt->err);
    }
    return 0;
}

int mu_kt_general_names(mu_kt *kt, const char *ext, const char *value, bool wildcard, GENERAL_NAMES **ret)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    mu_strlist items = {0};
    int rc = names ? mu_kt_split(kt, value, ',', &items) : mu_fail_nomem(&kt->err);

    for (size_t i = 0; i < items.count && rc == 0; i++)
        rc = add_item(kt, ext, items.items[i], wildcard, names);
    mu_strlist_free(&items);
    if (rc == 0)
        *ret = names;
    else
        GENERAL_NAMES_free(names);
    return rc;
}

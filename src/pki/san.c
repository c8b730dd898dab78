/* Subject alternative names as text: "dns:a.example,ip:10.0.0.1,uri:spiffe://x/y,email:a@b". */
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- text to names ---- */

static int bad_san(const char *item, const char *why, const char *hint, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is no subject alternative name: %s", mu_escape_to(shown, item), why);
    return mu_err_hint(err, "%s", hint ? hint : "Write names as dns:a.example,ip:10.0.0.1,uri:spiffe://b/c,email:d@e.example.");
}

/* RFC 1034 3.5 and RFC 5280 4.2.1.6, RFC 9525 6.3 for the wildcard. NULL if it is one, else what is wrong. */
static const char *dns_name_fault(const char *name)
{
    const char *label = mu_str_has_prefix(name, "*.") ? name + 2 : name;
    if (strlen(name) > 253)
        return "a DNS name has at most 253 characters";
    for (;;) {
        size_t len = strcspn(label, ".");
        if (len == 0 || len > 63)
            return "a part between two dots must have 1 to 63 characters";
        for (size_t i = 0; i < len; i++)
            if (!isalnum((unsigned char)label[i]) && label[i] != '-')
                return label[i] == '*' ? "a wildcard must be the whole first part, as in *.example.com"
                                       : "a DNS name has letters, digits, hyphens and dots only (others in their xn-- form)";
        if (label[0] == '-' || label[len - 1] == '-')
            return "a part of a DNS name neither begins nor ends with a hyphen";
        if (label[len] == '\0')
            return NULL;
        label += len + 1;
    }
}

/* Characters that stand for themselves in URIs (RFC 3986 2) and in mail addresses without quotes (RFC 5322 3.4.1). */
static bool is_plain_ascii(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f || strchr("\"<>\\^`{|}", *text))
            return false;
    return true;
}

/* RFC 3986 3.1: a scheme and something behind it. */
static const char *uri_fault(const char *uri)
{
    size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    if (len == 0 || !isalpha((unsigned char)*uri) || uri[len] != ':' || uri[len + 1] == '\0')
        return "a URI begins with its scheme, as in spiffe://example/a";
    return is_plain_ascii(uri) ? NULL : "this character must be written as %XX in a URI";
}

static const char *email_fault(const char *email)
{
    const char *at = strrchr(email, '@');
    if (!at || at == email || dns_name_fault(at + 1))
        return "a mail address is written as name@host";
    return is_plain_ascii(email) ? NULL : "a mail address has plain ASCII characters only";
}

static GENERAL_NAME *new_name(int type, const void *data, size_t len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (!name || !value || !ASN1_STRING_set(value, data, (int)len)) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return name;
}

static int add_name(GENERAL_NAMES *names, int type, const void *data, size_t len, mu_err **err)
{
    GENERAL_NAME *name = new_name(type, data, len);
    if (name && sk_GENERAL_NAME_push(names, name))
        return 0;
    GENERAL_NAME_free(name);
    return mu_fail_nomem(err);
}

static int add_dns(GENERAL_NAMES *names, const char *item, const char *value, mu_err **err)
{
    uint8_t address[16];
    const char *fault = dns_name_fault(value);
    if (fault)
        return bad_san(item, fault, NULL, err);
    if (inet_pton(AF_INET, value, address) == 1)
        return bad_san(item, "clients never look for an address among the DNS names", "Write ip: before it.", err);
    return add_name(names, GEN_DNS, value, strlen(value), err);
}

static int add_ip(GENERAL_NAMES *names, const char *item, const char *value, mu_err **err)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, value, address) == 1)
        return add_name(names, GEN_IPADD, address, 4, err);
    if (inet_pton(AF_INET6, value, address) == 1)
        return add_name(names, GEN_IPADD, address, 16, err);
    return bad_san(item, "not an IPv4 or IPv6 address", NULL, err);
}

static int add_item(GENERAL_NAMES *names, const char *item, mu_err **err)
{
    const char *colon = strchr(item, ':'), *value = colon ? colon + 1 : "", *fault;
    size_t type_len = colon ? (size_t)(colon - item) : 0;

    if (type_len == 3 && strncasecmp(item, "dns", 3) == 0)
        return add_dns(names, item, value, err);
    if (type_len == 2 && strncasecmp(item, "ip", 2) == 0)
        return add_ip(names, item, value, err);
    if (type_len == 3 && strncasecmp(item, "uri", 3) == 0) {
        fault = uri_fault(value);
        return fault ? bad_san(item, fault, NULL, err) : add_name(names, GEN_URI, value, strlen(value), err);
    }
    if (type_len == 5 && strncasecmp(item, "email", 5) == 0) {
        fault = email_fault(value);
        return fault ? bad_san(item, fault, NULL, err) : add_name(names, GEN_EMAIL, value, strlen(value), err);
    }
    return bad_san(item, "it must begin with dns:, ip:, uri: or email:", NULL, err);
}

/* The next item up to an unescaped comma, surrounding space left out, "\," "\'" and "\\" resolved. NULL when out of memory. */
static char *next_item(const char **text)
{
    mu_buf item;
    const char *at = *text;

    mu_buf_init(&item, MU_BUF_TEXT_MAX);
    for (at += strspn(at, " \t"); *at && *at != ','; at++) {
        if (*at == '\\' && (at[1] == ',' || at[1] == '\'' || at[1] == '\\'))
            at++;
        mu_buf_add_byte(&item, (uint8_t)*at);
    }
    while (item.len > 0 && (item.data[item.len - 1] == ' ' || item.data[item.len - 1] == '\t'))
        item.data[--item.len] = '\0';
    *text = at;
    return mu_buf_steal(&item);
}

int mu_san_parse(const char *text, GENERAL_NAMES **ret_names, mu_err **err)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    int rc = names ? 0 : mu_fail_nomem(err);

    mu_ossl_clear();
    while (rc == 0) {
        char *item = next_item(&text);
        rc = item ? add_item(names, item, err) : mu_fail_nomem(err);
        free(item);
        if (*text == '\0')
            break;
        text++;
    }
    if (rc == 0) {
        *ret_names = names;
        names = NULL;
    }
    GENERAL_NAMES_free(names);
    return rc;
}

/* ---- names to text ---- */

/* A comma inside a value would look like the next name. */
static void add_escaped(mu_buf *out, const void *value, size_t len)
{
    mu_buf safe;
    mu_buf_init(&safe, MU_BUF_TEXT_MAX);
    mu_escape(&safe, value, len);
    for (const char *c = mu_buf_text(&safe); *c;) {
        size_t piece = strcspn(c, ",");
        mu_buf_add(out, c, piece);
        c += piece;
        if (*c == ',')
            mu_buf_add(out, "\\,", 2);
        c += *c == ',';
    }
    mu_buf_free(&safe);
}

static void add_string(mu_buf *out, const char *type, const ASN1_STRING *value)
{
    mu_buf_add_str(out, type);
    add_escaped(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}

static void add_ip_text(mu_buf *out, const ASN1_STRING *value)
{
    char text[INET6_ADDRSTRLEN];
    const unsigned char *data = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);

    mu_buf_add_str(out, "ip:");
    if (len == 4 || len == 16) {
        mu_buf_add_str(out, inet_ntop(len == 4 ? AF_INET : AF_INET6, data, text, sizeof text));
        return;
    }
    mu_buf_add_byte(out, '#');
    for (int i = 0; i < len; i++)
        mu_buf_addf(out, "%02x", data[i]);
}

/* Types that we only show: no peer compares them in TLS. */
static void add_other(mu_buf *out, const GENERAL_NAME *name, int type, const void *value)
{
    char oid[64] = "?";
    ASN1_OBJECT *id = NULL;
    ASN1_TYPE *content = NULL;
    unsigned char *der = NULL;

    if (type == GEN_RID) {
        OBJ_obj2txt(oid, sizeof oid, value, 1);
        mu_buf_addf(out, "rid:%s", oid);
    } else if (type == GEN_OTHERNAME && GENERAL_NAME_get0_otherName(name, &id, &content)) {
        OBJ_obj2txt(oid, sizeof oid, id, 1);
        mu_buf_addf(out, "othername:%s:#", oid);
        int len = i2d_ASN1_TYPE(content, &der);
        for (int i = 0; i < len; i++)
            mu_buf_addf(out, "%02x", der[i]);
        OPENSSL_free(der);
    } else {
        mu_buf_add_str(out, type == GEN_X400 ? "x400:?" : "ediparty:?");
    }
}

static void add_directory_name(mu_buf *out, const X509_NAME *name)
{
    char *text = mu_name_text(name);
    mu_buf_add_str(out, "dirname:");
    add_escaped(out, text ? text : "", text ? strlen(text) : 0);
    free(text);
}

static void add_name_text(mu_buf *out, const GENERAL_NAME *name)
{
    int type;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    switch (type) {
    case GEN_DNS:
        add_string(out, "dns:", value);
        break;
    case GEN_URI:
        add_string(out, "uri:", value);
        break;
    case GEN_EMAIL:
        add_string(out, "email:", value);
        break;
    case GEN_IPADD:
        add_ip_text(out, value);
        break;
    case GEN_DIRNAME:
        add_directory_name(out, value);
        break;
    default:
        add_other(out, name, type, value);
    }
}

char *mu_san_text(const GENERAL_NAMES *names)
{
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (i > 0)
            mu_buf_add_byte(&out, ',');
        add_name_text(&out, sk_GENERAL_NAME_value(names, i));
    }
    return mu_buf_steal(&out);
}

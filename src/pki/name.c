/* Distinguished names as text: RFC 4514, and the JDK's -dname which differs in details (`;`, `"…"`, more keywords). */
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <ctype.h>
#include <openssl/asn1.h>
#include <stdlib.h>
#include <string.h>

/* The first row of an OID is the keyword we print; RFC 4514's nine first, then those the JDK and OpenSSL know. */
static const struct attribute {
    const char *keyword, *oid;
} attributes[] = {
    {"CN", "2.5.4.3"}, {"L", "2.5.4.7"}, {"ST", "2.5.4.8"}, {"O", "2.5.4.10"}, {"OU", "2.5.4.11"}, {"C", "2.5.4.6"},
    {"STREET", "2.5.4.9"}, {"DC", "0.9.2342.19200300.100.1.25"}, {"UID", "0.9.2342.19200300.100.1.1"},
    {"emailAddress", "1.2.840.113549.1.9.1"}, {"email", "1.2.840.113549.1.9.1"}, {"S", "2.5.4.8"}, {"T", "2.5.4.12"},
    {"title", "2.5.4.12"}, {"serialNumber", "2.5.4.5"}, {"surname", "2.5.4.4"}, {"SN", "2.5.4.4"}, {"givenName", "2.5.4.42"},
    {"GN", "2.5.4.42"}, {"initials", "2.5.4.43"}, {"generation", "2.5.4.44"}, {"generationQualifier", "2.5.4.44"},
    {"dnQualifier", "2.5.4.46"}, {"DNQ", "2.5.4.46"}, {"pseudonym", "2.5.4.65"}, {"postalCode", "2.5.4.17"},
    {"businessCategory", "2.5.4.15"}, {"organizationIdentifier", "2.5.4.97"}, {"description", "2.5.4.13"}, {"name", "2.5.4.41"},
    {"IP", "1.3.6.1.4.1.42.2.11.2.1"},
};

static const size_t attribute_count = sizeof attributes / sizeof *attributes;

const char *mu_name_attribute(const ASN1_OBJECT *type)
{
    char oid[64];
    OBJ_obj2txt(oid, sizeof oid, type, 1);
    for (size_t i = 0; i < attribute_count; i++)
        if (strcmp(attributes[i].oid, oid) == 0)
            return attributes[i].keyword;
    return NULL;
}

/* ---- text to name ---- */

/* One type=value as read. tag is the ASN.1 string type. joins: it belongs to the same RDN as the one before it in the text. */
struct assertion {
    ASN1_OBJECT *type;
    int tag;
    mu_buf value;
    bool joins;
};

struct parser {
    const char *text, *at;
    struct assertion items[64];
    size_t count;
    bool lenient; /* takes empty values */
    mu_err **err;
};

static int bad_name(struct parser *p, const char *why)
{
    mu_fail_by(p->err, MU_E_USAGE, MU_BY_CALLER, "not a distinguished name: %s", why);
    mu_err_detail(p->err, "at character %zu", (size_t)(p->at - p->text) + 1);
    return mu_err_hint(p->err, "Write it as \"CN=server.example, O=Example, C=DE\"; put \\ before , + \" \\ < > ; in a value.");
}

static void skip_space(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static ASN1_OBJECT *object_of_keyword(const char *keyword)
{
    if (mu_str_has_prefix(keyword, "OID.") || mu_str_has_prefix(keyword, "oid."))
        keyword += 4;
    for (size_t i = 0; i < attribute_count; i++)
        if (mu_str_eq_nocase(attributes[i].keyword, keyword))
            return OBJ_txt2obj(attributes[i].oid, 1);
    return isdigit((unsigned char)*keyword) ? OBJ_txt2obj(keyword, 1) : NULL;
}

static int parse_type(struct parser *p, struct assertion *item)
{
    const char *start = p->at;
    while (isalnum((unsigned char)*p->at) || *p->at == '.' || *p->at == '-')
        p->at++;
    char *keyword = mu_strndup(start, (size_t)(p->at - start));
    if (!keyword)
        return mu_fail_nomem(p->err);
    mu_ossl_clear();
    item->type = object_of_keyword(keyword);
    mu_ossl_clear();
    free(keyword);
    if (!item->type) {
        p->at = start;
        return bad_name(p, "unknown attribute type (a keyword such as CN, or a dotted OID, is expected)");
    }
    skip_space(p);
    if (*p->at != '=')
        return bad_name(p, "\"=\" is missing after an attribute type");
    p->at++;
    skip_space(p);
    return 0;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Two hex digits at *text, or -1. */
static int hex_byte(const char *text)
{
    int high = hex_value(text[0]);
    int low = high < 0 ? -1 : hex_value(text[1]);
    return low < 0 ? -1 : high * 16 + low;
}

/* RFC 4514 section 3: pair = ESC ( ESC / special / hexpair ). */
static int parse_escape(struct parser *p, mu_buf *value)
{
    int byte = hex_byte(p->at + 1);
    if (byte >= 0) {
        mu_buf_add_byte(value, (uint8_t)byte);
        p->at += 3;
        return 0;
    }
    if (p->at[1] == '\0' || !strchr("\\\"+,;<>=# ", p->at[1]))
        return bad_name(p, "\"\\\" must be followed by a special character or two hexadecimal digits");
    mu_buf_add_byte(value, (uint8_t)p->at[1]);
    p->at += 2;
    return 0;
}

static int parse_quoted(struct parser *p, mu_buf *value)
{
    for (p->at++; *p->at != '"';) {
        if (*p->at == '\0')
            return bad_name(p, "the closing quote is missing");
        if (*p->at != '\\')
            mu_buf_add_byte(value, (uint8_t)*p->at++);
        else if (parse_escape(p, value) != 0)
            return -1;
    }
    p->at++;
    return 0;
}

static int parse_plain(struct parser *p, mu_buf *value)
{
    size_t keep = 0; /* trailing spaces count only if they were escaped */
    while (*p->at && !strchr(",;+", *p->at)) {
        if (strchr("\"<>", *p->at))
            return bad_name(p, "a quote or angle bracket inside a value needs a \"\\\" before it");
        if (*p->at == '\\') {
            if (parse_escape(p, value) != 0)
                return -1;
            keep = value->len;
        } else {
            mu_buf_add_byte(value, (uint8_t)*p->at);
            if (!isspace((unsigned char)*p->at++))
                keep = value->len;
        }
    }
    if (!value->failed && value->data) {
        value->len = keep;
        value->data[keep] = '\0';
    }
    return 0;
}

/* "#" and the DER of the value: only string types can stand in a name. */
static int parse_hex(struct parser *p, struct assertion *item)
{
    mu_buf der;
    const unsigned char *content;
    long len;
    int tag, class, byte, rc = -1;

    mu_buf_init(&der, MU_BUF_TEXT_MAX);
    for (p->at++; (byte = hex_byte(p->at)) >= 0; p->at += 2)
        mu_buf_add_byte(&der, (uint8_t)byte);
    content = der.data;
    mu_ossl_clear();
    if (der.failed || !content || (ASN1_get_object(&content, &len, &tag, &class, (long)der.len) & 0xa1) ||
        class != V_ASN1_UNIVERSAL || content + len != der.data + der.len || len == 0 ||
        !(ASN1_tag2bit(tag) & (B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING | B_ASN1_NUMERICSTRING))) {
        mu_ossl_clear();
        bad_name(p, "after \"#\" the DER of one string is expected, in hexadecimal");
        goto out;
    }
    item->tag = tag;
    mu_buf_add(&item->value, content, (size_t)len);
    rc = 0;
out:
    mu_buf_free(&der);
    return rc;
}

static bool is_utf8(const mu_buf *value)
{
    unsigned long code_point;
    for (size_t i = 0; i < value->len;) {
        int used = UTF8_getc(value->data + i, (int)(value->len - i), &code_point);
        if (used <= 0)
            return false;
        i += (size_t)used;
    }
    return true;
}

/* RFC 5280 4.1.2.4 and appendix A: emailAddress and domainComponent are IA5String; PrintableString or UTF8String for the others. */
static int string_type(const ASN1_OBJECT *type, const mu_buf *value)
{
    int nid = OBJ_obj2nid(type);
    int fits = ASN1_PRINTABLE_type(value->data, (int)value->len);
    if ((nid == NID_pkcs9_emailAddress || nid == NID_domainComponent) && fits != V_ASN1_T61STRING)
        return V_ASN1_IA5STRING;
    return fits == V_ASN1_PRINTABLESTRING ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
}

static int parse_value(struct parser *p, struct assertion *item)
{
    if (*p->at == '#')
        return parse_hex(p, item);
    if ((*p->at == '"' ? parse_quoted(p, &item->value) : parse_plain(p, &item->value)) != 0)
        return -1;
    if (item->value.failed)
        return mu_fail_nomem(p->err);
    if (item->value.len == 0 && !p->lenient)
        return bad_name(p, "an attribute has no value");
    if (!is_utf8(&item->value) || (item->value.len && memchr(item->value.data, 0, item->value.len)))
        return bad_name(p, "the text is not UTF-8, or has a NUL character");
    item->tag = string_type(item->type, &item->value);
    return 0;
}

static int parse_assertions(struct parser *p)
{
    bool joins = false;
    for (;;) {
        skip_space(p);
        if (p->count == sizeof p->items / sizeof *p->items)
            return bad_name(p, "too many attributes");
        struct assertion *item = &p->items[p->count++];
        mu_buf_init(&item->value, MU_BUF_TEXT_MAX);
        item->joins = joins;
        if (parse_type(p, item) != 0 || parse_value(p, item) != 0)
            return -1;
        skip_space(p);
        if (*p->at == '\0')
            return 0;
        if (!strchr(",;+", *p->at))
            return bad_name(p, "a comma is missing");
        joins = *p->at++ == '+';
    }
}

/* The text's first RDN is the last one in DER. */
static int build_name(struct parser *p, X509_NAME *name)
{
    size_t end = p->count;
    while (end > 0) {
        size_t start = end - 1;
        while (p->items[start].joins)
            start--;
        for (size_t i = start; i < end; i++) {
            struct assertion *item = &p->items[i];
            int set = i > start ? -1 : 0; /* -1: joins the RDN before */
            if (!X509_NAME_add_entry_by_OBJ(name, item->type, item->tag, item->value.data, (int)item->value.len, -1, set))
                return mu_fail_ossl(p->err, MU_E_USAGE, "this distinguished name cannot be encoded");
        }
        end = start;
    }
    return 0;
}

static int parse_name(const char *text, bool lenient, X509_NAME **ret_name, mu_err **err)
{
    struct parser p = {.text = text, .at = text, .lenient = lenient, .err = err};
    X509_NAME *name = X509_NAME_new();
    int rc = name ? 0 : mu_fail_nomem(err);

    mu_ossl_clear();
    skip_space(&p);
    if (rc == 0 && *p.at == '\0')
        rc = bad_name(&p, "it is empty");
    if (rc == 0 && (parse_assertions(&p) != 0 || build_name(&p, name) != 0))
        rc = -1;
    if (rc == 0) {
        *ret_name = name;
        name = NULL;
    }
    X509_NAME_free(name);
    for (size_t i = 0; i < p.count; i++) {
        ASN1_OBJECT_free(p.items[i].type);
        mu_buf_free(&p.items[i].value);
    }
    return rc;
}

int mu_name_parse(const char *text, X509_NAME **ret_name, mu_err **err)
{
    return parse_name(text, false, ret_name, err);
}

int mu_name_parse_lenient(const char *text, X509_NAME **ret_name, mu_err **err)
{
    return parse_name(text, true, ret_name, err);
}

/* ---- name to text ---- */

/* RFC 4514 2.4: hexpairs for what mu_escape would not show as it is, a backslash before the special characters. */
static void add_escaped_value(mu_buf *out, const unsigned char *value, size_t len)
{
    mu_buf safe;
    mu_buf_init(&safe, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < len;) {
        unsigned long code_point;
        int used = UTF8_getc(value + i, (int)(len - i), &code_point);
        size_t step = used > 0 ? (size_t)used : 1;
        bool outer_space = value[i] == ' ' && (i == 0 || i + 1 == len);

        mu_buf_reset(&safe);
        mu_escape(&safe, value + i, step);
        if (outer_space || (value[i] == '#' && i == 0) || strchr("\"+,;<>\\", value[i] ? value[i] : 'x'))
            mu_buf_addf(out, "\\%c", value[i]);
        else if (safe.len == step && memcmp(safe.data, value + i, step) == 0)
            mu_buf_add(out, value + i, step);
        else
            for (size_t j = 0; j < step; j++)
                mu_buf_addf(out, "\\%02X", value[i + j]);
        i += step;
    }
    mu_buf_free(&safe);
}

static void add_hex_value(mu_buf *out, const ASN1_STRING *value)
{
    unsigned char *der = NULL;
    ASN1_TYPE *any = ASN1_TYPE_new();
    int len = any && ASN1_TYPE_set1(any, ASN1_STRING_type(value), value) ? i2d_ASN1_TYPE(any, &der) : -1;
    mu_buf_add_byte(out, '#');
    for (int i = 0; i < len; i++)
        mu_buf_addf(out, "%02x", der[i]);
    OPENSSL_free(der);
    ASN1_TYPE_free(any);
}

static void add_entry(mu_buf *out, const X509_NAME_ENTRY *entry)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    const char *keyword = mu_name_attribute(type);
    unsigned char *utf8 = NULL;
    char oid[64];

    OBJ_obj2txt(oid, sizeof oid, type, 1);
    mu_buf_addf(out, "%s=", keyword ? keyword : oid);
    /* RFC 4514 2.4: a type shown as dotted OID has its value in hexadecimal DER. */
    int len = keyword ? ASN1_STRING_to_UTF8(&utf8, value) : -1;
    if (len >= 0)
        add_escaped_value(out, utf8, (size_t)len);
    else
        add_hex_value(out, value);
    OPENSSL_free(utf8);
}

char *mu_name_text(const X509_NAME *name)
{
    mu_buf out;
    int end = X509_NAME_entry_count(name);

    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    while (end > 0) {
        int start = end - 1, set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, start));
        while (start > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, start - 1)) == set)
            start--;
        for (int i = start; i < end; i++) {
            if (out.len > 0)
                mu_buf_add_str(&out, i == start ? ", " : "+");
            add_entry(&out, X509_NAME_get_entry(name, i));
        }
        end = start;
    }
    mu_ossl_clear();
    return mu_buf_steal(&out);
}

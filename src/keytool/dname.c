#include "keytool/dname.h"
#include "base/ossl.h"

#include <ctype.h>
#include <mutual/pki.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct keyword {
    const char *shown; /* NULL: only read */
    const char *word;
    const char *oid;
} keywords[] = {
    {"CN", "CN", "2.5.4.3"}, {"C", "C", "2.5.4.6"}, {"L", "L", "2.5.4.7"}, {"ST", "ST", "2.5.4.8"}, {NULL, "S", "2.5.4.8"},
    {"O", "O", "2.5.4.10"}, {"OU", "OU", "2.5.4.11"}, {"T", "T", "2.5.4.12"}, {"STREET", "STREET", "2.5.4.9"},
    {"DC", "DC", "0.9.2342.19200300.100.1.25"}, {"DNQ", "DNQ", "2.5.4.46"}, {NULL, "DNQUALIFIER", "2.5.4.46"},
    {"SURNAME", "SURNAME", "2.5.4.4"}, {"GIVENNAME", "GIVENNAME", "2.5.4.42"}, {"INITIALS", "INITIALS", "2.5.4.43"},
    {"GENERATION", "GENERATION", "2.5.4.44"}, {"EMAILADDRESS", "EMAILADDRESS", "1.2.840.113549.1.9.1"},
    {NULL, "EMAIL", "1.2.840.113549.1.9.1"}, {"UID", "UID", "0.9.2342.19200300.100.1.1"}, {"SERIALNUMBER", "SERIALNUMBER", "2.5.4.5"},
    {"IP", "IP", "1.3.6.1.4.1.42.2.11.2.1"},
};

static const size_t keyword_count = sizeof keywords / sizeof *keywords;

/* ---- reading ---- */

static bool is_keyword(const char *word, size_t len)
{
    if (len > 4 && strncasecmp(word, "OID.", 4) == 0)
        return true;
    for (size_t i = 0; i < keyword_count; i++)
        if (strlen(keywords[i].word) == len && strncasecmp(keywords[i].word, word, len) == 0)
            return true;
    return len > 0 && isdigit((unsigned char)*word);
}

/* The end of a component: the next , ; + or NUL that is neither quoted nor escaped. */
static const char *component_end(const char *p, bool *ret_open_quote)
{
    bool quoted = false;
    for (; *p && (quoted || !strchr(",;+", *p)); p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
    }
    *ret_open_quote = quoted;
    return p;
}

/* What the JDK says about a value that we refused. */
static int throw_value(mu_kt *kt, const char *value, const char *end)
{
    if (*value == '"')
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "AVA had characters other than whitespace after terminating quote");
    if (*value == '#')
        for (const char *p = value + 1; p < end; p++)
            if (!isxdigit((unsigned char)*p))
                return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "AVA parse, invalid hex digit: %c", *p);
    if (*value == '#')
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "AVA parse, odd number of hex digits");
    for (const char *p = value; p < end; p++) {
        if (strchr("\"<>\n", *p))
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Character '%c' in AVA appears without escape", *p);
        if (*p == '\\' && !p[1])
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Invalid trailing backslash");
        if (*p == '\\' && !strchr("\\\"+,;<>=# \n", p[1]) && !isxdigit((unsigned char)p[1]))
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Invalid escaped character in AVA: '%c'", p[1]);
        if (*p == '\\')
            p++;
    }
    return mu_kt_throw_err(kt, MU_KT_IO);
}

/* One "KEYWORD=value" of a name that does not parse. @return 0 if nothing is wrong with it */
static int judge_component(mu_kt *kt, const char *rdn, const char *start, const char *end, bool open_quote)
{
    const char *equals;

    while (start < end && isspace((unsigned char)*start))
        start++;
    if (start == end)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "empty AVA in RDN \"%.*s\"", (int)(end - rdn), rdn);
    equals = memchr(start, '=', (size_t)(end - start));
    if (!equals)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Incorrect AVA format");
    const char *word_end = equals;
    while (word_end > start && isspace((unsigned char)word_end[-1]))
        word_end--;
    if (!is_keyword(start, (size_t)(word_end - start)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Invalid keyword \"%.*s\"", (int)(word_end - start), start);
    const char *value = equals + 1;
    while (value < end && isspace((unsigned char)*value))
        value++;
    if (open_quote && *value == '"')
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "Quoted string did not end in quote");
    X509_NAME *alone = NULL;
    char *text = mu_strndup(start, (size_t)(end - start));
    mu_err *err = NULL;
    int rc = text && mu_name_parse_lenient(text, &alone, &err) == 0 ? 0 : throw_value(kt, value, end);
    X509_NAME_free(alone);
    mu_err_free(err);
    free(text);
    return rc;
}

/* Find out which of the JDK's complaints fits; ours, in kt->err, stays as the explanation. */
static int throw_dname(mu_kt *kt, const char *text)
{
    const char *start = text, *rdn = text;
    for (;;) {
        bool open_quote;
        const char *end = component_end(start, &open_quote);
        if (judge_component(kt, rdn, start, end, open_quote) != 0)
            return -1;
        if (!*end)
            return mu_kt_throw_err(kt, MU_KT_IO);
        if (*end != '+')
            rdn = end + 1;
        start = end + 1;
    }
}

int mu_kt_dname_parse(mu_kt *kt, const char *text, X509_NAME **ret_name)
{
    if (mu_name_parse_lenient(text, ret_name, &kt->err) == 0)
        return 0;
    if (text[strspn(text, " ")] == '\0') /* the JDK would write a store that it cannot read again */
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_IO, "The distinguished name must not be empty");
    return throw_dname(kt, text);
}

/* ---- printing ---- */

static void add_keyword(mu_buf *out, const ASN1_OBJECT *type)
{
    char oid[128];
    OBJ_obj2txt(oid, sizeof oid, type, 1);
    for (size_t i = 0; i < keyword_count; i++)
        if (keywords[i].shown && strcmp(keywords[i].oid, oid) == 0) {
            mu_buf_add_str(out, keywords[i].shown);
            return;
        }
    mu_buf_addf(out, "OID.%s", oid);
}

static bool needs_quotes(const unsigned char *text, int len)
{
    for (int i = 0; i < len; i++) {
        if (text[i] && strchr(",+=<>#;\"\\\n", text[i]))
            return true;
        if (text[i] == ' ' && (i == 0 || i == len - 1 || text[i + 1] == ' '))
            return true;
    }
    return false;
}

static void add_value(mu_buf *out, const ASN1_STRING *value)
{
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, value);

    mu_ossl_clear();
    if (len < 0) {
        mu_buf_add_byte(out, '#');
        for (int i = 0; i < ASN1_STRING_length(value); i++)
            mu_buf_addf(out, "%02x", ASN1_STRING_get0_data(value)[i]);
        return;
    }
    bool quotes = needs_quotes(text, len);
    if (quotes)
        mu_buf_add_byte(out, '"');
    for (int i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            mu_buf_add_byte(out, '\\');
        if (text[i])
            mu_buf_add_byte(out, text[i]);
        else
            mu_buf_add_str(out, "\\x00"); /* the rest must not vanish behind it */
    }
    if (quotes)
        mu_buf_add_byte(out, '"');
    OPENSSL_free(text);
}

/* One RDN: the entries from first to the last with the same set number. */
static void add_rdn(mu_buf *out, const X509_NAME *name, int first, int last)
{
    for (int i = first; i <= last; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (i > first)
            mu_buf_add_str(out, " + ");
        add_keyword(out, X509_NAME_ENTRY_get_object(entry));
        mu_buf_add_byte(out, '=');
        add_value(out, X509_NAME_ENTRY_get_data(entry));
    }
}

char *mu_kt_dname_text(const X509_NAME *name)
{
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (int last = X509_NAME_entry_count(name) - 1, first; last >= 0; last = first - 1) {
        int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, last));
        for (first = last; first > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, first - 1)) == set;)
            first--;
        if (out.len)
            mu_buf_add_str(&out, ", ");
        add_rdn(&out, name, first, last);
    }
    char *text = mu_buf_steal(&out);
    mu_buf_free(&out);
    return text;
}

void mu_kt_dname_show(FILE *out, const X509_NAME *name)
{
    char *text = mu_kt_dname_text(name);
    mu_kt_show(out, text ? text : "?");
    free(text);
}

#include "base/ossl.h"
#include "keytool/ext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The first letter and every later one that is not lower case: "keyCertSign" has "kCS". */
static bool has_initials(const char *name, const char *word, bool any_case)
{
    for (const char *p = name; *p; p++) {
        if (p != name && islower((unsigned char)*p))
            continue;
        if (any_case ? tolower((unsigned char)*p) != tolower((unsigned char)*word) : *p != *word)
            return false;
        word++;
    }
    return *word == '\0';
}

static bool matches(const char *name, const char *word, bool any_case)
{
    size_t len = strlen(word);
    bool prefix = any_case ? strncasecmp(name, word, len) == 0 : strncmp(name, word, len) == 0;
    return *name && (prefix || has_initials(name, word, any_case));
}

static int throw_ambiguous(mu_kt *kt, const char *word, const char *const *names, bool any_case)
{
    mu_buf list;
    mu_buf_init(&list, 4096);
    for (int i = 0; names[i]; i++)
        if (matches(names[i], word, any_case))
            mu_buf_addf(&list, " %s", names[i]);
    mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "command %s is ambiguous:\n    %s", word, mu_buf_text(&list));
    mu_buf_free(&list);
    return -1;
}

int mu_kt_one_of(mu_kt *kt, const char *word, const char *const *names, int *ret_index)
{
    int found = -1, count = 0;

    for (int i = 0; names[i]; i++)
        if (*names[i] && strcmp(names[i], word) == 0) {
            *ret_index = i;
            return 0;
        }
    for (int any_case = 0; any_case < 2 && count == 0; any_case++) {
        for (int i = 0; names[i]; i++)
            if (matches(names[i], word, any_case)) {
                found = i;
                count++;
            }
        if (count > 1)
            return throw_ambiguous(kt, word, names, any_case);
    }
    *ret_index = found;
    return 0;
}

int mu_kt_ext_kind(mu_kt *kt, const char *word, int *ret_kind)
{
    static const char *const names[] = {"BasicConstraints", "KeyUsage", "ExtendedKeyUsage", "SubjectAlternativeName",
                                        "IssuerAlternativeName", "SubjectInfoAccess", "AuthorityInfoAccess", NULL};
    static const char *const undocumented[] = {"CRLDistributionPoints", NULL};
    int crl = -1;

    if (mu_kt_one_of(kt, word, names, ret_kind) != 0 || (*ret_kind < 0 && mu_kt_one_of(kt, word, undocumented, &crl) != 0))
        return -1;
    if (crl == 0)
        *ret_kind = 7;
    return 0;
}

ASN1_OBJECT *mu_kt_ext_oid(const char *text)
{
    size_t len = strlen(text);
    ASN1_OBJECT *oid = len > 0 && text[len - 1] != '.' ? OBJ_txt2obj(text, 1) : NULL; /* OpenSSL passes over a last dot */
    mu_ossl_clear();
    return oid;
}

/* Java reads more than nine digits in groups of nine, a shorter one first, and complains of the group. */
int mu_kt_ext_throw_oid(mu_kt *kt, const char *text)
{
    static const char *const what[] = {"Must be at least two oid components ", "First oid component is invalid ",
                                       "Second oid component is invalid "};

    for (const char *part = text;; part++) {
        size_t len = strcspn(part, "."), digits = strspn(part, "0123456789");
        if (len == 0 || digits < len)
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME ": " MU_KT_IO,
                               "ObjectIdentifier() -- Invalid format: java.lang.NumberFormatException: For input string: \"%.*s\"",
                               (int)(len <= 9 ? len : len % 9 ? len % 9 : 9), part);
        part += len;
        if (!*part)
            break;
    }
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME ": " MU_KT_IO, "ObjectIdentifier() -- %s",
                       what[!strchr(text, '.') ? 0 : strcspn(text, ".") > 1 || *text > '2' ? 1 : 2]);
}

int mu_kt_split(mu_kt *kt, const char *text, char separator, mu_strlist *ret_parts)
{
    size_t end = strlen(text);

    while (end > 0 && text[end - 1] == separator)
        end--;
    if (end == 0 && *text)
        return 0;
    for (size_t start = 0, i = 0; i <= end; i++) {
        if (i < end && text[i] != separator)
            continue;
        char *part = mu_strndup(text + start, i - start);
        int rc = part ? mu_strlist_add(ret_parts, part) : -1;
        free(part);
        if (rc != 0)
            return mu_fail_nomem(&kt->err);
        start = i + 1;
    }
    return 0;
}

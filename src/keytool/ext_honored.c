/* -gencert -ext honored=all,-san,ku:critical: which extensions of a request a certificate takes over. */
#include "keytool/ext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HONORED "honored="

/* One word of the list. */
static int find_oid(mu_kt *kt, const char *word, ASN1_OBJECT **ret)
{
    static const int nids[] = {NID_basic_constraints, NID_key_usage, NID_ext_key_usage, NID_subject_alt_name, NID_issuer_alt_name,
                               NID_sinfo_access, NID_info_access, NID_crl_distribution_points};
    int which;

    if (mu_kt_ext_kind(kt, word, &which) != 0)
        return -1;
    *ret = which >= 0 ? OBJ_nid2obj(nids[which]) : mu_kt_ext_oid(word);
    return *ret ? 0 : mu_kt_ext_throw_oid(kt, word);
}

static int drop(mu_kt *kt, const char *word, STACK_OF(X509_EXTENSION) *list)
{
    ASN1_OBJECT *oid = NULL;
    char text[128];
    int at, rc = 0;

    if (find_oid(kt, word, &oid) != 0)
        return -1;
    at = X509v3_get_ext_by_OBJ(list, oid, -1);
    if (at >= 0) {
        X509_EXTENSION_free(sk_X509_EXTENSION_delete(list, at));
    } else {
        OBJ_obj2txt(text, sizeof text, oid, 1);
        rc = mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME ": " MU_KT_IO, "No extension found with name %s", text);
    }
    ASN1_OBJECT_free(oid);
    return rc;
}

/* @param critical 1, 0, or -1: as it was asked for */
static int take_over(mu_kt *kt, const ASN1_OBJECT *oid, int critical, const STACK_OF(X509_EXTENSION) *requested,
                     STACK_OF(X509_EXTENSION) *list)
{
    int at = X509v3_get_ext_by_OBJ(requested, oid, -1);
    char text[128];
    X509_EXTENSION *copy;

    if (at < 0) { /* the JDK has a NullPointerException for this */
        OBJ_obj2txt(text, sizeof text, oid, 1);
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "The request has no extension %s", text);
    }
    copy = X509_EXTENSION_dup(sk_X509_EXTENSION_value(requested, at));
    if (!copy || (critical >= 0 && !X509_EXTENSION_set_critical(copy, critical))) {
        X509_EXTENSION_free(copy);
        return mu_fail_nomem(&kt->err);
    }
    return mu_kt_ext_put(kt, list, copy);
}

/* "san", "san:critical", "san:non-critical". Writes into word. */
static int honor_one(mu_kt *kt, char *word, const STACK_OF(X509_EXTENSION) *requested, STACK_OF(X509_EXTENSION) *list)
{
    static const char *const kinds[] = {"critical", "non-critical", NULL};
    char *colon = strchr(word, ':');
    int kind = -1, critical = -1, rc;
    ASN1_OBJECT *oid = NULL;

    if (colon) {
        if (mu_kt_one_of(kt, colon + 1, kinds, &kind) != 0)
            return -1;
        if (kind < 0)
            return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Illegal value: %s", word);
        critical = kind == 0;
        *colon = '\0';
    }
    if (find_oid(kt, word, &oid) != 0)
        return -1;
    rc = take_over(kt, oid, critical, requested, list);
    ASN1_OBJECT_free(oid);
    return rc;
}

static int honor_all(mu_kt *kt, const mu_strlist *words, const STACK_OF(X509_EXTENSION) *requested, STACK_OF(X509_EXTENSION) *list)
{
    bool all = false;
    int rc = 0;

    for (size_t i = 0; i < words->count; i++)
        all |= strcmp(words->items[i], "all") == 0;
    for (int i = 0; all && rc == 0 && i < sk_X509_EXTENSION_num(requested); i++)
        rc = take_over(kt, X509_EXTENSION_get_object(sk_X509_EXTENSION_value(requested, i)), -1, requested, list);
    for (size_t i = 0; rc == 0 && i < words->count; i++) {
        char *word = words->items[i];
        if (*word == '-')
            rc = drop(kt, word + 1, list);
        else if (strcmp(word, "all") != 0)
            rc = honor_one(kt, word, requested, list);
    }
    return rc;
}

int mu_kt_ext_honor(mu_kt *kt, const STACK_OF(X509_EXTENSION) *requested, STACK_OF(X509_EXTENSION) *list)
{
    const char *option = NULL;
    mu_strlist words = {0};
    char *value;
    int rc;

    for (size_t i = 0; !option && i < kt->ext.count; i++)
        if (strncasecmp(kt->ext.items[i], HONORED, strlen(HONORED)) == 0)
            option = kt->ext.items[i];
    if (!option)
        return 0;
    value = mu_strdup(option + strlen(HONORED));
    for (char *p = value; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    rc = value ? mu_kt_split(kt, value, ',', &words) : mu_fail_nomem(&kt->err);
    if (rc == 0)
        rc = honor_all(kt, &words, requested, list);
    mu_strlist_free(&words);
    free(value);
    return rc;
}

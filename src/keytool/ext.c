/* Source: RFC 5280 4.2 (the extensions); the grammar and its messages are the JDK's. */
#include "keytool/ext.h"
#include "base/ossl.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* One -ext option taken apart. */
struct request {
    const char *all;   /* as given, for messages */
    char *name;
    const char *value; /* NULL: no "=" */
    bool critical;
};

static int illegal(mu_kt *kt, const struct request *r)
{
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Illegal value: %s", r->all);
}

/* X509V3_EXT_i2d keeps `value` ours. */
static int encode(mu_kt *kt, const struct request *r, int nid, void *value, X509_EXTENSION **ret)
{
    mu_ossl_clear();
    *ret = X509V3_EXT_i2d(nid, r->critical, value);
    return *ret ? 0 : mu_fail_ossl(&kt->err, MU_E_INTERNAL, "cannot encode -ext %s", r->all);
}

/* "ca:true,pathlen:2"; pathlen is written only for a CA. */
static int parse_constraint(mu_kt *kt, const struct request *r, const char *part, bool *ca, long *pathlen)
{
    const char *colon = strchr(part, ':');
    if (!colon || strchr(colon + 1, ':') || !colon[1])
        return illegal(kt, r);
    if (strncasecmp(part, "ca:", 3) == 0)
        *ca = strcasecmp(colon + 1, "true") == 0;
    else if (strncasecmp(part, "pathlen:", 8) != 0 || !mu_str_to_long(colon + 1, INT32_MIN, INT32_MAX, pathlen))
        return illegal(kt, r);
    return 0;
}

static int basic_constraints(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    BASIC_CONSTRAINTS *bc = NULL;
    mu_strlist parts = {0};
    bool ca = true;
    long pathlen = -1;
    int rc = 0;

    if (r->value && !mu_str_to_long(r->value, INT32_MIN, INT32_MAX, &pathlen)) {
        ca = false;
        rc = *r->value ? mu_kt_split(kt, r->value, ',', &parts) : illegal(kt, r);
        for (size_t i = 0; i < parts.count && rc == 0; i++)
            rc = parse_constraint(kt, r, parts.items[i], &ca, &pathlen);
    }
    mu_strlist_free(&parts);
    if (rc != 0)
        return rc;
    if (!(bc = BASIC_CONSTRAINTS_new()))
        return mu_fail_nomem(&kt->err);
    bc->ca = ca ? 0xff : 0;
    if (ca && pathlen >= 0 && (!(bc->pathlen = ASN1_INTEGER_new()) || !ASN1_INTEGER_set(bc->pathlen, pathlen)))
        rc = mu_fail_nomem(&kt->err);
    if (rc == 0)
        rc = encode(kt, r, NID_basic_constraints, bc, ret);
    BASIC_CONSTRAINTS_free(bc);
    return rc;
}

static int key_usage(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
                                        "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly", "contentCommitment", NULL};
    ASN1_BIT_STRING *bits = NULL;
    mu_strlist words = {0};
    int rc, bit;

    if (!r->value || !*r->value)
        return illegal(kt, r);
    rc = (bits = ASN1_BIT_STRING_new()) ? mu_kt_split(kt, r->value, ',', &words) : mu_fail_nomem(&kt->err);
    for (size_t i = 0; i < words.count && rc == 0; i++) {
        rc = mu_kt_one_of(kt, words.items[i], names, &bit);
        if (rc == 0 && bit < 0)
            rc = mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Unknown keyUsage type: %s", words.items[i]);
        if (rc == 0 && !ASN1_BIT_STRING_set_bit(bits, bit == 9 ? 1 : bit, 1))
            rc = mu_fail_nomem(&kt->err);
    }
    if (rc == 0)
        rc = encode(kt, r, NID_key_usage, bits, ret);
    mu_strlist_free(&words);
    ASN1_BIT_STRING_free(bits);
    return rc;
}

/* A purpose or an access method: one of the names, whose object is that NID, or a dotted OID. */
static int named_oid(mu_kt *kt, const char *word, const char *const *names, const int *nids, const char *unknown, ASN1_OBJECT **ret)
{
    int which;
    if (mu_kt_one_of(kt, word, names, &which) != 0)
        return -1;
    *ret = which >= 0 ? OBJ_nid2obj(nids[which]) : mu_kt_ext_oid(word);
    return *ret ? 0 : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "%s: %s", unknown, word);
}

static int extended_key_usage(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    static const char *const names[] = {"anyExtendedKeyUsage", "serverAuth", "clientAuth", "codeSigning", "emailProtection",
                                        "timeStamping", "OCSPSigning", NULL};
    static const int nids[] = {NID_anyExtendedKeyUsage, NID_server_auth, NID_client_auth, NID_code_sign, NID_email_protect,
                               NID_time_stamp, NID_OCSP_sign};
    EXTENDED_KEY_USAGE *purposes = NULL;
    mu_strlist words = {0};
    int rc;

    if (!r->value || !*r->value)
        return illegal(kt, r);
    rc = (purposes = sk_ASN1_OBJECT_new_null()) ? mu_kt_split(kt, r->value, ',', &words) : mu_fail_nomem(&kt->err);
    for (size_t i = 0; i < words.count && rc == 0; i++) {
        ASN1_OBJECT *oid = NULL;
        rc = named_oid(kt, words.items[i], names, nids, "Unknown extendedkeyUsage type", &oid);
        if (rc == 0 && !sk_ASN1_OBJECT_push(purposes, oid)) {
            ASN1_OBJECT_free(oid);
            rc = mu_fail_nomem(&kt->err);
        }
    }
    if (rc == 0)
        rc = encode(kt, r, NID_ext_key_usage, purposes, ret);
    mu_strlist_free(&words);
    sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
    return rc;
}

static int alternative_name(mu_kt *kt, const struct request *r, int nid, X509_EXTENSION **ret)
{
    GENERAL_NAMES *names = NULL;
    int rc;

    if (!r->value || !*r->value)
        return illegal(kt, r);
    if (mu_kt_general_names(kt, r->all, r->value, nid == NID_subject_alt_name, &names) != 0)
        return -1;
    rc = encode(kt, r, nid, names, ret);
    GENERAL_NAMES_free(names);
    return rc;
}

/* "ocsp:uri:http://…" */
static int add_access(mu_kt *kt, const struct request *r, char *item, AUTHORITY_INFO_ACCESS *list)
{
    static const char *const names[] = {"ocsp", "caIssuers", "timeStamping", "caRepository", NULL};
    static const int nids[] = {NID_ad_OCSP, NID_ad_ca_issuers, NID_ad_timeStamping, NID_caRepository};
    char *type = strchr(item, ':'), *value = type ? strchr(type + 1, ':') : NULL;
    ACCESS_DESCRIPTION *access = NULL;
    ASN1_OBJECT *method = NULL;
    GENERAL_NAME *name = NULL;

    if (!value)
        return illegal(kt, r);
    *type++ = '\0';
    *value++ = '\0';
    if (named_oid(kt, item, names, nids, "Unknown AccessDescription type", &method) != 0)
        return -1;
    if (mu_kt_general_name(kt, type, value, false, &name) != 0 || !(access = ACCESS_DESCRIPTION_new())) {
        ASN1_OBJECT_free(method);
        GENERAL_NAME_free(name);
        return kt->err ? -1 : mu_fail_nomem(&kt->err);
    }
    ASN1_OBJECT_free(access->method);
    GENERAL_NAME_free(access->location);
    access->method = method;
    access->location = name;
    if (!sk_ACCESS_DESCRIPTION_push(list, access)) {
        ACCESS_DESCRIPTION_free(access);
        return mu_fail_nomem(&kt->err);
    }
    return 0;
}

static int info_access(mu_kt *kt, const struct request *r, int nid, X509_EXTENSION **ret)
{
    AUTHORITY_INFO_ACCESS *list = NULL;
    mu_strlist items = {0};
    int rc;

    if (r->critical)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "This extension cannot be marked as critical. %s", r->all);
    if (!r->value || !*r->value)
        return illegal(kt, r);
    rc = (list = sk_ACCESS_DESCRIPTION_new_null()) ? mu_kt_split(kt, r->value, ',', &items) : mu_fail_nomem(&kt->err);
    for (size_t i = 0; i < items.count && rc == 0; i++)
        rc = add_access(kt, r, items.items[i], list);
    if (rc == 0)
        rc = encode(kt, r, nid, list, ret);
    mu_strlist_free(&items);
    AUTHORITY_INFO_ACCESS_free(list);
    return rc;
}

static int crl_points(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
    DIST_POINT *point = DIST_POINT_new();
    GENERAL_NAMES *names = NULL;
    int rc = -1;

    if (!points || !point || !(point->distpoint = DIST_POINT_NAME_new()) || !sk_DIST_POINT_push(points, point)) {
        DIST_POINT_free(point);
        mu_fail_nomem(&kt->err);
        goto out;
    }
    if (!r->value || !*r->value) {
        illegal(kt, r);
        goto out;
    }
    if (mu_kt_general_names(kt, r->all, r->value, false, &names) != 0)
        goto out;
    point->distpoint->type = 0; /* fullName */
    point->distpoint->name.fullname = names;
    rc = encode(kt, r, NID_crl_distribution_points, points, ret);
out:
    sk_DIST_POINT_pop_free(points, DIST_POINT_free);
    return rc;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* An OID and the value's DER in hexadecimal; other characters do not count. */
static int raw(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    ASN1_OBJECT *oid = mu_kt_ext_oid(r->name);
    ASN1_OCTET_STRING *der = ASN1_OCTET_STRING_new();
    mu_buf bytes;
    int half = -1, rc = -1;

    mu_buf_init(&bytes, MU_BUF_TEXT_MAX);
    for (const char *p = r->value ? r->value : ""; *p; p++) {
        if (!isxdigit((unsigned char)*p))
            continue;
        if (half >= 0)
            mu_buf_add_byte(&bytes, (uint8_t)(half << 4 | hex_digit(*p)));
        half = half >= 0 ? -1 : hex_digit(*p);
    }
    if (!oid)
        mu_kt_ext_throw_oid(kt, r->name);
    else if (half >= 0)
        mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Odd number of hex digits found: %s", r->all);
    else if (!der || bytes.failed || !ASN1_OCTET_STRING_set(der, bytes.data ? bytes.data : (const uint8_t *)"", (int)bytes.len) ||
             !(*ret = X509_EXTENSION_create_by_OBJ(NULL, oid, r->critical, der)))
        mu_fail_nomem(&kt->err);
    else
        rc = 0;
    ASN1_OBJECT_free(oid);
    ASN1_OCTET_STRING_free(der);
    mu_buf_free(&bytes);
    return rc;
}

static int make(mu_kt *kt, const struct request *r, X509_EXTENSION **ret)
{
    int which;

    if (mu_kt_ext_kind(kt, r->name, &which) != 0)
        return -1;
    switch (which) {
    case 0: return basic_constraints(kt, r, ret);
    case 1: return key_usage(kt, r, ret);
    case 2: return extended_key_usage(kt, r, ret);
    case 3: return alternative_name(kt, r, NID_subject_alt_name, ret);
    case 4: return alternative_name(kt, r, NID_issuer_alt_name, ret);
    case 5: return info_access(kt, r, NID_sinfo_access, ret);
    case 6: return info_access(kt, r, NID_info_access, ret);
    case 7: return crl_points(kt, r, ret);
    default: return raw(kt, r, ret);
    }
}

/* ":critical" may be shortened to ":c"; another suffix does not matter, as in the JDK. */
int mu_kt_ext_add(mu_kt *kt, const char *all, STACK_OF(X509_EXTENSION) *list)
{
    const char *equals = strchr(all, '=');
    struct request r = {.all = all, .name = mu_strndup(all, equals ? (size_t)(equals - all) : strlen(all))};
    char *colon = r.name ? strchr(r.name, ':') : NULL;
    X509_EXTENSION *ext = NULL;
    int rc = r.name ? 0 : mu_fail_nomem(&kt->err);

    r.value = equals ? equals + 1 : NULL;
    if (colon) {
        *colon = '\0';
        r.critical = colon[1] && strncasecmp("critical", colon + 1, strlen(colon + 1)) == 0;
    }
    if (rc == 0 && strcasecmp(r.name, "honored") != 0) {
        rc = make(kt, &r, &ext);
        if (rc == 0)
            rc = mu_kt_ext_put(kt, list, ext);
    }
    free(r.name);
    return rc;
}

#include "keystore_internal.h"

#define OID_FRIENDLY_NAME "1.2.840.113549.1.9.20"
#define OID_LOCAL_KEY_ID "1.2.840.113549.1.9.21"
#define OID_TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1" /* Oracle's: what makes a certificate a trusted entry for a JVM */
#define OID_ANY_USAGE "2.5.29.37.0"

static bool has_oid(const X509_ATTRIBUTE *attr, const char *oid)
{
    char text[80];
    /* get0_object takes no const before 4.0 */
    OBJ_obj2txt(text, sizeof text, X509_ATTRIBUTE_get0_object((X509_ATTRIBUTE *)(uintptr_t)attr), 1);
    return strcmp(text, oid) == 0;
}

static const X509_ATTRIBUTE *find(const STACK_OF(X509_ATTRIBUTE) * attrs, const char *oid)
{
    const X509_ATTRIBUTE *found = NULL; /* the last one counts, as in the JDK */
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(attrs); i++)
        if (has_oid(sk_X509_ATTRIBUTE_value(attrs, i), oid))
            found = sk_X509_ATTRIBUTE_value(attrs, i);
    return found;
}

const ASN1_TYPE *mu_attr_value(const STACK_OF(X509_ATTRIBUTE) * attrs, const char *oid)
{
    const X509_ATTRIBUTE *attr = find(attrs, oid);
    return attr ? X509_ATTRIBUTE_get0_type((X509_ATTRIBUTE *)(uintptr_t)attr, 0) : NULL;
}

int mu_attrs_read(const STACK_OF(X509_ATTRIBUTE) * attrs, char **ret_name, mu_bytes *ret_id, bool *ret_trusted, mu_err **err)
{
    const ASN1_TYPE *name = mu_attr_value(attrs, OID_FRIENDLY_NAME), *id = mu_attr_value(attrs, OID_LOCAL_KEY_ID);
    if (name && name->type == V_ASN1_BMPSTRING) {
        mu_bytes text = mu_bytes_of(name->value.bmpstring);
        if (!(*ret_name = mu_bmp_text(text.data, text.len)))
            return mu_fail_nomem(err);
    }
    if (id && id->type == V_ASN1_OCTET_STRING) {
        mu_bytes value = mu_bytes_of(id->value.octet_string);
        if (mu_bytes_set(ret_id, value.data, value.len, err) != 0)
            return -1;
    }
    *ret_trusted = find(attrs, OID_TRUSTED_KEY_USAGE) != NULL;
    return 0;
}

static int push(STACK_OF(X509_ATTRIBUTE) * attrs, X509_ATTRIBUTE *attr)
{
    if (attr && sk_X509_ATTRIBUTE_push(attrs, attr) > 0)
        return 0;
    X509_ATTRIBUTE_free(attr);
    return -1;
}

static X509_ATTRIBUTE *make(const char *oid, int type, const void *data, int len)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    X509_ATTRIBUTE *attr = object ? X509_ATTRIBUTE_create_by_OBJ(NULL, object, type, data, len) : NULL;
    ASN1_OBJECT_free(object);
    return attr;
}

static X509_ATTRIBUTE *make_name(const char *name)
{
    unsigned char *utf16 = NULL;
    int len = 0;
    if (!OPENSSL_utf82uni(name, (int)strlen(name), &utf16, &len))
        return NULL;
    X509_ATTRIBUTE *attr = make(OID_FRIENDLY_NAME, V_ASN1_BMPSTRING, utf16, len - 2); /* a friendlyName has no terminator */
    OPENSSL_free(utf16);
    return attr;
}

static X509_ATTRIBUTE *make_trust(void)
{
    ASN1_OBJECT *any = OBJ_txt2obj(OID_ANY_USAGE, 1);
    X509_ATTRIBUTE *attr = any ? make(OID_TRUSTED_KEY_USAGE, V_ASN1_OBJECT, any, -1) : NULL;
    ASN1_OBJECT_free(any);
    return attr;
}

static bool is_ours(const X509_ATTRIBUTE *attr)
{
    return has_oid(attr, OID_FRIENDLY_NAME) || has_oid(attr, OID_LOCAL_KEY_ID) || has_oid(attr, OID_TRUSTED_KEY_USAGE);
}

/* A trusted entry keeps the usages it was given. */
static X509_ATTRIBUTE *trust_of(const STACK_OF(X509_ATTRIBUTE) * base)
{
    const X509_ATTRIBUTE *old = find(base, OID_TRUSTED_KEY_USAGE);
    return old ? X509_ATTRIBUTE_dup((X509_ATTRIBUTE *)(uintptr_t)old) : make_trust();
}

int mu_attrs_make(const STACK_OF(X509_ATTRIBUTE) * base, const char *name, const mu_bytes *id, bool trusted,
                  STACK_OF(X509_ATTRIBUTE) * *ret, mu_err **err)
{
    STACK_OF(X509_ATTRIBUTE) *attrs = sk_X509_ATTRIBUTE_new_null();
    mu_ossl_clear();
    if (!attrs)
        return mu_fail_nomem(err);
    int rc = name ? push(attrs, make_name(name)) : 0;
    if (rc == 0 && id && id->data)
        rc = push(attrs, make(OID_LOCAL_KEY_ID, V_ASN1_OCTET_STRING, id->data, (int)id->len));
    if (rc == 0 && trusted)
        rc = push(attrs, trust_of(base));
    for (int i = 0; rc == 0 && i < sk_X509_ATTRIBUTE_num(base); i++)
        if (!is_ours(sk_X509_ATTRIBUTE_value(base, i)))
            rc = push(attrs, X509_ATTRIBUTE_dup(sk_X509_ATTRIBUTE_value(base, i)));
    if (rc != 0) {
        mu_attrs_free(attrs);
        return mu_fail_ossl(err, MU_E_INTERNAL, "cannot make the attributes of a bag");
    }
    *ret = attrs;
    return 0;
}

STACK_OF(X509_ATTRIBUTE) * mu_attrs_dup(const STACK_OF(X509_ATTRIBUTE) * attrs)
{
    return sk_X509_ATTRIBUTE_deep_copy(attrs, (sk_X509_ATTRIBUTE_copyfunc)X509_ATTRIBUTE_dup, X509_ATTRIBUTE_free);
}

void mu_attrs_free(STACK_OF(X509_ATTRIBUTE) * attrs)
{
    sk_X509_ATTRIBUTE_pop_free(attrs, X509_ATTRIBUTE_free);
}

#include "keytool/print.h"

#include <stdlib.h>
#include <string.h>

/* How one extension is sorted: unknown kinds by OID, then the known by name, then those that do not parse. */
struct row {
    const X509_EXTENSION *ext;
    int group;
    char key[128];
};

static void make_row(const X509_EXTENSION *ext, struct row *row)
{
    const ASN1_OBJECT *oid = X509_EXTENSION_get_object((X509_EXTENSION *)ext);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data((X509_EXTENSION *)ext);
    const char *name = mu_kt_extension_name(OBJ_obj2nid(oid));
    char *text = NULL;
    size_t len;
    FILE *scratch = name ? open_memstream(&text, &len) : NULL;

    *row = (struct row){.ext = ext};
    if (scratch) {
        bool parsed = mu_kt_print_extension_body(scratch, OBJ_obj2nid(oid), ASN1_STRING_get0_data(value),
                                                 (size_t)ASN1_STRING_length(value));
        row->group = parsed ? 1 : 2;
        fclose(scratch);
        free(text);
        snprintf(row->key, sizeof row->key, "%s", name);
    } else {
        OBJ_obj2txt(row->key, sizeof row->key, oid, 1);
    }
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->group != y->group ? x->group - y->group : strcmp(x->key, y->key);
}

static void print_id(FILE *out, const X509_EXTENSION *ext)
{
    char text[128];
    OBJ_obj2txt(text, sizeof text, X509_EXTENSION_get_object((X509_EXTENSION *)ext), 1);
    fprintf(out, "ObjectId: %s Criticality=%s\n", text, X509_EXTENSION_get_critical(ext) ? "true" : "false");
}

static void print_row(FILE *out, const struct row *row)
{
    X509_EXTENSION *ext = (X509_EXTENSION *)row->ext;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
    const unsigned char *der = ASN1_STRING_get0_data(value);
    size_t len = (size_t)ASN1_STRING_length(value);

    print_id(out, ext);
    if (row->group == 1) {
        mu_kt_print_extension_body(out, OBJ_obj2nid(X509_EXTENSION_get_object(ext)), der, len);
    } else {
        if (row->group == 2)
            fprintf(out, "Unparseable %s extension due to\njava.io.IOException: it is damaged\n\n", row->key);
        if (len == 0)
            fputs("(Empty value)", out);
        mu_kt_print_dump(out, der, len);
        if (row->group == 0)
            fputc('\n', out);
    }
    fputc('\n', out);
}

/* In a CRL, what is not known is shown with the OCTET STRING around it. */
static void print_crl_row(FILE *out, const struct row *row)
{
    X509_EXTENSION *ext = (X509_EXTENSION *)row->ext;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
    unsigned char *der = NULL;
    int len;

    print_id(out, ext);
    if (row->group == 1) {
        mu_kt_print_extension_body(out, OBJ_obj2nid(X509_EXTENSION_get_object(ext)), ASN1_STRING_get0_data(value),
                                   (size_t)ASN1_STRING_length(value));
        return;
    }
    len = i2d_ASN1_OCTET_STRING((ASN1_OCTET_STRING *)value, &der);
    fputs("Extension unknown: DER encoded OCTET string =\n", out);
    if (len > 0)
        mu_kt_print_dump(out, der, (size_t)len);
    fputc('\n', out);
    OPENSSL_free(der);
}

/* In the JDK's order. Owned by the caller (free); NULL when out of memory. */
static struct row *sorted(const STACK_OF(X509_EXTENSION) *list)
{
    int count = sk_X509_EXTENSION_num(list);
    struct row *rows = calloc((size_t)(count > 0 ? count : 0) + 1, sizeof *rows);

    for (int i = 0; rows && i < count; i++)
        make_row(sk_X509_EXTENSION_value(list, i), &rows[i]);
    if (rows && count > 0)
        qsort(rows, (size_t)count, sizeof *rows, compare);
    return rows;
}

void mu_kt_print_extensions(FILE *out, const char *title, const STACK_OF(X509_EXTENSION) *list)
{
    struct row *rows = sorted(list);

    for (int i = 0; rows && i < sk_X509_EXTENSION_num(list); i++) {
        if (i == 0)
            fprintf(out, "\n%s\n\n", title);
        fprintf(out, "#%d: ", i + 1);
        print_row(out, &rows[i]);
    }
    free(rows);
}

void mu_kt_print_crl_extensions(FILE *out, const char *title, const char *indent, const STACK_OF(X509_EXTENSION) *list)
{
    struct row *rows = sorted(list);
    int count = sk_X509_EXTENSION_num(list);

    if (count > 0)
        fprintf(out, "\n%s: %d", title, count);
    for (int i = 0; rows && i < count; i++) {
        fprintf(out, "\n%s[%d]: ", indent, i + 1);
        print_crl_row(out, &rows[i]);
    }
    free(rows);
}

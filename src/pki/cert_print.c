/* A certificate for people: facts in a fixed order, every foreign byte escaped. */
#include "pki/print.h"
#include "base/clock.h"
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUE_BYTES 400 /* of an extension we have no words for */

struct printer {
    mu_buf *out;
    const X509 *cert;
    int indent;
};

static void line(const struct printer *p, const char *label, const char *text)
{
    mu_buf_addf(p->out, "%*s%-12s %s\n", p->indent, "", label, text ? text : "?");
}

/* As line, and the text is freed. */
static void line_free(const struct printer *p, const char *label, char *text)
{
    line(p, label, text);
    free(text);
}

char *mu_cert_key_usage_text(const X509 *cert)
{
    static const char *const names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
                                        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly"};
    uint32_t usage = mu_cert_key_usage(cert);
    mu_buf out;

    if (usage == UINT32_MAX)
        return mu_strdup("any");
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (unsigned bit = 0; bit < sizeof names / sizeof *names; bit++)
        if (bit < 8 ? usage & 0x80u >> bit : usage & 0x8000u) /* KU_…: most significant bit first, two bytes */
            mu_buf_addf(&out, "%s%s", out.len ? ", " : "", names[bit]);
    return mu_buf_steal(&out);
}

static void add_purpose(mu_buf *out, const ASN1_OBJECT *purpose)
{
    char oid[64];
    int nid = OBJ_obj2nid(purpose);
    OBJ_obj2txt(oid, sizeof oid, purpose, 1);
    const char *name = nid == NID_anyExtendedKeyUsage ? "anyExtendedKeyUsage" : nid != NID_undef ? OBJ_nid2sn(nid) : oid;
    mu_buf_addf(out, "%s%s", out->len ? ", " : "", name);
}

char *mu_cert_ext_usage_text(const X509 *cert)
{
    int critical;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, &critical, NULL);
    mu_buf out;

    mu_ossl_clear();
    if (!usages)
        return mu_strdup(critical == -1 ? "any" : "unreadable");
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
        add_purpose(&out, sk_ASN1_OBJECT_value(usages, i));
    EXTENDED_KEY_USAGE_free(usages);
    return mu_buf_steal(&out);
}

static void print_validity(const struct printer *p, int64_t now_s)
{
    char from[32], to[32], span[32];
    int64_t from_s = mu_cert_not_before_s(p->cert), to_s = mu_cert_not_after_s(p->cert);

    mu_buf_addf(p->out, "%*s%-12s %s to %s", p->indent, "", "valid", mu_time_text(from_s, from), mu_time_text(to_s, to));
    if (from_s == INT64_MIN || to_s == INT64_MIN)
        mu_buf_add_str(p->out, " (unreadable)");
    else if (now_s != INT64_MIN && now_s > to_s)
        mu_buf_addf(p->out, " (expired for %s)", mu_duration_text(now_s - to_s, span));
    else if (now_s != INT64_MIN && now_s < from_s)
        mu_buf_addf(p->out, " (begins in %s)", mu_duration_text(from_s - now_s, span));
    else if (now_s != INT64_MIN)
        mu_buf_addf(p->out, " (%s left)", mu_duration_text(to_s - now_s, span));
    mu_buf_add_byte(p->out, '\n');
}

static void print_key(const struct printer *p)
{
    const EVP_PKEY *key = X509_get0_pubkey(p->cert);
    const ASN1_OBJECT *algorithm;
    char name[80];

    mu_ossl_clear();
    line_free(p, "key", key ? mu_key_describe(key) : mu_strdup("unreadable"));
    X509_ALGOR_get0(&algorithm, NULL, NULL, X509_get0_tbs_sigalg(p->cert));
    OBJ_obj2txt(name, sizeof name, algorithm, 0);
    line(p, "signature", name);
}

static void print_fingerprint(const struct printer *p, const char *label, const EVP_MD *md)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    mu_buf text;

    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    if (X509_digest(p->cert, md, digest, &len))
        for (unsigned i = 0; i < len; i++)
            mu_buf_addf(&text, i ? ":%02X" : "%02X", digest[i]);
    mu_ossl_clear();
    if (text.len > 0)
        line(p, label, mu_buf_text(&text));
    mu_buf_free(&text);
}

/* OpenSSL's own words for an extension, on one line: its line breaks become "; ", what the certificate says is escaped. */
static void add_ext_value(mu_buf *out, const X509_EXTENSION *ext)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool first = true;

    if (bio && X509V3_EXT_print(bio, (X509_EXTENSION *)ext, X509V3_EXT_ERROR_UNKNOWN, 0) == 1) {
        size_t len = (size_t)BIO_get_mem_data(bio, &text), end = len < MAX_VALUE_BYTES ? len : MAX_VALUE_BYTES;
        for (size_t i = 0; i < end;) {
            const char *eol = memchr(text + i, '\n', end - i);
            size_t n = eol ? (size_t)(eol - text) - i : end - i, skip = 0;
            while (skip < n && text[i + skip] == ' ')
                skip++;
            if (n > skip) {
                mu_buf_add_str(out, first ? "" : "; ");
                mu_escape(out, text + i + skip, n - skip);
                first = false;
            }
            i += n + 1;
        }
        mu_buf_add_str(out, len > end ? " …" : "");
    } else {
        mu_buf_addf(out, "%d bytes", ASN1_STRING_length(mu_ext_data(ext)));
    }
    BIO_free(bio);
    mu_ossl_clear();
}

/* Those that have a line of their own. */
static bool is_told(int nid)
{
    return nid == NID_basic_constraints || nid == NID_key_usage || nid == NID_ext_key_usage || nid == NID_subject_alt_name;
}

static void print_extensions(const struct printer *p)
{
    for (int i = 0; i < X509_get_ext_count(p->cert); i++) {
        const X509_EXTENSION *ext = X509_get_ext(p->cert, i);
        const ASN1_OBJECT *type = mu_ext_object(ext);
        int nid = OBJ_obj2nid(type);
        char name[80];

        if (is_told(nid))
            continue;
        OBJ_obj2txt(name, sizeof name, type, 1);
        mu_buf_addf(p->out, "%*s%-12s %s%s: ", p->indent, "", "extension", nid ? OBJ_nid2sn(nid) : name,
                    X509_EXTENSION_get_critical(ext) ? " (critical)" : "");
        add_ext_value(p->out, ext);
        mu_buf_add_byte(p->out, '\n');
    }
}

static void print_ca(const struct printer *p)
{
    long pathlen;
    mu_cert_basic_constraints(p->cert, &pathlen);
    if (!mu_cert_is_ca(p->cert))
        line(p, "CA", "no");
    else if (pathlen < 0)
        line(p, "CA", "yes");
    else
        mu_buf_addf(p->out, "%*s%-12s yes, at most %ld below it\n", p->indent, "", "CA", pathlen);
}

void mu_cert_print(mu_buf *out, const X509 *cert, int64_t now_s, int indent)
{
    const struct printer p = {out, cert, indent};
    char *names = mu_cert_san_text(cert);

    line_free(&p, "subject", mu_name_text(X509_get_subject_name(cert)));
    line_free(&p, "issuer", mu_name_text(X509_get_issuer_name(cert)));
    line_free(&p, "serial", mu_cert_serial(cert));
    print_validity(&p, now_s);
    line(&p, "names", names && *names ? names : "none");
    print_ca(&p);
    line_free(&p, "key usage", mu_cert_key_usage_text(cert));
    line_free(&p, "purposes", mu_cert_ext_usage_text(cert));
    print_key(&p);
    print_fingerprint(&p, "SHA-256", EVP_sha256());
    print_fingerprint(&p, "SHA-1", EVP_sha1());
    print_extensions(&p);
    free(names);
}

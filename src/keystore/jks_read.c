/* Source: OpenJDK sun/security/provider/JavaKeyStore.java and com/sun/crypto/provider/JceKeyStore.java. */
#include "java_serial.h"

#define TAG_KEY 1
#define TAG_TRUSTED 2
#define TAG_SECRET 3
#define VERSION_MAX 2
#define MIN_ENTRY_LEN 14 /* tag, alias, date */

struct reader {
    mu_store *store;
    mu_java_in in;
    uint64_t version;
    size_t certs; /* read so far: a hostile file could hold any number in one chain */
};

static int check_cert_type(mu_bytes type, mu_err **err)
{
    char *shown;
    if ((type.len == 5 && memcmp(type.data, "X.509", 5) == 0) || (type.len == 4 && memcmp(type.data, "X509", 4) == 0))
        return 0;
    shown = mu_escape_dup(type.data, type.len);
    mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "a certificate in the store is not of type X.509");
    mu_err_detail(err, "type \"%s\"", shown ? shown : "");
    free(shown);
    return -1;
}

static int read_cert(struct reader *r, STACK_OF(X509) *chain, mu_err **err)
{
    mu_bytes type, der;
    size_t at = r->in.pos;
    if (mu_store_check_entries(r->store, ++r->certs, err) != 0 ||
        (r->version == VERSION_MAX && (mu_java_utf(&r->in, &type, err) != 0 || check_cert_type(type, err) != 0)) ||
        mu_java_block(&r->in, &der, err) != 0)
        return -1;
    mu_ossl_clear();
    X509 *cert = mu_cert_from_der(r->store->crypt.libctx, der.data, der.len);
    if (!cert) {
        mu_fail_ossl(err, MU_E_STORE_DAMAGED, "a certificate in the store cannot be decoded");
        return mu_err_detail(err, "offset %zu", at);
    }
    if (sk_X509_push(chain, cert))
        return 0;
    X509_free(cert);
    return mu_fail_nomem(err);
}

static int read_key(struct reader *r, mu_entry *entry, mu_err **err)
{
    mu_bytes shrouded;
    uint64_t count;
    if (mu_java_block(&r->in, &shrouded, err) != 0 || mu_java_number(&r->in, 4, &count, err) != 0 ||
        mu_bytes_set(&entry->payload, shrouded.data, shrouded.len, err) != 0)
        return -1;
    entry->form = MU_KEY_SHROUDED;
    for (uint64_t i = 0; i < count; i++)
        if (read_cert(r, entry->chain, err) != 0)
            return -1;
    return 0;
}

/* The object's end is known only after it has been read; it is kept as it stands. */
static int read_secret(struct reader *r, mu_entry *entry, mu_err **err)
{
    mu_java_sealed sealed;
    size_t start = r->in.pos;
    if (mu_java_sealed_read(&r->in, &sealed, err) != 0)
        return -1;
    return mu_bytes_set(&entry->payload, r->in.data + start, r->in.pos - start, err);
}

/* A JVM's own stores hold lower case; CaseExactJKS, the same format, does not, and then nothing may be lost. */
static int keep_case(mu_entry *entry, char *alias, mu_err **err)
{
    if (strcmp(entry->alias, alias) == 0)
        return 0;
    char *copy = mu_strdup(alias);
    if (!copy)
        return mu_fail_nomem(err);
    free(entry->alias);
    entry->alias = copy;
    return 0;
}

static int fill_entry(struct reader *r, uint64_t tag, mu_entry *entry, char *alias, mu_err **err)
{
    int rc = keep_case(entry, alias, err);
    if (rc == 0)
        rc = tag == TAG_KEY       ? read_key(r, entry, err)
             : tag == TAG_TRUSTED ? read_cert(r, entry->chain, err)
                                  : read_secret(r, entry, err);
    if (rc == 0)
        return mu_store_put_exact(r->store, entry, err);
    mu_entry_free(entry);
    return -1;
}

static int read_entry(struct reader *r, mu_err **err)
{
    uint64_t tag, date;
    mu_bytes utf;
    size_t at = r->in.pos;
    if (mu_java_number(&r->in, 4, &tag, err) != 0)
        return -1;
    if (tag < TAG_KEY || tag > (r->store->type == MU_STORE_JCEKS ? TAG_SECRET : TAG_TRUSTED)) {
        mu_fail(err, MU_E_STORE_DAMAGED, "an entry of the store is of no known kind");
        return mu_err_detail(err, "kind %llu at offset %zu", (unsigned long long)tag, at);
    }
    if (mu_java_utf(&r->in, &utf, err) != 0 || mu_java_number(&r->in, 8, &date, err) != 0)
        return -1;
    char *alias = mu_java_utf_text(utf);
    mu_entry *entry = alias ? mu_entry_new(r->store,
                                           tag == TAG_KEY       ? MU_ENTRY_KEY
                                           : tag == TAG_TRUSTED ? MU_ENTRY_TRUSTED
                                                                : MU_ENTRY_SECRET,
                                           alias)
                            : NULL;
    int rc = entry ? 0 : mu_fail_nomem(err);
    if (rc == 0) {
        entry->created_ms = date <= INT64_MAX ? (int64_t)date : -1;
        rc = fill_entry(r, tag, entry, alias, err);
    }
    free(alias);
    return rc;
}

static int check_digest(struct reader *r, mu_err **err)
{
    mu_store *store = r->store;
    mu_bytes found, content = {(uint8_t *)(uintptr_t)r->in.data, r->in.pos};
    uint8_t digest[MU_JKS_DIGEST_LEN];
    if (mu_java_bytes(&r->in, sizeof digest, &found, err) != 0)
        return -1;
    if (!store->password.value)
        return 0;
    if (mu_jks_digest(&store->crypt, store->password.value, content, digest, err) != 0)
        return -1;
    if (CRYPTO_memcmp(digest, found.data, sizeof digest) == 0)
        return 0;
    return mu_fail(err, MU_E_STORE_WRONG_PASSWORD, "the password is wrong, or the file was altered: its digest does not match");
}

int mu_jks_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    struct reader r = {.store = store, .in = {.data = data, .len = len}};
    uint64_t magic, count;
    if (mu_java_number(&r.in, 4, &magic, err) != 0 || mu_java_number(&r.in, 4, &r.version, err) != 0 ||
        mu_java_number(&r.in, 4, &count, err) != 0)
        return -1;
    if (r.version < 1 || r.version > VERSION_MAX) {
        mu_fail(err, MU_E_STORE_DAMAGED, "the %s store is neither of version 1 nor 2", mu_store_type_name(store->type));
        return mu_err_detail(err, "version %llu", (unsigned long long)r.version);
    }
    if (mu_store_check_entries(store, count, err) != 0)
        return -1;
    if (count > (len - r.in.pos) / MIN_ENTRY_LEN)
        return mu_java_damaged(&r.in, err, "the store is cut off, or its number of entries is wrong");
    for (uint64_t i = 0; i < count; i++)
        if (read_entry(&r, err) != 0)
            return -1;
    if (check_digest(&r, err) != 0) /* what follows is ignored, as by the JDK */
        return -1;
    free(store->protection);
    store->protection = mu_strdup("SHA-1 digest; certificates not encrypted");
    return store->protection ? 0 : mu_fail_nomem(err);
}

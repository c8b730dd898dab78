#include "keystore_internal.h"
#include "store_bytes.h"
#include "store_set.h"

static int read_by_type(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    switch (store->type) {
    case MU_STORE_PKCS12:
        return mu_p12_read(store, data, len, err);
    case MU_STORE_PEM:
        return mu_pem_read(store, data, len, err);
    default:
        return mu_jks_read(store, data, len, err);
    }
}

static int not_a_store(const uint8_t *data, size_t len, mu_store_type declared, mu_err **err)
{
    const char *foreign = mu_store_foreign(data, len);
    if (len == 0)
        return mu_fail(err, MU_E_STORE_DAMAGED, "the store is empty: it has no bytes");
    if (declared == MU_STORE_PEM || (len > 1 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff))))
        return mu_pem_check_text(data, len, err) != 0 ? -1 : mu_fail(err, MU_E_PEM_GARBAGE, "there is no PEM block");
    if (foreign) {
        mu_fail(err, MU_E_STORE_WRONG_TYPE, "this is a %s store of Bouncy Castle, which is not read", foreign);
        return mu_err_hint(err,
                           "Convert it where Bouncy Castle is: keytool -importkeystore -srckeystore FILE -srcstoretype %s "
                           "-destkeystore new.p12 -deststoretype PKCS12 -providerpath bcprov.jar "
                           "-providerclass org.bouncycastle.jce.provider.BouncyCastleProvider",
                           foreign);
    }
    mu_fail(err, MU_E_STORE_WRONG_TYPE, "this is neither a PKCS12, JKS nor JCEKS store, nor PEM");
    if (len >= 4)
        mu_err_detail(err, "it begins with %02x %02x %02x %02x", data[0], data[1], data[2], data[3]);
    return -1;
}

static int parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, const mu_store_options *options, STACK_OF(X509) *known,
                 mu_store **ret_store, mu_err **err)
{
    static const mu_store_options defaults;
    const mu_store_options *o = options ? options : &defaults;
    mu_store_type type = mu_store_detect(data, len);
    if (type == MU_STORE_AUTO)
        return not_a_store(data, len, o->type, err);
    bool mismatch = o->type != MU_STORE_AUTO && o->type != type;
    /* A JVM that is told so takes JKS for JCEKS, and writes JCEKS. */
    mu_store *store = mu_store_alloc(libctx, mismatch && type == MU_STORE_JKS && o->type == MU_STORE_JCEKS ? o->type : type, &o->limits);
    if (!store)
        return mu_fail_nomem(err);
    store->was_read = true;
    store->mismatch = mismatch;
    store->known = known;
    int rc = len > store->limits.max_bytes
                 ? mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the store is larger than %zu bytes", store->limits.max_bytes)
             : o->password ? mu_secret_set(&store->password, o->password, strlen(o->password), err)
                           : 0;
    if (rc == 0)
        rc = read_by_type(store, data, len, err);
    store->known = NULL;
    if (rc == 0)
        *ret_store = store;
    else
        mu_store_free(store);
    return rc;
}

int mu_store_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, const mu_store_options *options, mu_store **ret_store,
                   mu_err **err)
{
    return parse(libctx, data, len, options, NULL, ret_store, err);
}

static int set_path(mu_store *store, const char *path, mu_err **err)
{
    char *copy = mu_strdup(path);
    if (!copy)
        return mu_fail_nomem(err);
    free(store->path);
    store->path = copy;
    return 0;
}

/* "keystore password was incorrect" is no help without the file's name. */
static int name_file(const char *path, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    if (err && (*err)->code != MU_E_OUT_OF_MEMORY) { /* that one is not ours to change */
        char *msg = mu_asprintf("cannot read the store \"%s\": %s", mu_escape_to(shown, path), (*err)->msg);
        if (msg) {
            free((*err)->msg);
            (*err)->msg = msg;
        }
    }
    return -1;
}

/* The base name without its last suffix: what a key in a PEM file is called. */
static char *stem(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return dot && dot > base ? mu_strndup(base, (size_t)(dot - base)) : mu_strdup(base);
}

/* One key in a PEM file goes by the file's name, which says more than "1". */
static int name_pem_key(mu_store *store, const char *path, mu_err **err)
{
    if (store->type != MU_STORE_PEM || store->count != 1 || store->entries[0]->kind != MU_ENTRY_KEY)
        return 0;
    mu_entry *entry = store->entries[0];
    char *name = stem(path), *folded = name ? mu_alias_fold(name) : NULL, *alias = folded ? mu_strdup(folded) : NULL;
    free(name);
    if (!alias) {
        free(folded);
        return mu_fail_nomem(err);
    }
    free(entry->alias);
    free(entry->folded);
    entry->alias = alias;
    entry->folded = folded;
    entry->hash = mu_alias_hash(folded);
    return mu_store_reindex(store, err);
}

int mu_store_bytes_read(const char *path, size_t max_bytes, mu_store_bytes *ret, mu_err **err)
{
    *ret = (mu_store_bytes){.path = path};
    mu_buf_init_secret(&ret->data, max_bytes + 1);
    return mu_file_read(path, max_bytes, &ret->data, &ret->stamp, err);
}

void mu_store_bytes_done(mu_store_bytes *bytes)
{
    mu_buf_free(&bytes->data);
}

int mu_store_bytes_open(OSSL_LIB_CTX *libctx, const mu_store_bytes *bytes, const mu_store_options *options, mu_store **ret_store,
                        mu_err **err)
{
    mu_store *store = NULL;
    const uint8_t *data = bytes->data.data ? bytes->data.data : (const uint8_t *)"";
    if (mu_store_parse(libctx, data, bytes->data.len, options, &store, err) != 0)
        return name_file(bytes->path, err);
    if (set_path(store, bytes->path, err) != 0 || name_pem_key(store, bytes->path, err) != 0) {
        mu_store_free(store);
        return -1;
    }
    store->stamp = bytes->stamp;
    *ret_store = store;
    return 0;
}

int mu_store_open(OSSL_LIB_CTX *libctx, const char *path, const mu_store_options *options, mu_store **ret_store, mu_err **err)
{
    size_t max_bytes = options && options->limits.max_bytes ? options->limits.max_bytes : MU_STORE_MAX_BYTES;
    mu_store_bytes bytes;
    int rc = mu_store_bytes_read(path, max_bytes, &bytes, err);
    if (rc == 0)
        rc = mu_store_bytes_open(libctx, &bytes, options, ret_store, err);
    mu_store_bytes_done(&bytes);
    return rc;
}

static int encode(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err)
{
    static const mu_store_write_options defaults;
    const mu_store_write_options *o = options ? options : &defaults;
    return store->type == MU_STORE_PEM      ? mu_pem_write(store, o, ret, err)
           : store->type == MU_STORE_PKCS12 ? mu_p12_write(store, o, ret, err)
                                            : mu_jks_write(store, o, ret, err);
}

int mu_store_encode(mu_store *store, const mu_store_write_options *options, uint8_t **ret_data, size_t *ret_len, mu_err **err)
{
    mu_bytes bytes = {NULL, 0};
    if (encode(store, options, &bytes, err) != 0)
        return -1;
    *ret_data = bytes.data;
    *ret_len = bytes.len;
    return 0;
}

static bool holds_secret(const mu_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->entries[i]->kind != MU_ENTRY_TRUSTED)
            return true;
    return false;
}

/* Borrowed certificates, in the order in which they are written; NULL when out of memory. */
static STACK_OF(X509) *certs_of(const mu_store *store)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    for (size_t i = 0; certs && i < store->count; i++)
        for (int j = 0; certs && j < sk_X509_num(store->entries[i]->chain); j++)
            if (!sk_X509_push(certs, sk_X509_value(store->entries[i]->chain, j))) {
                sk_X509_free(certs);
                certs = NULL;
            }
    return certs;
}

/* What we are about to put in place of a good file must be readable, with the same entries. */
static int check_encoded(mu_store *store, mu_bytes bytes, mu_err **err)
{
    mu_store *again = NULL;
    STACK_OF(X509) *certs;
    mu_store_options options = {.password = store->password.value, .limits = store->limits};
    options.limits.max_kdf_iterations = UINT64_MAX;
    if (bytes.len == 0 && store->count == 0)
        return 0;
    if (!(certs = certs_of(store)))
        return mu_fail_nomem(err);
    int rc = parse(store->crypt.libctx, bytes.data, bytes.len, &options, certs, &again, err);
    sk_X509_free(certs);
    if (rc != 0)
        return mu_wrap(err, MU_E_INTERNAL, "the store that was made cannot be read back");
    rc = again->count == store->count ? 0 : mu_fail(err, MU_E_INTERNAL, "the store that was made has other entries");
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        if (store->type != MU_STORE_PEM && !mu_store_find_folded(again, store->entries[i]->folded))
            rc = mu_fail(err, MU_E_INTERNAL, "the store that was made has other entries");
    mu_store_free(again);
    return rc;
}

static int encode_checked(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err)
{
    return encode(store, options, ret, err) != 0 || check_encoded(store, *ret, err) != 0 ? -1 : 0;
}

int mu_store_save(mu_store *store, const char *path, const mu_store_write_options *options, mu_err **err)
{
    mu_bytes bytes = {NULL, 0};
    mu_file_stamp absent = {.exists = false}, written;
    mu_file_replace_options replace = {.new_mode = mu_file_mode(holds_secret(store)),
                                       .stamp = strcmp(path, store->path) == 0 ? &store->stamp : &absent};
    char *copy = mu_strdup(path);
    int rc = copy ? encode_checked(store, options, &bytes, err) : mu_fail_nomem(err);
    if (rc == 0)
        rc = mu_file_stamp_of(bytes.data, bytes.len, &written, err);
    if (rc == 0)
        rc = mu_file_replace(path, bytes.data, bytes.len, &replace, err);
    if (rc == 0) { /* what stands there now is what the next save replaces; from here on nothing can fail */
        store->stamp = written;
        free(store->path);
        store->path = copy;
        copy = NULL;
    }
    free(copy);
    mu_bytes_clear(&bytes);
    return rc;
}

int mu_store_replaces(mu_store *store, const mu_store *old, const char *path, mu_err **err)
{
    store->stamp = old->stamp;
    return set_path(store, path, err);
}

int mu_store_save_in(mu_store *store, mu_file_set *set, size_t index, const mu_store_write_options *options, mu_err **err)
{
    mu_bytes bytes = {NULL, 0};
    const mu_file_stamp absent = {.exists = false};
    const mu_file_replace_options replace = {.new_mode = mu_file_mode(holds_secret(store)),
                                             .stamp = *store->path ? &store->stamp : &absent};
    int rc = encode_checked(store, options, &bytes, err);
    if (rc == 0)
        rc = mu_file_set_write(set, index, bytes.data, bytes.len, &replace, err);
    mu_bytes_clear(&bytes);
    return rc;
}

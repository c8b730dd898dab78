#include "java_data.h"

#include <limits.h>

#define VERSION 2
#define JKS_MAGIC 0xfeedfeedu
#define JCEKS_MAGIC 0xcecececeu
#define JCEKS_ITERATIONS 200000 /* the JDK's default */

struct writer {
    mu_store *store;
    const char *password;
    mu_pbe pbe;
    mu_buf out;
};

static int add_cert(struct writer *w, const X509 *cert, mu_err **err)
{
    mu_bytes der = {NULL, 0};
    if (mu_java_add_utf(&w->out, "X.509", err) != 0 || mu_item_write(cert, ASN1_ITEM_rptr(X509), &der, err) != 0)
        return -1;
    mu_java_add_block(&w->out, der.data, der.len);
    mu_bytes_clear(&der);
    return 0;
}

static int add_key(struct writer *w, mu_entry *entry, mu_err **err)
{
    mu_bytes p8 = {NULL, 0}, shrouded = {NULL, 0};
    int rc = 0;
    if (entry->form != MU_KEY_SHROUDED) {
        rc = mu_entry_p8(entry, NULL, &p8, err);
        if (rc == 0)
            rc = mu_p8_shroud(&w->store->crypt, &w->pbe, mu_entry_password(entry, w->password), p8, &shrouded, err);
        mu_bytes_clear(&p8);
    }
    if (rc == 0) {
        const mu_bytes *key = shrouded.data ? &shrouded : &entry->payload;
        mu_java_add_block(&w->out, key->data, key->len);
        mu_java_add_number(&w->out, 4, (uint64_t)sk_X509_num(entry->chain));
    }
    mu_bytes_clear(&shrouded);
    for (int i = 0; rc == 0 && i < sk_X509_num(entry->chain); i++)
        rc = add_cert(w, sk_X509_value(entry->chain, i), err);
    return rc;
}

static int add_secret(struct writer *w, mu_entry *entry, mu_err **err)
{
    mu_bytes sealed = {NULL, 0};
    if (entry->payload.data) {
        mu_buf_add(&w->out, entry->payload.data, entry->payload.len);
        return 0;
    }
    if (mu_jceks_seal(&w->store->crypt, w->pbe.iterations, mu_entry_password(entry, w->password), entry->algorithm, entry->secret,
                      &sealed, err) != 0)
        return -1;
    mu_buf_add(&w->out, sealed.data, sealed.len);
    mu_bytes_clear(&sealed);
    return 0;
}

static int add_entry(struct writer *w, mu_entry *entry, mu_err **err)
{
    mu_java_add_number(&w->out, 4, entry->kind == MU_ENTRY_KEY ? 1 : entry->kind == MU_ENTRY_TRUSTED ? 2 : 3);
    if (mu_java_add_utf(&w->out, entry->alias, err) != 0)
        return -1;
    mu_java_add_number(&w->out, 8, entry->created_ms < 0 ? 0 : (uint64_t)entry->created_ms);
    return entry->kind == MU_ENTRY_KEY       ? add_key(w, entry, err)
           : entry->kind == MU_ENTRY_TRUSTED ? add_cert(w, sk_X509_value(entry->chain, 0), err)
                                             : add_secret(w, entry, err);
}

static int write_all(struct writer *w, mu_bytes *ret, mu_err **err)
{
    const mu_store *store = w->store;
    uint8_t digest[MU_JKS_DIGEST_LEN];
    mu_java_add_number(&w->out, 4, store->type == MU_STORE_JKS ? JKS_MAGIC : JCEKS_MAGIC);
    mu_java_add_number(&w->out, 4, VERSION);
    mu_java_add_number(&w->out, 4, store->count);
    for (size_t i = 0; i < store->count; i++)
        if (add_entry(w, store->entries[i], err) != 0)
            return -1;
    if (w->out.failed)
        return mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the store becomes too large");
    if (mu_jks_digest(&w->store->crypt, w->password, (mu_bytes){w->out.data, w->out.len}, digest, err) != 0)
        return -1;
    mu_buf_add(&w->out, digest, sizeof digest);
    return w->out.failed ? mu_fail_nomem(err) : mu_bytes_set(ret, w->out.data, w->out.len, err);
}

int mu_jks_write(mu_store *store, const mu_store_write_options *options, mu_bytes *ret, mu_err **err)
{
    struct writer w = {.store = store,
                       .password = options->password ? options->password : store->password.value,
                       .pbe = {.sun = store->type, .iterations = options->iterations ? options->iterations : JCEKS_ITERATIONS}};
    if (!w.password)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a password is needed to write this store");
    if (options->iterations < 0 || options->iterations > MU_MAX_ITERATIONS)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "iterations must be 1 to %d", MU_MAX_ITERATIONS);
    mu_buf_init_secret(&w.out, store->limits.max_bytes);
    int rc = write_all(&w, ret, err);
    mu_buf_free(&w.out);
    if (rc == 0 && w.password != store->password.value &&
        (rc = mu_secret_set(&store->password, w.password, strlen(w.password), err)) != 0)
        mu_bytes_clear(ret);
    return rc;
}

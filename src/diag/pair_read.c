#include "diag/pair.h"

#include "base/file.h"
#include "config/password.h"
#include "keystore/store_bytes.h"

#include <stdlib.h>
#include <string.h>

#define PEM_MAX_BYTES (64u << 20)

/* ---- files ---- */

/* Certificate and key in two PEM files are read as if they were one, and as a server reads them: in the order of the file. */
static void read_pem_pair(const mu_pair *pair, mu_pair_side *side, mu_given *g)
{
    const mu_store_settings *s = side->settings;
    const mu_store_options options = {.password = side->key_password.value};
    const bool two = s->certificate_private_key && strcmp(s->certificate, s->certificate_private_key) != 0;
    mu_buf certs, keys;

    mu_buf_init_secret(&certs, 2 * PEM_MAX_BYTES);
    mu_buf_init_secret(&keys, PEM_MAX_BYTES);
    if (mu_file_read(s->certificate, PEM_MAX_BYTES, &certs, NULL, &g->err) == 0 &&
        (!two || mu_file_read(s->certificate_private_key, PEM_MAX_BYTES, &keys, NULL, &g->err) == 0)) {
        mu_settings_identity_pem(pair->libctx,
                                 &(mu_store_settings){.certificate = s->certificate,
                                                      .key_password = s->key_password,
                                                      .certificate_private_key = s->certificate_private_key,
                                                      .no_questions = true},
                                 &certs, two ? &keys : &certs, &side->identity, &side->identity_err);
        mu_buf_add_str(&certs, "\n");
        mu_buf_add(&certs, keys.data, keys.len);
        if (mu_store_parse(pair->libctx, certs.data, certs.len, &options, &g->store, &g->err) != 0) {
            mu_identity_free(side->identity);
            mu_err_free(side->identity_err);
            side->identity = NULL;
            side->identity_err = NULL;
        }
    }
    mu_buf_free(&certs);
    mu_buf_free(&keys);
}

static void open_with(const mu_pair *pair, const mu_store_bytes *bytes, mu_given *g)
{
    mu_store_options options = {.password = g->password.value};
    mu_err_free(g->err);
    mu_store_free(g->store);
    g->err = NULL;
    g->store = NULL;
    mu_store_bytes_open(pair->libctx, bytes, &options, &g->store, &g->err);
}

/* Without a password that was given: what opens without is read without, and asked for is what may be needed. */
static int open_given(const mu_pair *pair, mu_given *g, bool no_questions, mu_err **err)
{
    mu_store_bytes bytes;
    if (g->spec && mu_password_resolve(g->spec, g->path, &g->password, err) != 0)
        return -1;
    if (mu_store_bytes_read(g->path, MU_STORE_MAX_BYTES, &bytes, &g->err) != 0)
        goto out;
    open_with(pair, &bytes, g);
    bool wanted = g->store ? mu_store_has_skipped(g->store) || (g->keys && mu_store_get_type(g->store) != MU_STORE_PEM)
                           : mu_password_is_wanted(g->err);
    if (!g->spec && wanted && !no_questions && mu_password_resolve(NULL, g->path, &g->password, NULL) == 0)
        open_with(pair, &bytes, g);
out:
    mu_store_bytes_done(&bytes);
    return 0;
}

static int read_given(const mu_pair *pair, mu_pair_side *side, mu_given *g, mu_err **err)
{
    if (!g->path)
        return 0;
    mu_escape_to(g->shown, g->path);
    if (g->path == side->settings->certificate)
        read_pem_pair(pair, side, g);
    else if (open_given(pair, g, side->settings->no_questions, err) != 0)
        return -1;
    return g->store ? mu_store_facts_read(g->store, g->path, pair->at_s, false, &g->facts, err) : 0;
}

/* ---- identity ---- */

static size_t first_key(const mu_store *store)
{
    size_t i = 0;
    while (i < mu_store_count(store) && mu_entry_get_kind(mu_store_entry(store, i)) != MU_ENTRY_KEY)
        i++;
    return i;
}

/* The entry that is meant: whose certificate the identity has, else the alias that was given, else the first. */
static size_t find_entry(const mu_pair_side *side)
{
    const mu_store *store = side->keys.store;
    const X509 *leaf = side->identity ? mu_identity_get0_cert(side->identity) : NULL;
    const char *alias = side->settings->key_alias;
    for (size_t i = 0; i < mu_store_count(store); i++) {
        mu_entry *entry = mu_store_entry(store, i);
        bool named = alias && mu_str_eq_nocase(mu_entry_alias(entry), alias);
        if (mu_entry_get_kind(entry) == MU_ENTRY_KEY &&
            (leaf && !alias ? sk_X509_value(mu_entry_get0_chain(entry), 0) == leaf : named))
            return i;
    }
    return first_key(store);
}

/* A file with a key and certificates, none of which is the key's: that says more than that the first one is not. */
static void settle_mismatch(mu_pair_side *side)
{
    const mu_store *store = side->keys.store;
    if (side->identity_err && side->identity_err->code == MU_E_CHAIN_ORDER_WRONG &&
        sk_X509_num(mu_store_get0_loose_certs(store)) > 0 &&
        sk_X509_num(mu_entry_get0_chain(mu_store_entry(store, side->entry))) == 0) {
        mu_err_free(side->identity_err);
        side->identity_err = NULL;
        mu_fail(&side->identity_err, MU_E_KEY_CERT_MISMATCH,
                "\"%s\" has a private key and certificates, and none of them is the key's", side->keys.shown);
    }
}

/* Nobody gave one: that the key's differs from the store's would be a guess. */
static void settle_password(mu_pair_side *side)
{
    if (!side->identity_err || side->identity_err->code != MU_E_KEY_PASSWORD_DIFFERS || side->keys.password.value ||
        side->key_password.value)
        return;
    mu_err_free(side->identity_err);
    side->identity_err = NULL;
    mu_fail(&side->identity_err, MU_E_STORE_WRONG_PASSWORD, "the private key in \"%s\" is encrypted, and no password was given",
            side->keys.shown);
    mu_err_hint(&side->identity_err,
                "Give it: --%s-key-store-password env:NAME, file:NAME or prompt, or the variable MUTUAL_STORE_PASSWORD.",
                mu_found_at_name(side->at));
}

/* Of a chain whose first certificate is not the key's, what follows from the one that is. NULL: there is none, or out of memory. */
static STACK_OF(X509) *chain_of_key(mu_entry *entry, const char *password)
{
    STACK_OF(X509) *stored = mu_entry_get0_chain(entry), *chain = NULL;
    EVP_PKEY *key = NULL;
    if (mu_entry_get1_key(entry, password, &key, NULL) != 0)
        return NULL;
    for (int i = 0; !chain && i < sk_X509_num(stored); i++)
        if (mu_key_check_pair(sk_X509_value(stored, i), key, NULL) == 0)
            mu_chain_build(sk_X509_value(stored, i), stored, &chain, NULL);
    EVP_PKEY_free(key);
    return chain;
}

static int read_identity(const mu_pair *pair, mu_pair_side *side, mu_err **err)
{
    const mu_store_settings *s = side->settings;
    const mu_purpose purpose = side->at == MU_AT_SERVER ? MU_PURPOSE_SERVER : MU_PURPOSE_CLIENT;
    mu_given *g = &side->keys;
    char alias[MU_SHOWN_SIZE];

    if (!g->store)
        return 0;
    if (!s->certificate)
        mu_identity_from_store(g->store, s->key_alias, side->key_password.value, purpose, pair->at_s, &side->identity,
                               &side->identity_err);
    side->entry = find_entry(side);
    mu_entry *entry = mu_store_entry(g->store, side->entry);
    if (!entry)
        return 0;
    settle_mismatch(side);
    settle_password(side);
    mu_escape_to(alias, mu_entry_alias(entry));
    side->source = mu_asprintf("%s%s%s", g->shown, s->certificate ? "" : ", alias ", s->certificate ? "" : alias);
    STACK_OF(X509) *chain = side->identity ? mu_identity_get0_chain(side->identity) : mu_entry_get0_chain(entry);
    if (side->identity_err && side->identity_err->code == MU_E_CHAIN_ORDER_WRONG)
        side->chain = chain_of_key(entry, side->key_password.value);
    if (!side->chain && sk_X509_num(chain) > 0 && !(side->chain = X509_chain_up_ref(chain)))
        return mu_fail_nomem(err);
    return side->source ? 0 : mu_fail_nomem(err);
}

/* ---- trust ---- */

static int read_trust(mu_pair_side *side, mu_err **err)
{
    const mu_store *store = side->trusts.store;
    if (!(side->anchors = sk_X509_new_null()))
        return mu_fail_nomem(err);
    if (!store)
        return 0;
    for (size_t i = 0; i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        X509 *cert = mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? NULL : sk_X509_value(mu_entry_get0_chain(entry), 0);
        if (cert && !X509_add_cert(side->anchors, cert, X509_ADD_FLAG_UP_REF))
            return mu_fail_nomem(err);
    }
    if (mu_trust_new(side->trusts.path, &side->trust, err) != 0)
        return -1;
    if (mu_trust_add_store(side->trust, store, &side->trust_err) != 0) {
        mu_trust_free(side->trust);
        side->trust = NULL;
    }
    return 0;
}

/* ---- both ---- */

static int read_side(const mu_pair *pair, mu_pair_side *side, mu_err **err)
{
    const mu_store_settings *s = side->settings;
    side->keys = (mu_given){.path = s->key_store ? s->key_store : s->certificate,
                            .spec = s->key_store_password,
                            .type = s->key_store_type,
                            .at = side->at,
                            .keys = true};
    side->trusts = (mu_given){.path = s->trust_store ? s->trust_store : s->trust_certificate,
                              .spec = s->trust_store_password,
                              .type = s->trust_store_type,
                              .at = side->at};
    if (s->key_password && mu_password_resolve(s->key_password, side->keys.path, &side->key_password, err) != 0)
        return -1;
    return read_given(pair, side, &side->keys, err) != 0 || read_given(pair, side, &side->trusts, err) != 0 ||
                   read_identity(pair, side, err) != 0 || read_trust(side, err) != 0
               ? -1
               : 0;
}

/* Memory that runs out is nobody's fault to be found. */
static int check_memory(const mu_pair_side *side, mu_err **err)
{
    const mu_err *reasons[] = {side->keys.err, side->trusts.err, side->identity_err, side->trust_err};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i] && mu_err_has(reasons[i], MU_E_OUT_OF_MEMORY))
            return mu_fail_nomem(err);
    return 0;
}

int mu_pair_read(mu_pair *pair, const mu_store_settings *server, const mu_store_settings *client, mu_err **err)
{
    pair->server = (mu_pair_side){.at = MU_AT_SERVER, .settings = server};
    pair->client = (mu_pair_side){.at = MU_AT_CLIENT, .settings = client};
    return read_side(pair, &pair->server, err) != 0 || read_side(pair, &pair->client, err) != 0 ||
                   check_memory(&pair->server, err) != 0 || check_memory(&pair->client, err) != 0
               ? -1
               : 0;
}

static void given_done(mu_given *g)
{
    mu_secret_clear(&g->password);
    mu_store_facts_done(&g->facts);
    mu_store_free(g->store);
    mu_err_free(g->err);
}

void mu_pair_done(mu_pair *pair)
{
    mu_pair_side *sides[] = {&pair->server, &pair->client};
    for (int i = 0; i < 2; i++) {
        mu_pair_side *side = sides[i];
        mu_identity_free(side->identity);
        mu_err_free(side->identity_err);
        sk_X509_pop_free(side->chain, X509_free);
        free(side->source);
        mu_trust_free(side->trust);
        mu_err_free(side->trust_err);
        sk_X509_pop_free(side->anchors, X509_free);
        mu_secret_clear(&side->key_password);
        given_done(&side->keys);
        given_done(&side->trusts);
    }
    *pair = (mu_pair){0};
}

int mu_pair_examine(const mu_pair *pair, mu_findings *findings, mu_err **err)
{
    mu_pair_check_files(pair, findings);
    if (mu_pair_check_paths(pair, findings, err) != 0 || mu_pair_shake_hands(pair, findings, err) != 0 ||
        mu_pair_predict(pair, findings, err) != 0)
        return -1;
    mu_pair_add_commands(pair, findings);
    return 0;
}

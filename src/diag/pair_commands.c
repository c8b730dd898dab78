/*
 * The command that cures a finding, with the user's own files. Where the certificate that is needed lies in none of them there is
 * none. Passwords: as they were given, if that can be repeated; otherwise keytool asks. Written for `mutual keytool`; the JDK's
 * does the same.
 */
#include "diag/pair.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX_BYTES (64u << 20)

struct script {
    const mu_pair *pair;
    mu_buf text;
};

static void add_word(struct script *s, const char *word)
{
    mu_buf_add_str(&s->text, " ");
    mu_shell_word(&s->text, word);
}

/* "-storepass:env NAME" where the password came from there; otherwise nothing, and keytool asks. @return whether it was added */
static bool add_password(struct script *s, const mu_given *g, const char *option)
{
    const char *spec = g->spec ? g->spec : getenv("MUTUAL_STORE_PASSWORD") ? "env:MUTUAL_STORE_PASSWORD" : "";
    const bool env = mu_str_has_prefix(spec, "env:"), file = mu_str_has_prefix(spec, "file:");
    if (!env && !file)
        return false;
    mu_buf_addf(&s->text, " %s:%s", option, env ? "env" : "file");
    add_word(s, strchr(spec, ':') + 1);
    return true;
}

static void add_keytool(struct script *s, const char *command, const char *alias, const mu_given *g)
{
    mu_buf_addf(&s->text, "mutual keytool %s", command);
    if (alias) {
        mu_buf_add_str(&s->text, " -alias");
        add_word(s, alias);
    }
    mu_buf_add_str(&s->text, " -keystore");
    add_word(s, g->path);
    add_password(s, g, "-storepass");
}

static bool is_pem(const mu_given *g)
{
    return g->facts.type == MU_STORE_PEM;
}

/* ---- a certificate out of the files ---- */

static int position(const STACK_OF(X509) * certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return i;
    return -1;
}

/* The n-th PEM certificate of what is read. */
static void add_filter(struct script *s, int n)
{
    mu_buf_addf(&s->text, "awk '/BEGIN CERT/{i++} i==%d; /END CERT/&&i==%d{exit}'", n, n);
}

static int position_in_pem(const mu_pair *pair, const mu_given *g, const X509 *cert)
{
    STACK_OF(X509) *certs = NULL;
    int at = -1;
    mu_buf file;
    mu_buf_init_secret(&file, PEM_MAX_BYTES);
    if (mu_file_read(g->path, PEM_MAX_BYTES, &file, NULL, NULL) == 0 && file.len > 0 && file.data[0] != 0x30 &&
        mu_certs_parse(pair->libctx, file.data, file.len, &certs, NULL) == 0)
        at = position(certs, cert);
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&file);
    return at;
}

static bool export_from(struct script *s, const mu_given *g, const X509 *cert)
{
    if (g->store && is_pem(g)) {
        int at = position_in_pem(s->pair, g, cert);
        if (at < 0)
            return false;
        add_filter(s, at + 1);
        add_word(s, g->path);
        return true;
    }
    for (size_t i = 0; g->store && i < mu_store_count(g->store); i++) {
        mu_entry *entry = mu_store_entry(g->store, i);
        int at = mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? -1 : position(mu_entry_get0_chain(entry), cert);
        if (at < 0)
            continue;
        add_keytool(s, at == 0 ? "-exportcert -rfc" : "-list -rfc", mu_entry_java_alias(entry), g);
        if (at > 0) {
            mu_buf_add_str(&s->text, " | ");
            add_filter(s, at + 1);
        }
        return true;
    }
    return false;
}

/* Trust stores first: there the certificate is an entry of its own. */
static bool export_cert(struct script *s, const X509 *cert)
{
    const mu_pair *p = s->pair;
    const mu_given *files[] = {&p->server.trusts, &p->client.trusts, &p->server.keys, &p->client.keys};
    for (int i = 0; i < 4; i++)
        if (export_from(s, files[i], cert))
            return true;
    return false;
}

/* ---- the chain as it should be ---- */

STACK_OF(X509) * mu_pair_built_chain(const mu_pair *pair, const mu_pair_side *side, bool whole)
{
    STACK_OF(X509) *pool = mu_pair_certs(pair), *chain = NULL;
    if (side->chain && pool && mu_chain_build(sk_X509_value(side->chain, 0), pool, &chain, NULL) == 0 && whole &&
        !mu_cert_is_self_signed(sk_X509_value(chain, sk_X509_num(chain) - 1))) {
        sk_X509_pop_free(chain, X509_free);
        chain = NULL;
    }
    sk_X509_pop_free(pool, X509_free);
    return chain;
}

/* ---- one cure each; false: there is none ---- */

static bool trust(struct script *s, const mu_given *into, const X509 *cert)
{
    if (!into->store || !export_cert(s, cert))
        return false;
    if (is_pem(into)) {
        mu_buf_add_str(&s->text, " >>");
        add_word(s, into->path);
        return true;
    }
    char *alias = mu_store_free_alias(into->store, "ca");
    mu_buf_add_str(&s->text, " > doctor-ca.pem && ");
    add_keytool(s, "-importcert -noprompt -file doctor-ca.pem", alias, into);
    free(alias);
    return true;
}

static bool trust_root(struct script *s, const mu_given *into, const mu_pair_side *presenter)
{
    STACK_OF(X509) *chain = mu_pair_built_chain(s->pair, presenter, true);
    bool done = chain && trust(s, into, sk_X509_value(chain, sk_X509_num(chain) - 1));
    sk_X509_pop_free(chain, X509_free);
    return done;
}

/* Only what is missing goes to the end of a PEM file. */
static bool complete_pem(struct script *s, const mu_pair_side *side, const STACK_OF(X509) * chain)
{
    bool any = false;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        if (position(side->chain, cert) >= 0)
            continue;
        mu_buf_add_str(&s->text, any ? " && " : "");
        if (!export_cert(s, cert))
            return false;
        mu_buf_add_str(&s->text, " >>");
        add_word(s, side->keys.path);
        any = true;
    }
    return any;
}

static bool complete_chain(struct script *s, const mu_pair_side *side)
{
    STACK_OF(X509) *chain = mu_pair_built_chain(s->pair, side, true);
    bool done = chain && (!is_pem(&side->keys) || complete_pem(s, side, chain));
    for (int i = 0; done && !is_pem(&side->keys) && i < sk_X509_num(chain); i++) {
        done = export_cert(s, sk_X509_value(chain, i));
        mu_buf_add_str(&s->text, i == 0 ? " > doctor-chain.pem && " : " >> doctor-chain.pem && ");
    }
    if (done && !is_pem(&side->keys))
        add_keytool(s, "-importcert -noprompt -file doctor-chain.pem",
                    mu_entry_java_alias(mu_store_entry(side->keys.store, side->entry)), &side->keys);
    sk_X509_pop_free(chain, X509_free);
    return done;
}

mu_entry *mu_pair_only_key(const mu_pair_side *side)
{
    const char *wanted = side->settings->key_alias;
    if (!wanted || is_pem(&side->keys) || !side->chain || mu_store_find(side->keys.store, wanted))
        return NULL;
    for (size_t i = 0; i < mu_store_count(side->keys.store); i++)
        if (i != side->entry && mu_entry_get_kind(mu_store_entry(side->keys.store, i)) == MU_ENTRY_KEY)
            return NULL;
    return mu_store_entry(side->keys.store, side->entry);
}

/* The only key gets the alias that is asked for. */
static bool rename_key(struct script *s, const mu_pair_side *side)
{
    const mu_entry *key = mu_pair_only_key(side);
    if (!key)
        return false;
    add_keytool(s, "-changealias", mu_entry_java_alias(key), &side->keys);
    mu_buf_add_str(&s->text, " -destalias");
    add_word(s, side->settings->key_alias);
    return true;
}

/* keytool asks for the key's old password; asked for a new one it would not take the store's. */
static bool change_key_password(struct script *s, const mu_pair_side *side)
{
    if ((side->keys.facts.type != MU_STORE_JKS && side->keys.facts.type != MU_STORE_JCEKS) || side->key_password.value ||
        side->identity || !side->chain)
        return false;
    add_keytool(s, "-keypasswd", mu_entry_java_alias(mu_store_entry(side->keys.store, side->entry)), &side->keys);
    return add_password(s, &side->keys, "-new");
}

/* Into a new file; only one entry if an alias is given. */
static bool copy_store(struct script *s, const mu_given *g, const char *alias)
{
    char *fresh = mu_asprintf("%s.new.p12", g->path);
    mu_buf_add_str(&s->text, "mutual keytool -importkeystore -srckeystore");
    add_word(s, g->path);
    add_password(s, g, "-srcstorepass");
    if (alias) {
        mu_buf_add_str(&s->text, " -srcalias");
        add_word(s, alias);
    }
    mu_buf_add_str(&s->text, " -destkeystore");
    add_word(s, fresh ? fresh : "");
    mu_buf_add_str(&s->text, " -deststoretype PKCS12");
    add_password(s, g, "-deststorepass");
    free(fresh);
    return true;
}

/* It is the first of the evidence. */
const mu_given *mu_pair_file_of(const mu_pair_side *side, const mu_finding *finding)
{
    const char *first = finding->evidence.count > 0 ? finding->evidence.items[0] : "";
    size_t len = strlen(side->trusts.shown);
    return len && strncmp(first, side->trusts.shown, len) == 0 && mu_str_has_prefix(first + len, ", the ") &&
                   strstr(first + len, "'s trust store")
               ? &side->trusts
               : &side->keys;
}

static bool cure(struct script *s, const mu_finding *finding)
{
    const bool server = finding->side == MU_AT_SERVER;
    const mu_pair_side *side = server ? &s->pair->server : &s->pair->client, *other = server ? &s->pair->client : &s->pair->server;
    switch (finding->code) {
    case MU_E_CA_NOT_TRUSTED:
    case MU_E_CLIENT_CA_NOT_TRUSTED:
    case MU_E_TRUSTSTORE_EMPTY:
    case MU_E_P12_NO_JAVA_TRUST:
        return trust_root(s, &side->trusts, other);
    case MU_E_CA_REGENERATED:
        return finding->refused_by == finding->side && trust_root(s, &side->trusts, other);
    case MU_E_SELF_SIGNED:
    case MU_E_PIN_MISMATCH:
        return other->chain && trust(s, &side->trusts, sk_X509_value(other->chain, 0));
    case MU_E_CHAIN_MISSING_INTERMEDIATE:
        return complete_chain(s, side);
    case MU_E_CHAIN_ORDER_WRONG:
        return side->identity && !is_pem(&side->keys) && complete_chain(s, side);
    case MU_E_SERVER_ALIAS_NOT_FOUND:
        return mu_pair_file_of(side, finding) == &side->keys && rename_key(s, side);
    case MU_E_KEY_PASSWORD_DIFFERS:
        return change_key_password(s, side);
    case MU_E_CLIENT_CERT_WRONG_ALIAS:
        return copy_store(s, &side->keys, mu_entry_java_alias(mu_store_entry(side->keys.store, side->entry)));
    case MU_E_P12_LEGACY_RC2:
    case MU_E_P12_ALGORITHM_TOO_NEW:
        return mu_pair_file_of(side, finding)->store && copy_store(s, mu_pair_file_of(side, finding), NULL);
    default:
        return false;
    }
}

/* A name with bytes that a terminal would obey cannot be shown as it is, and shown otherwise it would be another name. */
static bool is_printable(const char *command)
{
    char *plain = mu_strdup(command), *shown = NULL;
    for (char *p = plain; p && *p; p++)
        if (strchr("\"'\\", *p))
            *p = '_'; /* escaped elsewhere, and harmless in a shell's word */
    bool same = plain && (shown = mu_escape_dup(plain, strlen(plain))) && strcmp(plain, shown) == 0;
    free(plain);
    free(shown);
    return same;
}

void mu_pair_add_commands(const mu_pair *pair, mu_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        mu_finding *finding = &findings->items[i];
        struct script s = {.pair = pair};
        mu_buf_init(&s.text, MU_BUF_TEXT_MAX);
        if (!finding->command && (finding->side == MU_AT_SERVER || finding->side == MU_AT_CLIENT) && cure(&s, finding) &&
            is_printable(mu_buf_text(&s.text)))
            mu_finding_command(findings, finding, "%s", mu_buf_text(&s.text));
        mu_buf_free(&s.text);
    }
}

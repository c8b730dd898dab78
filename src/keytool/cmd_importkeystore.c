/*
 * The entries of another key store, or one of them, come into this one. In place, a new store takes the place of the file, and
 * FILE.old stays behind. All is written at once in the end.
 */
#include "base/file.h"
#include "keystore/store_set.h"
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/number.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum outcome { IMPORTED, CANCELLED, REFUSED };

static void say(const char *before, const char *alias, const char *after)
{
    fputs(before, stderr);
    mu_kt_show(stderr, alias);
    fputs(after, stderr);
}

/* The name is taken: overwrite it, or take another? @param name in, out: owned; "": leave the entry out; NULL: the input ended */
static int settle_name(mu_kt *kt, const char *alias, char **name)
{
    char *question;
    bool yes = false;
    int rc;

    if (!mu_store_find(kt->store, *name))
        return 0;
    if (mu_kt_is_set(kt, MU_KT_NO_PROMPT)) {
        say("Warning: Overwriting existing alias ", alias, " in destination keystore\n");
        return 0;
    }
    question = mu_asprintf("Existing entry alias %s exists, overwrite? [no]:  ", alias);
    rc = question ? mu_kt_ask_yes(kt, question, &yes) : mu_fail_nomem(&kt->err);
    free(question);
    if (rc != 0 || yes)
        return rc;
    fputs("Enter new alias name\t(RETURN to cancel import for this entry):  ", stderr);
    free(*name);
    *name = mu_kt_read_line();
    if (*name && !**name)
        say("Entry for alias ", alias, " not imported.\n");
    return 0;
}

/* What a JVM's store does not take; NULL: it does. */
static const char *refusal(const mu_kt *kt, const mu_entry *entry, const mu_entry *old)
{
    mu_store_type type = mu_store_get_type(kt->store);
    mu_entry_kind kind = mu_entry_get_kind(entry), present = old ? mu_entry_get_kind(old) : MU_ENTRY_TRUSTED;

    if (kind == MU_ENTRY_TRUSTED && mu_kt_is_set(kt, MU_KT_DEST_KEY_PASS))
        return "trusted certificate entries are not password-protected";
    if (kind == MU_ENTRY_SECRET && type == MU_STORE_JKS)
        return "Cannot store non-PrivateKeys";
    if (kind != MU_ENTRY_TRUSTED || present == MU_ENTRY_TRUSTED)
        return NULL;
    return type == MU_STORE_JCEKS && present == MU_ENTRY_SECRET ? "Cannot overwrite secret key" : "Cannot overwrite own certificate";
}

static int set_once(mu_kt *kt, const char *name, const mu_entry *entry, const mu_kt_key *key)
{
    STACK_OF(X509) *chain = mu_entry_get0_chain(entry);

    if (mu_entry_get_kind(entry) == MU_ENTRY_SECRET)
        return mu_store_set_secret(kt->store, name, key->algorithm, key->secret, key->secret_len, kt->now_ms, &kt->err);
    if (mu_entry_get_kind(entry) == MU_ENTRY_KEY)
        return mu_store_set_key(kt->store, name, key->key, chain, kt->now_ms, &kt->err);
    return mu_store_set_trusted(kt->store, name, sk_X509_value(chain, 0), kt->now_ms, &kt->err);
}

/* A JVM lets a key take the place of an entry of any kind. @param ret_problem owned; why the entry is refused, or NULL */
static int set_entry(mu_kt *kt, const char *name, const mu_entry *entry, const mu_kt_key *key, char **ret_problem)
{
    int rc = set_once(kt, name, entry, key);

    if (rc != 0 && mu_err_has(kt->err, MU_E_DUPLICATE_ALIAS)) {
        mu_err_free(kt->err);
        kt->err = NULL;
        rc = mu_store_delete(kt->store, name, &kt->err) == 0 ? set_once(kt, name, entry, key) : -1;
    }
    if (rc == 0 || !key->algorithm || !mu_err_has(kt->err, MU_E_ALGORITHM_UNAVAILABLE))
        return rc == 0 ? 0 : mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    mu_err_free(kt->err);
    kt->err = NULL;
    *ret_problem = mu_asprintf("Key protection algorithm not found: java.security.NoSuchAlgorithmException: "
                               "unrecognized algorithm name: %s", key->algorithm);
    return *ret_problem ? 0 : mu_fail_nomem(&kt->err);
}

/* -destkeypass, or what the key had in the source; in PKCS12 the store's. */
static int protect(mu_kt *kt, const char *name, const mu_kt_key *key)
{
    const char *given = mu_kt_get(kt, MU_KT_DEST_KEY_PASS);
    bool one_password = strcasecmp(kt->shown_type, "PKCS12") == 0 && mu_kt_is_set(kt, MU_KT_STORE_PASS);

    if ((!key->key && !key->algorithm) || one_password)
        return 0;
    if (mu_entry_set_password(mu_store_find(kt->store, name), NULL, given ? given : key->password, &kt->err) != 0)
        return mu_kt_throw_err(kt, MU_KT_STORE_FAULT);
    return 0;
}

static int check_weak(mu_kt *kt, const char *name, const mu_entry *entry, const mu_kt_key *key)
{
    char *label = mu_asprintf("<%s>", name);
    X509 *cert = mu_kt_entry_cert(entry);

    if (!label)
        return mu_fail_nomem(&kt->err);
    if (cert)
        mu_kt_check_weak(kt, label, cert);
    else if (key->algorithm)
        mu_kt_check_weak_secret(kt, label, key->algorithm);
    free(label);
    return 0;
}

static int put(mu_kt *kt, const char *alias, const char *name, const mu_entry *entry, const mu_kt_key *key, enum outcome *ret)
{
    const char *why = refusal(kt, entry, mu_store_find(kt->store, name));
    char *problem = why ? mu_strdup(why) : NULL;
    int rc = why ? 0 : set_entry(kt, name, entry, key, &problem);

    if (rc == 0 && problem) {
        *ret = REFUSED;
        say("Problem importing entry for alias ", alias, ": " MU_KT_STORE_FAULT ": ");
        say("", problem, ".\n");
        say("Entry for alias ", alias, " not imported.\n");
    } else if (rc == 0) {
        *ret = IMPORTED;
        rc = protect(kt, name, key) == 0 ? check_weak(kt, name, entry, key) : -1;
    }
    free(problem);
    return rc;
}

static int import_one(mu_kt *kt, mu_kt *source, const char *alias, enum outcome *ret)
{
    const char *dest = mu_kt_get(kt, MU_KT_DEST_ALIAS);
    char *name = mu_strdup(dest ? dest : alias);
    mu_kt_key key = {0};
    mu_entry *entry;
    int rc = name ? settle_name(kt, alias, &name) : mu_fail_nomem(&kt->err);

    *ret = CANCELLED;
    if (rc == 0 && (!name || *name)) {
        entry = mu_kt_store_entry(source, alias);
        rc = entry ? mu_kt_store_recover(source, entry, alias, mu_kt_get(source, MU_KT_KEY_PASS), &key) : -1;
        if (rc == 0 && !name)
            rc = mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Must specify alias");
        else if (rc == 0)
            rc = put(kt, alias, name, entry, &key, ret);
    }
    mu_kt_key_clear(&key);
    free(name);
    return rc;
}

static int import_each(mu_kt *kt, mu_kt *source, mu_entry **entries, size_t count)
{
    enum outcome outcome;
    char imported[32], left[32];
    size_t done = 0;
    bool quit = false;

    for (size_t i = 0; i < count && !quit; i++) {
        const char *alias = mu_entry_java_alias(entries[i]);
        if (import_one(kt, source, alias, &outcome) != 0)
            return -1;
        done += outcome == IMPORTED;
        if (outcome == IMPORTED)
            say("Entry for alias ", alias, " successfully imported.\n");
        else if (outcome == REFUSED && !mu_kt_is_set(kt, MU_KT_NO_PROMPT) &&
                 mu_kt_ask_yes(kt, "Do you want to quit the import process? [no]:  ", &quit) != 0)
            return -1;
    }
    fprintf(stderr, "Import command completed:  %s entries successfully imported, %s entries failed or cancelled\n",
            mu_kt_count_text(done, imported), mu_kt_count_text(count - done, left));
    return 0;
}

static int import_all(mu_kt *kt, mu_kt *source)
{
    bool read_twice = mu_store_get_type(source->store) == MU_STORE_JCEKS && !mu_kt_is_set(source, MU_KT_STORE_TYPE);
    mu_entry **all = NULL;
    size_t count = 0;
    int rc;

    if (mu_kt_is_set(kt, MU_KT_DEST_ALIAS) || mu_kt_is_set(kt, MU_KT_SRC_KEY_PASS))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION,
                           "if alias not specified, destalias and srckeypass must not be specified");
    rc = mu_kt_hash_order(source->store, read_twice, &all, &kt->err);
    for (size_t i = 0; rc == 0 && i < mu_store_count(source->store); i++)
        if (!mu_entry_java_hidden(all[i]))
            all[count++] = all[i];
    if (rc == 0)
        rc = import_each(kt, source, all, count);
    free(all);
    return rc;
}

/* Java compares canonical paths; of files that are not there, what was typed. */
static bool is_same_file(const char *a, const char *b)
{
    char *first = realpath(a, NULL), *second = realpath(b, NULL);
    bool same = strcmp(first ? first : a, second ? second : b) == 0;

    free(first);
    free(second);
    return same;
}

static int check_source(mu_kt *kt, const mu_kt *source)
{
    const char *type = mu_kt_get(source, MU_KT_STORE_TYPE);
    struct stat st;

    if (type && strcasecmp(type, "PKCS11") == 0)
        return 0;
    if (!source->store_file)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Please specify -srckeystore");
    if (stat(source->store_file, &st) == 0 && st.st_size == 0)
        return mu_kt_throw(kt, MU_E_STORE_DAMAGED, MU_KT_EXCEPTION, "Source keystore file exists, but is empty: %s",
                           source->store_file);
    kt->in_place = is_same_file(source->store_file, kt->store_file);
    if (!kt->in_place) {
        say("Importing keystore ", source->store_file, " to ");
        say("", kt->store_file, "...\n");
    }
    return 0;
}

/* In place the source comes first, for its password is that of the new store as well. */
static int open_both(mu_kt *kt, mu_kt *source)
{
    const char *password;

    if (!kt->in_place)
        return mu_kt_store_open(kt) == 0 ? mu_kt_source_open(source) : -1;
    if (mu_kt_source_open(source) != 0)
        return -1;
    password = mu_kt_get(source, MU_KT_STORE_PASS);
    if (password && !mu_kt_is_set(kt, MU_KT_STORE_PASS) && !(kt->value[MU_KT_STORE_PASS] = mu_strdup(password)))
        return mu_fail_nomem(&kt->err);
    if (mu_kt_store_open(kt) != 0)
        return -1;
    return mu_store_replaces(kt->store, source->store, kt->store_file, &kt->err);
}

/* FILE.old, FILE.old2 …: the first that is not there. @param ret_path owned */
static int back_up(mu_kt *kt, const char *path, char **ret_path)
{
    struct stat st;
    mu_file_stamp absent = {.exists = false};
    mu_file_replace_options options = {.stamp = &absent};
    mu_buf data;
    int rc = -1;

    if (!(*ret_path = mu_asprintf("%s.old", path)))
        return mu_fail_nomem(&kt->err);
    for (int n = 2; lstat(*ret_path, &st) == 0; n++) {
        free(*ret_path);
        if (!(*ret_path = mu_asprintf("%s.old%d", path, n)))
            return mu_fail_nomem(&kt->err);
    }
    mu_buf_init_secret(&data, (size_t)64 << 20);
    if (mu_file_read(path, (size_t)64 << 20, &data, NULL, &kt->err) == 0 && stat(path, &st) == 0) {
        options.new_mode = st.st_mode & 0777;
        rc = mu_file_replace(*ret_path, data.data, data.len, &options, &kt->err);
    }
    mu_buf_free(&data);
    return rc == 0 ? 0 : mu_kt_throw_file(kt, *ret_path);
}

static int save_in_place(mu_kt *kt, mu_kt *source)
{
    char *backup = NULL;
    const char *from, *to;
    int rc = back_up(kt, source->store_file, &backup);

    if (rc == 0 && (rc = mu_kt_store_save(kt, "")) != 0)
        unlink(backup);
    if (rc == 0) {
        from = mu_store_type_name(mu_kt_real_type(backup));
        to = mu_store_type_name(mu_kt_real_type(kt->store_file));
        kt->last_warning = strcmp(from, to) == 0
                               ? mu_asprintf("The original keystore \"%s\" is backed up as \"%s\"...", source->store_file, backup)
                               : mu_asprintf("Migrated \"%s\" to %s. The %s keystore is backed up as \"%s\".", source->store_file,
                                             to, from, backup);
    }
    free(backup);
    return rc;
}

static int import(mu_kt *kt, mu_kt *source)
{
    const char *alias = mu_kt_get(kt, MU_KT_ALIAS);
    enum outcome outcome;

    if (check_source(kt, source) != 0 || open_both(kt, source) != 0 ||
        (alias ? import_one(kt, source, alias, &outcome) : import_all(kt, source)) != 0)
        return -1;
    return kt->in_place ? save_in_place(kt, source) : mu_kt_store_save(kt, "");
}

int mu_kt_importkeystore(mu_kt *kt)
{
    mu_kt source;
    int rc = mu_kt_source_begin(kt, &source);

    if (rc == 0)
        rc = mu_kt_store_name(kt);
    if (rc == 0 && (rc = import(kt, &source)) != 0)
        mu_kt_source_blame(kt, &source);
    mu_kt_done(&source);
    return rc;
}

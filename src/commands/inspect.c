#include "base/clock.h"
#include "base/json.h"
#include "base/ossl.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/inspect_server.h"
#include "config/store_passwords.h"
#include "diag/find_stores.h"
#include "net/dial.h"
#include "report/expiry.h"
#include "report/server_report.h"
#include "report/store_json.h"
#include "report/store_tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VIEW_AUTO, VIEW_TREE, VIEW_TABLE };

struct options {
    char *password, *password_file, *expiring, *at;
    mu_strlist resolve;
    long connect_timeout_s;
    int view;
    bool check_keys, verbose, json;
};

#define O(member) offsetof(struct options, member)
static const mu_opt options_table[] = {
    {"key-store-password", 0, MU_OPT_SECRET, O(password), "P", "Password of all stores: " MU_OPT_PASSWORD_FORMS, 0, 0},
    {"password-file", 0, MU_OPT_TEXT, O(password_file), "FILE",
     "Passwords of many stores, in lines of a pattern, blanks and a password in those forms; see above.", 0, 0},
    {"expiring", 0, MU_OPT_TEXT, O(expiring), "DAYS",
     "Tell only what expires within so many days or has expired, and exit with 4 if anything does.", 0, 0},
    {"at", 0, MU_OPT_TEXT, O(at), "TIME",
     "Judge by this time (2026-11-23, 2026-11-23T16:10:00Z, seconds since 1970); the default is now.", 0, 0},
    {"view", 0, MU_OPT_CHOICE, O(view), "auto|tree|table",
     "All facts as a tree, or a row for each entry; the default is a tree for one store and a table for several.", 0, 0},
    {"check-keys", 0, MU_OPT_FLAG, O(check_keys), NULL,
     "Decrypt each private key under its store's password, and see whether it belongs to its certificate.", 0, 0},
    {"resolve", 0, MU_OPT_LIST, O(resolve), "HOST:PORT:ADDRESS", "Connect to this address for that host and port. May be repeated.",
     0, 0},
    {"connect-timeout", 0, MU_OPT_NUMBER, O(connect_timeout_s), "SECONDS", "For resolving and connecting; the default is 30.", 1,
     86400},
    {"verbose", 'v', MU_OPT_FLAG, O(verbose), NULL, "Name the files of a folder that are no stores, too.", 0, 0},
    MU_OPT_JSON(struct options),
    {0},
};

static const mu_example examples[] = {
    {"What is in it, and what is wrong with it?", "mutual inspect server.p12 --key-store-password env:STORE_PASSWORD"},
    {"Every store below a folder", "mutual inspect /etc/myapp --password-file /etc/myapp/passwords"},
    {"What does that server present, and whose client certificates does it accept?", "mutual inspect orders.internal:8443"},
    {"For cron: says nothing and exits with 0 as long as all is well",
     "mutual inspect /etc/myapp --password-file /etc/myapp/passwords --expiring 30"},
    {NULL, NULL},
};

struct run {
    const struct options *options;
    long expiring_days; /* -1: not asked */
    mu_store_passwords passwords;
    mu_store_access access;
    mu_store_facts *stores;
    size_t count;
    mu_server_facts *servers;
    size_t server_count;
    json_t *others; /* {"path","why"} of what is no store */
};

/* ---- collecting ---- */

static mu_store_facts *add_store(struct run *run, mu_err **err)
{
    mu_store_facts *stores = realloc(run->stores, (run->count + 1) * sizeof *stores);
    if (!stores) {
        mu_fail_nomem(err);
        return NULL;
    }
    run->stores = stores;
    stores[run->count] = (mu_store_facts){0};
    return &stores[run->count++];
}

static int open_store(struct run *run, const char *path, mu_err **err)
{
    mu_store_facts *facts = add_store(run, err);
    int rc = facts ? mu_store_facts_open(&run->access, path, facts, err) : -1;
    if (rc == 0 && facts->err)
        mu_cli_blame_memory(&facts->err);
    return rc;
}

static int on_other(void *arg, const char *path, const char *why, mu_err **err)
{
    struct run *run = arg;
    json_t *item = json_pack("{s:o, s:s}", "path", mu_json_text(path), "why", why);
    return json_array_append_new(run->others, item) == 0 ? 0 : mu_fail_nomem(err);
}

/* A sequence of DER may be anything; only opening it shows that it is no key and no certificate. */
static int on_store(void *arg, const char *path, mu_err **err)
{
    struct run *run = arg;
    if (open_store(run, path, err) != 0)
        return -1;
    mu_store_facts *facts = &run->stores[run->count - 1];
    if (!facts->err || mu_err_root(facts->err)->code != MU_E_STORE_WRONG_TYPE)
        return 0;
    mu_store_facts_done(facts);
    run->count--;
    return on_other(run, path, "no store by its content", err);
}

static int on_unreadable(void *arg, const char *path, mu_err *reason, mu_err **err)
{
    mu_store_facts *facts = add_store(arg, err);
    if (facts)
        return mu_store_facts_unreadable(path, reason, facts, err);
    mu_err_free(reason);
    return -1;
}

static int look_at_server(struct run *run, const char *name, mu_err **err)
{
    const mu_inspect_server_options options = {.libctx = run->access.libctx, .resolve = &run->options->resolve,
                                               .timeout_ms = run->options->connect_timeout_s * 1000, .at_s = run->access.at_s};
    mu_server_facts *servers = realloc(run->servers, (run->server_count + 1) * sizeof *servers);
    if (!servers)
        return mu_fail_nomem(err);
    run->servers = servers;
    servers[run->server_count] = (mu_server_facts){0};
    return mu_inspect_server(name, &options, &servers[run->server_count++], err);
}

static int inspect(struct run *run, const char *name, mu_err **err)
{
    const mu_find_sink sink = {on_store, on_unreadable, on_other, run};
    struct stat st;
    bool exists = stat(name, &st) == 0;
    if (!exists && mu_inspect_is_server(name))
        return look_at_server(run, name, err);
    if (exists && S_ISDIR(st.st_mode)) {
        run->access.ask = false; /* nobody answers two hundred questions */
        return mu_find_stores(name, &sink, err);
    }
    run->access.ask = !run->options->json;
    return open_store(run, name, err);
}

/* ---- options ---- */

static int read_passwords(struct run *run, mu_err **err)
{
    const struct options *o = run->options;
    mu_strlist warnings = {0};
    const char *all = o->password ? o->password : getenv("MUTUAL_STORE_PASSWORD") ? "env:MUTUAL_STORE_PASSWORD" : NULL;
    int rc = o->password_file ? mu_store_passwords_read(&run->passwords, o->password_file, &warnings, err) : 0;
    if (rc == 0 && all)
        rc = mu_store_passwords_add(&run->passwords, "*", all, err);
    for (size_t i = 0; i < warnings.count; i++)
        fprintf(stderr, "warning: %s\n", warnings.items[i]);
    mu_strlist_free(&warnings);
    return rc;
}

static int read_options(struct run *run, mu_err **err)
{
    const struct options *o = run->options;
    run->expiring_days = -1;
    if (o->expiring && !mu_str_to_long(o->expiring, 0, 36500, &run->expiring_days))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--expiring takes a number of days from 0 to 36500");
    run->access = (mu_store_access){.passwords = &run->passwords, .check_keys = o->check_keys, .at_s = mu_now_s()};
    if (o->at && mu_time_parse(o->at, &run->access.at_s, err) != 0)
        return -1;
    if (mu_dial_check_resolve(&o->resolve, err) != 0)
        return -1;
    if (!(run->others = json_array()))
        return mu_fail_nomem(err);
    return mu_ossl_ctx_new(&run->access.libctx, err) == 0 ? read_passwords(run, err) : -1;
}

/* ---- the answer ---- */

static int answer_json(struct run *run, const mu_expiry *expiry, mu_err **err)
{
    char at[32];
    json_t *stores = json_array(), *servers = json_array();
    for (size_t i = 0; i < run->count; i++)
        json_array_append_new(stores, mu_store_json(&run->stores[i], run->access.at_s));
    for (size_t i = 0; i < run->server_count; i++)
        json_array_append_new(servers, mu_server_json(&run->servers[i], run->access.at_s));
    json_t *value = json_pack("{s:s, s:o, s:o}", "at", mu_time_text(run->access.at_s, at), "stores", stores, "servers", servers);
    if (run->expiring_days >= 0)
        json_object_set_new(value, "expiring", mu_expiry_json(expiry, run->access.at_s));
    if (run->options->verbose)
        json_object_set(value, "others", run->others);
    return mu_json_print(stdout, value, err);
}

static void print_others(const struct run *run)
{
    size_t i;
    json_t *item;
    json_array_foreach(run->others, i, item) {
        char shown[MU_SHOWN_SIZE];
        printf("%s: %s\n", mu_escape_to(shown, json_string_value(json_object_get(item, "path"))),
               json_string_value(json_object_get(item, "why")));
    }
}

static int print_table(const struct run *run, mu_err **err)
{
    mu_table table = {0};
    int rc = mu_store_table_begin(&table);
    for (size_t i = 0; rc == 0 && i < run->count; i++)
        rc = mu_store_table_add(&table, &run->stores[i], run->access.at_s);
    if (rc == 0)
        mu_table_print(stdout, &table);
    mu_strlist_free(&table.cells);
    return rc == 0 ? 0 : mu_fail_nomem(err);
}

static int answer_text(const struct run *run, mu_err **err)
{
    const int view = run->options->view;
    int rc = 0;
    if (view == VIEW_TABLE || (view == VIEW_AUTO && run->count > 1))
        rc = print_table(run, err);
    else
        for (size_t i = 0; i < run->count; i++)
            mu_store_tree_print(stdout, &run->stores[i], run->access.at_s);
    for (size_t i = 0; i < run->server_count; i++)
        mu_server_print(stdout, &run->servers[i], run->access.at_s);
    return rc;
}

static bool is_readable(const mu_store_facts *store)
{
    return !store->err && !store->skipped;
}

static void print_unseen(const char *name, const mu_err *e)
{
    char shown[MU_SHOWN_SIZE];
    mu_code code = e ? e->code : MU_E_P12_READ_WITHOUT_PASSWORD;
    printf("%s: %s [%s]\n", mu_escape_to(shown, name), e ? e->msg : mu_code_meaning(code), mu_code_name(code));
}

/* For cron: what expires, and what could not be looked into. */
static void answer_expiring(const struct run *run, const mu_expiry *expiry)
{
    mu_expiry_print(stdout, expiry, run->access.at_s);
    for (size_t i = 0; i < run->count; i++)
        if (!is_readable(&run->stores[i]))
            print_unseen(run->stores[i].path, run->stores[i].err);
    for (size_t i = 0; i < run->server_count; i++)
        if (run->servers[i].err)
            print_unseen(run->servers[i].where, run->servers[i].err);
}

static int worst_status(const struct run *run)
{
    int status = 0;
    for (size_t i = 0; i < run->count; i++)
        if (!is_readable(&run->stores[i]))
            status = 3;
    for (size_t i = 0; i < run->server_count; i++) {
        int own = run->servers[i].err ? mu_code_exit_status(run->servers[i].err->code) : 0;
        status = own > status ? own : status;
    }
    return status;
}

static int find_expiring(const struct run *run, mu_expiry *expiry, mu_err **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->count; i++)
        rc = mu_expiry_add_store(expiry, &run->stores[i], run->access.at_s, run->expiring_days, err);
    for (size_t i = 0; rc == 0 && i < run->server_count; i++)
        rc = mu_expiry_add(expiry, run->servers[i].where, NULL, &run->servers[i].chain, run->access.at_s, run->expiring_days, err);
    return rc;
}

/* @return the exit status, or -1 */
static int answer(struct run *run, mu_err **err)
{
    mu_expiry expiry = {0};
    int rc = find_expiring(run, &expiry, err), status = expiry.count > 0 ? 4 : worst_status(run);

    if (rc == 0 && run->options->json)
        rc = answer_json(run, &expiry, err);
    else if (rc == 0 && run->expiring_days >= 0)
        answer_expiring(run, &expiry);
    else if (rc == 0)
        rc = answer_text(run, err);
    if (rc == 0 && run->options->verbose && !run->options->json)
        print_others(run);
    mu_expiry_done(&expiry);
    return rc == 0 ? status : -1;
}

static int run_inspect(const mu_command *command, void *options, const mu_strlist *args)
{
    struct run run = {.options = options};
    mu_err *err = NULL;
    int rc = read_options(&run, &err), status = -1;

    (void)command;
    for (size_t i = 0; rc == 0 && i < args->count; i++)
        rc = inspect(&run, args->items[i], &err);
    if (rc == 0)
        status = answer(&run, &err);
    if (status < 0)
        status = mu_cli_fail(run.options->json, err);
    for (size_t i = 0; i < run.count; i++)
        mu_store_facts_done(&run.stores[i]);
    free(run.stores);
    for (size_t i = 0; i < run.server_count; i++)
        mu_server_facts_done(&run.servers[i]);
    free(run.servers);
    mu_store_passwords_free(&run.passwords);
    json_decref(run.others);
    OSSL_LIB_CTX_free(run.access.libctx);
    return status;
}

const mu_command mu_command_inspect = {
    .name = "inspect",
    .summary = "what is in these stores or presented by these servers, and what is wrong with it",
    .synopsis = "FILE|DIR|HOST:PORT… [options]",
    .description =
        "Shows every entry of one or many stores (PKCS12, JKS, JCEKS, PEM, DER): its kind, certificates, names, purposes, keys, "
        "dates, whether its chain is complete, how it is protected, which entry a JVM would pick, and all problems with their "
        "causes. Nothing is trusted or refused here: mutual verify does that.\n\n"
        "In a folder, and up to 8 folders below it, stores and PEM files are found by their content, whatever they are called; "
        "hidden names and links to folders are passed over. At most 10,000 files are looked at.\n\n"
        "HOST:PORT, or an https:// URL, is connected to: version, cipher suite and group, the chain that the server presents, and "
        "whose client certificates it says it accepts. --connect-timeout counts once more for the handshake.\n\n"
        "What a JVM picks is told for each type of key, for SunX509 (the default of ssl.KeyManagerFactory.algorithm) and PKIX, as "
        "long as the peer's list of issuers and the server name leave the choice open. SunX509 looks neither at dates nor at "
        "purposes.\n\n"
        "The lines of --password-file are a pattern, blanks, and a password in the forms of --key-store-password. A pattern "
        "without a slash is compared with a file's name, one with a slash with its path as shown; * ? [...] are as in a shell, "
        "but * matches slashes too. The first that fits wins, then --key-store-password or MUTUAL_STORE_PASSWORD; a store that "
        "needs a password and has none is asked for on the terminal if it was named itself, and otherwise shown as far as it can "
        "be seen without. For the JDK's own cacerts changeit is tried.\n\n"
        "Exit status: 4 if --expiring was given and something expires; else the highest of 6 and 5 if a server could not be "
        "reached or refused before its certificate came, and 3 if a store, or a part of one, could not be read; else 0: problems "
        "do not change it. 2 wrong options.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(struct options),
    .min_args = 1,
    .max_args = -1,
    .run = run_inspect,
};

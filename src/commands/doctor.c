#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/doctor_live.h"
#include "diag/combine.h"
#include "report/doctor_report.h"

#define O(member) offsetof(mu_doctor_options, member)
#define STORES(NAME, F)                                                                                                           \
    {NAME "-key-store", 0, MU_OPT_TEXT, O(F.key_store), "FILE",                                                                   \
     "The " NAME "'s private key and chain (PKCS12, JKS or PEM).", 0, 0},                                                         \
    {NAME "-key-store-password", 0, MU_OPT_SECRET, O(F.key_store_password), "P", "Its password: " MU_OPT_PASSWORD_FORMS, 0, 0},   \
    {NAME "-key-store-type", 0, MU_OPT_TEXT, O(F.key_store_type), "TYPE", "The type that is declared for it.", 0, 0},             \
    {NAME "-key-store-alias", 0, MU_OPT_TEXT, O(F.key_alias), "ALIAS",                                                            \
     "Which key entry is meant; without it the first that fits.", 0, 0},                                                          \
    {NAME "-key-alias", 0, MU_OPT_TEXT, O(F.key_alias), "ALIAS", "The same, named as in other commands.", 0, 0},                  \
    {NAME "-key-password", 0, MU_OPT_SECRET, O(F.key_password), "P",                                                              \
     "Password of the key itself, if it has one of its own.", 0, 0},                                                              \
    {NAME "-certificate", 0, MU_OPT_TEXT, O(F.certificate), "FILE",                                                               \
     "Certificate and chain in PEM, instead of a key store.", 0, 0},                                                              \
    {NAME "-certificate-private-key", 0, MU_OPT_TEXT, O(F.certificate_private_key), "FILE", "Its private key in PEM.", 0, 0},     \
    {NAME "-trust-store", 0, MU_OPT_TEXT, O(F.trust_store), "FILE", "What the " NAME " trusts.", 0, 0},                           \
    {NAME "-trust-store-password", 0, MU_OPT_SECRET, O(F.trust_store_password), "P", "Its password, in the same forms.", 0, 0},   \
    {NAME "-trust-store-type", 0, MU_OPT_TEXT, O(F.trust_store_type), "TYPE", "The type that is declared for it.", 0, 0},         \
    {NAME "-trust-store-alias", 0, MU_OPT_TEXT, O(F##_trust_alias), "ALIAS", "An entry that has to be in it.", 0, 0},             \
    {NAME "-trust-certificate", 0, MU_OPT_TEXT, O(F.trust_certificate), "FILE",                                                   \
     "Trusted certificates in PEM, instead of a store.", 0, 0}
static const mu_opt options_table[] = {
    {"config", 0, MU_OPT_TEXT, O(config), "FILE", "Spring Boot's application.properties, application.yml or JAR.", 0, 0},
    {"command", 0, MU_OPT_SECRET, O(command), "COMMAND",
     "A command line with java in it, as given to a shell: its -Djavax.net.ssl properties name the client's stores.", 0, 0},
    {"profile", 0, MU_OPT_LIST, O(profiles), "NAME",
     "With --config: this profile is active; the default is what SPRING_PROFILES_ACTIVE and the files say. May be repeated.", 0, 0},
    STORES("server", server),
    STORES("client", client),
    {"dir", 0, MU_OPT_TEXT, O(dir), "DIR",
     "Find those of the four stores that are not named in this folder: server.p12, client-trust.p12 and the like, else by content.",
     0, 0},
    {"dir-password", 0, MU_OPT_SECRET, O(dir_password), "P",
     "The password of all stores found there: " MU_OPT_PASSWORD_FORMS, 0, 0},
    {"host", 0, MU_OPT_TEXT, O(host), "NAME",
     "The name or address by which clients ask for the server; without it none is checked.",
     0, 0},
    {"log", 0, MU_OPT_LIST, O(logs), "FILE", "What a program has written (- is standard input); may be repeated.", 0, 0},
    {"client-log", 0, MU_OPT_LIST, O(client_logs), "FILE", "The same, and it is the client's.", 0, 0},
    {"server-log", 0, MU_OPT_LIST, O(server_logs), "FILE", "The same, and it is the server's.", 0, 0},
    {"at", 0, MU_OPT_TEXT, O(at), "TIME",
     "Judge by this time (2026-11-23, 2026-11-23T16:10:00Z, seconds since 1970); the default is now.", 0, 0},
    {"fix", 0, MU_OPT_TEXT, O(fix), "DIR",
     "Repair what can safely be repaired in the stores: into new files in this folder, with which they are examined again.", 0, 0},
    {"url", 0, MU_OPT_TEXT, O(url), "URL|HOST:PORT",
     "Look at this server: connect as often as is needed to tell causes apart.", 0, 0},
    MU_OPT_KEY_STORE(mu_doctor_options, stores),
    MU_OPT_TRUST_STORE(mu_doctor_options, stores),
    {"sni", 0, MU_OPT_TEXT, O(sni), "NAME",
     "The name to ask the server for, and to find in its certificate, instead of the URL's host.",
     0, 0},
    {"resolve", 0, MU_OPT_LIST, O(resolve), "HOST:PORT:ADDRESS", "Connect to this address for that host and port. May be repeated.",
     0, 0},
    {"connect-timeout", 0, MU_OPT_NUMBER, O(connect_timeout_s), "SECONDS",
     "For connecting, and again for a handshake; the default is 5.", 1, 86400},
    {"max-time", 0, MU_OPT_NUMBER, O(max_time_s), "SECONDS", "For all connections to --url together; the default is 20.", 1, 86400},
    MU_OPT_TRACE(mu_doctor_options),
    MU_OPT_JSON(mu_doctor_options),
    {0},
};

static const mu_example examples[] = {
    {"The four stores of a server and its client: would they accept each other, and if not, why?",
     "mutual doctor --server-key-store server.p12 --server-trust-store server-trust.p12 --client-key-store client.p12 "
     "--client-trust-store client-trust.p12 --host localhost"},
    {"A client by its command line",
     "mutual doctor --command 'java -Djavax.net.ssl.trustStore=client-trust.p12 -jar client.jar' --config application.properties"},
    {"The same folder's stores, repaired into a new one", "mutual doctor --dir stores --host localhost --fix repaired"},
    {"What Spring Boot will make of a configuration", "mutual doctor --config src/main/resources/application.yml --profile prod"},
    {"Why does this client not get through?",
     "mutual doctor --url https://orders.internal:8443 --key-store client.p12 --trust-store client-trust.p12"},
    {"What went wrong, from the logs of both sides", "mutual doctor --client-log client.log --server-log server.log"},
    {NULL, NULL},
};

/* The server's stores come from its configuration, the client's from its command line, if there are such. */
static int examine_stores(const mu_doctor_options *given, int64_t at_s, mu_findings *findings, mu_err **err)
{
    mu_doctor_options o = *given; /* borrows everything */
    mu_doctor_config config = {0};
    mu_store_settings client = {0}, changed[2] = {{0}, {0}};
    int rc = o.config ? mu_doctor_config_read(&o, &config, findings, err) : 0;
    if (rc == 0 && o.command)
        rc = mu_doctor_command_read(&o, &client, findings, err);
    size_t from = findings->count;
    if (o.config)
        o.server = config.stores;
    if (o.command)
        o.client = client;
    if (rc == 0 && mu_doctor_stores_given(&o))
        rc = mu_doctor_stores(&o, at_s, findings, changed, err);
    if (o.config)
        mu_doctor_config_annotate(&config, from, findings);
    mu_doctor_tell_use(&o, o.config ? &config : NULL, changed, findings);
    for (int i = 0; i < 2; i++)
        mu_store_settings_free(&changed[i]);
    mu_store_settings_free(&client);
    mu_doctor_config_free(&config);
    return rc;
}

/* Each examiner looks only at what it was given. */
static int examine(const mu_doctor_options *o, mu_findings *findings, mu_err **err)
{
    int64_t at_s = mu_now_s();
    if (o->at && mu_time_parse(o->at, &at_s, err) != 0)
        return -1;
    bool stores = o->config || o->command || mu_doctor_stores_given(o), logs = mu_doctor_logs_given(o);
    if (!o->url && !stores && !logs)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "nothing to examine was given");
    if (o->fix && !stores)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--fix repairs stores, and none was given");
    if (stores && examine_stores(o, at_s, findings, err) != 0)
        return -1;
    if (o->url && mu_doctor_live(o, at_s, findings, err) != 0)
        return -1;
    size_t first_of_logs = findings->failures;
    if (logs && mu_doctor_logs(o, findings, err) != 0)
        return -1;
    mu_findings_combine(findings, first_of_logs);
    return 0;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    static const int statuses[] = {[MU_DOCTOR_OK] = 0, [MU_DOCTOR_FAIL] = 4, [MU_DOCTOR_UNKNOWN] = 1};
    const mu_doctor_options *o = options;
    mu_findings findings = {0};
    mu_err *err = NULL;
    int status;
    (void)command, (void)args;

    if (examine(o, &findings, &err) != 0 || ((findings.failed || mu_cli_memory_ran_out()) && mu_fail_nomem(&err))) {
        status = mu_cli_fail(o->json, err);
    } else {
        mu_findings_rank(&findings);
        status = statuses[mu_findings_verdict(&findings)];
        if (!o->json)
            mu_doctor_print(stdout, &findings);
        else if (mu_json_print(stdout, mu_doctor_json(&findings), &err) != 0)
            status = mu_cli_fail(false, err);
    }
    mu_findings_free(&findings);
    return status;
}

const mu_command mu_command_doctor = {
    .name = "doctor",
    .summary = "which side refused, why, and what fixes it",
    .synopsis = "[options]",
    .description =
        "Stores: every store named is read, and whatever is wrong is told at once, not only what a handshake would meet first: "
        "the files, the keys, the chain that each side presents, its purpose, names, dates and algorithms, and what the other "
        "side trusts. Then the real handshake is done in memory with TLS 1.2 and 1.3, and it is told where OpenSSL's programs or "
        "JVMs would answer otherwise. Any of the stores may be left out; what needs it is then left out, too. A password that is "
        "not given is MUTUAL_STORE_PASSWORD.\n\n"
        "--fix DIR writes repaired copies into DIR, never over a file that is there: certificates without the JDK's mark of "
        "trust, a CA missing from a trust store while the peer's store has it, chains not whole or not in order, the alias of "
        "the only key, the type that was declared, outdated protection. Passwords and all other entries stay. What the new files "
        "do not cure is not kept.\n\n"
        "--config reads what Spring Boot would: the file, its other format and the files of active profiles beside it, variables "
        "like SERVER_SSL_KEYSTORE, placeholders. Misspelt, ignored and contradictory keys of server.ssl and spring.ssl.bundle "
        "are told with file and line, and the stores are opened as they are configured. Passwords are never shown.\n\n"
        "--command takes a line that starts a JVM and reads its -Djavax.net.ssl properties, also those of JAVA_TOOL_OPTIONS=… "
        "before it: misspelt ones, ones that stand after the program's name, missing files, for which a JVM silently takes its "
        "default roots. Nothing of it is executed. With --config both sides are known, and meet.\n\n"
        "A live server (--url): it is connected to, at most twelve times: as the client of --key-store and --trust-store, "
        "without a certificate, and, if it refuses, with other versions, suites, groups, names and sizes of the hello, one thing "
        "at a time. Nothing but a GET for the URL's path is sent. Without a trust store it is not judged whether clients trust "
        "the server.\n\n"
        "Logs: what programs have written, of any length and coding, on either side (--client-log and --server-log say whose it "
        "is). What failed is found in the words of Java, OpenSSL, Go, Node, Python, .NET, Rust, GnuTLS, NSS and programs built "
        "on them; each failure is told with its lines, the causes that they can have, and what tells these apart. Passwords, "
        "keys and tokens are masked. Stores and --url given with logs raise and lower what the logs suggest.\n\n"
        "Exit status: 0 nothing is wrong, 4 something is, 1 the cause is not known.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(mu_doctor_options),
    .run = run,
};

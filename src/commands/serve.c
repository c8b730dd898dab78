#include "base/clock.h"
#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/serve_config.h"
#include "config/key_log.h"
#include "config/password.h"
#include "config/settings.h"
#include "report/ladder.h"
#include "server/drop_user.h"
#include "server/server.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct serve_options {
    mu_store_settings stores;
    mu_strlist listen, crls, profiles;
    int client_auth, tls_min, tls_max, trace; /* client_auth: from 1 on; 0: not given */
    char *config, *groups, *sigalgs, *ciphers, *key_log;
    char *respond, *root, *user;
    long workers, handshake_timeout_s, header_timeout_s, idle_timeout_s, max_connections, max_connections_per_address;
} serve_options;

#define O(member) offsetof(serve_options, member)

static const mu_opt options_table[] = {
    {"config", 0, MU_OPT_TEXT, O(config), "FILE",
     "Serve as Spring Boot would with this application.properties, application.yml or JAR; options here go before it.", 0, 0},
    {"profile", 0, MU_OPT_LIST, O(profiles), "NAME", "With --config: this profile is active. May be repeated.", 0, 0},
    {"listen", 0, MU_OPT_LIST, O(listen), "ADDR:PORT",
     "Where to listen: 127.0.0.1:8443 (the default), [::1]:8443 or unix:PATH; port 0: any free one. May be repeated.", 0, 0},
    MU_OPT_KEY_STORE(serve_options, stores),
    MU_OPT_TRUST_STORE(serve_options, stores),
    {"crl", 0, MU_OPT_LIST, O(crls), "FILE|DIR", "CRLs; with any of them every CA of a chain needs a valid one. May be repeated.", 0, 0},
    {"client-auth", 0, MU_OPT_CHOICE, O(client_auth), "need|want|none",
     "Client certificates: needed (the default), asked for, or not asked for.", 1, 0},
    {"respond", 0, MU_OPT_TEXT, O(respond), "TEXT", "Answer every request with 200 and this text; the default is OK.", 0, 0},
    {"root", 0, MU_OPT_TEXT, O(root), "DIR",
     "Serve the files in this folder instead (GET and HEAD; no symbolic links, no names that start with a dot).", 0, 0},
    {"workers", 0, MU_OPT_NUMBER, O(workers), "N", "Threads; the default is one for each processor.", 1, 1024},
    {"user", 0, MU_OPT_TEXT, O(user), "NAME", "Become this user once ports are bound and stores are read.", 0, 0},
    MU_OPT_TLS(serve_options),
    MU_OPT_TRACE(serve_options),
    MU_OPT_KEY_LOG(serve_options),
    {"handshake-timeout", 0, MU_OPT_NUMBER, O(handshake_timeout_s), "SECONDS",
     "For a whole handshake; the default is 10.", 1, 3600},
    {"header-timeout", 0, MU_OPT_NUMBER, O(header_timeout_s), "SECONDS",
     "From a request's first byte to the end of its header; the default is 10.", 1, 3600},
    {"idle-timeout", 0, MU_OPT_NUMBER, O(idle_timeout_s), "SECONDS",
     "Between requests on one connection; the default is 60.", 1, 86400},
    {"max-connections", 0, MU_OPT_NUMBER, O(max_connections), "N",
     "Connections of one worker at a time; the default is 10000.", 1, 1000000},
    {"max-connections-per-address", 0, MU_OPT_NUMBER, O(max_connections_per_address), "N",
     "The same from one address (an IPv6 /64); the default is 1024.", 1, 1000000},
    {0},
};

static const mu_example examples[] = {
    {"The guide's server", "mutual serve --key-store server.p12 --trust-store server-trust.p12"},
    {"From PEM files, on all addresses",
     "mutual serve --certificate server.crt --certificate-private-key server.key --trust-certificate ca.crt "
     "--listen 0.0.0.0:8443"},
    {"Files, as an unprivileged user",
     "mutual serve --key-store server.p12 --trust-store server-trust.p12 --root /srv/www --listen 0.0.0.0:443 "
     "--user www-data"},
    {"As Spring Boot would", "mutual serve --config src/main/resources/application.properties"},
    {0},
};

static int usage(mu_err **err, const char *problem, const char *hint)
{
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s", problem);
    return mu_err_hint(err, "%s", hint);
}

static int parse_listen(const mu_strlist *texts, mu_address **ret_addresses, size_t *ret_count, mu_err **err)
{
    static char *guide[] = {(char *)"127.0.0.1:8443"};
    const mu_strlist fallback = {guide, 1};
    mu_address *addresses;

    if (texts->count == 0)
        texts = &fallback;
    if (!(addresses = calloc(texts->count, sizeof *addresses)))
        return mu_fail_nomem(err);
    for (size_t i = 0; i < texts->count; i++)
        if (mu_address_parse(texts->items[i], &addresses[i], err) < 0) {
            free(addresses);
            return -1;
        }
    *ret_addresses = addresses;
    *ret_count = texts->count;
    return 0;
}

/* A certificate that clients will refuse is served all the same: whoever starts the server is told, and each client says why. */
static void warn_of_doubts(const mu_identity *identity)
{
    char *doubts = mu_identity_doubts(identity, MU_PURPOSE_SERVER, mu_now_s());
    if (doubts && *doubts)
        fprintf(stderr, "mutual serve: warning: clients will refuse the certificate of %s: %s\n", mu_identity_source(identity), doubts);
    free(doubts);
}

static int load_crls(const serve_options *o, mu_trust *trust, mu_err **err)
{
    if (o->crls.count == 0)
        return 0;
    if (!trust)
        return usage(err, "--crl without anybody to trust", "Name the CAs of the clients with --trust-store or --trust-certificate.");
    return mu_settings_crls(NULL, &o->crls, trust, err);
}

/* What the command line names goes before what the configuration names, an identity or a trust as a whole. */
static int load_stores(const serve_options *o, const mu_serve_config *file, mu_key_log *key_log,
                       mu_server_config *config, mu_err **err)
{
    const mu_store_settings *own = &o->stores;
    const mu_store_settings *keys = own->key_store || own->certificate || !o->config ? own : &file->stores;
    const mu_store_settings *trusts = own->trust_store || own->trust_certificate || !o->config ? own : &file->stores;
    mu_strlist warnings = {0};
    int rc = -1;

    if (mu_settings_identity(NULL, keys, MU_PURPOSE_SERVER, mu_now_s(), &warnings, &config->identity, err) == 0 &&
        mu_settings_trust(NULL, trusts, &warnings, &config->trust, err) == 0 && load_crls(o, config->trust, err) == 0 &&
        mu_key_log_open(o->key_log, key_log, &warnings, err) == 0)
        rc = config->identity ? 0 : usage(err, "a server needs a certificate and its private key",
                                          "Name them with --key-store, or with --certificate and --certificate-private-key.");
    if (rc == 0)
        warn_of_doubts(config->identity);
    for (size_t i = 0; i < warnings.count; i++)
        fprintf(stderr, "mutual serve: warning: %s\n", warnings.items[i]);
    mu_strlist_free(&warnings);
    return rc;
}

/* What is used until the last connection has ended. */
struct watching {
    int trace;
    mu_key_log key_log;
};

/* Everything that needs the options; afterwards they may be wiped. */
static int make_server(const serve_options *o, struct watching *watching, mu_server **ret_server, mu_err **err)
{
    static const mu_client_auth auth[] = {MU_CLIENT_AUTH_NEED, MU_CLIENT_AUTH_NEED, MU_CLIENT_AUTH_WANT, MU_CLIENT_AUTH_NONE};
    mu_address *addresses = NULL;
    mu_serve_config file = {.min_version = TLS1_2_VERSION, .max_version = TLS1_3_VERSION};
    if (o->config && mu_serve_config_read(o->config, &o->profiles, &file, err) < 0)
        return -1;
    mu_server_config config = {
        .workers = (int)o->workers,
        .tls = {.min_version = o->tls_min == 1 ? TLS1_3_VERSION : file.min_version,
                .max_version = o->tls_max == 1 ? TLS1_2_VERSION : file.max_version,
                .groups = o->groups, .sigalgs = o->sigalgs, .ciphers = o->ciphers ? o->ciphers : file.ciphers,
                .client_auth = o->client_auth || !o->config ? auth[o->client_auth] : file.client_auth,
                .key_log = o->key_log ? mu_key_log_line : NULL, .key_log_arg = &watching->key_log},
        .on_trace = o->trace ? mu_ladder_print : NULL,
        .on_trace_arg = &watching->trace,
        .respond = o->respond,
        .root = o->root,
        .handshake_timeout_ms = o->handshake_timeout_s * 1000,
        .head_timeout_ms = o->header_timeout_s * 1000,
        .idle_timeout_ms = o->idle_timeout_s * 1000,
        .max_connections = o->max_connections,
        .max_connections_per_address = o->max_connections_per_address,
    };
    int rc = -1;

    if (o->respond && o->root) {
        usage(err, "--respond and --root exclude each other", "Give one of them.");
        goto out;
    }
    if (parse_listen(o->listen.count ? &o->listen : &file.listen, &addresses, &config.listen_count, err) < 0 ||
        load_stores(o, &file, &watching->key_log, &config, err) < 0)
        goto out;
    config.listen = addresses;
    if (mu_server_new(&config, ret_server, err) < 0)
        goto out;
    if (o->user && mu_drop_user(o->user, err) < 0) {
        mu_server_free(*ret_server);
        *ret_server = NULL;
        goto out;
    }
    rc = 0;
out:
    mu_identity_free(config.identity);
    mu_trust_free(config.trust);
    mu_serve_config_free(&file);
    free(addresses);
    return rc;
}

/* Each connection is a descriptor; the soft limit of most systems is 1,024. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void announce(const mu_server *server)
{
    const mu_address *address;
    char text[MU_ADDRESS_TEXT_MAX];

    for (size_t i = 0; (address = mu_server_address(server, i)); i++) {
        mu_address_text(address, text);
        printf(mu_address_is_unix(address) ? "mTLS server listening on %s\n" : "mTLS server listening on https://%s/\n", text);
    }
    fflush(stdout);
}

/* The first SIGTERM or SIGINT lets running requests finish, the second one does not wait for them. */
static int run_until_signal(mu_server *server, mu_err **err)
{
    sigset_t ends;
    int which;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (mu_server_start(server, err) < 0)
        return -1;
    announce(server);
    sigwait(&ends, &which);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
    mu_server_stop(server);
    return 0;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    mu_server *server = NULL;
    mu_err *err = NULL;
    struct watching watching = {.trace = ((const serve_options *)options)->trace, .key_log = {.fd = -1}};
    int rc;
    (void)args;

    raise_descriptor_limit();
    rc = make_server(options, &watching, &server, &err);
    mu_opt_free(command, options); /* passwords are not kept while serving */
    mu_password_forget();
    if (rc == 0)
        rc = run_until_signal(server, &err);
    mu_server_free(server);
    if (mu_key_log_close(&watching.key_log, rc == 0 ? &err : NULL) != 0)
        rc = -1;
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

const mu_command mu_command_serve = {
    .name = "serve",
    .summary = "an HTTPS server that asks its clients for certificates",
    .synopsis = "--key-store FILE --trust-store FILE [options]",
    .description =
        "Serves HTTP/1.1 over TLS 1.2 and 1.3. Prints \"mTLS server listening on https://ADDR:PORT/\" for each listener "
        "once it accepts. With --client-auth need or want it does not start without somebody to trust; system roots are "
        "never used.\n\n"
        "--config reads server.port (8080 if it is not set), server.address (all), server.ssl.* and spring.ssl.bundle.* as Spring Boot "
        "does; client-auth is none there if it is not set. A configuration without TLS is refused, as is one that Spring Boot would not "
        "start with; keys that nothing reads are warnings. See mutual doctor --config.\n\n"
        "Every refused handshake is a line on standard error, as key=value with text in double quotes: time, "
        "event=handshake-refused, peer, cause (see mutual explain), by (us or peer), alert with alert_direction (sent or "
        "received), depth, x509_error with x509_text, version, subject and serial of the client's certificate, detail; "
        "what is unknown is left out. At most ten lines a second and worker are written; event=log-suppressed says how "
        "many were not.\n\n"
        "With --trace each connection's handshake is shown as a ladder on standard error, in one piece: when it is refused, else "
        "after its first answer.\n\n"
        "SIGTERM or SIGINT stops accepting and lets running requests finish, for five seconds at most; a second one ends "
        "at once.\n\n"
        "Limits: 16 KiB of request header, 8 KiB of request target, 100 header fields, 1 MiB of request body (read and "
        "dropped) within 60 seconds, 30 seconds without progress of an answer.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(serve_options),
    .run = run,
};

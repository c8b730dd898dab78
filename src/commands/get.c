#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/ossl.h"
#include "base/term.h"
#include "cli/cli.h"
#include "client/fetch.h"
#include "commands/commands.h"
#include "config/default_trust.h"
#include "config/java_properties.h"
#include "config/key_log.h"
#include "net/dial.h"
#include "report/ladder.h"
#include "report/verdict_json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_MAX_BYTES (256u << 20)

enum { REPORT_HUMAN, REPORT_JSON, REPORT_JSSE };

typedef struct get_options {
    mu_store_settings stores;
    mu_strlist crls, defines, headers, resolve;
    char *method, *data, *output;
    bool include, json;
    long connect_timeout_s, max_time_s;
    int report, tls_min, tls_max, trace;
    char *groups, *sigalgs, *ciphers, *key_log;
} get_options;

#define O(member) offsetof(get_options, member)

static const mu_opt options_table[] = {
    MU_OPT_KEY_STORE(get_options, stores),
    MU_OPT_TRUST_STORE(get_options, stores),
    {"crl", 0, MU_OPT_LIST, O(crls), "FILE|DIR", "CRLs; with any of them every CA of a chain needs a valid one. May be repeated.",
     0, 0},
    {"define", 'D', MU_OPT_DEFINE, O(defines), "NAME=VALUE",
     "A property as for java: -Djavax.net.ssl.trustStore=FILE and its relatives. May be repeated.", 0, 0},
    {"request", 'X', MU_OPT_TEXT, O(method), "METHOD", "The method; the default is GET, or POST with -d.", 0, 0},
    {"header", 'H', MU_OPT_LIST, O(headers), "NAME: VALUE", "A header; replaces one that is sent anyway. May be repeated.", 0, 0},
    {"data", 'd', MU_OPT_TEXT, O(data), "DATA|@FILE", "The body to send; @- reads standard input.", 0, 0},
    {"output", 'o', MU_OPT_TEXT, O(output), "FILE", "Write the body there instead of to standard output.", 0, 0},
    {"include", 'i', MU_OPT_FLAG, O(include), NULL, "Write the head of the answer before its body.", 0, 0},
    {"resolve", 0, MU_OPT_LIST, O(resolve), "HOST:PORT:ADDRESS", "Connect to this address for that host and port. May be repeated.",
     0, 0},
    {"connect-timeout", 0, MU_OPT_NUMBER, O(connect_timeout_s), "SECONDS", "For resolving and connecting; the default is 30.", 1,
     86400},
    {"max-time", 0, MU_OPT_NUMBER, O(max_time_s), "SECONDS", "For everything; the default is no limit.", 1, 86400 * 7},
    MU_OPT_TLS(get_options),
    {"report", 0, MU_OPT_CHOICE, O(report), "human|json|jsse",
     "What standard output gets: the body; an object with every fact; or the line that a Java client would print.", 0, 0},
    {"json", 0, MU_OPT_FLAG, O(json), NULL, "As --report json.", 0, 0},
    MU_OPT_TRACE(get_options),
    MU_OPT_KEY_LOG(get_options),
    {0},
};

static const mu_example examples[] = {
    {"The guide's client", "mutual get https://127.0.0.1:8443/ --key-store client.p12 --trust-store client-trust.p12"},
    {"The same with a JVM's properties",
     "mutual get -Djavax.net.ssl.trustStore=client-trust.p12 -Djavax.net.ssl.trustStorePassword=changeit "
     "-Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStorePassword=changeit https://127.0.0.1:8443/"},
    {"What would Java say?", "mutual get --report jsse --trust-store client-trust.p12 https://127.0.0.1:8443/"},
    {0},
};

/* Everything between the options and the exit status. */
typedef struct get_run {
    const get_options *options;
    mu_java_settings java;
    mu_strlist notes; /* about the default trust; told when it refuses */
    OSSL_LIB_CTX *libctx;
    mu_identity *identity;
    mu_trust *trust;
    mu_tls_ctx *ctx;
    mu_url url;
    mu_buf data;
    mu_fetch fetch;
    mu_key_log key_log;
    FILE *out; /* NULL: the body is dropped */
    int write_errno;
    int report, trace;
} get_run;

static void say_all(const mu_strlist *lines, const char *what)
{
    for (size_t i = 0; i < lines->count; i++)
        fprintf(stderr, "%s: %s\n", what, lines->items[i]);
}

/* ---- identity and trust: options, else properties, else the default ---- */

static int load_identity(get_run *run, mu_strlist *warnings, mu_err **err)
{
    const mu_store_settings *own = &run->options->stores;
    bool given = own->key_store || own->certificate || own->certificate_private_key;
    return mu_settings_identity(run->libctx, given ? own : &run->java.stores, MU_PURPOSE_CLIENT, mu_now_s(), warnings,
                                &run->identity, err);
}

static int load_trust(get_run *run, mu_strlist *warnings, mu_err **err)
{
    const mu_store_settings *own = &run->options->stores;
    bool given = own->trust_store || own->trust_certificate;
    if (mu_settings_trust(run->libctx, given ? own : &run->java.stores, warnings, &run->trust, err) != 0)
        return -1;
    if (!run->trust && run->java.trust_none)
        return mu_fail_by(err, MU_E_TRUSTSTORE_EMPTY, MU_BY_CALLER, "-Djavax.net.ssl.trustStore=NONE: nobody is trusted");
    if (!run->trust && mu_default_trust(run->libctx, &run->notes, &run->trust, err) != 0)
        return -1;
    return mu_settings_crls(run->libctx, &run->options->crls, run->trust, err);
}

static mu_tls_settings tls_settings(get_run *run)
{
    const get_options *o = run->options;
    const mu_java_settings *java = &run->java;
    return (mu_tls_settings){
        .min_version = o->tls_min ? TLS1_3_VERSION : java->min_version,
        .max_version = o->tls_max ? TLS1_2_VERSION : java->max_version,
        .groups = o->groups ? o->groups : java->groups,
        .sigalgs = o->sigalgs ? o->sigalgs : java->sigalgs,
        .ciphers = o->ciphers ? o->ciphers : java->ciphers,
        .key_log = o->key_log ? mu_key_log_line : NULL,
        .key_log_arg = &run->key_log,
    };
}

static int make_context(get_run *run, mu_err **err)
{
    mu_strlist warnings = {0};
    int rc = -1;
    if (mu_java_properties_read(&run->options->defines, &run->java, &warnings, err) == 0 &&
        mu_ossl_ctx_new(&run->libctx, err) == 0 && load_identity(run, &warnings, err) == 0 &&
        load_trust(run, &warnings, err) == 0 && mu_key_log_open(run->options->key_log, &run->key_log, &warnings, err) == 0) {
        mu_tls_settings settings = tls_settings(run);
        rc = mu_tls_ctx_new(run->libctx, MU_SIDE_CLIENT, run->identity, run->trust, &settings, &run->ctx, err);
    }
    say_all(&warnings, "warning");
    mu_strlist_free(&warnings);
    return rc;
}

/* ---- request and answer ---- */

static int read_data(get_run *run, mu_err **err)
{
    const char *data = run->options->data;
    mu_buf_init(&run->data, BODY_MAX_BYTES);
    if (data && data[0] == '@')
        return mu_file_read(strcmp(data, "@-") == 0 ? "/dev/stdin" : data + 1, BODY_MAX_BYTES, &run->data, NULL, err);
    if (data)
        mu_buf_add_str(&run->data, data);
    return run->data.failed ? mu_fail_nomem(err) : 0;
}

static int open_output(get_run *run, mu_err **err)
{
    const char *path = run->options->output;
    if (!path) {
        run->out = run->report == REPORT_HUMAN ? stdout : NULL;
        return 0;
    }
    /* What is in the file stays there until there is an answer. */
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    run->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (run->out)
        return 0;
    int errnum = errno;
    char shown[MU_SHOWN_SIZE];
    if (fd >= 0)
        close(fd);
    return mu_fail_errno(err, mu_file_write_code(errnum), errnum, "\"%s\" cannot be written", mu_escape_to(shown, path));
}

static void write_out(get_run *run, const void *data, size_t len)
{
    if (run->out && len > 0 && fwrite(data, 1, len, run->out) != len)
        run->write_errno = errno;
}

static void on_body(void *arg, const void *data, size_t len)
{
    write_out(arg, data, len);
}

/* An answer has come. Its head is shown as text, so it is escaped; the body is handed on as it is. */
static void on_head(void *arg, const mu_http_parser *response)
{
    get_run *run = arg;
    mu_buf text;
    struct stat st;
    if (run->options->output && fstat(fileno(run->out), &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fileno(run->out), 0) != 0)
        run->write_errno = errno;
    if (!run->options->include)
        return;
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    mu_buf_addf(&text, "HTTP/1.%d %d ", mu_http_minor_version(response), mu_http_status(response));
    mu_escape(&text, mu_http_reason(response), strlen(mu_http_reason(response)));
    for (size_t i = 0; i < mu_http_field_count(response); i++) {
        const char *name = mu_http_field_name(response, i), *value = mu_http_field_value(response, i);
        mu_buf_add_str(&text, "\r\n");
        mu_escape(&text, name, strlen(name));
        mu_buf_add_str(&text, ": ");
        mu_escape(&text, value, strlen(value));
    }
    mu_buf_add_str(&text, "\r\n\r\n");
    write_out(run, text.data, text.len);
    mu_buf_free(&text);
}

static int close_output(get_run *run, mu_err **err)
{
    int errnum = run->write_errno;
    if (run->out && (run->out == stdout ? fflush(run->out) : fclose(run->out)) != 0 && !errnum)
        errnum = errno;
    run->out = NULL;
    return errnum ? mu_fail_errno(err, MU_E_WRITE_FAILED, errnum, "the body could not be written") : 0;
}

static int exchange(get_run *run, mu_err **err)
{
    const get_options *o = run->options;
    mu_fetch_options fetch = {
        .method = o->method,
        .headers = &o->headers,
        .body = o->data ? mu_buf_text(&run->data) : NULL,
        .body_len = run->data.len,
        .resolve = &o->resolve,
        .connect_timeout_ms = o->connect_timeout_s * 1000,
        .max_time_ms = o->max_time_s * 1000,
        .on_head = on_head,
        .on_body = on_body,
        .arg = run,
    };
    if (mu_fetch_check(&fetch, err) != 0 || mu_dial_check_resolve(&o->resolve, err) != 0 || make_context(run, err) != 0 ||
        open_output(run, err) != 0)
        return -1;
    run->trace = o->trace > run->java.trace ? o->trace : run->java.trace;
    fetch.trace = run->trace > 0;
    int rc = mu_fetch_run(run->ctx, &run->url, &fetch, &run->fetch, err);
    if (close_output(run, rc == 0 ? err : NULL) != 0 && rc == 0)
        return -1;
    if (rc == 0 && (run->fetch.status == 401 || run->fetch.status == 403)) {
        mu_fail_by(err, MU_E_SERVER_REFUSES_ALL, MU_BY_PEER, "TLS was accepted, the server answered %d", run->fetch.status);
        if (run->fetch.verdict->identity_note)
            mu_err_detail(err, "%s", run->fetch.verdict->identity_note);
        return -1;
    }
    return rc;
}

/* ---- reports ---- */

/* What HttpsURLConnection throws where there was no TLS to speak of. */
static char *jsse_failure(const get_run *run, const mu_err *err)
{
    const mu_verdict *v = run->fetch.verdict;
    switch (err->code) {
    case MU_E_NAME_NOT_RESOLVED:
        return mu_asprintf("UnknownHostException: %s", run->url.host);
    case MU_E_CONNECTION_REFUSED:
        return mu_strdup("ConnectException: Connection refused");
    case MU_E_NETWORK_TIMEOUT:
        return mu_strdup(v ? "SocketTimeoutException: Read timed out" : "SocketTimeoutException: Connect timed out");
    case MU_E_HANDSHAKE_TIMEOUT:
        return mu_strdup("SocketTimeoutException: Read timed out");
    case MU_E_PROTOCOL_ERROR:
        return mu_strdup("SocketException: Invalid Http response");
    default:
        if (v && v->code != MU_OK)
            return mu_verdict_jsse_text(v);
        if (err->code == MU_E_PEER_CLOSED)
            return mu_strdup("SocketException: Unexpected end of file from server");
        return mu_strdup(
            "SocketException: java.security.NoSuchAlgorithmException: Error constructing implementation (algorithm: Default, "
            "provider: SunJSSE, class: sun.security.ssl.SSLContextImpl$DefaultSSLContext)");
    }
}

/* The line of the guide's Java client; owned by the caller. */
static char *jsse_line(const get_run *run, const mu_err *err)
{
    if (!err || err->code == MU_E_SERVER_REFUSES_ALL)
        return mu_asprintf("HTTP status: %d", run->fetch.status);
    char *failure = jsse_failure(run, err), *line = failure ? mu_asprintf("FAILED: %s", failure) : NULL;
    free(failure);
    return line;
}

static void report_jsse(const get_run *run, const mu_err *err)
{
    char *line = jsse_line(run, err);
    printf("%s\n", line ? line : "");
    free(line);
}

static void print_trace(get_run *run)
{
    char peer[MU_ADDRESS_TEXT_MAX];
    const mu_fetch *f = &run->fetch;
    if (run->trace && f->conn && mu_trace_of(f->conn))
        mu_ladder_print(&run->trace, mu_trace_of(f->conn), f->verdict, mu_address_text(&f->peer, peer));
}

static void report_json(const get_run *run, const mu_err *err, const char *url)
{
    char peer[MU_ADDRESS_TEXT_MAX];
    const mu_fetch *f = &run->fetch;
    const mu_trace *trace = f->conn ? mu_trace_of(f->conn) : NULL;
    char *jsse = jsse_line(run, err);
    json_t *report =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "url", mu_json_text(url), "address",
                  f->verdict ? mu_json_text(mu_address_text(&f->peer, peer)) : json_null(), "status",
                  f->status ? json_integer(f->status) : json_null(), "tls", f->verdict ? mu_verdict_json(f->verdict) : json_null(),
                  "error", err ? mu_json_error(err) : json_null(), "jsse", mu_json_text(jsse));
    free(jsse);
    if (trace)
        json_object_set_new(report, "trace", mu_ladder_json(trace, f->verdict));
    mu_json_print(stdout, report, NULL);
}

static int finish(get_run *run, mu_err *err, const char *url)
{
    int status = err ? mu_code_exit_status(err->code) : 0;
    print_trace(run);
    if (run->report == REPORT_JSON)
        report_json(run, err, url);
    else if (run->report == REPORT_JSSE && status != 2)
        report_jsse(run, err);
    if (err && (run->report != REPORT_JSON)) {
        mu_err_print(stderr, err);
        if (mu_code_class(err->code) == MU_CLASS_TRUST)
            say_all(&run->notes, "note");
    }
    return status;
}

static int run_get(const mu_command *command, void *options, const mu_strlist *args)
{
    get_run run = {.options = options, .fetch = {.fd = -1}, .key_log = {.fd = -1}};
    mu_err *err = NULL;
    int status;

    (void)command;
    run.report = run.options->json ? REPORT_JSON : run.options->report;
    if (mu_url_parse(args->items[0], &run.url, &err) == 0 && read_data(&run, &err) == 0)
        exchange(&run, &err);
    mu_key_log_close(&run.key_log, err ? NULL : &err);
    if (err)
        mu_cli_blame_memory(&err);
    status = finish(&run, err, args->items[0]);
    mu_err_free(err);
    mu_fetch_done(&run.fetch);
    mu_tls_ctx_free(run.ctx);
    mu_trust_free(run.trust);
    mu_identity_free(run.identity);
    OSSL_LIB_CTX_free(run.libctx);
    mu_java_settings_free(&run.java);
    mu_url_done(&run.url);
    mu_buf_free(&run.data);
    mu_strlist_free(&run.notes);
    return status;
}

const mu_command mu_command_get = {
    .name = "get",
    .summary = "fetch an https URL with a client certificate, and say what went wrong",
    .synopsis = "URL [options]",
    .description = "Fetches URL over TLS 1.2 or 1.3 and writes the body to standard output. The server's certificate must lead to "
                   "the trust store and bear the name or address of the URL; there is no switch that turns this off. If the server "
                   "asks for a certificate, the one of --key-store or --certificate is sent.\n\n"
                   "Without a trust store a JVM's default is used (jssecacerts or cacerts of JAVA_HOME or of the java on PATH), "
                   "else the system's.\n\n"
                   "Redirects are not followed. An answer of 401 or 403 is a refusal by the server (exit status 5); other answers, "
                   "whatever their status, are successes of this program.\n\n"
                   "-Djavax.net.debug=ssl,handshake (also all, ssl, ssl:handshake:verbose and the like) is --trace.\n\n"
                   "Java properties that concern security and are not implemented are errors; others are ignored with a warning.",
    .options = options_table,
    .examples = examples,
    .options_size = sizeof(get_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_get,
};

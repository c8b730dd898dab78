/* The real server and the real client over TCP, and what each side says of it: steps 5 to 7 of the guide. */
#include "lab/lab_internal.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_ARGUMENTS "--key-store server.p12 --trust-store server-trust.p12"
#define URL "https://127.0.0.1:{port}/"
#define PROPERTY(name, value) " -Djavax.net.ssl." name "=" value

static const struct {
    const char *title, *proves, *arguments;
    mu_lab_expect expect;
} runs[] = {
    {"Run 1: trust, but no identity", "the server requires a certificate, and the alert says so: no trust problem",
     URL " --trust-store client-trust.p12", {5, "peer-refused", "client-cert-not-sent", "certificate_required"}},
    {"Run 2: identity and trust", "both sides showed a certificate, and both were believed",
     URL " --key-store client.p12 --trust-store client-trust.p12", {0, NULL, NULL, NULL}},
    {"Run 3: no properties", "without javax.net.ssl.trustStore the default roots decide, and they do not know this CA",
     URL, {4, "ca-not-trusted", "peer-refused", "unknown_ca"}},
    {"Run 4: the six properties", "the same client, configured as a JVM is",
     URL PROPERTY("trustStore", "client-trust.p12") PROPERTY("trustStorePassword", MU_LAB_PASSWORD) PROPERTY("trustStoreType", "PKCS12")
     PROPERTY("keyStore", "client.p12") PROPERTY("keyStorePassword", MU_LAB_PASSWORD) PROPERTY("keyStoreType", "PKCS12"),
     {0, NULL, NULL, NULL}},
};

int mu_lab_do(mu_lab *lab, const char *command, mu_err **err)
{
    mu_process *process = NULL;
    if (mu_process_start(command, lab->options->dir, &process, err) < 0)
        return -1;
    int status = mu_process_wait(process, 120000), rc = 0;
    if (status != 0) {
        rc = mu_fail(err, MU_E_LAB_UNEXPECTED, "a command of the lab failed with status %d: %s", status, command);
        mu_err_detail(err, "it said: %s%s", mu_process_stdout(process), mu_process_stderr(process));
        mu_err_hint(err, "run it by hand in \"%s\"", lab->options->dir);
    }
    mu_process_free(process);
    return rc;
}

int mu_lab_server_start(mu_lab *lab, const char *arguments, mu_process **ret_server, mu_err **err)
{
    char *pattern = mu_asprintf("mutual serve --listen 127.0.0.1:{port} %s", arguments);
    char *command = pattern ? mu_lab_expand(lab, pattern) : NULL, *line = NULL;
    mu_process *server = NULL;
    int rc = -1;

    if (!command) {
        mu_fail_nomem(err);
    } else if (mu_process_start(command, lab->options->dir, &server, err) == 0) {
        mu_lab_say_command(lab, command);
        line = mu_process_wait_line(server, "mTLS server listening on ", 20000);
        if (line) {
            *ret_server = server;
            server = NULL;
            rc = 0;
        } else {
            mu_fail(err, MU_E_LAB_UNEXPECTED, "the server did not start: %s", command);
            mu_err_detail(err, "it said: %s", mu_process_stderr(server));
        }
    }
    free(line);
    free(pattern);
    free(command);
    mu_process_free(server);
    return rc;
}

/* The text at "error.code" and the like, "" if it is not there. */
static const char *answer_text(const json_t *answer, const char *outer, const char *middle, const char *inner)
{
    const json_t *value = json_object_get(answer, outer);
    value = middle ? json_object_get(value, middle) : value;
    const char *text = json_string_value(inner ? json_object_get(value, inner) : value);
    return text ? text : "";
}

static const char *answer_code(const json_t *answer)
{
    return json_is_null(json_object_get(answer, "error")) ? "ok" : answer_text(answer, "error", NULL, "code");
}

/* The value of cause=… or detail="…" in a line of the server's log, without its quotes; owned by the caller, NULL if it is not there. */
static char *log_field(const char *line, const char *name)
{
    char *key = mu_asprintf(" %s=", name), *value = NULL;
    const char *begin = key ? strstr(line, key) : NULL, *end;
    if (begin) {
        begin += strlen(key);
        bool quoted = *begin == '"';
        begin += quoted;
        for (end = begin; *end && *end != (quoted ? '"' : ' '); end++)
            if (quoted && end[0] == '\\' && end[1])
                end++;
        value = mu_strndup(begin, (size_t)(end - begin));
    }
    free(key);
    return value;
}

/* The log's line in fewer words. */
static char *say_server(const char *line)
{
    char *cause = log_field(line, "cause"), *by = log_field(line, "by"), *detail = log_field(line, "detail");
    char *text = mu_asprintf("%s [%s]%s%s", by && strcmp(by, "us") == 0 ? "refused the client" : "was refused", cause ? cause : "?",
                             detail ? ": " : "", detail ? detail : "");
    free(cause);
    free(by);
    free(detail);
    return text;
}

static char *compare(const mu_lab_expect *expect, const mu_lab_seen *seen, const json_t *answer)
{
    const char *code = answer_code(answer), *alert = answer_text(answer, "tls", "alert", "name");
    char *server_code = seen->server_line ? log_field(seen->server_line, "cause") : NULL, *why = NULL;

    if (seen->exit_status != expect->exit_status)
        why = mu_asprintf("exit status %d, not %d", seen->exit_status, expect->exit_status);
    else if (strcmp(code, expect->client_code ? expect->client_code : "ok") != 0)
        why = mu_asprintf("the client says %s, not %s", code, expect->client_code ? expect->client_code : "ok");
    else if (expect->alert && strcmp(alert, expect->alert) != 0)
        why = mu_asprintf("the alert is %s, not %s", alert, expect->alert);
    else if (expect->server_code && (!server_code || strcmp(server_code, expect->server_code) != 0))
        why = mu_asprintf("the server says %s, not %s", server_code ? server_code : "nothing", expect->server_code);
    free(server_code);
    return why;
}

int mu_lab_client(mu_lab *lab, mu_process *server, const char *arguments, const mu_lab_expect *expect, mu_lab_seen *ret_seen, mu_err **err)
{
    char *pattern = mu_asprintf("mutual get --report json%s %s", lab->options->trace, arguments);
    char *command = pattern ? mu_lab_expand(lab, pattern) : NULL;
    mu_process *client = NULL;
    json_t *answer = NULL;
    int rc = -1;

    *ret_seen = (mu_lab_seen){0};
    if (!command) {
        mu_fail_nomem(err);
    } else if (mu_process_start(command, lab->options->dir, &client, err) == 0) {
        ret_seen->exit_status = mu_process_wait(client, 60000);
        if (expect->server_code)
            ret_seen->server_line = mu_process_wait_line(server, " cause=", 5000);
        answer = json_loads(mu_process_stdout(client), 0, NULL);
        ret_seen->why_not = answer ? compare(expect, ret_seen, answer) : mu_asprintf("no answer: %s", mu_process_stderr(client));
        ret_seen->client_line = expect->client_code || ret_seen->why_not
                                    ? mu_asprintf("%s [%s]", answer_text(answer, "error", NULL, "message"), answer_code(answer))
                                    : mu_asprintf("HTTP status: %d", (int)json_integer_value(json_object_get(answer, "status")));
        ret_seen->server_said = ret_seen->server_line ? say_server(ret_seen->server_line) : NULL;
        ret_seen->ladder = *lab->options->trace ? mu_strdup(mu_process_stderr(client)) : NULL;
        ret_seen->trace = json_incref(json_object_get(answer, "trace"));
        ret_seen->jvm_line = mu_strdup(answer_text(answer, "jsse", NULL, NULL));
        ret_seen->command = mu_lab_expand(lab, arguments);
        rc = ret_seen->client_line && ret_seen->jvm_line && ret_seen->command ? 0 : mu_fail_nomem(err);
    }
    json_decref(answer);
    mu_process_free(client);
    free(pattern);
    free(command);
    return rc;
}

void mu_lab_seen_done(mu_lab_seen *seen)
{
    free(seen->command);
    free(seen->client_line);
    free(seen->jvm_line);
    free(seen->server_line);
    free(seen->server_said);
    free(seen->why_not);
    free(seen->ladder);
    json_decref(seen->trace);
    *seen = (mu_lab_seen){0};
}

int mu_lab_four_runs(mu_lab *lab, mu_err **err)
{
    mu_process *server = NULL;
    int rc = 0;

    mu_lab_say_title(lab, "The server, and the guide's four clients");
    if (mu_lab_server_start(lab, SERVER_ARGUMENTS, &server, err) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < sizeof runs / sizeof runs[0]; i++) {
        mu_lab_seen seen = {0};
        rc = mu_lab_client(lab, server, runs[i].arguments, &runs[i].expect, &seen, err);
        if (rc == 0)
            mu_lab_say_run(lab, runs[i].title, runs[i].proves, &seen);
        mu_lab_seen_done(&seen);
        mu_process_forget(server);
    }
    mu_process_stop(server);
    mu_process_free(server);
    return rc;
}

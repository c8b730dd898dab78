#include "base/json.h"
#include "cli/cli.h"
#include "commands/explain_lookup.h"

#include <openssl/x509_vfy.h>
#include <string.h>

struct options {
    bool json, all;
};

static const mu_opt table[] = {
    {"all", 0, MU_OPT_FLAG, offsetof(struct options, all), NULL, "Every cause, with what stacks print for it, in Markdown.", 0, 0},
    MU_OPT_JSON(struct options),
    {0},
};

static const mu_example examples[] = {
    {"an alert, by name or number", "mutual explain unknown_ca"},
    {"what OpenSSL printed", "mutual explain unable to get local issuer certificate"},
    {"a cause that mutual reported", "mutual explain eku-missing-clientauth"},
    {"a line from a log", "mutual explain \"Received fatal alert: certificate_required\""},
    {0},
};

/* ---- for people ---- */

static void print_causes(const char *when, const mu_code *codes, size_t count)
{
    if (!count)
        return;
    printf("  %s\n", when);
    for (size_t i = 0; i < count; i++)
        printf("    %-32s %s\n", mu_code_name(codes[i]), mu_code_meaning(codes[i]));
}

static void print_alert(const mu_alert_info *alert)
{
    static const mu_alert_phase others[] = {MU_PHASE_NO_CERT, MU_PHASE_HELLO};
    mu_code with_cert[MU_MAX_CANDIDATES], codes[MU_MAX_CANDIDATES];
    size_t count_with = mu_alert_candidates(alert->alert, MU_SIDE_CLIENT, MU_PHASE_CERT, with_cert), count;

    printf("alert %d %s\n  %s\n", alert->alert, alert->name, alert->meaning);
    print_causes("received by a client:", with_cert, count_with);
    for (size_t i = 0; i < 2; i++) {
        char when[96];
        count = mu_alert_candidates(alert->alert, MU_SIDE_CLIENT, others[i], codes);
        snprintf(when, sizeof when, "received by a client %s:", mu_alert_phase_text(others[i]));
        if (count != count_with || memcmp(codes, with_cert, count * sizeof *codes) != 0)
            print_causes(when, codes, count);
    }
    count = mu_alert_candidates(alert->alert, MU_SIDE_SERVER, MU_PHASE_CERT, codes);
    print_causes("received by a server:", codes, count);
    if (count_with + count > 0)
        puts("  The sender knows which: its log says it, at the moment of the alert.");
}

static void print_x509(int error)
{
    mu_code codes[MU_X509_CODES_MAX];
    size_t count = mu_explain_x509_codes(error, codes);
    printf("%s (%d): %s\n", mu_x509_error_name(error), error, X509_verify_cert_error_string(error));
    print_causes("causes:", codes, count);
    if (mu_explain_x509_apart(error))
        printf("  %s\n", mu_explain_x509_apart(error));
}

static void print_cause(mu_code code)
{
    bool first = true;
    size_t count;
    const mu_alert_info *alerts = mu_alert_table(&count);

    printf("%s (exit status %d)\n  %s\n  fix: %s\n", mu_code_name(code), mu_code_exit_status(code), mu_code_meaning(code),
           mu_code_fix(code));
    for (size_t i = 0; i < count; i++)
        if (mu_explain_alert_can_mean(alerts[i].alert, code)) {
            printf("%s %s (%d)", first ? "  alerts the other side may see:" : ",", alerts[i].name, alerts[i].alert);
            first = false;
        }
    fputs(first ? "" : "\n", stdout);
}

static void print_one(const mu_explained *found)
{
    switch (found->kind) {
    case MU_EXPLAINED_ALERT:
        print_alert(mu_alert_find(found->number));
        break;
    case MU_EXPLAINED_X509:
        print_x509(found->number);
        break;
    case MU_EXPLAINED_CAUSE:
        print_cause((mu_code)found->number);
    }
}

/* ---- for programs ---- */

static json_t *json_codes(const mu_code *codes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(mu_code_name(codes[i])));
    return list;
}

static json_t *json_alert(const mu_alert_info *alert)
{
    static const char *const names[] = {
        [MU_PHASE_HELLO] = "client_before_certificates",
        [MU_PHASE_NO_CERT] = "client_without_certificate",
        [MU_PHASE_CERT] = "client_with_certificate",
    };
    mu_code codes[MU_MAX_CANDIDATES];
    json_t *causes = json_object();

    for (int phase = MU_PHASE_HELLO; phase <= MU_PHASE_CERT; phase++) {
        size_t count = mu_alert_candidates(alert->alert, MU_SIDE_CLIENT, (mu_alert_phase)phase, codes);
        json_object_set_new(causes, names[phase], json_codes(codes, count));
    }
    json_object_set_new(causes, "server",
                        json_codes(codes, mu_alert_candidates(alert->alert, MU_SIDE_SERVER, MU_PHASE_CERT, codes)));
    return json_pack("{s:s, s:i, s:s, s:s, s:o}", "kind", "alert", "number", alert->alert, "name", alert->name, "meaning",
                     alert->meaning, "received_by", causes);
}

static json_t *json_x509(int error)
{
    mu_code codes[MU_X509_CODES_MAX];
    size_t count = mu_explain_x509_codes(error, codes);
    return json_pack("{s:s, s:i, s:s, s:s, s:o, s:s?}", "kind", "x509", "number", error, "name", mu_x509_error_name(error),
                     "meaning", X509_verify_cert_error_string(error), "codes", json_codes(codes, count), "apart",
                     mu_explain_x509_apart(error));
}

static json_t *json_cause(mu_code code)
{
    json_t *list = json_array();
    size_t count;
    const mu_alert_info *alerts = mu_alert_table(&count);
    for (size_t i = 0; i < count; i++)
        if (mu_explain_alert_can_mean(alerts[i].alert, code))
            json_array_append_new(list, json_string(alerts[i].name));
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "kind", "cause", "code", mu_code_name(code), "meaning",
                     mu_code_meaning(code), "fix", mu_code_fix(code), "exit_status", mu_code_exit_status(code), "alerts", list);
}

static json_t *json_one(const mu_explained *found)
{
    return found->kind == MU_EXPLAINED_ALERT  ? json_alert(mu_alert_find(found->number))
           : found->kind == MU_EXPLAINED_X509 ? json_x509(found->number)
                                              : json_cause((mu_code)found->number);
}

/* ---- */

static int fail_unknown(bool json, const char *text)
{
    char shown[MU_SHOWN_SIZE];
    mu_err *err = NULL;
    if (*text == 0)
        mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "something is missing: mutual explain WORD...");
    else
        mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "nothing is known about \"%s\"", mu_escape_to(shown, text));
    mu_err_hint(&err, "give an alert (unknown_ca, 48), an X.509 code (X509_V_ERR_CERT_HAS_EXPIRED, its text), a message (PKIX path "
                      "building failed) or a cause (cert-expired); man mutual lists the causes");
    return mu_cli_fail(json, err);
}

static int run(const mu_command *command, void *given, const mu_strlist *args)
{
    const struct options *options = given;
    mu_explained found[MU_EXPLAINED_MAX];
    size_t count;
    mu_buf text;
    int status = 0;
    (void)command;

    if (options->all && args->count == 0) {
        mu_explain_print_all();
        return 0;
    }
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < args->count; i++)
        mu_buf_addf(&text, "%s%s", i ? " " : "", args->items[i]);
    count = mu_explain_find(mu_buf_text(&text), found);
    if (count == 0)
        status = fail_unknown(options->json, mu_buf_text(&text));
    else if (options->json) {
        json_t *list = json_array();
        mu_err *err = NULL;
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, json_one(&found[i]));
        if (mu_json_print(stdout, json_pack("{s:o}", "explanations", list), &err) < 0)
            status = mu_cli_fail(false, err);
    } else
        for (size_t i = 0; i < count; i++) {
            fputs(i ? "\n" : "", stdout);
            print_one(&found[i]);
        }
    mu_buf_free(&text);
    return status;
}

const mu_command mu_command_explain = {
    .name = "explain",
    .summary = "what an alert, an X.509 code or a cause means, and what cures it",
    .synopsis = "WORD... | --all",
    .description =
        "Looks the words up together (an error text), then one by one: TLS alerts by name or number, OpenSSL's X509_V_ERR codes "
        "by name, number or text, lines from logs of Java, Go, OpenSSL and others, and the cause codes of mutual. A number that is both an alert "
        "and an X.509 code is explained as both.",
    .options = table,
    .options_size = sizeof(struct options),
    .examples = examples,
    .max_args = -1,
    .run = run,
};

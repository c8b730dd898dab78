#include "keytool/dname.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELDS 6
#define MAX_ROUNDS 20

static const struct field {
    const char *keyword, *question;
} fields[FIELDS] = {
    {"CN", "What is your first and last name?"},
    {"OU", "What is the name of your organizational unit?"},
    {"O", "What is the name of your organization?"},
    {"L", "What is the name of your City or Locality?"},
    {"ST", "What is the name of your State or Province?"},
    {"C", "What is the two-letter country code for this unit?"},
};

static char *ask(const char *question, const char *preset)
{
    fprintf(stderr, "%s\n  [", question);
    mu_kt_show(stderr, preset);
    fputs("]:  ", stderr);
    char *line = mu_kt_read_line();
    if (line && *line)
        return line;
    free(line);
    return mu_strdup(preset);
}

/* A single dot leaves a field empty. @return 0, or -1 out of memory */
static int ask_all(char *answers[FIELDS])
{
    fputs("Enter the distinguished name. Provide a single dot (.) to leave a sub-component empty or press ENTER to use the default "
          "value in braces.\n", stderr);
    for (int i = 0; i < FIELDS; i++) {
        char *answer = ask(fields[i].question, answers[i]);
        if (!answer)
            return -1;
        if (strcmp(answer, ".") == 0)
            *answer = '\0';
        free(answers[i]);
        answers[i] = answer;
    }
    return 0;
}

static int make_name(mu_kt *kt, char *const answers[FIELDS], X509_NAME **ret_name)
{
    mu_buf text;
    int rc;

    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    for (int i = 0; i < FIELDS; i++) {
        if (!*answers[i])
            continue;
        mu_buf_addf(&text, "%s%s=\"", text.len ? "," : "", fields[i].keyword);
        for (const char *p = answers[i]; *p; p++) {
            if (*p == '"' || *p == '\\')
                mu_buf_add_byte(&text, '\\');
            mu_buf_add_byte(&text, (uint8_t)*p);
        }
        mu_buf_add_byte(&text, '"');
    }
    rc = mu_kt_dname_parse(kt, mu_buf_text(&text), ret_name);
    mu_buf_free(&text);
    return rc;
}

static bool all_empty(char *const answers[FIELDS])
{
    for (int i = 0; i < FIELDS; i++)
        if (*answers[i])
            return false;
    return true;
}

/* @param ret_yes true: the name is right */
static int confirm(mu_kt *kt, const X509_NAME *name, bool *ret_yes)
{
    char *text = mu_kt_dname_text(name);
    char *question = text ? mu_asprintf("Is %s correct?", text) : NULL;
    char *answer = NULL;

    free(text);
    if (!question)
        return mu_fail_nomem(&kt->err);
    mu_kt_show(stderr, question);
    fputs("\n  [no]:  ", stderr);
    answer = mu_kt_read_line();
    *ret_yes = answer && (strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0);
    if (*ret_yes)
        fputc('\n', stderr);
    free(answer);
    free(question);
    return 0;
}

int mu_kt_dname_ask(mu_kt *kt, X509_NAME **ret_name)
{
    char *answers[FIELDS] = {0};
    X509_NAME *name = NULL;
    bool yes = false;
    int rc = 0;

    for (int i = 0; i < FIELDS && rc == 0; i++)
        if (!(answers[i] = mu_strdup("Unknown")))
            rc = mu_fail_nomem(&kt->err);
    for (int round = 0; rc == 0 && !yes; round++) {
        X509_NAME_free(name);
        name = NULL;
        if (round > MAX_ROUNDS)
            rc = mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME, "Too many retries, program terminated");
        else if (ask_all(answers) != 0)
            rc = mu_fail_nomem(&kt->err);
        else if (all_empty(answers))
            fputs("At least one field must be provided. Enter again.\n", stderr);
        else if (make_name(kt, answers, &name) != 0 || confirm(kt, name, &yes) != 0)
            rc = -1;
    }
    for (int i = 0; i < FIELDS; i++)
        free(answers[i]);
    if (rc == 0)
        *ret_name = name;
    else
        X509_NAME_free(name);
    return rc;
}

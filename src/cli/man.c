#include "cli/cli.h"

#include <string.h>

/* Text as roff: nothing in it is a request or an escape, hyphens can be searched for and copied. */
static void put_len(FILE *stream, const char *text, size_t len)
{
    bool line_start = true;
    for (const char *end = text + len; text < end; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", stream);
        line_start = *text == '\n';
        if (*text == '\\')
            fputs("\\e", stream);
        else if (*text == '-')
            fputs("\\-", stream);
        else
            putc(*text, stream);
    }
}

static void put(FILE *stream, const char *text)
{
    put_len(stream, text, strlen(text));
}

static void put_line(FILE *stream, const char *text)
{
    put(stream, text);
    fputs("\n", stream);
}

static void put_paragraphs(FILE *stream, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (len == 0)
            fputs(".PP\n", stream);
        else {
            put_len(stream, text, len);
            fputs("\n", stream);
        }
        text += len;
        text += *text == '\n';
    }
}

static void put_upper(FILE *stream, const char *text)
{
    for (; *text; text++)
        putc(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text == ' ' ? '-' : *text, stream);
}

static void put_title(FILE *stream, const char *name)
{
    fputs(".TH MUTUAL", stream);
    if (name) {
        putc('-', stream);
        put_upper(stream, name);
    }
    fputs(" 1 \"\" \"mutual " MU_VERSION "\" \"User Commands\"\n", stream);
}

static void put_option(FILE *stream, const mu_opt *opt)
{
    fputs(".TP\n", stream);
    if (opt->kind == MU_OPT_DEFINE)
        fprintf(stream, "\\fB\\-%c\\fR", opt->letter);
    else {
        if (opt->letter)
            fprintf(stream, "\\fB\\-%c\\fR, ", opt->letter);
        fputs("\\fB\\-\\-", stream);
        put(stream, opt->name);
        fputs("\\fR", stream);
    }
    if (opt->kind == MU_OPT_LEVEL) {
        fputs("[=\\fI", stream);
        put(stream, opt->arg);
        fputs("\\fR]", stream);
    } else if (opt->arg) {
        fputs(opt->kind == MU_OPT_DEFINE ? "\\fI" : " \\fI", stream);
        put(stream, opt->arg);
        fputs("\\fR", stream);
    }
    fputs("\n", stream);
    put_line(stream, opt->help);
}

static void put_synopsis(FILE *stream, const mu_command *command)
{
    fputs("\\fBmutual ", stream);
    put(stream, command->name);
    fputs("\\fR ", stream);
    put_line(stream, command->synopsis);
}

static void put_options_and_examples(FILE *stream, const mu_command *command, const char *section)
{
    if (command->options && command->options->name)
        fputs(section[0] ? ".SH OPTIONS\n" : "", stream);
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        put_option(stream, opt);
    if (command->examples)
        fputs(section[0] ? ".SH EXAMPLES\n" : ".PP\nExamples:\n.PP\n", stream);
    for (const mu_example *example = command->examples; example && example->what; example++) {
        if (example != command->examples)
            fputs(".PP\n", stream);
        put_line(stream, example->what);
        fputs(".PP\n.RS 4\n.nf\n", stream);
        put_line(stream, example->command);
        fputs(".fi\n.RE\n", stream);
    }
}

static void put_subcommands(FILE *stream, const mu_command *const *commands)
{
    for (; commands && *commands; commands++) {
        fputs(".SS \"mutual ", stream);
        put(stream, (*commands)->name);
        fputs("\"\n", stream);
        put_synopsis(stream, *commands);
        fputs(".PP\n", stream);
        put_paragraphs(stream, (*commands)->description ? (*commands)->description : (*commands)->summary);
        put_options_and_examples(stream, *commands, "");
    }
}

static void put_exit_statuses(FILE *stream)
{
    fputs(".SH EXIT STATUS\n", stream);
    for (int i = 0; i < MU_EXIT_STATUS_COUNT; i++) {
        fprintf(stream, ".TP\n\\fB%d\\fR\n", i);
        put_line(stream, mu_exit_status_meaning(i));
    }
}

void mu_man_command(FILE *stream, const mu_command *command)
{
    put_title(stream, command->name);
    fputs(".SH NAME\n", stream);
    fputs("mutual\\-", stream);
    put(stream, command->name);
    fputs(" \\- ", stream);
    put_line(stream, command->summary);
    fputs(".SH SYNOPSIS\n", stream);
    put_synopsis(stream, command);
    if (command->description) {
        fputs(".SH DESCRIPTION\n", stream);
        put_paragraphs(stream, command->description);
    }
    if (command->subcommands)
        fputs(".SH COMMANDS\n", stream);
    put_subcommands(stream, command->subcommands);
    put_options_and_examples(stream, command, "section");
    put_exit_statuses(stream);
    fputs(".SH SEE ALSO\n\\fBmutual\\fR(1): causes and environment variables\n", stream);
}

static void put_causes(FILE *stream)
{
    fputs(".SH CAUSES\nEvery failure ends in a code that names its cause. Its class decides the exit status.\n", stream);
    for (int i = 1; i < MU_CODE_COUNT; i++) {
        mu_code code = (mu_code)i;
        fputs(".TP\n\\fB", stream);
        put(stream, mu_code_name(code));
        fprintf(stream, "\\fR (%d)\n", mu_code_exit_status(code));
        put_line(stream, mu_code_meaning(code));
        put_line(stream, mu_code_fix(code));
    }
}

void mu_man_overview(FILE *stream, const mu_command *const *commands)
{
    put_title(stream, NULL);
    fputs(".SH NAME\nmutual \\- mutual TLS that explains itself\n"
          ".SH SYNOPSIS\n\\fBmutual\\fR \\fICOMMAND\\fR [options]\n.br\n\\fBmutual help\\fR [\\fICOMMAND\\fR]\n.br\n"
          "\\fBmutual \\-\\-version\\fR\n.SH DESCRIPTION\n"
          "Makes keys, certificates and stores for mutual TLS, serves and fetches with them, and says why a connection was "
          "refused: by whom, which certificate, with which alert, and what cures it.\n.SH COMMANDS\n", stream);
    for (const mu_command *const *c = commands; *c; c++) {
        fputs(".TP\n\\fBmutual\\-", stream);
        put(stream, (*c)->name);
        fputs("\\fR(1)\n", stream);
        put_line(stream, (*c)->summary);
    }
    put_exit_statuses(stream);
    put_causes(stream);
    fputs(".SH ENVIRONMENT\n", stream);
    for (const mu_env_variable *v = mu_env_variables; v->name; v++) {
        fprintf(stream, ".TP\n\\fB%s\\fR\n", v->name);
        put_line(stream, v->meaning);
    }
}

#include "cli/cli.h"

#include "base/term.h"

#include <string.h>

#define WIDTH_MAX 100
#define OPTION_COLUMN 34

const char *mu_exit_status_meaning(int status)
{
    static const char *const meanings[MU_EXIT_STATUS_COUNT] = {
        "success",
        "any other failure",
        "usage: wrong options, arguments or configuration",
        "a store, file, key or password",
        "refused by us: untrusted, expired, wrong purpose or name, revoked",
        "refused by the peer",
        "network: not reachable, no answer, not TLS",
    };
    return meanings[status];
}

const mu_env_variable mu_env_variables[] = {
    {"MUTUAL_STORE_PASSWORD", "Password of every store for which no other was given. It is overwritten once it has been read."},
    {"NO_COLOR", "Set and not empty: no colour, on a terminal neither."},
    {"OPENSSL_CONF", "Configuration file of OpenSSL; its providers and settings stay in force."},
    {NULL, NULL},
};

static int width_of(FILE *stream)
{
    int columns = mu_term_columns(stream);
    return columns > WIDTH_MAX ? WIDTH_MAX : columns < 40 ? 40 : columns;
}

static int columns_of(const char *text, size_t len)
{
    int columns = 0;
    for (size_t i = 0; i < len; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* Words from column on, further lines at indent; a blank line stays a blank line. Ends with a line break. */
static void print_wrapped(FILE *stream, const char *text, int column, int indent)
{
    int width = width_of(stream);
    bool first = true;
    while (*text) {
        size_t spaces = strspn(text, " "), len = strcspn(text + spaces, " \n");
        int needed = columns_of(text + spaces, len);
        text += spaces;
        if (*text == '\n') {
            fputs("\n", stream);
            fprintf(stream, "%*s", text[1] && text[1] != '\n' ? indent : 0, "");
            column = indent;
            first = true;
            text++;
            continue;
        }
        if (!first && column + 1 + needed > width) {
            fprintf(stream, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        fprintf(stream, "%s%.*s", first ? "" : " ", (int)len, text);
        column += needed + !first;
        first = false;
        text += len;
    }
    fputs("\n", stream);
}

static void print_heading(FILE *stream, const char *text)
{
    fprintf(stream, "\n%s%s%s\n", mu_style_on(stream, MU_STYLE_BOLD), text, mu_style_off(stream));
}

/* "-o, --output FILE" */
static int print_option_names(FILE *stream, const mu_opt *opt)
{
    if (opt->kind == MU_OPT_DEFINE)
        return fprintf(stream, "  -%c%s", opt->letter, opt->arg);
    int columns = opt->letter ? fprintf(stream, "  -%c, --%s", opt->letter, opt->name) : fprintf(stream, "      --%s", opt->name);
    if (opt->kind == MU_OPT_LEVEL)
        return columns + fprintf(stream, "[=%s]", opt->arg);
    return columns + (opt->arg ? fprintf(stream, " %s", opt->arg) : 0);
}

static void print_option(FILE *stream, const mu_opt *opt)
{
    int column = print_option_names(stream, opt);
    if (column + 2 > OPTION_COLUMN) {
        fputs("\n", stream);
        column = 0;
    }
    fprintf(stream, "%*s", OPTION_COLUMN - column, "");
    print_wrapped(stream, opt->help, OPTION_COLUMN, OPTION_COLUMN);
}

static void print_commands(FILE *stream, const mu_command *const *commands)
{
    for (; *commands; commands++) {
        int column = fprintf(stream, "  %-16s ", (*commands)->name);
        print_wrapped(stream, (*commands)->summary, column, column);
    }
}

void mu_help_overview(FILE *stream, const mu_command *const *commands)
{
    fprintf(stream, "%smutual%s: mutual TLS that explains itself\n\nusage: mutual COMMAND [options]\n       mutual help COMMAND\n"
                    "       mutual --version\n", mu_style_on(stream, MU_STYLE_BOLD), mu_style_off(stream));
    print_heading(stream, "commands");
    print_commands(stream, commands);
    print_heading(stream, "exit status");
    for (int i = 0; i < MU_EXIT_STATUS_COUNT; i++)
        fprintf(stream, "  %d  %s\n", i, mu_exit_status_meaning(i));
}

void mu_help_command(FILE *stream, const mu_command *command)
{
    fprintf(stream, "%smutual %s%s: %s\n\nusage: mutual %s %s\n", mu_style_on(stream, MU_STYLE_BOLD), command->name,
            mu_style_off(stream), command->summary, command->name, command->synopsis);
    if (command->description) {
        fputs("\n", stream);
        print_wrapped(stream, command->description, 0, 0);
    }
    if (command->subcommands) {
        print_heading(stream, "commands");
        print_commands(stream, command->subcommands);
    }
    if (command->options && command->options->name)
        print_heading(stream, "options");
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        print_option(stream, opt);
    if (command->examples)
        print_heading(stream, "examples");
    for (const mu_example *example = command->examples; example && example->what; example++)
        fprintf(stream, "  %s\n    %s\n", example->what, example->command);
}

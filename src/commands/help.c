#include "cli/cli.h"
#include "commands/commands.h"

#include <string.h>

struct options {
    bool man;
    char *completion;
};

static const mu_opt table[] = {
    {"man", 0, MU_OPT_FLAG, offsetof(struct options, man), NULL, "Print the manual page instead, as roff source.", 0, 0},
    {"completion", 0, MU_OPT_TEXT, offsetof(struct options, completion), "SHELL", "Print a completion script; SHELL is bash.", 0,
     0},
    {0},
};

static const mu_example examples[] = {
    {"all commands", "mutual help"},
    {"one of them", "mutual help ca issue"},
    {"its manual page, if it is not installed", "mutual help --man ca | man -l -"},
    {"completion in this shell", "source <(mutual help --completion bash)"},
    {0},
};

static int complete(const char *shell)
{
    char shown[MU_SHOWN_SIZE];
    mu_err *err = NULL;
    if (strcmp(shell, "bash") == 0) {
        mu_completion_bash(stdout, mu_commands);
        return 0;
    }
    mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "there is no completion for \"%s\"", mu_escape_to(shown, shell));
    mu_err_hint(&err, "mutual help --completion bash");
    return mu_cli_fail(false, err);
}

static int run(const mu_command *command, void *given, const mu_strlist *args)
{
    const struct options *options = given;
    const mu_command *about = NULL;
    mu_err *err = NULL;
    size_t used = 0;
    (void)command;

    if (options->completion)
        return complete(options->completion);
    if (args->count > 0) {
        about = mu_cli_find(mu_commands, (const char *const *)args->items, args->count, &used);
        if (!about || (used < args->count && about->subcommands)) {
            mu_cli_fail_unknown(about ? about->subcommands : mu_commands, about ? about->name : "", args->items[used], &err);
            return mu_cli_fail(false, err);
        }
    }
    if (options->man)
        about ? mu_man_command(stdout, about) : mu_man_overview(stdout, mu_commands);
    else
        about ? mu_help_command(stdout, about) : mu_help_overview(stdout, mu_commands);
    return 0;
}

const mu_command mu_command_help = {
    .name = "help",
    .summary = "what a command does, its options and examples",
    .synopsis = "[COMMAND...] [options]",
    .options = table,
    .options_size = sizeof(struct options),
    .examples = examples,
    .max_args = -1,
    .run = run,
};

#include "cli/cli.h"
#include "commands/commands.h"

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    size_t used;
    const mu_command *about;
    mu_err *err = NULL;
    (void)command;
    (void)options;

    if (args->count == 0) {
        mu_help_overview(stdout, mu_commands);
        return 0;
    }
    about = mu_cli_find(mu_commands, (const char *const *)args->items, args->count, &used);
    if (!about || used < args->count) {
        mu_cli_fail_unknown(about && about->subcommands ? about->subcommands : mu_commands, about ? about->name : "", args->items[used], &err);
        return mu_cli_fail(false, err);
    }
    mu_help_command(stdout, about);
    return 0;
}

const mu_command mu_command_help = {
    .name = "help",
    .summary = "what a command does, its options and examples",
    .synopsis = "[COMMAND…]",
    .max_args = -1,
    .run = run,
};

#include "cli/cli.h"
#include "commands/commands.h"

int main(int argc, char **argv)
{
    return mu_cli_main(mu_commands, argc, argv);
}

#include "commands/commands.h"

const mu_command *const mu_commands[] = {
#define MU_COMMAND(name) &mu_command_##name,
#include "commands/commands.def"
#undef MU_COMMAND
    NULL,
};

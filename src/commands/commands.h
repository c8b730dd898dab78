/** The list of commands. To add one: a line in commands.def, and `const mu_command mu_command_NAME = {…};` in its file. */
#ifndef MU_COMMANDS_COMMANDS_H
#define MU_COMMANDS_COMMANDS_H

#include "cli/opt.h"

#define MU_COMMAND(name) extern const mu_command mu_command_##name;
#include "commands/commands.def"
#undef MU_COMMAND

/** Ended by NULL. */
extern const mu_command *const mu_commands[];

#endif

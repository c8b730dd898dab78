#include "cli/cli.h"

#include <string.h>

static const char *last_word(const mu_command *command)
{
    const char *space = strrchr(command->name, ' ');
    return space ? space + 1 : command->name;
}

static void put_choices(FILE *stream, const char *choices)
{
    for (; *choices; choices++)
        putc(*choices == '|' ? ' ' : *choices, stream);
}

/* Choices after their option, options after a dash; everything else are files, which bash completes by itself. */
static void put_words(FILE *stream, const mu_command *command)
{
    fputs("            case \"$prev\" in\n", stream);
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        if (opt->kind == MU_OPT_CHOICE) {
            fprintf(stream, "                --%s) words=\"", opt->name);
            put_choices(stream, opt->arg);
            fputs("\" ;;\n", stream);
        }
    fputs("                *) case \"$cur\" in -*) words=\"--help", stream);
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        if (opt->kind == MU_OPT_DEFINE)
            fprintf(stream, " -%c", opt->letter);
        else if (opt->kind == MU_OPT_LEVEL)
            fprintf(stream, " --%s --%s=%s", opt->name, opt->name, opt->arg);
        else
            fprintf(stream, " --%s", opt->name);
    fputs("\" ;; esac ;;\n            esac ;;\n", stream);
}

static void put_names(FILE *stream, const mu_command *const *commands)
{
    for (; *commands; commands++)
        fprintf(stream, " %s", last_word(*commands));
}

static void put_command(FILE *stream, const mu_command *command)
{
    fprintf(stream, "        \"%s\")\n", command->name);
    put_words(stream, command);
}

static void put_group(FILE *stream, const mu_command *command)
{
    fprintf(stream, "        \"%s\") words=\"--help", command->name);
    put_names(stream, command->subcommands);
    fputs("\" ;;\n", stream);
    for (const mu_command *const *c = command->subcommands; *c; c++)
        put_command(stream, *c);
}

void mu_completion_bash(FILE *stream, const mu_command *const *commands)
{
    fputs("# bash completion for mutual, made by: mutual help --completion bash\n"
          "_mutual()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words=\n"
          "    COMPREPLY=()\n"
          "    [ \"$COMP_CWORD\" -gt 1 ] && command=${COMP_WORDS[1]}\n"
          "    case \"$command\" in\n        ", stream);
    for (const mu_command *const *c = commands; *c; c++)
        if ((*c)->subcommands)
            fprintf(stream, "%s|", (*c)->name);
    fputs("-) [ \"$COMP_CWORD\" -gt 2 ] && command=\"$command ${COMP_WORDS[2]}\" ;;\n    esac\n"
          "    case \"$command\" in\n        \"\") words=\"--help --version", stream);
    put_names(stream, commands);
    fputs("\" ;;\n", stream);
    for (const mu_command *const *c = commands; *c; c++)
        if ((*c)->subcommands)
            put_group(stream, *c);
        else
            put_command(stream, *c);
    fputs("    esac\n"
          "    [ \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "}\ncomplete -o default -F _mutual mutual\n", stream);
}

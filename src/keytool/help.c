#include "keytool/kt.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *option_help(const mu_kt_command *command, const mu_kt_option *option)
{
    return option->slot == MU_KT_FILE ? command->file_help : option->help;
}

static int option_width(const mu_kt_option *option)
{
    return (int)(strlen(option->name) + strlen(option->arg)) + (*option->arg != '\0');
}

static void command_help(const mu_kt_command *command)
{
    bool of_import = strcmp(command->name, "importkeystore") == 0;
    int width = 0;
    fprintf(stderr, "keytool -%s [OPTION]...\n\n%s\n\nOptions:\n\n", command->name, command->summary);
    for (const mu_kt_slot *s = command->usage; *s != MU_KT_SLOT_COUNT; s++) {
        int w = option_width(mu_kt_option_of(*s, of_import));
        width = w > width ? w : width;
    }
    for (const mu_kt_slot *s = command->usage; *s != MU_KT_SLOT_COUNT; s++) {
        const mu_kt_option *o = mu_kt_option_of(*s, of_import);
        fprintf(stderr, " -%s%s%s%*s%s\n", o->name, *o->arg ? " " : "", o->arg, width - option_width(o) + 2, "",
                option_help(command, o));
        if (*s == MU_KT_ADD_PROVIDER || *s == MU_KT_PROVIDER_CLASS)
            fprintf(stderr, " %-*s    configure argument for -%s\n", width + 1, "  [-providerarg <arg>]", o->name);
    }
    fputs("\nUse \"keytool -?, -h, or --help\" for this help message\n", stderr);
}

static void general_help(void)
{
    fputs("Key and Certificate Management Tool\n\nCommands:\n\n", stderr);
    for (const mu_kt_command *c = mu_kt_commands; c->name; c++)
        if (!c->hidden)
            fprintf(stderr, " -%-18s %s\n", c->name, c->summary);
    fputs("\nUse \"keytool -?, -h, or --help\" for this help message\n"
          "Use \"keytool -command_name --help\" for usage of command_name.\n"
          "Use the -conf <url> option to specify a pre-configured options file.\n", stderr);
}

void mu_kt_help(const mu_kt *kt)
{
    if (kt->command)
        command_help(kt->command);
    else
        general_help();
}

int mu_kt_usage(mu_kt *kt, const char *fmt, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&line, fmt, args) >= 0) {
        mu_kt_show(stderr, line);
        fputc('\n', stderr);
        free(line);
    }
    va_end(args);
    mu_kt_help(kt);
    return mu_kt_stop(kt, 1);
}

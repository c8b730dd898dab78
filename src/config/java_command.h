/** A command line that starts a JVM, as a shell would split it. */
#ifndef MU_CONFIG_JAVA_COMMAND_H
#define MU_CONFIG_JAVA_COMMAND_H

#include "base/text.h"

typedef struct mu_java_define {
    char *name, *value; /* -Dname=value; value wiped when freed, "" without "=" */
    const char *from;   /* "JAVA_TOOL_OPTIONS" or the like; NULL: the command line; static */
    bool late;          /* it stands after the program's name, so the JVM does not read it */
    bool empty;         /* a variable of the shell in it has no value here */
} mu_java_define;

typedef struct mu_java_command {
    char *program;           /* after -jar, or the main class; NULL: none */
    mu_java_define *defines; /* in the order in which the JVM takes them: the last of a name counts */
    size_t count;
    char *after_nothing;     /* the word after a -D that stands alone, which takes none; "": there is none; NULL: no such -D */
    bool container;          /* docker or the like is to run it: its files are not ours */
    mu_strlist not_read;     /* words that lead elsewhere: "@options.txt", "$(…)" */
} mu_java_command;

/**
 * Quotes, backslashes and variables as in a POSIX shell; variables come from before the command (NAME=VALUE java …), else from the
 * environment; JAVA_TOOL_OPTIONS, JDK_JAVA_OPTIONS and _JAVA_OPTIONS only from before the command, also as docker's --env=. Nothing
 * is executed; the first command that is called java counts, in whatever folder and behind sudo, env, docker and their like, up to the
 * next ; & | or redirection.
 * @return 0, or -1 with MU_E_USAGE (no java in it, a quote that does not end); mu_java_command_free is due in any case
 */
int mu_java_command_read(const char *text, mu_java_command *ret, mu_err **err);
void mu_java_command_free(mu_java_command *command);
/** The one that counts, or NULL. */
const mu_java_define *mu_java_command_find(const mu_java_command *command, const char *name);

#endif

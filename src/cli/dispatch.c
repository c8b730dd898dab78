#include "cli/cli.h"

#include "base/json.h"
#include "base/secret.h"
#include "base/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mu_cli_fail(bool json, mu_err *err)
{
    mu_cli_blame_memory(&err);
    int status = mu_code_exit_status(err->code);
    if (!json || mu_json_print(stdout, json_pack("{s:o}", "error", mu_json_error(err)), NULL) < 0)
        mu_err_print(stderr, err);
    mu_err_free(err);
    return status;
}

static const char *last_word(const mu_command *command)
{
    const char *space = strrchr(command->name, ' ');
    return space ? space + 1 : command->name;
}

const mu_command *mu_cli_find(const mu_command *const *commands, const char *const *words, size_t count, size_t *ret_used)
{
    const mu_command *found = NULL;
    *ret_used = 0;
    while (commands && *ret_used < count) {
        const mu_command *const *c = commands;
        while (*c && strcmp(last_word(*c), words[*ret_used]) != 0)
            c++;
        if (!*c)
            break;
        found = *c;
        commands = found->subcommands;
        ++*ret_used;
    }
    return found;
}

int mu_cli_fail_unknown(const mu_command *const *commands, const char *parent, const char *word, mu_err **err)
{
    const mu_command *best = NULL;
    int best_distance = 3;
    char shown[MU_SHOWN_SIZE];

    for (; *commands; commands++) {
        int distance = mu_str_distance(word, last_word(*commands));
        if (distance < best_distance) {
            best = *commands;
            best_distance = distance;
        }
    }
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is no command \"mutual %s%s%s\"", parent, *parent ? " " : "",
               mu_escape_to(shown, word));
    if (best)
        mu_err_hint(err, "did you mean: mutual %s", best->name);
    else
        mu_err_hint(err, "mutual help%s%s lists the commands", *parent ? " " : "", parent);
    return -1;
}

/* Whether the answer is to be JSON: also where the options could not be parsed. */
static bool wants_json(const mu_command *command, int argc, char **argv)
{
    const mu_opt *opt = command->options;
    while (opt && opt->name && strcmp(opt->name, "json") != 0)
        opt++;
    for (int i = 0; opt && opt->name && i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int run_command(const mu_command *command, int argc, char **argv)
{
    mu_strlist args = {0};
    mu_err *err = NULL;
    void *options = calloc(1, command->options_size ? command->options_size : 1);
    int status;

    if (!options) {
        mu_fail_nomem(&err);
        return mu_cli_fail(false, err);
    }
    status = mu_opt_parse(command, argc, argv, options, &args, &err);
    if (status == 0)
        status = command->run(command, options, &args);
    else if (status < 0)
        status = mu_cli_fail(wants_json(command, argc, argv), err);
    else {
        mu_help_command(stdout, command);
        status = 0;
    }
    mu_opt_free(command, options);
    free(options);
    mu_strlist_free(&args);
    return status;
}

static bool asks_for(const char *word, const char *name, const char *letter)
{
    return strcmp(word, name) == 0 || strcmp(word, letter) == 0;
}

/* A command that only groups others: "ca". */
static int run_group(const mu_command *command, int argc, char **argv)
{
    mu_err *err = NULL;
    if (argc > 0 && asks_for(argv[0], "--help", "-h")) {
        mu_help_command(stdout, command);
        return 0;
    }
    if (argc > 0)
        mu_cli_fail_unknown(command->subcommands, command->name, argv[0], &err);
    else {
        mu_fail_by(&err, MU_E_USAGE, MU_BY_CALLER, "which \"mutual %s\"?", command->name);
        mu_err_hint(&err, "see: mutual help %s", command->name);
    }
    return mu_cli_fail(false, err);
}

static int dispatch(const mu_command *const *commands, int argc, char **argv)
{
    static char keytool[] = "keytool";
    const mu_command *command;
    mu_err *err = NULL;
    size_t used = 0;
    const char *program = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argc > 0 ? argv[0] : "";

    if (strcmp(program, keytool) == 0)
        argv[0] = keytool; /* a link of that name stands for "mutual keytool" */
    else if (argc > 0) {
        argc--;
        argv++;
    }
    if (argc <= 0) {
        mu_help_overview(stderr, commands);
        return mu_code_exit_status(MU_E_USAGE);
    }
    if (asks_for(argv[0], "--help", "-h")) {
        mu_help_overview(stdout, commands);
        return 0;
    }
    if (strcmp(argv[0], "--version") == 0) {
        puts("mutual " MU_VERSION);
        return 0;
    }
    if (!(command = mu_cli_find(commands, (const char *const *)argv, (size_t)argc, &used))) {
        mu_cli_fail_unknown(commands, "", argv[0], &err);
        return mu_cli_fail(false, err);
    }
    argc -= (int)used;
    argv += used;
    if (command->run_raw)
        return command->run_raw(command, argc, argv);
    return command->run ? run_command(command, argc, argv) : run_group(command, argc, argv);
}

/* A file opened as descriptor 0 to 2 would be read or written by accident; opened the wrong way round, their use fails as it
 * should. */
static void keep_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int mu_cli_main(const mu_command *const *commands, int argc, char **argv)
{
    int status;

    keep_standard_descriptors();
    mu_secret_process_init();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit fails instead */
    mu_cli_start_openssl();
    status = dispatch(commands, argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        mu_err *err = NULL;
        mu_fail_errno(&err, MU_E_WRITE_FAILED, errno, "cannot write to standard output");
        mu_cli_fail(false, err);
        status = 1;
    }
    return status;
}

#include "cli/cli.h"
#include "commands/commands.h"
#include "lab/lab.h"

#include <stdlib.h>

struct lab_options {
    char *dir;
    long port;
    int key_algorithm, trace;
    bool serve, json, quiet;
};

static const mu_opt options[] = {
    {"dir", 0, MU_OPT_TEXT, offsetof(struct lab_options, dir), "DIR", "The folder to work in; the default is mutual-lab.", 0, 0},
    {"port", 0, MU_OPT_NUMBER, offsetof(struct lab_options, port), "N",
     "The port on 127.0.0.1; the default is 8443, or a free one if that is taken.", 1, 65535},
    {"key-algorithm", 0, MU_OPT_CHOICE, offsetof(struct lab_options, key_algorithm), "RSA|EC",
     "RSA (root 4096 bits, leaves 2048; the default) or EC (P-256).", 0, 0},
    {"serve", 0, MU_OPT_FLAG, offsetof(struct lab_options, serve), NULL,
     "End by serving with the healthy stores, until interrupted.", 0, 0},
    {"quiet", 'q', MU_OPT_FLAG, offsetof(struct lab_options, quiet), NULL,
     "Only the result, and what is not as it should be.", 0, 0},
    {"trace", 0, MU_OPT_LEVEL, offsetof(struct lab_options, trace), "verbose",
     "Show each run's handshake as the client sees it (mutual get --trace).", 0, 0},
    {"json", 0, MU_OPT_FLAG, offsetof(struct lab_options, json), NULL, "The whole story as one JSON document.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"The whole guide, step by step", "mutual lab"},
    {"Then try it by hand, with a server that keeps running", "mutual lab --quiet --serve"},
    {0},
};

static int run(const mu_command *command, void *parsed, const mu_strlist *args)
{
    struct lab_options *given = parsed;
    const mu_lab_options lab = {
        .dir = given->dir ? given->dir : "mutual-lab",
        .port = (int)given->port,
        .key_algorithm = given->key_algorithm == 1 ? "EC" : "RSA",
        .serve = given->serve,
        .trace = given->trace == 2 ? " --trace=verbose" : given->trace ? " --trace" : "",
        .json = given->json,
        .quiet = given->quiet,
    };
    mu_err *err = NULL;
    (void)command;
    (void)args;
    return mu_lab_run(&lab, &err) == 0 ? 0 : mu_cli_fail(given->json, err);
}

const mu_command mu_command_lab = {
    .name = "lab",
    .summary = "mutual TLS from nothing: stores, CA, server, client, every common fault and its cure",
    .synopsis = "[options]",
    .description =
        "Makes a folder with a private CA, the identities of a server and a client, and the two trust stores: four PKCS12 files "
        "that any JVM loads (password changeit). Starts the server and runs the client against it: without identity, with it, "
        "without settings, and with the six javax.net.ssl properties.\n\n"
        "Then it breaks its own set-up, one common fault after another, shows what each side says, runs the command that cures "
        "it, and shows that it is cured.\n\n"
        "Every command is shown and then run exactly as shown, in the folder, with MUTUAL_STORE_PASSWORD=changeit. Run again, "
        "it keeps what is still valid. Exit status 0 means that every run came out as it should.",
    .options = options,
    .examples = examples,
    .options_size = sizeof(struct lab_options),
    .max_args = 0,
    .run = run,
};

#include "commands/commands.h"
#include "keytool/keytool.h"

static int run(const mu_command *command, int argc, char **argv)
{
    (void)command;
    return mu_keytool_main(argc, argv);
}

static const mu_example examples[] = {
    {"Make a key pair in a new store", "mutual keytool -genkeypair -alias server -keyalg RSA -keysize 2048 -validity 365 "
                                       "-keystore server.p12 -storepass changeit -dname \"CN=server.example, O=Example, C=DE\" "
                                       "-ext san=dns:server.example,ip:127.0.0.1"},
    {"Ask a CA for a certificate",
     "mutual keytool -certreq -alias server -keystore server.p12 -storepass changeit -file server.csr"},
    {"Trust a CA", "mutual keytool -importcert -alias ca -file ca.crt -keystore trust.p12 -storepass changeit -noprompt"},
    {"See what is in a store", "mutual keytool -list -v -keystore server.p12 -storepass changeit"},
    {NULL, NULL},
};

const mu_command mu_command_keytool = {
    .name = "keytool",
    .summary = "the JDK's keytool: key stores by its commands and options",
    .synopsis = "-COMMAND [options]",
    .description =
        "Reads and writes key stores with the words of the JDK's keytool, with its output and its exit status (0 or 1). "
        "Also when the program is called keytool, by a link of that name.\n\n"
        "mutual keytool -help lists the commands, mutual keytool -list -help the options of one. After an error the "
        "cause and its fix follow on standard error; -J-Dmutual.plain=true leaves them out.",
    .examples = examples,
    .max_args = -1,
    .run_raw = run,
};

/**
 * Option tables. One table a command: parsing, help, man page and completion are made from it, so that they cannot drift.
 */
#ifndef MU_CLI_OPT_H
#define MU_CLI_OPT_H

#include "base/text.h"

typedef enum mu_opt_kind {
    MU_OPT_FLAG,   /* bool */
    MU_OPT_TEXT,   /* char * : owned copy; the last one wins */
    MU_OPT_NUMBER, /* long, within min and max */
    MU_OPT_LIST,   /* mu_strlist: may be repeated */
    MU_OPT_CHOICE, /* int: index into choices ("none|want|need"), plus min, so that 0 can mean "not given" */
    MU_OPT_LEVEL,  /* int: 0, 1 if given, 2 and so on with one of the choices attached ("verbose": --trace=verbose) */
    MU_OPT_SECRET, /* char * : as TEXT; wiped from the argument vector and on release */
    MU_OPT_DEFINE  /* mu_strlist of "name=value": by letter only and attached, -Dname=value; wiped on release */
} mu_opt_kind;

typedef struct mu_opt {
    const char *name;    /* without dashes: "key-store"; NULL ends the table */
    char letter;         /* 'o' for -o, 0 for none; NULL name and a letter is not possible */
    mu_opt_kind kind;
    size_t offset;       /* into the command's options struct */
    const char *arg;     /* "FILE"; for CHOICE and LEVEL the choices "none|want|need"; NULL for FLAG */
    const char *help;    /* one sentence; the default is said here */
    long min, max;       /* NUMBER; min also CHOICE */
} mu_opt;

typedef struct mu_example {
    const char *what;    /* one line */
    const char *command;
} mu_example;

typedef struct mu_command mu_command;
struct mu_command {
    const char *name;            /* "get", "ca issue" */
    const char *summary;         /* one line, lower case, no full stop */
    const char *synopsis;        /* after the name: "URL [options]" */
    const char *description;     /* paragraphs separated by blank lines */
    const mu_opt *options;       /* NULL: none */
    const mu_example *examples;  /* ended by what == NULL; may be NULL */
    size_t options_size;         /* of the options struct */
    int min_args, max_args;      /* positional arguments; max -1: any number */
    const mu_command *const *subcommands; /* ended by NULL; NULL: none */
    /** @param options zeroed, then filled; args: positional arguments. @return the exit status */
    int (*run)(const mu_command *command, void *options, const mu_strlist *args);
    /** Instead of run: the command parses its own words (keytool). */
    int (*run_raw)(const mu_command *command, int argc, char **argv);
};

/**
 * Parse. `--name VALUE`, `--name=VALUE`, `-o VALUE`, `-oVALUE`, `--` ends options; no abbreviations; an unknown option names the
 * nearest known one; letters of flags may be joined (-io FILE). Secrets, and -D values whose name contains "password", are
 * overwritten in argv.
 * @return 0, 1 if --help or -h was met (the rest is not looked at), or -1 with MU_E_USAGE; mu_opt_free and mu_strlist_free are due
 *         in all cases
 */
int mu_opt_parse(const mu_command *command, int argc, char **argv, void *options, mu_strlist *ret_args, mu_err **err);
/** Frees what parsing put into the struct (secrets wiped) and zeroes it. */
void mu_opt_free(const mu_command *command, void *options);

/** How every password may be given (config/password.h). */
#define MU_OPT_PASSWORD_FORMS "pass:VALUE, env:NAME, file:PATH, fd:N, stdin, prompt, or the value itself."

/** Rows for commands that take stores; S is the options struct, F its member of type mu_store_settings (config/settings.h). */
#define MU_OPT_KEY_STORE(S, F)                                                                                                    \
    {"key-store", 0, MU_OPT_TEXT, offsetof(S, F.key_store), "FILE",                                                               \
     "Store with our private key and chain (PKCS12 or PEM).", 0, 0},                                                              \
    {"key-store-password", 0, MU_OPT_SECRET, offsetof(S, F.key_store_password), "P", "Its password: " MU_OPT_PASSWORD_FORMS, 0, 0},\
    {"key-store-type", 0, MU_OPT_TEXT, offsetof(S, F.key_store_type), "TYPE", "Its declared type; the content decides.", 0, 0},   \
    {"key-alias", 0, MU_OPT_TEXT, offsetof(S, F.key_alias), "ALIAS",                                                              \
     "Which key entry to use; without it the first that fits.", 0, 0},                                                            \
    {"key-password", 0, MU_OPT_SECRET, offsetof(S, F.key_password), "P",                                                          \
     "Password of the key itself, if it differs from the store's.", 0, 0},                                                        \
    {"certificate", 0, MU_OPT_TEXT, offsetof(S, F.certificate), "FILE",                                                           \
     "Our certificate and chain in PEM, instead of a store.", 0, 0},                                                              \
    {"certificate-private-key", 0, MU_OPT_TEXT, offsetof(S, F.certificate_private_key), "FILE",                                   \
     "Its private key in PEM (--key-password if encrypted).", 0, 0}
#define MU_OPT_TRUST_STORE(S, F)                                                                                                  \
    {"trust-store", 0, MU_OPT_TEXT, offsetof(S, F.trust_store), "FILE", "Store with the certificates we trust.", 0, 0},           \
    {"trust-store-password", 0, MU_OPT_SECRET, offsetof(S, F.trust_store_password), "P", "Its password, in the same forms.", 0, 0},\
    {"trust-store-type", 0, MU_OPT_TEXT, offsetof(S, F.trust_store_type), "TYPE", "Its declared type; the content decides.", 0, 0},\
    {"trust-certificate", 0, MU_OPT_TEXT, offsetof(S, F.trust_certificate), "FILE",                                               \
     "Trusted certificates in PEM, instead of a store.", 0, 0}

/** Rows of what a TLS connection may use; S has tls_min, tls_max (0: not given), groups, sigalgs and ciphers. */
#define MU_OPT_TLS(S)                                                                                                             \
    {"tls-min", 0, MU_OPT_CHOICE, offsetof(S, tls_min), "1.2|1.3", "Lowest TLS version; the default is 1.2.", 0, 0},              \
    {"tls-max", 0, MU_OPT_CHOICE, offsetof(S, tls_max), "1.3|1.2", "Highest TLS version; the default is 1.3.", 0, 0},             \
    {"groups", 0, MU_OPT_TEXT, offsetof(S, groups), "LIST", "Key exchange groups by IANA name, separated by colons.", 0, 0},      \
    {"sigalgs", 0, MU_OPT_TEXT, offsetof(S, sigalgs), "LIST", "Signature algorithms by IANA name, separated by colons.", 0, 0},   \
    {"ciphers", 0, MU_OPT_TEXT, offsetof(S, ciphers), "LIST", "Cipher suites by IANA name, separated by colons.", 0, 0}
/** S has int trace (report/ladder.h). */
#define MU_OPT_TRACE(S)                                                                                                           \
    {"trace", 0, MU_OPT_LEVEL, offsetof(S, trace), "verbose",                                                                      \
     "Show the handshake on standard error: who sent what, what was offered and chosen, which store answered, where it broke. With " \
     "=verbose everything that the messages say.", 0, 0}
/** S has char *key_log (config/key_log.h). */
#define MU_OPT_KEY_LOG(S)                                                                                                         \
    {"key-log", 0, MU_OPT_TEXT, offsetof(S, key_log), "FILE",                                                                      \
     "Append the keys of every connection to this file, in the format that Wireshark reads: whoever has it can decrypt them.", 0, 0}
#define MU_OPT_JSON(S) {"json", 0, MU_OPT_FLAG, offsetof(S, json), NULL, "Answer in JSON.", 0, 0}

#endif

/** What the parts of the lab share: the run in progress and the story it tells. */
#ifndef MU_LAB_INTERNAL_H
#define MU_LAB_INTERNAL_H

#include "base/json.h"
#include "lab/lab.h"
#include "lab/process.h"
#include <mutual/pki.h>

#define MU_LAB_PASSWORD "changeit"

typedef struct mu_lab {
    const mu_lab_options *options;
    int port;
    json_t *steps;     /* the story so far, for --json */
    const char *title; /* of the part we are in */
    int title_count, run_count, failed_count;
} mu_lab;

/** One command of the lab. `{root}`, `{key}`, `{openssl}` and `{port}` stand for the key algorithms and the port. */
typedef struct mu_lab_step {
    const char *title;      /* NULL: goes on with the step before */
    const char *file;       /* what the command makes; it is skipped when that is there and still good */
    const char *makes;      /* the same for people */
    const char *loaded_by;
    const char *proves;
    const char *command;
    const char *otherwise;  /* the same with openssl; NULL: with the JDK's keytool, in the same words */
} mu_lab_step;

/** The command with its placeholders filled; owned by the caller (free), NULL when out of memory. */
char *mu_lab_expand(const mu_lab *lab, const char *command);
/** A path inside the lab's folder; owned by the caller (free). */
char *mu_lab_path(const mu_lab *lab, const char *name);
bool mu_lab_exists(mu_lab *lab, const char *name);
/** Copy a file of the lab; a store stays 0600. */
int mu_lab_copy(mu_lab *lab, const char *from, const char *to, mu_err **err);
/** The first certificate in a file of the lab. */
int mu_lab_read_cert(mu_lab *lab, const char *name, X509 **ret_cert, mu_err **err);
/** expired.c: broken/client-expired.crt, the client's certificate for a time that is over. */
int mu_lab_issue_expired(mu_lab *lab, mu_err **err);
/** Run a command that must succeed. @return 0, or -1 with what it printed */
int mu_lab_do(mu_lab *lab, const char *command, mu_err **err);

/** files.c: steps 1 to 4 of the guide. */
int mu_lab_make_files(mu_lab *lab, mu_err **err);
/** runs.c: the four runs of steps 5 to 7. */
int mu_lab_four_runs(mu_lab *lab, mu_err **err);
/** faults.c: the troubleshooting table. */
int mu_lab_faults(mu_lab *lab, mu_err **err);

/** What a client run is expected to end in. */
typedef struct mu_lab_expect {
    int exit_status;            /* of the client */
    const char *client_code;    /* NULL: accepted, status 200 */
    const char *server_code;    /* NULL: the server logs no refusal */
    const char *alert;          /* the alert that passes between them, NULL: none */
} mu_lab_expect;

/** What it did end in. Strings owned; mu_lab_seen_done. */
typedef struct mu_lab_seen {
    char *command;
    int exit_status;
    char *client_line; /* what the client says */
    char *jvm_line;    /* what a JVM says in its place */
    char *server_line; /* what the server logs, or NULL */
    char *server_said; /* the same for people */
    char *ladder;      /* of the handshake, in lines; NULL: not asked for */
    json_t *trace;     /* the same for programs */
    char *why_not;     /* NULL: as expected */
} mu_lab_seen;

/** Start `mutual serve …` and wait until it accepts. */
int mu_lab_server_start(mu_lab *lab, const char *arguments, mu_process **ret_server, mu_err **err);
/** Run `mutual get …` against it and compare. @return 0 when there is an answer, right or wrong */
int mu_lab_client(mu_lab *lab, mu_process *server, const char *arguments, const mu_lab_expect *expect, mu_lab_seen *ret_seen,
                  mu_err **err);
void mu_lab_seen_done(mu_lab_seen *seen);

/* story.c: printing */
void mu_lab_say_begin(const mu_lab *lab);
void mu_lab_say_title(mu_lab *lab, const char *title);
void mu_lab_say_step(mu_lab *lab, const mu_lab_step *step, const char *command, const char *otherwise, bool kept);
void mu_lab_say_command(mu_lab *lab, const char *command);
/** A run, right or wrong; counts. proves may be NULL. */
void mu_lab_say_run(mu_lab *lab, const char *title, const char *proves, const mu_lab_seen *seen);
/** The last word, or the whole JSON. */
int mu_lab_say_end(mu_lab *lab, mu_err **err);

#endif

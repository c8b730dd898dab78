/**
 * The whole guide in one folder: stores, CA, server, client, then every fault of the troubleshooting table, and its cure.
 *
 * The lab is a script of this program's own commands. It shows each command and then runs exactly that command as a process of its
 * own, so that what it shows is what works.
 */
#ifndef MU_LAB_LAB_H
#define MU_LAB_LAB_H

#include <mutual/err.h>

typedef struct mu_lab_options {
    const char *dir;           /* made if it is not there */
    int port;                  /* on 127.0.0.1; 0: 8443, or a free one if that is taken */
    const char *key_algorithm; /* "RSA" or "EC" */
    bool serve;                /* end by becoming the healthy server */
    const char *trace;         /* what to add to the client's command: "", " --trace" or " --trace=verbose" */
    bool json, quiet;
} mu_lab_options;

/**
 * Run it and print the story (or the JSON) to standard output.
 * @return 0 if everything came out as it should; -1 with the first thing that did not
 */
int mu_lab_run(const mu_lab_options *options, mu_err **err);

#endif

/** The stores of a pair as files: which of them are one, and what is written instead. */
#ifndef MU_DIAG_REPAIR_FILES_H
#define MU_DIAG_REPAIR_FILES_H

#include "diag/pair.h"

enum { MU_REPAIR_FILES = 4 }; /* the server's keys and trust, the client's */

typedef struct mu_repair_file {
    mu_given *given;        /* NULL: there is none */
    size_t owner;           /* of two that are one file, the first */
    STACK_OF(X509) * certs; /* to be written instead of the store; owned */
    bool changed, renew_protection;
    bool spoilt;  /* a change of the store has failed half-way, or it cannot be encoded */
    uint8_t *data;
    size_t len;
    char *path;   /* of the new one; NULL: there is none, or it was of no use */
    bool written;
} mu_repair_file;

typedef struct mu_repair_files {
    const char *folder;
    mu_repair_file items[MU_REPAIR_FILES];
    bool made_folder;
} mu_repair_files;

/** @return 0, or -1 with MU_E_USAGE: a store is no regular file, and cannot be read again */
int mu_repair_files_gather(mu_repair_files *files, mu_pair *pair, mu_err **err);
mu_repair_file *mu_repair_files_of(mu_repair_files *files, const mu_given *given);
/**
 * Write what was changed into new files of the folder, all or none. What cannot be encoded becomes spoilt, with a note.
 * @return 0, or -1 with MU_E_USAGE (a target is there already), or what mu_file_set says
 */
int mu_repair_files_write(mu_repair_files *files, mu_findings *findings, mu_err **err);
/** Remove a new file, if there is one. */
void mu_repair_file_drop(mu_repair_file *file);
/** keep: the files that were written stay. A folder that was made and is empty goes. */
void mu_repair_files_done(mu_repair_files *files, bool keep);

#endif

/** What one repair changes in one store. */
#ifndef MU_DIAG_REPAIR_EDIT_H
#define MU_DIAG_REPAIR_EDIT_H

#include "diag/pair.h"

/** A store in memory that is to be changed, or a setting. */
typedef struct mu_edit {
    mu_pair *pair;
    mu_pair_side *side, *other; /* the one that is to be changed, its peer */
    mu_given *file;             /* the finding's; its store is changed, or replaced by one of another type */
    int64_t now_ms;
    bool renew_protection;      /* ret: write it as new stores are written */
    STACK_OF(X509) * certs;     /* ret: what to write instead: of a certificate file whose key lies elsewhere (sk_X509_pop_free) */
    char *key_alias;            /* ret: nothing is written, the alias is to be asked for so (free) */
    char *done;                 /* ret: in words, safe to show (free) */
} mu_edit;

/** Which of a side's files it takes to repair that finding; NULL: it is not repaired. */
mu_given *mu_edit_file(mu_pair_side *side, const mu_finding *finding);
/** Change type; everything else comes before. */
bool mu_edit_is_conversion(const mu_finding *finding);
/** @return 0; done stays NULL if there is no safe repair. -1: it failed, and the store is not to be written */
int mu_edit_apply(mu_edit *edit, const mu_finding *finding, mu_err **err);

#endif

/** A store as one file of a set that is replaced as a whole. */
#ifndef MU_KEYSTORE_STORE_SET_H
#define MU_KEYSTORE_STORE_SET_H

#include "base/file.h"

#include <mutual/keystore.h>

/**
 * As mu_store_save, up to the last step: the store is in place once the set is committed.
 * @param index the claim of the path that the store was read from (after the claim), or of a new file
 */
int mu_store_save_in(mu_store *store, mu_file_set *set, size_t index, const mu_store_write_options *options, mu_err **err);

#endif

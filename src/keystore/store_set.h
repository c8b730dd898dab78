/** Stores in the place of other files: as one file of a set that is replaced as a whole, or a new store instead of one that was read. */
#ifndef MU_KEYSTORE_STORE_SET_H
#define MU_KEYSTORE_STORE_SET_H

#include "base/file.h"

#include <mutual/keystore.h>

/**
 * As mu_store_save, up to the last step: the store is in place once the set is committed.
 * @param index the claim of the path that the store was read from (after the claim), or of a new file
 */
int mu_store_save_in(mu_store *store, mu_file_set *set, size_t index, const mu_store_write_options *options, mu_err **err);

/** From now on the new store's file is path, as `old` has read it: mu_store_save replaces that. @return 0, or -1 with MU_E_OUT_OF_MEMORY */
int mu_store_replaces(mu_store *store, const mu_store *old, const char *path, mu_err **err);

#endif

/** Repairs of the stores of a pair: what is safe, always into new files, and judged again. */
#ifndef MU_DIAG_REPAIR_H
#define MU_DIAG_REPAIR_H

#include "diag/pair.h"

/**
 * Repair what the findings of this pair name, as far as the given files have what it takes: trusted entries without the JDK's mark,
 * CAs missing from a trust store, chains that are not whole or not in order, the alias of the only key, a declared type, a
 * protection that not everybody reads. Passwords, other entries, their dates and what was not understood stay. Then the same files
 * are judged again with the new ones in place of the old; a file that cures nothing is removed again.
 * @param pair       was examined; its stores are changed in memory
 * @param folder     for the new files, made if it is not there; they are called as the old ones
 * @param now_ms     for the dates of new entries
 * @param from       the first finding of this pair
 * @param findings   get repaired, written, after, and notes on what could not be done
 * @param ret_changed what is to be set otherwise, of the server and of the client; owned (mu_store_settings_free)
 * @return 0, or -1 with nothing written: MU_E_USAGE (a target is there already, a store is no regular file), what mu_file_set says,
 *         out of memory
 */
int mu_pair_repair(mu_pair *pair, const char *folder, int64_t now_ms, size_t from, mu_findings *findings,
                   mu_store_settings ret_changed[2], mu_err **err);

#endif

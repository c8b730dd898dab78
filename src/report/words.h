/** Short words for facts, the same in every view. */
#ifndef MU_REPORT_WORDS_H
#define MU_REPORT_WORDS_H

#include "diag/store_facts.h"

/** "key", "trusted", "secret". */
const char *mu_entry_kind_word(mu_entry_kind kind);
/** "CA", "server, client", "server", "client", "neither". */
const char *mu_cert_use_word(const mu_cert_facts *cert);
/** "39 days left", "expired 3 days ago": whole days. */
const char *mu_days_text(int64_t not_after_s, int64_t at_s, char out[64]);
/** "HmacSHA256, 10000 iterations", "not encrypted" (or what absent says). */
const char *mu_protection_text(const mu_protection *protection, const char *absent, char out[160]);
/** What a JVM picks the entry for: "server, client", "SunX509: server, client; PKIX: client", "" if for nothing. */
const char *mu_jvm_text(const mu_entry_facts *entry, char out[96]);

#endif

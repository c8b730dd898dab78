/** What is wrong with a Spring Boot configuration before any store is opened. */
#ifndef MU_DIAG_SPRING_RULES_H
#define MU_DIAG_SPRING_RULES_H

#include "config/spring.h"
#include "diag/finding.h"

/**
 * Files that cannot be read, names that nothing reads, values that another one hides, placeholders without a value, profiles.
 * @return false if a file cannot be read as it should: then nothing else was looked at
 */
bool mu_spring_check_files(const mu_spring *spring, const mu_spring_tls *tls, mu_findings *findings);
/** What the keys of TLS say together: switched off, bundle, identity, trust, client-auth, protocols, ciphers, missing files. */
void mu_spring_check_tls(const mu_spring *spring, const mu_spring_tls *tls, mu_findings *findings);

/** A failure of its own, of the server, with "WHERE: …" as evidence. where NULL: no place. */
mu_finding *mu_spring_find(mu_findings *findings, mu_code code, double confidence, const char *where, const char *fmt, ...)
    MU_PRINTF(5, 6);

#endif

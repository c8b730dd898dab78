/** Stores, chains and problems for programs; the fields are described in docs/inspect.md. */
#ifndef MU_REPORT_STORE_JSON_H
#define MU_REPORT_STORE_JSON_H

#include "diag/store_facts.h"
#include <jansson.h>

/** All return a new reference. at_s: what days are counted from. */
json_t *mu_store_json(const mu_store_facts *store, int64_t at_s);
json_t *mu_chain_facts_json(const mu_chain_facts *chain, int64_t at_s);
json_t *mu_problems_json(const mu_problems *problems);

#endif

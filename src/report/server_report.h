/** A server that was looked at, for people and for programs. */
#ifndef MU_REPORT_SERVER_REPORT_H
#define MU_REPORT_SERVER_REPORT_H

#include "diag/server_facts.h"
#include <jansson.h>
#include <stdio.h>

void mu_server_print(FILE *stream, const mu_server_facts *server, int64_t at_s);
/** As described in docs/inspect.md. New reference. */
json_t *mu_server_json(const mu_server_facts *server, int64_t at_s);

#endif

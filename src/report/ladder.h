/** A handshake as a ladder: who sent what, what was offered and chosen, which store answered, where it broke and why. */
#ifndef MU_REPORT_LADDER_H
#define MU_REPORT_LADDER_H

#include "tls/trace.h"
#include <jansson.h>
#include <stdio.h>

/** As a command's --trace: 0 is none. */
enum { MU_LADDER_BRIEF = 1, MU_LADDER_VERBOSE = 2 };

/**
 * Append the ladder in lines, the last one empty. Everything that the peer sent is escaped, and no secret is in it.
 * @param stream  where it will go: decides about width and colour
 * @param verdict what it ended in
 * @param peer    "127.0.0.1:8443", for the first line
 * @param level   MU_LADDER_VERBOSE: with everything that the messages say
 */
void mu_ladder_add(mu_buf *out, FILE *stream, const mu_trace *trace, const mu_verdict *verdict, const char *peer, int level);
/** Print it to standard error in one go, so that those of several threads do not mix. A mu_trace_fn; level points to an int. */
void mu_ladder_print(void *level, const mu_trace *trace, const mu_verdict *verdict, const char *peer);
/**
 * {"steps":[{"from","message","bytes","facts":{label:[…]}}],"brokeAt":{"step","from","message"}}: brokeAt is null if nothing broke;
 * step counts from 0. New reference.
 */
json_t *mu_ladder_json(const mu_trace *trace, const mu_verdict *verdict);

#endif

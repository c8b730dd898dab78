/** JSON output by jansson. Program text is ASCII; foreign text goes through mu_json_text. */
#ifndef MU_BASE_JSON_H
#define MU_BASE_JSON_H

#include <jansson.h>
#include <mutual/err.h>
#include <stdio.h>

/** A JSON string of any bytes (what is not UTF-8 becomes \xHH text); null for NULL. New reference. */
json_t *mu_json_text(const char *text);
/** {"code","message","detail","fix","by","file","line","causes":[…]}: fix is the hint, or the fix of the cause if
 * there is none; by is "us", "peer", "os" or "caller"; causes are the failures underneath in the same form. New reference. */
json_t *mu_json_error(const mu_err *err);
/** Print (indented, sorted as inserted, all ASCII, one final newline) and drop the reference. @return 0, or -1 with
 * MU_E_WRITE_FAILED */
int mu_json_print(FILE *stream, json_t *value, mu_err **err);

#endif

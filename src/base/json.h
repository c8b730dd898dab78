/** JSON output by jansson. All text is UTF-8; what is not is replaced before it gets here. */
#ifndef MU_BASE_JSON_H
#define MU_BASE_JSON_H

#include <jansson.h>
#include <mutual/err.h>
#include <stdio.h>

/** A JSON string of any bytes (invalid UTF-8 and NUL become \xHH text); null for NULL. New reference. */
json_t *mu_json_text(const char *text);
/** {"code","message","detail","fix","by","causes":[…]}. New reference. */
json_t *mu_json_error(const mu_err *err);
/** Print (indented, sorted as inserted, one final newline) and drop the reference. @return 0, or -1 with MU_E_WRITE_FAILED */
int mu_json_print(FILE *stream, json_t *value, mu_err **err);

#endif

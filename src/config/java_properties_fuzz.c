/*
 * Java properties, "name=value" a line.
 * Covers: src/config/java_properties.c
 */
#include "base/fuzzing.h"
#include "config/java_properties.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mu_strndup((const char *)data, size), *rest = text;
    mu_strlist items = {0}, warnings = {0};
    mu_java_settings settings = {0};
    mu_err *err = NULL;
    FUZZ_REQUIRE(text);
    for (char *line; (line = strsep(&rest, "\n"));)
        FUZZ_REQUIRE(mu_strlist_add(&items, line) == 0);
    FUZZ_REQUIRE((mu_java_properties_read(&items, &settings, &warnings, &err) == 0) == (err == NULL));
    mu_java_settings_free(&settings);
    mu_err_free(err);
    mu_strlist_free(&items);
    mu_strlist_free(&warnings);
    free(text);
    return 0;
}

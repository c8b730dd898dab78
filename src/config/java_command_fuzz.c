/*
 * Command lines of JVMs: split without harm, and what is found can be found by its name.
 * Covers: src/config/java_command.c
 */
#include "base/fuzzing.h"
#include "config/java_command.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mu_strndup((const char *)data, size);
    mu_java_command command;
    mu_err *err = NULL;
    FUZZ_REQUIRE(text);
    int rc = mu_java_command_read(text, &command, &err);
    FUZZ_REQUIRE((rc == 0) == (err == NULL));
    for (size_t i = 0; rc == 0 && i < command.count; i++) {
        const mu_java_define *last = mu_java_command_find(&command, command.defines[i].name);
        FUZZ_REQUIRE(command.defines[i].late || (last && last >= &command.defines[i]));
    }
    mu_java_command_free(&command);
    mu_err_free(err);
    free(text);
    return 0;
}

/**
 * For the fuzz drivers, X_fuzz.c beside the X.c that they fuzz. A driver defines LLVMFuzzerTestOneInput: libFuzzer's main calls it
 * with what it makes up, test/fuzz_main.c with the files of test/corpus/X. Its first comment has a line "Covers: FILE…": what
 * script/fuzz measures line coverage of.
 */
#ifndef MU_BASE_FUZZING_H
#define MU_BASE_FUZZING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** What must hold for every input. */
#define FUZZ_REQUIRE(condition)                                                                                                    \
    do {                                                                                                                           \
        if (!(condition)) {                                                                                                        \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                               \
        }                                                                                                                          \
    } while (0)

#endif

/* What every fuzz target shares: its entry point, and a check that also works without asserts. */
#ifndef TESTKIT_FUZZ_FUZZ_H
#define TESTKIT_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input. */
#define ALWAYS(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif

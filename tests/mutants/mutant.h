/* What the mutated sources of hypeman-mock-mutants see of the program around them: the compiler
 * includes it before each. See mutants.txt. */
#ifndef TESTKIT_TESTS_MUTANTS_MUTANT_H
#define TESTKIT_TESTS_MUTANTS_MUTANT_H

#include <stdbool.h>

/* Whether this program was started with `--mutant NAME`. False for all of them without it. */
bool mutant_is(const char *name);

/* main() of mock/main.c, renamed. */
int mock_main(int argc, char **argv);

#endif

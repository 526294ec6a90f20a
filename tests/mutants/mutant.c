/* hypeman-mock, one rule of the contract broken: hypeman-mock-mutants --mutant NAME [arguments].
 * Without --mutant it is the very same program. */
#include "tests/mutants/mutant.h"

#include <stdio.h>
#include <string.h>

#include "common/base/scope.h"
#include "common/base/text.h"

static const struct {
    const char *name, *rule, *file;
} mutants[] = {
#include "mutants.inc" /* made of mutants.txt */
};

/* Set before the program proper begins, and never again. */
static const char *chosen;

bool mutant_is(const char *name)
{
    return chosen != NULL && strcmp(chosen, name) == 0;
}

static void list(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mutants); i++)
        printf("%s %s %s\n", mutants[i].name, mutants[i].rule, mutants[i].file);
}

static bool choose(const char *name)
{
    const char *names[ARRAY_LEN(mutants) + 1] = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(mutants); i++) {
        names[i] = mutants[i].name;
        if (strcmp(names[i], name) == 0)
            chosen = names[i];
    }
    if (chosen != NULL)
        return true;
    const char *near = text_nearest(name, names);
    (void)fprintf(stderr,
                  "hypeman-mock-mutants: there is no mutant \"%s\"%s%s%s (see --list-mutants)\n",
                  name, near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                  near == NULL ? "" : "?");
    return false;
}

int main(int argc, char **argv)
{
    enum { EXIT_USAGE = 2 };

    if (argc == 2 && strcmp(argv[1], "--list-mutants") == 0) {
        list();
        return 0;
    }
    if (argc < 2 || strcmp(argv[1], "--mutant") != 0)
        return mock_main(argc, argv);
    if (!choose(argc == 2 ? "" : argv[2]))
        return EXIT_USAGE;
    argv[2] = argv[0];
    return mock_main(argc - 2, argv + 2);
}

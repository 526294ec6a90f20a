/* hypeman-mock: which of its commands the command line asks for. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/coverage_command.h"
#include "mock/diff_command.h"
#include "mock/mint_command.h"
#include "mock/run_command.h"
#include "mock/serve_command.h"
#include "mock/truth_command.h"

static const struct {
    const char *name;
    int (*run)(int argc,
               char *const *argv); /* argv starts with the name; returns the exit status */
} commands[] = {
    { "coverage", coverage_command }, { "diff", diff_command },   { "run", run_command },
    { "mint-token", mint_command },   { "truth", truth_command },
};

static int complain(const char *word)
{
    enum { EXIT_USAGE = 2 };
    const char *names[ARRAY_LEN(commands) + 1] = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i] = commands[i].name;
    const char *near = text_nearest(word, names);
    (void)fprintf(stderr, "hypeman-mock: there is no command \"%s\"%s%s%s (see --help)\n", word,
                  near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                  near == NULL ? "" : "?");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-')
        return serve_command(argc, argv);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return complain(argv[1]);
}

#include "mock/coverage_command.h"

#include <stdio.h>

#include "common/program/options.h"
#include "common/program/read_file.h"
#include "mock/control/coverage.h"

enum { EXIT_TROUBLE = 2, MAX_FILE_BYTES = 16 * 1024 * 1024 };

static const struct option_spec specs[] = { { 0 } };

static const struct options_program program = {
    .name = "hypeman-mock coverage",
    .env_prefix = "HYPEMAN_MOCK_COVERAGE",
    .summary = "Prints what answers of GET /_mock/coverage have seen together, and what none of "
               "them has: hypeman-mock coverage A.json B.json ...",
    .specs = specs,
};

static int complain(const char *path, const char *problem)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", program.name, path, path[0] == '\0' ? "" : ": ", problem);
    return EXIT_TROUBLE;
}

static bool add_file(struct coverage *coverage, const char *path)
{
    SCOPED(buffer) struct buffer file = buffer_capped(MAX_FILE_BYTES);
    struct error err = { 0 };

    if (!read_file(path, MAX_FILE_BYTES, &file, &err))
        complain("", err.message);
    else if (!coverage_add_json(coverage, buffer_text(&file), &err))
        complain(path, err.message);
    else
        return true;
    return false;
}

static int print(const struct coverage *coverage)
{
    SCOPED(buffer) struct buffer text = buffer_capped(MAX_FILE_BYTES);

    coverage_write_text(coverage, &text);
    if (text.failed)
        return complain("", "out of memory");
    if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
        return complain("", "cannot write the figures");
    return 0;
}

int coverage_command(int argc, char *const *argv)
{
    struct coverage coverage = { 0 };
    struct options options;

    if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '\0')
        return options_parse(&program, argc, argv, &options) == OPTIONS_EXIT_OK ? 0 : EXIT_TROUBLE;
    if (argc < 2)
        return complain("", "needs files: hypeman-mock coverage A.json B.json ...");
    for (int i = 1; i < argc; i++) {
        if (!add_file(&coverage, argv[i]))
            return EXIT_TROUBLE;
    }
    return print(&coverage);
}

#include "mock/truth_command.h"

#include <stdio.h>

#include "common/program/options.h"
#include "mock/api/ledger.h"

enum { EXIT_USAGE = 2, MAX_OUTPUT_BYTES = 1 << 20 };

static const struct option_spec specs[] = {
    { "json", NULL, NULL, "as one JSON array" },
    { 0 },
};

static const struct options_program program = {
    .name = "hypeman-mock truth",
    .env_prefix = "HYPEMAN_MOCK_TRUTH",
    .summary = "Prints where --truth spec and --truth server differ, and the limits of the mock.",
    .specs = specs,
};

int truth_command(int argc, char *const *argv)
{
    struct options options;
    const enum options_outcome outcome = options_parse(&program, argc, argv, &options);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_EXIT_OK ? 0 : EXIT_USAGE;

    SCOPED(buffer) struct buffer out = buffer_capped(MAX_OUTPUT_BYTES);
    if (options_switch(&options, "json"))
        ledger_write_json(&out);
    else
        ledger_write_text(&out);
    if (!out.failed && fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0)
        return 0;
    (void)fprintf(stderr, "%s: cannot write the tables\n", program.name);
    return 1;
}

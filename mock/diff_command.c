#include "mock/diff_command.h"

#include <stdio.h>

#include "common/program/options.h"
#include "common/program/read_file.h"
#include "mock/state/diff.h"
#include "mock/state/state.h"

enum { EXIT_DIFFERENT = 1, EXIT_TROUBLE = 2, MAX_FILE_BYTES = 1 << 30 };

static const struct option_spec specs[] = { { 0 } };

static const struct options_program program = {
    .name = "hypeman-mock diff",
    .env_prefix = "HYPEMAN_MOCK_DIFF",
    .summary = "Prints what differs between two exported worlds, a line each: hypeman-mock diff "
               "BEFORE.json AFTER.json. Exits with 1 when something does.",
    .specs = specs,
};

static int complain(const char *path, const char *problem)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", program.name, path, path[0] == '\0' ? "" : ": ", problem);
    return EXIT_TROUBLE;
}

/* Whether it is an export at all. */
static bool check(struct text document, struct error *err)
{
    const struct env env = { clock_system(), rng_system(), mem_libc() };
    const struct world_settings settings = world_settings_default();
    struct state_outside outside;
    struct world *world = state_import(&env, &settings, document, &outside, err);
    world_free(world);
    return world != NULL;
}

static bool load(const char *path, struct buffer *out)
{
    struct error err = { 0 };
    if (!read_file(path, MAX_FILE_BYTES, out, &err))
        complain("", err.message);
    else if (!check(buffer_text(out), &err))
        complain(path, err.message);
    else
        return true;
    return false;
}

static int print(const struct buffer *lines)
{
    if (fwrite(lines->data, 1, lines->len, stdout) != lines->len || fflush(stdout) != 0)
        return complain("", "cannot write the differences");
    return lines->len == 0 ? 0 : EXIT_DIFFERENT;
}

static int compare(const char *before_path, const char *after_path)
{
    SCOPED(buffer) struct buffer before = buffer_capped(MAX_FILE_BYTES);
    SCOPED(buffer) struct buffer after = buffer_capped(MAX_FILE_BYTES);
    SCOPED(buffer) struct buffer lines = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    if (!load(before_path, &before) || !load(after_path, &after))
        return EXIT_TROUBLE;
    if (!state_diff(buffer_text(&before), buffer_text(&after), &lines, &err))
        return complain("", err.message);
    return print(&lines);
}

int diff_command(int argc, char *const *argv)
{
    enum { ARGS = 3 };
    struct options options;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '\0')
        return options_parse(&program, argc, argv, &options) == OPTIONS_EXIT_OK ? 0 : EXIT_TROUBLE;
    if (argc != ARGS)
        return complain("", "needs two files: hypeman-mock diff BEFORE.json AFTER.json");
    return compare(argv[1], argv[2]);
}

/* hypeman-conformance: what it carries with it, then the command that is asked for. */
#include <signal.h>
#include <stdio.h>

#include "common/base/fd.h"
#include "common/program/options.h"
#include "common/program/signals.h"
#include "conformance/drive/case_folder.h"
#include "conformance/embedded.h"
#include "conformance/session.h"
#include "conformance/settings.h"
#include "conformance/suite/bundle.h"
#include "conformance/suite/coverage.h"

enum { EXIT_USAGE = 2, EXIT_SUITE = 4, BUNDLE_MAX = 64 << 20, TEXT_MAX = 64 << 20 };

static const struct options_program program = {
    .name = "hypeman-conformance",
    .env_prefix = "HYPEMAN_CONFORMANCE",
    .summary = "Numbered rules of the Hypeman API, checked against any server. Exit status: 0 "
               "conforming, 1 failures, 2 usage, 3 the server cannot be reached, 4 the suite is at "
               "fault or was stopped.",
    .specs = settings_specs,
};

/* Owns what a library borrows. */
struct shelf {
    struct arena arena;
    struct buffer own_cases; /* a bundle, with --cases */
    struct catalogue catalogue;
    struct scenario_set scenarios;
    struct shapes shapes;
    struct rpc_api api;
};

static void shelf_scope_end(struct shelf *shelf)
{
    rpc_api_fini(&shelf->api);
    shapes_fini(&shelf->shapes);
    scenario_set_fini(&shelf->scenarios);
    buffer_fini(&shelf->own_cases);
    arena_fini(&shelf->arena);
}

/* Those of the folder, with the program's own fragments. */
static bool gather(const struct settings *settings, struct shelf *shelf, struct text *bundle,
                   struct error *err)
{
    struct text rest = *bundle, name;
    struct bundle_file file;

    if (settings->cases == NULL)
        return true;
    while (bundle_next(&rest, &file)) {
        if (!bundle_name(file.path, "cases", ".json", &name) &&
            !bundle_append(&shelf->own_cases, file.path, file.bytes))
            return buffer_error(&shelf->own_cases, err);
    }
    if (!case_folder_read(settings->cases, &shelf->own_cases, err))
        return error_prefix(err, "--cases: ");
    *bundle = buffer_text(&shelf->own_cases);
    return true;
}

static bool load(const struct settings *settings, struct shelf *shelf, struct library *out,
                 struct error *err)
{
    struct text bundle = embedded_bundle();
    struct bundle_file shapes;

    if (!gather(settings, shelf, &bundle, err) ||
        !catalogue_load(bundle, &shelf->arena, &shelf->catalogue, err) ||
        !scenario_set_load(bundle, &shelf->catalogue, &shelf->scenarios, err) ||
        !rpc_api_load(embedded_descriptor_set(), &shelf->api, err))
        return false;
    if (!bundle_find(bundle, "schema/resources.json", &shapes))
        return error_set(err, ERROR_INTERNAL, "the program was built without its schema");
    *out = (struct library){ .bundle = bundle,
                             .catalogue = &shelf->catalogue,
                             .scenarios = &shelf->scenarios,
                             .shapes = &shelf->shapes,
                             .api = &shelf->api };
    return shapes_load(shapes.bytes, &shelf->catalogue, &shelf->arena, &shelf->shapes, err);
}

static bool print(const struct buffer *text, struct error *err)
{
    if (text->failed)
        return buffer_error(text, err);
    return fwrite(text->data == NULL ? "" : text->data, 1, text->len, stdout) == text->len ||
           error_set(err, ERROR_INTERNAL, "standard output cannot be written");
}

static bool list(const struct settings *settings, const struct library *library, struct error *err)
{
    SCOPED(arena) struct arena arena = arena_capped(TEXT_MAX);
    SCOPED(buffer) struct buffer out = buffer_capped(TEXT_MAX);
    struct plan plan;

    if (!plan_make(library->scenarios, &settings->wishes, NULL, &arena, &plan, err))
        return false;
    for (size_t i = 0; i < plan.count; i++)
        buffer_appendf(&out, "%s\t%s\n", plan.items[i].id, plan.items[i].scenario->title);
    return print(&out, err);
}

static bool rules(const struct library *library, struct error *err)
{
    SCOPED(buffer) struct buffer out = buffer_capped(TEXT_MAX);

    coverage_report(library->catalogue, library->scenarios, library->shapes, &out);
    return print(&out, err);
}

static int fail(const struct error *err)
{
    (void)fprintf(stderr, "%s: %s\n", program.name, err->message);
    return err->code == ERROR_INVALID_ARGUMENT || err->code == ERROR_NOT_FOUND ? EXIT_USAGE
                                                                               : EXIT_SUITE;
}

static int run(const struct settings *settings, int signal_fd)
{
    SCOPED(shelf)
    struct shelf shelf = { .arena = arena_capped(TEXT_MAX),
                           .own_cases = buffer_capped(BUNDLE_MAX) };
    struct library library;
    struct error err = { 0 };
    int status = 0;

    if (load(settings, &shelf, &library, &err) &&
        (settings->list    ? list(settings, &library, &err)
         : settings->rules ? rules(&library, &err)
                           : session_run(settings, &library, signal_fd, &status, &err)))
        return status;
    return fail(&err);
}

int main(int argc, char **argv)
{
    static const int ends[] = { SIGTERM, SIGINT, 0 };
    struct options options;
    struct settings settings;
    SCOPED(fd) int signal_fd = -1;
    struct error err = { 0 };

    if (!signals_open(ends, &signal_fd, &err))
        return fail(&err);
    switch (options_parse(&program, argc, argv, &options)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_EXIT_OK:
        return 0;
    case OPTIONS_EXIT_USAGE:
        return EXIT_USAGE;
    }
    if (!settings_read(&options, &settings, &err))
        return options_usage(&program, &err);
    return run(&settings, signal_fd);
}

#include "mock/serve_command.h"

#include <signal.h>
#include <stdio.h>

#include "common/base/fd.h"
#include "common/program/options.h"
#include "common/program/parent_process.h"
#include "common/program/signals.h"
#include "mock/http/serve.h"
#include "mock/service.h"
#include "mock/settings.h"

static const struct options_program program = {
    .name = "hypeman-mock",
    .env_prefix = "HYPEMAN_MOCK",
    .summary = "The Hypeman REST API in memory, for tests and development without hypervisors. "
               "Also: hypeman-mock run, mint-token, diff and truth, each with its own --help.",
    .specs = settings_specs,
};

/* For serve(): any signal means the end. */
static bool was_signalled(void *ctx)
{
    const int *fd = ctx;

    return signals_take(*fd);
}

static bool lost_its_parent(void *ctx)
{
    (void)ctx;
    return true;
}

static bool run(const struct settings *settings, int *signal_fd, int parent_fd, struct error *err)
{
    SCOPED(service) struct service service = { 0 };
    const struct serve_source sources[] = {
        { *signal_fd, was_signalled, signal_fd },
        { parent_fd, lost_its_parent, NULL },
    };
    return service_open(&service, settings, err) &&
           serve(service.server, &service.log, sources, ARRAY_LEN(sources), err);
}

static int fail(const struct error *err)
{
    (void)fprintf(stderr, "%s: %s\n", program.name, err->message);
    return 1;
}

int serve_command(int argc, char *const *argv)
{
    static const int ends[] = { SIGTERM, SIGINT, 0 };
    struct options options;
    SCOPED(settings) struct settings settings = { 0 };
    SCOPED(fd) int signal_fd = -1;
    SCOPED(fd) int parent_fd = -1;
    struct error err = { 0 };

    if (!signals_open(ends, &signal_fd, &err))
        return fail(&err);
    switch (options_parse(&program, argc, argv, &options)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_EXIT_OK:
        return 0;
    case OPTIONS_EXIT_USAGE:
        return 2;
    }
    if (!settings_read(&options, &settings, &err))
        return options_usage(&program, &err);
    if ((!settings.exit_with_parent || parent_process_open(&parent_fd, &err)) &&
        run(&settings, &signal_fd, parent_fd, &err))
        return 0;
    return fail(&err);
}

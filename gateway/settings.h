/* What the command line, the environment and the file of --config say, read and judged.
 *
 * Files that other options name are not read here. */
#ifndef TESTKIT_GATEWAY_SETTINGS_H
#define TESTKIT_GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/program/line_log.h"
#include "common/program/options.h"
#include "gateway/operations.h"
#include "gateway/proxy/metadata.h"
#include "gateway/readiness.h"

extern const struct options_program gateway_program;

struct method_timeout {
    struct text method; /* "hypeman.v1.InstanceService/WaitInstance" */
    int64_t timeout_ms;
};

struct settings {
    struct options options;
    struct arena texts; /* of the file; what is borrowed below may be in it */
    struct listen_address listen;
    size_t worker_count;
    int64_t timeout_ms;
    struct method_timeout method_timeouts[OPTIONS_MAX];
    size_t method_timeout_count;
    struct metadata_names forwarded;
    struct metadata_names returned;
    size_t gzip_from; /* SIZE_MAX: never */
    enum log_form log_form;
    struct readiness_settings readiness; /* without authorization */
    struct operations_settings operations;
};

/* Reads the file anew each time.
 * out    owned: settings_fini()
 * Fails  INVALID_ARGUMENT, NOT_FOUND and others: the message names flag, variable or file */
MUST_USE bool settings_read(const struct options *command_line, struct settings *out,
                            struct error *err);
void settings_fini(struct settings *settings);
void settings_scope_end(struct settings *settings);

/* Appends "; only a restart changes --listen, --workers": what differs and holds for the life of
 * the process; nothing when nothing does. names  empty at first */
void settings_append_fixed(const struct settings *first, const struct settings *now,
                           struct buffer *names);

#endif

/* What the flags of a serving hypeman-mock say: the command line of `hypeman-mock` itself and of
 * the subcommands that serve too. */
#ifndef TESTKIT_MOCK_SETTINGS_H
#define TESTKIT_MOCK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/program/line_log.h"
#include "common/program/options.h"
#include "mock/api/api.h"
#include "mock/domain/world.h"

/* The rows of an option table that settings_read() understands. */
#define SETTINGS_SPECS(default_listen, default_log)                                                \
    { "listen", "HOST:PORT", default_listen, "where to serve; port 0 picks a free one" },          \
        { "auth", "any|off|jwt", "any",                                                            \
          "any: every non-empty bearer token is accepted; off: none needed; jwt: only tokens "     \
          "signed with the secret, for what their permissions allow" },                            \
        { "jwt-secret-file", "FILE", NULL,                                                         \
          "with --auth jwt: the HMAC secret; a final newline is cut" },                            \
        { "truth", "spec|server", "spec",                                                          \
          "where they disagree, what the API description promises or what the real server sends; " \
          "see hypeman-mock truth" },                                                              \
        { "seed", "N", NULL, "makes generated ids repeatable; random when not given" },            \
        { "boot-delay", "DURATION", "250ms", "how long an instance stays Initializing" },          \
        { "compression-delay", "DURATION", "1s", "how long a snapshot stays compressing" },        \
        { "default-hypervisor", "NAME", "firecracker", "of instances that do not ask for one" },   \
        { "max-body", "BYTES", "8388608", "largest request body; more is answered 413" },          \
        { "exit-with-parent", NULL, NULL, "end, as at SIGTERM, when the parent process does" },    \
        { "log", "off|text|json", default_log, "one line per request on stderr" },                 \
        { "ready-file", "FILE", NULL, "written once serving: program, version, pid, urls" },       \
    {                                                                                              \
        "ready-fd", "N", NULL, "the same line to an inherited descriptor, which is then closed"    \
    }

struct settings {
    struct listen_address listen;
    struct api_settings api;
    struct buffer secret; /* what api.jwt_secret points into */
    struct world_settings world;
    bool seeded;
    uint64_t seed;
    size_t max_body;
    bool exit_with_parent;
    enum log_form log;
    const char *ready_file; /* borrowed from the options; NULL for none */
    int ready_fd;           /* -1 for none */
};

/* out    all zero before; owned, also after a failure: settings_scope_end()
 * Fails  INVALID_ARGUMENT  a flag's value, or flags that do not fit together */
MUST_USE bool settings_read(const struct options *o, struct settings *out, struct error *err);
void settings_scope_end(struct settings *settings);

/* The HMAC secret in the file that --jwt-secret-file names, which is given.
 * file    owned by the caller: buffer_fini(); what *secret points into
 * secret  at least a byte; a final newline is cut
 * Fails   INVALID_ARGUMENT  the file is of no use, and why */
MUST_USE bool settings_read_secret(const struct options *o, struct buffer *file,
                                   struct text *secret, struct error *err);

#endif

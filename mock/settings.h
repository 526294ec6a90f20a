/* What the flags of a serving hypeman-mock say: of `hypeman-mock` itself and of the commands that
 * serve too. */
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
#include "mock/control/world_clock.h"
#include "mock/domain/world.h"

/* The flags that settings_read() understands. */
extern const struct option_spec settings_specs[];

struct settings {
    struct listen_address listen;
    struct api_settings api;
    struct buffer secret; /* what api.jwt_secret points into */
    struct world_settings world;
    enum clock_mode clock;
    struct text start;       /* the document of --load; empty: none    */
    struct buffer load_file; /* what start points into           */
    bool seeded;
    uint64_t seed;
    size_t max_worlds;
    size_t journal_bytes;
    bool world_by_token;
    int64_t token_world_ttl_ns;
    bool no_control;
    struct text control_token;    /* empty: none is needed           */
    struct buffer control_secret; /* what control_token points into  */
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

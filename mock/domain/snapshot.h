/* What a snapshot is: its record and how it looks at a moment.
 *
 * Immutable once stored, as instances (instance.h); the same conventions hold. The captured
 * instance is held by reference, so a snapshot costs little however big its source is, and lives
 * on when the source is deleted. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/compression.h"
#include "mock/domain/instance.h"
#include "mock/domain/pairs.h"

enum snapshot_kind { SNAPSHOT_STANDBY, SNAPSHOT_STOPPED, SNAPSHOT_KIND_COUNT };
const char *snapshot_kind_name(enum snapshot_kind kind); /* "Standby", "Stopped" */
MUST_USE bool snapshot_kind_parse(struct text name, enum snapshot_kind *out);

enum compression_state {
    COMPRESSION_STATE_NONE,
    COMPRESSION_STATE_COMPRESSING,
    COMPRESSION_STATE_COMPRESSED,
    COMPRESSION_STATE_ERROR,
    COMPRESSION_STATE_COUNT,
};
const char *compression_state_name(enum compression_state state); /* "none", "compressing" ... */

#define SNAPSHOT_NEVER INT64_MAX /* for compressed_at_ns */

/* For what a client sees of compression and sizes, ask snapshot_view(). */
struct snapshot {
    uint32_t refs; /* bookkeeping */
    enum snapshot_kind kind;
    struct text id;
    struct text name; /* empty: unnamed, null in the answer (SNAP-J-001) */
    struct pair_list tags;
    int64_t created_at_ns;
    int64_t size_bytes; /* as captured, uncompressed */
    /* The instance at capture, never NULL: source_instance_id, source_instance_name and
     * source_hypervisor are source->config->id, ->name, ->hypervisor (SNAP-C-038). */
    const struct instance *source;

    enum compression_state compression_state; /* as stored: COMPRESSED only shows in the view */
    struct compression_settings compression;  /* with every state but NONE                    */
    int64_t compressed_at_ns;                 /* while COMPRESSING: when it is done           */
    struct text compression_error; /* with ERROR; while COMPRESSING: what it will end with, or
                                      empty */
};

/* A snapshot at a moment (SNAP-J-003, COMP-016, COMP-017, COMP-022). */
struct snapshot_view {
    enum compression_state state;
    int64_t size_bytes;
    int64_t compressed_size_bytes;   /* with COMPRESSED; otherwise 0, null in the answer */
    int64_t uncompressed_size_bytes; /* likewise */
};

struct snapshot_view snapshot_view(const struct snapshot *snapshot, int64_t now_ns);

/* Whether its compression job goes on for ever. */
bool snapshot_is_held(const struct snapshot *snapshot);

/* Whether a compression job runs at that moment. */
bool snapshot_is_compressing(const struct snapshot *snapshot, int64_t now_ns);

#endif

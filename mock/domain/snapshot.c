#include "mock/domain/snapshot.h"

#include <assert.h>

#include "mock/domain/names.h"

static const char *const kind_names[] = {
    [SNAPSHOT_STANDBY] = "Standby",
    [SNAPSHOT_STOPPED] = "Stopped",
};
static_assert(ARRAY_LEN(kind_names) == SNAPSHOT_KIND_COUNT, "one name per kind");

static const char *const compression_names[] = {
    [COMPRESSION_STATE_NONE] = "none",
    [COMPRESSION_STATE_COMPRESSING] = "compressing",
    [COMPRESSION_STATE_COMPRESSED] = "compressed",
    [COMPRESSION_STATE_ERROR] = "error",
};
static_assert(ARRAY_LEN(compression_names) == COMPRESSION_STATE_COUNT, "one name per state");

const char *snapshot_kind_name(enum snapshot_kind kind)
{
    return kind_names[kind];
}

bool snapshot_kind_parse(struct text name, enum snapshot_kind *out)
{
    size_t i = 0;
    if (!names_find(kind_names, ARRAY_LEN(kind_names), name, &i))
        return false;
    *out = (enum snapshot_kind)i;
    return true;
}

const char *compression_state_name(enum compression_state state)
{
    return compression_names[state];
}

static bool is_compressed_by(const struct snapshot *snapshot, int64_t now_ns)
{
    return snapshot->compression_state == COMPRESSION_STATE_COMPRESSING &&
           snapshot->compressed_at_ns != SNAPSHOT_NEVER && now_ns >= snapshot->compressed_at_ns;
}

bool snapshot_is_held(const struct snapshot *snapshot)
{
    return snapshot->compression_state == COMPRESSION_STATE_COMPRESSING &&
           snapshot->compressed_at_ns == SNAPSHOT_NEVER;
}

bool snapshot_is_compressing(const struct snapshot *snapshot, int64_t now_ns)
{
    return snapshot->compression_state == COMPRESSION_STATE_COMPRESSING &&
           !is_compressed_by(snapshot, now_ns);
}

struct snapshot_view snapshot_view(const struct snapshot *snapshot, int64_t now_ns)
{
    if (!is_compressed_by(snapshot, now_ns))
        return (struct snapshot_view){ .state = snapshot->compression_state,
                                       .size_bytes = snapshot->size_bytes };

    if (snapshot->compression_error.len > 0)
        return (struct snapshot_view){ .state = COMPRESSION_STATE_ERROR,
                                       .size_bytes = snapshot->size_bytes };
    int64_t memory = snapshot->source->config->size_bytes;
    int64_t compressed = compression_compressed_bytes(snapshot->compression, memory);
    return (struct snapshot_view){
        .state = COMPRESSION_STATE_COMPRESSED,
        .size_bytes = snapshot->size_bytes - memory + compressed, /* COMP-022 */
        .compressed_size_bytes = compressed,
        .uncompressed_size_bytes = memory,
    };
}

#include "mock/domain/snapshot_force.h"

#include "mock/domain/change.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"

static bool replace(struct world *world, const struct snapshot *stored,
                    const struct snapshot *edited, const struct snapshot **out, struct error *err)
{
    const struct snapshot *made = snapshot_new(&world->env->mem, edited);
    struct change change = change_of(world);
    change_snapshot(&change, stored, made);
    if (!change_commit(&change, err))
        return false;
    *out = made; /* the world keeps it alive */
    return true;
}

static bool get_compressing(const struct world *world, struct text id, const struct snapshot **out,
                            struct error *err)
{
    return snapshots_get(world, id, out, err) &&
           (snapshot_is_compressing(*out, world_now_ns(world)) ||
            error_set(err, ERROR_INVALID_STATE, "snapshot is not compressing"));
}

bool snapshot_fail_compression(struct world *world, struct text id, const struct snapshot **out,
                               struct error *err)
{
    const struct snapshot *stored = NULL;
    if (!get_compressing(world, id, &stored, err))
        return false;
    struct snapshot edited = *stored;
    edited.compression_state = COMPRESSION_STATE_ERROR;
    edited.compressed_at_ns = 0;
    edited.compression_error = SNAPSHOT_COMPRESSION_FAILURE;
    return replace(world, stored, &edited, out, err);
}

bool snapshot_hold_compression(struct world *world, struct text id, const struct snapshot **out,
                               struct error *err)
{
    const struct snapshot *stored = NULL;
    if (!get_compressing(world, id, &stored, err))
        return false;
    struct snapshot edited = *stored;
    edited.compressed_at_ns = SNAPSHOT_NEVER;
    return replace(world, stored, &edited, out, err);
}

bool snapshot_end_compression(struct world *world, struct text id, const struct snapshot **out,
                              struct error *err)
{
    const struct snapshot *stored = NULL;
    if (!snapshots_get(world, id, &stored, err))
        return false;
    if (!snapshot_is_held(stored))
        return error_set(err, ERROR_INVALID_STATE, "the compression of the snapshot is not held");
    struct snapshot edited = *stored;
    edited.compressed_at_ns = world_now_ns(world);
    return replace(world, stored, &edited, out, err);
}

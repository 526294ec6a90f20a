#include "mock/domain/snapshot_force.h"

#include "mock/domain/change.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"

bool snapshot_fail_compression(struct world *world, struct text id, const struct snapshot **out,
                               struct error *err)
{
    const struct snapshot *stored = NULL;
    if (!snapshots_get(world, id, &stored, err))
        return false;
    if (!snapshot_is_compressing(stored, world_now_ns(world)))
        return error_set(err, ERROR_INVALID_STATE, "snapshot is not compressing");

    struct snapshot edited = *stored;
    edited.compression_state = COMPRESSION_STATE_ERROR;
    edited.compressed_at_ns = 0;
    edited.compression_error = TEXT("write compressed stream: no space left on device");
    const struct snapshot *failed = snapshot_new(&world->env->mem, &edited);
    struct change change = change_of(world);
    change_snapshot(&change, stored, failed);
    if (!change_commit(&change, err))
        return false;
    *out = failed; /* the world keeps it alive */
    return true;
}

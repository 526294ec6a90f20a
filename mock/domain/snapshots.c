#include "mock/domain/snapshots.h"

#include <string.h>

#include "mock/domain/change.h"
#include "mock/domain/world_state.h"

static const struct snapshot *find(const struct world *world, struct text id)
{
    return cow_map_find(&world->snapshots.maps[SNAPSHOTS_BY_ID], (struct cow_key){ .major = id });
}

/* The real server keeps a snapshot in a file of that name, so an id that no file can have is a
 * failure there and not a miss (SNAP-I-009, SNAP-I-010): told apart by the field. */
static bool fits_a_file_name(struct text id)
{
    enum { FILE_NAME_MAX = 255 };
    return id.len <= FILE_NAME_MAX && memchr(id.data, '\0', id.len) == NULL;
}

static bool not_found(struct text id, struct error *err)
{
    const bool plain = fits_a_file_name(id) || memchr(id.data, '/', id.len) != NULL;
    return error_set_field(err, ERROR_NOT_FOUND, plain ? "" : "snapshot_id", "snapshot not found");
}

bool snapshots_get(const struct world *world, struct text id, const struct snapshot **out,
                   struct error *err)
{
    const struct snapshot *snapshot = find(world, id);
    if (snapshot == NULL)
        return not_found(id, err);
    *out = snapshot;
    return true;
}

bool snapshots_delete(struct world *world, struct text id, struct error *err)
{
    const struct snapshot *snapshot = find(world, id);
    if (snapshot == NULL)
        return not_found(id, err);
    struct change change = change_of(world);
    change_remove_snapshot(&change, snapshot);
    return change_commit(&change, err);
}

/* The index whose walk is the shortest, and where it starts. */
static struct cow_key choose_index(const struct snapshot_filter *filter, size_t *index)
{
    if (filter->source_instance_id.len == 0) {
        *index = SNAPSHOTS_BY_ID;
        return (struct cow_key){ 0 };
    }
    *index = filter->name.len > 0 ? SNAPSHOTS_BY_NAME : SNAPSHOTS_BY_SOURCE;
    return (struct cow_key){ .major = filter->source_instance_id, .minor = filter->name };
}

void snapshot_cursor_open(struct snapshot_cursor *cursor, const struct world *world,
                          const struct snapshot_filter *filter)
{
    size_t index = 0;
    struct cow_key from = choose_index(filter, &index);
    cursor->map = cow_map_retain(&world->snapshots.maps[index]);
    cursor->filter = *filter;
    cursor->now_ns = world_now_ns(world);
    cow_cursor_seek(&cursor->at, &cursor->map, from);
}

/* Past the part of the index that the filter can match. One source has a name only once, so with
 * both given the walk is over after one step. */
static bool is_beyond(const struct snapshot_filter *filter, const struct snapshot *snapshot)
{
    if (filter->source_instance_id.len == 0)
        return false;
    return !text_equal(snapshot->source->config->id, filter->source_instance_id) ||
           (filter->name.len > 0 && !text_equal(snapshot->name, filter->name));
}

static bool passes(const struct snapshot_filter *filter, const struct snapshot *snapshot)
{
    if (filter->by_kind && snapshot->kind != filter->kind)
        return false;
    if (filter->name.len > 0 && !text_equal(snapshot->name, filter->name))
        return false;
    return pairs_match(snapshot->tags, filter->tags);
}

const struct snapshot *snapshot_cursor_next(struct snapshot_cursor *cursor)
{
    for (;;) {
        const struct snapshot *snapshot = cow_cursor_next(&cursor->at);
        if (snapshot == NULL || is_beyond(&cursor->filter, snapshot))
            return NULL;
        if (passes(&cursor->filter, snapshot))
            return snapshot;
    }
}

void snapshot_cursor_close(struct snapshot_cursor *cursor)
{
    cow_map_fini(&cursor->map);
    cursor->at.depth = 0;
}

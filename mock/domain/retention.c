#include "mock/domain/retention.h"

#include "mock/domain/record_list.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"

/* Whoever made them: the tags alone decide (SCHED-R-002, SCHED-R-008). */
static bool find_marked(const struct world *world, struct text instance_id, struct record_list *out)
{
    struct pair marks[SCHEDULE_MARKS];
    const struct snapshot_filter filter = { .source_instance_id = instance_id,
                                            .tags = schedule_marks(instance_id, marks) };
    struct snapshot_cursor cursor;
    const struct snapshot *snapshot = NULL;
    bool complete = true;
    snapshot_cursor_open(&cursor, world, &filter);
    while (complete && (snapshot = snapshot_cursor_next(&cursor)) != NULL)
        complete = record_list_add(out, &world->env->mem, snapshot);
    snapshot_cursor_close(&cursor);
    return complete;
}

/* Of equals any, as long as it is always the same. */
static int newest_first(const void *a, const void *b)
{
    const struct snapshot *left = *(const struct snapshot *const *)a;
    const struct snapshot *right = *(const struct snapshot *const *)b;
    if (left->created_at_ns != right->created_at_ns)
        return left->created_at_ns > right->created_at_ns ? -1 : 1;
    return text_compare(left->id, right->id);
}

/* index  among all, the newest being 0 */
static bool goes(const struct schedule *schedule, const struct snapshot *snapshot, size_t index,
                 int64_t run_ns)
{
    const bool too_many = schedule->max_count > 0 && index >= (uint64_t)schedule->max_count;
    const bool too_old =
        schedule->max_age_ns > 0 && snapshot->created_at_ns < run_ns - schedule->max_age_ns;
    return too_many || too_old;
}

size_t retention_apply(struct change *change, const struct schedule *schedule, int64_t run_ns,
                       size_t just_made)
{
    struct world *world = change->world;
    struct record_list marked = { 0 };
    size_t left = 0;
    if (!find_marked(world, schedule->instance_id, &marked)) {
        change->incomplete = true;
        marked.count = 0;
    }
    const size_t count = marked.count + just_made;
    if (schedule->max_count > 0 && count > (uint64_t)schedule->max_count)
        record_list_sort(&marked, newest_first); /* else the order does not matter */
    for (size_t i = 0; i < marked.count; i++) {
        if (goes(schedule, marked.items[i], i + just_made, run_ns))
            change_remove_snapshot(change, marked.items[i]);
        else
            left++;
    }
    record_list_fini(&marked, &world->env->mem);
    return left;
}

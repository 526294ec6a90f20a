#include "mock/domain/schedule_run.h"

#include "mock/domain/change.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "mock/domain/record_list.h"
#include "mock/domain/retention.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/tags.h"
#include "mock/domain/transition_control.h"
#include "mock/domain/world_state.h"

/* --- one run ----------------------------------------------------------------------------- */

/* What is captured of a source in each state; of the others nothing (SCHED-T-004, SCHED-T-012). */
static const struct {
    enum instance_state state;
    enum snapshot_kind kind;
} kinds[] = {
    { INSTANCE_RUNNING, SNAPSHOT_STANDBY },
    { INSTANCE_STANDBY, SNAPSHOT_STANDBY },
    { INSTANCE_STOPPED, SNAPSHOT_STOPPED },
};

static bool choose_kind(enum instance_state state, enum snapshot_kind *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].state == state) {
            *out = kinds[i].kind;
            return true;
        }
    }
    return error_set(err, ERROR_INVALID_STATE,
                     "invalid state transition: scheduled snapshot requires source in Running, "
                     "Standby, or Stopped, got %s",
                     instance_state_name(state));
}

/* Without a request's setting, so that the instance's policy decides on compression (COMP-029).
 * made  as snapshot_capture has it */
static bool capture(struct change *change, const struct schedule *schedule,
                    const struct instance *source, int64_t run_ns, const struct snapshot **made,
                    struct error *err)
{
    const struct schedule_name name = schedule_snapshot_name(schedule->name_prefix, run_ns);
    struct pair tags[SCHEDULE_TAGS_MAX];
    struct snapshot_request request = { .name = text_of(name.text),
                                        .tags = schedule_tags(schedule, tags) };
    return choose_kind(instance_view(source, run_ns).state, &request.kind, err) &&
           tags_check_count(request.tags, err) &&
           snapshot_capture(change, schedule->instance_id, &request, made, err);
}

/* The schedule after a run, failed or not (SCHED-T-008, SCHED-T-009). */
static struct schedule after(const struct schedule *schedule, int64_t run_ns)
{
    struct schedule next = *schedule;
    next.last_run_at_ns = next.updated_at_ns = run_ns;
    next.next_run_at_ns =
        schedule_following_run_ns(schedule->next_run_at_ns, schedule->interval_ns, run_ns);
    return next;
}

/* Whether a test makes it fail; the change notes that it did so. */
static bool is_made_to_fail(struct change *change, const struct instance *source)
{
    struct instance next = *source;
    struct instance_hooks room;
    const bool fails = instance_hooks_use(&next, TRANSITION_SCHEDULE, &room);
    if (next.hooks != source->hooks)
        change_instance(change, source, instance_new(&change->world->env->mem, &next));
    return fails;
}

static bool run_on_source(struct world *world, const struct schedule *schedule,
                          const struct instance *source, int64_t run_ns)
{
    struct change change = change_of(world);
    struct schedule next = after(schedule, run_ns);
    const struct snapshot *made = NULL;
    struct error failure = { 0 };
    if (is_made_to_fail(&change, source))
        error_set(&failure, ERROR_INTERNAL, "copy guest directory: no space left on device");
    else if (capture(&change, schedule, source, run_ns, &made, &failure)) {
        if (made != NULL)
            next.last_snapshot_id = made->id;
        (void)retention_apply(&change, schedule, run_ns, 1);
    }
    if (failure.code != ERROR_NONE && world->settings.quirks.failed_run_forgets_snapshot)
        next.last_snapshot_id = TEXT("");       /* SCHED-T-011 */
    next.last_error = text_of(failure.message); /* in a create's words (SCHED-T-016); empty: null */

    struct error no_memory = { 0 };
    change_schedule(&change, schedule, schedule_new(&world->env->mem, &next));
    return change_commit(&change, &no_memory);
}

/* Whether nothing can come to its clean-up any more (SCHED-R-007).
 * left  snapshots after the clean-up */
static bool is_over(const struct schedule *schedule, size_t left)
{
    return left == 0 || schedule->max_age_ns == 0;
}

/* The source is gone: clean-up only, until that is over too (SCHED-R-006). */
static bool run_without_source(struct world *world, const struct schedule *schedule, int64_t run_ns)
{
    struct change change = change_of(world);
    const struct schedule next = after(schedule, run_ns);
    if (is_over(schedule, retention_apply(&change, schedule, run_ns, 0)))
        change_remove_schedule(&change, schedule);
    else
        change_schedule(&change, schedule, schedule_new(&world->env->mem, &next));
    struct error no_memory = { 0 };
    return change_commit(&change, &no_memory);
}

static bool run(struct world *world, const struct schedule *schedule)
{
    const int64_t run_ns = world_now_ns(world);
    const struct instance *source = instances_find(world, schedule->instance_id);
    if (source == NULL)
        return run_without_source(world, schedule, run_ns);
    return run_on_source(world, schedule, source, run_ns);
}

/* --- a poll ------------------------------------------------------------------------------ */

/* A test holds its runs back: they stay due. */
static bool is_held(const struct world *world, const struct schedule *schedule)
{
    const struct instance *source = instances_find(world, schedule->instance_id);
    return source != NULL && transition_is_held(source, TRANSITION_SCHEDULE);
}

/* The next in the order of being due; NULL: none is. */
static const struct schedule *next_free(const struct world *world, struct cow_cursor *cursor)
{
    const struct schedule *schedule = cow_cursor_next(cursor);
    while (schedule != NULL && is_held(world, schedule))
        schedule = cow_cursor_next(cursor);
    return schedule;
}

static void seek_first(struct cow_cursor *cursor, const struct world *world)
{
    cow_cursor_seek(cursor, &world->schedules.maps[SCHEDULES_BY_DUE], (struct cow_key){ 0 });
}

int64_t schedule_run_next_ns(const struct world *world)
{
    struct cow_cursor cursor;
    seek_first(&cursor, world);
    const struct schedule *first = next_free(world, &cursor);
    if (first == NULL)
        return INT64_MAX;
    const int64_t after_start_ns = world->started_ns + 1;
    return world_tick_ns(world, first->next_run_at_ns > after_start_ns ? first->next_run_at_ns
                                                                       : after_start_ns);
}

static bool find_due(const struct world *world, struct record_list *out)
{
    const int64_t now_ns = world_now_ns(world);
    struct cow_cursor cursor;
    seek_first(&cursor, world);
    for (;;) {
        const struct schedule *schedule = next_free(world, &cursor);
        if (schedule == NULL || schedule->next_run_at_ns > now_ns) /* SCHED-T-002 */
            return true;
        if (!record_list_add(out, &world->env->mem, schedule))
            return false;
    }
}

static int by_instance(const void *a, const void *b)
{
    const struct schedule *left = *(const struct schedule *const *)a;
    const struct schedule *right = *(const struct schedule *const *)b;
    return text_compare(left->instance_id, right->instance_id);
}

bool schedule_run_due(struct world *world)
{
    struct record_list due = { 0 };
    bool done = find_due(world, &due);
    record_list_sort(&due, by_instance);
    for (size_t i = 0; done && i < due.count; i++)
        done = run(world, due.items[i]);
    record_list_fini(&due, &world->env->mem);
    return done;
}

bool schedule_run_held(struct world *world, struct text instance_id, struct error *err)
{
    const struct schedule *schedule = NULL;
    struct error none = { 0 };
    if (!schedules_get(world, instance_id, &schedule, &none) ||
        schedule->next_run_at_ns > world_now_ns(world))
        return error_set(err, ERROR_INVALID_STATE, "no run of a schedule is held");
    return run(world, schedule) || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

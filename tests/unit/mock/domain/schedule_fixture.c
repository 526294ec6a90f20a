#include "tests/unit/mock/domain/schedule_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/change.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"

struct resource_id id_of(const struct instance *instance)
{
    struct resource_id id;
    memcpy(id.chars, instance->config->id.data, sizeof id.chars);
    return id;
}

void pass(struct fixture *f, int64_t ns)
{
    f->fake.now_ns += ns;
    world_advance(f->world);
}

void pass_until(struct fixture *f, int64_t since_start_ns)
{
    pass(f, f->world->started_ns + since_start_ns - f->fake.now_ns);
}

const struct schedule *given_schedule(struct fixture *f, struct text instance_id,
                                      const struct schedule_settings *settings)
{
    const struct schedule *schedule = NULL;
    struct error err = { 0 };
    bool set = schedules_set(f->world, instance_id, settings, &schedule, &err);
    assert_string_equal(err.message, "");
    assert_true(set);
    return schedule;
}

const struct schedule *given_due(struct fixture *f, struct text instance_id, int64_t max_count,
                                 int64_t since_start_ns)
{
    const struct schedule_settings hourly = { .interval_ns = HOUR, .max_count = max_count };
    const struct schedule *stored = given_schedule(f, instance_id, &hourly);
    struct schedule due = *stored;
    struct error err = { 0 };
    due.next_run_at_ns = f->world->started_ns + since_start_ns;
    struct change change = change_of(f->world);
    change_schedule(&change, stored, schedule_new(&f->fake.env.mem, &due));
    assert_true(change_commit(&change, &err));
    return find_schedule(f, instance_id);
}

const struct schedule *find_schedule(const struct fixture *f, struct text instance_id)
{
    const struct schedule *schedule = NULL;
    struct error err = { 0 };
    return schedules_get(f->world, instance_id, &schedule, &err) ? schedule : NULL;
}

struct resource_id given_marked(struct fixture *f, struct text instance_id)
{
    struct pair marks[SCHEDULE_MARKS];
    const struct snapshot_request request = { .kind = SNAPSHOT_STANDBY,
                                              .tags = schedule_marks(instance_id, marks) };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    struct resource_id id;
    assert_true(snapshot_create(f->world, instance_id, &request, &snapshot, &err));
    memcpy(id.chars, snapshot->id.data, sizeof id.chars);
    return id;
}

static int by_creation(const void *a, const void *b)
{
    const struct snapshot *left = *(const struct snapshot *const *)a;
    const struct snapshot *right = *(const struct snapshot *const *)b;
    return (left->created_at_ns > right->created_at_ns) -
           (left->created_at_ns < right->created_at_ns);
}

size_t list_snapshots(struct fixture *f, struct text instance_id,
                      const struct snapshot *out[MAX_SNAPSHOTS])
{
    const struct snapshot_filter filter = { .source_instance_id = instance_id };
    struct snapshot_cursor cursor;
    size_t count = 0;
    snapshot_cursor_open(&cursor, f->world, &filter);
    for (const struct snapshot *snapshot = NULL;
         (snapshot = snapshot_cursor_next(&cursor)) != NULL;) {
        assert_true(count < MAX_SNAPSHOTS);
        out[count++] = snapshot;
    }
    snapshot_cursor_close(&cursor);
    qsort(out, count, sizeof *out, by_creation);
    return count;
}

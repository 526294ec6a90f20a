/* What is in a world, for somebody who looks on: as the API shows it, but seen past its tokens,
 * faults and journal, so that looking changes nothing. */
#include "mock/api/instance_codec.h"
#include "mock/api/schedule_codec.h"
#include "mock/api/snapshot_codec.h"
#include "mock/control/control_call.h"
#include "mock/domain/instances.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshots.h"

enum { SHOWN = 100 }; /* of a kind */

static void write_event(struct json_writer *w, const struct history_event *event)
{
    json_write_object_begin(w);
    json_member_i64(w, "number", (int64_t)event->number);
    control_write_time(w, "at", event->at_ns);
    json_member_string(w, "kind", text_of(history_kind_name(event->kind)));
    if (event->start != HISTORY_NO_START)
        json_member_string(w, "start", text_of(history_start_name(event->start)));
    if (event->start == HISTORY_COLD_START)
        control_write_time(w, "until", event->until_ns);
    if (event->has_exit_code)
        json_member_i64(w, "exit_code", event->exit_code);
    if (event->other.chars[0] != '\0')
        json_member_string(w, "other", resource_id_text(&event->other));
    json_write_object_end(w);
}

static void write_instance(struct json_writer *w, const struct instance *instance, int64_t now_ns)
{
    const struct history_event *events[HISTORY_MAX];
    const size_t count = history_list(instance->history, events);

    json_write_object_begin(w);
    json_write_key(w, TEXT("instance"));
    instance_encode(w, instance, now_ns);
    json_write_key(w, TEXT("history"));
    json_write_array_begin(w);
    for (size_t i = 0; i < count; i++)
        write_event(w, events[i]);
    json_write_array_end(w);
    json_write_object_end(w);
}

static void write_instances(struct json_writer *w, const struct world *world)
{
    struct instance_cursor cursor;
    const struct instance *instance;

    json_write_key(w, TEXT("instances"));
    json_write_array_begin(w);
    instance_cursor_open(&cursor, world, &(struct instance_filter){ 0 });
    for (int i = 0; i < SHOWN && (instance = instance_cursor_next(&cursor)) != NULL; i++)
        write_instance(w, instance, cursor.now_ns);
    instance_cursor_close(&cursor);
    json_write_array_end(w);
}

static void write_snapshots(struct json_writer *w, const struct world *world)
{
    struct snapshot_cursor cursor;
    const struct snapshot *snapshot;

    json_write_key(w, TEXT("snapshots"));
    json_write_array_begin(w);
    snapshot_cursor_open(&cursor, world, &(struct snapshot_filter){ 0 });
    for (int i = 0; i < SHOWN && (snapshot = snapshot_cursor_next(&cursor)) != NULL; i++)
        snapshot_encode(w, snapshot, cursor.now_ns);
    snapshot_cursor_close(&cursor);
    json_write_array_end(w);
}

/* Those of the instances that are shown. */
static void write_schedules(struct json_writer *w, const struct world *world)
{
    struct instance_cursor cursor;
    const struct instance *instance;

    json_write_key(w, TEXT("schedules"));
    json_write_array_begin(w);
    instance_cursor_open(&cursor, world, &(struct instance_filter){ 0 });
    for (int i = 0; i < SHOWN && (instance = instance_cursor_next(&cursor)) != NULL; i++) {
        const struct schedule *schedule;
        struct error none = { 0 };
        if (schedules_get(world, instance->config->id, &schedule, &none))
            schedule_encode(w, schedule);
    }
    instance_cursor_close(&cursor);
    json_write_array_end(w);
}

bool op_get_overview(struct control_call *call, struct error *err)
{
    struct world *world = call->world->world;
    struct json_writer w = control_reply(call, 200);

    world_advance(world);
    json_write_object_begin(&w);
    control_write_time(&w, "now", world_now_ns(world));
    json_member_i64(&w, "instance_count", (int64_t)world_instance_count(world));
    json_member_i64(&w, "snapshot_count", (int64_t)world_snapshot_count(world));
    write_instances(&w, world);
    write_snapshots(&w, world);
    write_schedules(&w, world);
    json_write_object_end(&w);
    return !w.out->failed || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

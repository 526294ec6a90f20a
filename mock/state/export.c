#include <assert.h>

#include "common/base/arena.h"
#include "common/json/json_writer.h"
#include "mock/domain/cow_map.h"
#include "mock/domain/record_list.h"
#include "mock/domain/world_state.h"
#include "mock/state/shapes.h"
#include "mock/state/state.h"

/* --- records by number ------------------------------------------------------------------- */

/* The records of a section in order, and the number of each. */
struct section {
    struct record_list records;
    struct cow_map numbers;
};

struct numbered {
    const void *record;
    int64_t number; /* from 1 */
};

static struct cow_key by_address(const void *value)
{
    const struct numbered *numbered = value;
    return (struct cow_key){ .rank = (uint64_t)(uintptr_t)numbered->record };
}

static void keep(const void *value)
{
    (void)value; /* the arena's */
}

static void let_go(const struct mem *mem, const void *value)
{
    (void)mem;
    (void)value;
}

static const struct cow_map_kind numbered_kind = { by_address, keep, let_go };

struct export
{
    const struct world *world;
    struct arena arena;
    struct section configs, events, instances;
    size_t stored; /* of the instances, what is in the world; captures follow */
    struct json_writer w;
};

static int64_t number_of(const struct section *section, const void *record)
{
    struct numbered wanted = { .record = record };
    const struct numbered *found =
        record == NULL ? NULL : cow_map_find(&section->numbers, by_address(&wanted));
    return found == NULL ? 0 : found->number;
}

/* False when out of memory. */
static bool add(struct export *export, struct section *section, const void *record)
{
    struct numbered *numbered = arena_alloc(&export->arena, sizeof *numbered);
    if (numbered == NULL || !record_list_add(&section->records, &export->world->env->mem, record))
        return false;
    *numbered = (struct numbered){ record, (int64_t)section->records.count };
    if (!cow_map_prepare_put(&section->numbers, by_address(numbered))) {
        cow_map_cancel(&section->numbers);
        return false;
    }
    cow_map_put(&section->numbers, numbered);
    return true;
}

/* The oldest first, up to where others have told it already. */
static bool add_history(struct export *export, const struct history *newest)
{
    const struct history *chain[HISTORY_MAX + 1];
    size_t count = 0;
    for (; newest != NULL && number_of(&export->events, newest) == 0; newest = newest->before)
        chain[count++] = newest;
    while (count > 0) {
        if (!add(export, &export->events, chain[--count]))
            return false;
    }
    return true;
}

static bool add_instance(struct export *export, const struct instance *instance)
{
    if (number_of(&export->configs, instance->config) == 0 &&
        !add(export, &export->configs, instance->config))
        return false;
    return add_history(export, instance->history) && add(export, &export->instances, instance);
}

static void first(struct cow_cursor *cursor, const struct cow_map *map)
{
    cow_cursor_seek(cursor, map, (struct cow_key){ 0 });
}

static bool collect(struct export *export)
{
    const struct world *world = export->world;
    struct cow_cursor at;
    first(&at, &world->instances.maps[INSTANCES_BY_ID]);
    for (const struct instance *i = cow_cursor_next(&at); i != NULL; i = cow_cursor_next(&at)) {
        if (!add_instance(export, i))
            return false;
    }
    export->stored = export->instances.records.count;
    first(&at, &world->snapshots.maps[SNAPSHOTS_BY_ID]);
    for (const struct snapshot *s = cow_cursor_next(&at); s != NULL; s = cow_cursor_next(&at)) {
        if (number_of(&export->instances, s->source) == 0 && !add_instance(export, s->source))
            return false;
    }
    return true;
}

/* --- writing ----------------------------------------------------------------------------- */

static void begin_section(struct json_writer *w, const char *name)
{
    buffer_append_byte(w->out, '\n');
    json_write_key(w, text_of(name));
    json_write_array_begin(w);
}

static void write_record(struct json_writer *w, const struct shape *shape, const void *value)
{
    buffer_append_byte(w->out, '\n');
    json_write_object_begin(w);
    fields_write(w, shape, value);
    json_write_object_end(w);
}

static void write_world(struct export *export, const struct state_outside *outside)
{
    const struct world *world = export->world;
    const struct state_world value = {
        .outside = *outside,
        .random = (int64_t)(outside->has_random ? outside->random : 0),
        .started_ns = world->started_ns,
        .changed_ns = world->changed_ns,
        .revision = (int64_t)world->revision,
        .first_free_host = world->addresses.first_free,
        .macs_given = world->addresses.macs_given,
        .settings = world->settings,
    };
    json_write_key(&export->w, TEXT("world"));
    json_write_object_begin(&export->w);
    fields_write(&export->w, &state_world_shape, &value);
    json_write_object_end(&export->w);
}

static void write_configs(struct export *export)
{
    const struct record_list *records = &export->configs.records;
    begin_section(&export->w, "configs");
    for (size_t i = 0; i < records->count; i++)
        write_record(&export->w, &state_config_shape, records->items[i]);
    json_write_array_end(&export->w);
}

static void write_events(struct export *export)
{
    const struct record_list *records = &export->events.records;
    begin_section(&export->w, "events");
    for (size_t i = 0; i < records->count; i++) {
        const struct history *history = records->items[i];
        const struct state_event value = { number_of(&export->events, history->before),
                                           history->event };
        write_record(&export->w, &state_event_shape, &value);
    }
    json_write_array_end(&export->w);
}

static void write_instances(struct export *export, const char *name, size_t from, size_t to)
{
    begin_section(&export->w, name);
    for (size_t i = from; i < to; i++) {
        const struct instance *instance = export->instances.records.items[i];
        const struct state_instance value = {
            .config = number_of(&export->configs, instance->config),
            .history = number_of(&export->events, instance->history),
            .restart_blocked = instance->restart.blocked,
            .restart_last_reason = instance->restart.last_reason,
            .record = *instance,
            .hooks = instance_hooks_of(instance),
        };
        write_record(&export->w, &state_instance_shape, &value);
    }
    json_write_array_end(&export->w);
}

static void write_snapshots(struct export *export)
{
    struct cow_cursor at;
    begin_section(&export->w, "snapshots");
    first(&at, &export->world->snapshots.maps[SNAPSHOTS_BY_ID]);
    for (const struct snapshot *s = cow_cursor_next(&at); s != NULL; s = cow_cursor_next(&at)) {
        const struct state_snapshot value = { number_of(&export->instances, s->source), *s };
        write_record(&export->w, &state_snapshot_shape, &value);
    }
    json_write_array_end(&export->w);
}

static void write_schedules(struct export *export)
{
    struct cow_cursor at;
    begin_section(&export->w, "schedules");
    first(&at, &export->world->schedules.maps[SCHEDULES_BY_INSTANCE]);
    for (const struct schedule *s = cow_cursor_next(&at); s != NULL; s = cow_cursor_next(&at))
        write_record(&export->w, &state_schedule_shape, s);
    json_write_array_end(&export->w);
}

static void write_images(struct export *export)
{
    struct cow_cursor at;
    struct image_entry entry;
    begin_section(&export->w, "images");
    world_images(export->world, &at);
    while (image_next(&at, &entry)) {
        const struct state_image value = { { entry.reference.text, entry.reference.len },
                                           entry.condition };
        write_record(&export->w, &state_image_shape, &value);
    }
    json_write_array_end(&export->w);
}

static void write(struct export *export, const struct state_outside *outside)
{
    struct json_writer *w = &export->w;
    json_write_object_begin(w);
    json_member_string(w, "format", TEXT(STATE_FORMAT));
    write_world(export, outside);
    write_configs(export);
    write_events(export);
    write_instances(export, "instances", 0, export->stored);
    write_instances(export, "captures", export->stored, export->instances.records.count);
    write_snapshots(export);
    write_schedules(export);
    write_images(export);
    json_write_object_end(w);
    buffer_append_byte(w->out, '\n');
}

/* --- the interface ----------------------------------------------------------------------- */

static void section_fini(struct section *section, const struct mem *mem)
{
    cow_map_fini(&section->numbers);
    record_list_fini(&section->records, mem);
}

bool state_export(const struct world *world, const struct state_outside *outside,
                  struct buffer *out, struct error *err)
{
    const struct mem *mem = &world->env->mem;
    const struct section empty = { .numbers = cow_map_new(&numbered_kind, mem) };
    struct export export = {
        .world = world,
        .arena = arena_capped(SIZE_MAX),
        .configs = empty,
        .events = empty,
        .instances = empty,
        .w = json_writer_to(out, JSON_ESCAPE_MINIMAL),
    };
    const bool collected = collect(&export);
    if (collected)
        write(&export, outside);
    section_fini(&export.configs, mem);
    section_fini(&export.events, mem);
    section_fini(&export.instances, mem);
    arena_fini(&export.arena);
    if (!collected)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    return !out->failed || buffer_error(out, err);
}

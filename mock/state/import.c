#include <string.h>

#include "common/base/arena.h"
#include "common/base/checked.h"
#include "common/json/json_document.h"
#include "mock/domain/change.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/record_list.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/world_state.h"
#include "mock/state/shapes.h"
#include "mock/state/state.h"

struct import {
    const struct mem *mem;
    struct world *world;
    struct json_at root;
    struct arena arena; /* of one record */
    struct change change;
    /* By number, each a reference of ours. */
    struct record_list configs, events, instances;
    struct record_list snapshots, schedules; /* borrowed from the change */
    size_t stored;                           /* of the instances, what is in the world */
    struct capacity_use used;                /* by them                                */
};

static bool out_of_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* The record goes to the list, which takes the reference. */
static bool keep(struct import *import, struct record_list *list, const void *record,
                 struct error *err)
{
    return (record != NULL && record_list_add(list, import->mem, record)) || out_of_memory(err);
}

/* The same of a record that the change has just taken. */
static bool note(struct import *import, struct record_list *list, const void *record,
                 struct error *err)
{
    return import->change.incomplete ? out_of_memory(err) : keep(import, list, record, err);
}

/* *out is NULL for number 0. */
static bool look_up(const struct record_list *list, int64_t number, const char *member,
                    const struct json_at *at, const void **out, struct error *err)
{
    if (number > (int64_t)list->count)
        return json_complain(at, err, "has a %s that is not there", member);
    *out = number == 0 ? NULL : list->items[number - 1];
    return true;
}

/* --- records ----------------------------------------------------------------------------- */

static bool read_config(struct import *import, const struct json_at *at, void *value,
                        struct error *err)
{
    const struct instance_config *config = instance_config_new(import->mem, value);
    (void)at;
    if (keep(import, &import->configs, config, err))
        return true;
    instance_config_release(import->mem, config);
    return false;
}

static bool read_event(struct import *import, const struct json_at *at, void *value,
                       struct error *err)
{
    const struct state_event *event = value;
    const void *before = NULL;
    if (!look_up(&import->events, event->before, "before", at, &before, err))
        return false;
    if (before != NULL && ((const struct history *)before)->count >= HISTORY_MAX)
        return json_complain(at, err, "has more than %d events before it", HISTORY_MAX - 1);
    const struct history *history = history_restore(import->mem, before, event->event);
    if (keep(import, &import->events, history, err))
        return true;
    history_release(import->mem, history);
    return false;
}

static bool read_instance(struct import *import, const struct json_at *at, void *value,
                          struct error *err)
{
    struct state_instance *read = value;
    const void *config = NULL;
    const void *history = NULL;
    if (!look_up(&import->configs, read->config, "config", at, &config, err) ||
        !look_up(&import->events, read->history, "history", at, &history, err))
        return false;
    struct instance record = read->record;
    record.config = config;
    record.history = history;
    record.state_error = instance_state_error(record.state);
    record.restart.blocked = read->restart_blocked;
    record.restart.last_reason = read->restart_last_reason;
    read->hooks.refs = 0; /* to be copied */
    record.hooks = &read->hooks;
    const struct instance *instance = instance_new(import->mem, &record);
    if (keep(import, &import->instances, instance, err))
        return true;
    instance_release(import->mem, instance);
    return false;
}

/* The world adds them up as well, and may rely on that they can be. */
static bool add_use(struct import *import, const struct instance *instance,
                    const struct json_at *at, struct error *err)
{
    const struct capacity_use use = instance_capacity_use(instance);
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++) {
        int64_t *sum = &import->used.used[i];
        if (!i64_add(*sum, use.used[i], sum))
            return json_complain(at, err,
                                 "takes, with those before it, more of a host than any has");
    }
    return true;
}

static bool read_stored(struct import *import, const struct json_at *at, void *value,
                        struct error *err)
{
    if (!read_instance(import, at, value, err))
        return false;
    import->stored = import->instances.count;
    return add_use(import, import->instances.items[import->stored - 1], at, err);
}

static bool read_snapshot(struct import *import, const struct json_at *at, void *value,
                          struct error *err)
{
    const struct state_snapshot *read = value;
    struct snapshot record = read->record;
    const void *source = NULL;
    if (!look_up(&import->instances, read->source, "source", at, &source, err))
        return false;
    record.source = source;
    const struct snapshot *snapshot = snapshot_new(import->mem, &record);
    change_snapshot(&import->change, NULL, snapshot);
    return note(import, &import->snapshots, snapshot, err);
}

static bool read_schedule(struct import *import, const struct json_at *at, void *value,
                          struct error *err)
{
    const struct schedule *schedule = schedule_new(import->mem, value);
    (void)at;
    change_schedule(&import->change, NULL, schedule);
    return note(import, &import->schedules, schedule, err);
}

static bool read_image(struct import *import, const struct json_at *at, void *value,
                       struct error *err)
{
    const struct state_image *image = value;
    struct error cause = { 0 };
    if (world_set_image(import->world, image->reference, image->condition, &cause))
        return true;
    return cause.code == ERROR_NO_MEMORY ? out_of_memory(err)
                                         : json_complain(at, err, "is no image: %s", cause.message);
}

/* --- sections ---------------------------------------------------------------------------- */

/* In the order in which they refer to each other. */
static const struct section {
    const char *name;
    const struct shape *shape;
    bool (*read)(struct import *import, const struct json_at *at, void *value, struct error *err);
} sections[] = {
    { "configs", &state_config_shape, read_config },
    { "events", &state_event_shape, read_event },
    { "instances", &state_instance_shape, read_stored },
    { "captures", &state_instance_shape, read_instance },
    { "snapshots", &state_snapshot_shape, read_snapshot },
    { "schedules", &state_schedule_shape, read_schedule },
    { "images", &state_image_shape, read_image },
};

static bool read_section(struct import *import, const struct section *section, struct error *err)
{
    struct json_at array = { 0 };
    if (!json_get_array(&import->root, section->name, false, &array, err))
        return false;
    const size_t count = array.value == NULL ? 0 : json_array_size(array.value);
    void *value = mem_alloc(import->mem, section->shape->size);
    bool done = value != NULL || out_of_memory(err);
    for (size_t i = 0; done && i < count; i++) {
        struct json_at at = json_item(&array, i);
        done = fields_read_object(&at, section->shape, &import->arena, value, err) &&
               section->read(import, &at, value, err);
        arena_reset(&import->arena);
    }
    mem_free(import->mem, value);
    return done;
}

static bool read_sections(struct import *import, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (!read_section(import, &sections[i], err))
            return false;
    }
    return true;
}

/* --- nothing twice ----------------------------------------------------------------------- */

static int by_instance_id(const void *a, const void *b)
{
    const struct instance *left = *(const struct instance *const *)a;
    const struct instance *right = *(const struct instance *const *)b;
    return text_compare(left->config->id, right->config->id);
}

/* Those without an address stand first and are not compared. */
static int by_address(const void *a, const void *b)
{
    const struct instance *left = *(const struct instance *const *)a;
    const struct instance *right = *(const struct instance *const *)b;
    return memcmp(left->address.ip, right->address.ip, sizeof left->address.ip);
}

static int by_snapshot_id(const void *a, const void *b)
{
    const struct snapshot *left = *(const struct snapshot *const *)a;
    const struct snapshot *right = *(const struct snapshot *const *)b;
    return text_compare(left->id, right->id);
}

static int by_snapshot_name(const void *a, const void *b)
{
    const struct snapshot *left = *(const struct snapshot *const *)a;
    const struct snapshot *right = *(const struct snapshot *const *)b;
    int order = text_compare(left->source->config->id, right->source->config->id);
    return order != 0 ? order : text_compare(left->name, right->name);
}

static int by_schedule(const void *a, const void *b)
{
    const struct schedule *left = *(const struct schedule *const *)a;
    const struct schedule *right = *(const struct schedule *const *)b;
    return text_compare(left->instance_id, right->instance_id);
}

static bool has_ip(const void *instance)
{
    return network_has_address(&((const struct instance *)instance)->address);
}

static bool has_name(const void *snapshot)
{
    return ((const struct snapshot *)snapshot)->name.len > 0;
}

static bool check_unique(struct import *import, struct record_list *list,
                         int (*order)(const void *, const void *), bool (*counts)(const void *),
                         const char *complaint, struct error *err)
{
    record_list_sort(list, order);
    for (size_t i = 1; i < list->count; i++) {
        if ((counts == NULL || counts(list->items[i])) &&
            order(&list->items[i - 1], &list->items[i]) == 0)
            return json_complain(&import->root, err, "%s", complaint);
    }
    return true;
}

static bool check_all_unique(struct import *import, struct error *err)
{
    /* Captures may be many of one instance. */
    struct record_list stored = { import->instances.items, import->stored, import->stored };
    return check_unique(import, &stored, by_address, has_ip, "has two instances of one address",
                        err) &&
           check_unique(import, &stored, by_instance_id, NULL, "has two instances of one id",
                        err) &&
           check_unique(import, &import->snapshots, by_snapshot_id, NULL,
                        "has two snapshots of one id", err) &&
           check_unique(import, &import->snapshots, by_snapshot_name, has_name,
                        "has two snapshots of one name and instance", err) &&
           check_unique(import, &import->schedules, by_schedule, NULL,
                        "has two schedules of one instance", err);
}

/* --- the whole --------------------------------------------------------------------------- */

static bool commit(struct import *import, struct error *err)
{
    for (size_t i = 0; i < import->stored; i++) {
        const struct instance *instance = import->instances.items[i];
        instance_retain(instance);
        change_instance(&import->change, NULL, instance);
    }
    /* No address is asked for meanwhile, so the pool need not follow. */
    import->world->addresses.first_free = UINT32_MAX;
    return change_commit(&import->change, err);
}

/* What a document may leave out. */
static void complete(struct state_world *state, const struct env *env,
                     const struct world_settings *base)
{
    if (state->settings.default_hypervisor == HYPERVISOR_UNSET)
        state->settings = *base;
    state->settings.quirks = base->quirks;
    state->settings.max_records = base->max_records;
    state->outside.random = (uint64_t)state->random;
    if (state->outside.now_ns == 0)
        state->outside.now_ns = env_now_ns(env);
    if (state->started_ns == 0)
        state->started_ns = state->outside.now_ns;
}

static void settle(struct world *world, const struct state_world *state)
{
    world->started_ns = state->started_ns;
    world->changed_ns = state->changed_ns;
    world->revision = (uint64_t)state->revision;
    world->addresses = address_pool_new();
    world->addresses.macs_given = (uint32_t)state->macs_given;
    if (state->first_free_host > world->addresses.first_free)
        world->addresses.first_free = (uint32_t)state->first_free_host;
}

static bool fill(struct import *import, struct error *err)
{
    return read_sections(import, err) && check_all_unique(import, err) && commit(import, err);
}

static void import_fini(struct import *import)
{
    const struct record_list *configs = &import->configs;
    const struct record_list *events = &import->events;
    const struct record_list *instances = &import->instances;
    if (import->world != NULL)
        change_abandon(&import->change);
    for (size_t i = 0; i < instances->count; i++)
        instance_release(import->mem, instances->items[i]);
    for (size_t i = 0; i < events->count; i++)
        history_release(import->mem, events->items[i]);
    for (size_t i = 0; i < configs->count; i++)
        instance_config_release(import->mem, configs->items[i]);
    record_list_fini(&import->instances, import->mem);
    record_list_fini(&import->events, import->mem);
    record_list_fini(&import->configs, import->mem);
    record_list_fini(&import->snapshots, import->mem);
    record_list_fini(&import->schedules, import->mem);
    arena_fini(&import->arena);
}

static bool read_head(const struct json_at *root, struct arena *arena, struct state_world *out,
                      struct error *err)
{
    static const char *const names[] = { "format",    "world",    "configs",   "events",
                                         "instances", "captures", "snapshots", "schedules",
                                         "images",    NULL };
    struct text format = { 0 };
    struct json_at world = { 0 };
    if (!json_get_string(root, "format", true, &format, err))
        return false;
    if (!text_equal_cstr(format, STATE_FORMAT))
        return json_complain(
            root, err, "is of the format \"" TEXT_FMT "\"; this program reads \"" STATE_FORMAT "\"",
            TEXT_ARGS(format));
    return json_allow_keys(root, names, err) &&
           json_get_object(root, "world", false, &world, err) &&
           (world.value == NULL || fields_read_object(&world, &state_world_shape, arena, out, err));
}

struct world *state_import_json(const struct env *env, const struct world_settings *base,
                                const struct json_at *document, struct state_outside *outside,
                                struct error *err)
{
    struct import import = { .mem = &env->mem, .root = *document, .arena = arena_capped(SIZE_MAX) };
    struct state_world state = { 0 };
    bool done = read_head(&import.root, &import.arena, &state, err);
    if (done) {
        complete(&state, env, base);
        import.world = world_new(env, &state.settings);
        import.change = change_of(import.world);
        done = import.world == NULL ? out_of_memory(err) : fill(&import, err);
    }
    import_fini(&import);
    if (!done) {
        world_free(import.world);
        return NULL;
    }
    settle(import.world, &state);
    *outside = state.outside;
    return import.world;
}

struct world *state_import(const struct env *env, const struct world_settings *base,
                           struct text document, struct state_outside *outside, struct error *err)
{
    json_auto_t *tree = NULL;
    if (!json_document_load(document, false, &tree, err))
        return NULL;
    const struct json_at root = json_root(tree);
    return state_import_json(env, base, &root, outside, err);
}

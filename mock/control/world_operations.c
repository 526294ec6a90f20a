/* Worlds: making, showing, resetting and removing them. */
#include <stdio.h>

#include "common/json/go_duration.h"
#include "mock/control/control_call.h"

enum { TTL_BYTES = 64 };

static void write_world(struct json_writer *w, const struct served_world *world)
{
    SCOPED(buffer) struct buffer ttl = buffer_capped(TTL_BYTES);

    json_write_object_begin(w);
    json_member_string(w, "name", text_of(world->name));
    json_member_string(w, "clock", text_of(clock_mode_names[world->clock.mode]));
    control_write_time(w, "now", world_clock_now_ns(&world->clock));
    json_member_i64(w, "instances", (int64_t)world_instance_count(world->world));
    json_member_i64(w, "snapshots", (int64_t)world_snapshot_count(world->world));
    json_member_i64(w, "waiting", (int64_t)api_waiting_count(world->api));
    json_member_i64(w, "requests", (int64_t)world->requests);
    json_write_key(w, TEXT("seed"));
    json_write_u64(w, world->plan.seed);
    if (world->ttl_ns == 0) {
        json_member_null(w, "ttl");
    } else {
        go_duration_append(&ttl, world->ttl_ns);
        json_member_string(w, "ttl", buffer_text(&ttl));
    }
    json_write_object_end(w);
}

bool control_reply_world(struct control_call *call, int status, const struct served_world *world,
                         struct error *err)
{
    struct json_writer w = control_reply(call, status);

    write_world(&w, world);
    return !w.out->failed || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool op_list_worlds(struct control_call *call, struct error *err)
{
    struct json_writer w = control_reply(call, 200);
    (void)err;

    json_write_array_begin(&w);
    for (size_t i = 0; i < call->worlds->count; i++)
        write_world(&w, call->worlds->by_name[i]);
    json_write_array_end(&w);
    return true;
}

static bool find_named(struct control_call *call, struct text name, const char *field,
                       struct served_world **out, struct error *err)
{
    *out = worlds_find(call->worlds, name);
    return *out != NULL || error_set_field(err, ERROR_NOT_FOUND, field,
                                           "there is no world named " TEXT_FMT, TEXT_ARGS(name));
}

/* "world-7": the first free one. */
static struct text free_name(const struct worlds *all, char *out, size_t size)
{
    uint64_t number = all->made;
    struct text name;

    do {
        (void)snprintf(out, size, "world-%llu", (unsigned long long)++number);
        name = text_of(out);
    } while (worlds_find(all, name) != NULL);
    return name;
}

/* What a world is to be; everything is optional. */
struct world_order {
    struct text name;     /* empty: the next free one */
    struct text from;     /* empty: a new world       */
    struct json_at state; /* a document; absent: a new world */
    int64_t ttl_ns;       /* 0: none                  */
    size_t clock_mode;    /* CLOCK_MODE_COUNT: as the source or the program has it */
    int64_t seed;         /* -1: as the source or the program has it               */
};

static bool read_order(const struct json_at *body, struct world_order *out, struct error *err)
{
    static const char *const keys[] = { "name", "from", "state", "ttl", "clock", "seed", NULL };

    *out = (struct world_order){ .clock_mode = CLOCK_MODE_COUNT, .seed = -1 };
    if (body->value == NULL)
        return true;
    if (!json_allow_keys(body, keys, err) ||
        !json_get_string(body, "name", false, &out->name, err) ||
        !json_get_string(body, "from", false, &out->from, err) ||
        !json_get_object(body, "state", false, &out->state, err) ||
        !control_get_duration(body, "ttl", false, &out->ttl_ns, err) ||
        !control_get_choice(body, "clock", false, clock_mode_names, &out->clock_mode, err) ||
        !json_get_i64(body, "seed", false, &out->seed, err))
        return false;
    if (json_member(body, "seed").value != NULL && out->seed < 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "seed", "seed must be 0 or more");
    if (out->from.data != NULL && out->seed >= 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "seed",
                               "seed has no meaning with from: a fork goes on with the ids of its "
                               "source");
    if (out->from.data != NULL && out->state.value != NULL)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "state",
                               "state and from exclude each other: a world comes of a document or "
                               "of another world");
    return out->name.data == NULL || world_name_check(out->name, err);
}

static bool fork_world(const struct world_order *order, struct text name,
                       const struct served_world *from, struct served_world **out,
                       struct error *err)
{
    *out = served_world_fork(from, name);
    if (*out == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (order->clock_mode != CLOCK_MODE_COUNT) {
        (*out)->plan.clock_mode = (enum clock_mode)order->clock_mode;
        world_clock_set_mode(&(*out)->clock, (*out)->plan.clock_mode);
    }
    return true;
}

static bool new_world(const struct control_call *call, const struct world_order *order,
                      struct text name, struct served_world **out, struct error *err)
{
    struct world_plan plan = call->settings->plan;

    if (order->clock_mode != CLOCK_MODE_COUNT)
        plan.clock_mode = (enum clock_mode)order->clock_mode;
    if (order->seed >= 0) {
        plan.seeded = true;
        plan.seed = (uint64_t)order->seed;
    }
    if (order->state.value != NULL)
        return served_world_load(name, &plan, &order->state, out, err);
    *out = served_world_new(name, &plan);
    return *out != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool op_create_world(struct control_call *call, struct error *err)
{
    struct served_world *from = NULL;
    struct served_world *world = NULL;
    struct world_order order;
    char free_one[WORLD_NAME_MAX + 1];

    if (!read_order(&call->body, &order, err) ||
        (order.from.data != NULL && !find_named(call, order.from, "from", &from, err)))
        return false;
    const struct text name =
        order.name.data != NULL ? order.name : free_name(call->worlds, free_one, sizeof free_one);
    if (!(from == NULL ? new_world(call, &order, name, &world, err)
                       : fork_world(&order, name, from, &world, err)))
        return false;
    world->ttl_ns = order.ttl_ns;
    if (control_reply_world(call, 201, world, err))
        return worlds_add(call->worlds, world, err);
    served_world_free(world);
    return false;
}

bool op_get_world(struct control_call *call, struct error *err)
{
    struct served_world *world;

    return find_named(call, call->params[0], "name", &world, err) &&
           control_reply_world(call, 200, world, err);
}

bool op_delete_world(struct control_call *call, struct error *err)
{
    struct served_world *world;

    if (!find_named(call, call->params[0], "name", &world, err))
        return false;
    if (world == call->worlds->main)
        return error_set_field(err, ERROR_INVALID_STATE, "name",
                               "the default world always exists; POST /_mock/reset empties it");
    worlds_remove(call->worlds, world);
    return control_reply_empty(call);
}

bool control_replace_world(struct control_call *call, struct served_world *world, bool keep_faults,
                           struct error *err)
{
    world->ttl_ns = call->world->ttl_ns;
    if (!control_reply_world(call, 200, world, err)) {
        served_world_free(world);
        return false;
    }
    if (keep_faults)
        faults_copy(&world->faults, &call->world->faults);
    worlds_replace(call->worlds, call->world, world);
    return true;
}

/* "?keep=faults" */
static bool read_keep(const struct control_call *call, bool *faults, struct error *err)
{
    *faults = false;
    for (size_t i = 0; i < call->query.count; i++) {
        if (!text_equal_cstr(call->query.pairs[i].value, "faults"))
            return error_set_field(err, ERROR_INVALID_ARGUMENT, "keep", "keep must be faults");
        *faults = true;
    }
    return true;
}

bool op_reset_world(struct control_call *call, struct error *err)
{
    bool keep_faults;

    if (!read_keep(call, &keep_faults, err))
        return false;
    struct served_world *world = served_world_new(text_of(call->world->name), &call->world->plan);
    if (world == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    return control_replace_world(call, world, keep_faults, err);
}

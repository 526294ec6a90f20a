/* What surrounds the instances of a world and no request can change: the state they are in, their
 * guests, who is connected to them, their images, and the host. */
#include "mock/control/control_call.h"
#include "mock/control/subject.h"
#include "mock/domain/auto_standby.h"
#include "mock/domain/guest_exit.h"
#include "mock/domain/health.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_force.h"

/* --- an instance -------------------------------------------------------------------------- */

bool op_force_state(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "state", NULL };
    const struct instance *instance;
    enum instance_state state;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !control_get_state(&call->body, &state, err))
        return false;
    const struct text id = instance->config->id;
    return instance_force_state(call->world->world, id, state, &instance, err) &&
           subject_reply(call, id);
}

/* A whole number from 0 up to `most`. */
static bool read_count(const struct json_at *body, const char *key, int64_t most, int64_t *out,
                       struct error *err)
{
    const struct json_at at = json_member(body, key);

    return json_get_i64(body, key, true, out, err) &&
           ((*out >= 0 && *out <= most) ||
            json_complain(&at, err, "must be between 0 and %lld", (long long)most));
}

bool op_exit_guest(struct control_call *call, struct error *err)
{
    enum { HIGHEST = 255 };
    static const char *const keys[] = { "code", NULL };
    const struct instance *instance;
    int64_t code = 0;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !read_count(&call->body, "code", HIGHEST, &code, err))
        return false;
    const struct text id = instance->config->id;
    return instance_guest_exit(call->world->world, id, (int32_t)code, &instance, err) &&
           subject_reply(call, id);
}

bool op_set_connections(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "count", NULL };
    const struct instance *instance;
    int64_t count = 0;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !read_count(&call->body, "count", UINT32_MAX, &count, err))
        return false;
    const struct text id = instance->config->id;
    return auto_standby_set_connections(call->world->world, id, (uint32_t)count, err) &&
           subject_reply(call, id);
}

bool op_set_probes(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "fail", NULL };
    const struct instance *instance;
    bool fail = false;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !json_get_bool(&call->body, "fail", true, &fail, err))
        return false;
    const struct text id = instance->config->id;
    return health_set_failing(call->world->world, id, fail, err) && subject_reply(call, id);
}

/* --- images ------------------------------------------------------------------------------- */

static bool reply_images(struct control_call *call)
{
    struct json_writer w = control_reply(call, 200);
    struct image_entry entry;
    struct cow_cursor at;

    json_write_array_begin(&w);
    world_images(call->world->world, &at);
    while (image_next(&at, &entry)) {
        json_write_object_begin(&w);
        json_member_string(&w, "image", (struct text){ entry.reference.text, entry.reference.len });
        json_member_string(&w, "condition", text_of(image_condition_name(entry.condition)));
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    return true;
}

bool op_list_images(struct control_call *call, struct error *err)
{
    (void)err;
    return reply_images(call);
}

bool op_set_image(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "image", "condition", NULL };
    const char *conditions[IMAGE_CONDITION_COUNT + 1] = { 0 };
    struct error why = { 0 };
    struct text image = { 0 };
    size_t condition = 0;

    for (size_t i = 0; i < IMAGE_CONDITION_COUNT; i++)
        conditions[i] = image_condition_name((enum image_condition)i);
    if (!json_allow_keys(&call->body, keys, err) ||
        !json_get_string(&call->body, "image", true, &image, err) ||
        !control_get_choice(&call->body, "condition", true, conditions, &condition, err))
        return false;
    if (!world_set_image(call->world->world, image, (enum image_condition)condition, &why))
        return error_set_field(err, why.code, why.code == ERROR_NO_MEMORY ? "" : "image", "%s%s",
                               why.code == ERROR_NO_MEMORY ? "" : "image: ", why.message);
    return reply_images(call);
}

/* --- the host ----------------------------------------------------------------------------- */

/* As GET /_mock/state names them. */
static const char *const resources[] = {
    [CAPACITY_CPU] = "cpu",
    [CAPACITY_MEMORY] = "memory_bytes",
    [CAPACITY_DISK] = "disk_bytes",
    [CAPACITY_NETWORK] = "network_bps",
    [CAPACITY_DISK_IO] = "disk_io_bps",
    [CAPACITY_KIND_COUNT] = NULL,
};

static bool reply_capacity(struct control_call *call)
{
    const struct world *world = call->world->world;
    const struct capacity *capacity = &world_settings(world)->capacity;
    const struct capacity_use use = world_capacity_use(world);
    struct json_writer w = control_reply(call, 200);

    json_write_object_begin(&w);
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        json_member_i64(&w, resources[i], capacity->total[i]);
    json_member_i64(&w, "gpu_slots", capacity->gpu_slots);
    json_write_key(&w, TEXT("used"));
    json_write_object_begin(&w);
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        json_member_i64(&w, resources[i], use.used[i]);
    json_member_i64(&w, "gpu_slots", use.gpu_slots);
    json_write_object_end(&w);
    json_write_object_end(&w);
    return true;
}

bool op_get_capacity(struct control_call *call, struct error *err)
{
    (void)err;
    world_advance(call->world->world);
    return reply_capacity(call);
}

static bool read_amount(const struct json_at *body, const char *key, int64_t *out,
                        struct error *err)
{
    return json_member(body, key).value == NULL || read_count(body, key, CAPACITY_MAX, out, err);
}

bool op_set_capacity(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "cpu",         "memory_bytes", "disk_bytes", "network_bps",
                                        "disk_io_bps", "gpu_slots",    NULL };
    struct world *world = call->world->world;
    struct capacity capacity = world_settings(world)->capacity;

    if (!json_allow_keys(&call->body, keys, err) ||
        !read_amount(&call->body, "gpu_slots", &capacity.gpu_slots, err))
        return false;
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++) {
        if (!read_amount(&call->body, resources[i], &capacity.total[i], err))
            return false;
    }
    world_advance(world);
    world_set_capacity(world, &capacity);
    return reply_capacity(call);
}

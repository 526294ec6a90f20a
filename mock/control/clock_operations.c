/* The clock of a world: what it shows, how it runs, and moving it. */
#include "mock/api/api.h"
#include "mock/control/advance.h"
#include "mock/control/control_call.h"
#include "mock/domain/instances.h"

static bool reply_clock(struct control_call *call)
{
    const struct served_world *world = call->world;
    struct json_writer w = control_reply(call, 200);

    json_write_object_begin(&w);
    json_member_string(&w, "mode", text_of(clock_mode_names[world->clock.mode]));
    control_write_time(&w, "now", world_clock_now_ns(&world->clock));
    control_write_time(&w, "next_event", advance_next_ns(world));
    json_member_i64(&w, "waiting", (int64_t)api_waiting_count(world->api));
    json_write_object_end(&w);
    return true;
}

bool op_get_clock(struct control_call *call, struct error *err)
{
    (void)err;
    return reply_clock(call);
}

/* "2026-01-01T00:10:00Z", for a message. */
static struct buffer now_of(const struct served_world *world)
{
    struct buffer text = buffer_capped(CONTROL_TIME_BYTES);

    control_append_time(&text, world_clock_now_ns(&world->clock));
    return text;
}

static bool move(struct control_call *call, int64_t at_ns, const struct advance_goal *goal,
                 struct error *err)
{
    struct served_world *world = call->world;
    const enum advance_end end = advance_clock(world, at_ns, goal, call->worlds->settings.ready);
    SCOPED(buffer) struct buffer now = now_of(world);

    switch (end) {
    case ADVANCE_ARRIVED:
        return reply_clock(call);
    case ADVANCE_MISSED:
        return error_set_field(err, ERROR_INVALID_STATE, "until",
                               "nothing brings the instance into that state within at_most; the "
                               "clock stands at " TEXT_FMT ", where something happened last",
                               TEXT_ARGS(buffer_text(&now)));
    case ADVANCE_GONE:
        return error_set_field(err, ERROR_INVALID_STATE, "until",
                               "the instance was deleted at " TEXT_FMT ", where the clock stands",
                               TEXT_ARGS(buffer_text(&now)));
    case ADVANCE_TOO_MUCH:
        break;
    }
    return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                     "after %d moments at which something happened the clock stands at " TEXT_FMT
                     "; advance again to go on",
                     ADVANCE_MAX_MOMENTS, TEXT_ARGS(buffer_text(&now)));
}

bool op_set_clock(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "mode", "now", NULL };
    struct served_world *world = call->world;
    const int64_t now_ns = world_clock_now_ns(&world->clock);
    size_t mode = world->clock.mode;
    int64_t at_ns = now_ns;

    if (!json_allow_keys(&call->body, keys, err) ||
        !control_get_choice(&call->body, "mode", false, clock_mode_names, &mode, err) ||
        !control_get_time(&call->body, "now", false, &at_ns, err))
        return false;
    if (at_ns < now_ns) {
        SCOPED(buffer) struct buffer now = now_of(world);
        return error_set_field(err, ERROR_INVALID_STATE, "now",
                               "now is before the world's time, " TEXT_FMT
                               "; a clock never goes back: reset the world, or make another",
                               TEXT_ARGS(buffer_text(&now)));
    }
    world_clock_set_mode(&world->clock, (enum clock_mode)mode);
    return move(call, at_ns, NULL, err);
}

/* --- advance -------------------------------------------------------------------------------- */

#define DEFAULT_AT_MOST_NS (24 * 3600 * NS_PER_SEC)

/* "until": {"instance": "web1", "state": "Running"} */
static bool read_goal(struct control_call *call, const struct json_at *until,
                      struct advance_goal *out, struct error *err)
{
    static const char *const keys[] = { "instance", "state", NULL };
    const struct instance *instance;
    struct text word = { 0 };
    struct error why = { 0 };
    enum instance_state state;

    if (!json_allow_keys(until, keys, err) ||
        !json_get_string(until, "instance", true, &word, err) ||
        !control_get_state(until, &state, err))
        return false;
    if (!instances_resolve(call->world->world, word, &instance, &why))
        return error_set_field(err, why.code, "until.instance", "until.instance: %s", why.message);
    const struct text id = instance->config->id;
    const char *kept = arena_copy(call->res->arena, id); /* the instance may go meanwhile */
    if (kept == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *out = (struct advance_goal){ { kept, id.len }, state };
    return true;
}

/* Exactly one of "by", "to" and "until" says where to. */
struct advance_order {
    int64_t by_ns;
    bool to_next_event;
    bool has_goal;
    struct advance_goal goal;
};

static bool read_order(struct control_call *call, struct advance_order *out, struct error *err)
{
    static const char *const keys[] = { "by", "to", "until", "at_most", NULL };
    static const char *const destinations[] = { "next-event", NULL };
    struct json_at until = { 0 };
    int64_t at_most_ns = 0;
    size_t to = ARRAY_LEN(destinations);

    *out = (struct advance_order){ 0 };
    if (!json_allow_keys(&call->body, keys, err) ||
        !control_get_duration(&call->body, "by", false, &out->by_ns, err) ||
        !control_get_choice(&call->body, "to", false, destinations, &to, err) ||
        !json_get_object(&call->body, "until", false, &until, err) ||
        !control_get_duration(&call->body, "at_most", false, &at_most_ns, err))
        return false;
    out->to_next_event = to == 0;
    out->has_goal = until.value != NULL;
    if ((out->by_ns > 0) + out->to_next_event + out->has_goal != 1)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "say one of \"by\": \"10m\", \"to\": \"next-event\" and \"until\": "
                         "{\"instance\": NAME, \"state\": STATE}");
    if (at_most_ns > 0 && !out->has_goal)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "at_most",
                               "at_most has a meaning with until only");
    if (!out->has_goal)
        return true;
    out->by_ns = at_most_ns > 0 ? at_most_ns : DEFAULT_AT_MOST_NS;
    return read_goal(call, &until, &out->goal, err);
}

bool op_advance_clock(struct control_call *call, struct error *err)
{
    struct advance_order order;

    if (!read_order(call, &order, err))
        return false;
    const int64_t now_ns = world_clock_now_ns(&call->world->clock);
    const int64_t next_ns = order.to_next_event ? advance_next_ns(call->world) : now_ns;
    if (next_ns == INT64_MAX)
        return error_set_field(err, ERROR_INVALID_STATE, "to",
                               "nothing happens in this world by itself");
    if (order.by_ns > WORLD_CLOCK_LAST_NS - now_ns || next_ns > WORLD_CLOCK_LAST_NS)
        return error_set(err, ERROR_INVALID_ARGUMENT, "the clocks end with the year 2199");
    return move(call, order.to_next_event ? next_ns : now_ns + order.by_ns,
                order.has_goal ? &order.goal : NULL, err);
}

/* Transitions of instances and snapshots: holding, stepping, releasing, delaying them, making them
 * fail, and what of it is asked for at the moment. */
#include "common/json/go_duration.h"
#include "mock/control/control_call.h"
#include "mock/control/subject.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshot_force.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/transition_control.h"

/* --- telling ------------------------------------------------------------------------------ */

static void write_delay(struct json_writer *w, const struct transition_wish *wish)
{
    enum { DELAY_BYTES = 64 };
    SCOPED(buffer) struct buffer text = buffer_capped(DELAY_BYTES);

    if (!wish->has_delay) {
        json_member_null(w, "delay");
        return;
    }
    go_duration_append(&text, wish->delay_ns);
    json_member_string(w, "delay", buffer_text(&text));
}

static bool run_is_held(const struct world *world, const struct instance *instance)
{
    const struct schedule *schedule;
    struct error none = { 0 };

    return transition_is_held(instance, TRANSITION_SCHEDULE) &&
           schedules_get(world, instance->config->id, &schedule, &none) &&
           schedule->next_run_at_ns <= world_now_ns(world);
}

/* What the domain knows to be held at this moment; of requests only the API does. */
static bool is_waiting(const struct world *world, const struct instance *instance,
                       enum transition transition)
{
    return (transition == TRANSITION_BOOT && transition_boot_is_held(instance)) ||
           (transition == TRANSITION_SCHEDULE && run_is_held(world, instance));
}

static void write_transitions(struct json_writer *w, const struct world *world,
                              const struct instance *instance)
{
    json_write_key(w, TEXT("transitions"));
    json_write_object_begin(w);
    for (enum transition t = 0; t < TRANSITION_COUNT; t++) {
        const struct transition_wish wish = transition_wish_of(instance, t);
        json_write_key(w, text_of(transition_name(t)));
        json_write_object_begin(w);
        json_member_bool(w, "held", wish.held);
        json_member_bool(w, "waiting", is_waiting(world, instance, t));
        json_member_i64(w, "passes", wish.passes);
        json_member_string(w, "fails", text_of(transition_failure_name(wish.failure)));
        write_delay(w, &wish);
        json_write_object_end(w);
    }
    json_write_object_end(w);
}

static void write_subject(struct json_writer *w, const struct world *world,
                          const struct instance *instance)
{
    const struct instance_view view = instance_view(instance, world_now_ns(world));
    const struct instance_hooks hooks = instance_hooks_of(instance);

    json_write_object_begin(w);
    json_member_string(w, "id", instance->config->id);
    json_member_string(w, "name", instance->config->name);
    json_member_string(w, "state", text_of(instance_state_name(view.state)));
    json_member_i64(w, "connections", hooks.connections);
    json_member_bool(w, "probes_fail", hooks.probes_fail);
    write_transitions(w, world, instance);
    json_write_object_end(w);
}

bool subject_find(struct control_call *call, const struct instance **out, struct error *err)
{
    struct world *world = call->world->world;
    struct error why = { 0 };

    world_advance(world);
    return instances_resolve(world, call->params[0], out, &why) ||
           error_set_field(err, why.code, "id", "%s", why.message);
}

bool subject_reply(struct control_call *call, struct text id)
{
    struct world *world = call->world->world;
    struct json_writer w = control_reply(call, 200);

    world_advance(world);
    const struct instance *instance = instances_find(world, id);
    if (instance == NULL)
        json_write_null(&w); /* it expired this moment */
    else
        write_subject(&w, world, instance);
    return true;
}

bool op_get_subject(struct control_call *call, struct error *err)
{
    const struct instance *instance;

    return subject_find(call, &instance, err) && subject_reply(call, instance->config->id);
}

static void write_compression(struct json_writer *w, const struct world *world,
                              const struct snapshot *snapshot)
{
    const int64_t now_ns = world_now_ns(world);
    const struct snapshot_view view = snapshot_view(snapshot, now_ns);

    json_write_object_begin(w);
    json_member_string(w, "id", snapshot->id);
    json_member_string(w, "name", snapshot->name);
    json_member_string(w, "source_instance_id", snapshot->source->config->id);
    json_member_string(w, "compression_state", text_of(compression_state_name(view.state)));
    json_member_bool(w, "held", snapshot_is_held(snapshot));
    control_write_time(w, "compressed_at",
                       snapshot_is_compressing(snapshot, now_ns) ? snapshot->compressed_at_ns
                                                                 : INT64_MAX);
    json_write_object_end(w);
}

static bool reply_snapshot(struct control_call *call, const struct snapshot *snapshot)
{
    struct json_writer w = control_reply(call, 200);

    write_compression(&w, call->world->world, snapshot);
    return true;
}

static bool find_snapshot(struct control_call *call, const struct snapshot **out, struct error *err)
{
    struct error why = { 0 };

    world_advance(call->world->world);
    return snapshots_get(call->world->world, call->params[0], out, &why) ||
           error_set_field(err, why.code, "id", "%s", why.message);
}

bool op_get_compression(struct control_call *call, struct error *err)
{
    const struct snapshot *snapshot;

    return find_snapshot(call, &snapshot, err) && reply_snapshot(call, snapshot);
}

/* --- all that is asked for ---------------------------------------------------------------- */

static bool is_told(const struct instance *instance)
{
    return instance->hooks != NULL || transition_boot_is_held(instance);
}

static void write_instances(struct json_writer *w, const struct world *world)
{
    const struct instance_filter all = { .by_state = false };
    struct instance_cursor cursor;

    json_write_key(w, TEXT("instances"));
    json_write_array_begin(w);
    instance_cursor_open(&cursor, world, &all);
    for (const struct instance *instance = instance_cursor_next(&cursor); instance != NULL;
         instance = instance_cursor_next(&cursor)) {
        if (is_told(instance))
            write_subject(w, world, instance);
    }
    instance_cursor_close(&cursor);
    json_write_array_end(w);
}

static void write_snapshots(struct json_writer *w, const struct world *world)
{
    const struct snapshot_filter all = { .by_kind = false };
    struct snapshot_cursor cursor;

    json_write_key(w, TEXT("snapshots"));
    json_write_array_begin(w);
    snapshot_cursor_open(&cursor, world, &all);
    for (const struct snapshot *snapshot = snapshot_cursor_next(&cursor); snapshot != NULL;
         snapshot = snapshot_cursor_next(&cursor)) {
        if (snapshot_is_held(snapshot))
            write_compression(w, world, snapshot);
    }
    snapshot_cursor_close(&cursor);
    json_write_array_end(w);
}

bool op_list_transitions(struct control_call *call, struct error *err)
{
    struct world *world = call->world->world;
    struct json_writer w = control_reply(call, 200);
    (void)err;

    world_advance(world);
    json_write_object_begin(&w);
    write_instances(&w, world);
    write_snapshots(&w, world);
    json_write_object_end(&w);
    return true;
}

/* --- asking ------------------------------------------------------------------------------- */

static bool read_transition(const struct control_call *call, enum transition *out,
                            struct error *err)
{
    const char *names[TRANSITION_COUNT + 1] = { 0 };
    size_t transition = 0;

    for (enum transition t = 0; t < TRANSITION_COUNT; t++)
        names[t] = transition_name(t);
    if (!control_get_choice(&call->body, "transition", true, names, &transition, err))
        return false;
    *out = (enum transition)transition;
    return true;
}

static bool answer(struct control_call *call, bool done, struct text id, const struct error *why,
                   struct error *err)
{
    if (done)
        return subject_reply(call, id);
    return error_set_field(err, why->code, why->code == ERROR_INVALID_STATE ? "transition" : "",
                           "%s", why->message);
}

/* What needs to know no more than the transition. */
static bool ask(struct control_call *call,
                bool (*run)(struct world *, struct text, enum transition, struct error *),
                struct error *err)
{
    static const char *const keys[] = { "transition", NULL };
    const struct instance *instance;
    enum transition transition;
    struct error why = { 0 };

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !read_transition(call, &transition, err))
        return false;
    const struct text id = instance->config->id;
    return answer(call, run(call->world->world, id, transition, &why), id, &why, err);
}

bool op_hold_transition(struct control_call *call, struct error *err)
{
    return ask(call, transition_hold, err);
}

bool op_step_transition(struct control_call *call, struct error *err)
{
    return ask(call, transition_step, err);
}

bool op_release_transition(struct control_call *call, struct error *err)
{
    return ask(call, transition_release, err);
}

bool op_fail_transition(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "transition", "always", NULL };
    const struct instance *instance;
    enum transition transition;
    struct error why = { 0 };
    bool always = false;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !read_transition(call, &transition, err) ||
        !json_get_bool(&call->body, "always", false, &always, err))
        return false;
    const struct text id = instance->config->id;
    return answer(call, transition_fail(call->world->world, id, transition, always, &why), id, &why,
                  err);
}

bool op_delay_transition(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "transition", "by", NULL };
    const struct instance *instance;
    enum transition transition;
    struct error why = { 0 };
    int64_t by_ns = 0;

    if (!subject_find(call, &instance, err) || !json_allow_keys(&call->body, keys, err) ||
        !read_transition(call, &transition, err) ||
        !control_get_duration(&call->body, "by", true, &by_ns, err))
        return false;
    const struct text id = instance->config->id;
    return answer(call, transition_delay(call->world->world, id, transition, by_ns, &why), id, &why,
                  err);
}

/* --- of a snapshot ------------------------------------------------------------------------ */

static bool ask_snapshot(struct control_call *call,
                         bool (*run)(struct world *, struct text, const struct snapshot **,
                                     struct error *),
                         struct error *err)
{
    static const char *const keys[] = { "transition", NULL };
    static const char *const names[] = { "compression", NULL };
    const struct snapshot *snapshot;
    struct error why = { 0 };
    size_t only = 0;

    if (!find_snapshot(call, &snapshot, err) || !json_allow_keys(&call->body, keys, err) ||
        !control_get_choice(&call->body, "transition", true, names, &only, err))
        return false;
    if (!run(call->world->world, snapshot->id, &snapshot, &why))
        return error_set_field(err, why.code, why.code == ERROR_INVALID_STATE ? "transition" : "",
                               "%s", why.message);
    return reply_snapshot(call, snapshot);
}

bool op_hold_compression(struct control_call *call, struct error *err)
{
    return ask_snapshot(call, snapshot_hold_compression, err);
}

bool op_end_compression(struct control_call *call, struct error *err)
{
    return ask_snapshot(call, snapshot_end_compression, err);
}

bool op_fail_compression(struct control_call *call, struct error *err)
{
    return ask_snapshot(call, snapshot_fail_compression, err);
}

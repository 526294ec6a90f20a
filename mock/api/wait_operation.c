/* GET /instances/{id}/wait: the answer comes when the instance is in the state, or the time is over
 * (instances.md 11). */
#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "mock/api/encode.h"
#include "mock/api/operations.h"
#include "mock/domain/instance_wait.h"
#include "mock/domain/instances.h"

/* The description's five minutes, and the deadline that all requests of the real server have
 * (INST-W-011, INST-W-012). */
static int64_t longest_wait_ns(enum truth truth)
{
    return truth == TRUTH_SPEC ? 300 * NS_PER_SEC : 60 * NS_PER_SEC;
}

struct state_wait {
    const struct world *world;
    struct text instance_id;
    enum instance_state target;
    int64_t deadline_ns;
};

/* INST-W-016 */
static void answer_state(struct response *res, const struct instance *instance,
                         enum instance_state state, bool timed_out)
{
    struct json_writer w = json_writer_to(&res->body, JSON_ESCAPE_HTML);

    res->status = 200;
    res->content_type = "application/json";
    json_write_object_begin(&w);
    json_member_string(&w, "state", text_of(instance_state_name(state)));
    encode_text_or_null(&w, "state_error", text_of(instance->state_error));
    json_member_bool(&w, "timed_out", timed_out);
    json_write_object_end(&w);
    buffer_append_byte(&res->body, '\n');
}

/* struct response_wait */
static bool look_at_state(void *ctx, struct response *res, int64_t now_ns, bool last)
{
    const struct state_wait *wait = ctx;
    const struct instance *instance = instances_find(wait->world, wait->instance_id);

    if (instance == NULL) { /* INST-W-009 */
        response_error(res, 404, "not_found", "instance was deleted while waiting", true);
        return true;
    }
    const enum instance_state state = instance_view(instance, now_ns).state;
    const bool over = instance_wait_is_over(state, wait->target);
    if (over || last || now_ns >= wait->deadline_ns) {
        answer_state(res, instance, state, !over); /* INST-W-008 */
        return true;
    }
    /* The real server polls for the end of a boot every five seconds (INST-W-013); here it is seen
     * when it comes. */
    const int64_t next_state_ns = instance_next_state_ns(instance, now_ns);
    res->wake_at_ns = next_state_ns < wait->deadline_ns ? next_state_ns : wait->deadline_ns;
    return false;
}

static bool read_target(const struct call *call, enum instance_state *out, struct error *err)
{
    const struct text name = call_param(call, "state");

    if (instance_state_parse(name, out) && *out != INSTANCE_UNKNOWN)
        return true;
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "state", "invalid target state: " TEXT_FMT,
                           TEXT_ARGS(name)); /* INST-W-003 */
}

static bool read_timeout(const struct call *call, int64_t *out_ns, struct error *err)
{
    struct error malformed = { 0 };

    if (!go_duration_parse(call_param(call, "timeout"), out_ns, &malformed))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "timeout", "invalid timeout format: %s",
                               malformed.message); /* INST-W-004 */
    if (*out_ns <= 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "timeout",
                               "timeout must be positive"); /* INST-W-005 */
    const int64_t longest_ns = longest_wait_ns(call->truth);
    if (*out_ns > longest_ns)
        *out_ns = longest_ns;
    return true;
}

bool op_wait_for_instance_state(struct call *call, struct error *err)
{
    const int64_t now_ns = world_now_ns(call->world);
    const struct text id = call->instance->config->id;
    enum instance_state target;
    int64_t timeout_ns;

    if (!read_target(call, &target, err) || !read_timeout(call, &timeout_ns, err))
        return false;

    struct state_wait *wait = arena_alloc(call->arena, sizeof *wait);
    const char *kept_id = arena_copy(call->arena, id);
    if (wait == NULL || kept_id == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *wait = (struct state_wait){
        .world = call->world,
        .instance_id = { kept_id, id.len },
        .target = target,
        .deadline_ns = now_ns + timeout_ns,
    };
    if (!look_at_state(wait, call->res, now_ns, false))
        call->res->wait = (struct response_wait){ look_at_state, wait };
    return true;
}

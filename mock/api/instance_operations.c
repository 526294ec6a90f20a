#include "mock/api/answer.h"
#include "mock/api/instance_codec.h"
#include "mock/api/list.h"
#include "mock/api/operations.h"
#include "mock/api/tag_script.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/instances.h"

void answer_instance(struct call *call, int status, const struct instance *instance)
{
    struct trace *trace = &call->res->trace;
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);

    if (!trace_has(&trace->instance))
        trace_set(&trace->instance, instance->config->id);
    else if (!text_equal(resource_id_text(&trace->instance), instance->config->id))
        trace_set(&trace->made, instance->config->id);
    call->res->status = status;
    call->res->content_type = "application/json";
    instance_encode(&w, instance, world_now_ns(call->world));
    buffer_append_byte(&call->res->body, '\n');
}

bool op_create_instance(struct call *call, struct error *err)
{
    struct instance_request_decoded decoded;
    struct transition_plan plan = { 0 };
    const struct instance *created;

    if (!instance_request_decode(&call->body, call->arena, &decoded, err) ||
        (call->tag_scripts && !tag_script_of_instance(decoded.request.config.tags, &plan, err)))
        return false;
    decoded.request.plan = &plan;
    if (!instance_create(call->world, &decoded.request, &created, err))
        return false;
    answer_instance(call, 201, created);
    return true;
}

bool op_get_instance(struct call *call, struct error *err)
{
    (void)err;
    answer_instance(call, 200, call->instance);
    return true;
}

bool op_delete_instance(struct call *call, struct error *err)
{
    /* graceful_shutdown (NEW-081) changes how long a guest takes to end; ours takes no time. */
    if (!instances_delete(call->world, call->instance->config->id, err))
        return false;
    response_empty(call->res, 204);
    return true;
}

struct instance_list {
    struct list_source source;
    struct instance_cursor cursor;
};

static bool write_next_instance(struct list_source *source, struct json_writer *w)
{
    struct instance_list *list = (struct instance_list *)source;
    const struct instance *instance = instance_cursor_next(&list->cursor);

    if (instance == NULL)
        return false;
    instance_encode(w, instance, list->cursor.now_ns);
    return true;
}

static void close_instances(struct list_source *source)
{
    instance_cursor_close(&((struct instance_list *)source)->cursor);
}

bool op_list_instances(struct call *call, struct error *err)
{
    struct instance_list *list = arena_zalloc(call->arena, sizeof *list);
    struct instance_filter filter = { 0 };

    if (list == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (!call_tag_filter(call, &filter.tags, err))
        return false;
    filter.by_state = instance_state_parse(call_param(call, "state"), &filter.state);

    list->source =
        (struct list_source){ .write_next = write_next_instance, .close = close_instances };
    instance_cursor_open(&list->cursor, call->world, &filter);
    list_answer(call->res, &list->source);
    return true;
}

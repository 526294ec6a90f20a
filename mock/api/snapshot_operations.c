#include "mock/api/list.h"
#include "mock/api/operations.h"
#include "mock/api/snapshot_codec.h"
#include "mock/api/tag_script.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/snapshots.h"

static void answer_snapshot(struct call *call, int status, const struct snapshot *snapshot)
{
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);

    trace_set(&call->res->trace.snapshot, snapshot->id);
    call->res->status = status;
    call->res->content_type = "application/json";
    snapshot_encode(&w, snapshot, world_now_ns(call->world));
    buffer_append_byte(&call->res->body, '\n');
}

bool op_create_instance_snapshot(struct call *call, struct error *err)
{
    struct snapshot_request request;
    struct transition_wish wish;
    const struct snapshot *created;
    bool wishes = false;

    if (!snapshot_request_decode(&call->body, call->arena, &request, err) ||
        (call->tag_scripts && !tag_script_of_snapshot(request.tags, &wish, &wishes, err)))
        return false;
    if (wishes)
        request.wish = &wish;
    if (!snapshot_create(call->world, call->instance->config->id, &request, &created, err))
        return false;
    answer_snapshot(call, 201, created);
    return true;
}

bool op_get_snapshot(struct call *call, struct error *err)
{
    const struct snapshot *snapshot;

    if (!snapshots_get(call->world, call->params[0].value, &snapshot, err))
        return false;
    answer_snapshot(call, 200, snapshot);
    return true;
}

bool op_delete_snapshot(struct call *call, struct error *err)
{
    if (!snapshots_delete(call->world, call->params[0].value, err))
        return false;
    trace_set(&call->res->trace.snapshot, call->params[0].value);
    response_empty(call->res, 204);
    return true;
}

struct snapshot_list {
    struct list_source source;
    struct snapshot_cursor cursor;
};

static bool write_next_snapshot(struct list_source *source, struct json_writer *w)
{
    struct snapshot_list *list = (struct snapshot_list *)source;
    const struct snapshot *snapshot = snapshot_cursor_next(&list->cursor);

    if (snapshot == NULL)
        return false;
    snapshot_encode(w, snapshot, list->cursor.now_ns);
    return true;
}

static void close_snapshots(struct list_source *source)
{
    snapshot_cursor_close(&((struct snapshot_list *)source)->cursor);
}

bool op_list_snapshots(struct call *call, struct error *err)
{
    struct snapshot_list *list = arena_zalloc(call->arena, sizeof *list);
    struct snapshot_filter filter = {
        .source_instance_id = call_param(call, "source_instance_id"),
        .name = call_param(call, "name"),
    };

    if (list == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (!call_tag_filter(call, &filter.tags, err))
        return false;
    filter.by_kind = snapshot_kind_parse(call_param(call, "kind"), &filter.kind);

    list->source =
        (struct list_source){ .write_next = write_next_snapshot, .close = close_snapshots };
    snapshot_cursor_open(&list->cursor, call->world, &filter);
    list_answer(call->res, &list->source);
    return true;
}

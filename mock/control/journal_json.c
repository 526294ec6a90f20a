#include "mock/control/journal_json.h"

#include "mock/control/control_call.h"

enum { ID_BYTES = WORLD_NAME_MAX + 24 };

void journal_append_id(struct buffer *out, const struct served_world *world, uint64_t number)
{
    buffer_append_cstr(out, world->name);
    buffer_append_byte(out, '-');
    buffer_append_u64(out, number);
}

void journal_write_id(struct json_writer *w, const struct served_world *world, uint64_t number)
{
    char room[ID_BYTES];
    struct buffer id = buffer_over(room, sizeof room);

    journal_append_id(&id, world, number);
    json_write_string(w, buffer_text(&id));
}

static void write_if(struct json_writer *w, const char *key, struct text value)
{
    if (value.len > 0)
        json_member_string(w, key, value);
}

static void write_resource(struct json_writer *w, const char *key, const struct resource_id *id)
{
    if (trace_has(id))
        json_member_string(w, key, resource_id_text(id));
}

static void write_request(struct json_writer *w, const struct journal_entry *entry)
{
    write_if(w, "operation", text_of(journal_operation(entry)));
    json_member_string(w, "method", text_of(http_method_name(entry->method)));
    json_member_string(w, "path", entry->path);
    write_if(w, "query", entry->query);
    write_resource(w, "instance", &entry->trace.instance);
    write_resource(w, "snapshot", &entry->trace.snapshot);
    write_resource(w, "made", &entry->trace.made);
    json_write_key(w, TEXT("headers"));
    json_write_object_begin(w);
    for (size_t i = 0; i < entry->header_count; i++) {
        json_write_key(w, entry->headers[i].name);
        json_write_string(w, entry->headers[i].value);
    }
    json_write_object_end(w);
    if (entry->body_len == 0)
        return;
    if (entry->body_is_whole) {
        json_write_key(w, TEXT("body"));
        json_write_raw(w, entry->body);
    } else {
        json_member_string(w, "body_start", entry->body);
    }
    json_member_i64(w, "body_bytes", (int64_t)entry->body_len);
}

static void write_answer(struct json_writer *w, const struct journal_entry *entry)
{
    const struct trace *trace = &entry->trace;

    if (entry->status != 0)
        json_member_i64(w, "status", entry->status);
    write_if(w, "code", text_of(trace->code));
    write_if(w, "message", text_of(trace->message));
    write_if(w, "retry_after", entry->retry_after);
    if (entry->is_stream)
        json_member_bool(w, "stream", true);
    json_member_i64(w, "answer_bytes", (int64_t)entry->answer_len);
    if (entry->ended_ns != 0)
        json_member_i64(w, "took_us", (entry->ended_ns - entry->began_ns) / 1000);
    json_member_string(w, "outcome", text_of(journal_outcome_names[entry->outcome]));
    if (trace->fault == NULL)
        return;
    json_member_string(w, "fault", text_of(trace->fault));
    json_member_bool(w, "applied", !trace->unapplied);
}

void journal_write(struct json_writer *w, const struct served_world *world,
                   const struct journal_entry *entry)
{
    json_write_object_begin(w);
    json_write_key(w, TEXT("id"));
    journal_write_id(w, world, entry->number);
    control_write_time(w, "at", entry->at_ns);
    write_request(w, entry);
    write_answer(w, entry);
    json_write_object_end(w);
}

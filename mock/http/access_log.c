#include "mock/http/access_log.h"

#include "common/json/json_writer.h"

/* So that a line fits even where JSON writes each byte as six. */
enum { MAX_TARGET_BYTES = 512, MAX_METHOD_BYTES = 32 };

static void append_text_line(struct buffer *out, const struct access_entry *entry)
{
    line_log_append_printable(out, entry->method);
    buffer_append_byte(out, ' ');
    line_log_append_printable(out, entry->target);
    buffer_append_byte(out, ' ');
    buffer_append_i64(out, entry->status);
    buffer_append_byte(out, ' ');
    buffer_append_u64(out, entry->bytes);
    buffer_append_byte(out, ' ');
    buffer_append_i64(out, entry->micros);
    buffer_append_cstr(out, "us");
    if (entry->cause != NULL) {
        buffer_append_cstr(out, " cause: ");
        line_log_append_printable(out, text_of(entry->cause));
    }
}

static void append_json_line(struct buffer *out, const struct access_entry *entry)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);

    json_write_object_begin(&w);
    json_member_string(&w, "method", entry->method);
    json_member_string(&w, "path", entry->target);
    json_member_i64(&w, "status", entry->status);
    json_write_key(&w, TEXT("bytes"));
    json_write_u64(&w, entry->bytes);
    json_member_i64(&w, "micros", entry->micros);
    if (entry->cause != NULL)
        json_member_string(&w, "cause", text_of(entry->cause));
    json_write_object_end(&w);
}

static struct text cut(struct text t, size_t max)
{
    return t.len > max ? (struct text){ t.data, max } : t;
}

void access_log_add(struct line_log *log, const struct access_entry *entry)
{
    struct buffer *line = line_log_begin(log);

    if (line == NULL)
        return;
    struct access_entry shown = *entry;
    shown.method = cut(entry->method, MAX_METHOD_BYTES);
    shown.target = cut(entry->target, MAX_TARGET_BYTES);
    if (log->form == LOG_FORM_JSON)
        append_json_line(line, &shown);
    else
        append_text_line(line, &shown);
    line_log_end(log);
}

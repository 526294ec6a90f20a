#include "gateway/rpc/access_log.h"

#include "common/env/env.h"
#include "common/json/json_writer.h"
#include "common/json/rfc3339.h"

/* So that a line fits even where JSON writes each byte as six. */
enum { METHOD_SHOWN = 448, PEER_SHOWN = 128 };

/* Three digits whatever they are. */
static void write_thousandths(struct buffer *line, int64_t n)
{
    const char digits[] = { '.', (char)('0' + n / 100), (char)('0' + n / 10 % 10),
                            (char)('0' + n % 10) };
    buffer_append(line, digits, sizeof digits);
}

/* All of one width, unlike what JSON has, so that lines sort as text. */
static void write_time(struct buffer *line)
{
    struct clock clock = clock_system();
    const int64_t now_ns = clock.now_ns(clock.ctx);
    if (!rfc3339_append(line, timestamp_from_ns(now_ns - now_ns % NS_PER_SEC)))
        return;
    line->len--; /* the Z */
    write_thousandths(line, now_ns % NS_PER_SEC / NS_PER_MS);
    buffer_append_byte(line, 'Z');
}

/* Milliseconds with three decimals, without the price of a double. */
static void write_ms(struct buffer *line, int64_t ns)
{
    const int64_t micros = ns < 0 ? 0 : ns / 1000;
    buffer_append_i64(line, micros / 1000);
    write_thousandths(line, micros % 1000);
}

static void write_text(struct buffer *line, const struct access_entry *e)
{
    write_time(line);
    buffer_append_byte(line, ' ');
    line_log_append_printable(line, e->method);
    buffer_append_byte(line, ' ');
    buffer_append_cstr(line, rpc_code_name(e->code));
    buffer_append_cstr(line, " http=");
    buffer_append_i64(line, e->http_status);
    buffer_append_byte(line, ' ');
    write_ms(line, e->duration_ns);
    buffer_append_cstr(line, "ms upstream=");
    write_ms(line, e->upstream_ns);
    buffer_append_cstr(line, "ms in=");
    buffer_append_u64(line, e->request_bytes);
    buffer_append_cstr(line, " out=");
    buffer_append_u64(line, e->reply_bytes);
    if (e->is_stream) {
        buffer_append_cstr(line, " messages=");
        buffer_append_u64(line, e->reply_messages);
    }
    buffer_append_cstr(line, " trace=");
    buffer_append_text(line, e->trace_id.len == 0 ? TEXT("-") : e->trace_id);
    buffer_append_cstr(line, " peer=");
    line_log_append_printable(line, e->peer);
}

static void member_ms(struct json_writer *w, struct text key, int64_t ns)
{
    json_write_key(w, key);
    write_ms(w->out, ns);
    w->need_comma = true;
}

static void write_json(struct buffer *line, const struct access_entry *e)
{
    struct json_writer w = json_writer_to(line, JSON_ESCAPE_MINIMAL);
    json_write_object_begin(&w);
    json_write_key(&w, TEXT("time"));
    buffer_append_byte(line, '"');
    write_time(line);
    buffer_append_byte(line, '"');
    w.need_comma = true;
    json_member_string(&w, "rpc", e->method);
    json_member_string(&w, "grpc_code", text_of(rpc_code_name(e->code)));
    json_member_i64(&w, "http_status", e->http_status);
    member_ms(&w, TEXT("ms"), e->duration_ns);
    member_ms(&w, TEXT("upstream_ms"), e->upstream_ns);
    json_write_key(&w, TEXT("request_bytes"));
    json_write_u64(&w, e->request_bytes);
    json_write_key(&w, TEXT("reply_bytes"));
    json_write_u64(&w, e->reply_bytes);
    if (e->is_stream) {
        json_write_key(&w, TEXT("reply_messages"));
        json_write_u64(&w, e->reply_messages);
    }
    if (e->trace_id.len > 0)
        json_member_string(&w, "trace_id", e->trace_id);
    json_member_string(&w, "peer", e->peer);
    json_write_object_end(&w);
}

void access_log_add(struct line_log *log, const struct access_entry *entry)
{
    struct buffer *line = line_log_begin(log);
    if (line == NULL)
        return;
    struct access_entry shown = *entry;
    shown.method.len = text_cut_len(entry->method, METHOD_SHOWN);
    shown.peer.len = text_cut_len(entry->peer, PEER_SHOWN);
    if (log->form == LOG_FORM_JSON)
        write_json(line, &shown);
    else
        write_text(line, &shown);
    line_log_end(log);
}

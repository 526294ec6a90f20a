#include "mock/api/encode.h"

#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "mock/domain/size_text.h"

static void key_of(struct json_writer *w, const char *key)
{
    json_write_key(w, text_of(key));
}

void encode_time(struct json_writer *w, const char *key, int64_t ns)
{
    key_of(w, key);
    json_write_raw(w, TEXT("\""));
    rfc3339_append(w->out, timestamp_from_ns(ns));
    buffer_append_byte(w->out, '"');
}

void encode_time_or_null(struct json_writer *w, const char *key, int64_t ns)
{
    if (ns == 0)
        json_member_null(w, key);
    else
        encode_time(w, key, ns);
}

void encode_duration(struct json_writer *w, const char *key, int64_t ns)
{
    key_of(w, key);
    json_write_raw(w, TEXT("\""));
    go_duration_append(w->out, ns);
    buffer_append_byte(w->out, '"');
}

void encode_size(struct json_writer *w, const char *key, int64_t bytes)
{
    key_of(w, key);
    json_write_raw(w, TEXT("\""));
    buffer_append_cstr(w->out, size_text(bytes).text);
    buffer_append_byte(w->out, '"');
}

void encode_rate(struct json_writer *w, const char *key, int64_t bytes_per_second)
{
    if (bytes_per_second <= 0)
        return;
    key_of(w, key);
    json_write_raw(w, TEXT("\""));
    buffer_append_cstr(w->out, size_text(bytes_per_second).text);
    buffer_append_text(w->out, TEXT("/s\""));
}

void encode_text_or_null(struct json_writer *w, const char *key, struct text t)
{
    if (t.len == 0)
        json_member_null(w, key);
    else
        json_member_string(w, key, t);
}

void encode_text_if_any(struct json_writer *w, const char *key, struct text t)
{
    if (t.len > 0)
        json_member_string(w, key, t);
}

void encode_texts_if_any(struct json_writer *w, const char *key, struct text_list list)
{
    if (list.count == 0)
        return;
    key_of(w, key);
    json_write_array_begin(w);
    for (size_t i = 0; i < list.count; i++)
        json_write_string(w, list.items[i]);
    json_write_array_end(w);
}

void encode_pairs_if_any(struct json_writer *w, const char *key, struct pair_list pairs)
{
    if (pairs.count == 0)
        return;
    key_of(w, key);
    json_write_object_begin(w);
    for (size_t i = 0; i < pairs.count; i++) {
        json_write_key(w, pairs.items[i].key);
        json_write_string(w, pairs.items[i].value);
    }
    json_write_object_end(w);
}

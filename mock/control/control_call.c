#include "mock/control/control_call.h"

#include <string.h>

#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"

struct json_writer control_reply(struct control_call *call, int status)
{
    call->res->status = status;
    call->res->content_type = "application/json";
    return json_writer_to(&call->res->body, JSON_ESCAPE_MINIMAL);
}

bool control_reply_empty(struct control_call *call)
{
    response_empty(call->res, 204);
    return true;
}

bool control_get_duration(const struct json_at *obj, const char *key, bool required,
                          int64_t *out_ns, struct error *err)
{
    const struct json_at at = json_member(obj, key);
    struct error malformed = { 0 };
    struct text text = { 0 };
    int64_t ns;

    if (!json_get_string(obj, key, required, &text, err))
        return false;
    if (text.data == NULL)
        return true;
    if (!go_duration_parse(text, &ns, &malformed))
        return json_complain(&at, err, "must be a duration, such as \"1h30m\" or \"250ms\": %s",
                             malformed.message);
    if (ns <= 0)
        return json_complain(&at, err, "must be more than 0");
    *out_ns = ns;
    return true;
}

bool control_get_time(const struct json_at *obj, const char *key, bool required, int64_t *out_ns,
                      struct error *err)
{
    const struct json_at at = json_member(obj, key);
    struct text text = { 0 };
    struct timestamp ts;

    if (!json_get_string(obj, key, required, &text, err))
        return false;
    if (text.data == NULL)
        return true;
    if (!rfc3339_parse(text, &ts))
        return json_complain(&at, err,
                             "must be a time in RFC 3339, such as \"2026-01-01T00:00:00Z\"");
    if (ts.seconds < 0 || ts.seconds >= WORLD_CLOCK_LAST_NS / NS_PER_SEC)
        return json_complain(&at, err, "must be between 1970 and 2200");
    *out_ns = ts.seconds * NS_PER_SEC + ts.nanos;
    return true;
}

bool control_get_choice(const struct json_at *obj, const char *key, bool required,
                        const char *const *names, size_t *out, struct error *err)
{
    enum { WORD_BYTES = 64 };
    const struct json_at at = json_member(obj, key);
    struct text text = { 0 };

    if (!json_get_string(obj, key, required, &text, err))
        return false;
    if (text.data == NULL)
        return true;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (text_equal_cstr(text, names[i])) {
            *out = i;
            return true;
        }
    }
    char word[WORD_BYTES] = { 0 };
    if (text.len < sizeof word)
        memcpy(word, text.data, text.len);
    const char *nearest = text_nearest(word, names);
    if (nearest != NULL)
        return json_complain(&at, err, "is not known; did you mean \"%s\"?", nearest);
    SCOPED(buffer) struct buffer known = buffer_capped(sizeof err->message);
    for (size_t i = 0; names[i] != NULL; i++)
        buffer_appendf(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    return json_complain(&at, err, "must be one of: " TEXT_FMT, TEXT_ARGS(buffer_text(&known)));
}

bool control_get_state(const struct json_at *obj, enum instance_state *out, struct error *err)
{
    const char *names[INSTANCE_STATE_COUNT + 1] = { 0 };
    size_t state = 0;

    for (size_t i = 0; i < INSTANCE_STATE_COUNT; i++)
        names[i] = instance_state_name((enum instance_state)i);
    if (!control_get_choice(obj, "state", true, names, &state, err))
        return false;
    *out = (enum instance_state)state;
    return true;
}

void control_append_time(struct buffer *out, int64_t at_ns)
{
    rfc3339_append(out, timestamp_from_ns(at_ns));
}

void control_write_time(struct json_writer *w, const char *key, int64_t at_ns)
{
    SCOPED(buffer) struct buffer text = buffer_capped(CONTROL_TIME_BYTES);

    if (at_ns == INT64_MAX) {
        json_member_null(w, key);
        return;
    }
    control_append_time(&text, at_ns);
    json_member_string(w, key, buffer_text(&text));
}

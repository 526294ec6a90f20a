#include "gateway/transcode/stream_split.h"

#include <string.h>

#include "common/json/json_reader.h"

/* ---- Formats ------------------------------------------------------------------------------- */

bool stream_format_find(struct text content_type, enum stream_format *out)
{
    static const struct {
        struct text type;
        enum stream_format format;
    } formats[] = {
        { TEXT("text/event-stream"), STREAM_EVENTS },
        { TEXT("application/x-ndjson"), STREAM_LINES },
        { TEXT("application/ndjson"), STREAM_LINES },
        { TEXT("application/jsonl"), STREAM_LINES },
        { TEXT("application/x-jsonlines"), STREAM_LINES },
        { TEXT("application/json"), STREAM_JSON },
        { TEXT(""), STREAM_JSON },
    };
    struct text type = text_split(&content_type, ';');
    while (type.len > 0 && (type.data[type.len - 1] == ' ' || type.data[type.len - 1] == '\t'))
        type.len--;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (text_equal_nocase(type, formats[i].type)) {
            *out = formats[i].format;
            return true;
        }
    const struct text suffix = TEXT("+json"); /* RFC 6839 */
    *out = STREAM_JSON;
    return type.len > suffix.len &&
           text_equal_nocase((struct text){ type.data + type.len - suffix.len, suffix.len },
                             suffix);
}

static bool keep(struct stream_split *s, struct text *input, size_t len, struct error *err)
{
    const struct text run = { input->data, len };
    *input = (struct text){ input->data + len, input->len - len };
    if (buffer_append_text(&s->item, run))
        return true;
    return s->item.out_of_room ? error_set(err, ERROR_RESOURCE_EXHAUSTED,
                                           "an item is larger than %zu bytes", s->item.max)
                               : error_set(err, ERROR_NO_MEMORY, "no memory for an item");
}

static void drop(struct text *input, size_t len)
{
    *input = (struct text){ input->data + len, input->len - len };
}

/* ---- Events -------------------------------------------------------------------------------- */

enum line_place { IN_NAME, BEHIND_COLON, IN_VALUE };
enum event_field { FIELD_OTHER, FIELD_COMMENT, FIELD_DATA, FIELD_EVENT };

#define BYTE_ORDER_MARK TEXT("\xEF\xBB\xBF")

/* The field name of the line; the first of the body may have a byte-order mark in front. */
static struct text name_of(const struct stream_split *s)
{
    const size_t shown = s->name_len < sizeof s->name ? s->name_len : sizeof s->name;
    struct text name = { s->name, shown };
    if (!s->is_begun && text_starts_with(name, BYTE_ORDER_MARK))
        drop(&name, BYTE_ORDER_MARK.len);
    return name;
}

static void add_to_name(char to[static STREAM_NAME_BYTES], uint8_t *len, char c)
{
    if (*len < STREAM_NAME_BYTES)
        to[*len] = c;
    if (*len <= STREAM_NAME_BYTES)
        (*len)++;
}

/* The name of the line's field is complete. */
static bool begin_field(struct stream_split *s, struct error *err)
{
    const struct text name = name_of(s);
    s->is_begun = true;
    s->field = FIELD_OTHER;
    if (name.len == 0)
        s->field = FIELD_COMMENT;
    else if (text_equal_cstr(name, "data"))
        s->field = FIELD_DATA;
    else if (text_equal_cstr(name, "event"))
        s->field = FIELD_EVENT;
    s->has_field |= s->field != FIELD_COMMENT;
    if (s->field == FIELD_EVENT)
        s->event_len = 0;
    if (s->field != FIELD_DATA)
        return true;
    struct text line_end = TEXT("\n");
    const bool is_next = s->has_data;
    s->has_data = true;
    return !is_next || keep(s, &line_end, line_end.len, err);
}

static size_t until_line_end(struct text t)
{
    size_t len = 0;
    while (len < t.len && t.data[len] != '\n' && t.data[len] != '\r')
        len++;
    return len;
}

static bool take_value(struct stream_split *s, struct text *input, struct error *err)
{
    const size_t len = until_line_end(*input);
    if (s->field == FIELD_DATA)
        return keep(s, input, len, err);
    for (size_t i = 0; s->field == FIELD_EVENT && i < len; i++)
        add_to_name(s->event, &s->event_len, input->data[i]);
    drop(input, len);
    return true;
}

/* Some of a line's text; its end is not reached. */
static bool take_of_line(struct stream_split *s, struct text *input, struct error *err)
{
    const char c = input->data[0];
    switch ((enum line_place)s->place) {
    case IN_NAME:
        drop(input, 1);
        if (c != ':') {
            add_to_name(s->name, &s->name_len, c);
            return true;
        }
        s->place = BEHIND_COLON;
        return begin_field(s, err);
    case BEHIND_COLON:
        s->place = IN_VALUE;
        if (c == ' ')
            drop(input, 1);
        return true;
    case IN_VALUE:
    default:
        return take_value(s, input, err);
    }
}

static enum split_found dispatch(struct stream_split *s)
{
    const bool is_error =
        s->event_len == strlen("error") && memcmp(s->event, "error", strlen("error")) == 0;
    const bool is_item = s->item.len > 0;
    s->has_field = false;
    s->has_data = false;
    s->event_len = 0;
    s->is_complete = is_item;
    if (!is_item)
        return SPLIT_NOTHING;
    return is_error ? SPLIT_ERROR_EVENT : SPLIT_ITEM;
}

/* A blank line completes the event, if there is one. */
static enum split_found end_line(struct stream_split *s, struct error *err)
{
    const bool has_name = s->place == IN_NAME;
    const bool is_blank = has_name && name_of(s).len == 0;
    const bool is_kept = is_blank || !has_name || begin_field(s, err); /* "data" as "data:" */
    s->is_begun = true;
    s->place = IN_NAME;
    s->name_len = 0;
    if (!is_kept)
        return SPLIT_FAILED;
    return is_blank ? dispatch(s) : SPLIT_NOTHING;
}

static enum split_found next_event(struct stream_split *s, struct text *input, struct error *err)
{
    while (input->len > 0) {
        const char c = input->data[0];
        const bool is_second_half = s->after_cr && c == '\n';
        s->after_cr = c == '\r';
        if (c != '\n' && c != '\r') {
            if (!take_of_line(s, input, err))
                return SPLIT_FAILED;
            continue;
        }
        drop(input, 1);
        const enum split_found found = is_second_half ? SPLIT_NOTHING : end_line(s, err);
        if (found != SPLIT_NOTHING)
            return found;
    }
    return SPLIT_NOTHING;
}

/* A comment may end anywhere: nothing is lost with it. */
static bool is_inside_event(const struct stream_split *s)
{
    return s->has_field || (s->place == IN_NAME && name_of(s).len > 0);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

enum item_place { BEFORE_ITEM, IN_ITEM, BEHIND_ELEMENT, BEHIND_ARRAY };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool misplaced(char c, const char *where, struct error *err)
{
    if (c > ' ' && c <= '~')
        return error_set(err, ERROR_INVALID_ARGUMENT, "invalid character '%c' %s", c, where);
    return error_set(err, ERROR_INVALID_ARGUMENT, "invalid byte 0x%02x %s", (unsigned char)c,
                     where);
}

/* What a byte of an item means for where the item ends. */
enum item_end { GOES_ON, ENDS_BEFORE, ENDS_BEHIND };

static enum item_end step_in_string(struct stream_split *s, char c)
{
    const bool was_escaped = s->is_escaped;
    s->is_escaped = !was_escaped && c == '\\';
    if (was_escaped || c != '"')
        return GOES_ON;
    s->in_string = false;
    return s->depth == 0 ? ENDS_BEHIND : GOES_ON;
}

static enum item_end step(struct stream_split *s, char c)
{
    if (s->in_string)
        return step_in_string(s, c);
    switch (c) {
    case '"':
        s->in_string = true;
        return GOES_ON;
    case '{':
    case '[':
        s->depth++;
        return GOES_ON;
    case '}':
    case ']':
        if (s->depth == 0)
            return s->is_array ? ENDS_BEFORE : ENDS_BEHIND;
        s->depth--;
        return s->depth == 0 ? ENDS_BEHIND : GOES_ON;
    case ',':
        return s->is_array && s->depth == 0 ? ENDS_BEFORE : GOES_ON;
    default:
        return s->depth == 0 && is_blank(c) ? ENDS_BEFORE : GOES_ON;
    }
}

/* A document of STREAM_LINES ends with its line, whatever it holds. */
static enum item_end step_in_line(struct stream_split *s, char c)
{
    if (c == '\n')
        return ENDS_BEFORE;
    (void)step(s, c);
    return GOES_ON;
}

static void end_item(struct stream_split *s)
{
    s->place = s->is_array ? BEHIND_ELEMENT : BEFORE_ITEM;
    s->is_complete = true;
    s->in_string = false;
    s->is_escaped = false;
    s->depth = 0;
}

static enum split_found take_of_item(struct stream_split *s, struct text *input, struct error *err)
{
    size_t len = 0;
    enum item_end end = GOES_ON;
    while (len < input->len && end == GOES_ON) {
        end = s->format == STREAM_LINES ? step_in_line(s, input->data[len])
                                        : step(s, input->data[len]);
        if (s->depth > JSON_MAX_DEPTH) {
            error_set(err, ERROR_RESOURCE_EXHAUSTED, "an item is nested deeper than %d levels",
                      JSON_MAX_DEPTH);
            return SPLIT_FAILED;
        }
        len += end != ENDS_BEFORE;
    }
    if (!keep(s, input, len, err))
        return SPLIT_FAILED;
    if (end == GOES_ON)
        return SPLIT_NOTHING;
    end_item(s);
    return SPLIT_ITEM;
}

/* A byte between items that is no blank. */
static bool take_between(struct stream_split *s, struct text *input, struct error *err)
{
    const char c = input->data[0];
    const bool is_first = !s->is_begun;
    s->is_begun = true;
    switch ((enum item_place)s->place) {
    case BEFORE_ITEM:
        if (is_first && s->format == STREAM_JSON && c == '[') {
            s->is_array = true;
            s->may_close = true;
            break;
        }
        if (s->may_close && c == ']') {
            s->place = BEHIND_ARRAY;
            break;
        }
        if (s->is_array && (c == ',' || c == ']' || c == '}'))
            return misplaced(c, "looking for beginning of value", err);
        s->may_close = false;
        s->place = IN_ITEM;
        return true; /* it is the item's */
    case BEHIND_ELEMENT:
        if (c != ',' && c != ']')
            return misplaced(c, "after array element", err);
        s->place = c == ',' ? BEFORE_ITEM : BEHIND_ARRAY;
        break;
    case BEHIND_ARRAY:
        return misplaced(c, "after top-level value", err);
    case IN_ITEM:
    default:
        break;
    }
    drop(input, 1);
    return true;
}

static enum split_found next_json(struct stream_split *s, struct text *input, struct error *err)
{
    while (input->len > 0) {
        if (s->place == IN_ITEM) {
            const enum split_found found = take_of_item(s, input, err);
            if (found != SPLIT_NOTHING)
                return found;
        } else if (is_blank(input->data[0])) {
            drop(input, 1);
        } else if (!take_between(s, input, err)) {
            return SPLIT_FAILED;
        }
    }
    return SPLIT_NOTHING;
}

/* ---- The whole ----------------------------------------------------------------------------- */

struct stream_split stream_split_begin(enum stream_format format, size_t max_item_bytes)
{
    return (struct stream_split){ .item = buffer_capped(max_item_bytes), .format = format };
}

void stream_split_fini(struct stream_split *split)
{
    buffer_fini(&split->item);
}

static void forget_item(struct stream_split *s)
{
    if (s->is_complete)
        buffer_recycle(&s->item, STREAM_KEPT_BYTES);
    s->is_complete = false;
}

enum split_found stream_split_next(struct stream_split *split, struct text *input,
                                   struct error *err)
{
    forget_item(split);
    return split->format == STREAM_EVENTS ? next_event(split, input, err)
                                          : next_json(split, input, err);
}

static enum split_found is_cut(const char *where, struct error *err)
{
    error_set(err, ERROR_UNAVAILABLE, "the stream ends inside %s", where);
    return SPLIT_FAILED;
}

enum split_found stream_split_end(struct stream_split *split, struct error *err)
{
    forget_item(split);
    if (split->format == STREAM_EVENTS)
        return is_inside_event(split) ? is_cut("an event", err) : SPLIT_NOTHING;
    if (split->is_array)
        return split->place != BEHIND_ARRAY ? is_cut("its array", err) : SPLIT_NOTHING;
    if (split->place != IN_ITEM)
        return SPLIT_NOTHING;
    if (split->in_string || split->depth > 0)
        return is_cut("a document", err);
    end_item(split);
    return SPLIT_ITEM;
}

#include "gateway/transcode/from_json.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/base64.h"
#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/json/json_reader.h"
#include "common/json/rfc3339.h"
#include "gateway/transcode/parse.h"
#include "gateway/transcode/wire.h"

enum { SEEN_WORDS = 8 /* fields of a message that are tracked: 512 */ };

/* ---- single values ------------------------------------------------------------------------ */

/* `keep_zero` says that a zero must be written: presence, array element, map entry. */

static void put_bits(struct parse *p, enum wire_type type, uint64_t bits)
{
    if (type == WIRE_VARINT)
        wire_write_varint(p->out, bits);
    else if (type == WIRE_64BIT)
        wire_write_fixed64(p->out, bits);
    else
        wire_write_fixed32(p->out, (uint32_t)bits);
}

static bool put_base64(struct parse *p, const struct field *field, struct text t)
{
    wire_write_tag(p->out, field->number, WIRE_BYTES);
    size_t mark = wire_begin_length(p->out);
    if (!base64_decode(p->out, t) && !p->out->failed)
        return parse_fail(p, ERROR_INVALID_ARGUMENT, "is not base64");
    wire_end_length(p->out, mark);
    return true;
}

static bool put_text(struct parse *p, const struct field *field, const struct value *v,
                     bool keep_zero)
{
    if (v->token != JSON_TOKEN_STRING)
        return parse_mismatch(p, "a string", v->token);
    if (v->text.len == 0 && !keep_zero)
        return true;
    if (field->type == TYPE_BYTES)
        return put_base64(p, field, v->text);
    wire_write_tag(p->out, field->number, WIRE_BYTES);
    wire_write_bytes(p->out, v->text);
    return true;
}

/* Digits at the start of *t as a number with `places` digits behind the point: "5" is 500000000 of
 * 9 places. False without a digit, with too many, or when the number is too large. */
static bool take_digits(struct text *t, size_t places, int64_t *out)
{
    int64_t value = 0;
    size_t count = 0;
    for (; count < t->len && t->data[count] >= '0' && t->data[count] <= '9'; count++)
        if (!i64_mul(value, 10, &value) || !i64_add(value, t->data[count] - '0', &value))
            return false;
    if (count == 0 || (places > 0 && count > places))
        return false;
    for (size_t i = count; i < places; i++)
        value *= 10;
    *t = (struct text){ t->data + count, t->len - count };
    *out = value;
    return true;
}

static bool take_char(struct text *t, char c)
{
    if (t->len == 0 || t->data[0] != c)
        return false;
    *t = (struct text){ t->data + 1, t->len - 1 };
    return true;
}

/* "1.5s": proto3 JSON's Duration, at most 10,000 years and down to nanoseconds. */
static bool proto_duration(struct text t, struct timestamp *out)
{
    enum { PLACES = 9 };
    const bool negative = take_char(&t, '-');
    int64_t seconds = 0;
    int64_t nanos = 0;
    if (!take_digits(&t, 0, &seconds) || seconds > DURATION_MAX_SECONDS ||
        (take_char(&t, '.') && !take_digits(&t, PLACES, &nanos)) || !text_equal_cstr(t, "s"))
        return false;
    *out =
        (struct timestamp){ negative ? -seconds : seconds, (int32_t)(negative ? -nanos : nanos) };
    return true;
}

static bool go_duration(struct text t, struct timestamp *out)
{
    int64_t ns = 0;
    struct error ignored = { 0 };
    if (!go_duration_parse(t, &ns, &ignored))
        return false;
    *out = (struct timestamp){ ns / NS_PER_SEC, (int32_t)(ns % NS_PER_SEC) };
    return true;
}

/* The content of a Timestamp or Duration. */
static bool put_time(struct parse *p, const struct message *message, bool is_go,
                     const struct value *v)
{
    struct timestamp time = { 0 };
    if (v->token != JSON_TOKEN_STRING)
        return parse_mismatch(p, "a string", v->token);
    if (message->form == FORM_TIMESTAMP) {
        if (!rfc3339_parse(v->text, &time))
            return parse_fail(p, ERROR_INVALID_ARGUMENT, "is not an RFC 3339 time: " TEXT_FMT,
                              TEXT_ARGS(v->text));
    } else if (!(is_go ? go_duration : proto_duration)(v->text, &time)) {
        return parse_fail(p, ERROR_INVALID_ARGUMENT, "is not a duration: " TEXT_FMT,
                          TEXT_ARGS(v->text));
    }
    if (time.seconds != 0) {
        wire_write_tag(p->out, 1, WIRE_VARINT);
        wire_write_varint(p->out, (uint64_t)time.seconds);
    }
    if (time.nanos != 0) {
        wire_write_tag(p->out, 2, WIRE_VARINT);
        wire_write_varint(p->out, (uint64_t)(int64_t)time.nanos);
    }
    return true;
}

/* The content of a FieldMask: "userName,address.city" -> user_name, address.city. */
static bool put_mask(struct parse *p, const struct value *v)
{
    if (v->token != JSON_TOKEN_STRING)
        return parse_mismatch(p, "a string", v->token);
    struct text rest = v->text;
    while (rest.len > 0) {
        const struct text path = text_split(&rest, ',');
        if (path.len == 0 || (rest.data != NULL && rest.len == 0))
            return parse_fail(p, ERROR_INVALID_ARGUMENT, "is not a field mask: " TEXT_FMT,
                              TEXT_ARGS(v->text));
        wire_write_tag(p->out, 1, WIRE_BYTES);
        size_t mark = wire_begin_length(p->out);
        for (size_t i = 0; i < path.len; i++) {
            const bool is_upper = path.data[i] >= 'A' && path.data[i] <= 'Z';
            if (is_upper)
                buffer_append_byte(p->out, '_');
            buffer_append_byte(p->out, (uint8_t)(path.data[i] + (is_upper ? 'a' - 'A' : 0)));
        }
        wire_end_length(p->out, mark);
    }
    return true;
}

/* Any field but of a message type. */
static bool put_scalar(struct parse *p, const struct field *field, const struct value *v,
                       bool keep_zero)
{
    uint64_t bits = 0;
    if (field->type == TYPE_STRING || field->type == TYPE_BYTES)
        return put_text(p, field, v, keep_zero);
    if (!parse_bits(p, field, v, &bits))
        return false;
    if (bits == 0 && !keep_zero)
        return true;
    enum wire_type type = field_wire_type(field->type);
    wire_write_tag(p->out, field->number, type);
    put_bits(p, type, bits);
    return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool put_members(struct parse *p, const struct message *message);
static bool put_content(struct parse *p, const struct message *message, bool is_go,
                        const struct value *v);

/* What nests deeper than a client would read is refused here already: one level of Struct in JSON
 * is three on the wire. Single values nest nothing. */
static bool begin_message(struct parse *p, const struct field *field, size_t *mark)
{
    if (p->depth == WIRE_MAX_DEPTH && !field->is_single)
        return parse_fail(p, ERROR_RESOURCE_EXHAUSTED, "is nested deeper than %d messages",
                          WIRE_MAX_DEPTH);
    p->depth++;
    wire_write_tag(p->out, field->number, WIRE_BYTES);
    *mark = wire_begin_length(p->out);
    return true;
}

static void end_message(struct parse *p, size_t mark)
{
    p->depth--;
    wire_end_length(p->out, mark);
}

static bool put_message(struct parse *p, const struct field *field, const struct value *v)
{
    size_t mark = 0;
    if (!begin_message(p, field, &mark) ||
        !put_content(p, field->message, field->is_go_duration, v))
        return false;
    end_message(p, mark);
    return true;
}

static bool put_element(struct parse *p, const struct field *field, const struct value *v)
{
    return field->type == TYPE_MESSAGE ? put_message(p, field, v) : put_scalar(p, field, v, true);
}

/* The elements of an array whose '[' was read. Numbers go packed, as proto3 wants. */
static bool put_array(struct parse *p, const struct field *field)
{
    const bool is_packed =
        field->type != TYPE_STRING && field->type != TYPE_BYTES && field->type != TYPE_MESSAGE;
    const size_t start = p->out->len;
    struct place place = { .outer = p->place, .kind = PLACE_ELEMENT };
    size_t mark = 0;
    if (is_packed) {
        wire_write_tag(p->out, field->number, WIRE_BYTES);
        mark = wire_begin_length(p->out);
    }
    p->place = &place;
    for (;; place.index++) {
        struct value v = { 0 };
        uint64_t bits = 0;
        if (!parse_next(p, &v))
            return false;
        if (v.token == JSON_TOKEN_ARRAY_END)
            break;
        if (is_packed) {
            if (!parse_bits(p, field, &v, &bits))
                return false;
            put_bits(p, field_wire_type(field->type), bits);
        } else if (!put_element(p, field, &v)) {
            return false;
        }
    }
    p->place = place.outer;
    if (is_packed && place.index > 0)
        wire_end_length(p->out, mark);
    else if (is_packed && !p->out->failed)
        p->out->len = start; /* an empty array is nothing on the wire */
    return true;
}

static bool put_map_key(struct parse *p, const struct field *key, struct text text)
{
    struct value v = { JSON_TOKEN_STRING, text };
    if (key->type == TYPE_BOOL)
        v.token = text_equal_cstr(text, "true")    ? JSON_TOKEN_TRUE
                  : text_equal_cstr(text, "false") ? JSON_TOKEN_FALSE
                                                   : JSON_TOKEN_STRING;
    return put_scalar(p, key, &v, true);
}

/* The members of an object whose '{' was read, as the entries of a map. */
static bool put_map(struct parse *p, const struct field *field)
{
    const struct field *key_field = message_find_number(field->message, 1);
    const struct field *value_field = message_find_number(field->message, 2);
    struct place place = { .outer = p->place, .kind = PLACE_KEY };
    p->place = &place;
    for (;;) {
        struct value key = { 0 };
        struct value v = { 0 };
        size_t mark = 0;
        if (!parse_next(p, &key))
            return false;
        if (key.token == JSON_TOKEN_OBJECT_END)
            break;
        place.key = key.text;
        if (!begin_message(p, field, &mark) || !put_map_key(p, key_field, key.text) ||
            !parse_next(p, &v) || !put_element(p, value_field, &v))
            return false;
        end_message(p, mark);
    }
    p->place = place.outer;
    return true;
}

/* The content of a Value: whichever kind the token is of. */
static bool put_kind(struct parse *p, const struct message *message, const struct value *v)
{
    static const uint8_t kinds[] = {
        [JSON_TOKEN_NULL] = 1,        [JSON_TOKEN_NUMBER] = 2, [JSON_TOKEN_STRING] = 3,
        [JSON_TOKEN_TRUE] = 4,        [JSON_TOKEN_FALSE] = 4,  [JSON_TOKEN_OBJECT_BEGIN] = 5,
        [JSON_TOKEN_ARRAY_BEGIN] = 6,
    };
    return put_element(p, message_find_number(message, kinds[v->token]), v);
}

static bool put_lone_field(struct parse *p, const struct field *field, const struct value *v)
{
    if (field->is_map)
        return v->token == JSON_TOKEN_OBJECT_BEGIN ? put_map(p, field)
                                                   : parse_mismatch(p, "an object", v->token);
    return v->token == JSON_TOKEN_ARRAY_BEGIN ? put_array(p, field)
                                              : parse_mismatch(p, "an array", v->token);
}

/* What stands inside a message of that type, without tag and length. */
static bool put_content(struct parse *p, const struct message *message, bool is_go,
                        const struct value *v)
{
    switch (message->form) {
    case FORM_TIMESTAMP:
    case FORM_DURATION:
        return put_time(p, message, is_go, v);
    case FORM_WRAPPER:
        return put_scalar(p, message->wrapped, v, false);
    case FORM_FIELD_MASK:
        return put_mask(p, v);
    case FORM_STRUCT:
    case FORM_LIST:
        return put_lone_field(p, message_find_number(message, 1), v);
    case FORM_VALUE:
        return put_kind(p, message, v);
    case FORM_ANY:
        return parse_fail(p, ERROR_NOT_SUPPORTED, "is a " TEXT_FMT ", which is not translated",
                          TEXT_ARGS(message->full_name));
    case FORM_OBJECT:
    case FORM_MAP_ENTRY:
    case FORM_EMPTY:
    case FORM_HTTP_BODY:
    default:
        return v->token == JSON_TOKEN_OBJECT_BEGIN ? put_members(p, message)
                                                   : parse_mismatch(p, "an object", v->token);
    }
}

static bool put_value(struct parse *p, const struct field *field, const struct value *v)
{
    if (field->is_repeated)
        return put_lone_field(p, field, v);
    return field->type == TYPE_MESSAGE ? put_message(p, field, v)
                                       : put_scalar(p, field, v, field->has_presence);
}

/* Every member at most once: on the wire a second one would merge or append, which no JSON reader
 * expects. Fields beyond the tracked ones are not checked. */
static bool check_first(struct parse *p, const struct message *message, const struct field *field,
                        uint64_t seen[SEEN_WORDS], uint64_t *seen_oneofs)
{
    size_t at = field_index(message, field);
    if (at < 64 * (size_t)SEEN_WORDS) {
        if (seen[at / 64] >> (at % 64) & 1)
            return parse_fail(p, ERROR_INVALID_ARGUMENT, "is given twice");
        seen[at / 64] |= UINT64_C(1) << (at % 64);
    }
    if (field->oneof >= 0 && field->oneof < 64) {
        if (*seen_oneofs >> field->oneof & 1)
            return parse_fail(p, ERROR_INVALID_ARGUMENT,
                              "excludes another member that is given too");
        *seen_oneofs |= UINT64_C(1) << field->oneof;
    }
    return true;
}

static bool skip_value(struct parse *p)
{
    struct value v = { 0 };
    return parse_next(p, &v) && json_skip(&p->reader, v.token, p->err);
}

/* The members of an object whose '{' was read. */
static bool put_members(struct parse *p, const struct message *message)
{
    uint64_t seen[SEEN_WORDS] = { 0 };
    uint64_t seen_oneofs = 0;
    for (;;) {
        struct value key = { 0 };
        struct value v = { 0 };
        if (!parse_next(p, &key))
            return false;
        if (key.token == JSON_TOKEN_OBJECT_END)
            return true;
        const struct field *field = message_find_name(message, key.text);
        if (field == NULL) {
            p->notes->unknown_members += message->form != FORM_EMPTY;
            if (!skip_value(p))
                return false;
            continue;
        }
        const struct place place = { .outer = p->place, .kind = PLACE_FIELD, .field = field };
        p->place = &place;
        if (!parse_next(p, &v))
            return false;
        if ((v.token != JSON_TOKEN_NULL || field->takes_null) &&
            (!check_first(p, message, field, seen, &seen_oneofs) || !put_value(p, field, &v)))
            return false;
        p->place = place.outer;
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

enum { JSON_ARENA_BYTES = 64 << 20 };

static bool check_room(const struct buffer *out, struct error *err)
{
    if (!out->failed)
        return true;
    if (!out->out_of_room)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the message");
    return error_set(err, ERROR_RESOURCE_EXHAUSTED, "the message is larger than %zu bytes",
                     out->max);
}

static bool finish(struct parse *p)
{
    struct value end = { 0 };
    return parse_next(p, &end) && check_room(p->out, p->err);
}

static bool put_whole(struct parse *p, const struct message *message)
{
    struct value v = { 0 };
    if (!parse_next(p, &v))
        return false;
    if (message->form == FORM_EMPTY)
        return json_skip(&p->reader, v.token, p->err) && finish(p);
    return put_content(p, message, false, &v) && finish(p);
}

static bool put_response_body(struct parse *p, const struct field *field)
{
    const struct place place = { .kind = PLACE_FIELD, .field = field };
    struct value v = { 0 };
    if (!parse_next(p, &v))
        return false;
    p->place = &place;
    bool ok = (v.token == JSON_TOKEN_NULL && !field->takes_null) || put_value(p, field, &v);
    p->place = NULL;
    return ok && finish(p);
}

bool json_to_wire(const struct message *message, struct text json, struct buffer *out,
                  struct json_notes *notes, struct error *err)
{
    SCOPED(arena) struct arena arena = arena_capped(JSON_ARENA_BYTES);
    struct parse p = { json_reader_from(json, &arena), out, notes, err, NULL, 1 };
    return put_whole(&p, message);
}

static bool put_http_body(struct buffer *out, struct text content_type, struct text body,
                          struct error *err)
{
    enum { CONTENT_TYPE = 1, DATA = 2 }; /* google/api/httpbody.proto */
    if (!text_is_utf8(content_type))
        return error_set(err, ERROR_INVALID_ARGUMENT, "the answer's Content-Type is not UTF-8");
    if (content_type.len > 0) {
        wire_write_tag(out, CONTENT_TYPE, WIRE_BYTES);
        wire_write_bytes(out, content_type);
    }
    if (body.len > 0) {
        wire_write_tag(out, DATA, WIRE_BYTES);
        wire_write_bytes(out, body);
    }
    return true;
}

static bool put_raw_answer(const struct binding *binding, const struct http_answer *answer,
                           struct buffer *out, struct error *err)
{
    const struct field *field = binding->response_body;
    size_t mark = 0;
    if (field != NULL) {
        wire_write_tag(out, field->number, WIRE_BYTES);
        mark = wire_begin_length(out);
    }
    if (!put_http_body(out, answer->content_type, answer->body, err))
        return false;
    if (field != NULL)
        wire_end_length(out, mark);
    return check_room(out, err);
}

bool transcode_reply(const struct binding *binding, const struct http_answer *answer,
                     struct buffer *out, struct json_notes *notes, struct error *err)
{
    if (binding->answers_raw)
        return put_raw_answer(binding, answer, out, err);
    if (answer->body.len == 0)
        return true;
    SCOPED(arena) struct arena arena = arena_capped(JSON_ARENA_BYTES);
    struct parse p = { json_reader_from(answer->body, &arena), out, notes, err, NULL, 1 };
    return binding->response_body == NULL ? put_whole(&p, binding->reply)
                                          : put_response_body(&p, binding->response_body);
}

#include "gateway/transcode/from_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/base64.h"
#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/json/json_reader.h"
#include "common/json/rfc3339.h"
#include "gateway/transcode/wire.h"

enum { UNKNOWN_ENUM_SHOWN = 64 }; /* bytes of an unknown text, so that one cannot hide the others */
enum { NUMBER_MAX_LEN = 512, SEEN_WORDS = 8 /* fields of a message that are tracked: 512 */ };

/* The way to the current value, innermost first; lives on the call stack. */
struct place {
    const struct place *outer;
    const struct field *field; /* NULL for an array element or map value */
    struct text key;           /* map value                              */
    int64_t index;             /* array element, else -1                 */
};

struct parse {
    struct json_reader reader;
    struct buffer *out;
    struct json_notes *notes;
    struct error *err;
    const struct place *place;
};

/* ---- errors ------------------------------------------------------------------------------- */

static size_t append_place(const struct place *place, char *out, size_t size)
{
    if (place == NULL)
        return 0;
    size_t used = append_place(place->outer, out, size);
    if (used >= size)
        return used;
    int n = place->index >= 0 ? snprintf(out + used, size - used, "[%lld]", (long long)place->index)
            : place->field == NULL
                ? snprintf(out + used, size - used, "[\"" TEXT_FMT "\"]", TEXT_ARGS(place->key))
                : snprintf(out + used, size - used, "%s" TEXT_FMT, used == 0 ? "" : ".",
                           TEXT_ARGS(place->field->json_name));
    return n < 0 ? used : used + (size_t)n;
}

static bool fail(struct parse *p, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

static bool fail(struct parse *p, enum error_code code, const char *format, ...)
{
    /* Both hold a character more than fits, so that what cuts them sees whether it cuts one. */
    char path[sizeof p->err->field + 4] = "";
    char why[sizeof p->err->message + 4];
    va_list values;
    append_place(p->place, path, sizeof path);
    path[text_cut_len(text_of(path), sizeof p->err->field - 1)] = '\0';
    va_start(values, format);
    (void)vsnprintf(why, sizeof why, format, values);
    va_end(values);
    return error_set_field(p->err, code, path, "%s%s%s", path, path[0] == '\0' ? "" : ": ", why);
}

static const char *token_name(enum json_token token)
{
    static const char *const names[] = {
        [JSON_TOKEN_OBJECT_BEGIN] = "an object",
        [JSON_TOKEN_OBJECT_END] = "}",
        [JSON_TOKEN_ARRAY_BEGIN] = "an array",
        [JSON_TOKEN_ARRAY_END] = "]",
        [JSON_TOKEN_KEY] = "a key",
        [JSON_TOKEN_STRING] = "a string",
        [JSON_TOKEN_NUMBER] = "a number",
        [JSON_TOKEN_TRUE] = "true",
        [JSON_TOKEN_FALSE] = "false",
        [JSON_TOKEN_NULL] = "null",
        [JSON_TOKEN_END] = "the end",
    };
    return names[token];
}

static bool expected(struct parse *p, const char *what, enum json_token found)
{
    return fail(p, ERROR_INVALID_ARGUMENT, "expected %s, found %s", what, token_name(found));
}

static bool next(struct parse *p, enum json_token *token, struct text *text)
{
    return json_next(&p->reader, token, text, p->err);
}

/* ---- single values ------------------------------------------------------------------------ */

struct value {
    enum json_token token;
    struct text text;
};

/* Encodes one value into bits (numbers) or bytes written straight to out. `keep_zero` says that a
 * zero must be written: presence, array element, map entry. */

static bool out_of_range(struct parse *p, struct text digits)
{
    return fail(p, ERROR_INVALID_ARGUMENT, TEXT_FMT " does not fit the field", TEXT_ARGS(digits));
}

/* A NUL-terminated copy for strtod and friends. */
static bool number_copy(struct parse *p, struct text t, char out[NUMBER_MAX_LEN])
{
    if (t.len >= NUMBER_MAX_LEN)
        return fail(p, ERROR_INVALID_ARGUMENT, "number is longer than %d characters",
                    NUMBER_MAX_LEN - 1);
    memcpy(out, t.data, t.len);
    out[t.len] = '\0';
    return true;
}

/* 1.0 and 1e3 are whole numbers too, exact below 2^53. */
static bool whole_from_double(struct parse *p, struct text t, int64_t *out)
{
    const double limit = 9007199254740992.0;
    char digits[NUMBER_MAX_LEN];
    if (!number_copy(p, t, digits))
        return false;
    double value = strtod(digits, NULL);
    if (value <= -limit || value >= limit)
        return out_of_range(p, t);
    if (value != floor(value))
        return fail(p, ERROR_INVALID_ARGUMENT, "expected a whole number, found " TEXT_FMT,
                    TEXT_ARGS(t));
    *out = (int64_t)value;
    return true;
}

/* Integers come as numbers; as strings too, which is how proto3 JSON writes 64 bits. */
static bool is_integer_token(const struct value *v)
{
    return v->token == JSON_TOKEN_NUMBER || v->token == JSON_TOKEN_STRING;
}

static bool signed_value(struct parse *p, const struct value *v, int64_t min, int64_t max,
                         int64_t *out)
{
    if (!is_integer_token(v))
        return expected(p, "a whole number", v->token);
    if (!text_parse_i64(v->text, out)) {
        if (v->token == JSON_TOKEN_STRING)
            return expected(p, "a whole number", v->token);
        if (memchr(v->text.data, '.', v->text.len) == NULL &&
            memchr(v->text.data, 'e', v->text.len) == NULL &&
            memchr(v->text.data, 'E', v->text.len) == NULL)
            return out_of_range(p, v->text);
        if (!whole_from_double(p, v->text, out))
            return false;
    }
    return (*out >= min && *out <= max) || out_of_range(p, v->text);
}

static bool unsigned_value(struct parse *p, const struct value *v, uint64_t max, uint64_t *out)
{
    int64_t small = 0;
    if (is_integer_token(v) && text_parse_u64(v->text, out))
        return *out <= max || out_of_range(p, v->text);
    if (!signed_value(p, v, 0, INT64_MAX, &small))
        return false;
    *out = (uint64_t)small;
    return *out <= max || out_of_range(p, v->text);
}

static bool double_value(struct parse *p, const struct value *v, double *out)
{
    static const struct {
        const char *text;
        double value;
    } words[] = { { "NaN", (double)NAN },
                  { "Infinity", (double)INFINITY },
                  { "-Infinity", -(double)INFINITY } };
    char digits[NUMBER_MAX_LEN];
    if (v->token == JSON_TOKEN_STRING)
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (text_equal_cstr(v->text, words[i].text)) {
                *out = words[i].value;
                return true;
            }
    if (v->token != JSON_TOKEN_NUMBER)
        return expected(p, "a number", v->token);
    if (!number_copy(p, v->text, digits))
        return false;
    *out = strtod(digits, NULL);
    return isfinite(*out) || out_of_range(p, v->text);
}

static bool float_bits(struct parse *p, const struct value *v, uint64_t *bits)
{
    const double limit = 0x1.ffffffp127; /* from here on the nearest float is infinite */
    double value = 0;
    if (!double_value(p, v, &value))
        return false;
    if (isfinite(value) && fabs(value) >= limit)
        return out_of_range(p, v->text);
    float narrow = (float)value;
    uint32_t low;
    memcpy(&low, &narrow, sizeof low);
    *bits = low;
    return true;
}

static void note_unknown_enum(struct parse *p, const struct field *field, struct text value)
{
    char *notes = p->notes->unknown_enum;
    size_t used = strlen(notes);
    size_t room = sizeof p->notes->unknown_enum - used;
    value.len = text_cut_len(value, UNKNOWN_ENUM_SHOWN);
    int n = snprintf(notes + used, room, "%s" TEXT_FMT "=" TEXT_FMT, used == 0 ? "" : ", ",
                     TEXT_ARGS(field->json_name), TEXT_ARGS(value));
    if (n < 0 || (size_t)n >= room)
        notes[used] = '\0'; /* the notes before it stay whole */
}

static bool enum_bits(struct parse *p, const struct field *field, const struct value *v,
                      uint64_t *bits)
{
    int64_t number = 0;
    if (v->token == JSON_TOKEN_NUMBER) {
        if (!signed_value(p, v, INT32_MIN, INT32_MAX, &number))
            return false;
    } else if (v->token == JSON_TOKEN_STRING) {
        const struct enum_value *found = enumeration_find_json(field->enumeration, v->text);
        if (found != NULL)
            number = found->number;
        else
            note_unknown_enum(p, field, v->text);
    } else {
        return expected(p, "a string", v->token);
    }
    *bits = (uint64_t)number;
    return true;
}

static bool bool_bits(struct parse *p, const struct value *v, uint64_t *bits)
{
    if (v->token != JSON_TOKEN_TRUE && v->token != JSON_TOKEN_FALSE)
        return expected(p, "true or false", v->token);
    *bits = v->token == JSON_TOKEN_TRUE;
    return true;
}

static bool number_bits(struct parse *p, const struct field *field, const struct value *v,
                        uint64_t *bits)
{
    int64_t whole = 0;
    double real = 0;
    switch (field->type) {
    case TYPE_INT64:
    case TYPE_SFIXED64:
    case TYPE_SINT64:
        if (!signed_value(p, v, INT64_MIN, INT64_MAX, &whole))
            return false;
        *bits = field->type == TYPE_SINT64 ? wire_zigzag(whole) : (uint64_t)whole;
        return true;
    case TYPE_INT32:
    case TYPE_SFIXED32:
    case TYPE_SINT32:
        if (!signed_value(p, v, INT32_MIN, INT32_MAX, &whole))
            return false;
        *bits = field->type == TYPE_SINT32     ? wire_zigzag(whole)
                : field->type == TYPE_SFIXED32 ? (uint32_t)whole
                                               : (uint64_t)whole;
        return true;
    case TYPE_UINT64:
    case TYPE_FIXED64:
        return unsigned_value(p, v, UINT64_MAX, bits);
    case TYPE_UINT32:
    case TYPE_FIXED32:
        return unsigned_value(p, v, UINT32_MAX, bits);
    case TYPE_BOOL:
        return bool_bits(p, v, bits);
    case TYPE_ENUM:
        return enum_bits(p, field, v, bits);
    case TYPE_FLOAT:
        return float_bits(p, v, bits);
    case TYPE_DOUBLE:
        if (!double_value(p, v, &real))
            return false;
        memcpy(bits, &real, sizeof *bits);
        return true;
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_GROUP:
    case TYPE_MESSAGE:
    default:
        return fail(p, ERROR_INTERNAL, "has no number");
    }
}

static enum wire_type number_wire_type(enum field_type type)
{
    switch (type) {
    case TYPE_DOUBLE:
    case TYPE_FIXED64:
    case TYPE_SFIXED64:
        return WIRE_64BIT;
    case TYPE_FLOAT:
    case TYPE_FIXED32:
    case TYPE_SFIXED32:
        return WIRE_32BIT;
    case TYPE_INT64:
    case TYPE_UINT64:
    case TYPE_INT32:
    case TYPE_BOOL:
    case TYPE_STRING:
    case TYPE_GROUP:
    case TYPE_MESSAGE:
    case TYPE_BYTES:
    case TYPE_UINT32:
    case TYPE_ENUM:
    case TYPE_SINT32:
    case TYPE_SINT64:
    default:
        return WIRE_VARINT;
    }
}

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
        return fail(p, ERROR_INVALID_ARGUMENT, "is not base64");
    wire_end_length(p->out, mark);
    return true;
}

static bool put_text(struct parse *p, const struct field *field, const struct value *v,
                     bool keep_zero)
{
    if (v->token != JSON_TOKEN_STRING)
        return expected(p, "a string", v->token);
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

static bool put_time(struct parse *p, const struct field *field, const struct value *v)
{
    struct timestamp time = { 0 };
    if (v->token != JSON_TOKEN_STRING)
        return expected(p, "a string", v->token);
    if (field->message->form == FORM_TIMESTAMP) {
        if (!rfc3339_parse(v->text, &time))
            return fail(p, ERROR_INVALID_ARGUMENT, "is not an RFC 3339 time: " TEXT_FMT,
                        TEXT_ARGS(v->text));
    } else if (!(field->is_go_duration ? go_duration : proto_duration)(v->text, &time)) {
        return fail(p, ERROR_INVALID_ARGUMENT, "is not a duration: " TEXT_FMT, TEXT_ARGS(v->text));
    }
    wire_write_tag(p->out, field->number, WIRE_BYTES);
    size_t mark = wire_begin_length(p->out);
    if (time.seconds != 0) {
        wire_write_tag(p->out, 1, WIRE_VARINT);
        wire_write_varint(p->out, (uint64_t)time.seconds);
    }
    if (time.nanos != 0) {
        wire_write_tag(p->out, 2, WIRE_VARINT);
        wire_write_varint(p->out, (uint64_t)(int64_t)time.nanos);
    }
    wire_end_length(p->out, mark);
    return true;
}

static bool put_single(struct parse *p, const struct field *field, const struct value *v,
                       bool keep_zero)
{
    uint64_t bits = 0;
    if (field->type == TYPE_STRING || field->type == TYPE_BYTES)
        return put_text(p, field, v, keep_zero);
    if (field->type == TYPE_MESSAGE)
        return put_time(p, field, v);
    if (!number_bits(p, field, v, &bits))
        return false;
    if (bits == 0 && !keep_zero)
        return true;
    enum wire_type type = number_wire_type(field->type);
    wire_write_tag(p->out, field->number, type);
    put_bits(p, type, bits);
    return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool put_members(struct parse *p, const struct message *message);

static bool put_message(struct parse *p, const struct field *field, const struct value *v)
{
    if (field->message->form == FORM_UNSUPPORTED)
        return fail(p, ERROR_NOT_SUPPORTED, "type " TEXT_FMT " is not translated",
                    TEXT_ARGS(field->message->full_name));
    if (v->token != JSON_TOKEN_OBJECT_BEGIN)
        return expected(p, "an object", v->token);
    wire_write_tag(p->out, field->number, WIRE_BYTES);
    size_t mark = wire_begin_length(p->out);
    if (!put_members(p, field->message))
        return false;
    wire_end_length(p->out, mark);
    return true;
}

static bool put_element(struct parse *p, const struct field *field, const struct value *v)
{
    return field_is_single_text(field) ? put_single(p, field, v, true) : put_message(p, field, v);
}

/* The elements of an array whose '[' was read. Numbers go packed, as proto3 wants. */
static bool put_array(struct parse *p, const struct field *field)
{
    const bool is_packed = field_is_single_text(field) && field->type != TYPE_STRING &&
                           field->type != TYPE_BYTES && field->type != TYPE_MESSAGE;
    const size_t start = p->out->len;
    struct place place = { .outer = p->place, .index = 0 };
    size_t mark = 0;
    if (is_packed) {
        wire_write_tag(p->out, field->number, WIRE_BYTES);
        mark = wire_begin_length(p->out);
    }
    p->place = &place;
    for (;; place.index++) {
        struct value v = { 0 };
        uint64_t bits = 0;
        if (!next(p, &v.token, &v.text))
            return false;
        if (v.token == JSON_TOKEN_ARRAY_END)
            break;
        if (is_packed) {
            if (!number_bits(p, field, &v, &bits))
                return false;
            put_bits(p, number_wire_type(field->type), bits);
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
    return put_single(p, key, &v, true);
}

static bool put_map(struct parse *p, const struct field *field)
{
    const struct field *key_field = message_find_number(field->message, 1);
    const struct field *value_field = message_find_number(field->message, 2);
    struct place place = { .outer = p->place, .index = -1 };
    p->place = &place;
    for (;;) {
        struct value key = { 0 };
        struct value v = { 0 };
        if (!next(p, &key.token, &key.text))
            return false;
        if (key.token == JSON_TOKEN_OBJECT_END)
            break;
        place.key = key.text;
        wire_write_tag(p->out, field->number, WIRE_BYTES);
        size_t mark = wire_begin_length(p->out);
        if (!put_map_key(p, key_field, key.text) || !next(p, &v.token, &v.text) ||
            !put_element(p, value_field, &v))
            return false;
        wire_end_length(p->out, mark);
    }
    p->place = place.outer;
    return true;
}

static bool put_value(struct parse *p, const struct field *field, const struct value *v)
{
    if (field->is_map)
        return v->token == JSON_TOKEN_OBJECT_BEGIN ? put_map(p, field)
                                                   : expected(p, "an object", v->token);
    if (field->is_repeated)
        return v->token == JSON_TOKEN_ARRAY_BEGIN ? put_array(p, field)
                                                  : expected(p, "an array", v->token);
    return field_is_single_text(field) ? put_single(p, field, v, field->has_presence)
                                       : put_message(p, field, v);
}

/* Every member at most once: on the wire a second one would merge or append, which no JSON reader
 * expects. Fields beyond the tracked ones are not checked. */
static bool check_first(struct parse *p, const struct message *message, const struct field *field,
                        uint64_t seen[SEEN_WORDS], uint64_t *seen_oneofs)
{
    size_t at = field_index(message, field);
    if (at < 64 * (size_t)SEEN_WORDS) {
        if (seen[at / 64] >> (at % 64) & 1)
            return fail(p, ERROR_INVALID_ARGUMENT, "is given twice");
        seen[at / 64] |= UINT64_C(1) << (at % 64);
    }
    if (field->oneof >= 0 && field->oneof < 64) {
        if (*seen_oneofs >> field->oneof & 1)
            return fail(p, ERROR_INVALID_ARGUMENT, "excludes another member that is given too");
        *seen_oneofs |= UINT64_C(1) << field->oneof;
    }
    return true;
}

static bool skip_value(struct parse *p)
{
    struct value v = { 0 };
    return next(p, &v.token, &v.text) && json_skip(&p->reader, v.token, p->err);
}

/* The members of an object whose '{' was read. */
static bool put_members(struct parse *p, const struct message *message)
{
    uint64_t seen[SEEN_WORDS] = { 0 };
    uint64_t seen_oneofs = 0;
    for (;;) {
        struct value key = { 0 };
        struct value v = { 0 };
        if (!next(p, &key.token, &key.text))
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
        const struct place place = { .outer = p->place, .field = field, .index = -1 };
        p->place = &place;
        if (!next(p, &v.token, &v.text))
            return false;
        if (v.token != JSON_TOKEN_NULL &&
            (!check_first(p, message, field, seen, &seen_oneofs) || !put_value(p, field, &v)))
            return false;
        p->place = place.outer;
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

enum { JSON_ARENA_BYTES = 64 << 20 };

static bool finish(struct parse *p)
{
    struct value end = { 0 };
    if (!next(p, &end.token, &end.text))
        return false;
    if (!p->out->failed)
        return true;
    if (!p->out->out_of_room)
        return error_set(p->err, ERROR_NO_MEMORY, "no memory for the message");
    return error_set(p->err, ERROR_RESOURCE_EXHAUSTED, "the message is larger than %zu bytes",
                     p->out->max);
}

static bool put_whole(struct parse *p, const struct message *message)
{
    struct value v = { 0 };
    if (!next(p, &v.token, &v.text))
        return false;
    if (message->form == FORM_EMPTY)
        return json_skip(&p->reader, v.token, p->err) && finish(p);
    if (message->form != FORM_OBJECT)
        return fail(p, ERROR_NOT_SUPPORTED, "type " TEXT_FMT " is not translated on its own",
                    TEXT_ARGS(message->full_name));
    if (v.token != JSON_TOKEN_OBJECT_BEGIN)
        return expected(p, "an object", v.token);
    return put_members(p, message) && finish(p);
}

static bool put_response_body(struct parse *p, const struct field *field)
{
    const struct place place = { .field = field, .index = -1 };
    struct value v = { 0 };
    if (!next(p, &v.token, &v.text))
        return false;
    p->place = &place;
    bool ok = v.token == JSON_TOKEN_NULL || put_value(p, field, &v);
    p->place = NULL;
    return ok && finish(p);
}

bool json_to_wire(const struct message *message, struct text json, struct buffer *out,
                  struct json_notes *notes, struct error *err)
{
    SCOPED(arena) struct arena arena = arena_capped(JSON_ARENA_BYTES);
    struct parse p = { json_reader_from(json, &arena), out, notes, err, NULL };
    return put_whole(&p, message);
}

bool transcode_reply(const struct method *method, struct text body, struct buffer *out,
                     struct json_notes *notes, struct error *err)
{
    if (body.len == 0)
        return true;
    SCOPED(arena) struct arena arena = arena_capped(JSON_ARENA_BYTES);
    struct parse p = { json_reader_from(body, &arena), out, notes, err, NULL };
    return method->response_body == NULL ? put_whole(&p, method->reply)
                                         : put_response_body(&p, method->response_body);
}

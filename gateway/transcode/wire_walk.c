#include "gateway/transcode/wire_walk.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/json/json_writer.h"
#include "common/json/rfc3339.h"
#include "gateway/transcode/wire.h"

enum { DURATION_NANOS_LIMIT = 1000000000 };

void wire_walk_fini(struct wire_walk *walk)
{
    field_index_fini(&walk->index);
    buffer_fini(&walk->scratch);
}

void wire_walk_scope_end(struct wire_walk *walk)
{
    wire_walk_fini(walk);
}

/* ---- errors ------------------------------------------------------------------------------- */

bool walk_error(struct wire_walk *walk, enum error_code code, const char *predicate, ...)
{
    char path[sizeof walk->err->field];
    char why[512];
    va_list values;
    place_text(walk->place, PLACE_PROTO_NAMES, path, sizeof path);
    va_start(values, predicate);
    (void)vsnprintf(why, sizeof why, predicate, values);
    va_end(values);
    return error_set_field(walk->err, code, path, "%s %s", path[0] == '\0' ? "the message" : path,
                           why);
}

bool walk_locate(struct wire_walk *walk)
{
    if (walk->err->field[0] == '\0' && walk->place != NULL) {
        place_text(walk->place, PLACE_PROTO_NAMES, walk->err->field, sizeof walk->err->field);
        return error_prefix(walk->err, "%s: ", walk->err->field);
    }
    return false;
}

/* ---- single values ------------------------------------------------------------------------ */

/* Empty bytes are a value too, so data is never NULL. */
static struct text scratch_text(struct wire_walk *walk)
{
    return walk->scratch.len == 0 ? TEXT("") : buffer_text(&walk->scratch);
}

static bool scratch_value(struct wire_walk *walk, bool is_string, struct value_text *out)
{
    if (walk->scratch.failed)
        return walk_error(walk, ERROR_NO_MEMORY, "finds no memory for its value");
    *out = (struct value_text){ scratch_text(walk), is_string };
    return true;
}

static bool floating_text(struct wire_walk *walk, double value, bool is_float,
                          struct value_text *out)
{
    if (isnan(value) || isinf(value)) {
        /* proto3 JSON's spellings; JSON itself has none. */
        *out = (struct value_text){ isnan(value) ? TEXT("NaN")
                                    : value > 0  ? TEXT("Infinity")
                                                 : TEXT("-Infinity"),
                                    true };
        return true;
    }
    struct json_writer w = json_writer_to(&walk->scratch, JSON_ESCAPE_MINIMAL);
    if (is_float)
        json_write_float(&w, (float)value);
    else
        json_write_double(&w, value);
    return scratch_value(walk, false, out);
}

static bool enum_text(struct wire_walk *walk, const struct enumeration *e, int32_t number,
                      struct value_text *out)
{
    const struct enum_value *value = enumeration_find_number(e, number);
    if (e->is_null) {
        *out = (struct value_text){ TEXT("null"), false };
        return true;
    }
    if (value != NULL) {
        *out = (struct value_text){ value->json, true };
        return true;
    }
    /* A number this .proto does not know: the API judges it. */
    buffer_append_i64(&walk->scratch, number);
    return scratch_value(walk, false, out);
}

static bool string_text(struct wire_walk *walk, struct text value, struct value_text *out)
{
    if (!text_is_utf8(value))
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "is not valid UTF-8");
    *out = (struct value_text){ { value.data == NULL ? "" : value.data, value.len }, true };
    return true;
}

static bool number_text(struct wire_walk *walk, const struct field *field, uint64_t bits,
                        struct value_text *out)
{
    double as_double;
    float as_float;
    const uint32_t low = (uint32_t)bits;
    switch (field->type) {
    case TYPE_DOUBLE:
        memcpy(&as_double, &bits, sizeof as_double);
        return floating_text(walk, as_double, false, out);
    case TYPE_FLOAT:
        memcpy(&as_float, &low, sizeof as_float);
        return floating_text(walk, (double)as_float, true, out);
    case TYPE_BOOL:
        *out = (struct value_text){ bits != 0 ? TEXT("true") : TEXT("false"), false };
        return true;
    case TYPE_ENUM:
        return enum_text(walk, field->enumeration, (int32_t)low, out);
    case TYPE_UINT64:
    case TYPE_FIXED64:
        buffer_append_u64(&walk->scratch, bits);
        break;
    case TYPE_UINT32:
    case TYPE_FIXED32:
        buffer_append_u64(&walk->scratch, low);
        break;
    case TYPE_INT64:
    case TYPE_SFIXED64:
        buffer_append_i64(&walk->scratch, (int64_t)bits);
        break;
    case TYPE_INT32:
    case TYPE_SFIXED32:
        buffer_append_i64(&walk->scratch, (int32_t)low);
        break;
    case TYPE_SINT64:
        buffer_append_i64(&walk->scratch, wire_unzigzag(bits));
        break;
    case TYPE_SINT32:
        buffer_append_i64(&walk->scratch, (int32_t)wire_unzigzag(low));
        break;
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_GROUP:
    case TYPE_MESSAGE:
    default:
        return walk_error(walk, ERROR_INTERNAL, "has no number");
    }
    return scratch_value(walk, false, out);
}

static bool timestamp_text(struct wire_walk *walk, struct timestamp ts, struct value_text *out)
{
    if (!timestamp_is_valid(ts))
        return walk_error(walk, ERROR_INVALID_ARGUMENT,
                          "is not a time between the years 1 and 9999");
    rfc3339_append(&walk->scratch, ts);
    return scratch_value(walk, true, out);
}

static bool proto_duration_text(struct wire_walk *walk, struct timestamp d, struct value_text *out)
{
    const bool negative = d.seconds < 0 || d.nanos < 0;
    buffer_appendf(&walk->scratch, "%s%lld", negative ? "-" : "", (long long)llabs(d.seconds));
    if (d.nanos != 0) {
        char digits[16];
        int len = snprintf(digits, sizeof digits, "%09d", abs(d.nanos));
        while (len > 3 && strcmp(digits + len - 3, "000") == 0)
            digits[len -= 3] = '\0';
        buffer_appendf(&walk->scratch, ".%s", digits);
    }
    buffer_append_byte(&walk->scratch, 's');
    return scratch_value(walk, true, out);
}

static bool duration_text(struct wire_walk *walk, bool is_go, struct timestamp d,
                          struct value_text *out)
{
    int64_t ns = 0;
    if (d.seconds < -DURATION_MAX_SECONDS || d.seconds > DURATION_MAX_SECONDS ||
        d.nanos <= -DURATION_NANOS_LIMIT || d.nanos >= DURATION_NANOS_LIMIT ||
        (d.seconds > 0 && d.nanos < 0) || (d.seconds < 0 && d.nanos > 0))
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "is not a valid duration");
    if (!is_go)
        return proto_duration_text(walk, d, out);
    if (!i64_mul(d.seconds, NS_PER_SEC, &ns) || !i64_add(ns, d.nanos, &ns))
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "is longer than 292 years");
    go_duration_append(&walk->scratch, ns);
    return scratch_value(walk, true, out);
}

static bool bytes_text(struct wire_walk *walk, struct text bytes, struct value_text *out)
{
    base64_encode(&walk->scratch, bytes);
    return scratch_value(walk, true, out);
}

/* A value of any type but messages. */
static bool scalar_text(struct wire_walk *walk, const struct field *field,
                        const struct occurrence *o, struct value_text *out)
{
    const struct text bytes = { o->data, o->length };
    if (!o->has_bytes)
        return number_text(walk, field, o->bits, out);
    return field->type == TYPE_STRING ? string_text(walk, bytes, out)
                                      : bytes_text(walk, bytes, out);
}

static bool zero_text(struct wire_walk *walk, const struct field *field, struct value_text *out)
{
    *out = (struct value_text){ { "", 0 }, true };
    return field->type == TYPE_STRING || field->type == TYPE_BYTES ||
           number_text(walk, field, 0, out);
}

/* ---- messages that are single values ------------------------------------------------------- */

/* What the pieces of one said so far: a split message merges, later numbers replace earlier ones.
 * The paths of a FieldMask gather in the scratch buffer. */
struct gathered {
    struct timestamp time;
    struct occurrence wrapped;
    bool has_wrapped;
};

static bool is_between(char c, char first, char last)
{
    return c >= first && c <= last;
}

/* user_name -> userName. What would not come back as it was has no form (field_mask.proto). */
static bool gather_mask_path(struct wire_walk *walk, struct text path)
{
    bool ok = path.len > 0 && text_is_utf8(path);
    if (walk->scratch.len > 0)
        buffer_append_byte(&walk->scratch, ',');
    for (size_t i = 0; ok && i < path.len; i++) {
        char c = path.data[i];
        if (c == '_') {
            ok = ++i < path.len && is_between(path.data[i], 'a', 'z');
            c = ok ? (char)(path.data[i] - 'a' + 'A') : c;
        } else {
            ok = c != ',' && !is_between(c, 'A', 'Z');
        }
        buffer_append_byte(&walk->scratch, (uint8_t)c);
    }
    return ok || walk_error(walk, ERROR_INVALID_ARGUMENT, "has a path without a form in JSON");
}

static bool gather_record(struct wire_walk *walk, const struct message *message,
                          const struct wire_record *record, struct gathered *g)
{
    switch (message->form) {
    case FORM_TIMESTAMP:
    case FORM_DURATION:
        if (record->type == WIRE_VARINT && record->number == 1)
            g->time.seconds = (int64_t)record->value;
        else if (record->type == WIRE_VARINT && record->number == 2)
            g->time.nanos = (int32_t)record->value;
        return true;
    case FORM_WRAPPER:
        if (record->number == message->wrapped->number &&
            field_takes_record(message->wrapped, record)) {
            g->wrapped = occurrence_of(record);
            g->has_wrapped = true;
        }
        return true;
    case FORM_FIELD_MASK:
        return record->type != WIRE_BYTES || record->number != 1 ||
               gather_mask_path(walk, record->bytes);
    case FORM_OBJECT:
    case FORM_MAP_ENTRY:
    case FORM_STRUCT:
    case FORM_VALUE:
    case FORM_LIST:
    case FORM_EMPTY:
    case FORM_HTTP_BODY:
    case FORM_ANY:
    default:
        return walk_error(walk, ERROR_INTERNAL, "is not a single value");
    }
}

static bool gather(struct wire_walk *walk, const struct message *message, struct text bytes,
                   struct gathered *g)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, walk->err))
            return walk_locate(walk);
        if (!more)
            return true;
        if (!gather_record(walk, message, &record, g))
            return false;
    }
}

static bool gathered_text(struct wire_walk *walk, const struct message *message, bool is_go,
                          const struct gathered *g, struct value_text *out)
{
    if (message->form == FORM_TIMESTAMP)
        return timestamp_text(walk, g->time, out);
    if (message->form == FORM_DURATION)
        return duration_text(walk, is_go, g->time, out);
    if (message->form == FORM_FIELD_MASK)
        return scratch_value(walk, true, out);
    return g->has_wrapped ? scalar_text(walk, message->wrapped, &g->wrapped, out)
                          : zero_text(walk, message->wrapped, out);
}

bool message_value_text(struct wire_walk *walk, const struct message *message, struct text bytes,
                        struct value_text *out)
{
    struct gathered g = { 0 };
    buffer_clear(&walk->scratch);
    return gather(walk, message, bytes, &g) && gathered_text(walk, message, false, &g, out);
}

/* ---- fields -------------------------------------------------------------------------------- */

/* The upper bits of a number that is too wide do not count. */
static bool is_zero(const struct field *field, uint64_t bits)
{
    const bool is_narrow = field->type == TYPE_INT32 || field->type == TYPE_UINT32 ||
                           field->type == TYPE_SINT32 || field->type == TYPE_ENUM;
    return is_narrow ? (uint32_t)bits == 0 : bits == 0;
}

bool field_is_set(const struct wire_walk *walk, const struct indexed_message *m,
                  const struct field *field)
{
    const struct slot *slot = field_index_slot(&walk->index, m, field);
    if (slot->first == 0)
        return false;
    if (field->has_presence || field->is_repeated)
        return true;
    const struct occurrence *o = field_index_at(&walk->index, slot->last);
    return o->has_bytes ? o->length > 0 : !is_zero(field, o->bits);
}

bool field_value_text(struct wire_walk *walk, const struct indexed_message *m,
                      const struct field *field, struct value_text *out)
{
    const struct slot *slot = field_index_slot(&walk->index, m, field);
    buffer_clear(&walk->scratch);
    if (field->type != TYPE_MESSAGE)
        return slot->first == 0
                   ? zero_text(walk, field, out)
                   : scalar_text(walk, field, field_index_at(&walk->index, slot->last), out);
    struct gathered g = { 0 };
    uint32_t position = slot->first;
    while (position != 0) {
        const struct occurrence *o = field_index_at(&walk->index, position);
        if (!gather(walk, field->message, (struct text){ o->data, o->length }, &g))
            return false;
        position = o->next;
    }
    return gathered_text(walk, field->message, field->is_go_duration, &g, out);
}

static bool element_text(struct wire_walk *walk, const struct field *field,
                         const struct occurrence *o, struct value_text *out)
{
    struct gathered g = { 0 };
    buffer_clear(&walk->scratch);
    if (field->type != TYPE_MESSAGE)
        return scalar_text(walk, field, o, out);
    return gather(walk, field->message, (struct text){ o->data, o->length }, &g) &&
           gathered_text(walk, field->message, field->is_go_duration, &g, out);
}

static bool next_packed(struct wire_walk *walk, const struct field *field, struct text bytes,
                        size_t *at, struct value_text *out)
{
    struct wire_reader reader =
        wire_reader_from((struct text){ bytes.data + *at, bytes.len - *at });
    uint64_t bits = 0;
    uint32_t low = 0;
    bool ok = false;
    switch (field_wire_type(field->type)) {
    case WIRE_64BIT:
        ok = wire_read_fixed64(&reader, &bits);
        break;
    case WIRE_32BIT:
        ok = wire_read_fixed32(&reader, &low);
        bits = low;
        break;
    case WIRE_VARINT:
    case WIRE_BYTES:
    case WIRE_GROUP_BEGIN:
    case WIRE_GROUP_END:
    default:
        ok = wire_read_varint(&reader, &bits);
        break;
    }
    if (!ok)
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "has packed values that are cut off");
    *at = bytes.len - (size_t)(reader.end - reader.at);
    buffer_clear(&walk->scratch);
    return number_text(walk, field, bits, out);
}

bool value_has_word(struct wire_walk *walk, const struct value_text *value)
{
    return value->text.data != NULL ||
           walk_error(walk, ERROR_INVALID_ARGUMENT,
                      "has a value that the API has no word for, where none can be left out");
}

bool field_next_element(struct wire_walk *walk, const struct field *field,
                        const struct occurrence *occurrence, size_t *at, struct value_text *out,
                        bool *more)
{
    const bool is_packed = occurrence->has_bytes && field->type != TYPE_STRING &&
                           field->type != TYPE_BYTES && field->type != TYPE_MESSAGE;
    *more = is_packed ? *at < occurrence->length : *at == 0;
    if (!*more)
        return true;
    if (is_packed) {
        const struct text pack = { occurrence->data, occurrence->length };
        return next_packed(walk, field, pack, at, out) && value_has_word(walk, out);
    }
    *at = 1;
    return element_text(walk, field, occurrence, out) && value_has_word(walk, out);
}

#include "gateway/transcode/to_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "gateway/transcode/wire.h"

enum {
    SCRATCH_BYTES = 32 << 20,
    WALK_ARENA_BYTES = 32 << 20,
    DURATION_NANOS_LIMIT = 1000000000,
};
/* google.protobuf.Timestamp: 0001-01-01 to 9999-12-31. */
#define TIMESTAMP_MIN_SECONDS INT64_C(-62135596800)
#define TIMESTAMP_MAX_SECONDS INT64_C(253402300799)

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

static size_t append_path(const struct walk_step *step, char *out, size_t size)
{
    if (step == NULL)
        return 0;
    size_t used = append_path(step->outer, out, size);
    if (used >= size)
        return used;
    int n = snprintf(out + used, size - used, "%s" TEXT_FMT, used == 0 ? "" : ".",
                     TEXT_ARGS(step->field->name));
    return n < 0 ? used : used + (size_t)n;
}

bool walk_error(struct wire_walk *walk, enum error_code code, const char *format, ...)
{
    char path[sizeof walk->err->field] = "";
    char why[512];
    va_list values;
    append_path(walk->step, path, sizeof path);
    va_start(values, format);
    (void)vsnprintf(why, sizeof why, format, values);
    va_end(values);
    return error_set_field(walk->err, code, path, "%s%s%s", path, path[0] == '\0' ? "" : ": ", why);
}

bool walk_locate(struct wire_walk *walk)
{
    if (walk->err->field[0] == '\0' && walk->step != NULL) {
        append_path(walk->step, walk->err->field, sizeof walk->err->field);
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
        return walk_error(walk, ERROR_NO_MEMORY, "no memory for the value");
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

/* The two numbers of a Timestamp or Duration: int64 seconds = 1, int32 nanos = 2. */
static bool read_seconds(struct wire_walk *walk, struct text bytes, struct timestamp *out)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, walk->err))
            return walk_locate(walk);
        if (!more)
            return true;
        if (record.type == WIRE_VARINT && record.number == 1)
            out->seconds = (int64_t)record.value;
        else if (record.type == WIRE_VARINT && record.number == 2)
            out->nanos = (int32_t)record.value;
    }
}

static bool timestamp_text(struct wire_walk *walk, struct timestamp ts, struct value_text *out)
{
    if (ts.seconds < TIMESTAMP_MIN_SECONDS || ts.seconds > TIMESTAMP_MAX_SECONDS || ts.nanos < 0 ||
        ts.nanos >= NS_PER_SEC)
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

static bool duration_text(struct wire_walk *walk, const struct field *field, struct timestamp d,
                          struct value_text *out)
{
    int64_t ns = 0;
    if (d.seconds < -DURATION_MAX_SECONDS || d.seconds > DURATION_MAX_SECONDS ||
        d.nanos <= -DURATION_NANOS_LIMIT || d.nanos >= DURATION_NANOS_LIMIT ||
        (d.seconds > 0 && d.nanos < 0) || (d.seconds < 0 && d.nanos > 0))
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "is not a valid duration");
    if (!field->is_go_duration)
        return proto_duration_text(walk, d, out);
    if (!i64_mul(d.seconds, NS_PER_SEC, &ns) || !i64_add(ns, d.nanos, &ns))
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "is longer than 292 years");
    go_duration_append(&walk->scratch, ns);
    return scratch_value(walk, true, out);
}

static bool time_text(struct wire_walk *walk, const struct field *field, struct timestamp value,
                      struct value_text *out)
{
    return field->message->form == FORM_TIMESTAMP ? timestamp_text(walk, value, out)
                                                  : duration_text(walk, field, value, out);
}

static bool bytes_text(struct wire_walk *walk, struct text bytes, struct value_text *out)
{
    base64_encode(&walk->scratch, bytes);
    return scratch_value(walk, true, out);
}

/* One value of any field_is_single_text type from one occurrence. */
static bool occurrence_text(struct wire_walk *walk, const struct field *field,
                            const struct occurrence *o, struct value_text *out)
{
    struct timestamp time = { 0 };
    buffer_clear(&walk->scratch);
    if (!o->has_bytes)
        return number_text(walk, field, o->bits, out);
    struct text bytes = { o->data, o->length };
    if (field->type == TYPE_STRING)
        return string_text(walk, bytes, out);
    if (field->type == TYPE_BYTES)
        return bytes_text(walk, bytes, out);
    return read_seconds(walk, bytes, &time) && time_text(walk, field, time, out);
}

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
    const bool is_text = field->type == TYPE_STRING || field->type == TYPE_BYTES;
    buffer_clear(&walk->scratch);
    if (slot->first == 0 && field->type != TYPE_MESSAGE) {
        *out = (struct value_text){ { "", 0 }, true };
        return is_text || number_text(walk, field, 0, out);
    }
    if (field->type != TYPE_MESSAGE)
        return occurrence_text(walk, field, field_index_at(&walk->index, slot->last), out);
    /* Split messages merge: later numbers replace earlier ones. */
    struct timestamp time = { 0 };
    uint32_t position = slot->first;
    while (position != 0) {
        const struct occurrence *o = field_index_at(&walk->index, position);
        if (!read_seconds(walk, (struct text){ o->data, o->length }, &time))
            return false;
        position = o->next;
    }
    return time_text(walk, field, time, out);
}

static bool next_packed(struct wire_walk *walk, const struct field *field, struct text bytes,
                        size_t *at, struct value_text *out)
{
    struct wire_reader reader =
        wire_reader_from((struct text){ bytes.data + *at, bytes.len - *at });
    uint64_t bits = 0;
    uint32_t low = 0;
    bool ok;
    switch (field->type) {
    case TYPE_DOUBLE:
    case TYPE_FIXED64:
    case TYPE_SFIXED64:
        ok = wire_read_fixed64(&reader, &bits);
        break;
    case TYPE_FLOAT:
    case TYPE_FIXED32:
    case TYPE_SFIXED32:
        ok = wire_read_fixed32(&reader, &low);
        bits = low;
        break;
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
        ok = wire_read_varint(&reader, &bits);
        break;
    }
    if (!ok)
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "packed values are cut off");
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
    return occurrence_text(walk, field, occurrence, out) && value_has_word(walk, out);
}

/* ---- maps --------------------------------------------------------------------------------- */

static int by_key_then_order(const void *a, const void *b)
{
    const struct map_entry *left = a;
    const struct map_entry *right = b;
    int order = text_compare(left->key, right->key);
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static bool read_map_key(struct wire_walk *walk, const struct field *field, struct map_entry *e)
{
    const struct field *key = message_find_number(field->message, 1);
    struct indexed_message entry;
    struct value_text value = { 0 };
    if (!field_index_open(&walk->index, field->message, e->entry, &entry, walk->err))
        return walk_locate(walk);
    bool ok = key != NULL && field_value_text(walk, &entry, key, &value);
    field_index_close(&walk->index, &entry);
    if (!ok)
        return false;
    e->key = value.text;
    if (value.is_string)
        return true; /* stands in the wire bytes */
    e->key.data = arena_copy(walk->arena, value.text);
    return e->key.data != NULL || walk_error(walk, ERROR_NO_MEMORY, "no memory for the map");
}

bool field_map_entries(struct wire_walk *walk, const struct indexed_message *m,
                       const struct field *field, struct map_entry **out, size_t *count)
{
    const struct slot slot = *field_index_slot(&walk->index, m, field);
    struct map_entry *entries = arena_alloc(walk->arena, slot.count * sizeof *entries);
    if (entries == NULL)
        return walk_error(walk, ERROR_RESOURCE_EXHAUSTED, "the map is too large");
    uint32_t position = slot.first;
    for (size_t i = 0; i < slot.count; i++) {
        const struct occurrence *o = field_index_at(&walk->index, position);
        position = o->next;
        entries[i] = (struct map_entry){ .entry = { o->data, o->length }, .order = i };
        if (!read_map_key(walk, field, &entries[i]))
            return false;
    }
    qsort(entries, slot.count, sizeof *entries, by_key_then_order);
    size_t kept = 0;
    for (size_t i = 0; i < slot.count; i++)
        if (i + 1 == slot.count || !text_equal(entries[i].key, entries[i + 1].key))
            entries[kept++] = entries[i];
    *out = entries;
    *count = kept;
    return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

uint32_t field_filter_enter(const struct field_filter *filter, const struct field *field)
{
    uint32_t inner = 0;
    for (uint32_t i = 0; filter->active >> i != 0; i++) {
        const struct field_path *path = &filter->paths[i];
        if ((filter->active >> i & 1) == 0 || path->steps[filter->depth] != field)
            continue;
        if (path->length == filter->depth + 1)
            return FILTER_TAKES_FIELD;
        inner |= UINT32_C(1) << i;
    }
    return inner;
}

static void write_value(struct json_writer *w, const struct value_text *value)
{
    if (value->is_string)
        json_write_string(w, value->text);
    else
        json_write_raw(w, value->text);
}

static bool unsupported(struct wire_walk *walk, const struct message *message)
{
    return walk_error(walk, ERROR_NOT_SUPPORTED, "type " TEXT_FMT " is not translated",
                      TEXT_ARGS(message->full_name));
}

/* A message given as a piece of wire bytes: an element of a repeated field. */
static bool write_message_bytes(struct wire_walk *walk, struct json_writer *w,
                                const struct message *message, struct text bytes)
{
    struct indexed_message m;
    const struct field_filter none = { 0 };
    if (!field_index_open(&walk->index, message, bytes, &m, walk->err))
        return walk_locate(walk);
    bool ok = write_message(walk, w, &m, &none);
    field_index_close(&walk->index, &m);
    return ok;
}

static bool write_elements(struct wire_walk *walk, struct json_writer *w, const struct field *field,
                           const struct occurrence *o)
{
    size_t at = 0;
    for (;;) {
        struct value_text value;
        bool more = false;
        if (!field_next_element(walk, field, o, &at, &value, &more))
            return false;
        if (!more)
            return true;
        write_value(w, &value);
    }
}

static bool write_array(struct wire_walk *walk, struct json_writer *w,
                        const struct indexed_message *m, const struct field *field)
{
    json_write_array_begin(w);
    uint32_t position = field_index_slot(&walk->index, m, field)->first;
    while (position != 0) {
        const struct occurrence o = *field_index_at(&walk->index, position);
        position = o.next;
        bool ok =
            field_is_single_text(field)
                ? write_elements(walk, w, field, &o)
                : write_message_bytes(walk, w, field->message, (struct text){ o.data, o.length });
        if (!ok)
            return false;
    }
    json_write_array_end(w);
    return true;
}

static bool write_map_value(struct wire_walk *walk, struct json_writer *w,
                            const struct indexed_message *entry, const struct field *value)
{
    struct value_text text;
    const struct field_filter none = { 0 };
    if (!field_is_single_text(value)) {
        if (field_index_slot(&walk->index, entry, value)->first != 0)
            return write_field(walk, w, entry, value, &none);
        json_write_raw(w, TEXT("{}"));
        return true;
    }
    if (!field_value_text(walk, entry, value, &text) || !value_has_word(walk, &text))
        return false;
    write_value(w, &text);
    return true;
}

static bool write_map(struct wire_walk *walk, struct json_writer *w,
                      const struct indexed_message *m, const struct field *field)
{
    struct map_entry *entries = NULL;
    size_t count = 0;
    const struct field *value = message_find_number(field->message, 2);
    if (!field_map_entries(walk, m, field, &entries, &count))
        return false;
    json_write_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        struct indexed_message entry;
        json_write_key(w, entries[i].key);
        if (!field_index_open(&walk->index, field->message, entries[i].entry, &entry, walk->err))
            return walk_locate(walk);
        bool ok = write_map_value(walk, w, &entry, value);
        field_index_close(&walk->index, &entry);
        if (!ok)
            return false;
    }
    json_write_object_end(w);
    return true;
}

static bool write_nested(struct wire_walk *walk, struct json_writer *w,
                         const struct indexed_message *m, const struct field *field,
                         const struct field_filter *inner)
{
    struct indexed_message nested;
    if (!field_index_open_nested(&walk->index, m, field, &nested, walk->err))
        return walk_locate(walk);
    bool ok = write_message(walk, w, &nested, inner);
    field_index_close(&walk->index, &nested);
    return ok;
}

static bool write_field_value(struct wire_walk *walk, struct json_writer *w,
                              const struct indexed_message *m, const struct field *field,
                              const struct field_filter *inner)
{
    struct value_text value;
    if (field->type == TYPE_MESSAGE && field->message->form == FORM_UNSUPPORTED)
        return unsupported(walk, field->message);
    if (field->is_map)
        return write_map(walk, w, m, field);
    if (field->is_repeated)
        return write_array(walk, w, m, field);
    if (!field_is_single_text(field))
        return write_nested(walk, w, m, field, inner);
    if (!field_value_text(walk, m, field, &value))
        return false;
    write_value(w, &value);
    return true;
}

bool write_field(struct wire_walk *walk, struct json_writer *w, const struct indexed_message *m,
                 const struct field *field, const struct field_filter *inner)
{
    const struct walk_step step = { walk->step, field };
    walk->step = &step;
    bool ok = write_field_value(walk, w, m, field, inner);
    walk->step = step.outer;
    return ok;
}

/* An enum value without a word in this API (…_UNSPECIFIED) is the same as an unset field. */
static bool has_no_word(const struct wire_walk *walk, const struct indexed_message *m,
                        const struct field *field)
{
    if (field->type != TYPE_ENUM || field->is_repeated)
        return false;
    const struct slot *slot = field_index_slot(&walk->index, m, field);
    const struct enum_value *value = enumeration_find_number(
        field->enumeration, (int32_t)field_index_at(&walk->index, slot->last)->bits);
    return value != NULL && value->json.data == NULL;
}

bool write_message(struct wire_walk *walk, struct json_writer *w, const struct indexed_message *m,
                   const struct field_filter *filter)
{
    if (m->message->form == FORM_UNSUPPORTED)
        return unsupported(walk, m->message); /* the request itself is one */
    json_write_object_begin(w);
    for (size_t i = 0; i < m->message->field_count; i++) {
        const struct field *field = &m->message->fields[i];
        if (!field_is_set(walk, m, field) || has_no_word(walk, m, field))
            continue;
        const uint32_t active = field_filter_enter(filter, field);
        if (active == FILTER_TAKES_FIELD)
            continue;
        const struct field_filter inner = { filter->paths, active, filter->depth + 1 };
        json_write_key(w, field->json_name);
        if (!write_field(walk, w, m, field, &inner))
            return false;
    }
    json_write_object_end(w);
    return true;
}

bool json_from_wire(const struct message *message, struct text wire, struct buffer *out,
                    struct error *err)
{
    SCOPED(arena) struct arena arena = arena_capped(WALK_ARENA_BYTES);
    SCOPED(wire_walk)
    struct wire_walk walk = { .scratch = buffer_capped(SCRATCH_BYTES),
                              .arena = &arena,
                              .err = err };
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);
    if (!write_message_bytes(&walk, &w, message, wire))
        return false;
    if (out->failed)
        return error_set(err, out->out_of_room ? ERROR_RESOURCE_EXHAUSTED : ERROR_NO_MEMORY,
                         "the message is larger than %zu bytes of JSON", out->max);
    return true;
}

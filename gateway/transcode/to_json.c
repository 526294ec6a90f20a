#include "gateway/transcode/to_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BYTES = 32 << 20, WALK_ARENA_BYTES = 32 << 20 };

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
    return e->key.data != NULL || walk_error(walk, ERROR_NO_MEMORY, "finds no memory for its map");
}

bool field_map_entries(struct wire_walk *walk, const struct indexed_message *m,
                       const struct field *field, struct map_entry **out, size_t *count)
{
    const struct slot slot = *field_index_slot(&walk->index, m, field);
    struct map_entry *entries = arena_alloc(walk->arena, slot.count * sizeof *entries);
    if (entries == NULL)
        return walk_error(walk, ERROR_RESOURCE_EXHAUSTED, "is too large a map");
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

bool unsupported_type(struct wire_walk *walk, const struct message *message)
{
    return walk_error(walk, ERROR_NOT_SUPPORTED, "is a " TEXT_FMT ", which is not translated",
                      TEXT_ARGS(message->full_name));
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

static bool write_members(struct wire_walk *walk, struct json_writer *w,
                          const struct indexed_message *m, const struct field_filter *filter)
{
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

static bool write_elements(struct wire_walk *walk, struct json_writer *w, const struct field *field,
                           const struct occurrence *o, struct place *place)
{
    for (size_t at = 0;; place->index++) {
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
    struct place place = { .outer = walk->place, .kind = PLACE_ELEMENT };
    uint32_t position = field_index_slot(&walk->index, m, field)->first;
    walk->place = &place;
    json_write_array_begin(w);
    while (position != 0) {
        const struct occurrence o = *field_index_at(&walk->index, position);
        position = o.next;
        if (field->is_single) {
            if (!write_elements(walk, w, field, &o, &place))
                return false;
        } else if (!write_message_bytes(walk, w, field->message,
                                        (struct text){ o.data, o.length })) {
            return false;
        } else {
            place.index++;
        }
    }
    json_write_array_end(w);
    walk->place = place.outer;
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

static bool write_map_value(struct wire_walk *walk, struct json_writer *w,
                            const struct indexed_message *entry, const struct field *value)
{
    struct value_text text;
    const struct field_filter none = { 0 };
    if (!value->is_single)
        return field_index_slot(&walk->index, entry, value)->first != 0
                   ? write_nested(walk, w, entry, value, &none)
                   : write_message_bytes(walk, w, value->message, TEXT(""));
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
    struct place place = { .outer = walk->place, .kind = PLACE_KEY };
    if (!field_map_entries(walk, m, field, &entries, &count))
        return false;
    walk->place = &place;
    json_write_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        struct indexed_message entry;
        place.key = entries[i].key;
        json_write_key(w, entries[i].key);
        if (!field_index_open(&walk->index, field->message, entries[i].entry, &entry, walk->err))
            return walk_locate(walk);
        bool ok = write_map_value(walk, w, &entry, value);
        field_index_close(&walk->index, &entry);
        if (!ok)
            return false;
    }
    json_write_object_end(w);
    walk->place = place.outer;
    return true;
}

static bool write_field_value(struct wire_walk *walk, struct json_writer *w,
                              const struct indexed_message *m, const struct field *field,
                              const struct field_filter *inner)
{
    struct value_text value;
    if (field->is_map)
        return write_map(walk, w, m, field);
    if (field->is_repeated)
        return write_array(walk, w, m, field);
    if (!field->is_single)
        return write_nested(walk, w, m, field, inner);
    if (!field_value_text(walk, m, field, &value))
        return false;
    write_value(w, &value);
    return true;
}

bool write_field(struct wire_walk *walk, struct json_writer *w, const struct indexed_message *m,
                 const struct field *field, const struct field_filter *inner)
{
    const struct place place = { .outer = walk->place, .kind = PLACE_FIELD, .field = field };
    walk->place = &place;
    bool ok = write_field_value(walk, w, m, field, inner);
    walk->place = place.outer;
    return ok;
}

/* ---- Struct, ListValue, Value --------------------------------------------------------------- */

/* Their one field is the JSON. */
static bool write_lone_field(struct wire_walk *walk, struct json_writer *w,
                             const struct indexed_message *m)
{
    const struct field *field = message_find_number(m->message, 1);
    if (field_index_slot(&walk->index, m, field)->count > 0)
        return field->is_map ? write_map(walk, w, m, field) : write_array(walk, w, m, field);
    json_write_raw(w, field->is_map ? TEXT("{}") : TEXT("[]"));
    return true;
}

/* JSON has no such numbers, and the text that stands for one elsewhere would be read as a text. */
static bool is_not_finite(const struct wire_walk *walk, const struct indexed_message *m,
                          const struct field *field)
{
    double value = 0;
    if (field->type != TYPE_DOUBLE)
        return false;
    const struct slot *slot = field_index_slot(&walk->index, m, field);
    memcpy(&value, &field_index_at(&walk->index, slot->last)->bits, sizeof value);
    return !isfinite(value);
}

static bool write_kind(struct wire_walk *walk, struct json_writer *w,
                       const struct indexed_message *m)
{
    const struct field_filter none = { 0 };
    for (size_t i = 0; i < m->message->field_count; i++) {
        const struct field *field = &m->message->fields[i];
        if (field_index_slot(&walk->index, m, field)->first == 0)
            continue;
        if (is_not_finite(walk, m, field))
            return walk_error(walk, ERROR_INVALID_ARGUMENT, "is a number that JSON cannot hold");
        return write_field_value(walk, w, m, field, &none);
    }
    return walk_error(walk, ERROR_INVALID_ARGUMENT, "is a Value of no kind");
}

/* ---- the whole ------------------------------------------------------------------------------ */

bool write_message(struct wire_walk *walk, struct json_writer *w, const struct indexed_message *m,
                   const struct field_filter *filter)
{
    switch (m->message->form) {
    case FORM_STRUCT:
    case FORM_LIST:
        return write_lone_field(walk, w, m);
    case FORM_VALUE:
        return write_kind(walk, w, m);
    case FORM_ANY:
        return unsupported_type(walk, m->message);
    case FORM_OBJECT:
    case FORM_MAP_ENTRY:
    case FORM_TIMESTAMP:
    case FORM_DURATION:
    case FORM_WRAPPER:
    case FORM_FIELD_MASK:
    case FORM_EMPTY:
    case FORM_HTTP_BODY:
    default:
        return write_members(walk, w, m, filter);
    }
}

bool write_message_bytes(struct wire_walk *walk, struct json_writer *w,
                         const struct message *message, struct text bytes)
{
    struct indexed_message m;
    struct value_text value;
    const struct field_filter none = { 0 };
    if (form_is_single(message->form)) {
        if (!message_value_text(walk, message, bytes, &value))
            return false;
        write_value(w, &value);
        return true;
    }
    if (!field_index_open(&walk->index, message, bytes, &m, walk->err))
        return walk_locate(walk);
    bool ok = write_message(walk, w, &m, &none);
    field_index_close(&walk->index, &m);
    return ok;
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

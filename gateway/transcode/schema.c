#include "gateway/transcode/schema_internal.h"

#include <assert.h>
#include <stdlib.h>

uint32_t schema_hash(struct text t)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < t.len; i++)
        hash = (hash ^ (uint8_t)t.data[i]) * 16777619u;
    return hash;
}

void schema_free(struct schema *schema)
{
    if (schema == NULL)
        return;
    HASH_CLEAR(hh, schema->methods_by_path);
    HASH_CLEAR(hh, schema->types);
    for (size_t i = 0; i < schema->template_count; i++)
        path_template_free(schema->templates[i]);
    free(schema->templates);
    free(schema->methods);
    arena_fini(&schema->arena);
    free(schema);
}

const struct method *schema_find_method(const struct schema *schema, struct text path)
{
    struct method_entry *entry = NULL;
    HASH_FIND(hh, schema->methods_by_path, path.data, path.len, entry);
    return entry == NULL ? NULL : entry->method;
}

bool schema_set_timeout(struct schema *schema, struct text path, int64_t timeout_ms)
{
    const struct method *method = schema_find_method(schema, path);
    if (method != NULL)
        schema->methods[schema_method_index(schema, method)].timeout_ms = timeout_ms;
    return method != NULL;
}

size_t schema_method_count(const struct schema *schema)
{
    return schema->method_count;
}

const struct method *schema_method(const struct schema *schema, size_t index)
{
    return &schema->methods[index];
}

size_t schema_method_index(const struct schema *schema, const struct method *method)
{
    return (size_t)(method - schema->methods);
}

const struct message *schema_find_message(const struct schema *schema, struct text full_name)
{
    struct type_entry *entry = NULL;
    HASH_FIND(hh, schema->types, full_name.data, full_name.len, entry);
    return entry == NULL ? NULL : entry->message;
}

bool schema_first_visit(struct schema *schema, const struct message *message)
{
    struct type_entry *entry = NULL;
    HASH_FIND(hh, schema->types, message->full_name.data, message->full_name.len, entry);
    assert(entry != NULL); /* every message there is was declared */
    const bool is_first = !entry->is_visited;
    entry->is_visited = true;
    return is_first;
}

const struct field *message_find_number(const struct message *message, uint32_t number)
{
    /* Most messages number their fields 1, 2, 3 ... */
    if (number - 1 < message->field_count) {
        const struct field *likely = &message->fields[message->by_number[number - 1]];
        if (likely->number == number)
            return likely;
    }
    size_t low = 0;
    size_t high = message->field_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct field *field = &message->fields[message->by_number[middle]];
        if (field->number == number)
            return field;
        if (field->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct field *message_find_name(const struct message *message, struct text key)
{
    if (message->field_count == 0)
        return NULL;
    uint32_t at = schema_hash(key) & message->by_name_mask;
    while (message->by_name[at] != 0) {
        const struct field *field = &message->fields[message->by_name[at] - 1];
        if (text_equal(field->json_name, key) ||
            (field->camel_name.data != NULL && text_equal(field->camel_name, key)))
            return field;
        at = (at + 1) & message->by_name_mask;
    }
    return NULL;
}

size_t field_index(const struct message *message, const struct field *field)
{
    return (size_t)(field - message->fields);
}

const struct enum_value *enumeration_find_number(const struct enumeration *e, int32_t number)
{
    for (size_t i = 0; i < e->value_count; i++)
        if (e->values[i].number == number)
            return &e->values[i];
    return NULL;
}

const struct enum_value *enumeration_find_json(const struct enumeration *e, struct text json)
{
    for (size_t i = 0; i < e->value_count; i++)
        if (e->values[i].json.data != NULL && text_equal(e->values[i].json, json))
            return &e->values[i];
    return NULL;
}

bool form_is_single(enum message_form form)
{
    return form == FORM_TIMESTAMP || form == FORM_DURATION || form == FORM_WRAPPER ||
           form == FORM_FIELD_MASK;
}

enum wire_type field_wire_type(enum field_type type)
{
    static const uint8_t types[] = {
        [TYPE_DOUBLE] = WIRE_64BIT,   [TYPE_FLOAT] = WIRE_32BIT,   [TYPE_INT64] = WIRE_VARINT,
        [TYPE_UINT64] = WIRE_VARINT,  [TYPE_INT32] = WIRE_VARINT,  [TYPE_FIXED64] = WIRE_64BIT,
        [TYPE_FIXED32] = WIRE_32BIT,  [TYPE_BOOL] = WIRE_VARINT,   [TYPE_STRING] = WIRE_BYTES,
        [TYPE_GROUP] = WIRE_BYTES,    [TYPE_MESSAGE] = WIRE_BYTES, [TYPE_BYTES] = WIRE_BYTES,
        [TYPE_UINT32] = WIRE_VARINT,  [TYPE_ENUM] = WIRE_VARINT,   [TYPE_SFIXED32] = WIRE_32BIT,
        [TYPE_SFIXED64] = WIRE_64BIT, [TYPE_SINT32] = WIRE_VARINT, [TYPE_SINT64] = WIRE_VARINT,
    };
    return (enum wire_type)types[type];
}

#include "gateway/transcode/schema_internal.h"

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

size_t schema_method_count(const struct schema *schema)
{
    return schema->method_count;
}

const struct method *schema_method(const struct schema *schema, size_t index)
{
    return &schema->methods[index];
}

const struct message *schema_find_message(const struct schema *schema, struct text full_name)
{
    struct type_entry *entry = NULL;
    HASH_FIND(hh, schema->types, full_name.data, full_name.len, entry);
    return entry == NULL ? NULL : entry->message;
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

const struct field *message_find_name(const struct message *message, struct text json_name)
{
    if (message->field_count == 0)
        return NULL;
    uint32_t at = schema_hash(json_name) & message->by_name_mask;
    while (message->by_name[at] != 0) {
        const struct field *field = &message->fields[message->by_name[at] - 1];
        if (text_equal(field->json_name, json_name))
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

bool field_is_single_text(const struct field *field)
{
    return field->type != TYPE_MESSAGE || field->message->form == FORM_TIMESTAMP ||
           field->message->form == FORM_DURATION;
}

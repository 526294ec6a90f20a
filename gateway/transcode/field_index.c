#include "gateway/transcode/field_index.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/transcode/wire.h"

enum { MAX_OCCURRENCES = 1 << 20 };

void field_index_fini(struct field_index *index)
{
    free(index->occurrences);
    free(index->slots);
    *index = (struct field_index){ 0 };
}

static bool is_length_delimited(enum field_type type)
{
    return type == TYPE_STRING || type == TYPE_BYTES || type == TYPE_MESSAGE;
}

/* A record of another wire type than the field's is an unknown field, says the encoding guide;
 * repeated numbers come packed or one by one, and a pack of none is as good as no field. */
bool field_takes_record(const struct field *field, const struct wire_record *record)
{
    if (record->type == field_wire_type(field->type))
        return true;
    return record->type == WIRE_BYTES && field->is_repeated && !is_length_delimited(field->type) &&
           record->bytes.len > 0;
}

static bool push_slots(struct field_index *index, const struct message *message, size_t *base,
                       struct error *err)
{
    size_t wanted = index->slot_count + message->field_count + message->oneof_count;
    if (wanted > index->slot_capacity) {
        size_t capacity = wanted < 64 ? 64 : 2 * wanted;
        struct slot *grown = realloc(index->slots, capacity * sizeof *grown);
        if (grown == NULL)
            return error_set(err, ERROR_NO_MEMORY, "no memory for the message");
        index->slots = grown;
        index->slot_capacity = capacity;
    }
    *base = index->slot_count;
    if (wanted > *base)
        memset(index->slots + *base, 0, (wanted - *base) * sizeof *index->slots);
    index->slot_count = wanted;
    return true;
}

static bool push_occurrence(struct field_index *index, const struct wire_record *record,
                            struct slot *slot, struct error *err)
{
    if (index->count == MAX_OCCURRENCES)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "message has more than %d fields",
                         MAX_OCCURRENCES);
    if (index->count == index->capacity) {
        size_t capacity = index->capacity == 0 ? 64 : 2 * index->capacity;
        struct occurrence *grown = realloc(index->occurrences, capacity * sizeof *grown);
        if (grown == NULL)
            return error_set(err, ERROR_NO_MEMORY, "no memory for the message");
        index->occurrences = grown;
        index->capacity = capacity;
    }
    struct occurrence *o = &index->occurrences[index->count++];
    const uint32_t position = (uint32_t)index->count;
    *o = occurrence_of(record);
    if (slot->first == 0)
        slot->first = position;
    else
        index->occurrences[slot->last - 1].next = position & 0x7fffffff;
    slot->last = position;
    slot->count++;
    return true;
}

/* Of a oneof the member that came last stands; the slot after the fields remembers which. */
static void settle_oneof(struct field_index *index, const struct indexed_message *m,
                         const struct field *field)
{
    if (field->oneof < 0)
        return;
    uint32_t self = (uint32_t)field_index(m->message, field) + 1;
    struct slot *current = &index->slots[m->slots + m->message->field_count + (size_t)field->oneof];
    if (current->first != 0 && current->first != self)
        index->slots[m->slots + current->first - 1] = (struct slot){ 0 };
    current->first = self;
}

static bool index_bytes(struct field_index *index, const struct indexed_message *m,
                        struct text bytes, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (!more)
            return true;
        const struct field *field = message_find_number(m->message, record.number);
        if (field == NULL || !field_takes_record(field, &record))
            continue;
        settle_oneof(index, m, field);
        struct slot *slot = &index->slots[m->slots + field_index(m->message, field)];
        if (!push_occurrence(index, &record, slot, err))
            return false;
    }
}

static bool open_empty(struct field_index *index, const struct message *message,
                       struct indexed_message *out, struct error *err)
{
    if (index->depth == WIRE_MAX_DEPTH)
        return error_set(err, ERROR_INVALID_ARGUMENT, "message is nested deeper than %d levels",
                         WIRE_MAX_DEPTH);
    out->message = message;
    out->mark = index->count;
    if (!push_slots(index, message, &out->slots, err))
        return false;
    index->depth++;
    return true;
}

bool field_index_open(struct field_index *index, const struct message *message, struct text bytes,
                      struct indexed_message *out, struct error *err)
{
    if (!open_empty(index, message, out, err))
        return false;
    if (index_bytes(index, out, bytes, err))
        return true;
    field_index_close(index, out);
    return false;
}

bool field_index_open_nested(struct field_index *index, const struct indexed_message *parent,
                             const struct field *field, struct indexed_message *out,
                             struct error *err)
{
    if (!open_empty(index, field->message, out, err))
        return false;
    uint32_t position = field_index_slot(index, parent, field)->first;
    while (position != 0) {
        struct occurrence o = *field_index_at(index, position);
        if (!index_bytes(index, out, (struct text){ o.data, o.length }, err)) {
            field_index_close(index, out);
            return false;
        }
        position = o.next;
    }
    return true;
}

void field_index_close(struct field_index *index, const struct indexed_message *m)
{
    index->count = m->mark;
    index->slot_count = m->slots;
    index->depth--;
}

const struct slot *field_index_slot(const struct field_index *index,
                                    const struct indexed_message *m, const struct field *field)
{
    return &index->slots[m->slots + field_index(m->message, field)];
}

const struct occurrence *field_index_at(const struct field_index *index, uint32_t position)
{
    return position == 0 ? NULL : &index->occurrences[position - 1];
}

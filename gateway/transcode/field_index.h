/* Where each field of a message stands in its wire bytes.
 *
 * On the wire fields come in any order, repeat, and may be split (a singular message that occurs
 * twice is merged, a scalar's last occurrence wins); JSON wants each once, whole. So each message
 * is read once into a list of occurrences per field. Indexes of nested messages are stacked and
 * dropped as soon as they are written out, so memory is bounded by the message's own size.
 *
 * Not thread-safe; one per call. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_FIELD_INDEX_H
#define TESTKIT_GATEWAY_TRANSCODE_FIELD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/transcode/schema.h"
#include "gateway/transcode/wire.h"

/* One occurrence of a field. `at` tells what is in the union. */
struct occurrence {
    union {
        uint64_t bits;    /* varint, 32-bit and 64-bit fields: the raw bits */
        const char *data; /* length-delimited ones; borrowed                */
    };
    uint32_t length;
    uint32_t next : 31;     /* 1 + the position of the field's next occurrence, 0 = last */
    uint32_t has_bytes : 1; /* the union holds data                                      */
};

/* The record as an occurrence, the last of its field. */
static inline struct occurrence occurrence_of(const struct wire_record *record)
{
    struct occurrence o = { .has_bytes = record->type == WIRE_BYTES };
    if (o.has_bytes) {
        o.data = record->bytes.data;
        o.length = (uint32_t)record->bytes.len;
    } else {
        o.bits = record->value;
    }
    return o;
}

struct slot {
    uint32_t first; /* 1 + position, 0 = the field does not occur */
    uint32_t last;
    uint32_t count;
};

struct field_index {
    struct occurrence *occurrences;
    size_t count;
    size_t capacity;
    struct slot *slots;
    size_t slot_count;
    size_t slot_capacity;
    size_t depth; /* messages open */
};

/* A message whose occurrences are in the index. */
struct indexed_message {
    const struct message *message;
    size_t slots; /* position of its first slot            */
    size_t mark;  /* occurrences before it, for closing it */
};

void field_index_fini(struct field_index *index);

/* Indexes a message from one piece of wire bytes. Close it in reverse order of opening.
 * Fails  INVALID_ARGUMENT    malformed bytes, nested deeper than WIRE_MAX_DEPTH
 *        RESOURCE_EXHAUSTED  more than a million fields
 *        NO_MEMORY
 * A failed call leaves nothing to close. */
MUST_USE bool field_index_open(struct field_index *index, const struct message *message,
                               struct text bytes, struct indexed_message *out, struct error *err);

/* The same for the nested message in field `field` of `parent`, all its occurrences merged.
 * The field must be a singular message that occurs. */
MUST_USE bool field_index_open_nested(struct field_index *index,
                                      const struct indexed_message *parent,
                                      const struct field *field, struct indexed_message *out,
                                      struct error *err);

/* True when the record, which has the field's number, has a form the field may have on the wire. */
bool field_takes_record(const struct field *field, const struct wire_record *record);

void field_index_close(struct field_index *index, const struct indexed_message *m);

const struct slot *field_index_slot(const struct field_index *index,
                                    const struct indexed_message *m, const struct field *field);
/* The occurrence at 1 + position (slot.first, occurrence.next); NULL for 0. The pointer is good
 * until the next open. */
const struct occurrence *field_index_at(const struct field_index *index, uint32_t position);

#endif

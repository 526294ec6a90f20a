/* Protobuf wire bytes -> JSON, by the tables of a schema.
 *
 * The JSON dialect is that of the REST API (ARCHITECTURE.md, "The JSON dialect"): field names as
 * they stand in the .proto, 64-bit integers as numbers, enum spellings by option, only set fields.
 * The lower half of this header is for request.c, which puts fields into paths and queries. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_TO_JSON_H
#define TESTKIT_GATEWAY_TRANSCODE_TO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "gateway/transcode/field_index.h"
#include "gateway/transcode/schema.h"
#include "gateway/transcode/wire_walk.h"

/* Appends the whole message as one JSON value.
 * Fails  INVALID_ARGUMENT    malformed bytes, too deep, a string that is not UTF-8, a timestamp or
 *                            duration out of range; err->field is the field's path
 *        NOT_SUPPORTED       a set field of type google.protobuf.Any
 *        RESOURCE_EXHAUSTED  *out is full, or too many fields
 *        NO_MEMORY */
MUST_USE bool json_from_wire(const struct message *message, struct text wire, struct buffer *out,
                             struct error *err);

/* Which fields of a message to leave out: those the path took. `paths` names them from the top
 * message; bit i of `active` says that path i's first `depth` steps led here. */
struct field_filter {
    const struct field_path *paths;
    uint32_t active;
    size_t depth;
};

enum { FILTER_TAKES_FIELD = UINT32_MAX };

/* What the filter means for one field: FILTER_TAKES_FIELD when it is left out, else the `active`
 * bits for the message inside it. */
uint32_t field_filter_enter(const struct field_filter *filter, const struct field *field);

struct map_entry {
    struct text key;   /* as text; in the arena or the wire bytes */
    struct text entry; /* the entry message's wire bytes          */
    size_t order;
};
/* The entries of a map field, sorted by key, each key once (the last one given wins), in the arena.
 */
MUST_USE bool field_map_entries(struct wire_walk *walk, const struct indexed_message *m,
                                const struct field *field, struct map_entry **out, size_t *count);

/* Writes an open message, without the fields the filter takes. */
MUST_USE bool write_message(struct wire_walk *walk, struct json_writer *w,
                            const struct indexed_message *m, const struct field_filter *filter);
/* Writes a message given as one piece of wire bytes. */
MUST_USE bool write_message_bytes(struct wire_walk *walk, struct json_writer *w,
                                  const struct message *message, struct text bytes);
/* Writes one field's value (array and map included). The field must be set. */
MUST_USE bool write_field(struct wire_walk *walk, struct json_writer *w,
                          const struct indexed_message *m, const struct field *field,
                          const struct field_filter *inner);
/* Reports that a type has no translation. Always false. */
bool unsupported_type(struct wire_walk *walk, const struct message *message);

#endif

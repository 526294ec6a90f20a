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

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "gateway/transcode/field_index.h"
#include "gateway/transcode/schema.h"

/* Appends the whole message as one JSON value.
 * Fails  INVALID_ARGUMENT    malformed bytes, too deep, a string that is not UTF-8, a timestamp or
 *                            duration out of range; err->field is the field's path
 *        NOT_SUPPORTED       a set field of a type without translation (google.protobuf.Any ...)
 *        RESOURCE_EXHAUSTED  *out is full, or too many fields
 *        NO_MEMORY */
MUST_USE bool json_from_wire(const struct message *message, struct text wire, struct buffer *out,
                             struct error *err);

/* What one translation works with. Zero-initialised but for `arena` and `err`. */
struct wire_walk {
    struct field_index index;
    struct buffer scratch;        /* numbers and times on their way to text */
    struct arena *arena;          /* borrowed; map keys                     */
    struct error *err;            /* borrowed                               */
    const struct walk_step *step; /* the field being written, for errors    */
};

/* The way to the current field, innermost first; lives on the call stack. */
struct walk_step {
    const struct walk_step *outer;
    const struct field *field;
};

void wire_walk_fini(struct wire_walk *walk);
void wire_walk_scope_end(struct wire_walk *walk);

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

/* A single value as text, e.g. for a path: 42, true, cloud-hypervisor, 2026-03-06T13:56:11Z. */
struct value_text {
    struct text text; /* borrowed until the next value; data NULL = nothing to send (an enum
                         value the API has no word for)                                     */
    bool is_string;   /* in JSON it wears quotes */
};

/* True unless the value has nothing to send; then, for a list's element or a map's value, reports
 * that it cannot be left out. */
MUST_USE bool value_has_word(struct wire_walk *walk, const struct value_text *value);

/* True when the field is to be sent: it occurs, and is not the zero of a field without presence. */
bool field_is_set(const struct wire_walk *walk, const struct indexed_message *m,
                  const struct field *field);
/* The value of a singular field_is_single_text field; an absent one gives its zero value. */
MUST_USE bool field_value_text(struct wire_walk *walk, const struct indexed_message *m,
                               const struct field *field, struct value_text *out);
/* One element of a repeated field: the values of one occurrence, which may be packed.
 * Start with *at = 0; false with *more false after the last. */
MUST_USE bool field_next_element(struct wire_walk *walk, const struct field *field,
                                 const struct occurrence *occurrence, size_t *at,
                                 struct value_text *out, bool *more);

struct map_entry {
    struct text key;   /* as text; in the arena or the wire bytes */
    struct text entry; /* the entry message's wire bytes          */
    size_t order;
};
/* The entries of a map field, sorted by key, each key once (the last one given wins), in the arena.
 */
MUST_USE bool field_map_entries(struct wire_walk *walk, const struct indexed_message *m,
                                const struct field *field, struct map_entry **out, size_t *count);

/* Writes the set fields of an open message, without those the filter takes, as one object. */
MUST_USE bool write_message(struct wire_walk *walk, struct json_writer *w,
                            const struct indexed_message *m, const struct field_filter *filter);
/* Writes one field's value (array and map included). The field must be set. */
MUST_USE bool write_field(struct wire_walk *walk, struct json_writer *w,
                          const struct indexed_message *m, const struct field *field,
                          const struct field_filter *inner);

/* Reports at the current field; always false. */
bool walk_error(struct wire_walk *walk, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Names the current field in an error a callee has just set. Always false. */
bool walk_locate(struct wire_walk *walk);

#endif

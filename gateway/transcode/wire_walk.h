/* What a translation of wire bytes works with, and its single values as texts: for JSON, where some
 * wear quotes, and for paths and queries, where none do.
 *
 * Not thread-safe; one per call. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_WIRE_WALK_H
#define TESTKIT_GATEWAY_TRANSCODE_WIRE_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "gateway/transcode/field_index.h"
#include "gateway/transcode/place.h"
#include "gateway/transcode/schema.h"

/* Zero-initialised but for `scratch`, `arena` and `err`. */
struct wire_walk {
    struct field_index index;
    struct buffer scratch;     /* values on their way to text       */
    struct arena *arena;       /* borrowed; map keys, path values   */
    struct error *err;         /* borrowed                          */
    const struct place *place; /* what is being written, for errors */
};

void wire_walk_fini(struct wire_walk *walk);
void wire_walk_scope_end(struct wire_walk *walk);

/* Reports at the current place: "tags[\"a\"] is not valid UTF-8". Always false. */
bool walk_error(struct wire_walk *walk, enum error_code code, const char *predicate, ...)
    PRINTF_LIKE(3, 4);
/* Names the current place in an error a callee has just set. Always false. */
bool walk_locate(struct wire_walk *walk);

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
/* The value of a singular field that is_single; an absent one gives its zero value. */
MUST_USE bool field_value_text(struct wire_walk *walk, const struct indexed_message *m,
                               const struct field *field, struct value_text *out);
/* One element of a repeated field that is_single: the values of one occurrence, which may be
 * packed. Start with *at = 0; *more is false after the last. */
MUST_USE bool field_next_element(struct wire_walk *walk, const struct field *field,
                                 const struct occurrence *occurrence, size_t *at,
                                 struct value_text *out, bool *more);
/* A message whose form is_single, by itself. */
MUST_USE bool message_value_text(struct wire_walk *walk, const struct message *message,
                                 struct text bytes, struct value_text *out);

#endif

/* What a translation of JSON works with, its errors, and its numbers.
 *
 * For from_json.c, which writes the wire bytes. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_PARSE_H
#define TESTKIT_GATEWAY_TRANSCODE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/json/json_reader.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/place.h"
#include "gateway/transcode/schema.h"

struct parse {
    struct json_reader reader;
    struct buffer *out; /* borrowed, as are the next two      */
    struct json_notes *notes;
    struct error *err;
    const struct place *place; /* of the current value               */
    size_t depth;              /* messages open in the wire bytes    */
};

/* A value's first token; of a scalar the whole value. */
struct value {
    enum json_token token;
    struct text text;
};

/* The next token, as json_next. */
MUST_USE bool parse_next(struct parse *p, struct value *out);
/* Reports at the current place: "tags[\"a\"] is given twice". Always false. */
bool parse_fail(struct parse *p, enum error_code code, const char *predicate, ...)
    PRINTF_LIKE(3, 4);
/* "snapshots[3].size_bytes must be an integer, not a string". Always false. */
bool parse_mismatch(struct parse *p, const char *what, enum json_token found);

/* The value as the raw bits of a number, bool or enum field: as put on the wire, zigzag applied.
 * Fails  INVALID_ARGUMENT  of another type, or beyond what the field holds
 * A text the enum does not know gives 0 and is noted. */
MUST_USE bool parse_bits(struct parse *p, const struct field *field, const struct value *v,
                         uint64_t *bits);

#endif

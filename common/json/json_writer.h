/* Writes compact JSON into a buffer, front to back, without building a tree.
 *
 * The caller keeps to the grammar (asserted); the writer places commas and escapes strings. Errors
 * are those of the buffer: check buffer.failed at the end. */
#ifndef TESTKIT_COMMON_JSON_JSON_WRITER_H
#define TESTKIT_COMMON_JSON_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

enum json_escape {
    JSON_ESCAPE_MINIMAL, /* what RFC 8259 demands                                            */
    JSON_ESCAPE_HTML,    /* also < > & U+2028 U+2029, as Go's encoder does (ERR-003, JSON-001) */
};

struct json_writer {
    struct buffer *out; /* borrowed */
    enum json_escape escape;
    bool need_comma;
    uint32_t depth;
};

struct json_writer json_writer_to(struct buffer *out, enum json_escape escape);

void json_write_object_begin(struct json_writer *w);
void json_write_object_end(struct json_writer *w);
void json_write_array_begin(struct json_writer *w);
void json_write_array_end(struct json_writer *w);
void json_write_key(struct json_writer *w, struct text key);

void json_write_null(struct json_writer *w);
void json_write_bool(struct json_writer *w, bool value);
void json_write_i64(struct json_writer *w, int64_t value);
void json_write_u64(struct json_writer *w, uint64_t value);
/* Shortest digits that read back as the same double; 4 is written "4". NaN and infinities are the
 * caller's to handle. */
void json_write_double(struct json_writer *w, double value);
void json_write_float(struct json_writer *w, float value); /* shortest for float */
/* Invalid UTF-8 becomes U+FFFD. */
void json_write_string(struct json_writer *w, struct text value);
/* Text that already is one JSON value. */
void json_write_raw(struct json_writer *w, struct text json);

/* key + value in one call, for the codecs. */
void json_member_string(struct json_writer *w, const char *key, struct text value);
void json_member_i64(struct json_writer *w, const char *key, int64_t value);
void json_member_bool(struct json_writer *w, const char *key, bool value);
void json_member_null(struct json_writer *w, const char *key);

/* The value as one escaped JSON string with its quotes. Returns !out->failed. */
bool json_append_string(struct buffer *out, struct text value, enum json_escape escape);

#endif

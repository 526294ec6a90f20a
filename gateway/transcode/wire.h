/* The protobuf wire format, read strictly and without recursion.
 * (protobuf.dev/programming-guides/encoding) */
#ifndef TESTKIT_GATEWAY_TRANSCODE_WIRE_H
#define TESTKIT_GATEWAY_TRANSCODE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64BIT = 1,
    WIRE_BYTES = 2,
    WIRE_GROUP_BEGIN = 3,
    WIRE_GROUP_END = 4,
    WIRE_32BIT = 5,
};

enum { WIRE_MAX_DEPTH = 64 }; /* of messages and groups within each other */
enum { WIRE_MIN_FIELD_NUMBER = 1, WIRE_MAX_FIELD_NUMBER = (1 << 29) - 1 };

/* One field as it stands in the bytes. Groups are skipped and never come out. */
struct wire_record {
    uint32_t number;
    enum wire_type type;
    uint64_t value;    /* VARINT, 64BIT, 32BIT: the raw bits */
    struct text bytes; /* BYTES: the content, borrowed       */
};

struct wire_reader {
    const uint8_t *at;
    const uint8_t *end;
};

struct wire_reader wire_reader_from(struct text bytes);

/* The next record. True with *more false at the end.
 * Fails  INVALID_ARGUMENT  cut off, field number 0, unknown wire type, overlong varint, group
 *                          without its end or nested deeper than WIRE_MAX_DEPTH */
MUST_USE bool wire_next(struct wire_reader *r, struct wire_record *out, bool *more,
                        struct error *err);

/* Values inside a packed field. False when the bytes are cut off. */
MUST_USE bool wire_read_varint(struct wire_reader *r, uint64_t *out);
MUST_USE bool wire_read_fixed64(struct wire_reader *r, uint64_t *out);
MUST_USE bool wire_read_fixed32(struct wire_reader *r, uint32_t *out);

/* Each returns !out->failed. */
bool wire_write_tag(struct buffer *out, uint32_t number, enum wire_type type);
bool wire_write_varint(struct buffer *out, uint64_t value);
bool wire_write_fixed64(struct buffer *out, uint64_t value);
bool wire_write_fixed32(struct buffer *out, uint32_t value);
bool wire_write_bytes(struct buffer *out, struct text value); /* length, then content */

/* A length that is known only once its content is written. */
size_t wire_begin_length(struct buffer *out);
bool wire_end_length(struct buffer *out, size_t mark);

static inline uint64_t wire_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t wire_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif

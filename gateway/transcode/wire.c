#include "gateway/transcode/wire.h"

#include <string.h>

enum { MAX_VARINT_BYTES = 10 };

struct wire_reader wire_reader_from(struct text bytes)
{
    static const uint8_t nothing[1];
    const uint8_t *start = bytes.len == 0 ? nothing : (const uint8_t *)bytes.data;
    return (struct wire_reader){ start, start + bytes.len };
}

bool wire_read_varint(struct wire_reader *r, uint64_t *out)
{
    uint64_t value = 0;
    size_t left = (size_t)(r->end - r->at);
    for (size_t i = 0; i < MAX_VARINT_BYTES && i < left; i++) {
        uint8_t byte = r->at[i];
        if (i == MAX_VARINT_BYTES - 1 && byte > 1)
            return false; /* the tenth byte holds one bit */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            r->at += i + 1;
            *out = value;
            return true;
        }
    }
    return false;
}

bool wire_read_fixed64(struct wire_reader *r, uint64_t *out)
{
    if (r->end - r->at < 8)
        return false;
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | r->at[i];
    r->at += 8;
    *out = value;
    return true;
}

bool wire_read_fixed32(struct wire_reader *r, uint32_t *out)
{
    if (r->end - r->at < 4)
        return false;
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | r->at[i];
    r->at += 4;
    *out = value;
    return true;
}

static bool read_tag(struct wire_reader *r, uint32_t *number, uint32_t *type, struct error *err)
{
    uint64_t tag = 0;
    if (!wire_read_varint(r, &tag))
        return error_set(err, ERROR_INVALID_ARGUMENT, "message is cut off inside a field tag");
    uint64_t field_number = tag >> 3;
    if (field_number < WIRE_MIN_FIELD_NUMBER || field_number > WIRE_MAX_FIELD_NUMBER)
        return error_set(err, ERROR_INVALID_ARGUMENT, "message has an impossible field number");
    *number = (uint32_t)field_number;
    *type = (uint32_t)(tag & 7);
    return true;
}

static bool cut_off(uint32_t number, struct error *err)
{
    return error_set(err, ERROR_INVALID_ARGUMENT, "message is cut off inside field number %u",
                     number);
}

/* Everything but groups. */
static bool read_value(struct wire_reader *r, uint32_t type, struct wire_record *out,
                       struct error *err)
{
    uint64_t len = 0;
    uint32_t fixed = 0;
    switch (type) {
    case WIRE_VARINT:
        return wire_read_varint(r, &out->value) || cut_off(out->number, err);
    case WIRE_64BIT:
        return wire_read_fixed64(r, &out->value) || cut_off(out->number, err);
    case WIRE_32BIT:
        if (!wire_read_fixed32(r, &fixed))
            return cut_off(out->number, err);
        out->value = fixed;
        return true;
    case WIRE_BYTES:
        if (!wire_read_varint(r, &len) || len > (uint64_t)(r->end - r->at))
            return cut_off(out->number, err);
        out->bytes = (struct text){ (const char *)r->at, (size_t)len };
        r->at += len;
        return true;
    default:
        return error_set(err, ERROR_INVALID_ARGUMENT, "message has unknown wire type %u", type);
    }
}

/* Groups are a form of proto2 that proto3 messages can only meet as unknown fields. */
static bool skip_group(struct wire_reader *r, uint32_t number, struct error *err)
{
    uint32_t open[WIRE_MAX_DEPTH];
    size_t depth = 0;
    open[depth++] = number;
    while (depth > 0) {
        struct wire_record inner = { 0 };
        uint32_t type = 0;
        if (!read_tag(r, &inner.number, &type, err))
            return false;
        if (type == WIRE_GROUP_END) {
            if (inner.number != open[--depth])
                return error_set(err, ERROR_INVALID_ARGUMENT,
                                 "message ends a group it never began");
        } else if (type == WIRE_GROUP_BEGIN) {
            if (depth == WIRE_MAX_DEPTH)
                return error_set(err, ERROR_INVALID_ARGUMENT,
                                 "message is nested deeper than %d levels", WIRE_MAX_DEPTH);
            open[depth++] = inner.number;
        } else if (!read_value(r, type, &inner, err)) {
            return false;
        }
    }
    return true;
}

bool wire_next(struct wire_reader *r, struct wire_record *out, bool *more, struct error *err)
{
    while (r->at < r->end) {
        uint32_t type = 0;
        if (!read_tag(r, &out->number, &type, err))
            return false;
        if (type == WIRE_GROUP_BEGIN) {
            if (!skip_group(r, out->number, err))
                return false;
            continue;
        }
        if (type == WIRE_GROUP_END)
            return error_set(err, ERROR_INVALID_ARGUMENT, "message ends a group it never began");
        if (!read_value(r, type, out, err))
            return false;
        out->type = (enum wire_type)type;
        *more = true;
        return true;
    }
    *more = false;
    return true;
}

static size_t varint_encode(uint8_t out[MAX_VARINT_BYTES], uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

bool wire_write_varint(struct buffer *out, uint64_t value)
{
    uint8_t bytes[MAX_VARINT_BYTES];
    return buffer_append(out, bytes, varint_encode(bytes, value));
}

bool wire_write_tag(struct buffer *out, uint32_t number, enum wire_type type)
{
    return wire_write_varint(out, (uint64_t)number << 3 | (uint64_t)type);
}

bool wire_write_fixed64(struct buffer *out, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return buffer_append(out, bytes, sizeof bytes);
}

bool wire_write_fixed32(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return buffer_append(out, bytes, sizeof bytes);
}

bool wire_write_bytes(struct buffer *out, struct text value)
{
    wire_write_varint(out, value.len);
    return buffer_append_text(out, value);
}

/* One byte is set aside, enough below 128; a longer length moves the content once. */
size_t wire_begin_length(struct buffer *out)
{
    buffer_append_byte(out, 0);
    return out->len;
}

bool wire_end_length(struct buffer *out, size_t mark)
{
    if (out->failed)
        return false;
    uint8_t bytes[MAX_VARINT_BYTES];
    size_t n = varint_encode(bytes, out->len - mark);
    out->data[mark - 1] = (char)bytes[0];
    return n == 1 || buffer_insert(out, mark, bytes + 1, n - 1);
}

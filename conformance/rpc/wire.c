#include "conformance/rpc/wire.h"

enum { VARINT_MAX_BYTES = 10, NUMBER_MAX = (1 << 29) - 1 };

static bool broken(struct error *err, const char *what)
{
    return error_set(err, ERROR_INTERNAL, "the message is no protobuf: %s", what);
}

bool rpc_wire_varint(struct text *left, uint64_t *out, struct error *err)
{
    uint64_t value = 0;

    for (size_t i = 0; i < VARINT_MAX_BYTES && i < left->len; i++) {
        const unsigned char byte = (unsigned char)left->data[i];
        if (i == VARINT_MAX_BYTES - 1 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0)
            continue;
        *out = value;
        *left = (struct text){ left->data + i + 1, left->len - i - 1 };
        return true;
    }
    return broken(err, "a number does not end");
}

static bool take(struct text *left, uint64_t len, struct text *out, struct error *err)
{
    if (len > left->len)
        return broken(err, "it ends inside a field");
    *out = (struct text){ left->data, (size_t)len };
    *left = (struct text){ left->data + len, left->len - (size_t)len };
    return true;
}

static bool take_fixed(struct text *left, size_t len, uint64_t *out, struct error *err)
{
    struct text bytes = { 0 };

    if (!take(left, len, &bytes, err))
        return false;
    *out = 0;
    for (size_t i = 0; i < len; i++)
        *out |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
    return true;
}

bool rpc_wire_next(struct text *left, struct rpc_wire_field *out, struct error *err)
{
    uint64_t tag, len;

    *out = (struct rpc_wire_field){ 0 };
    if (!rpc_wire_varint(left, &tag, err))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
        return broken(err, "a field has a number that none can have");
    out->number = (uint32_t)(tag >> 3);
    out->type = (enum rpc_wire_type)(tag & 7);
    switch (out->type) {
    case WIRE_VARINT:
        return rpc_wire_varint(left, &out->value, err);
    case WIRE_FIXED64:
        return take_fixed(left, sizeof(uint64_t), &out->value, err);
    case WIRE_FIXED32:
        return take_fixed(left, sizeof(uint32_t), &out->value, err);
    case WIRE_BYTES:
        return rpc_wire_varint(left, &len, err) && take(left, len, &out->bytes, err);
    }
    return broken(err, "a field has a wire type that there is not");
}

bool rpc_wire_put_varint(struct buffer *out, uint64_t value)
{
    while (value >= 0x80) {
        buffer_append_byte(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    return buffer_append_byte(out, (uint8_t)value);
}

bool rpc_wire_put_tag(struct buffer *out, uint32_t number, enum rpc_wire_type type)
{
    return rpc_wire_put_varint(out, (uint64_t)number << 3 | type);
}

bool rpc_wire_put_fixed64(struct buffer *out, uint64_t bits)
{
    for (size_t i = 0; i < sizeof bits; i++)
        buffer_append_byte(out, (uint8_t)(bits >> (8 * i)));
    return !out->failed;
}

bool rpc_wire_close(struct buffer *out, size_t from)
{
    char bytes[VARINT_MAX_BYTES];
    size_t count = 0;

    for (uint64_t len = out->len - from; count == 0 || len > 0; len >>= 7)
        bytes[count++] = (char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
    return buffer_insert(out, from, bytes, count);
}

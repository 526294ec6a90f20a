#include <math.h>
#include <string.h>

#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "conformance/rpc/codec.h"
#include "conformance/rpc/wire.h"

enum { DEPTH_MAX = 32, TIME_TEXT_MAX = 64 };

#define NS_PER_SECOND 1000000000
/* Beyond it a double is not exact, and JSON has no integers to compare with. */
#define INTEGRAL_MAX 9007199254740992.0

static bool nonsense(struct error *err, const char *what)
{
    return error_set(err, ERROR_INTERNAL, "%s", what);
}

static bool kept(const json_t *value, struct error *err)
{
    return value != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool read_message(const struct rpc_message *message, struct text wire, size_t depth,
                         json_t **out, struct error *err);

/* ---- one value ---- */

static bool read_time(enum rpc_kind kind, struct text wire, json_t **out, struct error *err)
{
    SCOPED(buffer) struct buffer text = buffer_capped(TIME_TEXT_MAX);
    int64_t parts[2] = { 0 }; /* seconds, nanos */
    struct rpc_wire_field field;
    int64_t ns;

    while (wire.len > 0) {
        if (!rpc_wire_next(&wire, &field, err))
            return false;
        if (field.type != WIRE_VARINT || field.number > 2)
            return nonsense(err, "a time has a field that it cannot have");
        parts[field.number - 1] = (int64_t)field.value;
    }
    const struct timestamp time = { parts[0], (int32_t)parts[1] };
    if (kind == RPC_TIMESTAMP) {
        if (parts[1] < 0 || parts[1] >= NS_PER_SECOND || !timestamp_is_valid(time))
            return nonsense(err, "the timestamp is out of range");
        rfc3339_append(&text, time);
    } else {
        if (parts[1] <= -NS_PER_SECOND || parts[1] >= NS_PER_SECOND ||
            (parts[0] > 0 && parts[1] < 0) || (parts[0] < 0 && parts[1] > 0) ||
            __builtin_mul_overflow(parts[0], (int64_t)NS_PER_SECOND, &ns) ||
            __builtin_add_overflow(ns, parts[1], &ns))
            return nonsense(err, "the duration is out of range");
        go_duration_append(&text, ns);
    }
    *out = text.failed ? NULL : json_stringn(text.data, text.len);
    return kept(*out, err);
}

static bool read_double(uint64_t bits, json_t **out, struct error *err)
{
    double real;

    memcpy(&real, &bits, sizeof real);
    if (!isfinite(real))
        return nonsense(err, "the number is not finite");
    *out = real == trunc(real) && fabs(real) <= INTEGRAL_MAX ? json_integer((json_int_t)real)
                                                             : json_real(real);
    return kept(*out, err);
}

/* Unset is no spelling: *out stays NULL. */
static bool read_enum(const struct rpc_enum *values, uint64_t number, json_t **out,
                      struct error *err)
{
    for (size_t i = 0; i < values->count; i++) {
        if ((uint64_t)values->values[i].number != number)
            continue;
        *out = json_string(values->values[i].json);
        return kept(*out, err);
    }
    return number == 0 ||
           error_set(err, ERROR_INTERNAL, "%s has no value %lld", values->name, (long long)number);
}

static bool read_number(const struct rpc_field *field, uint64_t value, json_t **out,
                        struct error *err)
{
    const int64_t number = (int64_t)value;

    switch (field->kind) {
    case RPC_BOOL:
        *out = json_boolean(value != 0);
        return true;
    case RPC_DOUBLE:
        return read_double(value, out, err);
    case RPC_ENUM:
        return read_enum(field->values, value, out, err);
    case RPC_INT32:
        if (number < INT32_MIN || number > INT32_MAX)
            return nonsense(err, "the number is no int32");
        break;
    default:
        break;
    }
    *out = json_integer(number);
    return kept(*out, err);
}

static enum rpc_wire_type number_type(const struct rpc_field *field)
{
    return field->kind == RPC_DOUBLE ? WIRE_FIXED64 : WIRE_VARINT;
}

static bool is_number(const struct rpc_field *field)
{
    return field->kind != RPC_STRING && field->kind < RPC_MESSAGE;
}

static bool read_value(const struct rpc_field *field, const struct rpc_wire_field *from,
                       size_t depth, json_t **out, struct error *err)
{
    if (from->type != (is_number(field) ? number_type(field) : WIRE_BYTES))
        return nonsense(err, "has a wire type that is not its own");
    if (is_number(field))
        return read_number(field, from->value, out, err);
    if (field->kind == RPC_MESSAGE)
        return read_message(field->message, from->bytes, depth + 1, out, err);
    if (field->kind != RPC_STRING)
        return read_time(field->kind, from->bytes, out, err);
    if (!text_is_utf8(from->bytes))
        return nonsense(err, "the text is not UTF-8");
    *out = json_stringn(from->bytes.len == 0 ? "" : from->bytes.data, from->bytes.len);
    return kept(*out, err);
}

/* ---- lists and maps ---- */

static json_t *ensure(json_t *object, const char *name, json_t *(*make)(void))
{
    json_t *there = json_object_get(object, name);

    if (there == NULL && json_object_set_new(object, name, make()) == 0)
        there = json_object_get(object, name);
    return there;
}

static bool read_packed(const struct rpc_field *field, struct text bytes, json_t *list,
                        struct error *err)
{
    while (bytes.len > 0) {
        json_auto_t *item = NULL;
        uint64_t value = 0;
        if (field->kind == RPC_DOUBLE || !rpc_wire_varint(&bytes, &value, err))
            return field->kind == RPC_DOUBLE ? nonsense(err, "lists of doubles are not known here")
                                             : false;
        if (!read_number(field, value, &item, err))
            return false;
        if (item != NULL && json_array_append(list, item) != 0)
            return kept(NULL, err);
    }
    return true;
}

static bool read_item(const struct rpc_field *field, const struct rpc_wire_field *from,
                      size_t depth, json_t *object, struct error *err)
{
    json_t *list = ensure(object, field->name, json_array);
    json_auto_t *item = NULL;

    if (list == NULL)
        return kept(NULL, err);
    if (is_number(field) && from->type == WIRE_BYTES)
        return read_packed(field, from->bytes, list, err);
    if (!read_value(field, from, depth, &item, err))
        return false;
    return item == NULL || json_array_append(list, item) == 0 || kept(NULL, err);
}

static bool read_entry(const struct rpc_field *field, const struct rpc_wire_field *from,
                       size_t depth, json_t *object, struct error *err)
{
    json_t *map = ensure(object, field->name, json_object);
    json_auto_t *entry = NULL;

    if (map == NULL)
        return kept(NULL, err);
    if (from->type != WIRE_BYTES)
        return nonsense(err, "has a wire type that is not its own");
    if (!read_message(field->message, from->bytes, depth + 1, &entry, err))
        return false;
    const json_t *key = json_object_get(entry, field->message->fields[0].name);
    json_t *value = json_object_get(entry, field->message->fields[1].name);
    if (value == NULL)
        return nonsense(err, "an entry has no value");
    return json_object_setn(map, json_string_value(key), json_string_length(key), value) == 0 ||
           kept(NULL, err);
}

/* ---- messages ---- */

static bool read_field(const struct rpc_field *field, const struct rpc_wire_field *from,
                       size_t depth, json_t *object, struct error *err)
{
    json_auto_t *value = NULL;

    if (field->map)
        return read_entry(field, from, depth, object, err);
    if (field->repeated)
        return read_item(field, from, depth, object, err);
    if (!read_value(field, from, depth, &value, err))
        return false;
    return value == NULL || json_object_set(object, field->name, value) == 0 || kept(NULL, err);
}

static json_t *zero(const struct rpc_field *field)
{
    if (field->map)
        return json_object();
    if (field->repeated)
        return json_array();
    if (field->kind == RPC_STRING)
        return json_string("");
    return field->kind == RPC_BOOL ? json_false() : json_integer(0);
}

static bool add_zeros(const struct rpc_message *message, json_t *object, struct error *err)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct rpc_field *field = &message->fields[i];
        if (field->presence || (field->kind == RPC_ENUM && !field->repeated) ||
            json_object_get(object, field->name) != NULL)
            continue;
        if (json_object_set_new(object, field->name, zero(field)) != 0)
            return kept(NULL, err);
    }
    return true;
}

static bool read_message(const struct rpc_message *message, struct text wire, size_t depth,
                         json_t **out, struct error *err)
{
    json_auto_t *object = json_object();
    struct rpc_wire_field from;

    if (object == NULL)
        return kept(NULL, err);
    if (depth > DEPTH_MAX)
        return nonsense(err, "the message nests too deep");
    while (wire.len > 0) {
        if (!rpc_wire_next(&wire, &from, err))
            return error_prefix(err, "%s: ", message->name);
        const struct rpc_field *field = rpc_field_numbered(message, from.number);
        if (field == NULL)
            return error_set(err, ERROR_INTERNAL, "%s has no field %u", message->name, from.number);
        if (!read_field(field, &from, depth, object, err))
            return error_prefix(err, "%s: ", field->name);
    }
    if (!add_zeros(message, object, err))
        return false;
    *out = json_incref(object);
    return true;
}

bool rpc_decode(const struct rpc_message *message, struct text wire, json_t **out,
                struct error *err)
{
    return read_message(message, wire, 0, out, err);
}

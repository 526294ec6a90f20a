#include <string.h>

#include "common/json/go_duration.h"
#include "common/json/json_document.h"
#include "common/json/rfc3339.h"
#include "conformance/rpc/codec.h"
#include "conformance/rpc/wire.h"

enum { SHOWN_MAX = 64, NS_PER_SECOND = 1000000000 };

/* Of Timestamp and Duration both. */
enum { SECONDS_FIELD = 1, NANOS_FIELD = 2 };

struct encoder {
    enum rpc_strictness strictness;
    struct buffer *out;
};

static bool cannot(struct error *err, const json_t *value, const char *what)
{
    SCOPED(buffer) struct buffer shown = buffer_capped(1 << 20);

    (void)json_document_append(&shown, value);
    struct text text = buffer_text(&shown);
    text.len = text_cut_len(text, SHOWN_MAX);
    return error_set(err, ERROR_NOT_SUPPORTED, TEXT_FMT " is %s", TEXT_ARGS(text), what);
}

/* Whether a message cannot tell it from a field that is not there. */
static bool is_like_unset(const struct rpc_field *field, const json_t *value)
{
    if (json_is_array(value) || (json_is_object(value) && field->map))
        return json_array_size(value) == 0 && json_object_size(value) == 0;
    if (field->presence)
        return false;
    return json_is_false(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_number(value) && json_number_value(value) == 0);
}

/* ---- one value, without its tag ---- */

static bool put_pair(struct encoder *e, int64_t seconds, int32_t nanos)
{
    const size_t from = e->out->len;

    if (seconds != 0) {
        rpc_wire_put_tag(e->out, SECONDS_FIELD, WIRE_VARINT);
        rpc_wire_put_varint(e->out, (uint64_t)seconds);
    }
    if (nanos != 0) {
        rpc_wire_put_tag(e->out, NANOS_FIELD, WIRE_VARINT);
        rpc_wire_put_varint(e->out, (uint64_t)(int64_t)nanos);
    }
    return rpc_wire_close(e->out, from);
}

static bool put_time(struct encoder *e, enum rpc_kind kind, const json_t *value, struct error *err)
{
    const struct text t = { json_string_value(value), json_string_length(value) };
    struct error ignored = { 0 };
    struct timestamp time;
    int64_t ns;

    if (kind == RPC_TIMESTAMP) {
        if (!json_is_string(value) || !rfc3339_parse(t, &time))
            return cannot(err, value, "no timestamp");
        return put_pair(e, time.seconds, time.nanos) || buffer_error(e->out, err);
    }
    if (!json_is_string(value) || !go_duration_parse(t, &ns, &ignored))
        return cannot(err, value, "no duration");
    return put_pair(e, ns / NS_PER_SECOND, (int32_t)(ns % NS_PER_SECOND)) ||
           buffer_error(e->out, err);
}

static bool put_number(struct encoder *e, enum rpc_kind kind, const json_t *value,
                       struct error *err)
{
    const json_int_t number = json_integer_value(value);
    const double real = json_number_value(value);
    uint64_t bits;

    if (kind == RPC_DOUBLE && json_is_number(value)) {
        memcpy(&bits, &real, sizeof bits);
        return rpc_wire_put_fixed64(e->out, bits) || buffer_error(e->out, err);
    }
    if (!json_is_integer(value) ||
        (kind == RPC_INT32 && (number < INT32_MIN || number > INT32_MAX)))
        return cannot(err, value, kind == RPC_INT32 ? "no int32" : "no number");
    return rpc_wire_put_varint(e->out, (uint64_t)number) || buffer_error(e->out, err);
}

static bool put_text(struct encoder *e, const json_t *value, struct error *err)
{
    const struct text t = { json_string_value(value), json_string_length(value) };

    if (!json_is_string(value))
        return cannot(err, value, "no string");
    rpc_wire_put_varint(e->out, t.len);
    return buffer_append_text(e->out, t) || buffer_error(e->out, err);
}

static const struct rpc_enum_value *find_spelling(const struct rpc_enum *values,
                                                  const json_t *value)
{
    for (size_t i = 0; json_is_string(value) && i < values->count; i++) {
        if (strcmp(values->values[i].json, json_string_value(value)) == 0)
            return &values->values[i];
    }
    return NULL;
}

static bool put_enum(struct encoder *e, const struct rpc_enum *values, const json_t *value,
                     struct error *err)
{
    const struct rpc_enum_value *found = find_spelling(values, value);

    if (found == NULL)
        return cannot(err, value, "no value") || error_prefix(err, "%s: ", values->name);
    return rpc_wire_put_varint(e->out, (uint64_t)found->number) || buffer_error(e->out, err);
}

static bool put_members(struct encoder *e, const struct rpc_message *message, const json_t *object,
                        struct error *err);

static bool put_value(struct encoder *e, const struct rpc_field *field, const json_t *value,
                      struct error *err)
{
    const size_t from = e->out->len;

    switch (field->kind) {
    case RPC_STRING:
        return put_text(e, value, err);
    case RPC_BOOL:
        if (!json_is_boolean(value))
            return cannot(err, value, "no bool");
        return rpc_wire_put_varint(e->out, json_is_true(value)) || buffer_error(e->out, err);
    case RPC_INT32:
    case RPC_INT64:
    case RPC_DOUBLE:
        return put_number(e, field->kind, value, err);
    case RPC_ENUM:
        return put_enum(e, field->values, value, err);
    case RPC_TIMESTAMP:
    case RPC_DURATION:
        return put_time(e, field->kind, value, err);
    case RPC_MESSAGE:
        break;
    }
    return put_members(e, field->message, value, err) &&
           (rpc_wire_close(e->out, from) || buffer_error(e->out, err));
}

/* ---- fields ---- */

static enum rpc_wire_type wire_type(enum rpc_kind kind)
{
    static const enum rpc_wire_type types[] = {
        [RPC_STRING] = WIRE_BYTES,  [RPC_BOOL] = WIRE_VARINT,     [RPC_INT32] = WIRE_VARINT,
        [RPC_INT64] = WIRE_VARINT,  [RPC_DOUBLE] = WIRE_FIXED64,  [RPC_ENUM] = WIRE_VARINT,
        [RPC_MESSAGE] = WIRE_BYTES, [RPC_TIMESTAMP] = WIRE_BYTES, [RPC_DURATION] = WIRE_BYTES,
    };
    return types[kind];
}

static bool put_tagged(struct encoder *e, const struct rpc_field *field, const json_t *value,
                       struct error *err)
{
    return (rpc_wire_put_tag(e->out, field->number, wire_type(field->kind)) ||
            buffer_error(e->out, err)) &&
           put_value(e, field, value, err);
}

/* Numbers travel in one piece, everything else item by item. */
static bool put_list(struct encoder *e, const struct rpc_field *field, const json_t *list,
                     struct error *err)
{
    const bool packed = wire_type(field->kind) != WIRE_BYTES;

    if (!json_is_array(list))
        return cannot(err, list, "no list");
    if (packed)
        rpc_wire_put_tag(e->out, field->number, WIRE_BYTES);
    const size_t from = e->out->len;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!(packed ? put_value(e, field, item, err) : put_tagged(e, field, item, err)))
            return false;
    }
    return !packed || rpc_wire_close(e->out, from) || buffer_error(e->out, err);
}

static bool put_map(struct encoder *e, const struct rpc_field *field, const json_t *map,
                    struct error *err)
{
    json_t *object = (json_t *)(uintptr_t)map; /* jansson's iterators lack const */

    if (!json_is_object(map))
        return cannot(err, map, "no object");
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        json_auto_t *key = json_stringn(json_object_iter_key(at), json_object_iter_key_len(at));
        rpc_wire_put_tag(e->out, field->number, WIRE_BYTES);
        const size_t from = e->out->len;
        if (key == NULL)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        if (!put_tagged(e, &field->message->fields[0], key, err) ||
            !put_tagged(e, &field->message->fields[1], json_object_iter_value(at), err))
            return false;
        if (!rpc_wire_close(e->out, from))
            return buffer_error(e->out, err);
    }
    return true;
}

/* An answer may say what is not there, or what nobody here knows. */
static bool may_be_left_out(const struct encoder *e, const struct rpc_field *field,
                            const json_t *value)
{
    return e->strictness == RPC_LOSSY &&
           (json_is_null(value) || is_like_unset(field, value) ||
            (field->kind == RPC_ENUM && !field->repeated && json_is_string(value) &&
             find_spelling(field->values, value) == NULL));
}

static bool put_field(struct encoder *e, const struct rpc_field *field, const json_t *value,
                      struct error *err)
{
    bool ok;

    if (may_be_left_out(e, field, value))
        return true;
    if (json_is_null(value) || is_like_unset(field, value))
        ok = cannot(err, value, "the same as nothing in a message");
    else if (field->map)
        ok = put_map(e, field, value, err);
    else if (field->repeated)
        ok = put_list(e, field, value, err);
    else
        ok = put_tagged(e, field, value, err);
    return ok || error_prefix(err, "%s: ", field->name);
}

static bool put_members(struct encoder *e, const struct rpc_message *message, const json_t *object,
                        struct error *err)
{
    json_t *members = (json_t *)(uintptr_t)object; /* jansson's iterators lack const */

    if (!json_is_object(object))
        return cannot(err, object, "no object");
    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        const struct text name = { json_object_iter_key(at), json_object_iter_key_len(at) };
        const struct rpc_field *field = rpc_field_named(message, name);
        if (field == NULL && e->strictness == RPC_LOSSY)
            continue;
        if (field == NULL)
            return error_set(err, ERROR_NOT_SUPPORTED, "%s has no field \"" TEXT_FMT "\"",
                             message->name, TEXT_ARGS(name));
        if (!put_field(e, field, json_object_iter_value(at), err))
            return false;
    }
    return true;
}

bool rpc_encode(const struct rpc_message *message, const json_t *object,
                enum rpc_strictness strictness, struct buffer *out, struct error *err)
{
    struct encoder e = { strictness, out };

    return put_members(&e, message, object, err);
}

bool rpc_encode_field(const struct rpc_field *field, const json_t *value,
                      enum rpc_strictness strictness, struct buffer *out, struct error *err)
{
    struct encoder e = { strictness, out };

    return put_field(&e, field, value, err);
}

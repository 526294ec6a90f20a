#include "mock/state/fields.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "mock/domain/network.h"
#include "mock/domain/pairs.h"
#include "mock/domain/resource_id.h"

static bool out_of_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* --- numbers in memory ------------------------------------------------------------------- */

static int64_t load_int(const struct field *field, const void *from)
{
    switch (field->size) {
    case sizeof(int32_t):
        return field->max > INT32_MAX ? (int64_t) * (const uint32_t *)from : *(const int32_t *)from;
    default:
        assert(field->size == sizeof(int64_t));
        return *(const int64_t *)from;
    }
}

static void store_int(const struct field *field, void *to, int64_t value)
{
    if (field->size == sizeof(int64_t))
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &(uint32_t){ (uint32_t)value }, sizeof(uint32_t));
}

static size_t count_of(const struct field *field, const void *value)
{
    return *(const size_t *)((const char *)value + field->count_offset);
}

static const void *items_of(const void *at)
{
    return *(const void *const *)at;
}

static void store_list(const struct field *field, void *value, const void *items, size_t count)
{
    memcpy((char *)value + field->offset, &items, sizeof items);
    memcpy((char *)value + field->count_offset, &count, sizeof count);
}

/* --- what is there ----------------------------------------------------------------------- */

static bool has_members(const struct shape *shape, const void *value);

/* `value` is the struct, `at` the field in it. */
static bool is_empty(const struct field *field, const void *value)
{
    static const char zeros[RESOURCE_ID_LEN];
    const void *at = (const char *)value + field->offset;
    switch (field->kind) {
    case FIELD_BOOL:
        return !*(const bool *)at;
    case FIELD_INT:
    case FIELD_ENUM:
        return load_int(field, at) == 0;
    case FIELD_TIME:
    case FIELD_SPAN:
        return *(const int64_t *)at == 0;
    case FIELD_TEXT:
        return ((const struct text *)at)->len == 0;
    case FIELD_TEXTS:
        return ((const struct text_list *)at)->count == 0;
    case FIELD_PAIRS:
        return ((const struct pair_list *)at)->count == 0;
    case FIELD_ID:
        return memcmp(at, zeros, sizeof zeros) == 0;
    case FIELD_ADDRESS:
        return !network_has_address(at);
    case FIELD_OBJECT:
        return !has_members(field->shape, at);
    case FIELD_LIST:
    case FIELD_PORTS:
        return count_of(field, value) == 0;
    }
    return true;
}

static bool has_members(const struct shape *shape, const void *value)
{
    for (size_t i = 0; i < shape->field_count; i++) {
        if (shape->fields[i].required || !is_empty(&shape->fields[i], value))
            return true;
    }
    return false;
}

/* --- writing ----------------------------------------------------------------------------- */

static void write_time(struct json_writer *w, int64_t ns)
{
    json_write_raw(w, TEXT("\""));
    rfc3339_append(w->out, timestamp_from_ns(ns));
    buffer_append_byte(w->out, '"');
}

static void write_span(struct json_writer *w, int64_t ns)
{
    json_write_raw(w, TEXT("\""));
    go_duration_append(w->out, ns);
    buffer_append_byte(w->out, '"');
}

static void write_texts(struct json_writer *w, struct text_list list)
{
    json_write_array_begin(w);
    for (size_t i = 0; i < list.count; i++)
        json_write_string(w, list.items[i]);
    json_write_array_end(w);
}

static void write_pairs(struct json_writer *w, struct pair_list list)
{
    json_write_object_begin(w);
    for (size_t i = 0; i < list.count; i++) {
        json_write_key(w, list.items[i].key);
        json_write_string(w, list.items[i].value);
    }
    json_write_object_end(w);
}

static void write_address(struct json_writer *w, const struct network_address *address)
{
    json_write_array_begin(w);
    json_write_string(w, text_of(network_ip_text(address).text));
    json_write_string(w, text_of(network_mac_text(address).text));
    json_write_array_end(w);
}

static void write_object(struct json_writer *w, const struct shape *shape, const void *value)
{
    json_write_object_begin(w);
    fields_write(w, shape, value);
    json_write_object_end(w);
}

static void write_list(struct json_writer *w, const struct field *field, const void *value)
{
    const char *items = items_of((const char *)value + field->offset);
    json_write_array_begin(w);
    for (size_t i = 0; i < count_of(field, value); i++)
        write_object(w, field->shape, items + i * field->shape->size);
    json_write_array_end(w);
}

static void write_ports(struct json_writer *w, const struct field *field, const void *value)
{
    const uint16_t *ports = items_of((const char *)value + field->offset);
    json_write_array_begin(w);
    for (size_t i = 0; i < count_of(field, value); i++)
        json_write_i64(w, ports[i]);
    json_write_array_end(w);
}

static void write_value(struct json_writer *w, const struct field *field, const void *value)
{
    const void *at = (const char *)value + field->offset;
    switch (field->kind) {
    case FIELD_BOOL:
        json_write_bool(w, *(const bool *)at);
        break;
    case FIELD_INT:
        json_write_i64(w, load_int(field, at));
        break;
    case FIELD_TIME:
        write_time(w, *(const int64_t *)at);
        break;
    case FIELD_SPAN:
        write_span(w, *(const int64_t *)at);
        break;
    case FIELD_ENUM:
        json_write_string(w, text_of(field->name_of(load_int(field, at))));
        break;
    case FIELD_TEXT:
        json_write_string(w, *(const struct text *)at);
        break;
    case FIELD_TEXTS:
        write_texts(w, *(const struct text_list *)at);
        break;
    case FIELD_PAIRS:
        write_pairs(w, *(const struct pair_list *)at);
        break;
    case FIELD_ID:
        json_write_string(w, resource_id_text(at));
        break;
    case FIELD_ADDRESS:
        write_address(w, at);
        break;
    case FIELD_OBJECT:
        write_object(w, field->shape, at);
        break;
    case FIELD_LIST:
        write_list(w, field, value);
        break;
    case FIELD_PORTS:
        write_ports(w, field, value);
        break;
    }
}

void fields_write(struct json_writer *w, const struct shape *shape, const void *value)
{
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *field = &shape->fields[i];
        if (!field->required && is_empty(field, value))
            continue;
        json_write_key(w, text_of(field->name));
        write_value(w, field, value);
    }
}

/* --- reading ----------------------------------------------------------------------------- */

/* One field being read: `at` is its value in the document, `value` the struct it goes to. */
struct reading {
    const struct field *field;
    struct json_at at;
    struct arena *arena;
    void *value;
};

static void *target(const struct reading *r)
{
    return (char *)r->value + r->field->offset;
}

static bool complain(const struct reading *r, struct error *err, const char *problem)
{
    return json_complain(&r->at, err, "%s", problem);
}

static bool read_string(const struct json_at *at, struct text *out, struct error *err)
{
    if (!json_is_string(at->value))
        return json_complain(at, err, "must be a string");
    *out = (struct text){ json_string_value(at->value), json_string_length(at->value) };
    return true;
}

static bool read_bool(const struct reading *r, struct error *err)
{
    if (!json_is_boolean(r->at.value))
        return complain(r, err, "must be true or false");
    *(bool *)target(r) = json_is_true(r->at.value);
    return true;
}

static bool read_int(const struct reading *r, struct error *err)
{
    if (!json_is_integer(r->at.value))
        return complain(r, err, "must be an integer");
    const int64_t number = json_integer_value(r->at.value);
    if (number < r->field->min || number > r->field->max)
        return json_complain(&r->at, err, "must be from %lld to %lld", (long long)r->field->min,
                             (long long)r->field->max);
    store_int(r->field, target(r), number);
    return true;
}

static bool read_time(const struct reading *r, struct error *err)
{
    struct text text = { 0 };
    struct timestamp at = { 0 };
    if (!read_string(&r->at, &text, err))
        return false;
    if (!rfc3339_parse(text, &at) || at.seconds < 0 || at.seconds > INT64_MAX / NS_PER_SEC ||
        (at.seconds == INT64_MAX / NS_PER_SEC && at.nanos > INT64_MAX % NS_PER_SEC))
        return complain(r, err, "must be a time as 2026-01-02T15:04:05Z, from 1970 to 2262");
    *(int64_t *)target(r) = at.seconds * NS_PER_SEC + at.nanos;
    return true;
}

static bool read_span(const struct reading *r, struct error *err)
{
    struct text text = { 0 };
    struct error cause = { 0 };
    int64_t *out = target(r);
    if (!read_string(&r->at, &text, err))
        return false;
    if (!go_duration_parse(text, out, &cause) || *out < 0)
        return complain(r, err, "must be a duration as 1h30m, not below 0");
    return true;
}

static bool read_enum(const struct reading *r, struct error *err)
{
    struct text text = { 0 };
    if (!read_string(&r->at, &text, err))
        return false;
    for (int64_t value = 0; text.len > 0 && value <= r->field->max; value++) {
        if (text_equal_cstr(text, r->field->name_of(value))) {
            store_int(r->field, target(r), value);
            return true;
        }
    }
    return json_complain(&r->at, err, "has no value \"" TEXT_FMT "\"", TEXT_ARGS(text));
}

static bool read_text(const struct reading *r, struct error *err)
{
    struct text *out = target(r);
    if (!read_string(&r->at, out, err))
        return false;
    if (out->len > (size_t)r->field->max)
        return json_complain(&r->at, err, "must not be longer than %lld bytes",
                             (long long)r->field->max);
    return !r->field->required || out->len > 0 || complain(r, err, "must not be empty");
}

/* Room for the items of an array; NULL when it is none or there is no memory. */
static void *make_items(const struct reading *r, size_t item_size, size_t *count, struct error *err)
{
    if (!json_is_array(r->at.value)) {
        complain(r, err, "must be an array");
        return NULL;
    }
    *count = json_array_size(r->at.value);
    void *items = arena_zalloc(r->arena, *count * item_size + 1);
    if (items == NULL)
        out_of_memory(err);
    return items;
}

static bool read_texts(const struct reading *r, struct error *err)
{
    size_t count = 0;
    struct text *items = make_items(r, sizeof *items, &count, err);
    for (size_t i = 0; items != NULL && i < count; i++) {
        struct json_at item = json_item(&r->at, i);
        if (!read_string(&item, &items[i], err))
            return false;
    }
    *(struct text_list *)target(r) = (struct text_list){ items, count };
    return items != NULL;
}

static bool read_pairs(const struct reading *r, struct error *err)
{
    if (!json_is_object(r->at.value))
        return complain(r, err, "must be an object");
    const size_t count = json_object_size(r->at.value);
    if (count > (size_t)r->field->max)
        return json_complain(&r->at, err, "must not have more than %lld members",
                             (long long)r->field->max);
    struct pair *pairs = arena_zalloc(r->arena, count * sizeof *pairs + 1);
    if (pairs == NULL)
        return out_of_memory(err);
    size_t i = 0;
    for (void *at = json_object_iter(r->at.value); at != NULL;
         at = json_object_iter_next(r->at.value, at)) {
        json_t *value = json_object_iter_value(at);
        struct text key = { json_object_iter_key(at), json_object_iter_key_len(at) };
        if (!json_is_string(value))
            return complain(r, err, "must hold strings only");
        pairs[i++] = (struct pair){ key, { json_string_value(value), json_string_length(value) } };
    }
    pairs_sort(pairs, count);
    *(struct pair_list *)target(r) = (struct pair_list){ pairs, count };
    return true;
}

static bool read_id(const struct reading *r, struct error *err)
{
    struct text text = { 0 };
    if (!read_string(&r->at, &text, err))
        return false;
    if (text.len != RESOURCE_ID_LEN)
        return json_complain(&r->at, err, "must be an id of %d characters", RESOURCE_ID_LEN);
    memcpy(target(r), text.data, text.len);
    return true;
}

/* Reads as many octets, in digits of that base. */
static bool read_octets(struct text text, char separator, int base, uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text part = text_split(&text, separator);
        int64_t number = 0;
        if (part.len == 0 || part.len > 3)
            return false;
        for (size_t j = 0; j < part.len; j++) {
            static const char digits[] = "0123456789abcdef";
            const char *digit = memchr(digits, part.data[j], (size_t)base);
            if (digit == NULL)
                return false;
            number = number * base + (digit - digits);
        }
        if (number > UINT8_MAX)
            return false;
        octets[i] = (uint8_t)number;
    }
    return text.data == NULL;
}

static bool read_address(const struct reading *r, struct error *err)
{
    struct network_address *out = target(r);
    struct text texts[2] = { 0 };
    uint8_t mac[6];
    if (!json_is_array(r->at.value) || json_array_size(r->at.value) != ARRAY_LEN(texts))
        return complain(r, err, "must be an array of an IP address and a MAC");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct json_at item = json_item(&r->at, i);
        if (!read_string(&item, &texts[i], err))
            return false;
    }
    if (!read_octets(texts[0], '.', 10, out->ip, sizeof out->ip) || out->ip[0] != 10 ||
        out->ip[1] != 100)
        return complain(r, err, "must begin with an address of 10.100.0.0/16");
    if (!read_octets(texts[1], ':', 16, mac, sizeof mac))
        return complain(r, err, "must end with a MAC as 02:00:00:00:00:01");
    memcpy(out->mac, mac + 3, sizeof out->mac);
    return true;
}

static bool read_list(const struct reading *r, struct error *err)
{
    const struct shape *shape = r->field->shape;
    size_t count = 0;
    char *items = make_items(r, shape->size, &count, err);
    for (size_t i = 0; items != NULL && i < count; i++) {
        struct json_at item = json_item(&r->at, i);
        if (!fields_read_object(&item, shape, r->arena, items + i * shape->size, err))
            return false;
    }
    store_list(r->field, r->value, items, count);
    return items != NULL;
}

static bool read_ports(const struct reading *r, struct error *err)
{
    size_t count = 0;
    uint16_t *ports = make_items(r, sizeof *ports, &count, err);
    for (size_t i = 0; ports != NULL && i < count; i++) {
        struct json_at item = json_item(&r->at, i);
        if (!json_is_integer(item.value) || json_integer_value(item.value) < 0 ||
            json_integer_value(item.value) > UINT16_MAX)
            return json_complain(&item, err, "must be an integer from 0 to 65535");
        ports[i] = (uint16_t)json_integer_value(item.value);
    }
    store_list(r->field, r->value, ports, count);
    return ports != NULL;
}

static bool read_value(const struct reading *r, struct error *err)
{
    switch (r->field->kind) {
    case FIELD_BOOL:
        return read_bool(r, err);
    case FIELD_INT:
        return read_int(r, err);
    case FIELD_TIME:
        return read_time(r, err);
    case FIELD_SPAN:
        return read_span(r, err);
    case FIELD_ENUM:
        return read_enum(r, err);
    case FIELD_TEXT:
        return read_text(r, err);
    case FIELD_TEXTS:
        return read_texts(r, err);
    case FIELD_PAIRS:
        return read_pairs(r, err);
    case FIELD_ID:
        return read_id(r, err);
    case FIELD_ADDRESS:
        return read_address(r, err);
    case FIELD_OBJECT:
        return fields_read_object(&r->at, r->field->shape, r->arena, target(r), err);
    case FIELD_LIST:
        return read_list(r, err);
    case FIELD_PORTS:
        return read_ports(r, err);
    }
    return false;
}

/* Not there: zero. */
static bool read_field(const struct reading *r, const struct json_at *object, struct error *err)
{
    if (r->at.value == NULL)
        return !r->field->required ||
               json_complain(object, err, "must have a member \"%s\"", r->field->name);
    return read_value(r, err);
}

bool fields_read_object(const struct json_at *at, const struct shape *shape, struct arena *arena,
                        void *value, struct error *err)
{
    const char *names[64] = { 0 };
    assert(shape->field_count < ARRAY_LEN(names));
    memset(value, 0, shape->size);
    if (!json_is_object(at->value))
        return json_complain(at, err, "must be an object");
    for (size_t i = 0; i < shape->field_count; i++)
        names[i] = shape->fields[i].name;
    if (!json_allow_keys(at, names, err))
        return false;
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *field = &shape->fields[i];
        const struct reading reading = { field, json_member(at, field->name), arena, value };
        if (!read_field(&reading, at, err))
            return false;
    }
    return shape->check == NULL || shape->check(value, at, err);
}

#include "mock/api/body.h"

#include <assert.h>
#include <string.h>

#include "common/base/checked.h"
#include "common/json/json_reader.h"

/* An array that grows in the arena; the outgrown copies stay there until the request ends. */
struct growing {
    void *data;
    size_t count;
    size_t capacity;
};

static bool no_room(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* The new item's place, NULL (and *err set) when there is none. */
static void *growing_add(struct growing *list, size_t item_size, struct arena *arena,
                         struct error *err)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        size_t bytes;
        void *data = size_mul(capacity, item_size, &bytes) ? arena_alloc(arena, bytes) : NULL;
        if (data == NULL) {
            no_room(err);
            return NULL;
        }
        if (list->count > 0)
            memcpy(data, list->data, list->count * item_size);
        list->data = data;
        list->capacity = capacity;
    }
    return (char *)list->data + item_size * list->count++;
}

/* Merges the sorted runs from[0, middle) and from[middle, count) into `to`. Equal keys keep their
 * order. */
static void merge(const struct body_member *from, size_t middle, size_t count,
                  struct body_member *to)
{
    size_t left = 0;
    size_t right = middle;

    for (size_t i = 0; i < count; i++) {
        const bool take_left =
            right == count || (left < middle && text_compare(from[left].key, from[right].key) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

static bool is_sorted(const struct body_member *members, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (text_compare(members[i - 1].key, members[i].key) >= 0)
            return false;
    }
    return true;
}

/* Stable, so that among equal keys the one written last stays last. */
static bool sort_members(struct growing *list, struct arena *arena, struct error *err)
{
    const size_t count = list->count;
    struct body_member *members = list->data;
    if (is_sorted(members, count))
        return true;

    struct body_member *other = arena_alloc(arena, count * sizeof *other);
    if (other == NULL)
        return no_room(err);

    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            const size_t run = count - at < 2 * width ? count - at : 2 * width;
            merge(members + at, run < width ? run : width, run, other + at);
        }
        struct body_member *sorted = other;
        other = members;
        members = sorted;
    }

    /* A repeated key: the last one wins (VALID-038). */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && text_compare(members[i].key, members[i + 1].key) == 0)
            continue;
        members[kept++] = members[i];
    }
    *list = (struct growing){ .data = members, .count = kept, .capacity = count };
    return true;
}

static bool read_value(struct json_reader *r, enum json_token token, struct text text,
                       struct body_value *out, struct error *err);

static bool read_array(struct json_reader *r, struct body_value *out, struct error *err)
{
    struct growing list = { 0 };

    for (;;) {
        enum json_token token;
        struct text text;
        if (!json_next(r, &token, &text, err))
            return false;
        if (token == JSON_TOKEN_ARRAY_END)
            break;
        struct body_value *item = growing_add(&list, sizeof *item, r->arena, err);
        if (item == NULL || !read_value(r, token, text, item, err))
            return false;
    }
    *out = (struct body_value){ .kind = BODY_ARRAY };
    out->items = list.data;
    out->item_count = list.count;
    return true;
}

static bool read_object(struct json_reader *r, struct body_value *out, struct error *err)
{
    struct growing list = { 0 };

    for (;;) {
        enum json_token token;
        struct text text;
        if (!json_next(r, &token, &text, err))
            return false;
        if (token == JSON_TOKEN_OBJECT_END)
            break;
        struct body_member *member = growing_add(&list, sizeof *member, r->arena, err);
        if (member == NULL)
            return false;
        member->key = text;
        member->order = (uint32_t)list.count;
        member->is_default = false;
        if (!json_next(r, &token, &text, err) || !read_value(r, token, text, &member->value, err))
            return false;
    }
    if (!sort_members(&list, r->arena, err))
        return false;
    *out = (struct body_value){ .kind = BODY_OBJECT };
    out->members = list.data;
    out->member_count = list.count;
    return true;
}

/* Recursion is bounded by the reader's depth limit. */
static bool read_value(struct json_reader *r, enum json_token token, struct text text,
                       struct body_value *out, struct error *err)
{
    switch (token) {
    case JSON_TOKEN_OBJECT_BEGIN:
        return read_object(r, out, err);
    case JSON_TOKEN_ARRAY_BEGIN:
        return read_array(r, out, err);
    case JSON_TOKEN_STRING:
        *out = (struct body_value){ .kind = BODY_STRING, .text = text };
        return true;
    case JSON_TOKEN_NUMBER:
        *out = (struct body_value){ .kind = BODY_NUMBER, .text = text };
        return true;
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_FALSE:
        *out = (struct body_value){ .kind = BODY_BOOL, .truth = token == JSON_TOKEN_TRUE };
        return true;
    case JSON_TOKEN_NULL:
        *out = (struct body_value){ .kind = BODY_NULL };
        return true;
    case JSON_TOKEN_OBJECT_END:
    case JSON_TOKEN_ARRAY_END:
    case JSON_TOKEN_KEY:
    case JSON_TOKEN_END:
        break;
    }
    assert(token < JSON_TOKEN_OBJECT_BEGIN); /* never: the reader keeps to the grammar */
    return false;
}

bool body_parse(struct text source, struct arena *arena, struct body_value *out, struct error *err)
{
    struct json_reader r = json_reader_from(source, arena);
    r.allow_trailing = true;

    enum json_token token;
    struct text text;
    return json_next(&r, &token, &text, err) && read_value(&r, token, text, out, err);
}

struct body_value *body_find(const struct body_value *object, const char *key)
{
    if (object == NULL || object->kind != BODY_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->member_count; i++) {
        if (text_equal_cstr(object->members[i].key, key))
            return &object->members[i].value;
    }
    return NULL;
}

bool body_add_member(struct body_value *object, const char *key, struct body_value value,
                     struct arena *arena)
{
    const struct text name = text_of(key);
    struct body_member *members = arena_alloc(arena, (object->member_count + 1) * sizeof *members);
    if (members == NULL)
        return false;

    size_t at = 0;
    while (at < object->member_count && text_compare(object->members[at].key, name) < 0) {
        members[at] = object->members[at];
        at++;
    }
    members[at] = (struct body_member){ .key = name, .is_default = true, .value = value };
    if (at < object->member_count)
        memcpy(members + at + 1, object->members + at,
               (object->member_count - at) * sizeof *members);
    object->members = members;
    object->member_count++;
    return true;
}

struct text body_text(const struct body_value *object, const char *key, const char *fallback)
{
    const struct body_value *value = body_find(object, key);
    return value == NULL ? text_of(fallback) : value->text;
}

bool body_bool(const struct body_value *object, const char *key, bool fallback)
{
    const struct body_value *value = body_find(object, key);
    return value == NULL ? fallback : value->truth;
}

int64_t body_i64(const struct body_value *object, const char *key, int64_t fallback)
{
    const struct body_value *value = body_find(object, key);
    int64_t number;
    return value != NULL && text_parse_i64(value->text, &number) ? number : fallback;
}

/* The parts of a JSON number. */
struct decimal {
    bool negative;
    struct text digits;   /* before the point */
    struct text fraction; /* after it         */
    int64_t exponent;     /* clamped to +-100000, far beyond any double */
};

static struct text leading_digits(struct text *rest)
{
    const struct text all = *rest;
    size_t n = 0;
    while (n < all.len && all.data[n] >= '0' && all.data[n] <= '9')
        n++;
    *rest = (struct text){ all.data + n, all.len - n };
    return (struct text){ all.data, n };
}

static bool skip_char(struct text *rest, char c)
{
    if (rest->len == 0 || rest->data[0] != c)
        return false;
    *rest = (struct text){ rest->data + 1, rest->len - 1 };
    return true;
}

static struct decimal split_number(struct text number)
{
    enum { EXPONENT_LIMIT = 100000 };
    struct decimal d = { 0 };
    struct text rest = number;

    d.negative = skip_char(&rest, '-');
    d.digits = leading_digits(&rest);
    if (skip_char(&rest, '.'))
        d.fraction = leading_digits(&rest);
    if (skip_char(&rest, 'e') || skip_char(&rest, 'E')) {
        const bool down = rest.len > 0 && rest.data[0] == '-';
        if (!text_parse_i64(rest, &d.exponent) || d.exponent > EXPONENT_LIMIT ||
            d.exponent < -EXPONENT_LIMIT)
            d.exponent = down ? -EXPONENT_LIMIT : EXPONENT_LIMIT;
    }
    return d;
}

static size_t len_without_final_zeros(struct text digits)
{
    size_t len = digits.len;
    while (len > 0 && digits.data[len - 1] == '0')
        len--;
    return len;
}

bool body_number_is_whole(struct text number)
{
    const struct decimal d = split_number(number);
    const size_t fraction = len_without_final_zeros(d.fraction);

    if (fraction > 0)
        return d.exponent >= 0 && (uint64_t)d.exponent >= fraction;
    if (d.exponent >= 0)
        return true;
    const size_t integer = len_without_final_zeros(d.digits);
    return integer == 0 || d.digits.len - integer >= (uint64_t)-d.exponent;
}

double body_number_estimate(struct text number)
{
    const struct decimal d = split_number(number);
    double value = 0;
    int64_t exponent = d.exponent;

    for (size_t i = 0; i < d.digits.len; i++)
        value = value * 10 + (d.digits.data[i] - '0');
    for (size_t i = 0; i < d.fraction.len && i < 20; i++, exponent--)
        value = value * 10 + (d.fraction.data[i] - '0');
    for (; exponent > 0 && value < 1e300 && value > 0; exponent--)
        value *= 10;
    for (; exponent < 0 && value > 0; exponent++)
        value /= 10;
    return d.negative ? -value : value;
}

#include "common/http/query.h"

#include <string.h>

#include "common/base/checked.h"
#include "common/http/escape.h"

/* True when the pair is decoded, or to be dropped (*kept false). */
static bool decode_pair(struct text raw, struct arena *arena, struct query_pair *pair, bool *kept,
                        struct error *err)
{
    struct text value = raw;
    struct text key = text_split(&value, '=');
    struct error why = { 0 };
    *kept = raw.len > 0 && memchr(raw.data, ';', raw.len) == NULL;
    if (!*kept || (unescape(key, true, arena, &pair->key, &why) &&
                   unescape(value, true, arena, &pair->value, &why)))
        return true;
    *kept = false;
    if (why.code == ERROR_INVALID_ARGUMENT) /* VALID-056, TAG-027: only this pair is lost */
        return true;
    *err = why;
    return false;
}

static size_t count_parts(struct text raw, size_t max)
{
    size_t count = 1;
    for (const char *at = raw.data; count < max; count++) {
        at = memchr(at, '&', raw.len - (size_t)(at - raw.data));
        if (at == NULL)
            break;
        at++;
    }
    return count;
}

bool query_parse(struct text raw, size_t max_pairs, struct arena *arena, struct query *out,
                 struct error *err)
{
    if (raw.len == 0) {
        *out = (struct query){ 0 };
        return true;
    }
    size_t size;
    size_t room = count_parts(raw, max_pairs);
    struct query query = { 0 };
    if (size_mul(room, sizeof *query.pairs, &size))
        query.pairs = arena_alloc(arena, size);
    if (query.pairs == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");

    while (raw.data != NULL) {
        struct query_pair pair;
        bool kept;
        if (!decode_pair(text_split(&raw, '&'), arena, &pair, &kept, err))
            return false;
        if (kept && query.count == max_pairs)
            return error_set(err, ERROR_RESOURCE_EXHAUSTED, "more than %zu query parameters",
                             max_pairs);
        if (kept)
            query.pairs[query.count++] = pair;
    }
    *out = query;
    return true;
}

size_t query_find(const struct query *query, const char *key, struct text *first)
{
    struct text wanted = text_of(key);
    size_t found = 0;
    for (size_t i = 0; i < query->count; i++)
        if (text_equal(query->pairs[i].key, wanted) && found++ == 0)
            *first = query->pairs[i].value;
    return found;
}

bool query_deep_key(struct text key, const char *name, struct text *sub)
{
    struct text prefix = text_of(name);
    if (key.len < prefix.len + 2 || !text_starts_with(key, prefix) || key.data[prefix.len] != '[' ||
        key.data[key.len - 1] != ']')
        return false;
    struct text inside = { key.data + prefix.len + 1, key.len - prefix.len - 2 };
    if (inside.len > 0 && (memchr(inside.data, '[', inside.len) != NULL ||
                           memchr(inside.data, ']', inside.len) != NULL))
        return false;
    *sub = inside;
    return true;
}

bool query_append(struct buffer *b, bool *first, struct text key, struct text value)
{
    buffer_append_byte(b, *first ? '?' : '&');
    *first = false;
    escape_append(b, key, ESCAPE_QUERY_KEY);
    buffer_append_byte(b, '=');
    return escape_append(b, value, ESCAPE_QUERY);
}

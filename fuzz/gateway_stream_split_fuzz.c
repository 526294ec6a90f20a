/* Bodies of streams: however the bytes are cut into pieces, the same items come out and it ends in
 * the same way; what is an array gives its elements. The first byte picks the format, the second
 * the size of the pieces. */
#include <string.h>

#include "common/json/json_reader.h"
#include "fuzz/fuzz.h"
#include "gateway/transcode/stream_split.h"

enum { ITEM_MAX = 4096, BODY_MAX = 1 << 16, SEEN_MAX = 4 * BODY_MAX };

struct seen {
    struct buffer items; /* each with what was found and an end that no text has */
    size_t count;
    size_t valid_count; /* of those that are JSON */
    struct error err;
};

static bool is_json(struct text t)
{
    struct error ignored = { 0 };
    return json_check(t, false, &ignored);
}

static void note(struct seen *seen, enum split_found found, const struct stream_split *split)
{
    const struct text item = buffer_text(&split->item);
    ALWAYS(item.len > 0 && item.len <= ITEM_MAX);
    ALWAYS(found == SPLIT_ITEM || split->format == STREAM_EVENTS);
    buffer_append_byte(&seen->items, (uint8_t)found);
    buffer_append_text(&seen->items, item);
    buffer_append_byte(&seen->items, 0xff);
    seen->count++;
    seen->valid_count += is_json(item);
}

static bool feed(struct stream_split *split, struct text piece, struct seen *seen)
{
    enum split_found found = SPLIT_ITEM;
    while ((found = stream_split_next(split, &piece, &seen->err)) != SPLIT_NOTHING) {
        if (found == SPLIT_FAILED)
            return false;
        note(seen, found, split);
    }
    ALWAYS(piece.len == 0);
    return true;
}

static struct seen run(enum stream_format format, struct text body, size_t piece)
{
    struct stream_split split = stream_split_begin(format, ITEM_MAX);
    struct seen seen = { .items = buffer_capped(SEEN_MAX) };
    bool ok = true;
    for (size_t at = 0; ok && at < body.len; at += piece)
        ok = feed(&split,
                  (struct text){ body.data + at, piece < body.len - at ? piece : body.len - at },
                  &seen);
    enum split_found found = SPLIT_NOTHING;
    while (ok && (found = stream_split_end(&split, &seen.err)) != SPLIT_NOTHING) {
        ok = found != SPLIT_FAILED;
        if (ok)
            note(&seen, found, &split);
    }
    ALWAYS(ok == (seen.err.code == ERROR_NONE));
    stream_split_fini(&split);
    return seen;
}

/* An array of that many elements, or not. */
static bool count_elements(struct text body, size_t *count)
{
    SCOPED(arena) struct arena arena = arena_capped(BODY_MAX);
    struct json_reader reader = json_reader_from(body, &arena);
    struct error ignored = { 0 };
    enum json_token token = JSON_TOKEN_END;
    struct text text;
    *count = 0;
    if (!is_json(body) || !json_next(&reader, &token, &text, &ignored) ||
        token != JSON_TOKEN_ARRAY_BEGIN)
        return false;
    for (;; (*count)++) {
        if (!json_next(&reader, &token, &text, &ignored))
            return false;
        if (token == JSON_TOKEN_ARRAY_END)
            return true;
        if (!json_skip(&reader, token, &ignored))
            return false;
    }
}

static void check_array(struct text body, const struct seen *seen)
{
    size_t count = 0;
    if (count_elements(body, &count) && seen->err.code != ERROR_RESOURCE_EXHAUSTED)
        ALWAYS(seen->err.code == ERROR_NONE && seen->count == count && seen->valid_count == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum stream_format formats[] = { STREAM_EVENTS, STREAM_LINES, STREAM_JSON };
    if (size < 2 || size > BODY_MAX)
        return 0;
    const enum stream_format format = formats[data[0] % ARRAY_LEN(formats)];
    const struct text body = { (const char *)data + 2, size - 2 };
    struct seen whole = run(format, body, body.len + 1);
    struct seen pieces = run(format, body, (size_t)data[1] % 16 + 1);
    ALWAYS(text_equal(buffer_text(&whole.items), buffer_text(&pieces.items)));
    ALWAYS(whole.err.code == pieces.err.code);
    ALWAYS(strcmp(whole.err.message, pieces.err.message) == 0);
    if (format == STREAM_JSON)
        check_array(body, &whole);
    buffer_fini(&whole.items);
    buffer_fini(&pieces.items);
    return 0;
}

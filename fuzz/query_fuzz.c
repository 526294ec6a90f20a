/* query: never crashes, keeps its limits; pairs written are read back as they were. */
#include "common/http/query.h"
#include "fuzz/fuzz.h"

enum { PAIRS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(arena) struct arena arena = arena_capped(64U << 20);
    SCOPED(buffer) struct buffer written = buffer_capped(64U << 20);
    struct query query;
    struct query again;
    struct error err = { 0 };
    if (!query_parse((struct text){ (const char *)data, size }, PAIRS_MAX, &arena, &query, &err)) {
        ALWAYS(err.code == ERROR_RESOURCE_EXHAUSTED);
        return 0;
    }
    ALWAYS(query.count <= PAIRS_MAX);

    bool first = true;
    buffer_append_byte(&written, 'x');
    for (size_t i = 0; i < query.count; i++) {
        struct text sub;
        if (query_deep_key(query.pairs[i].key, "tags", &sub))
            ALWAYS(sub.len + 6 == query.pairs[i].key.len);
        query_append(&written, &first, query.pairs[i].key, query.pairs[i].value);
    }
    struct text raw = buffer_text(&written);
    raw = raw.len < 2 ? TEXT("") : (struct text){ raw.data + 2, raw.len - 2 };
    ALWAYS(query_parse(raw, PAIRS_MAX, &arena, &again, &err));
    ALWAYS(again.count == query.count);
    for (size_t i = 0; i < query.count; i++) {
        ALWAYS(text_equal(query.pairs[i].key, again.pairs[i].key));
        ALWAYS(text_equal(query.pairs[i].value, again.pairs[i].value));
    }
    return 0;
}

/* escape and unescape: never crash; escaping is undone by unescaping in every set. */
#include "common/http/escape.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    SCOPED(arena) struct arena arena = arena_capped(64U << 20);
    for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
        struct text out;
        struct error err = { 0 };
        if (unescape(input, plus_is_space, &arena, &out, &err))
            ALWAYS(out.len <= size);
        else
            ALWAYS(err.code == ERROR_INVALID_ARGUMENT);
        for (int set = ESCAPE_SEGMENT; set <= ESCAPE_QUERY_KEY; set++) {
            SCOPED(buffer) struct buffer wire = buffer_capped(16U << 20);
            struct error none = { 0 };
            ALWAYS(escape_append(&wire, input, (enum escape_set)set));
            ALWAYS(unescape(buffer_text(&wire), plus_is_space, &arena, &out, &none));
            ALWAYS(text_equal(out, input));
        }
    }
    return 0;
}

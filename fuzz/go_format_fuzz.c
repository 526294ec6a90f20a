/* go_format_nothing: never crash; bounded output; UTF-8 stays UTF-8; text without '%' is itself. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mock/api/go_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text format = { (const char *)data, size };
    SCOPED(buffer) struct buffer out = buffer_capped(16U << 20);

    go_format_nothing(format, &out);
    ALWAYS(out.failed || out.len <= 9 * size + 10);
    if (text_is_utf8(format))
        ALWAYS(text_is_utf8(buffer_text(&out)));
    if (memchr(data, '%', size) == NULL)
        ALWAYS(text_equal(buffer_text(&out), format));
    return 0;
}

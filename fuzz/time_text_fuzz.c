/* rfc3339 and go_duration: never crash; what is accepted is written in a form that is read back
 * as the same value. */
#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    SCOPED(buffer) struct buffer text = buffer_capped(100);

    struct timestamp ts;
    struct timestamp ts_again;
    if (rfc3339_parse(input, &ts)) {
        ALWAYS(timestamp_is_valid(ts) && rfc3339_append(&text, ts));
        ALWAYS(rfc3339_parse(buffer_text(&text), &ts_again));
        ALWAYS(ts.seconds == ts_again.seconds && ts.nanos == ts_again.nanos);
    }

    int64_t ns;
    int64_t ns_again;
    struct error err = { 0 };
    buffer_clear(&text);
    if (!go_duration_parse(input, &ns, &err)) {
        ALWAYS(err.code == ERROR_INVALID_ARGUMENT && text_is_utf8(text_of(err.message)));
        return 0;
    }
    ALWAYS(go_duration_append(&text, ns));
    ALWAYS(go_duration_parse(buffer_text(&text), &ns_again, &err));
    ALWAYS(ns == ns_again);
    return 0;
}

/* Requests of a client: whatever the bytes, every method either sends a well-formed request that
 * stays on its path, or refuses with an error fit to send. */
#include <string.h>

#include "common/json/json_reader.h"
#include "fuzz/fuzz.h"
#include "gateway/transcode/request.h"
#include "tests/unit/gateway/api_set.h"

/* $(),@ come from GetOdd's template only. */
static bool is_url_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~/%?&=[]:*$(),@", c) != NULL);
}

static void check_target(struct text target)
{
    struct text rest = target;
    ALWAYS(target.len > 0 && target.data[0] == '/' && target.len <= TRANSCODED_TARGET_MAX);
    for (size_t i = 0; i < target.len; i++)
        ALWAYS(is_url_char(target.data[i]));
    struct text path = text_split(&rest, '?');
    (void)text_split(&path, '/');
    while (path.data != NULL) {
        struct text segment = text_split(&path, '/');
        ALWAYS(segment.len > 0 && !text_equal_cstr(segment, ".") &&
               !text_equal_cstr(segment, ".."));
    }
}

static void translate(const struct method *method, struct text wire)
{
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    if (method->binding_count == 0)
        return;
    if (!transcode_request(method, wire, &out, &err)) {
        ALWAYS(err.code != ERROR_NONE && err.code != ERROR_INTERNAL);
        ALWAYS(text_is_utf8(text_of(err.message)) && text_is_utf8(text_of(err.field)));
        return;
    }
    ALWAYS(err.code == ERROR_NONE);
    check_target(buffer_text(&out.target));
    /* Lists count as levels in JSON and not on the wire, so only the depth may be beyond us. */
    if (out.has_body && !out.binding->is_raw && !json_check(buffer_text(&out.body), false, &err))
        ALWAYS(err.code == ERROR_RESOURCE_EXHAUSTED);
    transcoded_request_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Loaded once: a fuzzer runs millions of inputs in one process. */
    static const struct schema *schemas[2];
    if (schemas[0] == NULL) {
        schemas[0] = api_set_load(HYPEMAN_SET);
        schemas[1] = api_set_load(SHAPES_SET);
        ALWAYS(schemas[0] != NULL && schemas[1] != NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        for (size_t m = 0; m < schema_method_count(schemas[i]); m++)
            translate(schema_method(schemas[i], m), (struct text){ (const char *)data, size });
    return 0;
}

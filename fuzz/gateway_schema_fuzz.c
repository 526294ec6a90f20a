/* Descriptor sets: whatever the bytes, loading gives a schema that can be used or an error that
 * says why not. */
#include "fuzz/fuzz.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/schema.h"
#include "gateway/transcode/to_json.h"

enum { OUT_MAX = 1 << 20 };

/* Field 1 and 2 as text, 3 as a message, 4 as a number. */
static const struct text samples[] = {
    { "", 0 },
    { "\x0a\x01x\x12\x01y\x1a\x02\x0a\x00\x20\x01", 12 },
};
static const struct text answers[] = {
    { "", 0 },
    { "{}", 2 },
    { "[]", 2 },
    { "{\"a\":\"1\",\"b\":[{}],\"c\":{\"d\":null},\"id\":\"x\"}", 42 },
};

static void use(const struct method *method)
{
    for (size_t i = 0; i < ARRAY_LEN(samples) && method->binding_count > 0; i++) {
        struct transcoded_request out = { 0 };
        struct error err = { 0 };
        if (transcode_request(method, samples[i], &out, &err))
            transcoded_request_fini(&out);
        else
            ALWAYS(err.code != ERROR_NONE);
    }
    for (size_t i = 0; i < ARRAY_LEN(answers) * method->binding_count; i++) {
        const struct binding *binding = &method->bindings[i / ARRAY_LEN(answers)];
        const struct http_answer answer = { TEXT("text/plain"), answers[i % ARRAY_LEN(answers)] };
        SCOPED(buffer) struct buffer wire = buffer_capped(OUT_MAX);
        SCOPED(buffer) struct buffer json = buffer_capped(OUT_MAX);
        struct json_notes notes = { 0 };
        struct error err = { 0 };
        if (!transcode_reply(binding, &answer, &wire, &notes, &err) ||
            !json_from_wire(method->reply, buffer_text(&wire), &json, &err))
            ALWAYS(err.code != ERROR_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schema *schema = NULL;
    struct error err = { 0 };
    if (!schema_load((struct text){ (const char *)data, size }, &schema, &err)) {
        ALWAYS(schema == NULL && err.code != ERROR_NONE && err.message[0] != '\0');
        return 0;
    }
    ALWAYS(schema_method_count(schema) > 0);
    for (size_t i = 0; i < schema_method_count(schema); i++) {
        ALWAYS(schema_find_method(schema, schema_method(schema, i)->path) != NULL);
        use(schema_method(schema, i));
    }
    schema_free(schema);
    return 0;
}

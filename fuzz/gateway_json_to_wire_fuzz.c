/* Answers of an upstream: any bytes either become wire bytes that read back, or are refused with an
 * error fit to send. */
#include "fuzz/fuzz.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/to_json.h"
#include "tests/unit/gateway/api_set.h"

enum { OUT_MAX = 4 << 20 };

static void translate(const struct message *message, struct text json)
{
    SCOPED(buffer) struct buffer wire = buffer_capped(OUT_MAX);
    SCOPED(buffer) struct buffer back = buffer_capped(OUT_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    if (!json_to_wire(message, json, &wire, &notes, &err)) {
        ALWAYS(err.code != ERROR_NONE && err.code != ERROR_INTERNAL);
        ALWAYS(text_is_utf8(text_of(err.message)) && text_is_utf8(text_of(err.field)));
        return;
    }
    ALWAYS(err.code == ERROR_NONE);
    ALWAYS(text_is_utf8(text_of(notes.unknown_enum)));
    /* A text the schema does not know became 0, which a list cannot hold. */
    if (!json_from_wire(message, buffer_text(&wire), &back, &err))
        ALWAYS(notes.unknown_enum[0] != '\0' || err.code == ERROR_RESOURCE_EXHAUSTED ||
               err.code == ERROR_INVALID_ARGUMENT);
    else
        ALWAYS(back.len >= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Loaded once: a fuzzer runs millions of inputs in one process. */
    static const struct schema *hypeman;
    static const struct schema *shapes;
    if (hypeman == NULL) {
        hypeman = api_set_load(HYPEMAN_SET);
        shapes = api_set_load(SHAPES_SET);
        ALWAYS(hypeman != NULL && shapes != NULL);
    }
    const struct text json = { (const char *)data, size };
    translate(schema_find_message(hypeman, TEXT("hypeman.v1.Snapshot")), json);
    translate(schema_find_message(hypeman, TEXT("hypeman.v1.Instance")), json);
    translate(schema_find_message(shapes, TEXT("shapes.v1.Everything")), json);
    return 0;
}

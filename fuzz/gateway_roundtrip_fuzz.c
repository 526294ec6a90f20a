/* wire -> JSON -> wire -> JSON: the second JSON is the first. */
#include "fuzz/fuzz.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/to_json.h"
#include "tests/unit/gateway/api_set.h"

enum { OUT_MAX = 4 << 20 };

static void there_and_back(const struct message *message, struct text wire)
{
    SCOPED(buffer) struct buffer json = buffer_capped(OUT_MAX);
    SCOPED(buffer) struct buffer again = buffer_capped(OUT_MAX);
    SCOPED(buffer) struct buffer json_again = buffer_capped(OUT_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    if (!json_from_wire(message, wire, &json, &err))
        return;
    if (!json_to_wire(message, buffer_text(&json), &again, &notes, &err)) {
        ALWAYS(err.code == ERROR_RESOURCE_EXHAUSTED); /* lists count as levels in JSON only */
        return;
    }
    ALWAYS(notes.unknown_members == 0 && notes.unknown_enum[0] == '\0');
    ALWAYS(json_from_wire(message, buffer_text(&again), &json_again, &err));
    ALWAYS(text_equal(buffer_text(&json), buffer_text(&json_again)));
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
    const struct text wire = { (const char *)data, size };
    there_and_back(schema_find_message(hypeman, TEXT("hypeman.v1.Snapshot")), wire);
    there_and_back(schema_find_message(hypeman, TEXT("hypeman.v1.Instance")), wire);
    there_and_back(schema_find_message(shapes, TEXT("shapes.v1.Everything")), wire);
    return 0;
}

/* json_reader: never crashes; checking and reading agree; what the writer makes of the tokens is
 * JSON again and means the same; a tree can be built from all that is accepted. */
#include "common/json/json_document.h"
#include "common/json/json_reader.h"
#include "common/json/json_writer.h"
#include "fuzz/fuzz.h"

/* Writes the document's tokens; false when it is not JSON. */
static bool rewrite(struct text input, bool allow_trailing, enum json_escape escape,
                    struct buffer *out)
{
    SCOPED(arena) struct arena arena = arena_capped(16U << 20);
    struct json_reader r = json_reader_from(input, &arena);
    struct json_writer w = json_writer_to(out, escape);
    r.allow_trailing = allow_trailing;
    for (;;) {
        enum json_token token;
        struct text text = { 0 };
        struct error err = { 0 };
        if (!json_next(&r, &token, &text, &err)) {
            ALWAYS(err.message[0] != '\0' && text_is_utf8(text_of(err.message)));
            return false;
        }
        ALWAYS(r.at <= input.len && r.depth <= JSON_MAX_DEPTH);
        switch (token) {
        case JSON_TOKEN_OBJECT_BEGIN:
            json_write_object_begin(&w);
            break;
        case JSON_TOKEN_OBJECT_END:
            json_write_object_end(&w);
            break;
        case JSON_TOKEN_ARRAY_BEGIN:
            json_write_array_begin(&w);
            break;
        case JSON_TOKEN_ARRAY_END:
            json_write_array_end(&w);
            break;
        case JSON_TOKEN_KEY:
            ALWAYS(text_is_utf8(text));
            json_write_key(&w, text);
            break;
        case JSON_TOKEN_STRING:
            ALWAYS(text_is_utf8(text));
            json_write_string(&w, text);
            break;
        case JSON_TOKEN_NUMBER:
            json_write_raw(&w, text);
            break;
        case JSON_TOKEN_TRUE:
        case JSON_TOKEN_FALSE:
            json_write_bool(&w, token == JSON_TOKEN_TRUE);
            break;
        case JSON_TOKEN_NULL:
            json_write_null(&w);
            break;
        case JSON_TOKEN_END:
            return true;
        }
    }
}

static void check_document(struct text input, bool allow_trailing)
{
    SCOPED(buffer) struct buffer html = buffer_capped(16U << 20);
    SCOPED(buffer) struct buffer first = buffer_capped(16U << 20);
    SCOPED(buffer) struct buffer second = buffer_capped(16U << 20);
    struct error err = { 0 };
    bool valid = json_check(input, allow_trailing, &err);
    ALWAYS(rewrite(input, allow_trailing, JSON_ESCAPE_HTML, &html) == valid);

    json_t *tree = NULL;
    err = (struct error){ 0 };
    ALWAYS(json_document_load(input, allow_trailing, &tree, &err) == valid);
    json_decref(tree);
    if (!valid)
        return;
    ALWAYS(rewrite(input, allow_trailing, JSON_ESCAPE_MINIMAL, &first));
    ALWAYS(rewrite(buffer_text(&html), false, JSON_ESCAPE_MINIMAL, &second));
    ALWAYS(text_equal(buffer_text(&first), buffer_text(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    check_document(input, false);
    check_document(input, true);
    return 0;
}

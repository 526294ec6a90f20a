#include "common/json/json_document.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/checked.h"
#include "common/base/scope.h"
#include "common/json/json_reader.h"

/* ---- loading ---- */

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* NULL when out of memory. */
static json_t *number_node(struct text digits, struct arena *scratch)
{
    int64_t integer;
    if (text_parse_i64(digits, &integer))
        return json_integer(integer);
    char *terminated = arena_copy(scratch, digits);
    if (terminated == NULL)
        return NULL;
    double real = strtod(terminated, NULL);
    return json_real(isfinite(real) ? real : copysign(DBL_MAX, real)); /* jansson has no infinity */
}

static json_t *scalar_node(enum json_token token, struct text text, struct arena *scratch)
{
    if (token == JSON_TOKEN_STRING)
        return json_stringn_nocheck(text.len == 0 ? "" : text.data, text.len);
    if (token == JSON_TOKEN_NUMBER)
        return number_node(text, scratch);
    return token == JSON_TOKEN_NULL ? json_null() : json_boolean(token == JSON_TOKEN_TRUE);
}

/* The tree under construction: open[depth - 1] receives the next value. Only the root is owned;
 * the levels below belong to their parents already. */
struct builder {
    json_t *root;
    json_t *open[JSON_MAX_DEPTH];
    uint32_t depth;
    struct text key; /* of the next value when an object is open */
};

static bool attach(struct builder *b, json_t *node)
{
    if (node == NULL)
        return false;
    if (b->depth == 0) {
        b->root = node;
        return true;
    }
    json_t *parent = b->open[b->depth - 1];
    int failed = json_is_array(parent)
                     ? json_array_append_new(parent, node)
                     : json_object_setn_new_nocheck(parent, b->key.len == 0 ? "" : b->key.data,
                                                    b->key.len, node);
    return failed == 0;
}

static bool build(struct builder *b, struct json_reader *r, struct error *err)
{
    for (;;) {
        enum json_token token;
        struct text text = { 0 };
        if (!json_next(r, &token, &text, err))
            return false;
        json_t *node;
        switch (token) {
        case JSON_TOKEN_END:
            return true;
        case JSON_TOKEN_OBJECT_END:
        case JSON_TOKEN_ARRAY_END:
            b->depth--;
            break;
        case JSON_TOKEN_KEY:
            b->key = text;
            break;
        case JSON_TOKEN_OBJECT_BEGIN:
        case JSON_TOKEN_ARRAY_BEGIN:
            node = token == JSON_TOKEN_OBJECT_BEGIN ? json_object() : json_array();
            if (!attach(b, node))
                return no_memory(err);
            b->open[b->depth++] = node; /* the reader refuses to go deeper than this array */
            break;
        case JSON_TOKEN_STRING:
        case JSON_TOKEN_NUMBER:
        case JSON_TOKEN_TRUE:
        case JSON_TOKEN_FALSE:
        case JSON_TOKEN_NULL:
            if (!attach(b, scalar_node(token, text, r->arena)))
                return no_memory(err);
            break;
        }
    }
}

bool json_document_load(struct text text, bool allow_trailing, json_t **out, struct error *err)
{
    SCOPED(arena) struct arena scratch = arena_capped(SIZE_MAX); /* bounded by the text's size */
    struct json_reader reader = json_reader_from(text, &scratch);
    reader.allow_trailing = allow_trailing;
    struct builder builder = { 0 };
    if (!build(&builder, &reader, err)) {
        json_decref(builder.root);
        return false;
    }
    *out = builder.root;
    return true;
}

static void file_scope_end(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

static bool read_file(FILE *file, struct buffer *out, struct error *err)
{
    char chunk[16 * 1024];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        if (!buffer_append(out, chunk, n))
            return buffer_error(out, err);
    return ferror(file) == 0 ||
           error_set(err, ERROR_INTERNAL, "cannot be read: %s", strerror(errno));
}

bool json_document_load_file(const char *path, size_t max_bytes, json_t **out, struct error *err)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(max_bytes);
    SCOPED(file) FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_INTERNAL,
                         "%s: cannot be opened: %s", path, strerror(errno));
    if (!read_file(file, &bytes, err) || !json_document_load(buffer_text(&bytes), false, out, err))
        return error_prefix(err, "%s: ", path);
    return true;
}

static int append_chunk(const char *bytes, size_t len, void *data)
{
    return buffer_append(data, bytes, len) ? 0 : -1;
}

bool json_document_append(struct buffer *out, const json_t *value)
{
    if (json_dump_callback(value, append_chunk, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        out->failed = true;
    return !out->failed;
}

/* ---- reading ---- */

struct json_at json_root(json_t *value)
{
    return (struct json_at){ .value = value };
}

struct json_at json_member(const struct json_at *obj, const char *key)
{
    json_t *value = json_object_get(obj->value, key);
    return (struct json_at){
        .value = json_is_null(value) ? NULL : value,
        .parent = obj,
        .key = key,
    };
}

struct json_at json_item(const struct json_at *array, size_t index)
{
    return (struct json_at){
        .value = json_array_get(array->value, index),
        .parent = array,
        .index = index,
    };
}

/* "cases[3].expect": written from the end, as that is where we stand. */
static const char *path_of(const struct json_at *at, char *out, size_t size)
{
    size_t start = size - 1;
    out[start] = '\0';
    for (; at->parent != NULL; at = at->parent) {
        char number[24];
        const char *step = at->key;
        if (step == NULL) {
            snprintf(number, sizeof number, "[%zu]", at->index);
            step = number;
        }
        bool dot = at->key != NULL && at->parent->parent != NULL;
        size_t len = strlen(step);
        if (start < len + (dot ? 1 : 0))
            break; /* too long: the end of the path says most */
        start -= len;
        memcpy(out + start, step, len);
        if (dot)
            out[--start] = '.';
    }
    return out + start;
}

bool json_complain(const struct json_at *at, struct error *err, const char *format, ...)
{
    char room[sizeof err->field];
    const char *path = path_of(at, room, sizeof room);
    char problem[sizeof err->message];
    va_list values;
    va_start(values, format);
    vsnprintf(problem, sizeof problem, format, values);
    va_end(values);
    return error_set_field(err, ERROR_INVALID_ARGUMENT, path, "%s %s",
                           path[0] == '\0' ? "the document" : path, problem);
}

static const char *const type_names[] = {
    [JSON_OBJECT] = "an object",
    [JSON_ARRAY] = "an array",
    [JSON_STRING] = "a string",
    [JSON_INTEGER] = "an integer",
    [JSON_REAL] = "a fraction or a number beyond 64 bits",
    [JSON_TRUE] = "a boolean",
    [JSON_FALSE] = "a boolean",
    [JSON_NULL] = "null",
};

static bool wrong_type(const struct json_at *at, json_type wanted, struct error *err)
{
    return json_complain(at, err, "must be %s, not %s", type_names[wanted],
                         at->value == NULL ? "absent" : type_names[json_typeof(at->value)]);
}

/* *found is false when the member may be absent and is. */
static bool get(const struct json_at *obj, const char *key, bool required, json_type wanted,
                struct json_at *out, bool *found, struct error *err)
{
    if (!json_is_object(obj->value))
        return wrong_type(obj, JSON_OBJECT, err);
    struct json_at at = json_member(obj, key);
    *found = at.value != NULL;
    if (!*found)
        return required ? json_complain(&at, err, "is missing") : true;
    bool fits = json_typeof(at.value) == wanted ||
                (wanted == JSON_TRUE && json_typeof(at.value) == JSON_FALSE);
    if (!fits)
        return wrong_type(&at, wanted, err);
    *out = at;
    return true;
}

bool json_get_string(const struct json_at *obj, const char *key, bool required, struct text *out,
                     struct error *err)
{
    struct json_at at = { 0 };
    bool found = false;
    if (!get(obj, key, required, JSON_STRING, &at, &found, err))
        return false;
    if (found)
        *out = (struct text){ json_string_value(at.value), json_string_length(at.value) };
    return true;
}

bool json_get_i64(const struct json_at *obj, const char *key, bool required, int64_t *out,
                  struct error *err)
{
    struct json_at at = { 0 };
    bool found = false;
    if (!get(obj, key, required, JSON_INTEGER, &at, &found, err))
        return false;
    if (found)
        *out = json_integer_value(at.value);
    return true;
}

bool json_get_bool(const struct json_at *obj, const char *key, bool required, bool *out,
                   struct error *err)
{
    struct json_at at = { 0 };
    bool found = false;
    if (!get(obj, key, required, JSON_TRUE, &at, &found, err))
        return false;
    if (found)
        *out = json_is_true(at.value);
    return true;
}

bool json_get_object(const struct json_at *obj, const char *key, bool required, struct json_at *out,
                     struct error *err)
{
    bool found = false;
    return get(obj, key, required, JSON_OBJECT, out, &found, err);
}

bool json_get_array(const struct json_at *obj, const char *key, bool required, struct json_at *out,
                    struct error *err)
{
    bool found = false;
    return get(obj, key, required, JSON_ARRAY, out, &found, err);
}

bool json_allow_keys(const struct json_at *obj, const char *const *names, struct error *err)
{
    if (!json_is_object(obj->value))
        return wrong_type(obj, JSON_OBJECT, err);
    for (void *at = json_object_iter(obj->value); at != NULL;
         at = json_object_iter_next(obj->value, at)) {
        const char *key = json_object_iter_key(at);
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, key) != 0)
            name++;
        if (*name != NULL)
            continue;
        const char *near = text_nearest(key, names);
        json_complain(obj, err, "has an unknown member \"%s\"%s%s%s", key,
                      near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                      near == NULL ? "" : "\"?");
        const struct json_at member = { .parent = obj, .key = key };
        char room[sizeof err->field];
        snprintf(err->field, sizeof err->field, "%s", path_of(&member, room, sizeof room));
        return false;
    }
    return true;
}

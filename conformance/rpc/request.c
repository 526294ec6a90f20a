#include "conformance/rpc/request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/http/escape.h"
#include "common/http/query.h"
#include "common/json/json_document.h"
#include "conformance/rpc/codec.h"

enum { WIRE_MAX = 16 << 20 };

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool cannot(struct error *err, const char *what, struct text name)
{
    return error_set(err, ERROR_NOT_SUPPORTED, TEXT_FMT ": %s", TEXT_ARGS(name), what);
}

/* ---- headers ---- */

/* What goes along as metadata; the rest belongs to HTTP. */
static bool add_header(const struct http_header *header, bool has_body, struct rpc_request *out,
                       struct error *err)
{
    static const char *const metadata[] = { "authorization", "x-mock-world", "x-request-id" };

    if (has_body && text_equal_nocase(header->name, TEXT("Content-Type")) &&
        text_equal(header->value, TEXT("application/json")))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(metadata) && out->metadata_count < RPC_METADATA_MAX; i++) {
        if (!text_equal_nocase(header->name, text_of(metadata[i])))
            continue;
        out->metadata[out->metadata_count++] =
            (struct http_header){ text_of(metadata[i]), header->value };
        return true;
    }
    return cannot(err, "is a header that does not go along as it is", header->name);
}

static bool add_headers(const struct transport_request *request, struct rpc_request *out,
                        struct error *err)
{
    const bool has_body = request->body.data != NULL;

    if (has_body &&
        http_find_header(request->headers, request->header_count, "Content-Type").data == NULL)
        return cannot(err, "a message always has a type", TEXT("Content-Type"));
    for (size_t i = 0; i < request->header_count; i++) {
        if (!add_header(&request->headers[i], has_body, out, err))
            return false;
    }
    return true;
}

/* ---- values out of path and query ---- */

static bool put(json_t *object, struct text name, json_t *value, struct error *err)
{
    if (value == NULL)
        return cannot(err, "has no value that a message of its type gives", name);
    if (json_object_getn(object, name.data, name.len) != NULL) {
        json_decref(value);
        return cannot(err, "is given twice", name);
    }
    return json_object_setn_new(object, name.data, name.len, value) == 0 || no_memory(err);
}

/* An integer has one form in a query that the gateway writes; others are REST's alone. */
static json_t *integer_of(struct text t)
{
    char canonical[32];
    int64_t number;

    if (!text_parse_i64(t, &number))
        return NULL;
    (void)snprintf(canonical, sizeof canonical, "%lld", (long long)number);
    return text_equal_cstr(t, canonical) ? json_integer(number) : NULL;
}

static json_t *value_of(const struct rpc_field *field, struct text t)
{
    const bool is_true = text_equal(t, TEXT("true"));

    switch (field->kind) {
    case RPC_INT32:
    case RPC_INT64:
        return integer_of(t);
    case RPC_BOOL:
        return is_true || text_equal(t, TEXT("false")) ? json_boolean(is_true) : NULL;
    case RPC_DOUBLE:
    case RPC_MESSAGE:
        return NULL;
    default:
        return json_stringn(t.len == 0 ? "" : t.data, t.len);
    }
}

/* tags[team]=x */
static bool add_deep(const struct rpc_message *message, struct text key, struct text value,
                     json_t *object, bool *deep, struct error *err)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct rpc_field *field = &message->fields[i];
        struct text sub;
        if (!field->map || !query_deep_key(key, field->name, &sub))
            continue;
        json_t *map = json_object_get(object, field->name);
        if (map == NULL && json_object_set_new(object, field->name, json_object()) == 0)
            map = json_object_get(object, field->name);
        *deep = true;
        return map == NULL ? no_memory(err)
                           : put(map, sub.len == 0 ? TEXT("") : sub,
                                 value_of(&field->message->fields[1], value), err);
    }
    return true;
}

/* *fits is false for what is no escaped text. */
static bool decode(struct text raw, bool plus_is_space, struct arena *arena, struct text *out,
                   bool *fits, struct error *err)
{
    struct error why = { 0 };

    *fits = unescape(raw, plus_is_space, arena, out, &why);
    return *fits || why.code != ERROR_NO_MEMORY || no_memory(err);
}

static bool add_pair(const struct rpc_method *method, struct text pair, struct arena *arena,
                     json_t *object, struct error *err)
{
    struct text raw = pair, key, value;
    const struct text raw_key = text_split(&raw, '=');
    bool deep = false;

    bool fits = raw.data != NULL, value_fits = false;
    if (fits && (!decode(raw_key, true, arena, &key, &fits, err) ||
                 !decode(raw, true, arena, &value, &value_fits, err)))
        return false;
    if (!fits || !value_fits)
        return cannot(err, "is no pair of a query", pair);
    if (!add_deep(method->request, key, value, object, &deep, err))
        return false;
    if (deep)
        return true;
    const struct rpc_field *field = rpc_field_named(method->request, key);
    if (field == NULL || field->repeated)
        return cannot(err, "is no parameter of the RPC", key);
    return put(object, key, value_of(field, value), err);
}

static bool add_query(const struct rpc_method *method, struct text query, struct arena *arena,
                      json_t *object, struct error *err)
{
    if (query.len > 0 && method->has_body)
        return cannot(err, "the RPC takes no query", query);
    while (query.len > 0) {
        const struct text pair = text_split(&query, '&');
        if (!add_pair(method, pair, arena, object, err))
            return false;
    }
    return true;
}

static bool add_path(const struct rpc_method *method, const struct text *captures,
                     struct arena *arena, json_t *object, struct error *err)
{
    for (size_t i = 0; i < path_template_variable_count(method->route); i++) {
        const struct text name = path_template_variable(method->route, i);
        struct text value;
        bool fits = false;
        if (!decode(captures[i], false, arena, &value, &fits, err))
            return false;
        if (!fits || text_equal(value, TEXT(".")) || text_equal(value, TEXT("..")))
            return cannot(err, "has a value that is no segment of a path", name);
        if (!put(object, name, json_stringn(value.data, value.len), err))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool read_body(const struct rpc_method *method, struct text body, json_t **out,
                      struct error *err)
{
    struct error why = { 0 };

    if (body.data == NULL) {
        *out = json_object();
        return *out != NULL || no_memory(err);
    }
    if (!method->has_body)
        return cannot(err, "the RPC takes no body", text_of(method->path));
    if (json_document_load(body, false, out, &why) && json_is_object(*out))
        return true;
    return why.code == ERROR_NO_MEMORY ? no_memory(err)
                                       : cannot(err, "is no object", TEXT("the body"));
}

static bool make(const struct rpc_api *api, const struct transport_request *request,
                 struct arena *arena, struct rpc_request *out, struct error *err)
{
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
    json_auto_t *object = NULL;
    struct text path, query;

    http_split_target(text_of(request->target), &path, &query);
    out->method = rpc_api_find(api, request->method, path, captures);
    if (out->method == NULL)
        return error_set(err, ERROR_NOT_SUPPORTED, "no RPC is %s " TEXT_FMT, request->method,
                         TEXT_ARGS(path));
    return add_headers(request, out, err) && read_body(out->method, request->body, &object, err) &&
           add_path(out->method, captures, arena, object, err) &&
           add_query(out->method, query, arena, object, err) &&
           rpc_encode(out->method->request, object, RPC_EXACT, &out->wire, err);
}

bool rpc_request_make(const struct rpc_api *api, const struct transport_request *request,
                      struct arena *arena, struct rpc_request *out, struct error *err)
{
    *out = (struct rpc_request){ .wire = buffer_capped(WIRE_MAX) };
    if (make(api, request, arena, out, err))
        return true;
    buffer_fini(&out->wire);
    return false;
}

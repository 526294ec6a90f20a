#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mock/api/api.h"
#include "mock/api/auth.h"
#include "mock/api/body.h"
#include "mock/api/call.h"
#include "mock/api/held_call.h"
#include "mock/api/router.h"
#include "mock/api/schema.h"
#include "mock/api/vivify.h"
#include "mock/api/waiting.h"
#include "mock/domain/instances.h"

struct api {
    struct world *world;
    struct router *own_router; /* NULL when settings.router was given */
    const struct router *router;
    struct api_settings settings;
    struct waiting waiting;
};

struct api *api_new(struct world *world, const struct api_settings *settings)
{
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return NULL;
    *api = (struct api){
        .world = world,
        .own_router = settings->router == NULL ? router_new(routes) : NULL,
        .settings = *settings,
        .waiting = waiting_in(world),
    };
    api->router = settings->router == NULL ? api->own_router : settings->router;
    if (api->router == NULL) {
        api_free(api);
        return NULL;
    }
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    assert(api->waiting.first == NULL);
    router_free(api->own_router);
    free(api);
}

/* Step 1, as far as it shows in the values (HTTP-004). */
static bool check_target(struct call *call)
{
    if (path_decodes(call->req->path))
        return true;
    response_protocol_error(call->res, call->truth, PROTOCOL_BAD_TARGET);
    return false;
}

static bool refuse_path(struct call *call)
{
    static const char message[] = "404 page not found";

    if (call->truth == TRUTH_SPEC)
        return call_refuse(call, 404, "not_found", message);
    response_text(call->res, 404, message); /* HTTP-020 */
    return false;
}

static bool refuse_method(struct call *call, const struct route_match *match)
{
    if (call->truth == TRUTH_SPEC)
        (void)call_refuse(call, 405, "method_not_allowed", "method not allowed");
    else
        response_empty(call->res, 405); /* HTTP-022 */
    for (size_t i = 0; i < match->allowed_count; i++)
        response_add_header(call->res, "Allow", http_method_name(match->allowed[i]));
    return false;
}

static bool keep_captures(struct call *call, const struct route_match *match)
{
    const bool canonical = path_is_canonical(call->req->path);
    struct error err = { 0 };

    for (size_t i = 0; i < match->capture_count; i++) {
        if (!path_param_decode(match->captures[i], canonical, call->arena, &call->params[i], &err))
            return call_refuse_no_memory(call);
    }
    return true;
}

/* Steps 2 and 3. */
static bool find_route(struct call *call)
{
    struct route_match match;

    switch (router_find(call->api->router, call->req->method, call->req->path, &match)) {
    case ROUTE_FOUND:
        call->route = match.route;
        call->res->trace.route = match.route;
        return keep_captures(call, &match);
    case ROUTE_NO_PATH:
        return refuse_path(call);
    case ROUTE_NO_METHOD:
        return refuse_method(call, &match);
    case ROUTE_SHADOWED:
        return call_refuse(call, 405, "Method Not Allowed", "method not allowed"); /* HTTP-025 */
    case ROUTE_EMPTY_SEGMENT:
        break;
    }
    return call_refuse(call, 404, "Not Found", "no matching operation was found");
}

/* Step 4. */
static bool authenticate(struct call *call)
{
    const struct http_request *req = call->req;
    struct error err = { 0 };

    if (call->route->scope == NULL)
        return true; /* whatever is sent (AUTH-002) */

    const struct text header = http_find_header(req->headers, req->header_count, "Authorization");
    if (auth_check(&call->api->settings, header, world_now_ns(call->world), call->arena,
                   &call->token, &err))
        return true;
    if (err.code == ERROR_NO_MEMORY)
        return call_refuse_no_memory(call);
    return call_refuse(call, 401, "Unauthorized", "security requirements failed: %s", err.message);
}

/* Known to the API, not yet to this program. */
static bool check_implemented(struct call *call)
{
    if (call->route->run != NULL)
        return true;
    return call_refuse(call, 501, "not_implemented", "hypeman-mock does not implement %s yet",
                       call->route->operation_id);
}

/* Step 5, before the body is looked at (PIPE-005). */
static bool check_params(struct call *call)
{
    struct error err = { 0 };

    if (call->route->query == NULL)
        return true;
    struct tag_filter *tags = arena_alloc(call->arena, sizeof *tags);
    call->tags = tags;
    if (tags == NULL ||
        !query_parse(call->req->query, PARAM_MAX_QUERY_PAIRS, call->arena, &call->query, &err))
        return call_refuse_no_memory(call);
    if (!params_check(call->route->query, &call->query, call->truth, tags, &err))
        return call_refuse_invalid(call, "%s", err.message);
    return true;
}

static bool is_json(struct text content_type)
{
    /* Case-sensitive, parameters allowed (VALID-031). */
    struct text rest = content_type;
    struct text media = text_split(&rest, ';');
    while (media.len > 0 && (media.data[media.len - 1] == ' ' || media.data[media.len - 1] == '\t'))
        media.len--;
    return text_equal_cstr(media, "application/json");
}

static bool refuse_body(struct call *call, const char *what, const char *detail)
{
    return call_refuse_invalid(call, "request body has an error: %s%s", what, detail);
}

static bool check_schema(struct call *call)
{
    const struct schema *schema = call->route->schema;
    struct error err = { 0 };

    if (schema_check(schema, &call->body, call->arena, &err))
        return true;
    if (err.code == ERROR_NO_MEMORY)
        return call_refuse_no_memory(call);
    if (schema->name == NULL)
        return refuse_body(call, "doesn't match schema: ", err.message);
    error_prefix(&err, "#/components/schemas/%s: ", schema->name);
    return refuse_body(call, "doesn't match schema ", err.message);
}

/* Step 6: presence, content type, syntax, schema, in that order (VALID-030, VALID-031). */
static bool check_body(struct call *call)
{
    struct error err = { 0 };

    if (call->route->body == BODY_IGNORED)
        return true;
    if (call->req->body.len == 0) {
        call->body = (struct body_value){ .kind = BODY_OBJECT };
        return call->route->body == BODY_JSON_OPTIONAL ||
               refuse_body(call, "value is required but missing", "");
    }

    const struct text type =
        http_find_header(call->req->headers, call->req->header_count, "Content-Type");
    if (!is_json(type))
        return call_refuse_invalid(
            call,
            "request body has an error: header Content-Type has unexpected value \"" TEXT_FMT "\"",
            TEXT_ARGS(type));
    if (!body_parse(call->req->body, call->arena, &call->body, &err)) {
        if (err.code == ERROR_NO_MEMORY)
            return call_refuse_no_memory(call);
        return refuse_body(call, "failed to decode request body: ", err.message);
    }
    return check_schema(call);
}

/* Step 7. */
static bool check_scope(struct call *call)
{
    const char *scope = call->route->scope;

    return scope == NULL || token_has_scope(&call->token, scope) ||
           call_refuse(call, 403, "Forbidden", "missing required scope: %s", scope); /* SCOPE-005 */
}

static void note_instance(struct call *call)
{
    struct response_asked *asked = &call->res->asked;

    trace_set(&call->res->trace.instance, call->instance->config->id);
    asked->has_from = call->route->method != HTTP_GET;
    if (asked->has_from)
        asked->from = instance_view(call->instance, world_now_ns(call->world)).state;
}

/* Step 8. */
static bool resolve(struct call *call)
{
    struct error err = { 0 };

    const struct text word = call->params[0].value;

    if (call->route->resolver == RESOLVE_NOTHING)
        return true;
    if (call->truth == TRUTH_SERVER && memchr(word.data, '\0', word.len) != NULL)
        return call_refuse(call, 500, "internal_error",
                           "failed to resolve resource"); /* PATH-005 */
    if (call->api->settings.vivify ? vivify_instance(call->world, word, &call->instance, &err)
                                   : instances_resolve(call->world, word, &call->instance, &err)) {
        note_instance(call);
        return true;
    }
    if (err.code == ERROR_NO_MEMORY)
        return call_refuse_no_memory(call);
    if (err.code == ERROR_AMBIGUOUS)
        return call_refuse(call, 409, "ambiguous", "%s", err.message); /* RESOLVE-002 */
    return call_refuse(call, 404, "not_found", "%s", err.message);     /* RESOLVE-001 */
}

/* The real server's typed layer speaks plain text (BIND-001, BIND-002, BIND-003). */
static bool refuse_binding(struct call *call, const char *message)
{
    if (call->truth == TRUTH_SPEC)
        return call_refuse_invalid(call, "%s", message);
    response_text(call->res, 400, message);
    return false;
}

/* "instanceId" of the index-th "{instanceId}" in a route's path. */
static struct text param_name(const char *path, size_t index)
{
    struct text rest = text_of(path);
    struct text name = { 0 };
    for (size_t i = 0; i <= index; i++) {
        (void)text_split(&rest, '{');
        name = text_split(&rest, '}');
    }
    return name;
}

static bool is_chunked(const struct http_request *req)
{
    return http_find_header(req->headers, req->header_count, "Transfer-Encoding").data != NULL;
}

/* Steps 9 and 10. */
static bool bind(struct call *call)
{
    const struct route *route = call->route;
    struct error err = { 0 };

    for (size_t i = 0; i < PATH_MAX_PARAMS; i++) {
        const struct text bad = call->params[i].bad_escape;
        if (bad.data == NULL)
            continue;
        const struct text name = param_name(route->path, i);
        error_set(&err, ERROR_INVALID_ARGUMENT,
                  "Invalid format for parameter " TEXT_FMT
                  ": error unescaping path parameter '" TEXT_FMT "': " TEXT_FMT,
                  TEXT_ARGS(name), TEXT_ARGS(name), TEXT_ARGS(bad));
        return refuse_binding(call, err.message);
    }
    if (route->query != NULL && !params_bind(route->query, &call->query, &err))
        return refuse_binding(call, err.message);
    if (route->body == BODY_JSON_OPTIONAL && call->req->body.len == 0 && is_chunked(call->req))
        return refuse_binding(call, "can't decode JSON body: EOF"); /* INST-SB-002 */
    if (route->schema != NULL && !schema_bind(route->schema, &call->body, call->arena, &err)) {
        if (err.code == ERROR_NO_MEMORY)
            return call_refuse_no_memory(call);
        if (err.field[0] != '\0') { /* the operation's own judgement, which comes first only here */
            call_write_error(call, &err);
            return false;
        }
        error_prefix(&err, "can't decode JSON body: ");
        return refuse_binding(call, err.message);
    }
    return true;
}

static bool carry_out(struct call *call)
{
    struct error err = { 0 };

    if (call->api->settings.vivify ? vivify_run(call, &err) : call->route->run(call, &err))
        return true;
    call_write_error(call, &err);
    return false;
}

/* Step 11, now or when a test lets it go on. */
static bool operate(struct call *call)
{
    return held_call_must_wait(call) ? held_call_wait(call, carry_out) : carry_out(call);
}

static bool (*const pipeline[PIPELINE_STEP_COUNT])(struct call *call) = {
    [STEP_TARGET] = check_target,
    [STEP_ROUTE] = find_route,
    [STEP_TOKEN] = authenticate,
    [STEP_IMPLEMENTED] = check_implemented,
    [STEP_PARAMETERS] = check_params,
    [STEP_BODY] = check_body,
    [STEP_SCOPE] = check_scope,
    [STEP_INSTANCE] = resolve,
    [STEP_BINDING] = bind,
    [STEP_OPERATION] = operate,
};

void api_handle(struct api *api, const struct http_request *req, struct response *res)
{
    struct call call = {
        .api = api,
        .truth = api->settings.truth,
        .world = api->world,
        .req = req,
        .res = res,
        .arena = res->arena,
        .tag_scripts = api->settings.tag_scripts,
    };

    world_advance(api->world);
    enum pipeline_step step = STEP_TARGET;
    while (step < PIPELINE_STEP_COUNT && pipeline[step](&call))
        step++;
    if (step < PIPELINE_STEP_COUNT)
        res->trace.refused = step;
    res->asked.query = call.query;
    res->asked.body = call.body;

    response_check_size(res);
    if (response_must_wait(res))
        waiting_add(&api->waiting, res);
}

bool api_identify(struct api *api, const struct http_request *req, struct response *res,
                  struct api_subject *out, struct error *err)
{
    struct path_param word;
    struct route_match match;
    struct error none = { 0 };

    *out = (struct api_subject){ 0 };
    world_advance(api->world);
    if (!path_decodes(req->path) ||
        router_find(api->router, req->method, req->path, &match) != ROUTE_FOUND)
        return true;
    res->trace.route = match.route;
    out->operation_id = match.route->operation_id;
    if (match.route->resolver == RESOLVE_NOTHING)
        return true;
    if (!path_param_decode(match.captures[0], path_is_canonical(req->path), res->arena, &word, err))
        return false;
    if (instances_resolve(api->world, word.value, &out->instance, &none))
        trace_set(&res->trace.instance, out->instance->config->id);
    else
        out->instance = NULL;
    return true;
}

void api_wait(struct api *api, struct response *res)
{
    waiting_add(&api->waiting, res);
}

void api_forget(struct api *api, struct response *res)
{
    waiting_remove(&api->waiting, res);
}

void api_turn(struct api *api, void (*ready)(struct response *res))
{
    waiting_turn(&api->waiting, ready);
}

void api_look_again(struct api *api)
{
    api->waiting.stale = true;
}

int64_t api_pause_ns(const struct api *api)
{
    return waiting_pause_ns(&api->waiting);
}

int64_t api_due_ns(const struct api *api)
{
    return waiting_due_ns(&api->waiting);
}

bool api_is_behind(const struct api *api)
{
    return waiting_is_behind(&api->waiting);
}

bool api_has_waits(const struct api *api)
{
    return waiting_has_waits(&api->waiting);
}

size_t api_waiting_count(const struct api *api)
{
    size_t count = 0;
    for (const struct response *res = api->waiting.first; res != NULL; res = res->after)
        count++;
    return count;
}

void api_finish(struct api *api)
{
    api->waiting.ending = true;
}

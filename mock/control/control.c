#include "mock/control/control.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/escape.h"
#include "common/http/path_template.h"
#include "mock/api/router.h"
#include "mock/control/control_call.h"
#include "mock/control/fault_handle.h"

enum { MAX_ROUTES = 64, MAX_QUERY_PAIRS = 32 };

struct control {
    struct control_settings settings;
    struct router *router;      /* of the API, for all worlds */
    struct served_world *start; /* what settings.plan begins with; NULL: nothing */
    struct worlds worlds;
    struct path_template *paths[MAX_ROUTES]; /* of control_routes, by index */
    struct coverage_plan coverage;
};

static bool compile_routes(struct control *control, struct error *err)
{
    for (size_t i = 0; control_routes[i].path != NULL; i++) {
        assert(i < MAX_ROUTES);
        if (!path_template_parse(text_of(control_routes[i].path), &control->paths[i], err))
            return false;
    }
    return true;
}

static bool load_start(struct control *control, struct text document, struct error *err)
{
    json_auto_t *tree = NULL;

    if (document.len == 0)
        return true;
    if (!json_document_load(document, false, &tree, err))
        return false;
    const struct json_at root = json_root(tree);
    if (!served_world_load(TEXT("start"), &control->settings.plan, &root, &control->start, err))
        return false;
    control->settings.plan.start = control->start;
    return true;
}

bool control_new(const struct control_settings *settings, struct control **out, struct error *err)
{
    struct control *control = calloc(1, sizeof *control);

    if (control == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    control->settings = *settings;
    if (!settings->enabled)
        control->settings.plan.journal_bytes = 0; /* nobody could read it */
    coverage_plan_init(&control->coverage);
    control->router = router_new(routes);
    control->settings.plan.api.router = control->router;
    control->settings.plan.api.tag_scripts = settings->enabled;
    if ((control->router != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory")) &&
        compile_routes(control, err) && load_start(control, settings->start, err) &&
        worlds_init(&control->worlds, &settings->worlds, &control->settings.plan, err)) {
        *out = control;
        return true;
    }
    control_free(control);
    return false;
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    worlds_fini(&control->worlds);
    served_world_free(control->start);
    for (size_t i = 0; i < MAX_ROUTES; i++)
        path_template_free(control->paths[i]);
    router_free(control->router);
    free(control);
}

enum truth control_truth(const struct control *control)
{
    return control->settings.plan.api.truth;
}

/* --- refusals ------------------------------------------------------------------------------- */

/* How errors are answered; the rest are 500. */
static const struct {
    enum error_code code;
    int status;
    const char *name;
} refusals[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_request" },
    { ERROR_UNAUTHENTICATED, 401, "unauthorized" },
    { ERROR_PERMISSION_DENIED, 403, "forbidden" },
    { ERROR_NOT_FOUND, 404, "not_found" },
    { ERROR_AMBIGUOUS, 409, "ambiguous" },
    { ERROR_ALREADY_EXISTS, 409, "already_exists" },
    { ERROR_INVALID_STATE, 409, "invalid_state" },
    { ERROR_RESOURCE_EXHAUSTED, 409, "limit_reached" },
};

/* The API's own shape, with the field that is wrong, if it is one. */
static void write_refusal(struct response *res, int status, const char *code,
                          const struct error *err)
{
    response_empty(res, status);
    res->content_type = "application/json";
    struct json_writer w = json_writer_to(&res->body, JSON_ESCAPE_MINIMAL);
    json_write_object_begin(&w);
    json_member_string(&w, "code", text_of(code));
    json_member_string(&w, "message", text_of(err->message));
    if (err->field[0] != '\0')
        json_member_string(&w, "field", text_of(err->field));
    json_write_object_end(&w);
    buffer_append_byte(&res->body, '\n');
}

static void refuse(struct response *res, const struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].code == err->code) {
            write_refusal(res, refusals[i].status, refusals[i].name, err);
            return;
        }
    }
    write_refusal(res, 500, "internal_error", err);
}

/* --- the world of a request ----------------------------------------------------------------- */

static struct text bearer_token(const struct http_request *req)
{
    const struct text value = http_find_header(req->headers, req->header_count, "Authorization");
    const struct text scheme = TEXT("Bearer ");

    if (!text_starts_with(value, scheme))
        return (struct text){ 0 };
    return (struct text){ value.data + scheme.len, value.len - scheme.len };
}

static bool is_control(const struct control *control, struct text path)
{
    const struct text root = TEXT("/_mock");

    return control->settings.enabled && text_starts_with(path, root) &&
           (path.len == root.len || path.data[root.len] == '/');
}

static struct served_world *named_world(const struct control *control, struct text name,
                                        struct error *err)
{
    struct served_world *world = worlds_find(&control->worlds, name);

    if (world == NULL)
        error_set(err, ERROR_NOT_FOUND,
                  "there is no world named \"" TEXT_FMT "\"; POST /_mock/worlds makes one",
                  TEXT_ARGS(name));
    return world;
}

/* Takes "/_w/NAME" off the path. */
static bool take_prefix(struct text *path, struct text *name)
{
    const struct text prefix = TEXT("/_w/");

    if (!text_starts_with(*path, prefix))
        return false;
    struct text rest = { path->data + prefix.len, path->len - prefix.len };
    *name = text_split(&rest, '/');
    const size_t taken = prefix.len + name->len;
    *path = taken == path->len ? TEXT("/") : (struct text){ path->data + taken, path->len - taken };
    return true;
}

/* A token that could be a world's name is one: the world is made when it is first used. */
static struct served_world *world_of_token(struct control *control, struct text token,
                                           struct error *err)
{
    struct error no_name = { 0 };

    if (!world_name_check(token, &no_name))
        return control->worlds.main;
    struct served_world *world = worlds_find(&control->worlds, token);
    if (world != NULL)
        return world;
    world = served_world_new(token, &control->settings.plan);
    if (world != NULL)
        world->ttl_ns = control->settings.token_world_ttl_ns;
    return worlds_add(&control->worlds, world, err) ? world : NULL;
}

/* NULL when there is none. */
static struct served_world *choose_world(struct control *control, struct http_request *req,
                                         struct error *err)
{
    const struct control_settings *settings = &control->settings;
    struct text name;

    if (take_prefix(&req->path, &name))
        return named_world(control, name, err);
    name = http_find_header(req->headers, req->header_count, "X-Mock-World");
    if (name.data != NULL)
        return named_world(control, name, err);
    /* The control API's own token names no world. */
    if (settings->world_by_token && !(settings->token.len > 0 && is_control(control, req->path)))
        return world_of_token(control, bearer_token(req), err);
    return control->worlds.main;
}

/* --- control requests ----------------------------------------------------------------------- */

static bool check_token(const struct control *control, const struct http_request *req,
                        struct error *err)
{
    const struct text wanted = control->settings.token;
    const struct text given = bearer_token(req);
    unsigned char differs = given.len != wanted.len;

    if (wanted.len == 0)
        return true;
    /* In a time that says nothing about where they differ. */
    for (size_t i = 0; i < given.len; i++)
        differs |= (unsigned char)(given.data[i] ^ wanted.data[i % wanted.len]);
    return differs == 0 ||
           error_set(err, ERROR_UNAUTHENTICATED,
                     "requests under /_mock need the bearer token of --control-token-file");
}

/* The index-th route, if it is of that path. The root may end with a slash. */
static bool fits(const struct control *control, size_t index, struct text path,
                 struct text captures[PATH_TEMPLATE_MAX_VARIABLES])
{
    return path_template_match(control->paths[index],
                               text_equal(path, TEXT("/_mock/")) ? TEXT("/_mock") : path, captures);
}

/* NULL when there is none. */
static const struct control_route *find_route(const struct control *control,
                                              const struct http_request *req,
                                              struct text captures[PATH_TEMPLATE_MAX_VARIABLES])
{
    for (size_t i = 0; control_routes[i].path != NULL; i++) {
        if (control_routes[i].method == req->method && fits(control, i, req->path, captures))
            return &control_routes[i];
    }
    return NULL;
}

/* "GET, PUT": the methods that the path has, or "". */
static bool append_methods(const struct control *control, struct text path, struct buffer *out)
{
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES];

    for (size_t i = 0; control_routes[i].path != NULL; i++) {
        if (fits(control, i, path, captures))
            buffer_appendf(out, "%s%s", out->len == 0 ? "" : ", ",
                           http_method_name(control_routes[i].method));
    }
    return !out->failed;
}

/* Answers 405 when the path has other methods. */
static bool refuse_route(const struct control *control, struct control_call *call,
                         struct error *err)
{
    enum { METHODS_BYTES = 128 };
    SCOPED(buffer) struct buffer methods = buffer_capped(METHODS_BYTES);
    struct error other = { 0 };

    const struct text path = call->req->path;
    if (!append_methods(control, path, &methods))
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (methods.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "the control API has no " TEXT_FMT
                         "; docs/control-api.md says what it has",
                         TEXT_ARGS(path));
    const char *allowed = arena_copy(call->res->arena, buffer_text(&methods));
    if (allowed == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    error_set(&other, ERROR_NOT_SUPPORTED, TEXT_FMT " takes %s only", TEXT_ARGS(path), allowed);
    write_refusal(call->res, 405, "method_not_allowed", &other);
    response_add_header(call->res, "Allow", allowed);
    return true;
}

static bool decode_params(struct control_call *call, const struct text *captures, struct error *err)
{
    for (size_t i = 0; i < CONTROL_MAX_PARAMS && captures[i].data != NULL; i++) {
        if (!unescape(captures[i], false, call->res->arena, &call->params[i], err))
            return false;
    }
    return true;
}

static bool is_known(const char *const *names, struct text name)
{
    for (; names != NULL && *names != NULL; names++) {
        if (text_equal_cstr(name, *names))
            return true;
    }
    return false;
}

static bool read_query(struct control_call *call, const struct control_route *route,
                       struct error *err)
{
    if (!query_parse(call->req->query, MAX_QUERY_PAIRS, call->res->arena, &call->query, err))
        return error_prefix(err, "the query: ");
    for (size_t i = 0; i < call->query.count; i++) {
        const struct text name = call->query.pairs[i].key;
        if (!is_known(route->query, name))
            return error_set_field(err, ERROR_INVALID_ARGUMENT, "query",
                                   "%s takes no query parameter \"" TEXT_FMT "\"", route->path,
                                   TEXT_ARGS(name));
    }
    return true;
}

/* tree  owned by the caller; what call->body points into */
static bool read_body(struct control_call *call, const struct control_route *route, json_t **tree,
                      struct error *err)
{
    const struct text body = call->req->body;

    if (body.len == 0)
        return route->body < CONTROL_BODY ||
               error_set(err, ERROR_INVALID_ARGUMENT, "a JSON object is needed in the body");
    if (route->body == CONTROL_NO_BODY)
        return error_set(err, ERROR_INVALID_ARGUMENT, "%s takes no body", route->path);
    if (body.len > CONTROL_MAX_BODY && !route->is_document)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "the body is larger than the %d bytes that the control API reads",
                         CONTROL_MAX_BODY);
    if (!json_document_load(body, false, tree, err))
        return error_prefix(err, "the body is not JSON: ");
    call->body = json_root(*tree);
    return json_is_object(*tree) || (route->body == CONTROL_BODY_OR_LIST && json_is_array(*tree)) ||
           error_set(err, ERROR_INVALID_ARGUMENT, "the body must be a JSON object");
}

static bool end_line(struct response *res)
{
    if (res->body.len > 0 && res->body.data[res->body.len - 1] != '\n')
        buffer_append_byte(&res->body, '\n');
    return true;
}

/* A browser says where the page is from that asks. Any page could else reset the worlds of whoever
 * looks at it, since a body needs no Content-Type that a browser would ask leave for. */
static bool check_origin(const struct http_request *req, struct error *err)
{
    const struct text host = http_find_header(req->headers, req->header_count, "Host");
    struct text origin = http_find_header(req->headers, req->header_count, "Origin");

    if (origin.data == NULL)
        return true;
    for (int slash = 0; slash < 2; slash++) /* "http://127.0.0.1:4973" */
        (void)text_split(&origin, '/');
    return (origin.len > 0 && text_equal_nocase(origin, host)) ||
           error_set(err, ERROR_PERMISSION_DENIED,
                     "a page of another origin may not use the control API");
}

static bool run(struct control *control, struct control_call *call, struct error *err)
{
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES] = { 0 };
    json_auto_t *tree = NULL;

    const struct control_route *route = find_route(control, call->req, captures);
    if (!check_origin(call->req, err))
        return false;
    if (!(route != NULL && route->is_public) && !check_token(control, call->req, err))
        return false;
    if (route == NULL)
        return refuse_route(control, call, err);
    return decode_params(call, captures, err) && read_query(call, route, err) &&
           read_body(call, route, &tree, err) && route->run(call, err) && end_line(call->res);
}

static void handle_control(struct control *control, struct served_world *world,
                           const struct http_request *req, struct response *res)
{
    struct control_call call = {
        .settings = &control->settings,
        .worlds = &control->worlds,
        .world = world,
        .req = req,
        .res = res,
    };
    struct error err = { 0 };

    if (!run(control, &call, &err))
        refuse(res, &err);
    response_check_size(res);
}

/* --- every request -------------------------------------------------------------------------- */

/* "NAME-7"; NULL when out of memory. By hand, since every request comes by, and printf would take
 * longer than all else that is done here. */
static const char *request_id(const struct served_world *world, struct arena *arena)
{
    enum { DIGITS = 20 };
    const size_t name_len = strlen(world->name);
    char *text = arena_alloc(arena, name_len + 1 + DIGITS + 1);
    char digits[DIGITS];
    size_t first = DIGITS;

    if (text == NULL)
        return NULL;
    for (uint64_t left = world->requests; first == DIGITS || left > 0; left /= 10)
        digits[--first] = (char)('0' + left % 10);
    memcpy(text, world->name, name_len);
    text[name_len] = '-';
    memcpy(text + name_len + 1, digits + first, DIGITS - first);
    text[name_len + 1 + DIGITS - first] = '\0';
    return text;
}

static void enter(struct control *control, struct served_world *world, struct response *res)
{
    worlds_enter(&control->worlds, world);
    res->place = world;
    res->number = world->requests;
    if (control->settings.enabled)
        res->request_id = request_id(world, res->arena);
}

static int64_t ticks_ns(const struct control *control)
{
    const struct clock *ticks = &control->settings.worlds.ticks;

    return ticks->now_ns(ticks->ctx);
}

/* One of the API. */
static void handle_api(struct control *control, struct served_world *world,
                       const struct http_request *req, struct response *res)
{
    journal_begin(&world->journal, req, res, world_clock_now_ns(&world->clock), ticks_ns(control));
    fault_handle(world, req, res);
}

void control_handle(struct control *control, const struct http_request *req, struct response *res)
{
    struct http_request own = *req;
    struct error err = { 0 };
    struct served_world *world = choose_world(control, &own, &err);

    enter(control, world != NULL ? world : control->worlds.main, res);
    if (world == NULL)
        refuse(res, &err);
    else if (is_control(control, own.path))
        handle_control(control, world, &own, res);
    else
        handle_api(control, world, &own, res);
}

static void end_record(struct control *control, struct served_world *world,
                       const struct response *res)
{
    if (!control->settings.enabled)
        return;
    journal_end(&world->journal, res, ticks_ns(control));
    coverage_note(&world->coverage, &control->coverage, res);
}

void control_end(struct control *control, struct response *res)
{
    struct served_world *world = res->place;

    if (world != NULL)
        end_record(control, world, res);
    response_reset(res);
    if (world != NULL)
        worlds_leave(&control->worlds, world);
}

void control_wait(struct control *control, struct response *res)
{
    struct served_world *world = res->place;

    api_wait(world->api, res);
    worlds_touch(&control->worlds, world);
}

void control_forget(struct control *control, struct response *res)
{
    struct served_world *world = res->place;

    api_forget(world->api, res);
    worlds_touch(&control->worlds, world);
}

void control_turn(struct control *control)
{
    worlds_turn(&control->worlds);
}

int64_t control_pause_ns(const struct control *control)
{
    return worlds_pause_ns(&control->worlds);
}

void control_finish(struct control *control)
{
    worlds_finish(&control->worlds);
}

struct worlds *control_worlds(struct control *control)
{
    return &control->worlds;
}

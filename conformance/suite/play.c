#include "conformance/suite/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/env/env.h"
#include "common/http/query.h"
#include "common/json/go_duration.h"
#include "common/json/json_document.h"
#include "common/json/rfc3339.h"
#include "conformance/suite/template.h"
#include "conformance/suite/token.h"
#include "conformance/suite/tracker.h"

enum {
    TARGET_MAX = 64 * 1024,
    BODY_MAX = 4 << 20,
    HEADERS_MAX = 16,
    HEADER_MAX = 64 * 1024,
    TWIN_SEED = 7
};

#define FIRST_PAUSE_NS   (20 * NS_PER_MS)
#define LONGEST_PAUSE_NS NS_PER_SEC
#define CLEANUP_WAIT_NS  (5 * NS_PER_SEC)

struct playing {
    const struct scenario *scenario;
    const struct stage *stage;
    struct result *result;
    json_t *captures; /* name -> value */
    struct tracker tracker;
    size_t asked;    /* steps with an answer, but for those of fragments   */
    size_t left_out; /* steps that gRPC cannot say                         */
    bool lost;       /* the target could not be reached   */
    bool in_world;   /* has one of its own, named as its prefix                      */
    bool unsure;     /* something may have been made, but its answer was lost */
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static struct template_names names_of(const struct playing *p)
{
    return (struct template_names){ template_member, p->captures };
}

/* Of the scenario's own world. */
static const char *world_name(const struct playing *p)
{
    return p->stage->twin == NULL ? p->stage->prefix : p->stage->twin->world;
}

/* ---- building a request ---- */

struct outgoing {
    struct transport_request request;
    struct http_header headers[HEADERS_MAX];
    struct text path;  /* without base and query */
    const char *token; /* NULL for none          */
};

static bool add_header(struct outgoing *out, struct arena *arena, struct text name,
                       struct text value, struct error *err)
{
    if (out->request.header_count == HEADERS_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT, "more than %d headers", HEADERS_MAX);
    char *kept = arena_copy(arena, name), *kept_value = arena_copy(arena, value);
    if (kept == NULL || kept_value == NULL)
        return no_memory(err);
    out->headers[out->request.header_count++] =
        (struct http_header){ { kept, name.len }, { kept_value, value.len } };
    return true;
}

static bool names_header(const json_t *headers, const char *name)
{
    json_t *object = (json_t *)(uintptr_t)headers; /* jansson's iterators lack const */

    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        if (text_equal_nocase(text_of(json_object_iter_key(at)), text_of(name)))
            return true;
    }
    return false;
}

/* Those of the step, and the usual ones that it does not name. */
static bool add_headers(const struct playing *p, const struct step *step, bool has_body,
                        struct outgoing *out, struct error *err)
{
    struct arena *arena = &p->result->arena;
    const struct template_names names = names_of(p);
    json_t *own = (json_t *)(uintptr_t)step->headers;

    /* Over gRPC there is no path that could say which world is meant. */
    if (p->in_world && p->stage->via == VIA_GRPC &&
        !add_header(out, arena, TEXT("X-Mock-World"), text_of(world_name(p)), err))
        return false;
    if (out->token != NULL && !names_header(own, "Authorization")) {
        const char *bearer = arena_printf(arena, "Bearer %s", out->token);
        if (bearer == NULL || !add_header(out, arena, TEXT("Authorization"), text_of(bearer), err))
            return bearer == NULL ? no_memory(err) : false;
    }
    if (has_body && !names_header(own, "Content-Type") &&
        !add_header(out, arena, TEXT("Content-Type"), TEXT("application/json"), err))
        return false;
    for (void *at = json_object_iter(own); at != NULL; at = json_object_iter_next(own, at)) {
        SCOPED(buffer) struct buffer value = buffer_capped(HEADER_MAX);
        const json_t *given = json_object_iter_value(at);
        if (json_is_null(given))
            continue;
        if (!template_expand_text(&names, text_of(json_string_value(given)), &value, err) ||
            !add_header(out, arena, text_of(json_object_iter_key(at)), buffer_text(&value), err))
            return false;
    }
    return true;
}

static bool add_pair(struct buffer *target, bool *first, struct text key, const json_t *value,
                     const struct template_names *names, struct error *err)
{
    SCOPED(buffer) struct buffer expanded = buffer_capped(TARGET_MAX);
    SCOPED(buffer) struct buffer name = buffer_capped(TARGET_MAX);
    struct text t = { json_string_value(value), json_string_length(value) };

    return template_expand_text(names, key, &name, err) &&
           template_expand_text(names, t, &expanded, err) &&
           (query_append(target, first, buffer_text(&name), buffer_text(&expanded)) ||
            buffer_error(target, err));
}

static bool add_query(const struct playing *p, const struct step *step, struct buffer *target,
                      struct error *err)
{
    const struct template_names names = names_of(p);
    json_t *query = (json_t *)(uintptr_t)step->query;
    bool first = true, ok = true;

    for (void *at = json_object_iter(query); ok && at != NULL;
         at = json_object_iter_next(query, at)) {
        const json_t *value = json_object_iter_value(at);
        const struct text key = text_of(json_object_iter_key(at));
        if (json_is_string(value))
            ok = add_pair(target, &first, key, value, &names, err);
        for (size_t i = 0; ok && i < json_array_size(value); i++)
            ok = add_pair(target, &first, key, json_array_get(value, i), &names, err);
    }
    return ok;
}

static bool add_target(const struct playing *p, const struct step *step, struct outgoing *out,
                       struct error *err)
{
    const struct template_names names = names_of(p);
    SCOPED(buffer) struct buffer target = buffer_capped(TARGET_MAX);
    struct text query;

    if (p->in_world && p->stage->via == VIA_REST)
        buffer_appendf(&target, "/_w/%s", world_name(p));
    size_t base_len = target.len;
    if (!template_expand_text(&names, text_of(step->target), &target, err) ||
        !add_query(p, step, &target, err))
        return false;
    const char *kept = arena_copy(&p->result->arena, buffer_text(&target));
    if (kept == NULL)
        return no_memory(err);
    out->request.target = kept;
    http_split_target((struct text){ kept + base_len, target.len - base_len }, &out->path, &query);
    return true;
}

static bool add_body(const struct playing *p, const struct step *step, struct outgoing *out,
                     struct error *err)
{
    const struct template_names names = names_of(p);
    SCOPED(buffer) struct buffer bytes = buffer_capped(BODY_MAX);
    json_auto_t *body = NULL;

    out->request.body = step->raw;
    if (step->body == NULL)
        return true;
    if (!template_expand(&names, step->body, &body, err))
        return false;
    if (!json_document_append(&bytes, body))
        return buffer_error(&bytes, err);
    const char *kept = arena_copy(&p->result->arena, buffer_text(&bytes));
    out->request.body = (struct text){ kept, bytes.len };
    return kept != NULL || no_memory(err);
}

/* "${token}" is the one of this request. */
static bool choose_token(const struct playing *p, const struct step *step, struct outgoing *out,
                         struct error *err)
{
    const struct stage *stage = p->stage;
    const struct template_names names = names_of(p);
    json_auto_t *wish = NULL;

    out->token = stage->token;
    if (step->token != NULL && (!template_expand(&names, step->token, &wish, err) ||
                                !token_mint(wish, stage->jwt_secret, stage->wall_ns(stage->ctx),
                                            &p->result->arena, &out->token, err)))
        return false;
    return out->token == NULL ||
           json_object_set_new(p->captures, "token", json_string(out->token)) == 0 ||
           no_memory(err);
}

static bool build(const struct playing *p, const struct step *step, struct outgoing *out,
                  struct error *err)
{
    out->request = (struct transport_request){ .method = step->method,
                                               .headers = out->headers,
                                               .deadline_ns = p->stage->deadline_ns };
    return choose_token(p, step, out, err) && add_target(p, step, out, err) &&
           add_body(p, step, out, err) &&
           add_headers(p, step, out->request.body.data != NULL, out, err);
}

/* ---- sending it ---- */

static struct exchange *record(struct playing *p, const struct step *step,
                               const struct transport_request *request)
{
    struct arena *arena = &p->result->arena;
    struct exchange *x = arena_zalloc(arena, sizeof *x);
    struct http_header *headers = arena_alloc(arena, (request->header_count + 1) * sizeof *headers);

    if (x == NULL || headers == NULL)
        return NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = request->headers[i];
        if (text_equal_nocase(headers[i].name, TEXT("Authorization")))
            headers[i].value = TEXT("Bearer ***");
    }
    *x = (struct exchange){ .step = step,
                            .method = request->method,
                            .target = request->target,
                            .headers = headers,
                            .header_count = request->header_count,
                            .body = request->body };
    *(p->result->last_exchange == NULL ? &p->result->exchanges : &p->result->last_exchange->next) =
        x;
    p->result->last_exchange = x;
    return x;
}

static bool send_request(struct playing *p, const struct transport *transport,
                         const struct step *step, const struct transport_request *request,
                         struct exchange **out, struct error *err)
{
    const struct stage *stage = p->stage;
    struct exchange *x = record(p, step, request);
    struct error why = { 0 };

    if (x == NULL)
        return no_memory(err);
    *out = x;
    int64_t from = stage->now_ns(stage->ctx);
    x->answered = transport->exchange(transport->ctx, request, &p->result->arena, &x->answer, &why);
    x->took_ns = stage->now_ns(stage->ctx) - from;
    if (x->answered)
        return true;
    x->failure = arena_copy(&p->result->arena, text_of(why.message));
    *err = why;
    return false;
}

static json_t *parse(struct text body)
{
    struct error ignored = { 0 };
    json_t *json = NULL;

    return body.len > 0 && json_document_load(body, false, &json, &ignored) ? json : NULL;
}

/* ---- judging the answer ---- */

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* Over gRPC there is one success. */
static void match_status(const struct expectation *expect, const struct transport_answer *answer,
                         struct match_report *report)
{
    const int status = answer->status;
    const bool succeeded = answer->grpc_code != NULL && is_success(status);
    SCOPED(buffer) struct buffer wanted = buffer_capped(256);
    char got[16];
    bool fits = false;

    for (size_t i = 0; i < expect->status_count; i++) {
        fits |= expect->statuses[i] == status || (succeeded && is_success(expect->statuses[i]));
        buffer_appendf(&wanted, "%s%d", i == 0 ? "" : " or ", expect->statuses[i]);
    }
    buffer_append_byte(&wanted, '\0');
    (void)snprintf(got, sizeof got, "%d", status);
    match_note(report, fits, "status", wanted.failed ? "another" : wanted.data, got);
}

/* The real server's own refusals quote without escaping, so its code is looked for in the text
 * (VALID-002). */
static void match_code(const char *code, enum truth truth, const struct transport_answer *answer,
                       const json_t *body, struct match_report *report)
{
    json_auto_t *wanted = json_string(code);
    char in_text[128];

    (void)snprintf(in_text, sizeof in_text, "\"code\":\"%s\"", code);
    if (body == NULL && truth == TRUTH_SERVER && answer->body.len > 0 &&
        memmem(answer->body.data, answer->body.len, in_text, strlen(in_text)) != NULL)
        match_note(report, true, "/code", "", "");
    else
        (void)match(wanted, json_object_get(body, "code"), "/code", report);
}

/* What the gateway publishes: Google's table for REST APIs. A conflict is told in more than one
 * way. */
static const struct {
    int status;
    const char *codes[4];
} grpc_codes[] = {
    { 200, { "OK" } },
    { 201, { "OK" } },
    { 204, { "OK" } },
    { 400, { "INVALID_ARGUMENT" } },
    { 401, { "UNAUTHENTICATED" } },
    { 403, { "PERMISSION_DENIED" } },
    { 404, { "NOT_FOUND" } },
    { 409, { "ABORTED", "ALREADY_EXISTS", "FAILED_PRECONDITION" } },
    { 429, { "RESOURCE_EXHAUSTED" } },
    { 500, { "INTERNAL" } },
    { 501, { "UNIMPLEMENTED" } },
    { 503, { "UNAVAILABLE" } },
    { 504, { "DEADLINE_EXCEEDED" } },
};

static void match_grpc_code(const struct step *step, const struct transport_answer *answer,
                            struct match_report *report)
{
    const char *own = json_string_value(json_object_get(step->grpc, "code"));
    const char *wanted = own == NULL ? "UNKNOWN" : own;
    bool fits = strcmp(wanted, answer->grpc_code) == 0;

    for (size_t i = 0; own == NULL && i < ARRAY_LEN(grpc_codes); i++) {
        if (grpc_codes[i].status != answer->status)
            continue;
        wanted = grpc_codes[i].codes[0];
        for (size_t k = 0; grpc_codes[i].codes[k] != NULL; k++)
            fits |= strcmp(grpc_codes[i].codes[k], answer->grpc_code) == 0;
    }
    match_note(report, fits, "gRPC status", wanted, answer->grpc_code);
}

static void match_headers(const json_t *headers, const struct transport_answer *answer,
                          struct match_report *report)
{
    json_t *object = (json_t *)(uintptr_t)headers; /* jansson's iterators lack const */

    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        char path[128];
        const char *name = json_object_iter_key(at);
        struct text value = http_find_header(answer->headers, answer->header_count, name);
        json_auto_t *got = value.data == NULL ? NULL : json_stringn(value.data, value.len);
        (void)snprintf(path, sizeof path, "header %s", name);
        (void)match(json_object_iter_value(at), got, path, report);
    }
}

/* A matcher with its placeholders filled in; NULL stands for none. */
static bool filled(const struct playing *p, const json_t *matcher, json_t **out, struct error *err)
{
    const struct template_names names = names_of(p);

    return matcher == NULL || template_expand(&names, matcher, out, err);
}

static bool judge(const struct playing *p, const struct step *step, const struct outgoing *sent,
                  const struct transport_answer *answer, const json_t *json,
                  struct match_report *report, struct error *err)
{
    const struct expectation *expect = &step->expect[p->stage->truth];
    /* A status of gRPC is no bytes that could have been these. */
    const bool has_bytes = p->stage->via == VIA_REST || is_success(answer->status);
    json_auto_t *body = NULL, *text = NULL, *headers = NULL, *message = NULL, *got_text = NULL;

    if (!filled(p, expect->body, &body, err) || !filled(p, expect->text, &text, err) ||
        !filled(p, expect->headers, &headers, err) || !filled(p, expect->message, &message, err))
        return false;
    match_status(expect, answer, report);
    if (answer->grpc_code != NULL)
        match_grpc_code(step, answer, report);
    if (expect->code != NULL)
        match_code(expect->code, p->stage->truth, answer, json, report);
    if (message != NULL)
        (void)match(message, json_object_get(json, "message"), "/message", report);
    if (body != NULL)
        (void)match(body, json, "", report);
    if (text != NULL && has_bytes) {
        got_text = json_stringn(answer->body.len == 0 ? "" : answer->body.data, answer->body.len);
        (void)match(text, got_text, "body", report);
    }
    if (p->stage->via == VIA_REST)
        match_headers(headers, answer, report);
    const struct shaped_answer shaped = {
        .method = step->method,
        .path = sent->path,
        .status = answer->status,
        .content_type = http_find_header(answer->headers, answer->header_count, "Content-Type"),
        .body = answer->body,
        .json = json,
    };
    if (p->stage->via == VIA_REST) /* over gRPC the form is the .proto's */
        shapes_check(p->stage->shapes, p->stage->truth, &shaped, report);
    return true;
}

static bool capture(struct playing *p, const struct step *step, const json_t *body,
                    struct match_report *report, struct error *err)
{
    json_t *captures = (json_t *)(uintptr_t)step->capture; /* jansson's iterators lack const */

    for (void *at = json_object_iter(captures); at != NULL;
         at = json_object_iter_next(captures, at)) {
        const char *pointer = json_string_value(json_object_iter_value(at));
        json_t *value = match_pointer(body, pointer);
        if (!match_note(report, value != NULL, pointer, "to be present, for later steps",
                        "nothing"))
            continue;
        if (json_object_set(p->captures, json_object_iter_key(at), value) != 0)
            return no_memory(err);
    }
    return true;
}

/* ---- what goes wrong ---- */

static void fail_at(struct playing *p, const struct step *step, enum outcome outcome,
                    const char *reason)
{
    p->result->outcome = outcome;
    p->result->at = step;
    p->result->reason = reason == NULL ? NULL : arena_copy(&p->result->arena, text_of(reason));
}

/* No answer: whose fault is it? */
static bool judge_failure(struct playing *p, const struct step *step, const struct error *err)
{
    switch (err->code) {
    case ERROR_UNAVAILABLE:
        p->lost = true;
        fail_at(p, step, OUTCOME_NOT_RUN, err->message);
        return false;
    case ERROR_CANCELLED:
        fail_at(p, step, OUTCOME_NOT_RUN, "the run was ended");
        return false;
    case ERROR_DEADLINE_EXCEEDED:
    case ERROR_OUTCOME_UNKNOWN:
    case ERROR_INTERNAL:
        fail_at(p, step, step->setup ? OUTCOME_NOT_TESTABLE : OUTCOME_FAIL, err->message);
        return false;
    default:
        fail_at(p, step, OUTCOME_ERROR, err->message);
        return false;
    }
}

/* ---- worlds: the mock's control API (docs/control-api.md) ---- */

static bool control(struct playing *p, const struct step *step, const char *method,
                    const char *target, const json_t *body, int wanted, struct error *err)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(BODY_MAX);
    const struct http_header json_type = { TEXT("Content-Type"), TEXT("application/json") };
    struct transport_request request = { .method = method,
                                         .target = arena_copy(&p->result->arena, text_of(target)),
                                         .headers = &json_type,
                                         .header_count = body == NULL ? 0 : 1,
                                         .deadline_ns = p->stage->deadline_ns };
    struct exchange *x = NULL;

    if (body != NULL) {
        if (!json_document_append(&bytes, body))
            return buffer_error(&bytes, err);
        request.body =
            (struct text){ arena_copy(&p->result->arena, buffer_text(&bytes)), bytes.len };
    }
    if (request.target == NULL || (body != NULL && request.body.data == NULL))
        return no_memory(err);
    if (!send_request(p, &p->stage->control, step, &request, &x, err))
        return false;
    return x->answer.status == wanted ||
           error_set(err, ERROR_NOT_SUPPORTED, "%s %s answered %d instead of %d: " TEXT_FMT, method,
                     target, x->answer.status, wanted, TEXT_ARGS(x->answer.body));
}

/* ---- twins, whose clocks stand ---- */

/* What the control API answers when a state will not come. */
enum { WAITS_IN_VAIN = 409 };

static bool advance(struct playing *p, const struct step *step, json_t *body, struct error *err)
{
    char target[128];

    (void)snprintf(target, sizeof target, "/_w/%s/_mock/clock/advance", world_name(p));
    return control(p, step, "POST", target, body, 200, err);
}

/* Whether there was another moment to go to. */
static bool advance_to_next_event(struct playing *p, const struct step *step)
{
    json_auto_t *body = json_pack("{s:s}", "to", "next-event");
    struct error ignored = { 0 };

    return advance(p, step, body, &ignored);
}

/* GET /instances/X/wait?state=S waits for ever while the clock stands: it is moved to where the
 * wait ends. What is no such wait, or one that is refused, is left as it is. */
static bool let_wait_end(struct playing *p, const struct step *step, const char *target,
                         struct text path, struct error *err)
{
    enum { PAIRS_MAX = 16 };
    const char *question = strchr(target, '?');
    struct text rest = path, state = { 0 };
    struct query query;

    (void)text_split(&rest, '/');
    const struct text noun = text_split(&rest, '/'), instance = text_split(&rest, '/');
    if (!text_equal(noun, TEXT("instances")) || !text_equal(rest, TEXT("wait")) || question == NULL)
        return true;
    if (!query_parse(text_of(question + 1), PAIRS_MAX, &p->result->arena, &query, err))
        return false;
    if (query_find(&query, "state", &state) == 0)
        return true;
    json_auto_t *body = json_pack("{s:{s:s%, s:s%}, s:s}", "until", "instance", instance.data,
                                  instance.len, "state", state.data, state.len, "at_most", "1h");
    struct error why = { 0 };
    if (body == NULL || advance(p, step, body, &why) ||
        p->result->last_exchange->answer.status != WAITS_IN_VAIN)
        return true;
    return error_set(err, ERROR_NOT_SUPPORTED, "it waits in vain, and the twins' clocks stand");
}

/* Whether the other twin had an answer to it, or found that it waits in vain, as this one will. */
static bool first_was_asked(const struct twin *twin, const struct step *step)
{
    for (const struct exchange *x = twin->first->exchanges; x != NULL; x = x->next) {
        if (x->step == step && x->answered &&
            (!exchange_is_control(x) || x->answer.status == WAITS_IN_VAIN))
            return true;
    }
    return false;
}

/* ---- asking ---- */

/* One exchange, judged. *ok tells whether all was as expected; false when there is nothing to
 * judge. */
static bool ask(struct playing *p, const struct step *step, struct match_report *report,
                struct error *err)
{
    struct outgoing out = { 0 };
    struct exchange *x = NULL;

    if (!build(p, step, &out, err))
        return error_prefix(err, "the case is wrong: ");
    if (p->stage->twin != NULL && !let_wait_end(p, step, out.request.target, out.path, err))
        return false;
    const struct operation_shape *operation = shapes_find(p->stage->shapes, step->method, out.path);
    if (!send_request(p, &p->stage->transport, step, &out.request, &x, err)) {
        p->unsure |=
            operation != NULL && operation->creates != NULL && err->code != ERROR_NOT_SUPPORTED;
        return false;
    }
    if (x->answer.cut)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                         "the answer is longer than the suite keeps");
    json_auto_t *json = parse(x->answer.body);
    tracker_note(&p->tracker, p->stage->shapes, step->method, out.path, x->answer.status, json);
    return judge(p, step, &out, &x->answer, json, report, err) &&
           (report->mismatches > 0 || capture(p, step, json, report, err));
}

/* Asks until it is as expected or the time is over; without `within`, once. */
static bool ask_until(struct playing *p, const struct step *step, struct match_report *report,
                      struct error *err)
{
    const struct stage *stage = p->stage;
    int64_t until = stage->now_ns(stage->ctx) + step->within_ns;
    int64_t pause_ns = FIRST_PAUSE_NS;

    for (;;) {
        *report = (struct match_report){ .arena = &p->result->arena,
                                         .of_message = stage->via == VIA_GRPC };
        if (!ask(p, step, report, err))
            return false;
        if (report->mismatches == 0 || stage->now_ns(stage->ctx) >= until ||
            stage->cancelled(stage->ctx))
            return true;
        if (stage->twin == NULL)
            stage->pause(stage->ctx, pause_ns);
        else if (!advance_to_next_event(p, step))
            return true;
        pause_ns = pause_ns < LONGEST_PAUSE_NS / 2 ? 2 * pause_ns : LONGEST_PAUSE_NS;
    }
}

/* What a step cannot be over gRPC, as far as it is known before it is tried. */
static const char *rest_only(const struct step *step)
{
    const char *own = json_string_value(json_object_get(step->grpc, "skip"));

    return own == NULL && step->raw.data != NULL ? "it sends bytes that are no message" : own;
}

/* Whether later steps see no difference when this one has not been asked: its author says so, or it
 * only looks, or is refused. */
static bool leaves_no_trace(const struct playing *p, const struct step *step)
{
    const struct expectation *expect = &step->expect[p->stage->truth];
    bool refused = true;

    for (size_t i = 0; i < expect->status_count; i++)
        refused &= expect->statuses[i] >= 400;
    return step->capture == NULL && (refused || strcmp(step->method, "GET") == 0 ||
                                     json_object_get(step->grpc, "skip") != NULL);
}

/* A request of REST alone. The others are still asked, unless they build on it. */
static bool leave_out(struct playing *p, const struct step *step, const char *why)
{
    if (p->result->reason == NULL)
        p->result->reason =
            arena_printf(&p->result->arena, "only by REST: %s: %s", step->title, why);
    p->left_out++;
    if (leaves_no_trace(p, step))
        return true;
    p->result->outcome = OUTCOME_SKIP;
    return false;
}

static bool play_request(struct playing *p, const struct step *step)
{
    const bool over_grpc = p->stage->via == VIA_GRPC;
    struct match_report report = { 0 };
    struct error err = { 0 };

    if (p->stage->twin != NULL && p->stage->twin->first != NULL &&
        !first_was_asked(p->stage->twin, step))
        return true;
    if (over_grpc && rest_only(step) != NULL)
        return leave_out(p, step, rest_only(step));
    for (int64_t i = 0; i < step->repeat; i++) {
        if (!ask_until(p, step, &report, &err))
            return (over_grpc || p->stage->twin != NULL) && err.code == ERROR_NOT_SUPPORTED
                       ? leave_out(p, step, err.message)
                       : judge_failure(p, step, &err);
        p->asked += !step->setup;
        p->result->checks += report.checks;
        if (report.mismatches == 0)
            continue;
        p->result->mismatches = report.first;
        fail_at(p, step, step->setup ? OUTCOME_NOT_TESTABLE : OUTCOME_FAIL, NULL);
        return false;
    }
    return true;
}

/* ---- clocks and worlds ---- */

static bool play_clock(struct playing *p, const struct step *step)
{
    struct error err = { 0 };
    bool ok = true;
    char target[128];

    if (step->clock_mode != NULL && p->stage->twin == NULL) { /* those of twins stand */
        json_auto_t *body = json_pack("{s:s}", "mode", step->clock_mode);
        (void)snprintf(target, sizeof target, "/_w/%s/_mock/clock", world_name(p));
        ok = control(p, step, "PUT", target, body, 200, &err);
    }
    if (ok && step->advance_ns > 0) {
        SCOPED(buffer) struct buffer by = buffer_capped(64);
        go_duration_append(&by, step->advance_ns);
        json_auto_t *body = json_pack("{s:s%}", "by", by.data, by.len);
        (void)snprintf(target, sizeof target, "/_w/%s/_mock/clock/advance", world_name(p));
        ok = control(p, step, "POST", target, body, 200, &err);
    }
    return ok || judge_failure(p, step, &err);
}

/* What a test can do to a world besides its clock: "POST /instances/web/exit" below /_mock. */
static bool play_hook(struct playing *p, const struct step *step)
{
    const struct template_names names = names_of(p);
    SCOPED(buffer) struct buffer target = buffer_capped(TARGET_MAX);
    json_auto_t *body = NULL;
    struct error err = { 0 };

    buffer_appendf(&target, "/_w/%s/_mock", world_name(p));
    bool ok = template_expand_text(&names, text_of(step->target), &target, &err) &&
              (step->body == NULL || template_expand(&names, step->body, &body, &err));
    const char *kept = arena_copy(&p->result->arena, buffer_text(&target));
    ok = ok && (kept != NULL || no_memory(&err)) &&
         control(p, step, step->method, kept, body, 200, &err);
    return ok || judge_failure(p, step, &err);
}

static const char *const no_rules[] = { NULL };
static const struct step world_step = { .title = "a world of its own",
                                        .setup = true,
                                        .rules = no_rules };

/* The same for both twins; their token may say when it was made. */
static bool stop_clock(struct playing *p, struct error *err)
{
    SCOPED(buffer) struct buffer now = buffer_capped(64);
    char target[128];

    rfc3339_append(&now, timestamp_from_ns(p->stage->twin->now_ns));
    json_auto_t *body = json_pack("{s:s, s:s%}", "mode", "virtual", "now", now.data, now.len);
    (void)snprintf(target, sizeof target, "/_w/%s/_mock/clock", world_name(p));
    return control(p, &world_step, "PUT", target, body, 200, err);
}

static bool enter_world(struct playing *p)
{
    const struct twin *twin = p->stage->twin;
    struct error err = { 0 };

    if (!p->stage->target->has[CAPABILITY_WORLDS])
        return true;
    json_auto_t *body = twin == NULL
                            ? json_pack("{s:s, s:s}", "name", world_name(p), "clock", "auto")
                            : json_pack("{s:s, s:s, s:i}", "name", world_name(p), "clock",
                                        "virtual", "seed", TWIN_SEED);
    p->in_world = control(p, &world_step, "POST", "/_mock/worlds", body, 201, &err);
    return (p->in_world && (twin == NULL || stop_clock(p, &err))) ||
           judge_failure(p, &world_step, &err);
}

/* What the world has become, before it goes. */
static void note_state(struct playing *p)
{
    struct error ignored = { 0 };
    char target[128];

    (void)snprintf(target, sizeof target, "/_w/%s/_mock/state", world_name(p));
    if (control(p, &world_step, "GET", target, NULL, 200, &ignored))
        *p->stage->twin->state = p->result->last_exchange->answer.body;
}

/* ---- afterwards ---- */

/* One request with nothing in it, whatever has become of the run. */
static bool ask_afterwards(struct playing *p, const struct transport *transport, const char *method,
                           const char *path, struct transport_answer *answer)
{
    const struct stage *stage = p->stage;
    struct arena *arena = &p->result->arena;
    struct http_header authorization = { TEXT("Authorization"), { 0 } };
    struct transport_request request = { .method = method,
                                         .target = path,
                                         .headers = &authorization,
                                         .deadline_ns = CLEANUP_WAIT_NS,
                                         .afterwards = true };
    struct error err = { 0 };

    if (stage->token != NULL) {
        const char *bearer = arena_printf(arena, "Bearer %s", stage->token);
        authorization.value = text_of(bearer);
        request.header_count = bearer == NULL ? 0 : 1;
    }
    if (path != NULL && transport->exchange(transport->ctx, &request, arena, answer, &err))
        return true;
    p->lost |= err.code == ERROR_UNAVAILABLE;
    return false;
}

static void delete_made(struct playing *p, const struct transport *transport, const char *path)
{
    struct transport_answer answer;

    (void)ask_afterwards(p, transport, "DELETE", path, &answer);
}

/* Whether a name is this scenario's: "hc1-7-vm", not "hc1-70-vm". */
static bool is_own_name(const struct playing *p, const char *name)
{
    size_t len = strlen(p->stage->prefix);

    return name != NULL && strncmp(name, p->stage->prefix, len) == 0 &&
           (name[len] == '-' || name[len] == '\0');
}

/* What was made without its id coming back is found by its name. */
static void sweep(struct playing *p)
{
    static const struct {
        const char *list;
        const char *name; /* the member that has it */
    } lists[] = { { "/snapshots", "source_instance_name" }, { "/instances", "name" } };
    struct transport_answer answer;

    for (size_t i = 0; i < ARRAY_LEN(lists) && !p->lost; i++) {
        if (!ask_afterwards(p, &p->stage->transport, "GET", lists[i].list, &answer))
            return;
        json_auto_t *found = parse(answer.body);
        for (size_t k = 0; k < json_array_size(found) && !p->lost; k++) {
            const json_t *item = json_array_get(found, k);
            const char *id = json_string_value(json_object_get(item, "id"));
            const char *name = json_string_value(json_object_get(item, lists[i].name));
            if (id != NULL && is_own_name(p, name))
                delete_made(p, &p->stage->transport,
                            arena_printf(&p->result->arena, "%s/%s", lists[i].list, id));
        }
    }
}

/* A world takes everything in it along; elsewhere each thing goes by itself. */
static void tidy_up(struct playing *p)
{
    const struct stage *stage = p->stage;
    const char *path;

    if (p->in_world) {
        if (stage->twin != NULL && !p->lost)
            note_state(p);
        delete_made(p, &stage->control,
                    arena_printf(&p->result->arena, "/_mock/worlds/%s", world_name(p)));
        return;
    }
    while (!p->lost && (path = tracker_next(&p->tracker, stage->shapes)) != NULL)
        delete_made(p, &stage->transport, path);
    if (p->unsure && !p->lost)
        sweep(p);
}

static bool prepare(struct playing *p)
{
    p->captures = json_pack("{s:s, s:s}", "run", p->stage->prefix, "image", p->stage->image);
    p->tracker = (struct tracker){ .arena = &p->result->arena };
    return p->captures != NULL;
}

static bool (*const players[])(struct playing *p, const struct step *step) = {
    [STEP_REQUEST] = play_request,
    [STEP_CLOCK] = play_clock,
    [STEP_HOOK] = play_hook,
};

bool play(const struct scenario *scenario, const struct stage *stage, struct result *result)
{
    struct playing p = { .scenario = scenario, .stage = stage, .result = result };
    int64_t from = stage->now_ns(stage->ctx);

    if (!prepare(&p)) {
        fail_at(&p, NULL, OUTCOME_ERROR, "out of memory");
        return true;
    }
    bool ok = enter_world(&p);
    for (size_t i = 0; ok && i < scenario->step_count; i++) {
        const struct step *step = &scenario->steps[i];
        if (stage->cancelled(stage->ctx)) {
            fail_at(&p, step, OUTCOME_NOT_RUN, "the run was ended");
            break;
        }
        ok = players[step->kind](&p, step);
    }
    if (result->outcome == OUTCOME_PASS && p.left_out > 0 && p.asked == 0)
        result->outcome = OUTCOME_SKIP;
    bool lost = p.lost;
    tidy_up(&p);
    json_decref(p.captures);
    result->took_ns = stage->now_ns(stage->ctx) - from;
    return !lost;
}

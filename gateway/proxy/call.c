#include "gateway/proxy/call.h"

#include <assert.h>
#include <string.h>

#include "gateway/proxy/call_internal.h"

static void finish_with_error(struct proxy_call *call, const struct error *err)
{
    rpc_status_from_error(call->status, err);
    call->finish(call);
}

static bool is_json(const char *content_type)
{
    return content_type[0] == '\0' || strcasestr(content_type, "json") != NULL;
}

/* The call worked and only its answer is lost: whoever retries would do it twice. */
static const char *done_anyway(const struct proxy_call *call)
{
    return call->exchange.method == HTTP_GET ? "" : "; the request itself was carried out";
}

bool proxy_refuse_type(const struct proxy_call *call, const char *expected, struct text body,
                       struct error *err)
{
    enum { BODY_SHOWN = 256 };
    char shown[BODY_SHOWN + 1];
    rpc_text_copy(shown, sizeof shown, body);
    return error_set(err, ERROR_INTERNAL, "upstream answered %d with %s instead of %s%s: %s",
                     call->exchange.status, call->exchange.content_type, expected,
                     done_anyway(call), shown);
}

bool proxy_translate(struct proxy_call *call, const char *where, struct text body,
                     struct buffer *out, struct error *err)
{
    const struct http_answer answer = { text_of(call->exchange.content_type), body };
    struct error why = { 0 };
    if (transcode_reply(call->request.binding, &answer, out, &call->notes, &why))
        return true;
    enum error_code code = why.code == ERROR_RESOURCE_EXHAUSTED || why.code == ERROR_NO_MEMORY ||
                                   why.code == ERROR_NOT_SUPPORTED
                               ? why.code
                               : ERROR_INTERNAL;
    return error_set(err, code, "upstream's answer to " TEXT_FMT " cannot be translated: %s%s%s",
                     TEXT_ARGS(call->method->full_name), where, why.message, done_anyway(call));
}

/* A 2xx answer: its body becomes the reply, or the call ends INTERNAL saying what was wrong. */
static bool translate_answer(struct proxy_call *call, struct error *err)
{
    const struct upstream_exchange *x = &call->exchange;
    struct text body = buffer_text(&x->answer);
    if (body.len > 0 && !call->request.binding->answers_raw && !is_json(x->content_type))
        return proxy_refuse_type(call, "JSON", body, err);
    call->reply = buffer_capped(call->settings->max_reply_bytes);
    return proxy_translate(call, "", body, &call->reply, err);
}

bool proxy_note_failure(struct proxy_call *call)
{
    const struct upstream_exchange *x = &call->exchange;
    if (x->outcome != UPSTREAM_ANSWERED)
        rpc_status_from_outcome(call->status, call->method, x);
    else if (rpc_code_from_http(x->status) != RPC_OK)
        rpc_status_from_answer(call->status, call->method, x);
    else
        return false;
    return true;
}

void proxy_return_metadata(struct proxy_call *call)
{
    const size_t max_bytes =
        call->status->code == RPC_OK ? PROXY_MAX_RETURNED_BYTES : RPC_RETURNED_MAX;
    call->memory = arena_capped(UPSTREAM_KEPT_BYTES);
    call->returned_count =
        metadata_return(&call->exchange, max_bytes, &call->memory, call->returned);
}

static void on_done(struct upstream_exchange *exchange)
{
    struct proxy_call *call = exchange->context;
    struct error err = { 0 };
    call->http_status = exchange->status;
    if (!proxy_note_failure(call) && !translate_answer(call, &err))
        rpc_status_from_error(call->status, &err);
    proxy_return_metadata(call);
    call->finish(call);
}

static void add_header(struct proxy_call *call, struct text name, struct text value)
{
    call->headers[call->exchange.header_count++] = (struct http_header){ name, value };
}

static struct text accepted(const struct proxy_call *call)
{
    if (call->request.binding->answers_raw)
        return TEXT("*/*");
    return call->stream == NULL
               ? TEXT("application/json")
               : TEXT("text/event-stream, application/x-ndjson, application/json;q=0.9");
}

static void add_headers(struct proxy_call *call)
{
    const struct transcoded_request *request = &call->request;
    const char *own = call->settings->upstream_authorization;
    const bool is_raw = request->binding->is_raw;
    add_header(call, TEXT("Accept"), accepted(call));
    add_header(call, TEXT("User-Agent"), TEXT("hypeman-gateway/" TESTKIT_VERSION));
    for (size_t i = 0; i < call->metadata.count; i++)
        add_header(call, call->metadata.headers[i].name, call->metadata.headers[i].value);
    if (own != NULL &&
        http_find_header(call->metadata.headers, call->metadata.count, "authorization").data ==
            NULL)
        add_header(call, TEXT("Authorization"), text_of(own));
    if (request->has_body && (!is_raw || request->content_type.len > 0))
        add_header(call, TEXT("Content-Type"),
                   is_raw ? buffer_text(&request->content_type) : TEXT("application/json"));
    if (call->trace.parent.len > 0)
        add_header(call, TEXT("traceparent"), call->trace.parent);
    if (call->trace.state.len > 0)
        add_header(call, TEXT("tracestate"), call->trace.state);
}

static bool prepare(struct proxy_call *call, struct text wire, struct error *err)
{
    const struct method *m = call->method;
    assert(m->server_streams == (call->stream != NULL));
    if (m->client_streams)
        return error_set(err, ERROR_NOT_SUPPORTED, "streams of requests are not translated");
    if (m->binding_count == 0)
        return error_set(err, ERROR_NOT_SUPPORTED, TEXT_FMT " has no google.api.http rule",
                         TEXT_ARGS(m->full_name));
    if (call->time_left_ms <= 0)
        return error_set(err, ERROR_DEADLINE_EXCEEDED, "the deadline passed before the call began");
    return transcode_request(m, wire, &call->request, err);
}

/* Streams have one only if their method says so: a log may be followed for days. */
static int64_t limit_ms(const struct proxy_call *call)
{
    if (call->method->timeout_ms > 0)
        return call->method->timeout_ms;
    return call->stream != NULL ? UPSTREAM_NO_TIMEOUT : call->settings->timeout_ms;
}

/* The nearer of the caller's deadline and the method's limit. */
static int64_t timeout_ms(const struct proxy_call *call)
{
    const int64_t limit = limit_ms(call);
    return call->time_left_ms < limit ? call->time_left_ms : limit;
}

void proxy_call_start(struct proxy_call *call, struct text wire)
{
    struct error err = { 0 };
    struct upstream_exchange *x = &call->exchange;
    if (!prepare(call, wire, &err)) {
        finish_with_error(call, &err);
        return;
    }
    x->method = call->request.binding->verb;
    x->custom_verb = call->request.binding->verb_name;
    x->target = buffer_text(&call->request.target);
    x->body = buffer_text(&call->request.body);
    x->has_body = call->request.has_body;
    x->timeout_ms = timeout_ms(call);
    x->max_body_bytes = call->settings->max_reply_bytes;
    x->headers = call->headers;
    x->keep = call->settings->returned.names;
    x->keep_count = call->settings->returned.count;
    x->done = on_done;
    x->context = call;
    if (call->stream != NULL)
        proxy_stream_prepare(call);
    add_headers(call);
    upstream_submit(call->upstream, x);
}

void proxy_call_cancel(struct proxy_call *call)
{
    if (call->exchange.id != 0)
        upstream_cancel(call->upstream, call->exchange.id);
}

void proxy_call_resume(struct proxy_call *call)
{
    upstream_resume(call->upstream, call->exchange.id);
}

void proxy_call_fini(struct proxy_call *call)
{
    if (call->stream != NULL)
        proxy_stream_fini(call->stream);
    transcoded_request_fini(&call->request);
    buffer_fini(&call->exchange.answer);
    buffer_fini(&call->reply);
    forwarded_metadata_fini(&call->metadata);
    arena_fini(&call->memory);
}

#include "gateway/proxy/stream.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/proxy/call_internal.h"

static bool end_with(struct proxy_call *call, const struct error *err)
{
    rpc_status_from_error(call->status, err);
    call->stream->is_ended = true;
    return false;
}

/* A cut answer to a write: what it did is done, and whoever retries would do it twice. */
static bool end_cut(struct proxy_call *call, const struct error *why)
{
    struct error err = { 0 };
    error_set(&err, why->code, TEXT_FMT ": %s of the upstream's answer; %s",
              TEXT_ARGS(call->method->full_name), why->message,
              call->exchange.method == HTTP_GET ? "items may be missing"
                                                : "the request itself was carried out");
    return end_with(call, &err);
}

static bool end_broken(struct proxy_call *call, const struct error *why)
{
    struct error err = { 0 };
    error_set(&err, why->code == ERROR_INVALID_ARGUMENT ? ERROR_INTERNAL : why->code,
              "upstream's answer to " TEXT_FMT " cannot be translated: behind item %" PRIu64 ": %s",
              TEXT_ARGS(call->method->full_name), call->stream->item_count, why->message);
    return end_with(call, &err);
}

/* An answer that became an error under way: its event is what would have been the body. */
static bool end_with_event(struct proxy_call *call)
{
    struct upstream_exchange *x = &call->exchange;
    x->answer = buffer_take(&call->stream->split.item);
    rpc_status_from_answer(call->status, call->method, x);
    call->stream->is_ended = true;
    return false;
}

static bool deliver(struct proxy_call *call, struct text item)
{
    struct proxy_stream *stream = call->stream;
    struct error err = { 0 };
    char where[32];
    (void)snprintf(where, sizeof where, "item %" PRIu64 ": ", ++stream->item_count);
    buffer_recycle(&stream->message, STREAM_KEPT_BYTES);
    if (!proxy_translate(call, where, item, &stream->message, &err))
        return end_with(call, &err);
    if (!stream->has_delivered)
        proxy_return_metadata(call);
    stream->has_delivered = true;
    if (!stream->deliver(call, buffer_text(&stream->message))) {
        error_set(&err, ERROR_NO_MEMORY, "no memory for a message");
        return end_with(call, &err);
    }
    return true;
}

static bool deliver_found(struct proxy_call *call, enum split_found found)
{
    return found == SPLIT_ERROR_EVENT ? end_with_event(call)
                                      : deliver(call, buffer_text(&call->stream->split.item));
}

/* The first piece of the answer, if it has a body. */
static bool begin(struct proxy_call *call, struct text piece)
{
    struct proxy_stream *stream = call->stream;
    enum stream_format format = STREAM_JSON;
    struct error err = { 0 };
    stream->has_begun = true;
    stream->message = buffer_capped(call->settings->max_reply_bytes);
    if (!call->request.binding->answers_raw &&
        !stream_format_find(text_of(call->exchange.content_type), &format)) {
        (void)!proxy_refuse_type(call, "events or JSON", piece, &err);
        return end_with(call, &err);
    }
    stream->split = stream_split_begin(format, call->settings->max_reply_bytes);
    return true;
}

static bool take(struct proxy_call *call, struct text piece)
{
    struct error err = { 0 };
    if (call->request.binding->answers_raw)
        return deliver(call, piece);
    for (;;) {
        const enum split_found found = stream_split_next(&call->stream->split, &piece, &err);
        if (found == SPLIT_FAILED)
            return end_broken(call, &err);
        if (found == SPLIT_NOTHING)
            return true;
        if (!deliver_found(call, found))
            return false;
    }
}

static enum upstream_taken on_piece(struct upstream_exchange *exchange, struct text piece)
{
    struct proxy_call *call = exchange->context;
    if (!call->stream->has_room(call))
        return UPSTREAM_NOT_NOW;
    if (!call->stream->has_begun && !begin(call, piece))
        return UPSTREAM_ENOUGH;
    return take(call, piece) ? UPSTREAM_TAKEN : UPSTREAM_ENOUGH;
}

static void end_of_body(struct proxy_call *call)
{
    struct error err = { 0 };
    for (;;) {
        const enum split_found found = stream_split_end(&call->stream->split, &err);
        if (found == SPLIT_NOTHING)
            return;
        if (found == SPLIT_FAILED) {
            (void)!end_cut(call, &err);
            return;
        }
        if (!deliver_found(call, found))
            return;
    }
}

static void on_done(struct upstream_exchange *exchange)
{
    struct proxy_call *call = exchange->context;
    call->http_status = exchange->status;
    if (!call->stream->is_ended && !proxy_note_failure(call) && call->stream->has_begun)
        end_of_body(call);
    if (!call->stream->has_delivered)
        proxy_return_metadata(call);
    call->finish(call);
}

void proxy_stream_prepare(struct proxy_call *call)
{
    struct upstream_exchange *x = &call->exchange;
    x->receive = on_piece;
    x->done = on_done;
}

void proxy_stream_fini(struct proxy_stream *stream)
{
    stream_split_fini(&stream->split);
    buffer_fini(&stream->message);
}

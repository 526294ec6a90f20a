#include "conformance/rpc/answer.h"

#include "common/json/json_document.h"
#include "conformance/rpc/codec.h"
#include "conformance/rpc/wire.h"

enum { BODY_MAX = 16 << 20, STATUS_OK = 200, STATUS_NO_CONTENT = 204, STATUS_MAX = 599 };

/* By number; the status is that of Google's table for REST APIs. */
static const struct {
    const char *name;
    int status;
} codes[] = {
    { "OK", STATUS_OK },
    { "CANCELLED", 499 },
    { "UNKNOWN", 500 },
    { "INVALID_ARGUMENT", 400 },
    { "DEADLINE_EXCEEDED", 504 },
    { "NOT_FOUND", 404 },
    { "ALREADY_EXISTS", 409 },
    { "PERMISSION_DENIED", 403 },
    { "RESOURCE_EXHAUSTED", 429 },
    { "FAILED_PRECONDITION", 400 },
    { "ABORTED", 409 },
    { "OUT_OF_RANGE", 400 },
    { "UNIMPLEMENTED", 501 },
    { "INTERNAL", 500 },
    { "UNAVAILABLE", 503 },
    { "DATA_LOSS", 500 },
    { "UNAUTHENTICATED", 401 },
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool keep(const struct buffer *body, struct arena *arena, struct transport_answer *answer,
                 struct error *err)
{
    const char *kept = arena_copy(arena, buffer_text(body));

    answer->body = (struct text){ kept, body->len };
    return !body->failed ? kept != NULL || no_memory(err) : buffer_error(body, err);
}

/* ---- replies ---- */

/* What REST answers: the reply, or the one field that is all of it. */
static bool read_reply(const struct rpc_method *method, struct text wire, json_t **out,
                       struct error *err)
{
    json_auto_t *whole = NULL;

    if (!rpc_decode(method->reply, wire, &whole, err))
        return false;
    *out = json_incref(method->whole == NULL ? whole : json_object_get(whole, method->whole->name));
    return *out != NULL || error_set(err, ERROR_INTERNAL, "the reply has nothing in it");
}

static bool append_reply(const struct rpc_method *method, struct text wire, struct buffer *body,
                         struct error *err)
{
    json_auto_t *json = NULL;

    if (!read_reply(method, wire, &json, err))
        return false;
    if (method->streams)
        buffer_append_cstr(body, "data: ");
    json_document_append(body, json);
    if (method->streams)
        buffer_append_cstr(body, "\n\n");
    return !body->failed || buffer_error(body, err);
}

static bool succeed(const struct rpc_method *method, const struct rpc_outcome *outcome,
                    struct arena *arena, struct transport_answer *answer, struct error *err)
{
    SCOPED(buffer) struct buffer body = buffer_capped(BODY_MAX);
    const bool empty = method->reply->count == 0;

    if (!method->streams && outcome->reply_count != 1)
        return error_set(err, ERROR_INTERNAL, "the call ended with OK and %zu replies",
                         outcome->reply_count);
    answer->status = empty ? STATUS_NO_CONTENT : STATUS_OK;
    for (size_t i = 0; !empty && i < outcome->reply_count; i++) {
        if (!append_reply(method, outcome->replies[i], &body, err))
            return false;
    }
    return keep(&body, arena, answer, err);
}

/* ---- failures ---- */

/* Of google.rpc.Status, google.protobuf.Any, google.rpc.ErrorInfo and the entries of its map. */
enum {
    STATUS_CODE = 1,
    STATUS_DETAILS = 3,
    ANY_TYPE_URL = 1,
    ANY_VALUE = 2,
    INFO_REASON = 1,
    INFO_METADATA = 3,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2,
};

struct explanation {
    struct text reason;
    struct text http_status;
    uint64_t code; /* that the details say */
};

/* The texts of the fields 1 to `count` of a message, by number. */
static bool read_texts(struct text wire, struct text *out, size_t count, struct error *err)
{
    struct rpc_wire_field field;

    while (wire.len > 0) {
        if (!rpc_wire_next(&wire, &field, err))
            return false;
        if (field.number <= count && field.type == WIRE_BYTES)
            out[field.number] = field.bytes;
    }
    return true;
}

static bool read_info(struct text wire, struct explanation *out, struct error *err)
{
    struct rpc_wire_field field;

    while (wire.len > 0) {
        struct text entry[ENTRY_VALUE + 1] = { 0 };
        if (!rpc_wire_next(&wire, &field, err))
            return false;
        if (field.number == INFO_REASON)
            out->reason = field.bytes;
        if (field.number != INFO_METADATA)
            continue;
        if (!read_texts(field.bytes, entry, ENTRY_VALUE, err))
            return false;
        if (text_equal(entry[ENTRY_KEY], TEXT("http_status")))
            out->http_status = entry[ENTRY_VALUE];
    }
    return true;
}

static bool read_details(struct text wire, struct explanation *out, struct error *err)
{
    const struct text wanted = TEXT("type.googleapis.com/google.rpc.ErrorInfo");
    struct rpc_wire_field field;

    while (wire.len > 0) {
        struct text any[ANY_VALUE + 1] = { 0 };
        if (!rpc_wire_next(&wire, &field, err))
            return false;
        if (field.number == STATUS_CODE)
            out->code = field.value;
        if (field.number != STATUS_DETAILS)
            continue;
        if (!read_texts(field.bytes, any, ANY_VALUE, err))
            return false;
        if (text_equal(any[ANY_TYPE_URL], wanted) && !read_info(any[ANY_VALUE], out, err))
            return false;
    }
    return true;
}

static bool fail(const struct rpc_outcome *outcome, struct arena *arena,
                 struct transport_answer *answer, struct error *err)
{
    SCOPED(buffer) struct buffer body = buffer_capped(BODY_MAX);
    struct explanation why = { .reason = text_of(codes[outcome->code].name) };
    int64_t status = codes[outcome->code].status;

    if (outcome->details.len > 0 && !read_details(outcome->details, &why, err))
        return error_prefix(err, "grpc-status-details-bin: ");
    if (outcome->details.len > 0 && why.code != (uint64_t)outcome->code)
        return error_set(err, ERROR_INTERNAL, "the details say code %llu, the status %d",
                         (unsigned long long)why.code, outcome->code);
    if (why.http_status.len > 0 &&
        (!text_parse_i64(why.http_status, &status) || status < 100 || status > STATUS_MAX))
        return error_set(err, ERROR_INTERNAL, "the details say http_status " TEXT_FMT,
                         TEXT_ARGS(text_is_utf8(why.http_status) ? why.http_status : TEXT("?")));
    json_auto_t *json =
        json_pack("{s:s%, s:s%}", "code", why.reason.data, why.reason.len, "message",
                  outcome->message.len == 0 ? "" : outcome->message.data, outcome->message.len);
    if (json == NULL)
        return error_set(err, ERROR_INTERNAL, "the status is no text");
    json_document_append(&body, json);
    answer->status = (int)status;
    return keep(&body, arena, answer, err);
}

bool rpc_answer_make(const struct rpc_method *method, const struct rpc_outcome *outcome,
                     struct arena *arena, struct transport_answer *answer, struct error *err)
{
    *answer = (struct transport_answer){ 0 };
    if (outcome->code < 0 || (size_t)outcome->code >= ARRAY_LEN(codes))
        return error_set(err, ERROR_INTERNAL, "there is no gRPC status %d", outcome->code);
    answer->grpc_code = codes[outcome->code].name;
    return outcome->code == 0 ? succeed(method, outcome, arena, answer, err)
                              : fail(outcome, arena, answer, err);
}

/* ---- what two answers have in common ---- */

bool rpc_answer_reduce(const struct rpc_method *method, const json_t *body, json_t **out,
                       struct error *err)
{
    SCOPED(buffer) struct buffer wire = buffer_capped(BODY_MAX);

    if (method->reply->count == 0 && body == NULL) {
        *out = json_null();
        return true;
    }
    bool ok = method->whole == NULL ? rpc_encode(method->reply, body, RPC_LOSSY, &wire, err)
                                    : rpc_encode_field(method->whole, body, RPC_LOSSY, &wire, err);
    return ok && read_reply(method, buffer_text(&wire), out, err);
}

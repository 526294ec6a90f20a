#include "gateway/proxy/rpc_status.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/http/http.h"
#include "common/json/json_reader.h"
#include "gateway/proxy/retry_after.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

static const char own_domain[] = "hypeman-gateway";

const char *rpc_code_name(enum rpc_code code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    static_assert(ARRAY_LEN(names) == RPC_CODE_COUNT, "one name per code");
    return (unsigned)code < RPC_CODE_COUNT ? names[code] : "UNKNOWN";
}

/* google.rpc.Code's mapping for REST APIs, not gRPC's own for intermediaries, by which a missing
 * snapshot would read "method not implemented". */
static const struct {
    int status;
    enum rpc_code code;
} http_codes[] = {
    { 400, RPC_INVALID_ARGUMENT },
    { 401, RPC_UNAUTHENTICATED },
    { 403, RPC_PERMISSION_DENIED },
    { 404, RPC_NOT_FOUND },
    { 405, RPC_INTERNAL }, /* our mapping is wrong */
    { 406, RPC_INTERNAL },
    { 408, RPC_DEADLINE_EXCEEDED },
    { 409, RPC_ABORTED }, /* methods say better by error rules */
    { 413, RPC_RESOURCE_EXHAUSTED },
    { 415, RPC_INTERNAL },
    { 416, RPC_OUT_OF_RANGE },
    { 429, RPC_RESOURCE_EXHAUSTED },
    { 499, RPC_CANCELLED },
    { 501, RPC_UNIMPLEMENTED },
    { 502, RPC_UNAVAILABLE },
    { 503, RPC_UNAVAILABLE },
    { 504, RPC_DEADLINE_EXCEEDED },
};

enum rpc_code rpc_code_from_http(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(http_codes); i++)
        if (http_codes[i].status == status)
            return http_codes[i].code;
    switch (status / 100) {
    case 2:
        return RPC_OK;
    case 4:
        return RPC_FAILED_PRECONDITION;
    case 5:
        return RPC_INTERNAL;
    default:
        return RPC_UNKNOWN;
    }
}

enum rpc_code rpc_code_from_error(enum error_code code)
{
    static const enum rpc_code codes[] = {
        [ERROR_NONE] = RPC_OK,
        [ERROR_INVALID_ARGUMENT] = RPC_INVALID_ARGUMENT,
        [ERROR_UNAUTHENTICATED] = RPC_UNAUTHENTICATED,
        [ERROR_PERMISSION_DENIED] = RPC_PERMISSION_DENIED,
        [ERROR_NOT_FOUND] = RPC_NOT_FOUND,
        [ERROR_AMBIGUOUS] = RPC_FAILED_PRECONDITION,
        [ERROR_ALREADY_EXISTS] = RPC_ALREADY_EXISTS,
        [ERROR_INVALID_STATE] = RPC_FAILED_PRECONDITION,
        [ERROR_RESOURCE_EXHAUSTED] = RPC_RESOURCE_EXHAUSTED,
        [ERROR_NOT_SUPPORTED] = RPC_UNIMPLEMENTED,
        [ERROR_UNAVAILABLE] = RPC_UNAVAILABLE,
        [ERROR_OUTCOME_UNKNOWN] = RPC_UNAVAILABLE,
        [ERROR_DEADLINE_EXCEEDED] = RPC_DEADLINE_EXCEEDED,
        [ERROR_CANCELLED] = RPC_CANCELLED,
        [ERROR_INTERNAL] = RPC_INTERNAL,
        [ERROR_NO_MEMORY] = RPC_RESOURCE_EXHAUSTED,
    };
    static_assert(ARRAY_LEN(codes) == ERROR_CODE_COUNT, "one row per error code");
    return codes[code];
}

/* ---- google.rpc.Status -------------------------------------------------------------------- */

enum {
    MAX_METADATA = 3,
    MAX_DETAILS = 4,
    PACKED_DETAIL_MAX = 1024,
    DESCRIPTION_MAX = 512,
    REQUEST_ID_MAX = 127
};

static_assert(RPC_ENCODED_MESSAGE_MAX + (RPC_DETAILS_MAX + 2) / 3 * 4 + RPC_RETURNED_MAX +
                      256 /* names, grpc-status, :status, content-type */
                  <= RPC_TRAILERS_MAX,
              "all trailers together");

/* What becomes details. */
struct explanation {
    const char *reason;
    const char *domain;
    struct {
        const char *key;
        const char *value;
    } metadata[MAX_METADATA];
    size_t metadata_count;
    const char *field;      /* "" = none  */
    int64_t retry_after_s;  /* < 0 = none */
    const char *request_id; /* "" = none  */
};

struct packed_details {
    Google__Rpc__Status status;
    Google__Protobuf__Any any[MAX_DETAILS];
    Google__Protobuf__Any *list[MAX_DETAILS];
    uint8_t bytes[MAX_DETAILS][PACKED_DETAIL_MAX];
};

/* Unless it would make the whole too large: what matters most is added first. */
static void add_detail(struct packed_details *d, const char *type_url,
                       const ProtobufCMessage *message)
{
    const size_t at = d->status.n_details;
    if (protobuf_c_message_get_packed_size(message) > PACKED_DETAIL_MAX)
        return;
    Google__Protobuf__Any *any = &d->any[at];
    google__protobuf__any__init(any);
    any->type_url = UNCONST(type_url);
    any->value.len = protobuf_c_message_pack(message, d->bytes[at]);
    any->value.data = d->bytes[at];
    d->list[at] = any;
    d->status.n_details++;
    if (google__rpc__status__get_packed_size(&d->status) > RPC_DETAILS_MAX)
        d->status.n_details--;
}

static void add_error_info(struct packed_details *d, const struct explanation *why)
{
    Google__Rpc__ErrorInfo info;
    Google__Rpc__ErrorInfo__MetadataEntry entries[MAX_METADATA];
    Google__Rpc__ErrorInfo__MetadataEntry *list[MAX_METADATA];
    google__rpc__error_info__init(&info);
    for (size_t i = 0; i < why->metadata_count; i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        entries[i].key = UNCONST(why->metadata[i].key);
        entries[i].value = UNCONST(why->metadata[i].value);
        list[i] = &entries[i];
    }
    info.reason = UNCONST(why->reason);
    info.domain = UNCONST(why->domain);
    info.n_metadata = why->metadata_count;
    info.metadata = list;
    add_detail(d, "type.googleapis.com/google.rpc.ErrorInfo", &info.base);
}

static void add_bad_request(struct packed_details *d, const struct explanation *why,
                            const char *message)
{
    char description[DESCRIPTION_MAX + 1];
    Google__Rpc__BadRequest request;
    Google__Rpc__BadRequest__FieldViolation violation;
    Google__Rpc__BadRequest__FieldViolation *list[] = { &violation };
    rpc_text_copy(description, sizeof description, text_of(message));
    google__rpc__bad_request__init(&request);
    google__rpc__bad_request__field_violation__init(&violation);
    violation.field = UNCONST(why->field);
    violation.description = description;
    request.n_field_violations = 1;
    request.field_violations = list;
    add_detail(d, "type.googleapis.com/google.rpc.BadRequest", &request.base);
}

static void add_retry_info(struct packed_details *d, const struct explanation *why)
{
    Google__Rpc__RetryInfo retry;
    Google__Protobuf__Duration delay;
    google__protobuf__duration__init(&delay);
    google__rpc__retry_info__init(&retry);
    delay.seconds = why->retry_after_s;
    retry.retry_delay = &delay;
    add_detail(d, "type.googleapis.com/google.rpc.RetryInfo", &retry.base);
}

static void add_request_info(struct packed_details *d, const struct explanation *why)
{
    Google__Rpc__RequestInfo info;
    google__rpc__request_info__init(&info);
    info.request_id = UNCONST(why->request_id);
    add_detail(d, "type.googleapis.com/google.rpc.RequestInfo", &info.base);
}

/* Without room for details the status goes without them. */
static void attach_details(struct rpc_status *out, const struct explanation *why)
{
    struct packed_details details; /* its bytes are not worth clearing */
    google__rpc__status__init(&details.status);
    details.status.code = (int32_t)out->code;
    details.status.message = out->message;
    details.status.details = details.list;
    add_error_info(&details, why);
    if (why->retry_after_s >= 0)
        add_retry_info(&details, why);
    if (why->request_id[0] != '\0')
        add_request_info(&details, why);
    if (why->field[0] != '\0')
        add_bad_request(&details, why, out->message);

    size_t size = google__rpc__status__get_packed_size(&details.status);
    out->details = buffer_capped(RPC_DETAILS_MAX);
    char *room = buffer_reserve(&out->details, size);
    if (room == NULL)
        return;
    google__rpc__status__pack(&details.status, (uint8_t *)room);
    buffer_commit(&out->details, size);
}

void rpc_text_copy(char *out, size_t size, struct text t)
{
    size_t len = text_cut_len(t, size - 1);
    if (len > 0)
        memcpy(out, t.data, len);
    out[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (out[i] == '\0')
            out[i] = ' ';
    if (!text_is_utf8((struct text){ out, len }))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)out[i] >= 0x80)
                out[i] = '?';
}

static size_t percent_encoded_len(struct text t)
{
    size_t len = 0;
    for (size_t i = 0; i < t.len; i++)
        len += t.data[i] < ' ' || t.data[i] > '~' || t.data[i] == '%' ? 3 : 1;
    return len;
}

/* Cut on a character, so that it fits both as text and as it travels. */
static void set_message(struct rpc_status *out, struct text message)
{
    rpc_text_copy(out->message, sizeof out->message, message);
    struct text left = text_of(out->message);
    size_t len = 0;
    for (size_t room = RPC_ENCODED_MESSAGE_MAX; left.len > 0;) {
        uint32_t ignored = 0;
        const struct text next = { left.data, text_utf8_next(left, &ignored) };
        const size_t cost = percent_encoded_len(next);
        if (cost > room)
            break;
        room -= cost;
        len += next.len;
        left = (struct text){ left.data + next.len, left.len - next.len };
    }
    out->message[len] = '\0';
}

/* ---- from our own errors ------------------------------------------------------------------ */

/* From the answer, or what the caller called it on the way there. */
static struct text request_id_of(const struct upstream_exchange *exchange)
{
    const struct text answered = text_of(exchange->request_id);
    return answered.len > 0
               ? answered
               : http_find_header(exchange->headers, exchange->header_count, "x-request-id");
}

static void explain_error(struct rpc_status *out, const struct error *err, int64_t retry_after_s,
                          struct text request_id)
{
    char id[REQUEST_ID_MAX + 1];
    rpc_text_copy(id, sizeof id, request_id);
    const struct explanation why = { .reason = error_code_name(err->code),
                                     .domain = own_domain,
                                     .field = err->field,
                                     .retry_after_s = retry_after_s,
                                     .request_id = id };
    out->code = rpc_code_from_error(err->code);
    set_message(out, text_of(err->message));
    attach_details(out, &why);
}

void rpc_status_from_error(struct rpc_status *out, const struct error *err)
{
    explain_error(out, err, -1, (struct text){ NULL, 0 });
}

void rpc_status_overloaded(struct rpc_status *out, size_t max_inflight)
{
    enum { RETRY_AFTER_S = 1 };
    struct error err = { 0 };
    error_set(&err, ERROR_RESOURCE_EXHAUSTED,
              "%zu calls are in flight, the limit of --max-inflight; try again later",
              max_inflight);
    explain_error(out, &err, RETRY_AFTER_S, (struct text){ NULL, 0 });
}

static enum error_code outcome_error(const struct upstream_exchange *exchange)
{
    static const enum error_code codes[] = {
        [UPSTREAM_ANSWERED] = ERROR_INTERNAL,
        [UPSTREAM_UNREACHABLE] = ERROR_UNAVAILABLE,
        [UPSTREAM_LOST] = ERROR_OUTCOME_UNKNOWN,
        [UPSTREAM_TIMED_OUT] = ERROR_DEADLINE_EXCEEDED,
        [UPSTREAM_TOO_LARGE] = ERROR_RESOURCE_EXHAUSTED,
        [UPSTREAM_MALFORMED] = ERROR_INTERNAL,
        [UPSTREAM_CANCELLED] = ERROR_CANCELLED,
        [UPSTREAM_FAILED] = ERROR_INTERNAL,
    };
    enum error_code code = codes[exchange->outcome];
    /* Losing a GET loses nothing: it may simply be asked again. */
    return code == ERROR_OUTCOME_UNKNOWN && exchange->method == HTTP_GET ? ERROR_UNAVAILABLE : code;
}

void rpc_status_from_outcome(struct rpc_status *out, const struct method *method,
                             const struct upstream_exchange *exchange)
{
    struct error err = { 0 };
    enum error_code code = outcome_error(exchange);
    error_set(&err, code, TEXT_FMT ": %s%s", TEXT_ARGS(method->full_name), exchange->detail,
              code == ERROR_OUTCOME_UNKNOWN
                  ? "; the request was sent once and may have been carried out"
                  : "");
    explain_error(out, &err, -1, request_id_of(exchange));
}

/* ---- from the API's errors ---------------------------------------------------------------- */

struct api_error {
    struct text code;
    struct text message;
};

static bool read_api_error(struct text body, struct arena *arena, struct api_error *out)
{
    struct json_reader reader = json_reader_from(body, arena);
    enum json_token token;
    struct text text;
    struct error ignored = { 0 };
    if (!json_next(&reader, &token, &text, &ignored) || token != JSON_TOKEN_OBJECT_BEGIN)
        return false;
    for (;;) {
        struct text key;
        if (!json_next(&reader, &token, &key, &ignored))
            return false;
        if (token == JSON_TOKEN_OBJECT_END)
            return true;
        if (!json_next(&reader, &token, &text, &ignored))
            return false;
        if (token == JSON_TOKEN_STRING && text_equal_cstr(key, "code"))
            out->code = text;
        else if (token == JSON_TOKEN_STRING && text_equal_cstr(key, "message"))
            out->message = text;
        else if (!json_skip(&reader, token, &ignored))
            return false;
    }
}

/* The real server pastes its validator's text between quotes without escaping (VALID-002), so most
 * of its 400s look like {"code":"Bad Request","message":"... "x" ..."} and are no JSON. */
static bool salvage_api_error(struct text body, struct api_error *out)
{
    const struct text head = TEXT("{\"code\":\"");
    const struct text middle = TEXT("\",\"message\":\"");
    const struct text tail = TEXT("\"}");
    if (!text_starts_with(body, head) || body.len < head.len + middle.len + tail.len)
        return false;
    const char *code = body.data + head.len;
    const char *split = memmem(code, body.len - head.len, middle.data, middle.len);
    const char *end = body.data + body.len - tail.len;
    if (split == NULL || split + middle.len > end || memcmp(end, tail.data, tail.len) != 0)
        return false;
    out->code = (struct text){ code, (size_t)(split - code) };
    out->message = (struct text){ split + middle.len, (size_t)(end - split) - middle.len };
    return true;
}

static bool rule_fits(const struct error_rule *rule, int status, const struct api_error *answer)
{
    return (rule->http_status == 0 || rule->http_status == status) &&
           (rule->reason.len == 0 || text_equal(rule->reason, answer->code)) &&
           text_starts_with(answer->message, rule->message_prefix);
}

static enum rpc_code answer_code(const struct method *method, int status,
                                 const struct api_error *answer)
{
    for (size_t i = 0; i < method->error_rule_count; i++)
        if (rule_fits(&method->error_rules[i], status, answer))
            return (enum rpc_code)method->error_rules[i].code;
    enum rpc_code code = rpc_code_from_http(status);
    return code == RPC_OK ? RPC_UNKNOWN : code;
}

/* "hypeman" of hypeman.v1.SnapshotService.GetSnapshot */
static struct text api_domain(const struct method *method)
{
    struct text rest = method->full_name;
    return text_split(&rest, '.');
}

void rpc_status_from_answer(struct rpc_status *out, const struct method *method,
                            const struct upstream_exchange *exchange)
{
    /* The arena takes strings with escapes, which may be long although little of them is shown. */
    enum { SHORT = 128, BODY_SHOWN = 256, ARENA_BYTES = 1 << 20 };
    SCOPED(arena) struct arena arena = arena_capped(ARENA_BYTES);
    struct text body = buffer_text(&exchange->answer);
    while (body.len > 0 && (body.data[body.len - 1] == '\n' || body.data[body.len - 1] == ' '))
        body.len--;

    struct api_error answer = { { NULL, 0 }, { NULL, 0 } };
    char sentence[BODY_SHOWN + SHORT];
    if (!read_api_error(body, &arena, &answer) && !salvage_api_error(body, &answer))
        answer = (struct api_error){ { NULL, 0 }, { NULL, 0 } };
    if (answer.message.len == 0) {
        char shown[BODY_SHOWN + 1];
        rpc_text_copy(shown, sizeof shown, body);
        (void)snprintf(sentence, sizeof sentence, "upstream answered %d %s%s%s", exchange->status,
                       http_reason(exchange->status), body.len == 0 ? "" : ": ", shown);
        answer.message = text_of(sentence);
    }
    out->code = answer_code(method, exchange->status, &answer);
    set_message(out, answer.message);

    char reason[SHORT];
    char domain[SHORT];
    char status[16];
    char name[2 * SHORT];
    char request_id[REQUEST_ID_MAX + 1];
    if (answer.code.len > 0)
        rpc_text_copy(reason, sizeof reason, answer.code);
    else /* a proxy's page rather than the API's error */
        (void)snprintf(reason, sizeof reason, "HTTP_%d", exchange->status);
    rpc_text_copy(domain, sizeof domain, api_domain(method));
    (void)snprintf(status, sizeof status, "%d", exchange->status);
    rpc_text_copy(name, sizeof name, method->full_name);
    rpc_text_copy(request_id, sizeof request_id, request_id_of(exchange));
    const struct explanation why = {
        .reason = reason,
        .domain = domain,
        .metadata = { { "http_status", status }, { "method", name } },
        .metadata_count = 2,
        .field = "",
        .retry_after_s =
            retry_after_seconds(text_of(exchange->retry_after), text_of(exchange->date)),
        .request_id = request_id,
    };
    attach_details(out, &why);
}

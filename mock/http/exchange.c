#include "mock/http/exchange.h"

#include <string.h>

#include "mock/http/target.h"

enum {
    MAX_ARENA_BYTES = 64 * 1024 * 1024,    /* of one request's values  */
    MAX_RESPONSE_BYTES = 64 * 1024 * 1024, /* of one answer held whole */
    KEPT_BODY_BYTES = 64 * 1024,           /* between requests         */
};

void exchange_init(struct exchange *x, size_t max_body, enum truth truth)
{
    *x = (struct exchange){
        .arena = arena_capped(MAX_ARENA_BYTES),
        .body = buffer_capped(max_body),
        .truth = truth,
    };
    response_init(&x->response, &x->arena, MAX_RESPONSE_BYTES);
}

void exchange_fini(struct exchange *x)
{
    response_fini(&x->response);
    buffer_fini(&x->body);
    arena_fini(&x->arena);
}

void exchange_begin(struct exchange *x, struct text target)
{
    x->stage = EXCHANGE_LINE;
    x->target.data = arena_copy(&x->arena, target);
    x->target.len = target.len;
    x->request.headers = x->headers;
}

static struct text trim_blanks(struct text t)
{
    while (t.len > 0 && (t.data[t.len - 1] == ' ' || t.data[t.len - 1] == '\t'))
        t.len--;
    while (t.len > 0 && (t.data[0] == ' ' || t.data[0] == '\t'))
        t = (struct text){ t.data + 1, t.len - 1 };
    return t;
}

static struct text header(const struct exchange *x, const char *name)
{
    return http_find_header(x->headers, x->request.header_count, name);
}

/* RFC 9110's token. */
static bool is_token(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        const bool letter_or_digit =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '\0' || (!letter_or_digit && strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return name.len > 0;
}

/* libmicrohttpd takes a body in any coding but "chunked" to go on until the connection ends, and of
 * two lengths the first; "Content-Length " is some other header to it, and the body the next
 * request. */
static void note_framing(struct exchange *x, struct text name, struct text value)
{
    if (!is_token(name)) {
        x->malformed_name = true;
    } else if (text_equal_nocase(name, TEXT("Transfer-Encoding"))) {
        if (!text_equal_nocase(value, TEXT("chunked")) ||
            header(x, "Transfer-Encoding").data != NULL)
            x->unknown_coding = true;
    } else if (text_equal_nocase(name, TEXT("Content-Length"))) {
        const struct text before = header(x, "Content-Length");
        if (before.data != NULL && !text_equal(before, value))
            x->lengths_differ = true;
    }
}

void exchange_add_header(struct exchange *x, struct text name, struct text value)
{
    enum { SEPARATORS = 4 }; /* ": " and the line's end */

    x->header_bytes += name.len + value.len + SEPARATORS;
    if (x->request.header_count == EXCHANGE_MAX_HEADERS) {
        x->header_bytes = EXCHANGE_MAX_HEADER_BYTES + 1; /* refused, so none is missed */
        return;
    }
    note_framing(x, name, value);
    x->headers[x->request.header_count++] =
        (struct http_header){ .name = name, .value = trim_blanks(value) };
}

/* A refusal by this edge, in the API's shape; the rest of the request is not looked at. */
static bool refuse(struct exchange *x, int status, const char *code, const char *message)
{
    response_error(&x->response, status, code, message, false);
    x->response.close = true;
    return false;
}

static bool refuse_large_body(struct exchange *x)
{
    const char *message = arena_printf(
        &x->arena, "request body is larger than %zu bytes (raise it with --max-body)", x->body.max);
    return refuse(x, 413, "request_too_large",
                  message == NULL ? "request body is too large" : message);
}

static bool refuse_protocol(struct exchange *x, enum protocol_fault fault)
{
    response_protocol_error(&x->response, x->truth, fault);
    return false;
}

/* A large body is best read and dropped: see EXCHANGE_MAX_DRAINED_BYTES. Not so when the client
 * waits to be asked for it, or means to send without end. */
static bool body_is_welcome(const struct exchange *x)
{
    uint64_t declared;

    if (!text_parse_u64(header(x, "Content-Length"), &declared) || declared <= x->body.max)
        return true;
    return declared <= (uint64_t)x->body.max + EXCHANGE_MAX_DRAINED_BYTES &&
           !text_equal_nocase(header(x, "Expect"), TEXT("100-continue"));
}

bool exchange_check_head(struct exchange *x, struct text method, struct text version,
                         int64_t now_ns)
{
    x->stage = EXCHANGE_RECEIVING;
    x->started_ns = now_ns;
    x->method = method;
    x->request.method = http_method_parse(method);

    if (x->target.data == NULL)
        return refuse(x, 500, "internal_error", "out of memory");
    if (x->target.len > EXCHANGE_MAX_TARGET_BYTES)
        return refuse(x, 414, "uri_too_long", "request target is longer than 8192 bytes");
    if (x->header_bytes > EXCHANGE_MAX_HEADER_BYTES)
        return refuse(x, 431, "headers_too_large",
                      "request headers are more than 100, or larger than 16384 bytes");
    if (!target_split(x->target, &x->request.path, &x->request.query))
        return refuse_protocol(x, PROTOCOL_BAD_TARGET); /* HTTP-004 */
    if (x->malformed_name)
        return refuse_protocol(x, PROTOCOL_BAD_HEADER);
    if (text_equal_cstr(version, "HTTP/1.1") && header(x, "Host").data == NULL)
        return refuse_protocol(x, PROTOCOL_NO_HOST); /* HTTP-003 */
    if (x->unknown_coding)
        return refuse_protocol(x, PROTOCOL_UNKNOWN_CODING);
    if (x->lengths_differ)
        return refuse_protocol(x, PROTOCOL_TWO_LENGTHS);
    return body_is_welcome(x) || refuse_large_body(x);
}

bool exchange_add_body(struct exchange *x, const char *bytes, size_t len)
{
    if (!x->body_too_large && buffer_append(&x->body, bytes, len))
        return true;
    x->body_too_large = true;
    buffer_clear(&x->body);
    x->drained_bytes += len;
    return x->drained_bytes <= (uint64_t)x->body.max + EXCHANGE_MAX_DRAINED_BYTES;
}

bool exchange_check_body(struct exchange *x)
{
    x->request.body = buffer_text(&x->body);
    if (!x->body_too_large)
        return true;
    (void)refuse_large_body(x);
    x->response.close = false; /* read to its end, so the connection is in step */
    return false;
}

enum exchange_read exchange_read_stream(struct exchange *x, char *out, size_t max, size_t *len)
{
    struct response *res = &x->response;

    *len = 0;
    if (x->sent == res->body.len && !res->stream.ended) {
        x->sent = 0;
        if (!response_pull(res))
            return EXCHANGE_IDLES;
    }
    if (res->stream.broken)
        return EXCHANGE_BROKEN;
    *len = res->body.len - x->sent;
    if (*len == 0)
        return EXCHANGE_END;
    if (*len > max)
        *len = max;
    memcpy(out, res->body.data + x->sent, *len);
    x->sent += *len;
    x->sent_bytes += *len;
    res->sent_bytes = x->sent_bytes;
    return EXCHANGE_READ;
}

void exchange_end(struct exchange *x)
{
    response_reset(&x->response);
    buffer_clear(&x->body);
    if (x->body.capacity > KEPT_BODY_BYTES) {
        const size_t max = x->body.max;
        buffer_fini(&x->body);
        x->body = buffer_capped(max);
    }
    x->stage = EXCHANGE_IDLE;
    x->target = (struct text){ 0 };
    x->request = (struct http_request){ 0 };
    x->header_bytes = 0;
    x->malformed_name = false;
    x->unknown_coding = false;
    x->lengths_differ = false;
    x->drained_bytes = 0;
    x->body_too_large = false;
    x->sent = 0;
    x->sent_bytes = 0;
}

#include "gateway/upstream/request_lines.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/checked.h"
#include "common/base/text.h"
#include "gateway/upstream/transfer.h"

#define REQUEST_HEAD_MAX ((size_t)256 * 1024)

/* What curl adds unasked is switched off by a name without a value. The answer must come as it is,
 * since nobody behind us would unpack it. A header the caller gives replaces the line. */
#define LITERAL(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
static const struct default_line {
    struct text name;
    struct text line;
    bool with_body; /* curl adds it only to a request that may have one */
} default_lines[] = {
    { LITERAL("Accept"), LITERAL("Accept:"), false },
    { LITERAL("Content-Type"), LITERAL("Content-Type:"), true },
    { LITERAL("Expect"), LITERAL("Expect:"), true },
    { LITERAL("Accept-Encoding"), LITERAL("Accept-Encoding: identity"), false },
};

/* How long the request is and where it goes is decided here; a second opinion on the wire is how
 * requests get smuggled. */
static const char *const our_headers[] = { "Host",       "Content-Length", "Transfer-Encoding",
                                           "TE",         "Trailer",        "Connection",
                                           "Keep-Alive", "Upgrade",        "Proxy-Connection",
                                           NULL };

static bool is_token_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (!is_token_byte((unsigned char)t.data[i]))
            return false;
    }
    return t.len > 0;
}

/* RFC 9110 5.5: visible characters, blanks and bytes above ASCII; so no CR, LF or NUL. */
static bool is_header_value(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_target(struct text t)
{
    if (t.len == 0 || t.data[0] != '/')
        return false;
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_ours(struct text name)
{
    for (size_t i = 0; our_headers[i] != NULL; i++) {
        if (text_equal_nocase(name, text_of(our_headers[i])))
            return true;
    }
    return false;
}

/* Names only: a value may be a secret. */
static bool is_sendable(struct upstream_exchange *exchange)
{
    if (!is_target(exchange->target)) {
        exchange_fail(exchange, UPSTREAM_FAILED,
                      "the request was not sent: its path does not start with '/' or holds a "
                      "blank or control character");
        return false;
    }
    for (size_t i = 0; i < exchange->header_count; i++) {
        const struct http_header *header = &exchange->headers[i];
        if (!is_token(header->name)) {
            exchange_fail(exchange, UPSTREAM_FAILED,
                          "the request was not sent: header name number %zu is not a valid name",
                          i + 1);
            return false;
        }
        if (!is_header_value(header->value)) {
            exchange_fail(exchange, UPSTREAM_FAILED,
                          "the request was not sent: header " TEXT_FMT
                          " holds a line break or another control character",
                          TEXT_ARGS(header->name));
            return false;
        }
        if (is_ours(header->name)) {
            exchange_fail(exchange, UPSTREAM_FAILED,
                          "the request was not sent: header " TEXT_FMT
                          " is set by the gateway and cannot be given",
                          TEXT_ARGS(header->name));
            return false;
        }
    }
    return true;
}

/* Bytes for all lines, an upper bound; false when that does not fit a size_t. */
static bool measure(const struct transfer *transfer, size_t *size)
{
    const struct upstream_exchange *exchange = transfer->exchange;
    *size = strlen(transfer->settings->base.prefix) + 1;
    bool fits = size_add(*size, exchange->target.len, size);
    for (size_t i = 0; fits && i < exchange->header_count; i++) {
        fits = size_add(*size, exchange->headers[i].name.len + sizeof ": ", size) &&
               size_add(*size, exchange->headers[i].value.len, size);
    }
    for (size_t i = 0; fits && i < ARRAY_LEN(default_lines); i++)
        fits = size_add(*size, default_lines[i].line.len + 1, size);
    return fits;
}

static bool make_nodes(struct transfer *transfer, size_t count)
{
    if (count <= transfer->node_capacity)
        return true;
    struct curl_slist *nodes = realloc(transfer->nodes, count * sizeof *nodes);
    if (nodes == NULL)
        return false;
    transfer->nodes = nodes;
    transfer->node_capacity = count;
    return true;
}

static char *put(char *at, struct text t)
{
    if (t.len > 0)
        memcpy(at, t.data, t.len);
    return at + t.len;
}

/* curl takes "Name:" as "leave it out", and "Name;" as a header without a value. */
static char *put_header(char *at, const struct http_header *header)
{
    at = put(at, header->name);
    at = header->value.len == 0 ? put(at, TEXT(";")) : put(put(at, TEXT(": ")), header->value);
    *at++ = '\0';
    return at;
}

static char *put_line(char *at, struct text line)
{
    at = put(at, line);
    *at++ = '\0';
    return at;
}

bool request_lines_write(struct transfer *transfer)
{
    struct upstream_exchange *exchange = transfer->exchange;
    if (!is_sendable(exchange))
        return false;

    size_t size = 0;
    if (transfer->lines.max == 0)
        transfer->lines = buffer_capped(REQUEST_HEAD_MAX);
    buffer_clear(&transfer->lines);
    bool fits = measure(transfer, &size) && size <= REQUEST_HEAD_MAX;
    char *at = fits ? buffer_reserve(&transfer->lines, size) : NULL;
    if (at == NULL || !make_nodes(transfer, exchange->header_count + ARRAY_LEN(default_lines))) {
        exchange_fail(exchange, UPSTREAM_FAILED, "the request was not sent: %s",
                      fits ? "out of memory" : "its path and headers are too long");
        return false;
    }

    at = put(at, text_of(transfer->settings->base.prefix));
    at = put_line(at, exchange->target);

    size_t count = 0;
    for (size_t i = 0; i < exchange->header_count; i++) {
        transfer->nodes[count++].data = at;
        at = put_header(at, &exchange->headers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(default_lines); i++) {
        const struct default_line *line = &default_lines[i];
        if (line->with_body && exchange->method == HTTP_GET && !exchange->has_body)
            continue;
        if (http_find_header(exchange->headers, exchange->header_count, line->name.data).data !=
            NULL)
            continue;
        transfer->nodes[count++].data = at;
        at = put_line(at, line->line);
    }
    for (size_t i = 0; i < count; i++)
        transfer->nodes[i].next = i + 1 < count ? &transfer->nodes[i + 1] : NULL;
    return true;
}

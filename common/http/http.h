/* HTTP as values, shared by what serves it and what sends it. No sockets here. */
#ifndef TESTKIT_COMMON_HTTP_HTTP_H
#define TESTKIT_COMMON_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_CONNECT,
    HTTP_METHOD_OTHER, /* a token this table does not know */
    HTTP_METHOD_COUNT,
};

/* Exact and case-sensitive (RFC 9110 9.1); HTTP_METHOD_OTHER when unknown. */
enum http_method http_method_parse(struct text token);
const char *http_method_name(enum http_method method);

/* "Not Found"; "Unknown" for numbers without a registered phrase. */
const char *http_reason(int status);

struct http_header {
    struct text name;  /* compared without regard to case */
    struct text value; /* without surrounding blanks      */
};

/* A request as received or as it will be sent. Everything is borrowed. */
struct http_request {
    enum http_method method;
    struct text path;  /* raw: percent-encoded, starts with '/' */
    struct text query; /* raw, without '?'; empty when none     */
    const struct http_header *headers;
    size_t header_count;
    struct text body; /* empty when none */
};

/* The first header of that name; data NULL when absent. */
struct text http_find_header(const struct http_header *headers, size_t count, const char *name);

/* Splits "/p?q" at the first '?'. */
void http_split_target(struct text target, struct text *path, struct text *query);

#endif

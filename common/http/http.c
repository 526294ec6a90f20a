#include "common/http/http.h"

#include <string.h>

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE",   [HTTP_HEAD] = "HEAD",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE",
    [HTTP_CONNECT] = "CONNECT", [HTTP_METHOD_OTHER] = "OTHER",
};
_Static_assert(ARRAY_LEN(method_names) == HTTP_METHOD_COUNT, "one name per method");

enum http_method http_method_parse(struct text token)
{
    for (int method = 0; method < HTTP_METHOD_OTHER; method++)
        if (text_equal_cstr(token, method_names[method]))
            return (enum http_method)method;
    return HTTP_METHOD_OTHER;
}

const char *http_method_name(enum http_method method)
{
    return (size_t)method < ARRAY_LEN(method_names) ? method_names[method] : "OTHER";
}

/* RFC 9110 section 15 and the registered additions. */
static const char *const reasons[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Request Entity Too Large", /* as Go still spells it */
    [414] = "Request URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Requested Range Not Satisfiable",
    [417] = "Expectation Failed",
    [418] = "I'm a teapot",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Entity",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [510] = "Not Extended",
    [511] = "Network Authentication Required",
};

const char *http_reason(int status)
{
    bool known = status >= 0 && (size_t)status < ARRAY_LEN(reasons) && reasons[status] != NULL;
    return known ? reasons[status] : "Unknown";
}

struct text http_find_header(const struct http_header *headers, size_t count, const char *name)
{
    struct text wanted = text_of(name);
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(headers[i].name, wanted))
            return headers[i].value.data == NULL ? TEXT("") : headers[i].value;
    return (struct text){ NULL, 0 };
}

void http_split_target(struct text target, struct text *path, struct text *query)
{
    struct text rest = target;
    *path = text_split(&rest, '?');
    *query = rest;
}

#include "conformance/drive/rest.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "common/base/buffer.h"
#include "common/env/env.h"

enum { URL_MAX = 128 * 1024, BODY_KEPT = 8 << 20, HEADERS_KEPT = 64 };

#define CONNECT_WAIT_MS 3000L

struct rest {
    const char *url;
    const atomic_bool *ended;
    CURL *curl;
};

/* What arrives of one answer. */
struct arrival {
    const struct rest *rest;
    bool afterwards;
    struct arena *arena;
    struct buffer body;
    bool cut;
    struct http_header headers[HEADERS_KEPT];
    size_t header_count;
    bool failed; /* no memory */
};

bool rest_setup(struct error *err)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
           error_set(err, ERROR_INTERNAL, "libcurl does not start");
}

/* ---- what comes ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct arrival *a = ctx;
    size_t len = size * count;
    size_t room = BODY_KEPT - a->body.len;

    a->cut |= len > room;
    a->failed |= !buffer_append(&a->body, bytes, len > room ? room : len);
    return len;
}

static struct text trimmed(struct text t)
{
    while (t.len > 0 && (t.data[0] == ' ' || t.data[0] == '\t'))
        t = (struct text){ t.data + 1, t.len - 1 };
    while (t.len > 0 &&
           (t.data[t.len - 1] == '\n' || t.data[t.len - 1] == '\r' || t.data[t.len - 1] == ' '))
        t.len--;
    return t;
}

/* A status line begins the headers anew: those before were of an interim answer. */
static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct arrival *a = ctx;
    struct text value = { bytes, size * count };

    if (text_starts_with(value, TEXT("HTTP/")) && memchr(bytes, ':', value.len) == NULL)
        a->header_count = 0;
    struct text name = text_split(&value, ':');
    if (value.data == NULL || a->header_count == HEADERS_KEPT)
        return size * count;
    value = trimmed(value);
    const char *kept = arena_copy(a->arena, name), *kept_value = arena_copy(a->arena, value);
    a->failed |= kept == NULL || kept_value == NULL;
    if (!a->failed)
        a->headers[a->header_count++] =
            (struct http_header){ { kept, name.len }, { kept_value, value.len } };
    return size * count;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct arrival *arrival = ctx;

    (void)a, (void)b, (void)c, (void)d;
    return !arrival->afterwards && atomic_load(arrival->rest->ended);
}

/* ---- what goes ---- */

static void list_scope_end(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static bool append_line(struct curl_slist **list, const char *line, struct error *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *list = longer;
    return true;
}

/* Ours alone: curl's own Content-Type and Accept and its waiting for 100 are taken out. An empty
 * value is written with ';' to it. */
static bool list_headers(const struct transport_request *request, struct curl_slist **list,
                         struct error *err)
{
    static const char *const without[] = { "Expect:", "Content-Type:", "Accept:" };

    for (size_t i = 0; i < ARRAY_LEN(without); i++) {
        struct text name = { without[i], strlen(without[i]) - 1 };
        bool own = false;
        for (size_t h = 0; h < request->header_count; h++)
            own |= text_equal_nocase(request->headers[h].name, name);
        if (!own && !append_line(list, without[i], err))
            return false;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        SCOPED(buffer) struct buffer line = buffer_capped(URL_MAX);
        struct http_header header = request->headers[i];
        buffer_append_text(&line, header.name);
        buffer_append_cstr(&line, header.value.len == 0 ? ";" : ": ");
        buffer_append_text(&line, header.value);
        if (!buffer_append_byte(&line, '\0'))
            return buffer_error(&line, err);
        if (!append_line(list, line.data, err))
            return false;
    }
    return true;
}

/* A request that usually has a body says so when it has none: Content-Length: 0. */
static void set_body(CURL *curl, const struct transport_request *request)
{
    static const char *const with_body[] = { "POST", "PUT", "PATCH" };
    bool sends = request->body.data != NULL;

    for (size_t i = 0; i < ARRAY_LEN(with_body); i++)
        sends |= strcmp(request->method, with_body[i]) == 0;
    if (sends) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         request->body.len == 0 ? "" : request->body.data);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_up(const struct rest *rest, const struct transport_request *request,
                   const char *url, struct curl_slist *headers, struct arrival *arrival)
{
    CURL *curl = rest->curl;

    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_WAIT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(request->deadline_ns / NS_PER_MS));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, arrival);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, arrival);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, arrival);
    set_body(curl, request);
}

/* ---- what came of it ---- */

static bool refuse(CURL *curl, CURLcode code, struct error *err)
{
    curl_off_t connected = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_set(err, ERROR_UNAVAILABLE, "cannot connect: %s", curl_easy_strerror(code));
    case CURLE_OPERATION_TIMEDOUT:
        if (connected == 0)
            return error_set(err, ERROR_UNAVAILABLE, "cannot connect: no answer in time");
        return error_set(err, ERROR_DEADLINE_EXCEEDED, "no whole answer came in time");
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(err, ERROR_CANCELLED, "the run was ended");
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return error_set(err, ERROR_OUTCOME_UNKNOWN, "the connection was lost: %s",
                         curl_easy_strerror(code));
    case CURLE_OUT_OF_MEMORY:
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    default:
        return error_set(err, ERROR_INTERNAL, "no HTTP answer: %s", curl_easy_strerror(code));
    }
}

static bool keep(const struct arrival *a, long status, struct transport_answer *out,
                 struct error *err)
{
    const struct text body = { a->body.data == NULL ? "" : a->body.data, a->body.len };
    struct http_header *headers = arena_alloc(a->arena, (a->header_count + 1) * sizeof *headers);
    const char *kept = arena_copy(a->arena, body);

    if (headers == NULL || kept == NULL || a->failed)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    memcpy(headers, a->headers, a->header_count * sizeof *headers);
    *out = (struct transport_answer){ .status = (int)status,
                                      .headers = headers,
                                      .header_count = a->header_count,
                                      .body = { kept, body.len },
                                      .cut = a->cut };
    return true;
}

static bool exchange(void *ctx, const struct transport_request *request, struct arena *arena,
                     struct transport_answer *answer, struct error *err)
{
    const struct rest *rest = ctx;
    SCOPED(buffer) struct buffer url = buffer_capped(URL_MAX);
    SCOPED(list) struct curl_slist *headers = NULL;
    struct arrival arrival = { .rest = rest,
                               .afterwards = request->afterwards,
                               .arena = arena,
                               .body = buffer_capped(BODY_KEPT) };
    long status = 0;

    buffer_append_cstr(&url, rest->url);
    buffer_append_cstr(&url, request->target);
    if (!buffer_append_byte(&url, '\0'))
        return buffer_error(&url, err);
    if (!list_headers(request, &headers, err))
        return false;
    set_up(rest, request, url.data, headers, &arrival);
    CURLcode code = curl_easy_perform(rest->curl);
    (void)curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &status);
    bool ok =
        code == CURLE_OK ? keep(&arrival, status, answer, err) : refuse(rest->curl, code, err);
    buffer_fini(&arrival.body);
    return ok;
}

bool rest_open(const char *url, const atomic_bool *ended, struct transport *out, struct error *err)
{
    struct rest *rest = calloc(1, sizeof *rest);
    CURL *curl = curl_easy_init();

    if (rest == NULL || curl == NULL) {
        free(rest);
        curl_easy_cleanup(curl);
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    *rest = (struct rest){ .url = url, .ended = ended, .curl = curl };
    *out = (struct transport){ exchange, rest };
    return true;
}

void rest_close(struct transport *transport)
{
    struct rest *rest = transport->ctx;

    if (rest != NULL)
        curl_easy_cleanup(rest->curl);
    free(rest);
    *transport = (struct transport){ 0 };
}

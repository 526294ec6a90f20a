#include "gateway/upstream/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/text.h"
#include "gateway/upstream/request_lines.h"

/* Far beyond any real answer; curl alone would accept hundreds of kilobytes. */
#define ANSWER_HEAD_MAX ((size_t)64 * 1024)
#define NS_IN_MS        INT64_C(1000000)

void transfer_close(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}

/* curl counts the new attempts of a handle over its whole life, and gives up at the sixth even when
 * each belonged to another exchange. */
bool transfer_is_reusable(const struct transfer *transfer)
{
    enum upstream_outcome outcome = transfer->exchange->outcome;
    return transfer->attempts <= 1 &&
           (outcome == UPSTREAM_ANSWERED || outcome == UPSTREAM_CANCELLED);
}

void transfer_fini(struct transfer *transfer)
{
    transfer_close(transfer);
    buffer_fini(&transfer->lines);
    free(transfer->nodes);
    transfer->nodes = NULL;
}

/* ---- The answer ---------------------------------------------------------------------------- */

static size_t refuse(struct transfer *transfer, enum transfer_verdict verdict)
{
    transfer->verdict = verdict;
    return 0;
}

/* Copies a header's value, cut to fit and at the first byte that is no text. */
static void copy_value(char *out, size_t size, struct text value)
{
    size_t len = text_cut_len(value, size - 1);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f)
            len = i;
    }
    memcpy(out, value.data, len);
    out[len] = '\0';
}

/* "Name: value\r\n" -> value without blanks, when the name is `name`. */
static bool is_header(struct text line, struct text name, struct text *value)
{
    if (line.len <= name.len || line.data[name.len] != ':' ||
        strncasecmp(line.data, name.data, name.len) != 0)
        return false;

    size_t start = name.len + 1;
    size_t end = line.len;
    while (start < end && (line.data[start] == ' ' || line.data[start] == '\t'))
        start++;
    while (end > start && strchr(" \t\r\n", line.data[end - 1]) != NULL)
        end--;
    *value = (struct text){ line.data + start, end - start };
    return true;
}

/* Its body goes to the exchange's reader. */
static bool is_streamed(const struct transfer *transfer)
{
    return transfer->exchange->receive != NULL && transfer->head_status / 100 == 2;
}

static bool has_answer_body(const struct transfer *transfer)
{
    return transfer->exchange->method != HTTP_HEAD && transfer->head_status != 204 &&
           transfer->head_status != 304;
}

void exchange_forget_head(struct upstream_exchange *exchange)
{
    exchange->content_type[0] = '\0';
    exchange->retry_after[0] = '\0';
    exchange->date[0] = '\0';
    exchange->request_id[0] = '\0';
    exchange->kept_count = 0;
    exchange->kept_used = 0;
}

static void keep_header(struct upstream_exchange *exchange, struct text line)
{
    struct text value;
    for (size_t i = 0; i < exchange->keep_count; i++) {
        if (!is_header(line, exchange->keep[i], &value))
            continue;
        if (exchange->kept_count == UPSTREAM_KEPT_MAX ||
            value.len > UPSTREAM_KEPT_BYTES - exchange->kept_used)
            return;
        char *at = exchange->kept_bytes + exchange->kept_used;
        memcpy(at, value.data, value.len);
        exchange->kept[exchange->kept_count++] =
            (struct http_header){ exchange->keep[i], { at, value.len } };
        exchange->kept_used += value.len;
        return;
    }
}

/* The headers that we act upon ourselves and that are small. */
static void note_header(struct upstream_exchange *exchange, struct text line)
{
    const struct {
        struct text name;
        char *out;
        size_t size;
    } noted[] = {
        { TEXT("Content-Type"), exchange->content_type, sizeof exchange->content_type },
        { TEXT("Retry-After"), exchange->retry_after, sizeof exchange->retry_after },
        { TEXT("Date"), exchange->date, sizeof exchange->date },
        { TEXT("X-Request-Id"), exchange->request_id, sizeof exchange->request_id },
    };
    struct text value;
    for (size_t i = 0; i < ARRAY_LEN(noted); i++)
        if (is_header(line, noted[i].name, &value)) {
            copy_value(noted[i].out, noted[i].size, value);
            return;
        }
}

/* "HTTP/1.1 200 OK": curl has already refused what does not look like this. */
static void begin_head(struct transfer *transfer, struct text line)
{
    struct text version = text_split(&line, ' ');
    (void)version;
    int status = 0;
    for (size_t i = 0; i < 3 && i < line.len && line.data[i] >= '0' && line.data[i] <= '9'; i++)
        status = status * 10 + (line.data[i] - '0');
    transfer->head_status = status;
    exchange_forget_head(transfer->exchange);
}

/* The blank line. Heads of 1xx answers are skipped: another one follows. */
static void end_head(struct transfer *transfer)
{
    if (transfer->head_status < 200)
        return;
    transfer->head_complete = true;
    transfer->exchange->status = transfer->head_status;
}

/* Called with each line of a head, and with the trailers behind a chunked body. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct upstream_exchange *exchange = transfer->exchange;
    struct text line = { data, size * count };
    struct text value;
    uint64_t length = 0;

    transfer->head_bytes += line.len;
    if (transfer->head_bytes > ANSWER_HEAD_MAX)
        return refuse(transfer, VERDICT_HEAD_TOO_LARGE);
    if (transfer->head_complete)
        return line.len; /* a trailer */

    if (text_starts_with(line, TEXT("HTTP/")))
        begin_head(transfer, line);
    else if (is_header(line, TEXT("Content-Length"), &value)) {
        /* Known to be too large before a byte of it came. A wrong number is curl's to refuse. */
        if (text_parse_u64(value, &length) && length > exchange->max_body_bytes &&
            has_answer_body(transfer) && !is_streamed(transfer)) {
            exchange->status = transfer->head_status;
            return refuse(transfer, VERDICT_BODY_TOO_LARGE);
        }
    } else if (line.data[0] == '\r' || line.data[0] == '\n')
        end_head(transfer);
    else {
        note_header(exchange, line);
        keep_header(exchange, line);
    }
    return line.len;
}

static size_t hand_on(struct transfer *transfer, struct text piece)
{
    switch (transfer->exchange->receive(transfer->exchange, piece)) {
    case UPSTREAM_TAKEN:
        return piece.len;
    case UPSTREAM_NOT_NOW:
        return CURL_WRITEFUNC_PAUSE;
    case UPSTREAM_ENOUGH:
    default:
        return refuse(transfer, VERDICT_ENOUGH);
    }
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct buffer *answer = &transfer->exchange->answer;
    if (is_streamed(transfer))
        return hand_on(transfer, (struct text){ data, size * count });
    if (buffer_append(answer, data, size * count))
        return size * count;
    return refuse(transfer, answer->out_of_room ? VERDICT_BODY_TOO_LARGE : VERDICT_NO_MEMORY);
}

/* ---- The connection ------------------------------------------------------------------------ */

/* Called whenever a request is about to go on the wire, the first time and when curl has found a
 * reused connection dead and starts over on a new one. Reads may be repeated. A write may not:
 * curl cannot know whether the server acted before it hung up. */
static int on_request(void *context, char *remote_ip, char *local_ip, int remote_port,
                      int local_port)
{
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    struct transfer *transfer = context;
    if (++transfer->attempts > 1 && transfer->exchange->method != HTTP_GET) {
        transfer->verdict = VERDICT_SENT_ONCE;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *transfer = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->protocol);
    if (fd < 0) {
        /* An address family this host lacks is no fault of ours: curl tries the next address. */
        if (errno != EAFNOSUPPORT)
            transfer->socket_errno = errno;
        return CURL_SOCKET_BAD;
    }
    if (!socket_watch_opened(transfer->settings->watch, fd)) {
        transfer->socket_errno = ENOMEM;
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* The context is the watch, not the transfer: a pooled connection outlives its transfer. */
static int on_close(void *context, curl_socket_t fd)
{
    socket_watch_closing(context, fd);
    return close(fd);
}

/* ---- Setting up ---------------------------------------------------------------------------- */

/* What never differs between two exchanges. */
static bool open_easy(struct transfer *transfer)
{
    const struct transfer_settings *settings = transfer->settings;
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return false;

    /* curl counts idle time in whole seconds and reuses up to and including the limit. */
    int64_t idle_s = settings->max_idle_ms / 1000;
    bool may_reuse = idle_s > 0;
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (code == CURLE_OK)                                                                      \
            code = curl_easy_setopt(easy, option, value);                                          \
    } while (0)
    SET(CURLOPT_CURLU, settings->base.parsed);
    SET(CURLOPT_UNIX_SOCKET_PATH, settings->base.socket);
    SET(CURLOPT_USERNAME, settings->base.user);
    SET(CURLOPT_PASSWORD, settings->base.password);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* not even the one named by the environment */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    SET(CURLOPT_MAXAGE_CONN, may_reuse ? (long)idle_s - 1 : 0L);
    SET(CURLOPT_FRESH_CONNECT, may_reuse ? 0L : 1L);
    SET(CURLOPT_FORBID_REUSE, may_reuse ? 0L : 1L);
    if (settings->ca_file != NULL)
        SET(CURLOPT_CAINFO, settings->ca_file);
    SET(CURLOPT_ERRORBUFFER, transfer->curl_says);
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_PREREQFUNCTION, on_request);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, settings->watch);
#undef SET
    if (code != CURLE_OK) {
        curl_easy_cleanup(easy);
        return false;
    }
    transfer->easy = easy;
    transfer->sends_body = false;
    transfer->verb = NULL;
    return true;
}

/* A method whose requests are expected to say how long their content is, even when there is none
 * (RFC 9110 8.6). */
static bool always_has_length(enum http_method method)
{
    return method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH;
}

/* The body goes out with the head in one call when it is small. It is not copied: the exchange
 * keeps it. */
static CURLcode set_body(struct transfer *transfer, const struct upstream_exchange *exchange)
{
    bool has_bytes = exchange->has_body && exchange->body.len > 0;
    CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                     has_bytes ? (curl_off_t)exchange->body.len : 0);
    if (code != CURLE_OK)
        return code;
    return curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS,
                            has_bytes ? exchange->body.data : "");
}

static CURLcode set_method(struct transfer *transfer, const struct upstream_exchange *exchange)
{
    enum http_method method = exchange->method;
    bool is_head = method == HTTP_HEAD;
    bool sends_body = !is_head && (exchange->has_body || always_has_length(method));
    bool is_custom = method == HTTP_METHOD_OTHER;
    const char *verb = method == HTTP_GET && !sends_body ? NULL : http_method_name(method);
    CURLcode code = CURLE_OK;

    if (is_custom || verb != transfer->verb || sends_body != transfer->sends_body) {
        /* NOBODY first: taking it back makes the request a GET again. */
        code = curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, is_head ? 1L : 0L);
        if (code == CURLE_OK && !is_head)
            code = sends_body ? curl_easy_setopt(transfer->easy, CURLOPT_POST, 1L)
                              : curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
        if (code == CURLE_OK)
            code = curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST,
                                    is_custom ? exchange->custom_verb : verb);
        transfer->verb = verb;
        transfer->sends_body = sends_body;
    }
    if (code == CURLE_OK && sends_body)
        code = set_body(transfer, exchange);
    return code;
}

/* As curl wants it: 0 means no limit. Rounded up, so that we never give up before the time is
 * over. */
static int64_t time_left_ms(const struct transfer *transfer, int64_t now_ns)
{
    if (transfer->deadline_ns == INT64_MAX)
        return 0;
    const int64_t left_ms = (transfer->deadline_ns - now_ns + NS_IN_MS - 1) / NS_IN_MS;
    return left_ms < 1 ? 1 : left_ms;
}

static CURLcode set_request(struct transfer *transfer, int64_t now_ns)
{
    const int64_t left_ms = time_left_ms(transfer, now_ns);
    CURLcode code = set_method(transfer, transfer->exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, transfer->lines.data);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->nodes);
    return code;
}

bool transfer_prepare(struct transfer *transfer, int64_t now_ns)
{
    struct upstream_exchange *exchange = transfer->exchange;
    transfer->attempts = 0;
    transfer->verdict = VERDICT_NONE;
    transfer->socket_errno = 0;
    transfer->head_status = 0;
    transfer->head_bytes = 0;
    transfer->head_complete = false;
    transfer->curl_says[0] = '\0';

    if (!request_lines_write(transfer))
        return false;
    if ((transfer->easy == NULL && !open_easy(transfer)) ||
        set_request(transfer, now_ns) != CURLE_OK) {
        exchange_fail(exchange, UPSTREAM_FAILED,
                      "out of memory before the request was sent; the gateway is overloaded");
        return false;
    }
    return true;
}

#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 10 };

bool http_client_open(struct http_client *c, const char *url)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    const int on = 1; /* pieces must leave as they are sent */
    char host[64];
    unsigned port;

    *c = (struct http_client){ .fd = -1 };
    if (sscanf(url, "http://%63[0-9.]:%u", host, &port) != 2 || port > UINT16_MAX ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return false;
    address.sin_port = htons((uint16_t)port);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        connect(c->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    http_client_close(c);
    return false;
}

void http_client_close(struct http_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->received);
    *c = (struct http_client){ .fd = -1 };
}

bool http_client_send(struct http_client *c, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool http_client_send_text(struct http_client *c, const char *text)
{
    return http_client_send(c, text, strlen(text));
}

bool http_client_request(struct http_client *c, const char *method, const char *target,
                         const char *json)
{
    char head[1024];

    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer test\r\n",
             method, target);
    if (!http_client_send_text(c, head))
        return false;
    if (json == NULL)
        return http_client_send_text(c, "\r\n");
    snprintf(head, sizeof head, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             strlen(json));
    return http_client_send_text(c, head) && http_client_send_text(c, json);
}

/* More bytes from the server; false at the end or after too long a silence. */
static bool receive(struct http_client *c)
{
    if (c->len + 1 >= c->capacity) {
        const size_t capacity = c->capacity == 0 ? 4096 : c->capacity * 2;
        char *grown = realloc(c->received, capacity);
        if (grown == NULL)
            return false;
        c->received = grown;
        c->capacity = capacity;
    }
    const ssize_t n = recv(c->fd, c->received + c->len, c->capacity - c->len - 1, 0);
    if (n <= 0)
        return false;
    c->len += (size_t)n;
    c->received[c->len] = '\0';
    return true;
}

/* Takes n bytes into a NUL-terminated copy. */
static char *take(struct http_client *c, size_t n)
{
    while (c->len < n) {
        if (!receive(c))
            return NULL;
    }
    char *out = malloc(n + 1);
    if (out == NULL)
        return NULL;
    if (n > 0)
        memcpy(out, c->received, n);
    out[n] = '\0';
    memmove(c->received, c->received + n, c->len - n);
    c->len -= n;
    return out;
}

char *http_client_read_until(struct http_client *c, const char *end)
{
    for (;;) {
        const char *at = c->len == 0 ? NULL : memmem(c->received, c->len, end, strlen(end));
        if (at != NULL)
            return take(c, (size_t)(at - c->received) + strlen(end));
        if (!receive(c))
            return NULL;
    }
}

static bool find_header(const struct http_answer *a, const char *name, const char **value)
{
    const size_t len = strlen(name);
    for (const char *line = a->head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            *value = line + len + 1;
            return true;
        }
    }
    return false;
}

static bool append(struct http_answer *a, const char *bytes, size_t len)
{
    char *grown = realloc(a->body, a->body_len + len + 1);
    if (grown == NULL)
        return false;
    memcpy(grown + a->body_len, bytes, len);
    a->body = grown;
    a->body_len += len;
    a->body[a->body_len] = '\0';
    return true;
}

static bool read_chunks(struct http_client *c, struct http_answer *a)
{
    for (;;) {
        char *line = http_client_read_until(c, "\r\n");
        unsigned size = 0;
        const bool ok = line != NULL && sscanf(line, "%x", &size) == 1;
        free(line);
        char *chunk = ok ? take(c, (size_t)size + 2) : NULL;
        const bool kept = chunk != NULL && append(a, chunk, size);
        free(chunk);
        if (!kept)
            return false;
        if (size == 0)
            return true;
    }
}

static bool read_body(struct http_client *c, struct http_answer *a)
{
    const char *value;
    unsigned long length = 0;

    a->chunked = find_header(a, "Transfer-Encoding", &value);
    if (a->chunked)
        return read_chunks(c, a);
    if (find_header(a, "Content-Length", &value)) {
        if (sscanf(value, "%lu", &length) != 1)
            return false;
    } else if (a->status != 204) { /* up to the end of the connection */
        while (receive(c))
            ;
        length = c->len;
    }
    a->body = take(c, length);
    a->body_len = length;
    return a->body != NULL;
}

bool http_client_read(struct http_client *c, struct http_answer *out)
{
    do {
        *out = (struct http_answer){ .head = http_client_read_until(c, "\r\n\r\n") };
        if (out->head == NULL || sscanf(out->head, "HTTP/1.%*d %d", &out->status) != 1)
            return false;
        if (out->status == 100)
            http_answer_free(out);
    } while (out->head == NULL);
    return read_body(c, out);
}

void http_answer_free(struct http_answer *a)
{
    free(a->head);
    free(a->body);
    *a = (struct http_answer){ 0 };
}

bool http_answer_has_line(const struct http_answer *a, const char *line)
{
    const size_t len = strlen(line);
    for (const char *at = a->head; (at = strstr(at, "\r\n")) != NULL;) {
        at += 2;
        if (strncasecmp(at, line, len) == 0 && strncmp(at + len, "\r\n", 2) == 0)
            return true;
    }
    return false;
}

bool http_client_is_closed(struct http_client *c)
{
    char byte;
    return c->len == 0 && recv(c->fd, &byte, 1, 0) == 0;
}

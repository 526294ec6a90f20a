/* A tiny blocking HTTP/1.1 client for tests: sends exactly the bytes it is given and reads one
 * answer at a time. A server that stays silent for ten seconds fails the read. */
#ifndef TESTKIT_TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTKIT_TESTS_SUPPORT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct http_client {
    int fd;
    char *received; /* bytes not yet taken by an answer */
    size_t len;
    size_t capacity;
};

struct http_answer {
    int status;
    char *head; /* status line and header lines; NUL-terminated */
    char *body; /* without chunk framing; NUL-terminated        */
    size_t body_len;
    bool chunked;
};

/* url: "http://127.0.0.1:4973". False when nobody listens. Owned: http_client_close(). */
bool http_client_open(struct http_client *c, const char *url);
void http_client_close(struct http_client *c);

bool http_client_send(struct http_client *c, const void *bytes, size_t len);
bool http_client_send_text(struct http_client *c, const char *text);
/* "METHOD target HTTP/1.1" with Host, a token, and a JSON body when `json` is not NULL. */
bool http_client_request(struct http_client *c, const char *method, const char *target,
                         const char *json);

/* Reads one answer; interim ones (100) are skipped. False when the connection ends before it is
 * complete. Owned: http_answer_free(), also after false. */
bool http_client_read(struct http_client *c, struct http_answer *out);
void http_answer_free(struct http_answer *a);
/* Whether the head has this line, e.g. "Connection: close". Names compare without case. */
bool http_answer_has_line(const struct http_answer *a, const char *line);

/* Takes the bytes up to and with `end`, as they come: for an answer that goes on. NULL when the
 * connection ends before. Owned: free(). */
char *http_client_read_until(struct http_client *c, const char *end);

/* True when the server has closed the connection; waits for that. */
bool http_client_is_closed(struct http_client *c);

#endif

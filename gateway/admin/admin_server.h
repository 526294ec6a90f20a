/* The gateway's second listener: a few pages over HTTP for those who run it.
 *
 * libmicrohttpd with a thread of its own, so that it answers whatever the calls do. Knows nothing
 * of gRPC: main gives it the pages. Only GET and HEAD. */
#ifndef TESTKIT_GATEWAY_ADMIN_ADMIN_SERVER_H
#define TESTKIT_GATEWAY_ADMIN_ADMIN_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

struct admin_page {
    const char *path; /* "/metrics"; "/channelz/" is also all that begins with it */
    const char *content_type;
    /* Appends the body and returns the HTTP status. Called on the admin's thread.
     * rest  what follows `path` in the request's */
    int (*write)(void *context, struct text rest, struct buffer *out);
};

struct admin_server_config {
    int listen_fd;                  /* consumed                          */
    const struct admin_page *pages; /* borrowed; must outlive the server */
    size_t page_count;
    void *context; /* for the pages; likewise */
};

struct admin_server;

/* Serves from now on. Owned: admin_server_free(). Fails INTERNAL, NO_MEMORY. */
MUST_USE bool admin_server_new(const struct admin_server_config *config, struct admin_server **out,
                               struct error *err);
/* Waits for the page that is being written; no page is called from then on. */
void admin_server_free(struct admin_server *server);

#endif

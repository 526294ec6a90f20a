#include "gateway/admin/admin_server.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /* Who scrapes holds one connection or two; nobody shall use up the gateway's descriptors here.
     */
    MAX_CONNECTIONS = 16,
    IDLE_SECONDS = 60,
    CONNECTION_MEMORY_BYTES = 8 << 10,
    PAGE_MAX_BYTES = 64 << 20,
};

struct admin_server {
    struct admin_server_config config;
    struct MHD_Daemon *daemon;
};

static bool is_shown_at(const struct admin_page *page, struct text path, struct text *rest)
{
    const struct text own = text_of(page->path);
    if (!text_starts_with(path, own) || (path.len > own.len && own.data[own.len - 1] != '/'))
        return false;
    *rest = (struct text){ path.data + own.len, path.len - own.len };
    return true;
}

static const struct admin_page *find_page(const struct admin_server *server, struct text path,
                                          struct text *rest)
{
    for (size_t i = 0; i < server->config.page_count; i++)
        if (is_shown_at(&server->config.pages[i], path, rest))
            return &server->config.pages[i];
    return NULL;
}

static int list_pages(const struct admin_server *server, struct buffer *out)
{
    buffer_append_cstr(out, "No such page. There are:\n");
    for (size_t i = 0; i < server->config.page_count; i++)
        buffer_appendf(out, "%s\n", server->config.pages[i].path);
    return MHD_HTTP_NOT_FOUND;
}

/* Takes the body's bytes. */
static enum MHD_Result send_page(struct MHD_Connection *connection, int status,
                                 const char *content_type, struct buffer *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result = MHD_NO;
    if (response == NULL)
        return MHD_NO;
    *body = buffer_capped(0);
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES)
        result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    static const char plain[] = "text/plain; charset=utf-8";
    const struct admin_server *server = cls;
    SCOPED(buffer) struct buffer body = buffer_capped(PAGE_MAX_BYTES);
    struct text rest;
    (void)version;
    (void)upload;

    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        buffer_append_cstr(&body, "Only GET and HEAD.\n");
        return send_page(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain, &body);
    }
    /* Who answers at the head's end, as above, has the connection closed. */
    if (*request_context == NULL || *upload_size > 0) {
        *request_context = cls;
        *upload_size = 0;
        return MHD_YES;
    }
    const struct admin_page *page = find_page(server, text_of(url), &rest);
    const int status =
        page == NULL ? list_pages(server, &body) : page->write(server->config.context, rest, &body);
    if (body.failed)
        return MHD_NO; /* out of memory; whoever scrapes comes again */
    return send_page(connection, status, page == NULL ? plain : page->content_type, &body);
}

bool admin_server_new(const struct admin_server_config *config, struct admin_server **out,
                      struct error *err)
{
    struct admin_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        close(config->listen_fd);
        return error_set(err, ERROR_NO_MEMORY, "no memory for the admin server");
    }
    server->config = *config;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
        config->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_END);
    if (server->daemon == NULL) {
        close(config->listen_fd);
        free(server);
        return error_set(err, ERROR_INTERNAL, "cannot start the admin server");
    }
    *out = server;
    return true;
}

void admin_server_free(struct admin_server *server)
{
    if (server == NULL)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}

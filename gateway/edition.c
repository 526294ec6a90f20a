#include "gateway/edition.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/program/read_file.h"
#include "gateway/rpc/server.h"

enum { TOKEN_MAX = 8 << 10 };

static void free_edition(struct rpc_edition *rpc)
{
    struct edition *edition =
        (struct edition *)(void *)((char *)rpc - offsetof(struct edition, rpc));
    descriptors_fini(&edition->descriptors);
    buffer_fini(&edition->authorization);
    settings_fini(&edition->settings);
    free(edition);
}

/* "Bearer TOKEN" from the file's first line. */
static bool read_token(struct edition *edition, struct error *err)
{
    const char *path = options_text(&edition->settings.options, "upstream-token-file");
    if (path == NULL)
        return true;
    SCOPED(buffer) struct buffer file = buffer_capped(0);
    if (!read_file(path, TOKEN_MAX, &file, err))
        return false;
    struct text rest = buffer_text(&file);
    struct text token = text_split(&rest, '\n');
    if (token.len > 0 && token.data[token.len - 1] == '\r')
        token.len--;
    if (token.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "%s holds no token in its first line", path);
    edition->authorization = buffer_capped(TOKEN_MAX + 16);
    buffer_append_cstr(&edition->authorization, "Bearer ");
    buffer_append_text(&edition->authorization, token);
    return buffer_append_byte(&edition->authorization, '\0') ||
           error_set(err, ERROR_NO_MEMORY, "no memory for the token");
}

static bool set_method_timeouts(struct edition *edition, struct error *err)
{
    struct settings *settings = &edition->settings;
    for (size_t i = 0; i < settings->method_timeout_count; i++) {
        const struct method_timeout *limit = &settings->method_timeouts[i];
        const char *path = arena_printf(&settings->texts, "/" TEXT_FMT, TEXT_ARGS(limit->method));
        if (path == NULL)
            return error_set(err, ERROR_NO_MEMORY, "no memory for the settings");
        if (!schema_set_timeout(edition->descriptors.schema, text_of(path), limit->timeout_ms))
            return options_complain(&settings->options, "method-timeout", err,
                                    "names a method that is not served: " TEXT_FMT,
                                    TEXT_ARGS(limit->method));
    }
    return true;
}

static bool fill(struct edition *edition, const struct options *command_line, struct error *err)
{
    struct settings *settings = &edition->settings;
    if (!settings_read(command_line, settings, err) || !read_token(edition, err) ||
        !descriptors_load(options_text(&settings->options, "descriptor-set"), &edition->descriptors,
                          err) ||
        !set_method_timeouts(edition, err))
        return false;
    settings->readiness.authorization = edition->authorization.data;
    edition->rpc.schema = edition->descriptors.schema;
    edition->rpc.catalog = edition->descriptors.catalog;
    edition->rpc.proxy =
        (struct proxy_settings){ .timeout_ms = settings->timeout_ms,
                                 .max_reply_bytes = RPC_MAX_REPLY_BYTES,
                                 .upstream_authorization = edition->authorization.data,
                                 .forwarded = settings->forwarded,
                                 .returned = settings->returned };
    edition->rpc.max_inflight = settings->operations.max_inflight;
    edition->rpc.gzip_from = settings->gzip_from;
    edition->rpc.log_form = settings->log_form;
    return true;
}

bool edition_new(const struct options *command_line, struct edition **out, struct error *err)
{
    struct edition *edition = calloc(1, sizeof *edition);
    if (edition == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the settings");
    edition->rpc.free = free_edition;
    atomic_store(&edition->rpc.references, 1);
    if (!fill(edition, command_line, err)) {
        edition_release(edition);
        return false;
    }
    *out = edition;
    return true;
}

void edition_release(struct edition *edition)
{
    if (edition != NULL)
        rpc_edition_release(&edition->rpc);
}

#include "gateway/rpc/channelz.h"

#include <stdint.h>
#include <string.h>

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

enum { SOCKETS_AT_ONCE = 100 };

/* C-core renders a missing server or socket as an error, which is an object with a code. */
static bool take_json(char *json, struct buffer *out)
{
    const bool found = json != NULL && strncmp(json, "{\"code\":", 8) != 0;
    if (found) {
        buffer_append_cstr(out, json);
        buffer_append_byte(out, '\n');
    }
    gpr_free(json);
    return found;
}

static bool parse_id(struct text t, intptr_t *out)
{
    int64_t id = 0;
    if (!text_parse_i64(t, &id) || id < 0)
        return false;
    *out = (intptr_t)id;
    return true;
}

bool channelz_write(struct text path, struct buffer *out)
{
    const struct text noun = text_split(&path, '/');
    const struct text id_text = text_split(&path, '/');
    const struct text part = text_split(&path, '/');
    intptr_t id = 0;
    intptr_t first = 0;
    if (id_text.len > 0 && !parse_id(id_text, &id))
        return false;
    if (path.len > 0 && !parse_id(path, &first))
        return false;

    if (text_equal_cstr(noun, "servers") && id_text.len == 0)
        return take_json(grpc_channelz_get_servers(0), out);
    if (text_equal_cstr(noun, "servers") && part.len == 0)
        return take_json(grpc_channelz_get_server(id), out);
    if (text_equal_cstr(noun, "servers") && text_equal_cstr(part, "sockets"))
        return take_json(grpc_channelz_get_server_sockets(id, first, SOCKETS_AT_ONCE), out);
    if (text_equal_cstr(noun, "sockets") && id_text.len > 0 && part.len == 0)
        return take_json(grpc_channelz_get_socket(id), out);
    return false;
}

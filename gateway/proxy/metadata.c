#include "gateway/proxy/metadata.h"

#include <string.h>

#include "common/base/base64.h"

/* ---- Names -------------------------------------------------------------------------------- */

/* What may not cross, though somebody lists it. */
static const struct {
    const char *name; /* with a '*' at its end: what starts so */
    const char *why;
} kept_back[] = {
    { "grpc-*", "belongs to gRPC itself" },
    { "te", "is about one connection" },
    { "trailer", "is about one connection" },
    { "connection", "is about one connection" },
    { "keep-alive", "is about one connection" },
    { "upgrade", "is about one connection" },
    { "transfer-encoding", "is about one connection" },
    { "proxy-*", "is about one connection" },
    { "host", "is set by the gateway" },
    { "accept", "is set by the gateway" },
    { "accept-encoding", "is set by the gateway" },
    { "content-encoding", "is set by the gateway" },
    { "content-length", "is set by the gateway" },
    { "content-type", "is set by the gateway" },
    { "expect", "is set by the gateway" },
    { "user-agent", "is set by the gateway" },
    { "traceparent", "is passed on always" },
    { "tracestate", "is passed on always" },
};

static bool matches(struct text name, const char *pattern)
{
    const size_t len = strlen(pattern);
    if (pattern[len - 1] != '*')
        return text_equal_cstr(name, pattern);
    return text_starts_with(name, (struct text){ pattern, len - 1 });
}

static bool is_key(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return name.len > 0;
}

static bool has_name(const struct metadata_names *names, struct text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->names[i], name))
            return true;
    return false;
}

static bool add_name(struct metadata_names *names, struct text name, struct error *err)
{
    if (!is_key(name))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "\"" TEXT_FMT "\" is no name of metadata: lower case letters, digits, "
                         "'-', '_' and '.', names separated by commas",
                         TEXT_ARGS(name));
    for (size_t i = 0; i < ARRAY_LEN(kept_back); i++)
        if (matches(name, kept_back[i].name))
            return error_set(err, ERROR_INVALID_ARGUMENT, TEXT_FMT " cannot be listed: it %s",
                             TEXT_ARGS(name), kept_back[i].why);
    if (has_name(names, name))
        return error_set(err, ERROR_INVALID_ARGUMENT, TEXT_FMT " is listed twice", TEXT_ARGS(name));
    if (names->count == METADATA_NAMES_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT, "more than %d names are listed",
                         METADATA_NAMES_MAX);
    names->names[names->count++] = name;
    return true;
}

static bool add_names(struct metadata_names *names, struct text list, struct error *err)
{
    while (list.data != NULL)
        if (!add_name(names, text_split(&list, ','), err))
            return false;
    return true;
}

bool metadata_names_parse(const char *list, const char *fallback, struct metadata_names *out,
                          struct error *err)
{
    struct metadata_names names = { .count = 0 };
    const bool adds = list[0] == '+';
    if (strcmp(list, "none") != 0) {
        if (adds && !add_names(&names, text_of(fallback), err))
            return false;
        if (!add_names(&names, text_of(list + adds), err))
            return false;
    }
    *out = names;
    return true;
}

/* ---- Values ------------------------------------------------------------------------------- */

static bool is_binary(struct text name)
{
    const struct text tail = TEXT("-bin");
    return name.len > tail.len && memcmp(name.data + name.len - tail.len, tail.data, tail.len) == 0;
}

/* What gRPC and HTTP both take as text. */
static bool is_plain(struct text value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~')
            return false;
    return true;
}

/* The base64 of the bytes, or the other way; data NULL when it is none or memory lacks. */
static struct text converted(struct text value, bool to_base64, struct arena *memory)
{
    SCOPED(buffer) struct buffer out = buffer_capped(value.len / 3 * 4 + 4);
    if (!(to_base64 ? base64_encode(&out, value) : base64_decode(&out, value)))
        return (struct text){ NULL, 0 };
    return (struct text){ arena_copy(memory, buffer_text(&out)), out.len };
}

bool metadata_forward(const struct metadata_names *allowed, struct text key, struct text value,
                      struct forwarded_metadata *out, struct error *err)
{
    enum { ENCODED_MAX = 64 << 10 }; /* C-core takes 16 KiB of metadata */
    const bool is_authorization = text_equal_cstr(key, "authorization");
    if (!has_name(allowed, key))
        return true;
    if (is_authorization &&
        http_find_header(out->headers, out->count, "authorization").data != NULL)
        return true;
    if (out->count == METADATA_FORWARDED_MAX)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "metadata",
                               "the call has more than the %d entries of metadata that may be "
                               "passed on",
                               METADATA_FORWARDED_MAX);
    if (is_binary(key)) {
        if (out->encoded.max == 0)
            out->encoded = arena_capped(ENCODED_MAX);
        value = converted(value, true, &out->encoded);
        if (value.data == NULL)
            return error_set(err, ERROR_NO_MEMORY, "no memory for the call's metadata");
    } else if (!is_plain(value)) {
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "metadata",
                               "metadata " TEXT_FMT " holds a line break or another byte that is "
                               "neither visible ASCII nor a blank; use a \"-bin\" key for bytes",
                               TEXT_ARGS(key));
    }
    /* By the name that every HTTP client gives it; what else is listed is the upstream's own. */
    out->headers[out->count++] =
        (struct http_header){ is_authorization ? TEXT("Authorization") : key, value };
    return true;
}

void forwarded_metadata_fini(struct forwarded_metadata *forwarded)
{
    arena_fini(&forwarded->encoded);
}

size_t metadata_return(const struct upstream_exchange *exchange, size_t max_bytes,
                       struct arena *memory, struct http_header out[static UPSTREAM_KEPT_MAX])
{
    enum { ENTRY_BYTES = 32 };
    size_t count = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < exchange->kept_count; i++) {
        struct http_header header = exchange->kept[i];
        const size_t size = header.name.len + header.value.len + ENTRY_BYTES;
        if (bytes + size > max_bytes || !is_plain(header.value))
            continue;
        if (is_binary(header.name))
            header.value = converted(header.value, false, memory);
        if (header.value.data == NULL)
            continue;
        bytes += size;
        out[count++] = header;
    }
    return count;
}

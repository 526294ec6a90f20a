#include "gateway/proxy/trace_context.h"

#include <string.h>

/* "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01": version, trace, parent, flags. */
enum {
    TRACE_AT = 3,
    TRACE_LEN = 32,
    PARENT_AT = 36,
    PARENT_LEN = 16,
    FLAGS_AT = 53,
    VERSION_0_LEN = 55,
    STATE_MAX_BYTES = 4096, /* at least 512 must pass */
    STATE_MAX_MEMBERS = 32,
    STATE_MAX_PART = 256,
};

static bool is_lower_hex(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (strchr("0123456789abcdef", t.data[i]) == NULL || t.data[i] == '\0')
            return false;
    return true;
}

static bool is_all_zeros(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.data[i] != '0')
            return false;
    return true;
}

static struct text part(struct text t, size_t at, size_t len)
{
    return (struct text){ t.data + at, len };
}

static bool is_valid_parent(struct text t)
{
    if (t.len < VERSION_0_LEN || t.data[TRACE_AT - 1] != '-' || t.data[PARENT_AT - 1] != '-' ||
        t.data[FLAGS_AT - 1] != '-')
        return false;
    const struct text version = part(t, 0, 2);
    const struct text trace = part(t, TRACE_AT, TRACE_LEN);
    const struct text parent = part(t, PARENT_AT, PARENT_LEN);
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) ||
        !is_lower_hex(part(t, FLAGS_AT, 2)) || is_all_zeros(trace) || is_all_zeros(parent) ||
        text_equal_cstr(version, "ff"))
        return false;
    /* A later version may say more behind these four. */
    return t.len == VERSION_0_LEN || (!is_all_zeros(version) && t.data[VERSION_0_LEN] == '-');
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

/* Where a vendor begins with a digit differs between the editions of the standard; both pass. */
static bool is_valid_key(struct text key)
{
    if (key.len == 0 || key.len > STATE_MAX_PART ||
        !((key.data[0] >= 'a' && key.data[0] <= 'z') || (key.data[0] >= '0' && key.data[0] <= '9')))
        return false;
    size_t ats = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (!is_key_char(key.data[i]))
            return false;
        ats += key.data[i] == '@';
    }
    return ats <= 1 && key.data[key.len - 1] != '@';
}

static bool is_valid_value(struct text value)
{
    if (value.len == 0 || value.len > STATE_MAX_PART || value.data[value.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=')
            return false;
    return true;
}

static struct text trimmed(struct text t)
{
    while (t.len > 0 && (t.data[0] == ' ' || t.data[0] == '\t'))
        t = (struct text){ t.data + 1, t.len - 1 };
    while (t.len > 0 && (t.data[t.len - 1] == ' ' || t.data[t.len - 1] == '\t'))
        t.len--;
    return t;
}

static bool is_valid_state(struct text t)
{
    size_t members = 0;
    if (t.len > STATE_MAX_BYTES)
        return false;
    while (t.len > 0) {
        struct text value = trimmed(text_split(&t, ','));
        if (value.len == 0)
            continue; /* empty members are allowed */
        const struct text key = text_split(&value, '=');
        if (!is_valid_key(key) || !is_valid_value(value) || ++members > STATE_MAX_MEMBERS)
            return false;
    }
    return members > 0;
}

struct trace_context trace_context_check(struct text traceparent, struct text tracestate)
{
    struct trace_context context = { { NULL, 0 }, { NULL, 0 } };
    if (!is_valid_parent(traceparent))
        return context;
    context.parent = traceparent;
    if (is_valid_state(tracestate))
        context.state = tracestate;
    return context;
}

struct text trace_context_id(const struct trace_context *context)
{
    return context->parent.len == 0 ? context->parent : part(context->parent, TRACE_AT, TRACE_LEN);
}

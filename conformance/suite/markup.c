#include "conformance/suite/markup.h"

static const char *entity_of(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_xml_char(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c != 0xFFFE && c != 0xFFFF);
}

void markup_append(struct buffer *out, struct text t)
{
    while (t.len > 0) {
        uint32_t c = 0;
        size_t len = text_utf8_next(t, &c);
        const char *entity = len == 0 ? NULL : entity_of(c);
        if (len == 0 || !is_xml_char(c))
            buffer_append_cstr(out, "\xEF\xBF\xBD");
        else if (entity != NULL)
            buffer_append_cstr(out, entity);
        else
            buffer_append(out, t.data, len);
        len = len == 0 ? 1 : len;
        t = (struct text){ t.data + len, t.len - len };
    }
}

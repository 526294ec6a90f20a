#include "mock/api/go_format.h"

#include <string.h>

/* A format being read. A directive is: % flags [index] width . precision [index] verb, and every
 * part but the verb may be missing. */
struct format {
    struct text rest;
    bool bad_index;   /* of the directive: some [index] names an argument, and there is none */
    bool after_index; /* the last part read was a well-formed [index]                        */
};

static bool skip(struct format *f, char c)
{
    if (f->rest.len == 0 || f->rest.data[0] != c)
        return false;
    f->rest = (struct text){ f->rest.data + 1, f->rest.len - 1 };
    return true;
}

static void skip_flags(struct format *f)
{
    while (f->rest.len > 0 && memchr("#0+- ", f->rest.data[0], 5) != NULL)
        (void)skip(f, f->rest.data[0]);
}

/* Digits, of which there may be none; false then. A number beyond a million makes Go lose its way
 * and look for the verb behind the end. */
static bool skip_number(struct format *f)
{
    enum { TOO_LARGE = 1000000 };
    const size_t before = f->rest.len;
    int number = 0;

    while (f->rest.len > 0 && f->rest.data[0] >= '0' && f->rest.data[0] <= '9') {
        if (number > TOO_LARGE) {
            f->rest.len = 0;
            return false;
        }
        number = number * 10 + (f->rest.data[0] - '0');
        (void)skip(f, f->rest.data[0]);
    }
    return f->rest.len < before;
}

/* "[3]" is passed over whole, a bracket that is never closed alone. */
static void skip_index(struct format *f)
{
    f->after_index = false;
    if (f->rest.len == 0 || f->rest.data[0] != '[')
        return;
    f->bad_index = true;

    const char *close = f->rest.len < 3 ? NULL : memchr(f->rest.data, ']', f->rest.len);
    if (close == NULL) {
        (void)skip(f, '[');
        return;
    }
    struct format inside = {
        .rest = { f->rest.data + 1, (size_t)(close - f->rest.data) - 1 },
    };
    f->after_index = skip_number(&inside) && inside.rest.len == 0;
    const char *end = f->rest.data + f->rest.len;
    f->rest = (struct text){ close + 1, (size_t)(end - close) - 1 };
}

static void skip_width(struct format *f, struct buffer *out)
{
    if (skip(f, '*')) {
        buffer_append_cstr(out, "%!(BADWIDTH)");
        f->after_index = false;
    } else {
        (void)skip_number(f);
    }
}

/* A dot that ends the text begins no precision; it is the verb. */
static void skip_precision(struct format *f, struct buffer *out)
{
    if (f->rest.len < 2 || !skip(f, '.'))
        return;
    skip_index(f);
    if (skip(f, '*')) {
        buffer_append_cstr(out, "%!(BADPREC)");
        f->after_index = false;
    } else {
        (void)skip_number(f);
    }
}

static void write_verb(struct format *f, struct buffer *out)
{
    if (f->rest.len == 0) {
        buffer_append_cstr(out, "%!(NOVERB)");
        return;
    }
    if (skip(f, '%')) {
        buffer_append_byte(out, '%');
        return;
    }
    uint32_t code_point;
    const size_t valid = text_utf8_next(f->rest, &code_point);
    const size_t len = valid == 0 ? 1 : valid;
    const struct text verb = { f->rest.data, len };
    buffer_append_cstr(out, "%!");
    buffer_append_text(out, valid == 0 ? TEXT("\xef\xbf\xbd") : verb); /* U+FFFD */
    buffer_append_cstr(out, f->bad_index ? "(BADINDEX)" : "(MISSING)");
    f->rest = (struct text){ f->rest.data + len, f->rest.len - len };
}

void go_format_nothing(struct text format, struct buffer *out)
{
    struct format f = { .rest = format };

    while (f.rest.data != NULL) {
        buffer_append_text(out, text_split(&f.rest, '%'));
        if (f.rest.data == NULL)
            return;
        f.bad_index = false;
        f.after_index = false;
        skip_flags(&f);
        skip_index(&f);
        skip_width(&f, out);
        skip_precision(&f, out);
        if (!f.after_index)
            skip_index(&f);
        write_verb(&f, out);
    }
}

#include "common/base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

/* vsnprintf cuts by bytes; a message goes into JSON and HTTP/2, so a broken last character must
 * not stay behind. */
static void drop_cut_character(char *message, size_t len)
{
    size_t lead = len;
    while (lead > 0 && len - lead < 4) {
        lead--;
        if (((unsigned char)message[lead] & 0xC0) != 0x80)
            break;
    }
    if (lead < len && text_utf8_next((struct text){ message + lead, len - lead }, NULL) == 0)
        message[lead] = '\0';
}

static void set_message(struct error *err, const char *format, va_list values) PRINTF_LIKE(2, 0);

static void set_message(struct error *err, const char *format, va_list values)
{
    int len = vsnprintf(err->message, sizeof err->message, format, values);
    if (len < 0)
        err->message[0] = '\0';
    else if ((size_t)len >= sizeof err->message)
        drop_cut_character(err->message, sizeof err->message - 1);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    assert(err->code == ERROR_NONE && code != ERROR_NONE);
    va_list values;
    va_start(values, format);
    set_message(err, format, values);
    va_end(values);
    err->code = code;
    err->field[0] = '\0';
    return false;
}

bool error_set_field(struct error *err, enum error_code code, const char *field, const char *format,
                     ...)
{
    assert(err->code == ERROR_NONE && code != ERROR_NONE);
    va_list values;
    va_start(values, format);
    set_message(err, format, values);
    va_end(values);
    err->code = code;
    struct text name = text_of(field);
    name.len = text_cut_len(name, sizeof err->field - 1);
    memcpy(err->field, name.data == NULL ? "" : name.data, name.len);
    err->field[name.len] = '\0';
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    assert(err->code != ERROR_NONE);
    char prefix[sizeof err->message];
    va_list values;
    va_start(values, format);
    int printed = vsnprintf(prefix, sizeof prefix, format, values);
    va_end(values);
    if (printed <= 0)
        return false;

    size_t prefix_len = strlen(prefix);
    size_t old_len = strlen(err->message);
    size_t room = sizeof err->message - 1 - prefix_len;
    bool cut = (size_t)printed >= sizeof prefix || old_len > room;
    size_t kept = old_len < room ? old_len : room;
    memmove(err->message + prefix_len, err->message, kept);
    memcpy(err->message, prefix, prefix_len);
    err->message[prefix_len + kept] = '\0';
    if (cut)
        drop_cut_character(err->message, prefix_len + kept);
    return false;
}

const char *error_code_name(enum error_code code)
{
    static const char *const names[] = {
        [ERROR_NONE] = "NONE",
        [ERROR_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
        [ERROR_UNAUTHENTICATED] = "UNAUTHENTICATED",
        [ERROR_PERMISSION_DENIED] = "PERMISSION_DENIED",
        [ERROR_NOT_FOUND] = "NOT_FOUND",
        [ERROR_AMBIGUOUS] = "AMBIGUOUS",
        [ERROR_ALREADY_EXISTS] = "ALREADY_EXISTS",
        [ERROR_INVALID_STATE] = "INVALID_STATE",
        [ERROR_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
        [ERROR_NOT_SUPPORTED] = "NOT_SUPPORTED",
        [ERROR_UNAVAILABLE] = "UNAVAILABLE",
        [ERROR_OUTCOME_UNKNOWN] = "OUTCOME_UNKNOWN",
        [ERROR_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
        [ERROR_CANCELLED] = "CANCELLED",
        [ERROR_INTERNAL] = "INTERNAL",
        [ERROR_NO_MEMORY] = "NO_MEMORY",
    };
    static_assert(ARRAY_LEN(names) == ERROR_CODE_COUNT, "one name per code");
    return (size_t)code < ARRAY_LEN(names) ? names[code] : "UNKNOWN";
}

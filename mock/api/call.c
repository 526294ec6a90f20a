#include "mock/api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MESSAGE_BYTES = 2048 };

static void format_message(char *message, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Only the first line of a message is sent (VALID-003). */
static void format_message(char *message, const char *format, va_list args)
{
    const int len = vsnprintf(message, MAX_MESSAGE_BYTES, format, args);
    if (len >= MAX_MESSAGE_BYTES)
        message[text_cut_len(text_of(message), MAX_MESSAGE_BYTES - 1)] = '\0';
    message[strcspn(message, "\n")] = '\0';
}

bool call_refuse(struct call *call, int status, const char *code, const char *format, ...)
{
    char message[MAX_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    response_error(call->res, status, code, message, false);
    return false;
}

bool call_refuse_invalid(struct call *call, const char *format, ...)
{
    char message[MAX_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    if (call->truth == TRUTH_SERVER)
        response_pasted_error(call->res, 400, "Bad Request", message);
    else
        response_error(call->res, 400, "Bad Request", message, false);
    return false;
}

bool call_refuse_no_memory(struct call *call)
{
    call->res->cause = "out of memory, or over the memory of one request";
    return call_refuse(call, 413, "request_too_large",
                       "request needs more memory than one request gets");
}

/* How errors reach the client unless the route says otherwise. ERROR_INTERNAL and what is not
 * listed: 500 (ERR-006, INST-X-031). */
static const struct error_row shared_rows[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_request", .field = NULL },
    { ERROR_NOT_FOUND, 404, "not_found", .field = NULL },
    { ERROR_NOT_FOUND, 500, "internal_error", .field = "snapshot_id",
      BUT_SPEC(SNAPSHOT_ID, 404, "not_found") },
    { ERROR_AMBIGUOUS, 409, "ambiguous", .field = NULL },
    { ERROR_ALREADY_EXISTS, 409, "already_exists", .field = NULL },
    { ERROR_INVALID_STATE, 409, "invalid_state", .field = NULL },
    { ERROR_RESOURCE_EXHAUSTED, 409, "insufficient_resources", .field = NULL },
    { ERROR_NOT_SUPPORTED, 501, "not_supported", .field = NULL },
    { ERROR_NOT_SUPPORTED, 500, "internal_error", .field = "hypervisor" }, /* SNAP-H-001 */
    { 0 },
};

static const struct error_row *find_row(const struct error_row *rows, const struct error *err)
{
    const struct error_row *any_field = NULL;

    for (const struct error_row *row = rows; row != NULL && row->when != ERROR_NONE; row++) {
        if (row->when != err->code)
            continue;
        if (row->field == NULL)
            any_field = row;
        else if (strcmp(row->field, err->field) == 0)
            return row;
    }
    return any_field;
}

void call_write_error(struct call *call, const struct error *err)
{
    static const struct error_row unlisted = { .status = 500, .code = "internal_error" };
    const struct error_row *row = find_row(call->route->errors, err);
    if (row == NULL)
        row = find_row(shared_rows, err);
    if (row == NULL)
        row = &unlisted;

    const bool as_described = row->differs != DIVERGENCE_NONE && call->truth == TRUTH_SPEC;
    const int status = as_described ? row->spec_status : row->status;
    const char *message = err->message;
    if (status == 500)
        message = call->route->failure;
    call->res->trace.cause = err->code;
    call->res->trace.field = arena_copy(call->arena, text_of(err->field));
    response_error(call->res, status, as_described ? row->spec_code : row->code, message, true);
    if (status == 500)
        call->res->cause = arena_copy(call->arena, text_of(err->message));
}

struct text call_param(const struct call *call, const char *name)
{
    return params_get(call->route->query, &call->query, name);
}

bool call_tag_filter(struct call *call, struct pair_list *out, struct error *err)
{
    const struct tag_filter *tags = call->tags;
    struct pair *pairs = arena_alloc(call->arena, (tags->count + 1) * sizeof *pairs);
    if (pairs == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");

    size_t count = 0;
    for (; count < tags->count; count++)
        pairs[count] =
            (struct pair){ .key = tags->pairs[count].key, .value = tags->pairs[count].value };
    /* No stored tag has an empty key (TAG-011), so this pair matches nothing. */
    if (tags->impossible)
        pairs[count++] = (struct pair){ .key = TEXT(""), .value = TEXT("") };
    *out = (struct pair_list){ .items = pairs, .count = count };
    return true;
}

#include "mock/api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool call_refuse(struct call *call, int status, const char *code, const char *format, ...)
{
    char message[2048];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len >= (int)sizeof message)
        message[text_cut_len(text_of(message), sizeof message - 1)] = '\0';

    /* Only the first line of a message is sent (VALID-003). */
    char *line_end = strchr(message, '\n');
    if (line_end != NULL)
        *line_end = '\0';
    response_error(call->res, status, code, message, false);
    return false;
}

bool call_refuse_no_memory(struct call *call)
{
    call->res->cause = "out of memory, or over the memory of one request";
    return call_refuse(call, 413, "request_too_large",
                       "request needs more memory than one request gets");
}

/* How errors reach the client unless the route says otherwise. ERROR_INTERNAL and what is not
 * listed: 500 with the route's own sentence (ERR-006, INST-X-031). */
static const struct error_row shared_rows[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_request", NULL },
    { ERROR_NOT_FOUND, 404, "not_found", NULL },
    { ERROR_AMBIGUOUS, 409, "ambiguous", NULL },
    { ERROR_ALREADY_EXISTS, 409, "already_exists", NULL },
    { ERROR_INVALID_STATE, 409, "invalid_state", NULL },
    { ERROR_RESOURCE_EXHAUSTED, 409, "insufficient_resources", NULL },
    { ERROR_NOT_SUPPORTED, 501, "not_supported", NULL },
    { ERROR_NONE, 0, NULL, NULL },
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
    const struct error_row *row = find_row(call->route->errors, err);
    if (row == NULL)
        row = find_row(shared_rows, err);
    if (row == NULL) {
        response_error(call->res, 500, "internal_error", call->route->failure, true);
        call->res->cause = arena_copy(call->arena, text_of(err->message));
        return;
    }
    response_error(call->res, row->status, row->code, err->message, true);
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

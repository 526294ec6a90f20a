#include "mock/control/control_call.h"
#include "mock/control/journal_filter.h"

static const char *const journal_query[] = { JOURNAL_CONDITIONS, "limit", NULL };
static const char *const reset_query[] = { "keep", NULL };

const struct control_route control_routes[] = {
    /* of the program */
    { .method = HTTP_GET, .path = "/_mock", .is_public = true, .run = op_get_page },
    { .method = HTTP_GET, .path = "/_mock/worlds", .run = op_list_worlds },
    { .method = HTTP_POST,
      .path = "/_mock/worlds",
      .body = CONTROL_BODY_OPTIONAL,
      .is_document = true,
      .run = op_create_world },
    { .method = HTTP_GET, .path = "/_mock/worlds/{name}", .run = op_get_world },
    { .method = HTTP_DELETE, .path = "/_mock/worlds/{name}", .run = op_delete_world },
    /* of the world the request chose */
    { .method = HTTP_POST, .path = "/_mock/reset", .query = reset_query, .run = op_reset_world },
    { .method = HTTP_GET, .path = "/_mock/overview", .run = op_get_overview },
    { .method = HTTP_GET, .path = "/_mock/state", .run = op_get_state },
    { .method = HTTP_PUT,
      .path = "/_mock/state",
      .body = CONTROL_BODY,
      .is_document = true,
      .run = op_put_state },
    { .method = HTTP_GET, .path = "/_mock/clock", .run = op_get_clock },
    { .method = HTTP_PUT, .path = "/_mock/clock", .body = CONTROL_BODY, .run = op_set_clock },
    { .method = HTTP_POST,
      .path = "/_mock/clock/advance",
      .body = CONTROL_BODY,
      .run = op_advance_clock },
    { .method = HTTP_GET, .path = "/_mock/faults", .run = op_list_faults },
    { .method = HTTP_POST,
      .path = "/_mock/faults",
      .body = CONTROL_BODY_OR_LIST,
      .run = op_create_faults },
    { .method = HTTP_DELETE, .path = "/_mock/faults", .run = op_delete_faults },
    { .method = HTTP_GET, .path = "/_mock/faults/{id}", .run = op_get_fault },
    { .method = HTTP_DELETE, .path = "/_mock/faults/{id}", .run = op_delete_fault },
    { .method = HTTP_GET, .path = "/_mock/journal", .query = journal_query, .run = op_get_journal },
    { .method = HTTP_DELETE, .path = "/_mock/journal", .run = op_clear_journal },
    { .method = HTTP_GET,
      .path = "/_mock/journal/stream",
      .query = journal_conditions,
      .run = op_follow_journal },
    { .method = HTTP_POST, .path = "/_mock/verify", .body = CONTROL_BODY, .run = op_verify },
    { .method = HTTP_GET, .path = "/_mock/verdicts", .run = op_get_verdicts },
    { .method = HTTP_GET, .path = "/_mock/explain/{id}", .run = op_explain },
    { .path = NULL },
};

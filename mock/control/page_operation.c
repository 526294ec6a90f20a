/* The page at /_mock/: one file made of mock/page, with everything it needs inside. */
#include "common/base/embed.h"
#include "mock/control/control_call.h"

EMBED(control_page, CONTROL_PAGE);
/* By which a browser runs the page's own script and style, known by their hashes, takes no text for
 * HTML, and asks nobody but this server. */
EMBED(control_page_policy, CONTROL_PAGE_POLICY);

bool op_get_page(struct control_call *call, struct error *err)
{
    struct response *res = call->res;

    if (!buffer_append_text(&res->body, EMBEDDED(control_page)))
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    res->status = 200;
    res->content_type = "text/html; charset=utf-8";
    response_add_header(res, "Cache-Control", "no-store");
    response_add_header(res, "Content-Security-Policy", EMBEDDED(control_page_policy).data);
    response_add_header(res, "Referrer-Policy", "no-referrer");
    response_add_header(res, "X-Content-Type-Options", "nosniff");
    return true;
}

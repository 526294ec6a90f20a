/* Lists that leave in pieces, so that a million items need no more memory than one piece. */
#ifndef TESTKIT_MOCK_API_LIST_H
#define TESTKIT_MOCK_API_LIST_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "mock/api/response.h"

/* Where the items come from; embedded as the first member of the operation's own struct, which
 * lives in the response's arena. */
struct list_source {
    /* Writes the next item; false at the end. */
    bool (*write_next)(struct list_source *source, struct json_writer *w);
    void (*close)(struct list_source *source);
    struct json_writer writer;
};

/* Answers 200 with a JSON array of all items. A list that fits the first piece is complete at once
 * and goes out with a Content-Length. Consumes the source: it will be closed. */
void list_answer(struct response *res, struct list_source *source);

#endif

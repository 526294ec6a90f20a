/* What can be wrong with an answer, and making it so.
 *
 * Pure: an answer that is cut, dripped or held back is a response whose stream says so
 * (response.h); how a connection ends is in its `spoil`, which the edge carries out. */
#ifndef TESTKIT_MOCK_CONTROL_SYMPTOM_H
#define TESTKIT_MOCK_CONTROL_SYMPTOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "mock/api/response.h"
#include "mock/domain/world.h"

enum symptom_kind {
    SYMPTOM_STATUS,          /* another answer                                              */
    SYMPTOM_DELAY,           /* the answer itself, later                                    */
    SYMPTOM_RESET,           /* the connection is reset, before the head or within the body */
    SYMPTOM_EMPTY,           /* the connection ends before the head                         */
    SYMPTOM_HANG,            /* nothing comes                                               */
    SYMPTOM_TRUNCATE,        /* the connection ends within the body                         */
    SYMPTOM_MALFORMED_CHUNK, /* likewise, after what is no chunk                            */
    SYMPTOM_INVALID_JSON,    /* the body begins twice                                       */
    SYMPTOM_DRIP,            /* the body comes slowly                                       */
    SYMPTOM_CUT_EVENT,       /* an event stream ends within an event                        */
    SYMPTOM_STALL,           /* an event stream goes silent                                 */
    SYMPTOM_MALFORMED_EVENT, /* an event of a stream runs into the next, and is not UTF-8   */
    SYMPTOM_KIND_COUNT,
};
extern const char *const symptom_names[]; /* "status", "delay", ...; ends with NULL */

enum { SYMPTOM_MAX_HEADERS = 8 };

struct symptom {
    enum symptom_kind kind;
    /* SYMPTOM_STATUS */
    int status;
    struct http_header headers[SYMPTOM_MAX_HEADERS]; /* of NUL-terminated texts       */
    size_t header_count;
    const char *content_type;
    struct text body; /* data NULL: one in the API's shape is made, where a body may be */
    /* The others */
    int64_t after_bytes; /* of the body; -1: half of it, of what there is of a stream  */
    int64_t after_events;
    int64_t bytes_per_second;
};

/* Whether it shows in what the operation answers, and not in its stead. */
bool symptom_needs_answer(const struct symptom *symptom);
/* Whether it could show in this answer. */
bool symptom_fits(const struct symptom *symptom, const struct response *res);

/* Gives the answer the symptom, which fits it if it needs one. The response must not be one of
 * those that wait; it may have to be afterwards (response_must_wait).
 * world    whose clock a drip goes by; must outlive the response
 * Fails    NO_MEMORY  the answer is what it was, or is lost */
MUST_USE bool symptom_apply(const struct symptom *symptom, const struct world *world,
                            struct response *res, struct error *err);
/* Nothing of the answer is sent. */
void symptom_lose(struct response *res);

#endif

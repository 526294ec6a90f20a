/* Cuts the body of a stream into its items, as the bytes come.
 *
 * An item is what becomes one message: the data of a server-sent event, a document of a row of
 * documents, an element of an array. What is cut out is not yet judged as JSON: its translation
 * (from_json.h) does that. Which pieces the bytes come in makes no difference.
 *
 * Memory: the item that is not complete yet, at most its limit; the rest is of constant size. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_STREAM_SPLIT_H
#define TESTKIT_GATEWAY_TRANSCODE_STREAM_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum stream_format {
    STREAM_EVENTS, /* text/event-stream, as the HTML standard reads it. An event is its data,
                      whatever its name; comments, ids, retry times and events without data are
                      passed over, for a server keeps a connection busy with them              */
    STREAM_LINES,  /* application/x-ndjson and kin: a JSON document per line, blank ones passed
                      over                                                                     */
    STREAM_JSON,   /* application/json: the elements of an array; or, when the body does not begin
                      with one, documents behind each other with blanks between                */
};

/* By Content-Type; without one it is JSON. False for what is none of them. */
MUST_USE bool stream_format_find(struct text content_type, enum stream_format *out);

enum split_found {
    SPLIT_NOTHING,     /* the input is used up, or the body is over: no further item is complete */
    SPLIT_ITEM,        /* the next item is complete                                              */
    SPLIT_ERROR_EVENT, /* likewise, of an event named "error"                                    */
    SPLIT_FAILED,      /* see err; nothing may follow                                            */
};

/* Memory that is kept from one item to the next. */
enum { STREAM_KEPT_BYTES = 64 << 10 };

enum { STREAM_NAME_BYTES = 9 /* the longest field name that means something, behind a BOM */ };

struct stream_split {
    struct buffer item; /* for reading after ITEM and ERROR_EVENT, until the next call */

    /* Private. */
    enum stream_format format;
    bool is_begun;    /* something but blanks came                               */
    bool is_complete; /* the item was handed out: the next call forgets it       */
    uint8_t place;    /* enum line_place or item_place                           */

    /* Of events. */
    uint8_t field;                /* enum event_field, of the line                  */
    bool after_cr;                /* an LF would belong to the line end before      */
    bool has_field;               /* of the event: it is not yet dispatched         */
    bool has_data;                /* ... and has data, perhaps of no bytes          */
    char name[STREAM_NAME_BYTES]; /* of the line's field, cut                       */
    uint8_t name_len;             /* more than STREAM_NAME_BYTES when it was cut    */
    char event[STREAM_NAME_BYTES];
    uint8_t event_len;

    /* Of JSON. */
    bool is_array;
    bool may_close; /* nothing stands yet between its brackets */
    bool in_string;
    bool is_escaped;
    uint8_t depth; /* of the item */
};

/* A body at its beginning. Owned: stream_split_fini(). */
struct stream_split stream_split_begin(enum stream_format format, size_t max_item_bytes);
void stream_split_fini(struct stream_split *split);

/* Goes on to the next complete item, taking from *input what was used.
 * Fails  RESOURCE_EXHAUSTED  an item of more than max_item_bytes, or nested deeper than 64
 *        INVALID_ARGUMENT    not an array, though it began like one
 *        NO_MEMORY */
MUST_USE enum split_found stream_split_next(struct stream_split *split, struct text *input,
                                            struct error *err);

/* The body is over: ITEM for one that only its end completes, once, and then NOTHING.
 * Fails  UNAVAILABLE  it ends inside an item, or before its array is closed: the rest is lost */
MUST_USE enum split_found stream_split_end(struct stream_split *split, struct error *err);

#endif

/* What was asked of one world and what became of it: the requests of the API, the newest ones.
 *
 * Bounded in bytes: the oldest go when there is no room, and are counted. Secrets never get in
 * (redact.h). Pure; not thread-safe. Memory that lacks costs an entry, never a request. */
#ifndef TESTKIT_MOCK_CONTROL_JOURNAL_H
#define TESTKIT_MOCK_CONTROL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "common/http/http.h"
#include "mock/api/response.h"

enum {
    JOURNAL_MAX_HEADERS = 16,    /* of one request that are kept  */
    JOURNAL_MAX_BODY = 4 * 1024, /* of one request that are kept  */
    JOURNAL_MAX_VALUE = 256,     /* of one header's value         */
};

/* Who follows a journal hears something at least as often. */
#define JOURNAL_HEARTBEAT_NS (15 * NS_PER_SEC)

enum journal_outcome {
    JOURNAL_WAITING,  /* there is no answer yet                                   */
    JOURNAL_OPEN,     /* the answer is being sent; a stream may be so for long    */
    JOURNAL_ANSWERED, /* all of it has been sent                                  */
    JOURNAL_LEFT,     /* the client went before that                              */
    JOURNAL_LOST,     /* the mock broke the connection off, as a fault's rule says */
    JOURNAL_OUTCOME_COUNT,
};
extern const char *const journal_outcome_names[]; /* "waiting", "open", ...; ends with NULL */

/* Texts belong to the entry. */
struct journal_entry {
    uint64_t number;  /* of the request in its world                                         */
    uint64_t change;  /* the how-many-th change of the journal it was that made it as it is  */
    int64_t at_ns;    /* the world's time of its arrival                                     */
    int64_t began_ns; /* the same by the ticks of worlds.h                                  */
    int64_t ended_ns; /* likewise, of its end; 0: not over                                  */
    enum journal_outcome outcome;
    enum http_method method;
    struct text path;
    struct text query;
    struct http_header *headers; /* those that say who asks, and how */
    size_t header_count;
    struct text body;   /* without its secrets; JSON, or what could be read and kept of it */
    bool body_is_whole; /* it is one JSON document                                         */
    size_t body_len;    /* as it was sent                                                  */
    int status;         /* 0: there is no answer yet                                       */
    struct trace trace;
    struct text retry_after; /* of the answer, with its unit: "2s", "1500ms"; or empty      */
    bool is_stream;
    uint64_t answer_len; /* of its body, as far as it has been sent */
    /* The rest is bookkeeping. */
    const struct response *live; /* until it is over: where the above is taken from */
    void *late;                  /* texts that came with the answer                 */
    size_t bytes;                /* of memory                                       */
};

/* Read freely; change only through the functions. */
struct journal {
    const struct mem *mem;
    size_t max_bytes; /* 0: nothing is kept */
    size_t bytes;
    struct journal_entry **slots; /* a ring; capacity is a power of two */
    size_t capacity;
    size_t first; /* slot of the oldest */
    size_t count;
    uint64_t evicted;    /* so far, for lack of room                     */
    uint64_t unrecorded; /* so far, for lack of memory                   */
    uint64_t changes;    /* so far                                       */
    size_t followers;    /* who want to hear of changes (journal stream) */
};

/* mem  borrowed; must outlive the journal. Owned: journal_fini(). */
struct journal journal_in(const struct mem *mem, size_t max_bytes);
void journal_fini(struct journal *journal);

/* The request has arrived, and res->number is its number: more than those before.
 * res  borrowed until journal_end() */
void journal_begin(struct journal *journal, const struct http_request *req,
                   const struct response *res, int64_t at_ns, int64_t ticks_ns);
/* Its answer is over. To be called before the response is reset. */
void journal_end(struct journal *journal, const struct response *res, int64_t ticks_ns);

/* The index-th from the oldest, as it is now; index < count. Borrowed until the journal changes. */
const struct journal_entry *journal_at(struct journal *journal, size_t index);
/* NULL: not there, or no longer. Borrowed likewise. */
const struct journal_entry *journal_find(struct journal *journal, uint64_t number);
/* Where the first entry is that has this number or a later one; `count` when there is none. */
size_t journal_place(const struct journal *journal, uint64_t number);
/* Forgets all that are over. */
void journal_clear(struct journal *journal);

/* Of the request; data NULL when it was not sent, or is not kept. */
struct text journal_header(const struct journal_entry *entry, const char *name);
/* "createInstance"; NULL: none. Static. */
const char *journal_operation(const struct journal_entry *entry);

#endif

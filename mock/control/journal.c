#include "mock/control/journal.h"

#include <string.h>

#include "mock/api/route.h"
#include "mock/control/redact.h"

/* What redaction makes of "%=x" has four times its length; of others it is less. */
enum { QUERY_GROWTH = 4 };

const char *const journal_outcome_names[] = {
    [JOURNAL_WAITING] = "waiting",  [JOURNAL_OPEN] = "open", [JOURNAL_ANSWERED] = "answered",
    [JOURNAL_LEFT] = "client-left", [JOURNAL_LOST] = "lost", [JOURNAL_OUTCOME_COUNT] = NULL,
};

struct journal journal_in(const struct mem *mem, size_t max_bytes)
{
    return (struct journal){ .mem = mem, .max_bytes = max_bytes };
}

/* --- the ring ------------------------------------------------------------------------------- */

static struct journal_entry **slot(const struct journal *journal, size_t index)
{
    return &journal->slots[(journal->first + index) & (journal->capacity - 1)];
}

static void drop(struct journal *journal, struct journal_entry *entry)
{
    journal->bytes -= entry->bytes;
    mem_free(journal->mem, entry->late);
    mem_free(journal->mem, entry);
}

static void drop_oldest(struct journal *journal)
{
    drop(journal, *slot(journal, 0));
    journal->first++;
    journal->count--;
    journal->evicted++;
}

/* Room for so many bytes more; what does not fit even alone is not kept. */
static bool make_room(struct journal *journal, size_t bytes)
{
    while (journal->count > 0 && journal->bytes + bytes > journal->max_bytes)
        drop_oldest(journal);
    return journal->bytes + bytes <= journal->max_bytes;
}

static bool grow(struct journal *journal)
{
    enum { FIRST = 16 };
    const size_t capacity = journal->capacity == 0 ? FIRST : 2 * journal->capacity;
    struct journal_entry **slots =
        mem_alloc(journal->mem, capacity * sizeof(struct journal_entry *));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < journal->count; i++)
        slots[i] = *slot(journal, i);
    mem_free(journal->mem, journal->slots);
    journal->slots = slots;
    journal->capacity = capacity;
    journal->first = 0;
    return true;
}

void journal_fini(struct journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        drop(journal, *slot(journal, i));
    mem_free(journal->mem, journal->slots);
    *journal = (struct journal){ 0 };
}

size_t journal_place(const struct journal *journal, uint64_t number)
{
    size_t low = 0, high = journal->count;

    if (high == 0 || (*slot(journal, high - 1))->number < number)
        return high;
    /* Numbers only go up, so it is not further back than they are apart; mostly it is right there,
     * and what is older is no longer in any cache. */
    const uint64_t apart = (*slot(journal, high - 1))->number - number;
    if (apart < high)
        low = high - 1 - (size_t)apart;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if ((*slot(journal, middle))->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct journal_entry *find(const struct journal *journal, uint64_t number)
{
    const size_t at = journal_place(journal, number);

    return at < journal->count && (*slot(journal, at))->number == number ? *slot(journal, at)
                                                                         : NULL;
}

void journal_clear(struct journal *journal)
{
    size_t kept = 0;

    for (size_t i = 0; i < journal->count; i++) {
        struct journal_entry *entry = *slot(journal, i);
        if (entry->live != NULL)
            *slot(journal, kept++) = entry;
        else
            drop(journal, entry);
    }
    journal->count = kept;
}

/* --- what is kept of a request ------------------------------------------------------------------
 */

/* Who asks, how often it has, and how long it will wait. */
static const struct {
    struct text name;
    bool is_secret;
} kept_headers[] = {
    { TEXT("User-Agent"), false },
    { TEXT("Authorization"), true },
    { TEXT("Content-Type"), false },
    { TEXT("Accept"), false },
    { TEXT("Cookie"), true },
    { TEXT("Idempotency-Key"), false },
    { TEXT("Timeout"), false },
    { TEXT("Request-Timeout"), false },
    { TEXT("Grpc-Timeout"), false },
    { TEXT("X-Request-Id"), false },
    { TEXT("Last-Event-Id"), false },
    { TEXT("X-Stainless-Retry-Count"), false },
    { TEXT("X-Stainless-Timeout"), false },
    { TEXT("X-Stainless-Read-Timeout"), false },
    { TEXT("X-Stainless-Lang"), false },
    { TEXT("X-Stainless-Runtime"), false },
    { TEXT("X-Stainless-Package-Version"), false },
};

/* Those of a request, by the index of the header and of the row above. */
struct kept {
    struct {
        size_t header, row;
    } items[JOURNAL_MAX_HEADERS];
    size_t count;
    size_t bytes; /* of values, at most */
};

static void choose_header(struct kept *kept, const struct http_request *req, size_t header)
{
    const struct text name = req->headers[header].name;

    for (size_t row = 0; row < ARRAY_LEN(kept_headers); row++) {
        if (name.len != kept_headers[row].name.len ||
            !text_equal_nocase(name, kept_headers[row].name))
            continue;
        kept->items[kept->count].header = header;
        kept->items[kept->count++].row = row;
        kept->bytes += sizeof REDACTED + req->headers[header].value.len;
        return;
    }
}

static void choose_headers(struct kept *kept, const struct http_request *req)
{
    kept->count = 0;
    kept->bytes = 0;
    for (size_t i = 0; i < req->header_count && kept->count < JOURNAL_MAX_HEADERS; i++)
        choose_header(kept, req, i);
}

/* What has been appended since `from`. */
static struct text since(const struct buffer *texts, size_t from)
{
    if (texts->data == NULL) /* nothing at all, so far */
        return TEXT("");
    return (struct text){ texts->data + from, texts->len - from };
}

static struct text keep(struct buffer *texts, struct text text)
{
    const size_t from = texts->len;

    buffer_append_text(texts, text);
    return since(texts, from);
}

static struct text keep_value(struct text value, bool is_secret, struct buffer *texts)
{
    const size_t from = texts->len;

    value.len = text_cut_len(value, JOURNAL_MAX_VALUE);
    if (is_secret)
        (void)redact_authorization(value, texts);
    else
        buffer_append_text(texts, value);
    return since(texts, from);
}

static void keep_headers(struct journal_entry *entry, const struct http_request *req,
                         const struct kept *kept, struct buffer *texts)
{
    for (size_t i = 0; i < kept->count; i++) {
        const size_t row = kept->items[i].row;
        entry->headers[i] = (struct http_header){
            .name = kept_headers[row].name,
            .value = keep_value(req->headers[kept->items[i].header].value,
                                kept_headers[row].is_secret, texts),
        };
    }
    entry->header_count = kept->count;
}

/* A redacted document may be longer than the document. */
static size_t body_room(const struct http_request *req)
{
    const size_t longest = 2 * req->body.len + sizeof REDACTED;

    return req->body.len == 0 ? 0 : longest < JOURNAL_MAX_BODY ? longest : JOURNAL_MAX_BODY;
}

static void keep_request(struct journal_entry *entry, const struct http_request *req,
                         const struct kept *kept, struct arena *arena, struct buffer *texts)
{
    size_t from;

    entry->path = keep(texts, req->path);
    keep_headers(entry, req, kept, texts);
    from = texts->len;
    (void)redact_query(req->query, texts);
    entry->query = since(texts, from);
    from = texts->len;
    entry->body_len = req->body.len;
    entry->body_is_whole = req->body.len > 0 && redact_json(req->body, arena, texts);
    entry->body = since(texts, from);
}

void journal_begin(struct journal *journal, const struct http_request *req,
                   const struct response *res, int64_t at_ns, int64_t ticks_ns)
{
    struct kept kept;

    if (journal->max_bytes == 0)
        return;
    choose_headers(&kept, req);
    const size_t texts_at = sizeof(struct journal_entry) + kept.count * sizeof(struct http_header);
    const size_t room =
        1 + req->path.len + QUERY_GROWTH * req->query.len + kept.bytes + body_room(req);
    const size_t bytes = texts_at + room;
    struct journal_entry *entry =
        make_room(journal, bytes) && (journal->count < journal->capacity || grow(journal))
            ? mem_alloc(journal->mem, bytes)
            : NULL;
    if (entry == NULL) {
        journal->unrecorded++;
        return;
    }
    *entry = (struct journal_entry){
        .number = res->number,
        .change = ++journal->changes,
        .at_ns = at_ns,
        .began_ns = ticks_ns,
        .method = req->method,
        .headers = (struct http_header *)(entry + 1),
        .live = res,
        .bytes = bytes,
    };
    struct buffer texts = buffer_over((char *)entry + texts_at, room);
    keep_request(entry, req, &kept, res->arena, &texts);
    journal->bytes += bytes;
    journal->count++;
    *slot(journal, journal->count - 1) = entry;
}

/* --- what is kept of its answer
 * ------------------------------------------------------------------- */

/* "Retry-After-Ms: 1500" -> "1500ms"; in the units that SDKs know. */
static void append_retry_after(const struct response *res, struct buffer *out)
{
    static const struct {
        const char *header, *unit;
    } forms[] = { { "Retry-After-Ms", "ms" }, { "Retry-After", "s" } };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const struct text value =
            http_find_header(res->headers, res->header_count, forms[i].header);
        if (value.data == NULL)
            continue;
        buffer_append_text(out, value);
        buffer_append_cstr(out, forms[i].unit);
        return;
    }
}

static enum journal_outcome outcome_so_far(const struct response *res)
{
    if (res->wait.again != NULL || (res->waiting && res->body.len == 0 && res->sent_bytes == 0))
        return JOURNAL_WAITING;
    return JOURNAL_OPEN;
}

/* What is known by now. The texts are the response's own. */
static void refresh(struct journal_entry *entry)
{
    const struct response *res = entry->live;

    if (res == NULL)
        return;
    entry->outcome = outcome_so_far(res);
    entry->status = entry->outcome == JOURNAL_WAITING ? 0 : res->status;
    entry->trace = res->trace;
    entry->is_stream = res->stream.next != NULL;
    entry->answer_len = res->sent_bytes;
}

static enum journal_outcome outcome_at_end(const struct response *res)
{
    if (res->delivered)
        return JOURNAL_ANSWERED;
    return res->trace.fault != NULL || res->stream.broken ? JOURNAL_LOST : JOURNAL_LEFT;
}

/* A text of the trace moves into the entry's own memory. */
static void move(const char **text, struct buffer *texts)
{
    const size_t from = texts->len;

    if (*text == NULL)
        return;
    buffer_append(texts, *text, strlen(*text) + 1);
    *text = texts->failed ? NULL : texts->data + from;
}

static size_t text_bytes(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

/* The texts that came with the answer. Without memory for them the entry goes without. */
static void keep_late(struct journal *journal, struct journal_entry *entry,
                      const struct response *res)
{
    enum { RETRY_AFTER_BYTES = 32 };
    char room[RETRY_AFTER_BYTES];
    struct buffer retry_after = buffer_over(room, sizeof room);
    struct trace *trace = &entry->trace;

    append_retry_after(res, &retry_after);
    const size_t bytes = text_bytes(trace->code) + text_bytes(trace->message) +
                         text_bytes(trace->field) + text_bytes(trace->fault) + retry_after.len;
    if (bytes == 0)
        return;
    entry->late = mem_alloc(journal->mem, bytes + 1);
    struct buffer texts = buffer_over(entry->late, entry->late == NULL ? 1 : bytes + 1);
    move(&trace->code, &texts);
    move(&trace->message, &texts);
    move(&trace->field, &texts);
    move(&trace->fault, &texts);
    entry->retry_after = keep(&texts, buffer_text(&retry_after));
    if (entry->late == NULL)
        return;
    entry->bytes += bytes;
    journal->bytes += bytes;
}

void journal_end(struct journal *journal, const struct response *res, int64_t ticks_ns)
{
    struct journal_entry *entry = find(journal, res->number);

    if (entry == NULL || entry->live != res)
        return;
    refresh(entry);
    entry->live = NULL;
    entry->status = res->status;
    entry->outcome = outcome_at_end(res);
    entry->ended_ns = ticks_ns;
    entry->change = ++journal->changes;
    keep_late(journal, entry, res);
    while (journal->count > 0 && journal->bytes > journal->max_bytes)
        drop_oldest(journal);
}

/* --- reading
 * ------------------------------------------------------------------------------------------ */

const struct journal_entry *journal_at(struct journal *journal, size_t index)
{
    struct journal_entry *entry = *slot(journal, index);

    refresh(entry);
    return entry;
}

const struct journal_entry *journal_find(struct journal *journal, uint64_t number)
{
    struct journal_entry *entry = find(journal, number);

    if (entry != NULL)
        refresh(entry);
    return entry;
}

struct text journal_header(const struct journal_entry *entry, const char *name)
{
    return http_find_header(entry->headers, entry->header_count, name);
}

const char *journal_operation(const struct journal_entry *entry)
{
    return entry->trace.route == NULL ? NULL : entry->trace.route->operation_id;
}

/* The journal of a world: asking for it, following it, forgetting it. */
#include "mock/api/sse.h"
#include "mock/control/control_call.h"
#include "mock/control/journal_filter.h"
#include "mock/control/journal_json.h"

enum { DEFAULT_LIMIT = 100, MAX_LIMIT = 10000 };

static bool read_limit(struct text value, size_t *out, struct error *err)
{
    int64_t limit;

    if (!text_parse_i64(value, &limit) || limit < 1 || limit > MAX_LIMIT)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "limit",
                               "limit must be a number from 1 to %d", MAX_LIMIT);
    *out = (size_t)limit;
    return true;
}

static bool read_filter(struct control_call *call, struct journal_filter *filter, size_t *limit,
                        struct error *err)
{
    *filter = (struct journal_filter){ 0 };
    for (size_t i = 0; i < call->query.count; i++) {
        const struct query_pair *pair = &call->query.pairs[i];
        struct error why = { 0 };
        size_t k = 0;
        while (journal_conditions[k] != NULL && !text_equal_cstr(pair->key, journal_conditions[k]))
            k++;
        if (journal_conditions[k] == NULL) {
            if (!read_limit(pair->value, limit, err))
                return false;
        } else if (!journal_filter_add(filter, call->world, journal_conditions[k], pair->value,
                                       &why)) {
            return error_set_field(err, why.code, journal_conditions[k], "%s: %s",
                                   journal_conditions[k], why.message);
        }
    }
    return true;
}

/* The index from which on at most `limit` fit; and how many do before. */
static size_t first_shown(struct journal *journal, const struct journal_filter *filter,
                          size_t limit, size_t *older)
{
    size_t first = journal->count, fitting = 0;

    for (size_t i = journal->count; i-- > 0;) {
        if (!journal_filter_fits(filter, journal_at(journal, i), JOURNAL_CONDITION_COUNT))
            continue;
        if (++fitting <= limit)
            first = i;
    }
    *older = fitting > limit ? fitting - limit : 0;
    return first;
}

bool op_get_journal(struct control_call *call, struct error *err)
{
    struct journal *journal = &call->world->journal;
    struct journal_filter filter;
    size_t limit = DEFAULT_LIMIT, older;

    if (!read_filter(call, &filter, &limit, err))
        return false;
    const size_t first = first_shown(journal, &filter, limit, &older);
    struct json_writer w = control_reply(call, 200);
    json_write_object_begin(&w);
    json_write_key(&w, TEXT("requests"));
    json_write_array_begin(&w);
    for (size_t i = first; i < journal->count; i++) {
        const struct journal_entry *entry = journal_at(journal, i);
        if (journal_filter_fits(&filter, entry, JOURNAL_CONDITION_COUNT))
            journal_write(&w, call->world, entry);
    }
    json_write_array_end(&w);
    json_member_i64(&w, "older", (int64_t)older);
    json_member_i64(&w, "kept", (int64_t)journal->count);
    json_member_i64(&w, "evicted", (int64_t)journal->evicted);
    json_member_i64(&w, "unrecorded", (int64_t)journal->unrecorded);
    json_write_object_end(&w);
    return true;
}

bool op_clear_journal(struct control_call *call, struct error *err)
{
    (void)err;
    journal_clear(&call->world->journal);
    return control_reply_empty(call);
}

/* --- live ------------------------------------------------------------------------------------- */

struct follower {
    struct served_world *world;
    struct clock ticks;
    struct journal_filter filter;
    uint64_t seen; /* of the journal's changes */
    int64_t spoke_ns;
};

/* An event for every request that has come or ended since. */
static void append_news(struct follower *follower, struct buffer *out)
{
    struct journal *journal = &follower->world->journal;

    for (size_t i = 0; i < journal->count && follower->seen < journal->changes; i++) {
        const struct journal_entry *entry = journal_at(journal, i);
        if (entry->change <= follower->seen ||
            !journal_filter_fits(&follower->filter, entry, JOURNAL_CONDITION_COUNT))
            continue;
        buffer_append_cstr(out, "event: request\nid: ");
        journal_append_id(out, follower->world, entry->number);
        buffer_append_cstr(out, "\ndata: ");
        struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);
        journal_write(&w, follower->world, entry);
        buffer_append_cstr(out, "\n\n");
    }
    follower->seen = journal->changes;
}

/* struct response_stream. It goes on until the client leaves, or the world goes. */
static bool next_news(void *ctx, struct buffer *out, bool *done)
{
    struct follower *follower = ctx;
    const int64_t now_ns = follower->ticks.now_ns(follower->ticks.ctx);

    *done = false;
    append_news(follower, out);
    if (out->len == 0 && now_ns - follower->spoke_ns >= JOURNAL_HEARTBEAT_NS)
        buffer_append_cstr(out, ": nothing new\n\n");
    if (out->len > 0)
        follower->spoke_ns = now_ns;
    return !out->failed;
}

static void stop_following(void *ctx)
{
    struct follower *follower = ctx;

    follower->world->journal.followers--;
}

bool op_follow_journal(struct control_call *call, struct error *err)
{
    struct follower *follower = arena_alloc(call->res->arena, sizeof *follower);
    struct journal_filter filter;
    size_t limit = DEFAULT_LIMIT;

    if (!read_filter(call, &filter, &limit, err))
        return false;
    if (follower == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *follower = (struct follower){
        .world = call->world,
        .ticks = call->worlds->settings.ticks,
        .filter = filter,
        .seen = call->world->journal.changes,
    };
    follower->spoke_ns = follower->ticks.now_ns(follower->ticks.ctx);
    call->world->journal.followers++;
    sse_begin(call->res);
    buffer_append_cstr(&call->res->body, ": requests of this world, as they come and end\n\n");
    call->res->stream =
        (struct response_stream){ .next = next_news, .close = stop_following, .ctx = follower };
    return true;
}

/* POST /_mock/verify: whether the journal has what a test expects to have been asked. */
#include "mock/control/control_call.h"
#include "mock/control/journal_filter.h"
#include "mock/control/journal_json.h"

enum {
    MAX_EXPECTATIONS = 100,
    MAX_IN_ORDER = 100,
    MAX_SHOWN = 20, /* requests that are named for one expectation */
};

enum expectation_kind { EXPECT_AT_LEAST, EXPECT_EXACTLY, EXPECT_NEVER, EXPECT_IN_ORDER };
static const char *const kind_names[] = { "at_least", "exactly", "never", "in_order", NULL };

struct expectation {
    enum expectation_kind kind;
    int64_t count;                  /* of AT_LEAST and EXACTLY               */
    struct journal_filter *filters; /* one; of IN_ORDER as many as there are */
    size_t filter_count;
};

/* What the journal says to one. */
struct finding {
    bool ok;
    size_t seen;               /* that fit; of IN_ORDER: how many of them came in turn */
    uint64_t shown[MAX_SHOWN]; /* the first of them                                    */
    struct text why;           /* where it does not hold                               */
};

/* --- reading -------------------------------------------------------------------------------- */

/* A condition's value as a query would have it; only a status may be a number. */
static bool read_condition(const struct json_at *match, const char *name, struct arena *arena,
                           struct text *out, struct error *err)
{
    const struct json_at at = json_member(match, name);

    *out = (struct text){ 0 };
    if (!json_is_integer(at.value))
        return json_get_string(match, name, false, out, err);
    const char *digits = arena_printf(arena, "%lld", (long long)json_integer_value(at.value));
    if (digits == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *out = text_of(digits);
    return true;
}

static bool read_match(struct control_call *call, const struct json_at *match,
                       struct journal_filter *out, struct error *err)
{
    *out = (struct journal_filter){ 0 };
    if (!json_is_object(match->value))
        return json_complain(match, err, "must be an object of conditions");
    if (!json_allow_keys(match, journal_conditions, err))
        return false;
    for (size_t i = 0; i < JOURNAL_CONDITION_COUNT; i++) {
        const struct json_at at = json_member(match, journal_conditions[i]);
        struct error why = { 0 };
        struct text value;
        if (!read_condition(match, journal_conditions[i], call->res->arena, &value, err))
            return false;
        if (value.data != NULL &&
            !journal_filter_add(out, call->world, journal_conditions[i], value, &why))
            return json_complain(&at, err, "is wrong: %s", why.message);
    }
    return true;
}

static bool read_matches(struct control_call *call, const struct json_at *list,
                         struct expectation *out, struct error *err)
{
    const size_t count = json_array_size(list->value);

    if (count == 0 || count > MAX_IN_ORDER)
        return json_complain(list, err, "must have 1 to %d objects of conditions", MAX_IN_ORDER);
    out->filters = arena_alloc(call->res->arena, count * sizeof(struct journal_filter));
    out->filter_count = count;
    if (out->filters == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const struct json_at match = json_item(list, i);
        if (!read_match(call, &match, &out->filters[i], err))
            return false;
    }
    return true;
}

static bool read_single(struct control_call *call, const struct json_at *match,
                        struct expectation *out, struct error *err)
{
    out->filters = arena_alloc(call->res->arena, sizeof(struct journal_filter));
    out->filter_count = 1;
    if (out->filters == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    return read_match(call, match, out->filters, err);
}

/* "at_least": 2, "of": {...} */
static bool read_count(struct control_call *call, const struct json_at *item,
                       struct expectation *out, struct error *err)
{
    const char *key = kind_names[out->kind];
    const struct json_at count = json_member(item, key);
    struct json_at of = { 0 };

    if (!json_get_i64(item, key, true, &out->count, err))
        return false;
    if (out->count < 0)
        return json_complain(&count, err, "must be 0 or more");
    return json_get_object(item, "of", true, &of, err) && read_single(call, &of, out, err);
}

static bool read_expectation(struct control_call *call, const struct json_at *item,
                             struct expectation *out, struct error *err)
{
    static const char *const keys[] = { "at_least", "exactly", "never", "in_order", "of", NULL };
    struct json_at value = { 0 };
    size_t kinds = 0;

    *out = (struct expectation){ 0 };
    if (!json_is_object(item->value))
        return json_complain(item, err, "must be an object");
    if (!json_allow_keys(item, keys, err))
        return false;
    for (size_t i = 0; kind_names[i] != NULL; i++) {
        if (json_member(item, kind_names[i]).value == NULL)
            continue;
        out->kind = (enum expectation_kind)i;
        kinds++;
    }
    const struct json_at of = json_member(item, "of");
    if (kinds != 1)
        return json_complain(item, err,
                             "must have one of \"at_least\": N, \"exactly\": N, \"never\": "
                             "{conditions} and \"in_order\": [{conditions}, ...]");
    if (out->kind == EXPECT_AT_LEAST || out->kind == EXPECT_EXACTLY)
        return read_count(call, item, out, err);
    if (of.value != NULL)
        return json_complain(&of, err, "has a meaning with at_least and exactly only");
    if (out->kind == EXPECT_NEVER)
        return json_get_object(item, "never", true, &value, err) &&
               read_single(call, &value, out, err);
    return json_get_array(item, "in_order", true, &value, err) &&
           read_matches(call, &value, out, err);
}

/* --- judging -------------------------------------------------------------------------------- */

static void note(struct finding *finding, const struct journal_entry *entry)
{
    if (finding->seen < MAX_SHOWN)
        finding->shown[finding->seen] = entry->number;
    finding->seen++;
}

/* "; 2 more would fit but for status, such as default-4, which has 409" */
static void append_near(struct control_call *call, const struct journal_filter *filter,
                        struct buffer *why)
{
    struct journal *journal = &call->world->journal;

    for (size_t k = 0; k < JOURNAL_CONDITION_COUNT; k++) {
        const struct journal_entry *first = NULL;
        size_t near = 0;
        for (size_t i = 0; i < journal->count && filter->words[k].data != NULL; i++) {
            const struct journal_entry *entry = journal_at(journal, i);
            if (!journal_filter_fits(filter, entry, k) ||
                journal_filter_fits(filter, entry, JOURNAL_CONDITION_COUNT))
                continue;
            first = first == NULL ? entry : first;
            near++;
        }
        if (near == 0)
            continue;
        buffer_appendf(why, "; %zu would fit but for the %s, such as ", near,
                       journal_conditions[k]);
        journal_append_id(why, call->world, first->number);
        buffer_appendf(why, ", %s " TEXT_FMT, http_method_name(first->method),
                       TEXT_ARGS(first->path));
        if (first->status != 0)
            buffer_appendf(why, ", which was answered %d", first->status);
    }
}

static void count_requests(struct control_call *call, const struct expectation *expectation,
                           struct finding *out, struct buffer *why)
{
    const struct journal_filter *filter = &expectation->filters[0];
    struct journal *journal = &call->world->journal;

    for (size_t i = 0; i < journal->count; i++) {
        const struct journal_entry *entry = journal_at(journal, i);
        if (journal_filter_fits(filter, entry, JOURNAL_CONDITION_COUNT))
            note(out, entry);
    }
    const int64_t seen = (int64_t)out->seen;
    out->ok = expectation->kind == EXPECT_AT_LEAST ? seen >= expectation->count
                                                   : seen == expectation->count;
    if (out->ok)
        return;
    if (expectation->kind == EXPECT_NEVER)
        buffer_append_cstr(why, "none");
    else
        buffer_appendf(why, "%s %lld", expectation->kind == EXPECT_EXACTLY ? "exactly" : "at least",
                       (long long)expectation->count);
    buffer_appendf(why, " expected, %lld seen", (long long)seen);
    if (seen < expectation->count)
        append_near(call, filter, why);
}

/* Each after the one before; the earliest that will do. */
static void follow_order(struct control_call *call, const struct expectation *expectation,
                         struct finding *out, struct buffer *why)
{
    struct journal *journal = &call->world->journal;
    const struct journal_entry *last = NULL;
    size_t next = 0;

    for (size_t i = 0; i < journal->count && next < expectation->filter_count; i++) {
        const struct journal_entry *entry = journal_at(journal, i);
        if (!journal_filter_fits(&expectation->filters[next], entry, JOURNAL_CONDITION_COUNT))
            continue;
        note(out, entry);
        last = entry;
        next++;
    }
    out->ok = next == expectation->filter_count;
    if (out->ok)
        return;
    buffer_appendf(why, "number %zu of the %zu was not seen", next + 1, expectation->filter_count);
    if (last != NULL) {
        buffer_append_cstr(why, " after ");
        journal_append_id(why, call->world, last->number);
    }
    append_near(call, &expectation->filters[next], why);
}

static bool judge(struct control_call *call, const struct expectation *expectation,
                  struct finding *out, struct error *err)
{
    enum { WHY_BYTES = 4096 };
    SCOPED(buffer) struct buffer why = buffer_capped(WHY_BYTES);

    *out = (struct finding){ 0 };
    if (expectation->kind == EXPECT_IN_ORDER)
        follow_order(call, expectation, out, &why);
    else
        count_requests(call, expectation, out, &why);
    const struct text text = buffer_text(&why);
    out->why = (struct text){ arena_copy(call->res->arena, text), text.len };
    return out->why.data != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* --- answering ------------------------------------------------------------------------------ */

static void write_finding(struct json_writer *w, const struct control_call *call,
                          const struct expectation *expectation, const struct finding *finding)
{
    json_write_object_begin(w);
    json_member_bool(w, "ok", finding->ok);
    json_member_string(w, "kind", text_of(kind_names[expectation->kind]));
    json_member_i64(w, "seen", (int64_t)finding->seen);
    json_write_key(w, TEXT("requests"));
    json_write_array_begin(w);
    for (size_t i = 0; i < finding->seen && i < MAX_SHOWN; i++)
        journal_write_id(w, call->world, finding->shown[i]);
    json_write_array_end(w);
    if (!finding->ok)
        json_member_string(w, "why", finding->why);
    json_write_object_end(w);
}

bool op_verify(struct control_call *call, struct error *err)
{
    static const char *const keys[] = { "expectations", NULL };
    struct json_at list = { 0 };
    bool ok = true;

    if (!json_allow_keys(&call->body, keys, err) ||
        !json_get_array(&call->body, "expectations", true, &list, err))
        return false;
    const size_t count = json_array_size(list.value);
    if (count == 0 || count > MAX_EXPECTATIONS)
        return json_complain(&list, err, "must have 1 to %d expectations", MAX_EXPECTATIONS);
    struct expectation *all = arena_alloc(call->res->arena, count * sizeof *all);
    struct finding *findings = arena_alloc(call->res->arena, count * sizeof *findings);
    if (all == NULL || findings == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const struct json_at item = json_item(&list, i);
        if (!read_expectation(call, &item, &all[i], err) ||
            !judge(call, &all[i], &findings[i], err))
            return false;
        ok = ok && findings[i].ok;
    }
    struct json_writer w = control_reply(call, 200);
    json_write_object_begin(&w);
    json_member_bool(&w, "ok", ok);
    json_write_key(&w, TEXT("expectations"));
    json_write_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        write_finding(&w, call, &all[i], &findings[i]);
    json_write_array_end(&w);
    json_member_i64(&w, "evicted", (int64_t)call->world->journal.evicted);
    json_write_object_end(&w);
    return true;
}

#include "mock/control/verdicts.h"

#include "common/json/go_duration.h"
#include "mock/control/journal_json.h"

const char *const verdict_level_names[] = { "fault", "warning", "fine" };

enum {
    MAX_LOOK_BACK = 500, /* requests among which an earlier try is looked for           */
    MAX_NAMED = 10,      /* requests of one verdict                                     */
    STORM_TRIES = 4,     /* so many at once, or more than MANY_TRIES in all, are a storm */
    MANY_TRIES = 8,
};
#define RETRY_WITHIN_NS (60 * NS_PER_SEC) /* without a header that says so               */
#define AT_ONCE_NS      (100 * NS_PER_MS) /* between the tries of a storm                */
#define TOLERANCE_NS    (20 * NS_PER_MS)  /* of clocks, and of what is on its way        */
#define DEFAULT_WAIT_NS (60 * NS_PER_SEC) /* of /wait (INST-W-010) */
#define SHOWN_UNIT_NS   NS_PER_MS

struct court {
    struct served_world *world;
    struct journal *journal;
    int64_t now_ns;
    size_t *before; /* by index: the try before, or the index itself */
    bool *again;    /* by index: whether another try follows          */
    void (*say)(void *ctx, const struct verdict *verdict);
    void *ctx;
};

static const struct journal_entry *entry_at(const struct court *court, size_t index)
{
    return journal_at(court->journal, index);
}

/* --- words ---------------------------------------------------------------------------------- */

enum { SENTENCE_BYTES = 1024 };

struct sentence {
    char room[SENTENCE_BYTES];
    struct buffer out;
};

static struct buffer *begin(struct sentence *sentence)
{
    sentence->out = buffer_over(sentence->room, sizeof sentence->room);
    return &sentence->out;
}

static void append_id(struct buffer *out, const struct court *court,
                      const struct journal_entry *entry)
{
    journal_append_id(out, court->world, entry->number);
}

static void append_time(struct buffer *out, int64_t ns)
{
    go_duration_append(out, ns - ns % SHOWN_UNIT_NS);
}

static void pronounce(const struct court *court, const char *kind, enum verdict_level level,
                      const struct journal_entry *first, const struct journal_entry *second,
                      const struct buffer *why)
{
    const uint64_t numbers[] = { first->number, second == NULL ? 0 : second->number };
    const struct verdict verdict = {
        .kind = kind,
        .level = level,
        .requests = numbers,
        .request_count = second == NULL ? 1 : 2,
        .why = buffer_text(why),
    };

    court->say(court->ctx, &verdict);
}

/* --- tries ---------------------------------------------------------------------------------- */

static int64_t retry_count(const struct journal_entry *entry)
{
    int64_t count;

    return text_parse_i64(journal_header(entry, "X-Stainless-Retry-Count"), &count) ? count : 0;
}

static bool is_same(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->method == b->method && a->body_len == b->body_len && text_equal(a->path, b->path) &&
           text_equal(a->query, b->query) && text_equal(a->body, b->body) &&
           text_equal(journal_header(a, "User-Agent"), journal_header(b, "User-Agent"));
}

/* Nobody but the mock can tell whether it took effect. */
static bool is_ambiguous(const struct journal_entry *entry)
{
    if (entry->outcome == JOURNAL_LOST || (entry->outcome == JOURNAL_LEFT && !entry->is_stream))
        return true;
    return entry->status == 500 || entry->status == 502 || entry->status == 504;
}

static bool has_failed(const struct journal_entry *entry)
{
    return is_ambiguous(entry) || entry->status == 408 || entry->status == 429 ||
           entry->status == 503;
}

static bool is_try_of(const struct journal_entry *entry, const struct journal_entry *earlier)
{
    if (!is_same(entry, earlier))
        return false;
    if (retry_count(entry) > 0)
        return retry_count(earlier) == retry_count(entry) - 1;
    return retry_count(earlier) == 0 && earlier->ended_ns != 0 && has_failed(earlier) &&
           entry->began_ns - earlier->ended_ns <= RETRY_WITHIN_NS;
}

static void link_tries(struct court *court)
{
    for (size_t i = 0; i < court->journal->count; i++) {
        const struct journal_entry *entry = entry_at(court, i);
        court->before[i] = i;
        court->again[i] = false;
        for (size_t back = 1; back <= i && back <= MAX_LOOK_BACK; back++) {
            if (court->again[i - back] || !is_try_of(entry, entry_at(court, i - back)))
                continue;
            court->before[i] = i - back;
            court->again[i - back] = true;
            break;
        }
    }
}

/* --- verdicts on two tries ------------------------------------------------------------------- */

static void judge_retry_after(const struct court *court, const struct journal_entry *first,
                              const struct journal_entry *second)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);
    struct error malformed = { 0 };
    int64_t asked_ns;

    if (first->retry_after.len == 0 ||
        !go_duration_parse(first->retry_after, &asked_ns, &malformed))
        return;
    const int64_t gap_ns = second->began_ns - first->ended_ns;
    const bool honoured = gap_ns + TOLERANCE_NS >= asked_ns;
    append_id(why, court, second);
    buffer_append_cstr(why, " came ");
    append_time(why, gap_ns);
    buffer_append_cstr(why, " after ");
    append_id(why, court, first);
    buffer_appendf(why, ", whose answer asked for " TEXT_FMT " to be waited",
                   TEXT_ARGS(first->retry_after));
    pronounce(court, honoured ? "retry-after-honoured" : "retry-after-ignored",
              honoured ? VERDICT_FINE : VERDICT_FAULT, first, second, why);
}

static bool is_safe_to_repeat(const struct journal_entry *entry)
{
    return (entry->method != HTTP_POST && entry->method != HTTP_PATCH) ||
           journal_header(entry, "Idempotency-Key").data != NULL;
}

static bool took_effect(const struct journal_entry *entry)
{
    /* A fault's own status hides the operation's. */
    const bool done = (entry->status >= 200 && entry->status < 300) ||
                      (entry->trace.fault != NULL && entry->status >= 500);

    return done && !entry->trace.unapplied;
}

static void judge_safety(const struct court *court, const struct journal_entry *first,
                         const struct journal_entry *second)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);

    if (is_safe_to_repeat(second) || !is_ambiguous(first))
        return;
    append_id(why, court, second);
    buffer_appendf(why, " sends %s " TEXT_FMT " again without knowing what came of ",
                   http_method_name(second->method), TEXT_ARGS(second->path));
    append_id(why, court, first);
    buffer_append_cstr(why, took_effect(first) ? ", which had taken effect"
                                               : ", which had not taken effect");
    if (second->status != 0)
        buffer_appendf(why, "; it was answered %d", second->status);
    pronounce(court, "unsafe-retry", VERDICT_FAULT, first, second, why);
}

static void judge_futility(const struct court *court, const struct journal_entry *first,
                           const struct journal_entry *second)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);
    const int status = first->status;

    if (first->outcome != JOURNAL_ANSWERED || status < 400 || status > 499 || status == 408 ||
        status == 409 || status == 425 || status == 429)
        return;
    append_id(why, court, second);
    buffer_append_cstr(why, " repeats ");
    append_id(why, court, first);
    buffer_appendf(why, ", whose answer, %d, does not change by being asked for again", status);
    pronounce(court, "futile-retry", VERDICT_WARNING, first, second, why);
}

/* --- verdicts on all tries of one request ------------------------------------------------------
 */

/* tries: their indexes, the newest first */
static void judge_storm(const struct court *court, const size_t *tries, size_t count, size_t total)
{
    uint64_t numbers[MAX_NAMED];
    struct sentence sentence;
    struct buffer *why = begin(&sentence);
    bool at_once = true, asked = false;

    for (size_t i = 0; i < count; i++) {
        const struct journal_entry *entry = entry_at(court, tries[i]);
        numbers[count - 1 - i] = entry->number;
        if (i + 1 == count)
            continue;
        const struct journal_entry *before = entry_at(court, tries[i + 1]);
        at_once = at_once && entry->began_ns - before->ended_ns < AT_ONCE_NS;
        asked = asked || before->retry_after.len > 0;
    }
    if (total <= MANY_TRIES && (total < STORM_TRIES || !at_once || asked))
        return;
    const struct journal_entry *last = entry_at(court, tries[0]);
    buffer_appendf(why, "%s " TEXT_FMT " was tried %zu times", http_method_name(last->method),
                   TEXT_ARGS(last->path), total);
    if (at_once)
        buffer_append_cstr(why, ", each at once after the one before, which a server in trouble "
                                "can least bear");
    else
        buffer_append_cstr(why, ", which is more than helps");
    const struct verdict verdict = { .kind = "retry-storm",
                                     .level = VERDICT_FAULT,
                                     .requests = numbers,
                                     .request_count = count,
                                     .why = buffer_text(why) };
    court->say(court->ctx, &verdict);
}

static void judge_tries(const struct court *court, size_t index)
{
    size_t tries[MAX_NAMED] = { 0 };
    size_t total = 1;

    if (court->again[index])
        return; /* the last one is judged */
    tries[0] = index;
    for (size_t at = index; court->before[at] != at; total++) {
        at = court->before[at];
        if (total < MAX_NAMED)
            tries[total] = at;
    }
    judge_storm(court, tries, total < MAX_NAMED ? total : MAX_NAMED, total);
}

/* --- verdicts on one request -------------------------------------------------------------------
 */

/* What the client says about its own patience; 0: nothing. */
static int64_t own_timeout_ns(const struct journal_entry *entry)
{
    static const char *const names[] = { "X-Stainless-Timeout", "X-Stainless-Read-Timeout" };
    enum { MOST_SECONDS = 1000000 };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t seconds;
        if (text_parse_i64(journal_header(entry, names[i]), &seconds) && seconds > 0 &&
            seconds < MOST_SECONDS)
            return seconds * NS_PER_SEC;
    }
    return 0;
}

/* How long a /wait asks to be held. */
static int64_t held_ns(const struct journal_entry *entry)
{
    struct text rest = entry->query;
    struct error malformed = { 0 };
    int64_t ns = DEFAULT_WAIT_NS;

    while (rest.data != NULL) {
        struct text value = text_split(&rest, '&');
        if (text_equal_cstr(text_split(&value, '='), "timeout"))
            (void)!go_duration_parse(value, &ns, &malformed);
    }
    return ns;
}

static void judge_wait(const struct court *court, const struct journal_entry *entry)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);
    const int64_t patience_ns = own_timeout_ns(entry);

    if (patience_ns == 0 ||
        !text_equal(text_of(journal_operation(entry)), TEXT("waitForInstanceState")) ||
        held_ns(entry) < patience_ns)
        return;
    append_id(why, court, entry);
    buffer_append_cstr(why, " asks to be held for up to ");
    append_time(why, held_ns(entry));
    buffer_append_cstr(why, " and gives up by itself after ");
    append_time(why, patience_ns);
    pronounce(court, "wait-beyond-timeout", VERDICT_FAULT, entry, NULL, why);
}

static void judge_leaving(const struct court *court, const struct journal_entry *entry)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);
    const int64_t took_ns = entry->ended_ns - entry->began_ns;
    const int64_t patience_ns = own_timeout_ns(entry);

    if (entry->outcome != JOURNAL_LEFT || entry->is_stream)
        return;
    buffer_append_cstr(why, "the client of ");
    append_id(why, court, entry);
    buffer_append_cstr(why, " left after ");
    append_time(why, took_ns);
    buffer_append_cstr(why, " without its answer");
    if (patience_ns > 0 && took_ns + TOLERANCE_NS >= patience_ns)
        buffer_append_cstr(why, ", when its own timeout was over");
    pronounce(court, "client-left", VERDICT_WARNING, entry, NULL, why);
}

static void judge_stream(const struct court *court, const struct journal_entry *entry)
{
    struct sentence sentence;
    struct buffer *why = begin(&sentence);

    if (!entry->is_stream || entry->ended_ns != 0)
        return;
    append_id(why, court, entry);
    buffer_append_cstr(why, " is a stream that is still open after ");
    append_time(why, court->now_ns - entry->began_ns);
    buffer_append_cstr(why, "; who has done with one closes it");
    pronounce(court, "stream-left-open", VERDICT_WARNING, entry, NULL, why);
}

bool verdicts_judge(struct served_world *world, int64_t ticks_ns, struct arena *arena,
                    void (*say)(void *ctx, const struct verdict *verdict), void *ctx)
{
    const size_t count = world->journal.count;
    struct court court = {
        .world = world,
        .journal = &world->journal,
        .now_ns = ticks_ns,
        .before = arena_alloc(arena, (count + 1) * sizeof *court.before),
        .again = arena_alloc(arena, count + 1),
        .say = say,
        .ctx = ctx,
    };

    if (court.before == NULL || court.again == NULL)
        return false;
    link_tries(&court);
    for (size_t i = 0; i < count; i++) {
        const struct journal_entry *entry = entry_at(&court, i);
        const struct journal_entry *first = entry_at(&court, court.before[i]);
        if (first != entry) {
            judge_retry_after(&court, first, entry);
            judge_safety(&court, first, entry);
            judge_futility(&court, first, entry);
        }
        judge_tries(&court, i);
        judge_wait(&court, entry);
        judge_leaving(&court, entry);
        judge_stream(&court, entry);
    }
    return true;
}

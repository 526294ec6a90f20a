#include "mock/control/symptom.h"

#include <string.h>

#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/json_writer.h"

const char *const symptom_names[] = {
    [SYMPTOM_STATUS] = "status",
    [SYMPTOM_DELAY] = "delay",
    [SYMPTOM_RESET] = "reset",
    [SYMPTOM_EMPTY] = "empty",
    [SYMPTOM_HANG] = "hang",
    [SYMPTOM_TRUNCATE] = "truncate",
    [SYMPTOM_MALFORMED_CHUNK] = "malformed-chunk",
    [SYMPTOM_INVALID_JSON] = "invalid-json",
    [SYMPTOM_DRIP] = "drip",
    [SYMPTOM_CUT_EVENT] = "cut-event",
    [SYMPTOM_STALL] = "stall",
    [SYMPTOM_MALFORMED_EVENT] = "malformed-event",
    [SYMPTOM_KIND_COUNT] = NULL,
};

/* --- answers that come in pieces ------------------------------------------------------------- */

/* The answer as it was made, on its way into the answer as it is sent. */
struct spoilt {
    struct response *res;
    const struct world *world;
    enum symptom_kind kind;
    struct response_stream source;
    struct buffer held; /* of the source; passed on up to `at` */
    size_t at;
    uint64_t left; /* bytes or events that pass unharmed        */
    bool over;     /* it has happened, and nothing passes       */
    /* of a drip */
    uint64_t rate;    /* bytes per second                       */
    int64_t began_ns; /* the moment of the first byte           */
    uint64_t passed;  /* bytes                                  */
};

static bool is_drained(const struct spoilt *s)
{
    return s->at == s->held.len;
}

/* Has something held, unless the source is at its end or waits. False: the source is broken. */
static bool refill(struct spoilt *s)
{
    if (!is_drained(s) || s->source.ended)
        return true;
    buffer_clear(&s->held);
    s->at = 0;
    return s->source.next(s->source.ctx, &s->held, &s->source.ended) && !s->held.failed;
}

static void pass(struct spoilt *s, size_t len, struct buffer *out)
{
    buffer_append(out, s->held.data + s->at, len);
    s->at += len;
    s->passed += len;
}

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static void next_cut(struct spoilt *s, struct buffer *out)
{
    const size_t len = smaller(s->left, s->held.len - s->at);

    pass(s, len, out);
    s->left -= len;
    s->over = s->left == 0 && !(is_drained(s) && s->source.ended);
}

/* The n-th byte, from 0, is due so long after the first. */
static int64_t due_after_ns(uint64_t n, uint64_t rate)
{
    return (int64_t)(n / rate * NS_PER_SEC + (n % rate * NS_PER_SEC + rate - 1) / rate);
}

static uint64_t due_until(int64_t elapsed_ns, uint64_t rate)
{
    const uint64_t ns = elapsed_ns < 0 ? 0 : (uint64_t)elapsed_ns;

    return ns / NS_PER_SEC * rate + ns % NS_PER_SEC * rate / NS_PER_SEC + 1;
}

/* In pieces of a twentieth of a second, or of a byte. */
static void next_drip(struct spoilt *s, struct buffer *out)
{
    enum { PIECES_PER_SECOND = 20 };
    const int64_t now_ns = world_now_ns(s->world);
    const uint64_t piece = s->rate / PIECES_PER_SECOND;

    if (is_drained(s)) { /* what is to be slow is not there yet; the pace begins anew with it */
        s->res->stream.paced = false;
        s->passed = 0;
        return;
    }
    if (s->passed == 0)
        s->began_ns = now_ns;
    const uint64_t due = due_until(now_ns - s->began_ns, s->rate);
    if (due > s->passed)
        pass(s, smaller(due - s->passed, s->held.len - s->at), out);
    s->res->stream.paced = true;
    s->res->wake_at_ns =
        i64_add_capped(s->began_ns, due_after_ns(s->passed + (piece > 0 ? piece - 1 : 0), s->rate));
}

/* With the empty line that ends it. */
static size_t event_len(struct text rest)
{
    const char *end = memmem(rest.data, rest.len, "\n\n", 2);

    return end == NULL ? rest.len : (size_t)(end - rest.data) + 2;
}

static void next_events(struct spoilt *s, struct buffer *out)
{
    while (!is_drained(s) && !s->over) {
        const size_t len = event_len((struct text){ s->held.data + s->at, s->held.len - s->at });
        if (s->left-- > 0) {
            pass(s, len, out);
        } else if (s->kind == SYMPTOM_MALFORMED_EVENT) {
            s->held.data[s->at + len / 2] = (char)0xff;
            pass(s, len - 1, out); /* without its empty line */
            s->at++;
            s->left = UINT64_MAX;
        } else {
            if (s->kind == SYMPTOM_CUT_EVENT)
                pass(s, len / 2, out);
            s->over = true;
        }
    }
}

static void (*const next_pieces[SYMPTOM_KIND_COUNT])(struct spoilt *s, struct buffer *out) = {
    [SYMPTOM_RESET] = next_cut,
    [SYMPTOM_TRUNCATE] = next_cut,
    [SYMPTOM_MALFORMED_CHUNK] = next_cut,
    [SYMPTOM_DRIP] = next_drip,
    [SYMPTOM_CUT_EVENT] = next_events,
    [SYMPTOM_STALL] = next_events,
    [SYMPTOM_MALFORMED_EVENT] = next_events,
};

/* struct response_stream. When it has happened the stream breaks, or is silent. */
static bool next_spoilt(void *ctx, struct buffer *out, bool *done)
{
    struct spoilt *s = ctx;

    if (s->over)
        return s->kind == SYMPTOM_STALL;
    if (!refill(s))
        return false;
    next_pieces[s->kind](s, out);
    *done = is_drained(s) && s->source.ended && !s->over;
    if (s->over)
        s->res->wake_at_ns = INT64_MAX;
    /* Broken before anything of it has come: there is no piece to break after. */
    return !out->failed && (!s->over || out->len > 0 || s->kind == SYMPTOM_STALL);
}

static void close_spoilt(void *ctx)
{
    struct spoilt *s = ctx;

    if (s->source.next != NULL)
        s->source.close(s->source.ctx);
    buffer_fini(&s->held);
}

/* Puts itself between the answer as it is now and whoever sends it. */
static bool interpose(const struct symptom *symptom, const struct world *world,
                      struct response *res, struct error *err)
{
    struct spoilt *s = arena_zalloc(res->arena, sizeof *s);

    if (s == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    const bool ended = res->stream.next == NULL || res->stream.ended;
    *s = (struct spoilt){
        .res = res,
        .world = world,
        .kind = symptom->kind,
        .source = res->stream,
        .held = buffer_take(&res->body),
        .rate = (uint64_t)symptom->bytes_per_second,
    };
    s->source.ended = ended;
    s->left = symptom->kind >= SYMPTOM_CUT_EVENT ? (uint64_t)symptom->after_events
              : symptom->after_bytes >= 0        ? (uint64_t)symptom->after_bytes
                                                 : (s->held.len + 1) / 2;
    /* A body that was there whole has its length told, unless there are to be chunks. */
    res->spoil.sized = res->stream.next == NULL && symptom->kind != SYMPTOM_MALFORMED_CHUNK;
    res->spoil.size = s->held.len;
    res->stream = (struct response_stream){ .next = next_spoilt, .close = close_spoilt, .ctx = s };
    return true;
}

/* --- answers that do not come ---------------------------------------------------------------- */

static bool next_nothing(void *ctx, struct buffer *out, bool *done)
{
    (void)ctx;
    (void)out;
    (void)done;
    return true;
}

static void close_nothing(void *ctx)
{
    (void)ctx;
}

void symptom_lose(struct response *res)
{
    const int status = res->status; /* for the log */

    response_empty(res, status);
    res->spoil.lost = true;
}

/* --- answers of another kind ----------------------------------------------------------------- */

static bool begin_twice(struct buffer *body, struct error *err)
{
    const char first = body->data[0];

    return buffer_insert(body, 0, &first, 1) || buffer_error(body, err);
}

static bool may_have_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static bool replace(const struct symptom *symptom, struct response *res, struct error *err)
{
    response_empty(res, symptom->status);
    res->trace.code = res->trace.message = NULL;
    if (symptom->body.data == NULL && may_have_body(symptom->status))
        response_error(res, symptom->status, http_reason(symptom->status),
                       "a fault of the mock, which was asked for", false);
    else
        buffer_append_text(&res->body, symptom->body);
    if (symptom->content_type != NULL)
        res->content_type = arena_copy(res->arena, text_of(symptom->content_type));
    /* The rule may be gone before the answer is sent. */
    for (size_t i = 0; i < symptom->header_count; i++) {
        const char *name = arena_copy(res->arena, symptom->headers[i].name);
        const char *value = arena_copy(res->arena, symptom->headers[i].value);
        if (name == NULL || value == NULL)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        response_add_header(res, name, value);
    }
    return true;
}

bool symptom_needs_answer(const struct symptom *symptom)
{
    switch (symptom->kind) {
    case SYMPTOM_STATUS:
    case SYMPTOM_EMPTY:
    case SYMPTOM_HANG:
        return false;
    case SYMPTOM_RESET:
        return symptom->after_bytes >= 0;
    default:
        return true;
    }
}

static bool is_of_type(const struct response *res, const char *type)
{
    return res->content_type != NULL && strcmp(res->content_type, type) == 0;
}

bool symptom_fits(const struct symptom *symptom, const struct response *res)
{
    if (symptom->kind == SYMPTOM_DELAY || !symptom_needs_answer(symptom))
        return true;
    if (symptom->kind >= SYMPTOM_CUT_EVENT)
        return is_of_type(res, "text/event-stream");
    if (symptom->kind == SYMPTOM_INVALID_JSON && !is_of_type(res, "application/json"))
        return false;
    return res->body.len > 0 || res->stream.next != NULL;
}

bool symptom_apply(const struct symptom *symptom, const struct world *world, struct response *res,
                   struct error *err)
{
    switch (symptom->kind) {
    case SYMPTOM_STATUS:
        return replace(symptom, res, err);
    case SYMPTOM_DELAY:
        return true;
    case SYMPTOM_INVALID_JSON:
        return res->spoil.lost || begin_twice(&res->body, err);
    case SYMPTOM_HANG:
        symptom_lose(res);
        res->stream = (struct response_stream){ .next = next_nothing, .close = close_nothing };
        return true;
    case SYMPTOM_EMPTY:
        symptom_lose(res);
        return true;
    case SYMPTOM_RESET:
        if (!symptom_needs_answer(symptom))
            symptom_lose(res);
        res->spoil.reset = true;
        break;
    case SYMPTOM_MALFORMED_CHUNK:
        res->spoil.garbage = "not-a-length\r\n{\r\n";
        break;
    default:
        break;
    }
    return res->spoil.lost || interpose(symptom, world, res, err);
}
